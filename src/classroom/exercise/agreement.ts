/** An agreement of the examiner with the student's peer: the session as the student's peer has it, and what was sent on it. */

import { bytesToHex, equalBytes, utf8ToBytes } from '../../protocol/bytes.ts'
import { HEADER_BYTES } from '../../protocol/stream.ts'
import type { Choices } from './computation/choices.ts'
import { type Computed, compute } from './computation/computed.ts'
import type { Ledger } from './computation/ledger.ts'
import type { Material, Side } from './computation/material.ts'
import { fieldsOf, jsonOf } from './forms.ts'

/** A confirmation as bytes: 16, 32, and 1,088 where there is one. */
export interface Confirm {
  readonly session: Uint8Array
  readonly tag: Uint8Array
  readonly ciphertext: Uint8Array | null
}

/** A picture, and what its metadata say. */
export interface Picture {
  readonly type: string
  readonly name: string
  readonly content: Uint8Array
}

/** A picture of the student's that opened. `fields`: its metadata, whatever they are. */
export interface OpenedPicture {
  readonly number: number
  readonly fields: Record<string, unknown>
  /** The metadata as they came. */
  readonly metadata: Uint8Array
  readonly content: Uint8Array
  /** How much plaintext each chunk has. */
  readonly chunks: readonly number[]
}

export class Agreement {
  readonly material: Material
  /** The next number of the examiner's texts, and of its pictures. */
  nextText = 0
  nextPicture = 0
  /** How many texts, and pictures, the student's peer has sealed: what counts for those who share a chain. */
  textsOfStudent = 0
  picturesOfStudent = 0
  readonly #ledger: Ledger
  #computed: { choices: Choices; computed: Computed; takes: Computed } | null = null

  constructor(ledger: Ledger, material: Material) {
    this.#ledger = ledger
    this.material = material
  }

  /** What the student's peer computes, as far as that is known. */
  get computed(): Computed {
    return this.#both.computed
  }

  /** What it computes for what it takes: the same as `computed`, but for peers that open in another way than they seal. */
  get takes(): Computed {
    return this.#both.takes
  }

  get #both(): { computed: Computed; takes: Computed } {
    const { choices } = this.#ledger
    if (this.#computed?.choices === choices) return this.#computed
    const computed = compute(this.material, choices)
    const takes = choices.opens ? compute(this.material, choices.opens) : computed
    this.#computed = { choices, computed, takes }
    return this.#computed
  }

  get id(): Uint8Array {
    return this.computed.sessionId
  }

  tagOf(side: Side): Uint8Array {
    return (side === 'student' ? this.computed : this.takes).tag(side)
  }

  /** The examiner's confirmation, as it stands in JSON. `tag`: in place of the right one. */
  confirmForm(tag = this.tagOf('examiner')): { session: string; tag: string; ciphertext?: string } {
    const { kem } = this.material
    return {
      session: bytesToHex(this.id),
      tag: bytesToHex(tag),
      ...(kem?.madeBy === 'examiner' ? { ciphertext: bytesToHex(kem.ciphertext) } : {}),
    }
  }

  /** Whether it is the student's confirmation of this session. */
  isRight(confirm: Confirm | null): boolean {
    if (confirm === null) return false
    return equalBytes(confirm.session, this.id) && equalBytes(confirm.tag, this.tagOf('student'))
  }

  /** A text of the examiner's as it goes over the wire: the next one, or the one with this `seq`. */
  messageForm(text: string | Uint8Array, seq = this.nextText): Record<string, unknown> {
    const bytes = typeof text === 'string' ? utf8ToBytes(text) : text
    const ciphertext = this.takes.sealMessage('examiner', seq, bytes, this.textsOfStudent)
    this.nextText = Math.max(this.nextText, seq + 1)
    return { v: 2, session: bytesToHex(this.id), seq, ciphertext: bytesToHex(ciphertext) }
  }

  /** A text of the student's, or null if it does not open. */
  open({ seq, ciphertext }: { seq: number; ciphertext: Uint8Array }): Uint8Array | null {
    const text = this.computed.openMessage('student', seq, ciphertext, this.nextText)
    this.textsOfStudent = Math.max(this.textsOfStudent, seq + 1)
    return text
  }

  /** The body of the examiner's next picture, or of the one with this `number`. `metadata`: in place of the right ones. */
  pictureBody(
    picture: Picture,
    number = this.nextPicture,
    metadata = metadataOf(picture),
  ): Uint8Array {
    this.nextPicture = Math.max(this.nextPicture, number + 1)
    return this.takes.sealPicture(
      'examiner',
      number,
      metadata,
      picture.content,
      this.picturesOfStudent,
    )
  }

  /**
   * A picture of the student's of which `content` was to be sent; null if it does not open, or what opens does not end with it.
   * Without `content`, as long as the metadata say.
   */
  openPicture(body: Uint8Array, content?: Uint8Array): OpenedPicture | null {
    if (body.length < HEADER_BYTES) return null
    const number = Number(new DataView(body.buffer, body.byteOffset + 21, 8).getBigUint64(0))
    if (!Number.isSafeInteger(number)) return null
    const opened = this.computed.openPicture('student', number, body, this.nextPicture)
    this.picturesOfStudent = Math.max(this.picturesOfStudent, number + 1)
    if (opened === null) return null
    const { plaintext, chunks } = opened
    const length = content?.length ?? declaredIn(plaintext)
    const metadata = this.computed.metadataIn(plaintext, length)
    if (metadata === null) return null
    const end = plaintext.subarray(plaintext.length - length)
    if (content !== undefined && !equalBytes(end, content)) return null
    return { number, fields: fieldsOf(jsonOf(metadata)), metadata, content: end, chunks }
  }
}

/** The metadata of a picture in JSON. `bytes`: in place of its length. */
export function metadataOf({ type, name, content }: Picture, bytes = content.length): Uint8Array {
  return utf8ToBytes(JSON.stringify({ type, bytes, name }))
}

/** `bytes` of metadata that stand somewhere in the first kilobyte. */
function declaredIn(plaintext: Uint8Array): number {
  const text = Buffer.from(plaintext.subarray(0, 1_040)).toString('latin1')
  return Number(/"bytes" *: *(\d{1,9})/.exec(text)?.[1] ?? 0)
}
