/** What is between the two: requests and answers under way, and all that ever was, as bags that are kept once each. */

import type { Form } from './graph.ts'
import { Kept, shapeNumber } from './names.ts'
import type { Side } from './peer.ts'
import type { Message } from './sides.ts'

/** A request or an answer, on its way or recorded. */
export interface Item extends Form {
  readonly id: number
  readonly kind: Message['body']['kind']
  readonly to: Side
  readonly message: number
  /** An answer to keys that somebody waits for: the key message that it answers. */
  readonly of: number | null
  /** Whether somebody waits: for its answer, or for it. */
  readonly isAwaited: boolean
}

export class Items {
  readonly #items = new Kept<Item>()
  readonly #message: (id: number) => Message

  constructor(message: (id: number) => Message) {
    this.#message = message
  }

  get(id: number): Item {
    return this.#items.get(id)
  }

  keep(to: Side, message: number, isAwaited: boolean, of: number | null = null): number {
    return this.#items.keep(`${to} ${message} ${isAwaited} ${of}`, (id) => {
      const { body, shape, atoms } = this.#message(message)
      const question = of === null ? null : this.#message(of)
      return {
        ...{ id, kind: body.kind, to, message, of, isAwaited },
        shape: shapeNumber(`item ${to} ${isAwaited} ${shape} ${question?.shape}`),
        atoms: [...atoms, ...(question?.atoms ?? [])],
      }
    })
  }

  /** The same as nobody waits for it. */
  unawaited(id: number): number {
    const { to, message, isAwaited } = this.get(id)
    return isAwaited ? this.keep(to, message, false) : id
  }
}

/** Bags of items, each as often as it is there, in the order of their shapes. Number 0 is the empty one. */
export class Bags {
  readonly #bags = new Kept<readonly Item[]>()
  readonly #with = new Map<number, number>()
  readonly #without = new Map<number, number>()
  readonly #items: Items

  constructor(items: Items) {
    this.#items = items
    this.#keep([])
  }

  get(id: number): readonly Item[] {
    return this.#bags.get(id)
  }

  with(id: number, item: number): number {
    const key = id * 2 ** 24 + item
    const to = this.#with.get(key) ?? this.#keep([...this.get(id), this.#items.get(item)])
    this.#with.set(key, to)
    return to
  }

  without(id: number, item: number): number {
    const key = id * 2 ** 24 + item
    const at = this.get(id).findIndex((one) => one.id === item)
    if (at < 0) throw new Error('It is not there.')
    const to = this.#without.get(key) ?? this.#keep(this.get(id).toSpliced(at, 1))
    this.#without.set(key, to)
    return to
  }

  #keep(items: Item[]): number {
    items.sort((a, b) => a.shape - b.shape || a.id - b.id)
    return this.#bags.keep(items.map(({ id }) => id).join(), () => items)
  }
}
