/**
 * The models of `make prove`: that they and the table speak of the same queries, that each variant is an edit of what is
 * there, that a wrong result is noticed. Where there is a ProVerif (PROVERIF, or on the PATH), some of its runs too.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { folderForEach } from '../helpers/files.ts'
import {
  asking,
  changed,
  FILES,
  isProVerif,
  modelOf,
  prove,
  queriesOf,
  resultsIn,
  traceIn,
} from '../prove/model.ts'
import { PROPERTIES } from '../prove/properties.ts'
import { jobs, runs } from '../prove/run.ts'
import { VARIANTS } from '../prove/variants.ts'

const proverif = process.env['PROVERIF'] || 'proverif'
const noProVerif = isProVerif(proverif)
  ? false
  : 'there is no ProVerif here (PROVERIF=… or on the PATH)'

const OUTPUT = `Starting query event(Promoted(A)) ==> event(Derived(A))
RESULT event(Promoted(A_1)) ==> event(Derived(A_1)) is true.
Starting query not (event(Sealed(x_1)) && attacker(x_1))
The goal is reached.
new a: Scalar creating a_2 at {2}

out(wire, a_2)

A trace has been found.
RESULT not (event(Sealed(x_1)) && attacker(x_1)) is false.
`
const QUERIES = new Map([
  ['one', 'event(Promoted(A)) ==> event(Derived(A))'],
  ['two', 'event(Sealed(x)) && attacker(x) ==> false'],
])

describe('what ProVerif says', () => {
  it('is read query by query', () => {
    assert.deepEqual(Object.fromEntries(resultsIn(OUTPUT, QUERIES)), { one: 'true', two: 'false' })
  })

  it('is unknown if it could not prove it', () => {
    const unsure = OUTPUT.replace('is true', 'cannot be proved')
    assert.deepEqual([...resultsIn(unsure, QUERIES).values()], ['unknown', 'false'])
  })

  it('is unknown of every query if a result is missing, or one too many is there', () => {
    const cut = OUTPUT.slice(0, OUTPUT.indexOf('Starting query not'))
    for (const output of [cut, '', OUTPUT + OUTPUT, 'Error: syntax error.'])
      assert.deepEqual([...resultsIn(output, QUERIES).values()], ['unknown', 'unknown'])
  })

  it('is unknown if it is of another query than the one whose turn it is', () => {
    const reversed = new Map([...QUERIES].reverse())
    assert.deepEqual([...resultsIn(OUTPUT, reversed).values()], ['unknown', 'unknown'])
  })

  it('has the trace of an attack, and none where there is no attack', () => {
    const trace = traceIn(OUTPUT, QUERIES.get('two') ?? '')
    assert.match(trace, /^new a: Scalar [\s\S]*out\(wire, a_2\)\n$/)
    assert.equal(traceIn(OUTPUT, QUERIES.get('one') ?? ''), '')
  })
})

describe('the models', () => {
  it('have the queries of the table, and no other', () => {
    assert.deepEqual([...new Set(PROPERTIES.map(({ file }) => file))].sort(), FILES.toSorted())
    for (const file of FILES) {
      const asked = PROPERTIES.filter((property) => property.file === file)
      const queries = asked.map(({ query }) => query)
      assert.deepEqual(queries, [...queriesOf(modelOf(file, 'classical')).keys()])
    }
  })

  // in later.pv it is the attacks
  it('each have something that has to be reachable', () => {
    for (const file of FILES.filter((name) => name !== 'later.pv')) {
      const isAsked = PROPERTIES.some((of) => of.file === file && of.kind === 'reachable')
      assert.ok(isAsked, file)
    }
  })

  it('can be asked some of their queries', () => {
    const whole = modelOf('exchange.pv', 'classical')
    const model = asking(whole, ['secrecy', 'agreement'])
    const all = queriesOf(whole)
    assert.deepEqual(
      [...queriesOf(model)],
      ['secrecy', 'agreement'].map((name) => [name, all.get(name)]),
    )
    assert.throws(() => asking(model, ['completes']), /has no query completes/)
  })
})

describe('the broken variants', () => {
  it('are at least eight, each refuting a query of the table that holds of the protocol', () => {
    const broken = VARIANTS.filter(({ expected }) => expected === 'false')
    assert.ok(broken.length >= 8)
    for (const { name, file, queries, suite } of VARIANTS)
      for (const query of queries) {
        const property = PROPERTIES.find((p) => p.file === file && p.query === query)
        assert.equal(property?.expected[suite], 'true', `${name}: ${query}`)
      }
  })

  it('each edit what stands in the models exactly once', () => {
    for (const { file, suite, edits } of VARIANTS)
      assert.notDeepEqual(changed(modelOf(file, suite), edits), modelOf(file, suite))
  })

  it('are refused if their text is not there, or there twice', () => {
    const model = modelOf('once.pv', 'classical')
    for (const [file, from] of [
      ['once.pv', 'nothing of the kind'],
      ['once.pv', 'Candidate(a, A, known, e, E, d'],
      ['no.pv', 'a'],
    ] as const)
      assert.throws(() => changed(model, [{ file, from, to: '' }]), /does not have exactly once/)
  })
})

describe('the command', () => {
  const at = folderForEach()

  /** `make prove` of one query, with a ProVerif that says of it what is given; how it ends and what it says. */
  function command(result: string): { status: number | null; said: string } {
    const says = `case "$1" in -help) echo Proverif 2.04.;; *) echo '${result}';; esac`
    fs.writeFileSync(at('proverif'), `#!/bin/sh\n${says}\n`, { mode: 0o755 })
    return run({ PROVERIF: at('proverif'), ONLY: 'one-chunk' })
  }

  function run(env: NodeJS.ProcessEnv): { status: number | null; said: string } {
    const main = path.join(import.meta.dirname, '../prove/main.ts')
    const args = ['--import', './test/loader.js', main]
    const options = { env: { ...process.env, ...env }, encoding: 'utf8' } as const
    const { status, stdout, stderr } = spawnSync(process.execPath, args, options)
    return { status, said: stdout + stderr }
  }

  it('ends with 0 if everything is as expected, and with 1 if something else or nothing is said', () => {
    const query = 'RESULT not event(PictureOpened(k_1,chunk(x_1,end)))'
    assert.equal(command(`${query} is false.`).status, 0)
    for (const [result, found] of [
      [`${query} is true.`, 'never   '],
      ['', 'unknown '],
    ] as const) {
      const { status, said } = command(result)
      assert.equal(status, 1)
      assert.ok(said.includes(`! reached   ${found}`), said)
      assert.match(said, /1 of 1 results are not as expected/)
    }
  })

  it('says how to get a ProVerif where there is none, and ends with 1', () => {
    const { status, said } = run({ PROVERIF: '/no/proverif' })
    assert.equal(status, 1)
    assert.match(said, /^There is no ProVerif at \/no\/proverif: .*opam install proverif.*\n$/)
  })
})

describe('ProVerif', { skip: noProVerif }, () => {
  // the ones that take a second; the rest is for `make prove`
  const short = ['chain.pv', 'stream.pv', 'once.pv']
  const quick = jobs().filter(
    ({ suite, model }) => suite === 'classical' && short.some((file) => model.has(file)),
  )

  it('finds what is expected of the short models and their broken variants', async () => {
    let count = 0
    for await (const [job, run] of runs(proverif, quick)) {
      for (const { query, words, expected } of job.questions)
        assert.equal(run.results.get(query), expected, `${words}\n${run.output}`)
      count++
    }
    assert.equal(count, quick.length)
  })

  it('is not believed where it stops half-way, or the model is wrong', async () => {
    const model = changed(modelOf('stream.pv', 'classical'), [
      { file: 'stream.pv', from: 'process !( new k', to: 'process !( now k' },
    ])
    const { results, output } = await prove(proverif, model)
    assert.match(output, /Error/)
    assert.ok([...results.values()].every((found) => found === 'unknown'))
  })
})
