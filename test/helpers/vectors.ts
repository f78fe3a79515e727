/** Hex, bits, and the Wycheproof files where they are. */

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** What every Wycheproof case has; the rest depends on the file. */
export interface WycheproofCase {
  readonly tcId: number
  readonly comment?: string
  readonly flags: readonly string[]
  readonly result: 'valid' | 'acceptable' | 'invalid'
}

const FOLDER = path.resolve(import.meta.dirname, '../../../shared/vectors')

export function hex(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits, 'hex'))
}

export function toHex(bytes: Uint8Array | ArrayBuffer): string {
  return Buffer.from(bytes as Uint8Array).toString('hex')
}

/** A copy with one bit turned over. */
export function flipped(original: Uint8Array, bit: number): Uint8Array {
  const at = bit >> 3
  return Uint8Array.from(original).with(at, (original[at] ?? 0) ^ (1 << (bit & 7)))
}

/** Every case of a Wycheproof file; without the file none, and the reason to skip. */
export function wycheproof<T>(file: string): {
  skip: string | false
  cases: (T & WycheproofCase)[]
} {
  const name = path.join(FOLDER, file)
  if (!existsSync(name)) return { skip: `shared/vectors/${file} is not here`, cases: [] }
  const { testGroups, numberOfTests } = JSON.parse(readFileSync(name, 'utf8'))
  const cases = testGroups.flatMap((group: { tests: unknown[] }) => group.tests)
  if (cases.length !== numberOfTests) throw new Error(`${file} is not whole.`)
  return { skip: false, cases }
}

/** How many of `items` fall into each class. */
export function countBy<T>(items: T[], classOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const item of items) {
    const name = classOf(item)
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
