/** Things that are kept once each, under a key that equal ones have, and are called by their numbers. */
export class Kept<T> {
  readonly #things: T[] = []
  readonly #numbers = new Map<string, number>()

  get(id: number): T {
    const thing = this.#things[id]
    if (thing === undefined) throw new Error(`There is no number ${id}.`)
    return thing
  }

  /** The number of what has this key; `make` makes it where it is new. */
  keep(key: string, make: (id: number) => T): number {
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const id = this.#things.length
    this.#numbers.set(key, id)
    this.#things.push(make(id))
    return id
  }
}
