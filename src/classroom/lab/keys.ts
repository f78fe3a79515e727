/**
 * What somebody computes who recorded the wire and has private keys: a session's keys, and what opens with
 * them. Written from the specification of duet/2, as she would write it.
 */

import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes, u64, utf8ToBytes } from '../../protocol/bytes.ts'
import { type Curve, KeyPair } from '../../protocol/curves.ts'
import { type Party, type Share, transcriptOf } from '../../protocol/keySchedule.ts'
import type { SealedMessage } from '../../protocol/messages.ts'
import { HEADER_BYTES, parseHeader, SEALED_CHUNK_BYTES } from '../../protocol/stream.ts'
import { halvesOf, type Suite } from '../../protocol/suites.ts'

/** A suite that copies each fresh private key on its curve into `copies`, in the order in which they are made. */
export interface LeakySuite {
  readonly suite: Suite
  readonly copies: readonly KeyPair[]
}

/** Makes such a suite of an ordinary one. Private keys of the KEM are not copied. */
export function leakySuite(suite: Suite): LeakySuite {
  const copies: KeyPair[] = []
  const curve: Curve = {
    ...suite.curve,
    generatePrivateKey() {
      const privateKey = suite.curve.generatePrivateKey()
      copies.push(new KeyPair(suite.curve, privateKey.slice()))
      return privateKey
    },
  }
  return { suite: { ...suite, curve }, copies }
}

/** One exchange and what was sealed after it, as it went over the wire. */
export interface RecordedSession {
  readonly suite: Suite
  readonly shares: readonly [Share, Share]
  /** The KEM's, on a suite that has one. */
  readonly ciphertext: Uint8Array | null
  /** Confirm tags that went by. */
  readonly tags: readonly Uint8Array[]
  readonly sealed: readonly Sealed[]
}

/** A message or a picture as it went over the wire. */
export interface Sealed {
  /** Its session's id, 16 bytes. */
  readonly session: Uint8Array
  readonly number: number
  /** The chain that its key comes from: in each direction, messages have one and pictures another. */
  readonly of: 'chain' | 'files'
  /** All of a message; of a picture the first chunk. */
  readonly ciphertext: Uint8Array
  /** Decrypts the ciphertext; null if `key` is not the one that sealed it. */
  open(key: Uint8Array, sender: Party): Uint8Array | null
}

/** A message as it went over the wire. */
export function sealedMessage(message: SealedMessage): Sealed {
  const { session, seq, ciphertext } = message
  return {
    session,
    number: seq,
    of: 'chain',
    ciphertext,
    open: (key, sender) => openMessage(key, sender, message),
  }
}

/** A picture; `stream`: as it went over the wire. */
export function sealedPicture(stream: Uint8Array): Sealed {
  const { session, number } = parseHeader(stream)
  const chunk = stream.slice(HEADER_BYTES, HEADER_BYTES + SEALED_CHUNK_BYTES)
  const isLast = HEADER_BYTES + chunk.length === stream.length
  const nonce = new Uint8Array(12).with(11, isLast ? 1 : 0)
  return {
    session,
    number,
    of: 'files',
    ciphertext: chunk,
    open: (key) => opened(() => chacha20poly1305(key, nonce).decrypt(chunk)),
  }
}

/** The shared secrets that the keys of a session come from, 32 bytes each; `kem` is null on a suite without a KEM. */
export interface Secrets {
  readonly kem: Uint8Array | null
  readonly ee: Uint8Array
  /** DH(id1, e2) and DH(e1, id2). */
  readonly se: Uint8Array
  readonly es: Uint8Array
}

export type Transcribed = Pick<RecordedSession, 'suite' | 'shares' | 'ciphertext'>

/** Section "Keys" of the specification: HKDF's pseudorandom key of a session, 32 bytes. */
export function pseudorandomKey(session: Transcribed, { kem, ee, se, es }: Secrets): Uint8Array {
  const [one, two] = session.shares
  const { hash } = transcriptOf(session.suite, one, two, session.ciphertext)
  return extract(sha256, concatBytes(kem ?? new Uint8Array(0), ee, se, es), hash)
}

/** chain_0 of the messages or pictures that party `from` seals. */
export function firstChain(
  prk: Uint8Array,
  from: Party,
  of: 'chain' | 'files' = 'chain',
): Uint8Array {
  return expand(sha256, prk, utf8ToBytes(`duet/2 ${of} ${from === 1 ? '1>2' : '2>1'}`), 32)
}

/** The key that a chain gives for its own number, and the chain of the next number, 32 bytes each. */
export function stepChain(chain: Uint8Array): { key: Uint8Array; next: Uint8Array } {
  return { key: hmac(sha256, chain, Uint8Array.of(1)), next: hmac(sha256, chain, Uint8Array.of(2)) }
}

/** key_n of a chain that begins with `chain`. */
export function keyOfNumber(chain: Uint8Array, n: number): Uint8Array {
  let at = stepChain(chain)
  for (let i = 0; i < n; i++) at = stepChain(at.next)
  return at.key
}

/** The text of a message under its own key, or null. */
export function openMessage(
  key: Uint8Array,
  sender: Party,
  { session, seq, ciphertext }: SealedMessage,
): Uint8Array | null {
  const number = u64(seq)
  const nonce = concatBytes(new Uint8Array(4), number)
  const associatedData = concatBytes(
    utf8ToBytes('duet/2 message'),
    session,
    Uint8Array.of(sender),
    number,
  )
  return opened(() => chacha20poly1305(key, nonce, associatedData).decrypt(ciphertext))
}

function opened(open: () => Uint8Array): Uint8Array | null {
  try {
    return open()
  } catch {
    return null
  }
}

/**
 * All secrets of a session on the curve, from those private keys among `known` that belong to it; null if
 * one of the three can't be computed. Each needs the private key of one side only. `kem`: the KEM's.
 */
export function secretsFrom(
  session: Transcribed,
  known: readonly KeyPair[],
  kem: Uint8Array | null = null,
): Secrets | null {
  const { ee, se, es } = diffieHellman(session, known)
  return ee && se && es && { kem, ee, se, es }
}

/** A session's three Diffie-Hellman secrets, 32 bytes each; null where `known` has neither private key. */
export function diffieHellman(
  { suite, shares, ciphertext }: Transcribed,
  known: readonly KeyPair[],
) {
  const [one, two] = shares
  const { party } = transcriptOf(suite, one, two, ciphertext)
  const [first, second] = party === 1 ? [one, two] : [two, one]
  const point = (share: Share) => halvesOf(suite, share.publicKey).point
  const between = (a: Uint8Array, b: Uint8Array): Uint8Array | null => {
    const pair = known.find(({ publicKey }) => equalBytes(publicKey, a) || equalBytes(publicKey, b))
    return pair?.sharedSecret(equalBytes(pair.publicKey, a) ? b : a) ?? null
  }
  return {
    ee: between(point(first), point(second)),
    se: between(first.identity, point(second)),
    es: between(point(first), second.identity),
  }
}
