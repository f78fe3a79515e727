/** The commands that `next` tells a person to run. */

import { programName } from '../disk/programName.ts'
import { isLocal } from './loopback.ts'

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
}

/**
 * The commands for a peer at `url` whose other peer is at `peerUrl`. That and `hasSession` are asked anew for each command.
 */
export function commandsOf(self: { url: string; peerUrl: string; hasSession?: boolean }): Commands {
  const { url } = self
  const own = (path: string) => `curl ${url}${path}`
  const others = (path: string) =>
    `curl http://127.0.0.1:${new URL(self.peerUrl).port || 80}${path}`
  const peer = (path: string) =>
    `${others(path)}${isLocal(self.peerUrl) ? '' : '   # on the other machine'}`
  const both = (path: string) =>
    `${own(path)} ${isLocal(self.peerUrl) ? '&&' : '  # and on the other machine:'} ${others(path)}`
  const inSession = (path: string) => (self.hasSession === false ? both('/send_keys') : peer(path))
  // a text among the arguments could be seen by everyone on the machine
  const mail = `echo 'your text' | ${programName()} send --to ${url} -`
  return {
    own,
    peer,
    both,
    inSession,
    get peerUrl() {
      return self.peerUrl
    },
    mail,
  }
}
