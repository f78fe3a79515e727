/** The commands that `next` tells a person to run. */

import { programName } from '../disk/programName.ts'
import { isHere } from './loopback.ts'

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

/** The commands for a peer at `url` whose counterpart is at `peerUrl`. */
export function commandsOf(peer: { url: string; peerUrl: string; hasSession?: boolean }): Commands {
  const { port } = new URL(peer.peerUrl)
  const own = (path: string) => `curl ${peer.url}${path}`
  const others = (path: string) => `curl http://127.0.0.1:${port || 80}${path}`
  // a text among the arguments could be seen by everyone on the machine
  const mail = `echo 'your text' | ${programName()} send --to ${peer.url} -`
  const here = isHere(peer.peerUrl)
  const there = (path: string) => `${others(path)}${here ? '' : '   # on the other machine'}`
  const both = (path: string) =>
    `${own(path)} ${here ? '&&' : '  # and on the other machine:'} ${others(path)}`
  const inSession = (path: string) => (peer.hasSession === false ? both('/send_keys') : there(path))
  return { own, mail, peer: there, both, inSession, peerUrl: peer.peerUrl }
}
