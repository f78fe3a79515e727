/** Objects as a graph: copied as they are, prototypes and all, and described so that renamed keys are the same. */

import { hash } from 'node:crypto'
import { formOf, isPublicKey, isSecret, shapeNumber } from './names.ts'

/** What is the same in every state, by its name: it is neither copied nor looked into. */
export type Fixed = ReadonlyMap<object, string>

/** None of the objects here has anything enumerable but its own fields. */
type Fields = Record<string, unknown>

/** A copy that shares with its original what is fixed, and public keys. */
export function copyOf<T>(root: T, fixed: Fixed): T {
  const copies = new Map<object, object>()
  const copy = (value: unknown): unknown => {
    if (typeof value === 'function') throw new Error('A function cannot be copied.')
    if (typeof value !== 'object' || value === null || fixed.has(value)) return value
    const known = copies.get(value)
    if (known) return known
    if (value instanceof Uint8Array) {
      const bytes = isPublicKey(value) ? value : value.slice()
      copies.set(value, bytes)
      return bytes
    }
    const twin = Array.isArray(value) ? [] : Object.create(Object.getPrototypeOf(value))
    copies.set(value, twin)
    for (const key in value) twin[key] = copy((value as Fields)[key])
    return twin
  }
  return copy(root) as T
}

/** What something is but for the names of its fresh secrets, and these in the order in which they appear. */
export interface Form {
  readonly shape: number
  readonly atoms: readonly number[]
}

/** Two graphs have the same shape if one is the other with its fresh secrets renamed. `without`: fields left out. */
export function formOfGraph(
  root: unknown,
  fixed: Fixed,
  without: ReadonlySet<string> = new Set(),
): Form {
  const atoms: number[] = []
  const seen = new Map<object, number>()
  let form = ''
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) {
      form += ` ${value}`
      return
    }
    const known = fixed.get(value) ?? seen.get(value)
    if (known !== undefined) {
      form += ` ^${known}`
      return
    }
    seen.set(value, seen.size)
    if (value instanceof Uint8Array) {
      form += ` ${formOf(value, atoms)}`
      return
    }
    form += '{'
    for (const key in value) {
      if (without.has(key)) continue
      form += ` ${key}`
      look((value as Fields)[key])
    }
    form += '}'
  }
  look(root)
  return { shape: shapeNumber(hash('sha256', form, 'base64')), atoms }
}

/** Every array of bytes that can be reached from `root`. */
export function arraysIn(root: unknown, fixed: Fixed): Set<Uint8Array> {
  const arrays = new Set<Uint8Array>()
  const seen = new Set<object>()
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    if (value instanceof Uint8Array) arrays.add(value)
    else if (!seen.has(value) && !fixed.has(value)) {
      seen.add(value)
      for (const key in value) collect((value as Fields)[key])
    }
  }
  collect(root)
  return arrays
}

/** Those of them that nobody but their owner may have. */
export function secretsIn(root: unknown, fixed: Fixed): Uint8Array[] {
  return [...arraysIn(root, fixed)].filter(isSecret)
}
