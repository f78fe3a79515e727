/** Messages and pictures that are not what they were: changed, moved, repeated, cut, and numbered far ahead. */

import {
  bytesToHex,
  concatBytes,
  hexToBytes,
  randomBytes,
  u64,
  utf8ToBytes,
} from '../../../protocol/bytes.ts'
import { MAX_AHEAD, MAX_KEYS } from '../../../protocol/keyChain.ts'
import { AEAD_TAG_BYTES, encodeMessage, type SealedMessage } from '../../../protocol/messages.ts'
import { CHUNK_BYTES, HEADER_BYTES } from '../../../protocol/stream.ts'
import type { Passed } from '../tap.ts'
import type { Attack, Target, WireRequest } from './attack.ts'
import { flipBit } from './points.ts'

/** What can be made of a message that a peer has accepted; where there is none, of random bytes for its session. */
export function messageAttacks({ session, message }: Target): Attack[] {
  const send = (changed: SealedMessage): WireRequest => ({
    path: '/wire/message',
    body: JSON.stringify(encodeMessage(changed)),
  })
  if (message === null)
    return session === null ? [] : [...randomTexts(session, send), ...randomPictures(session)]
  const { seq, ciphertext } = message
  return [
    {
      sent: `message ${seq} once more`,
      gain: 'it is read twice: pay 10, pay 10',
      expected: 'replay',
      requests: [send(message)],
    },
    {
      sent: `message ${seq} as message ${seq + 1}; so too with a bit flipped`,
      gain: 'the next place in the conversation; a changed text',
      expected: 'decrypt_failed',
      requests: [
        send({ ...message, seq: seq + 1 }),
        send({ ...message, seq: seq + 1, ciphertext: flipBit(ciphertext, 0) }),
      ],
    },
    {
      sent: `message ${seq} as 1,025 beyond the next; as the last of all`,
      gain: 'a million hashes to find the key, for one short request',
      expected: 'too_far_ahead',
      requests: [seq + 1 + MAX_AHEAD + 1, MAX_KEYS - 1].map((seq) => send({ ...message, seq })),
    },
    {
      sent: `message ${seq} for another session`,
      gain: 'whatever the program takes as a default',
      expected: 'unknown_session',
      requests: [send({ ...message, session: flipBit(message.session, 0) })],
    },
    ...randomPictures(message.session),
  ]
}

/** Nobody says which number comes next. This one is not too far ahead of any of the first. */
const EARLY = MAX_AHEAD

function randomTexts(session: Uint8Array, send: (message: SealedMessage) => WireRequest): Attack[] {
  const text = { session, seq: EARLY, ciphertext: randomBytes(40) }
  return [
    {
      sent: 'a text of random bytes',
      gain: 'a text that nobody wrote',
      expected: 'decrypt_failed',
      requests: [send(text)],
    },
    {
      sent: 'the same as the last text of all',
      gain: 'a million hashes to find the key, for one short request',
      expected: 'too_far_ahead',
      requests: [send({ ...text, seq: MAX_KEYS - 1 })],
    },
    {
      sent: 'the same for another session',
      gain: 'whatever the program takes as a default',
      expected: 'unknown_session',
      requests: [send({ ...text, session: flipBit(session, 0) })],
    },
  ]
}

function randomPictures(session: Uint8Array): Attack[] {
  const randomPicture = (number: number) =>
    picture(concatBytes(utf8ToBytes('DUET2'), session, u64(number), randomBytes(1000)))
  return [
    {
      sent: 'a picture of random bytes',
      gain: "a file of her choice on the peer's disk",
      expected: 'decrypt_failed',
      requests: [randomPicture(EARLY)],
    },
    {
      sent: 'the same as the last picture of all',
      gain: 'a million hashes',
      expected: 'too_far_ahead',
      requests: [randomPicture(MAX_KEYS - 1)],
    },
  ]
}

/** What a tap kept of two peers: the first one's traffic to the second, none of it since `messages` delivered. */
export interface Recording {
  /** The key message that was replaced, and then those of the session: to the second, and back. */
  readonly replaced: Passed
  readonly keys: Passed
  readonly keysBack: Passed
  /** Sealed and kept back, seq 0 and 1. */
  readonly messages: readonly [Passed, Passed]
  /** Sealed and kept back, of at least three chunks. */
  readonly picture: Passed
}

