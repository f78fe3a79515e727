/** Right peers have full marks: the program itself and the two that were written from the specification alone, as processes. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { describe, it } from 'node:test'
import { chosen } from '../../src/classroom/exercise/chosen.ts'
import { examine } from '../../src/classroom/exercise/run.ts'
import { starterOf } from '../../src/classroom/exercise/student.ts'
import { SUITE_NAMES, type SuiteName } from '../../src/protocol/suites.ts'
import { MAIN } from '../helpers/command.ts'
import { root } from '../helpers/documents.ts'

const PLACES = ['{port}', '{peer}', '{curve}', '{state}']
const loader = path.join(root, 'test/loader.js')
const python = ['python3', '/usr/bin/python3'].find(
  (program) => spawnSync(program, ['-c', 'import cryptography']).status === 0,
)
/** How often a right peer may be started in a run of stages 1 to 6: one or two more than usual, where an identity stands at the end of an order. */
const MOST_STARTS = 65

const PEERS: [string, readonly SuiteName[], string[]][] = [
  [
    'ours',
    SUITE_NAMES,
    [
      ...[process.execPath, MAIN, 'peer', '--port', '{port}', '--peer', '{peer}'],
      ...['--curve', '{curve}', '--state', '{state}'],
    ],
  ],
  [
    'one in TypeScript',
    SUITE_NAMES,
    [
      ...[process.execPath, '--import', loader, path.join(root, 'test/independent/program.ts')],
      ...PLACES,
    ],
  ],
  [
    'one in Python',
    ['X25519', 'P-256'],
    [python ?? 'python3', path.join(root, 'test/independent/peer.py'), ...PLACES],
  ],
]

describe('full marks', () => {
  const slow = process.env['SLOW'] === '1' ? false : 'it takes half a minute a suite: SLOW=1'
  const first = Math.floor(Math.random() * 1e6)
  for (const [name, suites, words] of PEERS)
    for (const curve of suites)
      it(`has ${name} on ${curve}, with two seeds`, {
        skip: slow || (name.endsWith('Python') && !python && 'there is no cryptography for Python'),
      }, async () => {
        const start = starterOf(words, { cwd: root })
        for (const seed of [first, first + 1]) {
          let starts = 0
          const { rows } = await examine({
            ...{ curve, seed, subject: name, version: '0', attached: null },
            ids: chosen({ curve }).map(({ id }) => id),
            start: (place) => {
              starts++
              return start(place)
            },
            ...{ jobs: 4, readyMs: 10_000, limitMs: 540_000, isFirstOnly: false },
          })
          const wrong = rows
            .filter(({ result }) => result !== 'pass' && result !== 'note')
            .map(({ clause, party, reason, finding }) => [
              `${clause.id} party ${party}`,
              reason ?? finding?.got,
            ])
          assert.deepEqual(wrong, [], `seed ${seed}`)
          if (curve !== 'X25519MLKEM768') assert.ok(starts <= MOST_STARTS, `${starts} starts`)
        }
      })
})
