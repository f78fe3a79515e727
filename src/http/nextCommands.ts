/** The commands that `next` tells a person to run. */

import { programName } from '../disk/programName.ts'
import { curlName, inQuotes, shellWord } from '../disk/shell.ts'
import { basePathOf } from './baseUrl.ts'
import { isLocal } from './loopback.ts'
import { remembering } from './remembering.ts'

/** Commands for both peers, as `next` gives them. */
export interface Commands {
  /** A step of this peer: `/show`. */
  own(path: string): string
  /** A step of the other peer, which its owner runs on the machine it is on. */
  peer(path: string): string
  /** A step of both. */
  both(path: string): string
  /** A step of the other peer that needs a session; while there is none, what makes one. */
  inSession(path: string): string
  /** Where the other peer is. */
  readonly peerUrl: string
  /** Seals a text and sends it to this peer's mailbox. */
  readonly mail: string
  /** A word behind these, and one that is always in quotes, since another text in its place may need them. */
  word(text: string): string
  inQuotes(text: string): string
  readonly quote: "'" | '"'
}

/**
 * The commands for a peer at `url` whose other peer is at `peerUrl`, which may change; that and `hasSession` are asked anew for
 * each command. On Windows cmd and PowerShell take them: `&&` and `#` mean nothing to one of the two, so there one curl has two URLs, and what is to
 * be said of a URL is its fragment, which curl leaves out.
 */
export function commandsOf(
  self: { url: string; peerUrl: string; hasSession?: boolean },
  platform = process.platform,
): Commands {
  const { url } = self
  const isPosix = platform !== 'win32'
  const curl = curlName(platform)
  const own = (path: string) => `${curl} ${url}${path}`
  const isHere = remembering(isLocal)
  const onLoopback = remembering(
    (url) => `http://127.0.0.1:${new URL(url).port || '80'}${basePathOf(url)}`,
  )
  const othersUrl = (path: string) => onLoopback(self.peerUrl) + path
  const others = (path: string) => `${curl} ${othersUrl(path)}`
  const peer = (path: string) => {
    if (isHere(self.peerUrl)) return others(path)
    return others(path) + (isPosix ? '   # on the other machine' : '#on-the-other-machine')
  }
  const both = (path: string) => {
    if (isHere(self.peerUrl))
      return `${own(path)} ${isPosix ? `&& ${others(path)}` : othersUrl(path)}`
    return own(path) + (isPosix ? `   # and on the other machine: ${others(path)}` : '#on-both')
  }
  const inSession = (path: string) => (self.hasSession === false ? both('/send_keys') : peer(path))
  // a text among the arguments could be seen by everyone on the machine
  const mail = `echo ${inQuotes('your text', platform)} | ${programName()} send --to ${url} -`
  return {
    ...{ own, peer, both, inSession, mail },
    get peerUrl() {
      return self.peerUrl
    },
    word: (text) => shellWord(text, platform),
    inQuotes: (text) => inQuotes(text, platform),
    quote: isPosix ? "'" : '"',
  }
}
