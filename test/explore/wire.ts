/** What is between the two: requests and answers under way, and all that ever was, as interned bags. */

import type { Form } from './graph.ts'
import { Kept } from './kept.ts'
import { shapeNumber } from './names.ts'
import type { Side } from './peer.ts'
import type { Message } from './side.ts'

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
        id,
        kind: body.kind,
        to,
        message,
        of,
        isAwaited,
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

/** Items, each as often as it is there, in the order of their shapes. */
export interface Bag {
  readonly id: number
  readonly items: readonly Item[]
}

export class Bags {
  readonly #bags = new Kept<Bag>()
  /** It has the number 0. */
  readonly empty = this.get(this.#keep([]))
  readonly #with = new Map<number, number>()
  readonly #without = new Map<number, number>()
  readonly #items: Items

  constructor(items: Items) {
    this.#items = items
  }

  get(id: number): Bag {
    return this.#bags.get(id)
  }

  with(id: number, item: number): number {
    return this.#moved(this.#with, id, item, (items) => [...items, this.#items.get(item)])
  }

  without(id: number, item: number): number {
    return this.#moved(this.#without, id, item, (items) => {
      const at = items.findIndex((one) => one.id === item)
      if (at < 0) throw new Error('It is not there.')
      return items.toSpliced(at, 1)
    })
  }

  #moved(
    known: Map<number, number>,
    id: number,
    item: number,
    move: (items: readonly Item[]) => Item[],
  ): number {
    const key = id * 2 ** 24 + item
    const to = known.get(key) ?? this.#keep(move(this.get(id).items))
    known.set(key, to)
    return to
  }

  has(id: number, item: number): boolean {
    return this.get(id).items.some((one) => one.id === item)
  }

  #keep(items: Item[]): number {
    items.sort((a, b) => a.shape - b.shape || a.id - b.id)
    return this.#bags.keep(items.map(({ id }) => id).join(), (id) => ({ id, items }))
  }
}