/** Recorded traffic, changed or not, in an order in which each shows something. */
export function recordedAttacks(recording: Recording): Attack[] {
  const { replaced, keys, keysBack } = recording
  const [first, second] = recording.messages
  const form = JSON.parse(first.body.toString()) as { ciphertext: string }
  const change = (changes: object): WireRequest => ({
    path: first.path,
    body: JSON.stringify({ ...form, ...changes }),
  })
  const flipped = bytesToHex(flipBit(hexToBytes(form.ciphertext), 0))
  const whole = recording.picture.body
  const [header, one, two, ...rest] = partsOf(whole)
  const parts = (...parts: (Uint8Array | undefined)[]) =>
    picture(concatBytes(...parts.flatMap((part) => (part ? [part] : []))))
  return [
    {
      sent: 'a key message of this session again',
      gain: 'the same keys again, with chains that begin anew',
      expected: 'stale_keys',
      requests: [keys],
    },
    {
      sent: "the other side's key message again, with its confirmation",
      gain: 'the same',
      expected: 'stale_keys',
      requests: [keysBack],
      back: true,
    },
    {
      sent: 'a key message that was replaced before it was used',
      gain: 'an exchange with a private key that its owner has erased',
      expected: 'stale_keys',
      requests: [replaced],
    },
    {
      sent: 'message 0 with one bit flipped on its way',
      gain: 'a changed text: ChaCha20 alone flips just that bit of it',
      expected: 'decrypt_failed',
      requests: [change({ ciphertext: flipped })],
    },
    {
      sent: 'message 0 as message 1',
      gain: 'another order of what was said',
      expected: 'decrypt_failed',
      requests: [change({ seq: 1 })],
    },
    {
      sent: 'message 0 back to its sender',
      gain: 'a text that looks like an answer',
      expected: 'decrypt_failed',
      requests: [change({})],
      back: true,
    },
    {
      sent: 'message 1 as it was, before message 0',
      gain: 'nothing: it is genuine, and the receiver says that one is missing',
      expected: 'accepted',
      requests: [second],
    },
    {
      sent: 'message 0, late; message 1 once more',
      gain: 'another order; a text that is read twice',
      expected: 'replay',
      requests: [first, second],
    },
    {
      sent: 'the picture with two chunks swapped',
      gain: 'a picture that nobody drew',
      expected: 'decrypt_failed',
      requests: [parts(header, two, one, ...rest)],
    },
    {
      sent: 'the picture without its last chunk; with one chunk twice',
      gain: 'a part of it that passes for all of it; more than was sent',
      expected: 'decrypt_failed',
      requests: [
        parts(header, one, two, ...rest.slice(0, -1)),
        parts(header, one, one, two, ...rest),
      ],
    },
    {
      sent: 'the picture with one bit flipped',
      gain: 'a changed picture',
      expected: 'decrypt_failed',
      requests: [picture(flipBit(whole, HEADER_BYTES + CHUNK_BYTES))],
    },
    {
      sent: 'the picture with the next number',
      gain: 'another order of pictures',
      expected: 'decrypt_failed',
      requests: [picture(whole.with(HEADER_BYTES - 1, (whole[HEADER_BYTES - 1] ?? 0) + 1))],
    },
    {
      sent: 'the picture as it was',
      gain: 'nothing: it is genuine',
      expected: 'accepted',
      requests: [picture(whole)],
    },
    {
      sent: 'the picture once more',
      gain: 'an old picture in the place of a newer one',
      expected: 'replay',
      requests: [picture(whole)],
    },
  ]
}

function picture(stream: Uint8Array): WireRequest {
  return { path: '/wire/image', type: 'application/octet-stream', body: stream }
}

/** Header, then chunks. */
function partsOf(stream: Uint8Array): Uint8Array[] {
  const parts = [stream.subarray(0, HEADER_BYTES)]
  const sealedBytes = CHUNK_BYTES + AEAD_TAG_BYTES
  for (let at = HEADER_BYTES; at < stream.length; at += sealedBytes)
    parts.push(stream.subarray(at, at + sealedBytes))
  return parts
}
