/** All clauses, in the order of the reports. */

import { createHash } from 'node:crypto'
import type { Clause } from '../clause.ts'
import { DISORDER } from './disorder.ts'
import { KEM } from './kem.ts'
import { KEYS } from './keys.ts'
import { MESSAGES } from './messages.ts'
import { OWNER } from './owner.ts'
import { PICTURES } from './pictures.ts'
import { SESSION } from './session.ts'

export const CLAUSES: readonly Clause[] = [
  ...KEYS,
  ...SESSION,
  ...MESSAGES,
  ...PICTURES,
  ...DISORDER,
  ...OWNER,
  ...KEM,
]

/** 16 hex digits that differ if any clause does: its id, weight, parties, or what it needs. */
export function hashOfClauses(): string {
  const said = CLAUSES.map(({ id, weight, parties, needs }) => [id, weight, parties, needs])
  return createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 16)
}
