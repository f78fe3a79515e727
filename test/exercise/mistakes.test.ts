/**
 * Mistakes of students, each planted in the independent peer: the examiner finds it in the rows that were written down for it and
 * in no other, and says the cause. The independent peer itself has full marks.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Row } from '../../src/classroom/exercise/clause.ts'
import { CLAUSES } from '../../src/classroom/exercise/clauses/all.ts'
import { examine } from '../../src/classroom/exercise/run.ts'
import type { SuiteName } from '../../src/protocol/suites.ts'
import { ProgramPeer } from '../independent/program.ts'
import { inProcess } from './inProcess.ts'
import type { Mistake } from './mistakes/planted.ts'
import { MISTAKES } from './mistakes.ts'

const SLOW = process.env['SLOW'] === '1'
/** One or two of each layer, and only the clauses that find them: all of them, in all clauses, take half an hour. */
const QUICK = [
  'order-sender-first: parties by who sent first',
  'tag-swapped',
  'nonce-little-endian',
  'chunk-empty-last',
  'safety-unsorted: the own half first',
  'points of low order pass',
  'promoted without a confirmation',
  'a key seals twice after a refusal',
  "a picture's name is used as a path",
  'redirects are followed',
]
const CURVES: readonly SuiteName[] = ['X25519', 'P-256', 'X25519MLKEM768']
const ALL = CLAUSES.map(({ id }) => id)

const idOf = (row: string) => row.split(' ')[0] ?? ''
const nameOf = ({ clause, party }: Row) =>
  party === null ? clause.id : `${clause.id} party ${party}`
/** Whether a row is meant by a row's name, a clause's id, or `stage/*`. */
const isMeant = (by: string, row: string) =>
  by === row || by === idOf(row) || (by.endsWith('*') && row.startsWith(by.slice(0, -1)))

/** The rows that have not passed. */
async function failing(
  Kind: typeof ProgramPeer,
  curve: SuiteName,
  ids: readonly string[],
  seed: number,
  isFirstOnly = false,
) {
  const { rows } = await examine({
    curve,
    seed,
    ids,
    subject: 'the independent peer',
    version: '0',
    start: inProcess(Kind),
    attached: null,
    jobs: 4,
    readyMs: 10_000,
    limitMs: 540_000,
    isFirstOnly,
  })
  return rows.filter(({ result }) => result !== 'pass' && result !== 'note')
}

const idsOf = ({ fails }: Mistake) => (SLOW ? ALL : [...new Set(fails.map(idOf))])
const quick = MISTAKES.filter(({ name }) => QUICK.includes(name))

describe('the examiner of the exercise', { concurrency: SLOW ? 3 : 4 }, () => {
  const seed = 1 + Math.floor(Math.random() * 1e6)

  const slow = !SLOW && 'the peers of marks.test.ts have them: SLOW=1 has this one too'
  for (const curve of CURVES)
    it(`gives a right peer full marks on ${curve}`, { skip: slow }, async () => {
      const rows = await failing(ProgramPeer, curve, ALL, seed)
      const said = rows.map((row) => [nameOf(row), row.result, row.finding?.got ?? row.reason])
      assert.deepEqual(said, [], `seed ${seed}`)
    })

  it('ends with --first at the first clause that fails, in the order in which a student builds', async () => {
    const mistake = MISTAKES.find(({ name }) => name === 'tag-swapped')
    assert.ok(mistake)
    const rows = await failing(mistake.Kind, mistake.curve, ALL, seed, true)
    const [first, ...more] = rows.toSorted((a, b) => a.result.localeCompare(b.result))
    assert.match(first ? `${nameOf(first)} ${first.result}` : '', /^session\/[24] party 1 fail$/)
    assert.deepEqual(
      new Set(more.map(({ result }) => result)),
      new Set(['not run']),
      `seed ${seed}`,
    )
    assert.ok(
      more.some(({ clause }) => clause.id === 'keys/5'),
      'keys/5 comes after a session',
    )
  })

  for (const mistake of SLOW ? MISTAKES : quick)
    it(`finds a mistake, and its cause: ${mistake.name}`, async () => {
      const { Kind, curve, fails, also, cause } = mistake
      const rows = await failing(Kind, curve, idsOf(mistake), seed)
      const isNamed = (row: Row) => fails.some((one) => isMeant(one, nameOf(row)))
      const said = rows
        .filter((row) => isNamed(row) || !also.some((one) => isMeant(one, nameOf(row))))
        .map((row) => [nameOf(row), row.result, `${row.finding?.cause ?? row.reason}`])
      const isRight = (row: readonly string[]) =>
        row[1] === 'fail' &&
        cause.test(String(row[2])) &&
        fails.some((one) => isMeant(one, `${row[0]}`))
      const missing = fails.filter((one) => !rows.some((row) => isMeant(one, nameOf(row))))
      const wrong = said.filter((row) => !isRight(row))
      assert.deepEqual({ missing, wrong }, { missing: [], wrong: [] }, `seed ${seed}, ${cause}`)
    })
})
