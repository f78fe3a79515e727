/** What a student's peer computes in one agreement under its choices: all values on the way, and what it seals and opens. */

import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, equalBytes, u64, utf8ToBytes } from '../../../protocol/bytes.ts'
import type { Party } from '../../../protocol/keySchedule.ts'
import { AEAD_TAG_BYTES, type Confirm } from '../../../protocol/messages.ts'
import { CHUNK_BYTES, HEADER_BYTES, MAGIC } from '../../../protocol/stream.ts'
import { openUnder, sealUnder } from './aead.ts'
import { type ChainChoices, keyAt, type Place } from './chains.ts'
import { type Choices, type Followed, RIGHT } from './choices.ts'
import { withLength } from './lengths.ts'
import type { Material, Side } from './material.ts'
import { safetyNumberOf } from './safety.ts'
import { type Memo, Schedule } from './schedule.ts'

/** A picture that opened. */
export interface OpenedPicture {
  /** Of each chunk in its turn; the length of its plaintext. */
  readonly chunks: readonly number[]
  /** All of it: metadata with what stands around them, then the picture. */
  readonly plaintext: Uint8Array
}

/** Names and values, to compare line by line. */
type Values<Value> = readonly (readonly [name: string, value: Value])[]

/**
 * The student's side of an agreement. "student" as a side is what its peer sends, "examiner" what it takes. `others` is how many
 * texts (or pictures) of the other direction the student's peer has sealed or opened in this session before; it counts only for
 * peers that share a chain between the directions.
 */
export class Computed {
  readonly material: Material
  readonly choices: Followed
  readonly #schedule: Schedule
  readonly #memo: Memo
  /** For what the student's peer takes, where it does that in another way. */
  readonly #taking: Computed | null

  constructor(material: Material, choices: Followed, memo: Memo = new Map()) {
    this.material = material
    this.choices = choices
    this.#memo = memo
    this.#taking = choices.opens ? new Computed(material, choices.opens, memo) : null
    this.#schedule = new Schedule(material, choices, memo)
  }

  /** T, 32 bytes where it is right. */
  get transcript(): Uint8Array {
    return this.#schedule.transcript
  }

  /** 16 bytes where it is right. */
  get sessionId(): Uint8Array {
    return this.#schedule.sessionId
  }

  /** What the student's peer takes itself for. */
  get party(): Party {
    return this.#schedule.party
  }

  /** The 32 bytes that the student's peer sends as its tag, or expects as the examiner's. */
  tag(of: Side): Uint8Array {
    return this.#for(of).#schedule.tag(of)
  }

  /** The confirmation that the examiner sends so that the student's peer takes it. */
  get confirm(): Confirm {
    const { kem } = this.material
    return {
      session: this.sessionId,
      tag: this.tag('examiner'),
      ...(kem?.madeBy === 'examiner' && { ciphertext: kem.ciphertext }),
    }
  }

  /** Twelve groups. */
  get safetyNumber(): string {
    const { suite, student, examiner } = this.material
    return safetyNumberOf(suite, student.identity, examiner.identity.publicKey, this.choices)
  }

  /** What anybody on the wire can compute: s1, s2, T and the session id. */
  get publicValues(): Values<string> {
    const { s1, s2 } = this.#schedule.shares
    return [
      ['s1', bytesToHex(s1)],
      ['s2', bytesToHex(s2)],
      ['T', bytesToHex(this.transcript)],
      ['session id', bytesToHex(this.sessionId)],
    ]
  }

  /** For the terminal alone: the DHs, the KEM's secret, ikm, the pseudorandom key and each K. All were made for one agreement. */
  get secretValues(): Values<Uint8Array> {
    const schedule = this.#schedule
    const kem = this.material.kem
    const party = this.party
    const labels = ['chain 1>2', 'chain 2>1', 'files 1>2', 'files 2>1', 'confirm 1', 'confirm 2']
    return [
      ...(kem === null ? [] : [["the KEM's shared secret", kem.secret] as const]),
      ...schedule.dhs(),
      ['ikm', schedule.ikm],
      ['pseudorandom key', schedule.prk],
      ...labels.map((label) => [`K("${label}", 32)`, schedule.key(label)] as const),
      [`tag of party ${party} (yours)`, this.tag('student')],
      [`tag of party ${3 - party}`, this.tag('examiner')],
    ]
  }

  /** The ciphertext of the text with `seq`. */
  sealMessage(from: Side, seq: number, text: Uint8Array, others = 0): Uint8Array {
    const { nonce, seal } = this.#for(from).choices
    const place = { from, number: seq, others }
    const key = this.messageKey(from, seq, others)
    const associatedData = this.#associatedData(place)
    if (nonce !== 'nonce-random-first')
      return sealUnder(seal, key, messageNonce(nonce, seq), text, associatedData)
    // any 12 bytes do for a key that seals once
    const random = sha256(concatBytes(key, text)).slice(0, 12)
    return concatBytes(random, sealUnder(seal, key, random, text, associatedData))
  }

