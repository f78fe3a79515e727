/** Two peers without a socket: each one's wire is a call of the other, with JSON between them. */

import type { PeerEvent, PictureStore, Wire } from '../../src/contract.ts'
import { Peer } from '../../src/peer.ts'
import { concatBytes } from '../../src/protocol/bytes.ts'
import { type Curve, KeyPair } from '../../src/protocol/curves.ts'
import { type KeyForm, type MessageForm, parseAnswer } from '../../src/protocol/messages.ts'
import { nobleAead } from '../../src/protocol/stream.ts'
import { PicturesInMemory, piecesOf, pngOf, sourceOf } from './pictures.ts'

/** The longest picture that either of them takes. */
export const MAX_IMAGE = 1024 * 1024

export interface WiredPeer {
  readonly peer: Peer
  readonly identity: KeyPair
  readonly events: PeerEvent[]
  readonly remembered: Uint8Array[]
  /** What it put on the wire, oldest first. */
  readonly keysSent: KeyForm[]
  readonly messagesSent: MessageForm[]
  readonly pictures: PictureStore
}

export interface PairOptions {
  curve: Curve
  /** Stands in the way of each request; what it throws is what the sender gets. */
  intercept?: (kind: 'keys' | 'message' | 'image') => void
  showsSecrets?: boolean
  /** What arrives of a picture's stream instead of it. */
  tamper?: (stream: Uint8Array) => Uint8Array
  /** Where received pictures go, instead of into memory. */
  openPictures?: (port: number) => PictureStore
}

export function pair({
  curve,
  intercept,
  showsSecrets = true,
  tamper,
  openPictures,
}: PairOptions): [WiredPeer, WiredPeer] {
  const make = (port: number, other: () => Peer): WiredPeer => {
    const identity = new KeyPair(curve)
    const events: PeerEvent[] = []
    const remembered: Uint8Array[] = []
    const keysSent: KeyForm[] = []
    const messagesSent: MessageForm[] = []
    const pictures = openPictures?.(port) ?? new PicturesInMemory()
    const wire: Wire = {
      url: `http://127.0.0.1:${port === 5000 ? 5001 : 5000}`,
      keys: async (form) => {
        keysSent.push(form)
        intercept?.('keys')
        return parseAnswer(copy(other().receiveKeys(copy(form))))
      },
      message: async (form) => {
        messagesSent.push(form)
        intercept?.('message')
        return other().receiveMessage(copy(form))
      },
      image: async ({ content }) => {
        intercept?.('image')
        return other().receivePicture(tamper === undefined ? content : tampered(content, tamper))
      },
    }
    const peer = new Peer({
      port,
      wire,
      memory: {
        identity,
        knownIdentity: null,
        remember: (known) => remembered.push(known),
        place: 'kept nowhere',
        toForget: 'start again.',
        pictures,
      },
      // the bytes of a secret are erased once they were reported
      report: (event) =>
        events.push('SECRET' in event ? { ...event, SECRET: event.SECRET.slice() } : event),
      showsSecrets,
      ownPicture: async () => sourceOf('image/png', pngOf(100_000)),
      maxImage: MAX_IMAGE,
      aead: nobleAead,
    })
    return { peer, identity, events, remembered, keysSent, messagesSent, pictures }
  }
  const a: WiredPeer = make(5000, () => b.peer)
  const b: WiredPeer = make(5001, () => a.peer)
  return [a, b]
}

/** What is left of a value after it went over the wire. */
export function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

/** The whole stream, changed, in pieces. */
async function* tampered(
  content: AsyncIterable<Uint8Array>,
  tamper: (stream: Uint8Array) => Uint8Array,
): AsyncGenerator<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of content) pieces.push(piece)
  yield* piecesOf(tamper(concatBytes(...pieces)), 50_000)
}
