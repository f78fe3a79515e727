/** Two peers without a socket: each one's wire is a call of the other, with JSON between them. */

import { PeerError, type PeerEvent, type PictureStore, type Wire } from '../../src/peer/contract.ts'
import { Peer } from '../../src/peer/peer.ts'
import { concatBytes } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { DuetError } from '../../src/protocol/errors.ts'
import { type KeyForm, type MessageForm, parseAnswer } from '../../src/protocol/messages.ts'
import { nobleAead } from '../../src/protocol/stream.ts'
import type { Suite } from '../../src/protocol/suites.ts'
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
  /** What is lost of what it sends: the requests, their answers, or the connections for them. */
  loses: 'nothing' | 'requests' | 'answers' | 'connections'
  /** Ends its peer, and starts it again with what it keeps. */
  restart(): void
}

type Kind = 'keys' | 'message' | 'image'

export interface PairOptions {
  suite: Suite
  /** Stands in the way of each request from the peer on `port`; what it throws is what the sender gets. */
  intercept?: (kind: Kind, port: number) => void
  /** Waits before a key message arrives, and before its answer does. */
  delay?: (port: number) => Promise<void>
  showsSecrets?: boolean
  /** What arrives of a picture's stream instead of it. */
  tamper?: (stream: Uint8Array) => Uint8Array
  /** Where received pictures go, instead of into memory. */
  openPictures?: (port: number) => PictureStore
}

export function pair({
  suite,
  intercept,
  delay,
  showsSecrets = true,
  tamper,
  openPictures,
}: PairOptions): [WiredPeer, WiredPeer] {
  const make = (port: number, other: () => Peer): WiredPeer => {
    const identity = new KeyPair(suite.curve)
    const events: PeerEvent[] = []
    const remembered: Uint8Array[] = []
    const keysSent: KeyForm[] = []
    const messagesSent: MessageForm[] = []
    const pictures = openPictures?.(port) ?? new PicturesInMemory()
    /** Delivers a request, unless it is lost, and its answer. */
    const passed = async <T>(kind: Kind, deliver: () => T | Promise<T>): Promise<T> => {
      intercept?.(kind, port)
      if (self.loses === 'requests') throw noAnswer()
      if (self.loses === 'connections')
        throw new PeerError('peer_unreachable', 'Refused.', null, 'connection refused')
      const answer = await deliver()
      if (self.loses === 'answers') throw noAnswer()
      return answer
    }
    const wire: Wire = {
      url: `http://127.0.0.1:${port === 5000 ? 5001 : 5000}`,
      keys: (form) => {
        keysSent.push(form)
        return passed('keys', async () => {
          await delay?.(port)
          const answer = copy(refusing(() => other().receiveKeys(copy(form))))
          await delay?.(port)
          return parseAnswer(suite, answer)
        })
      },
      message: (form) => {
        messagesSent.push(form)
        return passed('message', () => refusing(() => other().receiveMessage(copy(form))))
      },
      image: ({ content }) =>
        passed('image', () =>
          other().receivePicture(tamper === undefined ? content : tampered(content, tamper)),
        ),
    }
    const start = () =>
      new Peer({
        port,
        suite,
        wire,
        memory: {
          identity,
          knownIdentity: remembered.at(-1) ?? null,
          remember: (known) => remembered.push(known),
          comparedNumber: null,
          keepCompared() {},
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
    let peer = start()
    const self: WiredPeer = {
      loses: 'nothing',
      get peer() {
        return peer
      },
      identity,
      events,
      remembered,
      keysSent,
      messagesSent,
      pictures,
      restart() {
        peer.close()
        peer = start()
      },
    }
    return self
  }
  const a: WiredPeer = make(5000, () => b.peer)
  const b: WiredPeer = make(5001, () => a.peer)
  return [a, b]
}

const noAnswer = () => new PeerError('peer_timeout', 'No answer.')

/** What the other peer refuses, as this side hears of it. */
function refusing<T>(take: () => T): T {
  try {
    return take()
  } catch (error) {
    if (!(error instanceof DuetError)) throw error
    throw new PeerError('peer_refused', error.message, error.code)
  }
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
  // a copy: a piece is good until the next one is asked for
  for await (const piece of content) pieces.push(piece.slice())
  yield* piecesOf(tamper(concatBytes(...pieces)), 50_000)
}
