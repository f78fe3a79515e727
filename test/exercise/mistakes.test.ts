/**
 * Mistakes of students, each planted in the independent peer: the examiner finds it in the rows that were written down for it and
 * in no other, and says the cause. The independent peer itself has full marks.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Report, Row } from '../../src/classroom/exercise/clause.ts'
import { CLAUSES } from '../../src/classroom/exercise/clauses/all.ts'
import { examine } from '../../src/classroom/exercise/run.ts'
import type { StartStudent } from '../../src/classroom/exercise/student.ts'
import type { SuiteName } from '../../src/protocol/suites.ts'
import { inProcess } from './inProcess.ts'
import { MISTAKES, type Mistake } from './mistakes.ts'

const SLOW = process.env['SLOW'] === '1'
/** One or two of each layer; the others, and for these all other clauses, take minutes. */
const QUICK = [
  'order-sender-first: parties by who sent first',
  'tag-swapped',
  'nonce-little-endian',
  'base64 in place of hex, in key messages',
]

const nameOf = ({ clause, party }: Row) =>
  party === null ? clause.id : `${clause.id} party ${party}`

function examined(
  start: StartStudent,
  curve: SuiteName,
  ids: readonly string[],
  seed: number,
): Promise<Report> {
  return examine({
    curve,
    seed,
    ids,
    subject: 'the independent peer',
    version: '0',
    start,
    attached: null,
    jobs: 4,
    readyMs: 10_000,
    limitMs: 300_000,
    isFirstOnly: false,
  })
}

const ALL = CLAUSES.map(({ id }) => id)
const isThere = (row: string) => ALL.includes(row.split(' ')[0] ?? '')

async function find(mistake: Mistake, seed: number): Promise<void> {
  const { Kind, curve, fails, also, cause } = mistake
  const named = fails.filter(isThere)
  const ids = SLOW ? ALL : [...new Set(named.map((row) => row.split(' ')[0] ?? ''))]
  const { rows } = await examined(inProcess(Kind), curve, ids, seed)
  const isAllowed = (name: string) =>
    also.some(
      (one) =>
        name === one ||
        name.startsWith(`${one} `) ||
        (one.endsWith('*') && name.startsWith(one.slice(0, -1))),
    )
  const bad = rows.filter(
    (row) => row.result === 'fail' || row.result === 'blocked' || row.result === 'not run',
  )
  const isNamed = (row: Row) => named.includes(nameOf(row))
  const said = bad
    .filter((row) => isNamed(row) || !isAllowed(nameOf(row)))
    .map((row) => [nameOf(row), row.result, row.finding?.cause ?? row.reason])
  const wanted = named.map((row) => {
    const found = said.find(([name]) => name === row)
    const isSaid = found?.[1] === 'fail' && cause.test(String(found[2]))
    return isSaid ? found : [row, 'fail', `${cause}`]
  })
  assert.deepEqual(sorted(said), sorted(wanted), `seed ${seed}`)
}

const sorted = (rows: readonly unknown[]) => rows.map(String).sort()

describe('the examiner of the exercise', { concurrency: SLOW ? 3 : 2 }, () => {
  const seed = 1 + Math.floor(Math.random() * 1e6)

  for (const curve of SLOW
    ? (['X25519', 'P-256', 'X25519MLKEM768'] as const)
    : (['X25519'] as const))
    it(`gives a right peer full marks on ${curve}`, async () => {
      const { rows } = await examined(inProcess(), curve, ALL, seed)
      const bad = rows.filter(({ result }) => result !== 'pass' && result !== 'note')
      assert.deepEqual(
        bad.map((row) => [nameOf(row), row.result, row.finding?.got ?? row.reason]),
        [],
        `seed ${seed}`,
      )
    })

  for (const mistake of MISTAKES)
    if (SLOW || QUICK.includes(mistake.name))
      it(`finds a mistake, and its cause: ${mistake.name}`, () => find(mistake, seed))
})
