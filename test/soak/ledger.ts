/** What was handed in and what came of it: every broken promise of a message or a picture is noticed here. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { PictureType } from '../../src/protocol/stream.ts'
import { pictureOf } from '../helpers/pictures.ts'

export type Side = 0 | 1

interface Handed {
  readonly to: Side
  /** The receiver's life when it was handed in: a message may get lost with its receiver's life. */
  readonly life: number
  accepted: boolean
}

interface Text extends Handed {
  readonly text: string
}

/** A letter in the mailbox. */
interface Letter {
  readonly text: string
  readonly to: Side
  accepted: boolean
}

export interface Tally {
  handed: number
  accepted: number
  /** Texts that were opened; pictures that were found whole. */
  arrived: number
  /** Accepted, and lost with the receiver's life. */
  lost: number
}

const tally = (): Tally => ({ handed: 0, accepted: 0, arrived: 0, lost: 0 })

export class Ledger {
  /** Stands in every text: what to look for where no text belongs. */
  readonly marker: string
  readonly messages = tally()
  readonly pictures = tally()
  /** `again`: printed once more, as it may be after its watcher was killed; `aside`: changed on the wire. */
  readonly mail = { handed: 0, accepted: 0, arrived: 0, again: 0, aside: 0 }
  readonly #letters = new Map<string, Letter>()
  readonly #letterIds = new Set<string>()
  readonly #texts = new Map<string, Text>()
  /** By the hash of the picture. */
  readonly #pictures = new Map<string, Handed>()
  readonly #arrived = new Set<string>()

  constructor(seed: number) {
    this.marker = `the fox of run ${seed} is in the henhouse`
  }

  /** A text of its own, of about `length` bytes, for a receiver in its `life`. */
  text(to: Side, life: number, length: number): string {
    const number = String(this.messages.handed++)
    const text = `${number} → ${this.marker}${' 🦊'.repeat(length / 5)}`
    this.#texts.set(number, { text, to, life, accepted: false })
    return text
  }

  /** A text of its own for a mailbox, whose server and watcher may end as often as they like. */
  letter(to: Side, length: number): string {
    const number = `mail-${this.mail.handed++}`
    const text = `${number} → ${this.marker}${' 🦊'.repeat(length / 5)}`
    this.#letters.set(number, { text, to, accepted: false })
    return text
  }

  /** A letter was sealed to bytes with this id. */
  sealed(id: string): void {
    this.#letterIds.add(id)
  }

  /** A watcher has set bytes with this id aside. @throws AssertionError if somebody sealed them so */
  setAside(id: string): void {
    assert.ok(!this.#letterIds.has(id), 'a letter was set aside as it was sealed')
    this.mail.aside++
  }

  /** The sender was told that `letter` is stored. */
  acceptLetter(letter: string): void {
    const entry = this.#letters.get(numberOf(letter))
    if (entry?.accepted === false) this.mail.accepted++
    if (entry) entry.accepted = true
  }

  /**
   * A watcher prints a letter. `mayRepeat`: a watcher was killed since it printed this one.
   * @throws AssertionError as `opened`
   */
  printed(on: Side, letter: string, mayRepeat: boolean): void {
    const number = numberOf(letter)
    const entry = this.#letters.get(number)
    assert.ok(entry, `a letter was printed that nobody sent: ${letter.slice(0, 80)}`)
    assert.equal(on, entry.to, `${number} came to its sender`)
    assert.equal(letter, entry.text, `${number} was changed on its way`)
    assert.ok(mayRepeat || !this.#arrived.has(number), `${number} was printed twice`)
    if (this.#arrived.has(number)) this.mail.again++
    else this.mail.arrived++
    this.#arrived.add(number)
  }

  /** How many letters were accepted for `to` and not printed yet. */
  unread(to: Side): number {
    const open = [...this.#letters].filter(
      ([number, entry]) => entry.to === to && entry.accepted && !this.#arrived.has(number),
    )
    return open.length
  }

  /** A picture of its own. */
  picture(to: Side, life: number, type: PictureType, length: number): Uint8Array {
    const bytes = Buffer.from(pictureOf(type, Math.max(length, 32)))
    bytes.writeUIntBE(this.pictures.handed++, 16, 6)
    this.#pictures.set(hashOf(bytes), { to, life, accepted: false })
    return bytes
  }

  /** The owner was told 201. */
  accept(handed: string | Uint8Array): void {
    const isText = typeof handed === 'string'
    const entry = isText ? this.#texts.get(numberOf(handed)) : this.#pictures.get(hashOf(handed))
    // one that was opened before its sender heard of it has no entry any more
    if (entry) entry.accepted = true
    this[isText ? 'messages' : 'pictures'].accepted++
  }

  /** A terminal shows `text`. @throws AssertionError unless that is right, and for the first time */
  opened(on: Side, text: string): void {
    const number = numberOf(text)
    const entry = this.#texts.get(number)
    assert.ok(!this.#arrived.has(number), `message ${number} was opened twice`)
    assert.ok(entry, `a text was opened that nobody sent: ${text.slice(0, 80)}`)
    assert.equal(on, entry.to, `message ${number} was opened by its sender`)
    assert.equal(text, entry.text, `message ${number} was changed on its way`)
    this.#texts.delete(number)
    this.#arrived.add(number)
    this.messages.arrived++
  }

  /** The content of a file where received pictures are kept. @throws AssertionError as `opened` */
  found(on: Side, name: string, content: Uint8Array): void {
    const hash = hashOf(content)
    const entry = this.#pictures.get(hash)
    assert.ok(!this.#arrived.has(hash), `the picture in ${name} is there twice`)
    assert.ok(entry, `${name} is no picture that was sent: ${content.length} bytes`)
    assert.equal(on, entry.to, `the picture in ${name} went to its sender`)
    this.#pictures.delete(hash)
    this.#arrived.add(hash)
    this.pictures.arrived++
  }

  /**
   * All that could arrive at `to` has arrived; it is in its `life`.
   * @throws AssertionError for a message that was accepted in this life and not opened, and for
   * a picture that was accepted, in whatever life, and is not there
   */
  settle(to: Side, life: number): void {
    for (const [number, entry] of this.#texts) {
      if (entry.to !== to || !entry.accepted) continue
      assert.notEqual(entry.life, life, `message ${number} was accepted and is lost`)
      this.messages.lost++
      this.#texts.delete(number)
    }
    for (const entry of this.#pictures.values())
      if (entry.to === to) assert.ok(!entry.accepted, 'a picture was accepted and is not there')
  }
}

function numberOf(text: string): string {
  return text.split(' ', 1)[0] ?? ''
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