  /** The text, or null if it does not open. */
  openMessage(from: Side, seq: number, ciphertext: Uint8Array, others = 0): Uint8Array | null {
    const { nonce, seal } = this.#for(from).choices
    const place = { from, number: seq, others }
    const isFirst = nonce === 'nonce-random-first'
    if (isFirst && ciphertext.length < 12 + AEAD_TAG_BYTES) return null
    return openUnder(
      seal,
      this.messageKey(from, seq, others),
      isFirst ? ciphertext.subarray(0, 12) : messageNonce(nonce, seq),
      isFirst ? ciphertext.subarray(12) : ciphertext,
      this.#associatedData(place),
    )
  }

  /** key_seq of the chain, 32 bytes. */
  messageKey(from: Side, seq: number, others = 0): Uint8Array {
    const { choices } = this.#for(from)
    return keyAt(
      this.#for(from).#schedule,
      'chain',
      choices,
      { from, number: seq, others },
      this.#memo,
    )
  }

  /** The key of picture `number`, 32 bytes. */
  pictureKey(from: Side, number: number, others = 0): Uint8Array {
    const place = { from, number, others }
    const { choices } = this.#for(from)
    return keyAt(this.#for(from).#schedule, 'files', fileChoices(choices), place, this.#memo)
  }

  /** "DUET2" ‖ session id ‖ u64 number. */
  pictureHead(number: number): Uint8Array {
    return concatBytes(MAGIC, this.sessionId, u64(number))
  }

  /** What is sealed: `metadata`, any bytes, with what stands around them, then `picture`. */
  picturePlaintext(metadata: Uint8Array, picture: Uint8Array, from: Side = 'examiner'): Uint8Array {
    return concatBytes(metadataPrefix(this.#for(from).choices.metadata, metadata), picture)
  }

  /** The plaintext cut into chunks, of 65,536 bytes where it is right. */
  cut(plaintext: Uint8Array, from: Side = 'examiner'): Uint8Array[] {
    const { chunk, empty } = this.#for(from).choices
    const size = Math.min(chunkSize(chunk), Math.max(plaintext.length, 1))
    const count = Math.max(1, Math.ceil(plaintext.length / size))
    const chunks = Array.from({ length: count }, (_, i) =>
      plaintext.subarray(i * size, (i + 1) * size),
    )
    const isFull = plaintext.length % chunkSize(chunk) === 0
    if (empty !== 'right' && isFull) chunks.push(new Uint8Array(0))
    return chunks
  }

  /** Chunk `index` of a picture under `key`, sealed. */
  sealChunk(
    key: Uint8Array,
    index: number,
    isLast: boolean,
    plaintext: Uint8Array,
    from: Side = 'examiner',
  ): Uint8Array {
    const { choices } = this.#for(from)
    return sealUnder(choices.fileSeal, key, chunkNonce(choices, index, isLast), plaintext)
  }

  /** Chunk `index` of a picture of the student's under `key`, or null if it does not open. */
  openChunk(
    key: Uint8Array,
    index: number,
    isLast: boolean,
    sealed: Uint8Array,
  ): Uint8Array | null {
    return openUnder(this.choices.fileSeal, key, chunkNonce(this.choices, index, isLast), sealed)
  }

  /** The whole body: head and chunks. */
  sealPicture(
    from: Side,
    number: number,
    metadata: Uint8Array,
    picture: Uint8Array,
    others = 0,
  ): Uint8Array {
    const key = this.pictureKey(from, number, others)
    const chunks = this.cut(this.picturePlaintext(metadata, picture, from), from)
    return concatBytes(
      this.pictureHead(number),
      ...chunks.map((chunk, i) => this.sealChunk(key, i, i === chunks.length - 1, chunk, from)),
    )
  }

  /** Opens what stands behind the head of `body`; null if a chunk does not open. */
  openPicture(from: Side, number: number, body: Uint8Array, others = 0): OpenedPicture | null {
    const key = this.pictureKey(from, number, others)
    const sealed = body.subarray(HEADER_BYTES)
    const { choices } = this.#for(from)
    const { fileSeal, chunk, empty } = choices
    const tag = fileSeal === 'seal-no-tag' ? 0 : AEAD_TAG_BYTES
    const size = Math.min(chunkSize(chunk) + tag, Math.max(sealed.length, 1))
    const opened: Uint8Array[] = []
    for (let at = 0; at < sealed.length || at === 0; at += size) {
      const isLast = at + size >= sealed.length
      const nonce = chunkNonce(choices, opened.length, isLast)
      const plaintext = openUnder(fileSeal, key, nonce, sealed.subarray(at, at + size))
      if (plaintext === null) return null
      opened.push(plaintext)
    }
    const last = opened.at(-1)?.length
    // A full chunk is the last one itself, except for those who add an empty one.
    if (last === 0 && opened.length > 1 !== (empty !== 'right')) return null
    if (last === chunkSize(chunk) && empty !== 'right') return null
    return { chunks: opened.map(({ length }) => length), plaintext: concatBytes(...opened) }
  }

  /** The bytes of the metadata in a plaintext that ends with a picture of `bytes`; null if what is around them is not as chosen. */
  metadataIn(plaintext: Uint8Array, bytes: number): Uint8Array | null {
    const prefix = plaintext.subarray(0, Math.max(0, plaintext.length - bytes))
    const { metadata } = this.choices
    const [before, after] =
      metadata === 'meta-line' ? [0, 1] : [metadataPrefix(metadata, new Uint8Array(0)).length, 0]
    const found = prefix.slice(before, Math.max(before, prefix.length - after))
    return equalBytes(metadataPrefix(metadata, found), prefix) ? found : null
  }

  #for(from: Side): Computed {
    return from === 'examiner' ? (this.#taking ?? this) : this
  }

  #associatedData({ from, number }: Place): Uint8Array | undefined {
    const { associatedData: choice } = this.#for(from).choices
    if (choice === 'ad-none') return undefined
    const party = this.#for(from).#schedule.partyOf(from)
    const nothing = new Uint8Array(0)
    const seq = u64(number)
    const parties: Partial<Record<typeof choice, Uint8Array>> = {
      'ad-no-party': nothing,
      'ad-receiver': Uint8Array.of(3 - party),
      'ad-party-digit': utf8ToBytes(`${party}`),
      'ad-party-from-0': Uint8Array.of(party - 1),
    }
    const sequences: Partial<Record<typeof choice, Uint8Array>> = {
      'ad-no-seq': nothing,
      'ad-seq-little-endian': seq.toReversed(),
      'ad-seq-u32': seq.subarray(4),
    }
    const session = this.sessionId
    return concatBytes(
      choice === 'ad-no-label' ? nothing : utf8ToBytes('duet/2 message'),
      choice === 'ad-no-session'
        ? nothing
        : choice === 'ad-id-hex'
          ? utf8ToBytes(bytesToHex(session))
          : session,
      parties[choice] ?? Uint8Array.of(party),
      sequences[choice] ?? seq,
    )
  }
}

/** What a student's peer with `choices` computes; the specification where none are given. */
export function compute(material: Material, choices: Followed = RIGHT, memo?: Memo): Computed {
  return new Computed(material, choices, memo)
}

function fileChoices(choices: Choices): ChainChoices {
  return {
    direction: choices.fileDirection,
    label: choices.fileLabel,
    source: choices.fileSource,
    constants: choices.fileConstants,
    step: choices.fileStep,
  }
}

function messageNonce(choice: Choices['nonce'], seq: number): Uint8Array {
  const nonce = new Uint8Array(12)
  const count = u64(choice === 'nonce-from-1' ? seq + 1 : seq)
  if (choice === 'nonce-zero') return nonce
  if (choice === 'nonce-u64-first') nonce.set(count)
  else if (choice === 'nonce-12-little') nonce.set(count.toReversed())
  else nonce.set(choice === 'nonce-little-endian' ? count.toReversed() : count, 4)
  return nonce
}

function chunkNonce({ last, counter }: Choices, index: number, isLast: boolean): Uint8Array {
  const count =
    counter === 'chunk-counter-never' ? 0 : counter === 'chunk-counter-from-1' ? index + 1 : index
  const number = new Uint8Array(11)
  number.set(u64(count), 3)
  if (counter === 'chunk-counter-little-endian') number.reverse()
  const isMarked = last === 'file-last-always' || (last !== 'file-no-last' && isLast)
  const mark = Uint8Array.of(isMarked ? 1 : 0)
  return last === 'file-last-first-byte' ? concatBytes(mark, number) : concatBytes(number, mark)
}

/** Bytes of plaintext in a chunk. */
function chunkSize(choice: Choices['chunk']): number {
  const sizes: Readonly<Record<Choices['chunk'], number>> = {
    right: CHUNK_BYTES,
    'chunk-65520': CHUNK_BYTES - AEAD_TAG_BYTES,
    'chunk-4096': 4096,
    'chunk-16384': 16384,
    'chunk-32768': 32768,
    'chunk-65535': 65535,
    'chunk-1000000': 1_000_000,
    'chunk-1048576': 2 ** 20,
    'chunk-whole': Number.POSITIVE_INFINITY,
  }
  return sizes[choice]
}

function metadataPrefix(choice: Choices['metadata'], metadata: Uint8Array): Uint8Array {
  if (choice === 'meta-line') return concatBytes(metadata, utf8ToBytes('\n'))
  const lengths = {
    right: 'right',
    'meta-no-length': 'lengths-none',
    'meta-u32': 'lengths-u32',
    'meta-u8': 'lengths-u8',
    'lengths-little-endian': 'lengths-little-endian',
  } as const
  return withLength(lengths[choice], metadata)
}
