/** Objects as a graph: copied as they are, prototypes and all, and described so that renamed keys are the same. */

import { formOf, isPublicKey, isSecret } from './names.ts'

/** What is the same in every state, by its name: it is neither copied nor looked into. */
export type Fixed = ReadonlyMap<object, string>

class Copy {
  readonly #fixed: Fixed
  readonly #copies = new Map<object, object>()

  constructor(fixed: Fixed) {
    this.#fixed = fixed
  }

  of(value: unknown): unknown {
    if (typeof value === 'function') throw new Error('A function cannot be copied.')
    if (typeof value !== 'object' || value === null || this.#fixed.has(value)) return value
    const known = this.#copies.get(value)
    if (known) return known
    if (value instanceof Uint8Array) {
      if (isPublicKey(value)) return value
      const bytes = value.slice()
      this.#copies.set(value, bytes)
      return bytes
    }
    const twin = Array.isArray(value) ? [] : Object.create(Object.getPrototypeOf(value))
    this.#copies.set(value, twin)
    for (const key in value) twin[key] = this.of((value as Record<string, unknown>)[key])
    return twin
  }
}

/** A copy that shares with its original what is fixed, and public keys. */
export function copyOf<T>(root: T, fixed: Fixed): T {
  return new Copy(fixed).of(root) as T
}

export interface Description {
  /** All of it, with a place in `atoms` instead of each fresh secret. */
  readonly form: string
  /** The fresh secrets in the order in which they appear. */
  readonly atoms: readonly number[]
}

class Describer {
  readonly atoms: number[] = []
  readonly #fixed: Fixed
  readonly #without: ReadonlySet<string>
  readonly #seen = new Map<object, number>()
  form = ''

  constructor(fixed: Fixed, without: ReadonlySet<string>) {
    this.#fixed = fixed
    this.#without = without
  }

  look(value: unknown): void {
    if (typeof value !== 'object' || value === null) this.form += ` ${value}`
    else {
      const known = this.#fixed.get(value) ?? this.#seen.get(value)
      if (known !== undefined) this.form += ` ^${known}`
      else {
        this.#seen.set(value, this.#seen.size)
        if (value instanceof Uint8Array) this.form += ` ${formOf(value, this.atoms)}`
        else this.#fields(value)
      }
    }
  }

  #fields(value: object): void {
    this.form += '{'
    for (const key in value) {
      if (this.#without.has(key)) continue
      this.form += ` ${key}`
      this.look((value as Record<string, unknown>)[key])
    }
    this.form += '}'
  }
}

/** Two graphs have the same form if one is the other with its fresh secrets renamed. `without`: fields left out. */
export function describeGraph(
  root: unknown,
  fixed: Fixed,
  without: ReadonlySet<string> = new Set(),
): Description {
  const describer = new Describer(fixed, without)
  describer.look(root)
  return describer
}

/** `for … in` is the quicker one here: none of these has anything enumerable but its own fields. */
function collect(value: unknown, fixed: Fixed, seen: Set<object>, arrays: Set<Uint8Array>): void {
  if (typeof value !== 'object' || value === null) return
  if (value instanceof Uint8Array) {
    arrays.add(value)
    return
  }
  if (seen.has(value) || fixed.has(value)) return
  seen.add(value)
  for (const key in value) collect((value as Record<string, unknown>)[key], fixed, seen, arrays)
}

/** Every array of bytes that can be reached from `root`. */
export function arraysIn(root: unknown, fixed: Fixed): Set<Uint8Array> {
  const arrays = new Set<Uint8Array>()
  collect(root, fixed, new Set(), arrays)
  return arrays
}

/** Those of them that nobody but their owner may have. */
export function secretsIn(root: unknown, fixed: Fixed): Uint8Array[] {
  return [...arraysIn(root, fixed)].filter(isSecret)
}
