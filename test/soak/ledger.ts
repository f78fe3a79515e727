/** What was handed in and what came of it: every broken promise of a picture or a letter is noticed here, and in `texts.ts`. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { PictureType } from '../../src/protocol/stream.ts'
import { pictureOf } from '../helpers/pictures.ts'
import { type Side, Texts } from './texts.ts'

interface Entry {
  readonly kind: 'pictures' | 'mail'
  readonly to: Side
  /** The text, or the hash of the picture. */
  readonly content: string
  accepted: boolean
  arrived: boolean
}

/** `arrived`: letters that were printed, pictures that were found whole. */
const tally = () => ({ handed: 0, accepted: 0, arrived: 0 })

export class Ledger {
  readonly texts: Texts
  readonly pictures = tally()
  /** `again`: printed once more, as it may be after its watcher was killed; `aside`: changed on the wire. */
  readonly mail = { ...tally(), again: 0, aside: 0 }
  /** By the number that a letter begins with, or the hash of a picture. */
  readonly #entries = new Map<string, Entry>()
  /** The ids of letters as they were sealed. */
  readonly #sealed = new Set<string>()

  constructor(seed: number) {
    this.texts = new Texts(seed)
  }

  /** A text of its own for a mailbox, whose server and watcher may end as often as they like. */
  letter(to: Side, length: number): string {
    const number = `mail-${this.mail.handed}`
    const content = this.texts.content(number, length)
    this.#enter(number, { kind: 'mail', to, content })
    return content
  }

  /** A picture of its own. */
  picture(to: Side, type: PictureType, length: number): Uint8Array {
    const bytes = Buffer.from(pictureOf(type, Math.max(length, 32)))
    bytes.writeUIntBE(this.pictures.handed, 16, 6)
    this.#enter(hashOf(bytes), { kind: 'pictures', to, content: hashOf(bytes) })
    return bytes
  }

  #enter(key: string, entry: Omit<Entry, 'accepted' | 'arrived'>): void {
    this[entry.kind].handed++
    this.#entries.set(key, { ...entry, accepted: false, arrived: false })
  }

  /** Whoever handed it in was told 201, and may be told so again of a letter. */
  accept(handed: string | Uint8Array): void {
    const entry = this.#entries.get(typeof handed === 'string' ? numberOf(handed) : hashOf(handed))
    assert.ok(entry)
    if (!entry.accepted) this[entry.kind].accepted++
    entry.accepted = true
  }

  /** A letter was sealed to bytes with this id. */
  sealed(id: string): void {
    this.#sealed.add(id)
  }

  /** A watcher has set bytes with this id aside. @throws AssertionError if somebody sealed them so */
  setAside(id: string): void {
    assert.ok(!this.#sealed.has(id), 'a letter was set aside as it was sealed')
    this.mail.aside++
  }

  /** A watcher prints `letter`. `mayRepeat`: one was killed since it printed this one. @throws as `opened` */
  printed(on: Side, letter: string, mayRepeat: boolean): void {
    this.#arrive(on, numberOf(letter), numberOf(letter), letter, mayRepeat)
  }

  /** The content of a file where received pictures are kept. @throws as `opened` */
  found(on: Side, name: string, content: Uint8Array): void {
    this.#arrive(on, `the picture in ${name}`, hashOf(content), hashOf(content))
  }

  #arrive(on: Side, what: string, key: string, content: string, mayRepeat = false): void {
    const entry = this.#entries.get(key)
    assert.ok(entry, `${what} is nothing that anybody sent`)
    assert.equal(on, entry.to, `${what} came to its sender`)
    assert.equal(content, entry.content, `${what} was changed on its way`)
    assert.ok(mayRepeat || !entry.arrived, `${what} came twice`)
    if (entry.arrived) this.mail.again++
    else this[entry.kind].arrived++
    entry.arrived = true
  }

  /** How many letters were accepted for `to` and not printed yet. */
  unread(to: Side): number {
    return this.#missing(to, 'mail').length
  }

  /** All that could arrive at `to` has arrived. @throws AssertionError for a picture that was accepted and is not there */
  settle(to: Side): void {
    assert.equal(this.#missing(to, 'pictures').length, 0, 'a picture was accepted and is not there')
  }

  #missing(to: Side, kind: Entry['kind']): Entry[] {
    return [...this.#entries.values()].filter(
      (entry) => entry.kind === kind && entry.to === to && entry.accepted && !entry.arrived,
    )
  }
}

function numberOf(letter: string): string {
  return letter.split(':', 1)[0] ?? ''
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
