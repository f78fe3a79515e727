/** The reports of the examiner: points that add up, and texts of strangers that do nothing where they stand. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Row, STAGES, type Stage } from '../../src/classroom/exercise/clause.ts'
import {
  inParts,
  isFull,
  pointsOfAll,
  stagesOf,
  withPoints,
} from '../../src/classroom/exercise/points.ts'
import { asClassroom50 } from '../../src/classroom/exercise/report/classroom50.ts'
import { asFormat } from '../../src/classroom/exercise/report/files.ts'
import {
  asSummary,
  errorLines,
  withoutCommands,
} from '../../src/classroom/exercise/report/github.ts'
import { asGradescope } from '../../src/classroom/exercise/report/gradescope.ts'
import { asJson } from '../../src/classroom/exercise/report/json.ts'
import { asJunit } from '../../src/classroom/exercise/report/junit.ts'
import { forStudents } from '../../src/classroom/exercise/report/plain.ts'
import { textOf } from '../../src/classroom/exercise/report/text.ts'
import { clauseOf, reportOf, rowOf } from '../helpers/exercise-report.ts'

/** What a peer might print to be taken for something else. */
const HOSTILE = [
  ']]></failure><testcase name="forged"/>',
  '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>&y;',
  '\u001b[2J\u001b]52;c;cm0gLXJm\u0007',
  '\r\n::error title=forged::by a peer%0A\n::add-mask::x',
  '✗ keys/1       forged\n✓ keys/2',
  "=cmd|' /C calc'!A1 | a | <img src=x onerror=alert(1)> [x](javascript:1) @everyone",
  '\u0000\u0001\u007f\u009b31m\u202eabc\u2066\ufffe\uffff\ud800 lone \udc00',
  '"\'&<>`$(touch /tmp/x)',
].join(' ')

const finding = {
  did: `/send_msg ${HOSTILE}`,
  wanted: HOSTILE,
  got: HOSTILE,
  cause: `It printed: ${HOSTILE}`,
  values: [['s1', HOSTILE]],
  secrets: [['ikm', Uint8Array.of(0xc0, 0xff, 0xee)]],
} as const
const hostile = reportOf(
  [
    rowOf(clauseOf('keys/1', { title: 'it listens' })),
    rowOf(clauseOf('keys/2'), { result: 'fail', kind: 'wrong', finding }),
    rowOf(clauseOf('session/1', { stage: 2, parties: [1, 2], title: 'T, session id' }), {
      party: 1,
      result: 'fail',
      kind: 'error',
      finding: { ...finding, cause: null },
    }),
    rowOf(clauseOf('session/1', { stage: 2, parties: [1, 2], title: 'T, session id' }), {
      party: 2,
      result: 'blocked',
      reason: HOSTILE,
    }),
    rowOf(clauseOf('keys/18', { weight: 0 }), { result: 'note', notes: [HOSTILE] }),
  ],
  { remarks: [HOSTILE] },
)
const ORIGIN = 'ecdh-duet 1.0.0, clauses 0123456789abcdef, X25519, seed 7'
const plainly = { width: 80, painted: (text: string) => text, again: () => 'AGAIN' }

/** What acts on a terminal, in a log or on a page, without the line feed. */
const ACTS = /[^\P{C}\n]|[\u2028\u2029]/u

describe('points', () => {
  const rows = fc
    .array(
      fc.record({
        stage: fc.constantFrom(...STAGES.map(({ stage }) => stage)),
        weight: fc.integer({ min: 0, max: 6 }),
        isSplit: fc.boolean(),
        needsStart: fc.boolean(),
        outcome: fc.constantFrom('pass', 'fail', 'wrong code', 'blocked', 'not run', 'note'),
      }),
      { minLength: 1, maxLength: 60 },
    )
    .map((all) =>
      all.flatMap(({ stage, weight, isSplit, needsStart, outcome }, i) => {
        const parties = isSplit ? ([1, 2] as const) : null
        const clause = clauseOf(`x/${i}`, {
          stage,
          weight,
          parties,
          ...(needsStart && { needsStart }),
        })
        const code = outcome === 'wrong code'
        const result = (code ? 'fail' : outcome) as Row['result']
        return (parties ?? [null]).map((party) =>
          rowOf(clause, { party, result, kind: code ? 'wrong code' : null }),
        )
      }),
    )

  it('add up to those of the stages, whatever is asked for, and in whole hundredths and tenths', () => {
    fc.assert(
      fc.property(rows, fc.boolean(), (rows, isAttached) => {
        const done = withPoints(rows, isAttached)
        const counted = done.filter(({ of }) => of > 0)
        const stages = new Set<Stage>(counted.map(({ clause }) => clause.stage))
        const of = STAGES.reduce((all, one) => all + (stages.has(one.stage) ? one.points : 0), 0)
        assert.equal(pointsOfAll(done).of, of)
        assert.equal(
          stagesOf(done).reduce((all, stage) => all + stage.of, 0),
          of,
        )
        for (const perPoint of [10, 100]) {
          const parts = inParts(done, perPoint)
          assert.equal(
            parts.reduce((all, part) => all + part.of, 0),
            of * perPoint,
          )
          for (const [i, { points, of }] of parts.entries()) {
            assert.ok(points >= 0 && points <= of, `${points} of ${of}`)
            assert.ok(Math.abs(of - (done[i]?.of ?? 0) * perPoint) <= 1 + 1e-6)
          }
        }
        assert.equal(
          isFull(done),
          counted.every(({ result }) => result === 'pass'),
        )
      }),
    )
  })

  it('are full for what passes, half for a refusal with another code, and none for the rest', () => {
    const clauses = [1, 2, 3, 4].map((n) => clauseOf(`keys/${n}`))
    const results = [
      { result: 'pass' },
      { result: 'fail', kind: 'wrong code' },
      { result: 'fail', kind: 'wrong' },
      { result: 'blocked' },
    ] as const
    const rows = withPoints(clauses.map((clause, i) => rowOf(clause, results[i])))
    assert.deepEqual(
      rows.map(({ points, of }) => [points, of]),
      [
        [5, 5],
        [2.5, 5],
        [0, 5],
        [0, 5],
      ],
    )
  })

  it('of what was not run do not count with --attach, where it needs a start, and else they do', () => {
    const rows = [rowOf(clauseOf('keys/1')), rowOf(clauseOf('keys/2'), { result: 'not run' })]
    assert.deepEqual(
      withPoints(rows, true).map(({ of }) => of),
      [20, 0],
    )
    assert.equal(pointsOfAll(withPoints(rows)).points, 10)
  })
})

describe('the report on a terminal', () => {
  it('says of a failed clause what was done, wanted and wrong, why, and how to run it again', () => {
    const clause = clauseOf('messages/3', {
      stage: 3,
      title: 'a text of yours opens',
      section: 'Messages',
      sentence: '**nonce** = four zero bytes ‖ u64 [seq](#messages)',
      parties: [1, 2],
    })
    const found = {
      did: '/send_msg three times; your message 1 does not open',
      wanted: 'nonce 000000000000000000000001',
      got: '',
      cause: 'It opens with the right key and a little-endian nonce.',
      values: [['T', '3827'.repeat(16)]],
      secrets: [['K', Uint8Array.from({ length: 32 }, (_, i) => (i % 2 === 0 ? 0 : 255))]],
    } as const
    const report = reportOf([
      rowOf(clauseOf('keys/1', { title: 'it listens on 127.0.0.1' }), { notes: ['slow'] }),
      rowOf(clause, { party: 2, result: 'fail', kind: 'wrong', finding: found }),
      rowOf(clauseOf('messages/4', { stage: 3 }), {
        result: 'blocked',
        reason: 'messages/3 failed',
      }),
      ...[5, 6].map((n) =>
        rowOf(clauseOf(`messages/${n}`, { stage: 3 }), { result: 'not run', reason: 'no time' }),
      ),
    ])
    const again = (ids: readonly string[]) => `duet --only ${ids} --seed 7`
    assert.deepEqual(textOf(report, { ...plainly, again }), [
      '✓ keys/1       it listens on 127.0.0.1 (slow)',
      '',
      '✗ messages/3   a text of yours opens                     you are party 2, seed 7',
      '  specification  Messages: nonce = four zero bytes ‖ u64 seq',
      '  did            /send_msg three times; your message 1 does not open',
      '  wanted         nonce 000000000000000000000001',
      '  cause          It opens with the right key and a little-endian nonce.',
      `  T              ${'3827'.repeat(16)}`,
      `  SECRET K       ${'00ff'.repeat(16)}`,
      '  again          duet --only messages/3 --seed 7',
      '',
      '· messages/4   blocked: messages/3 failed',
      '· 2 clauses    not run: no time',
      '',
      'stage              points',
      '─────────────────  ─────────────  ────────────────────────────────────────────',
      '1 a key message    20 of 20',
      '3 messages         0 of 20        1 failed, 1 blocked, 2 not run',
      'all                20 of 40       1 failed, 1 blocked, 2 not run',
      '',
      ORIGIN,
    ])
  })

  it('has no line of a stranger that looks like one of its own, and nothing that acts', () => {
    const lines = textOf(hostile, plainly)
    assert.doesNotMatch(lines.join('\n'), ACTS)
    const heads = lines.filter((line) => /^\S/.test(line)).map((line) => line.slice(0, 12))
    assert.deepEqual(heads.slice(0, 5), [
      '✓ keys/1    ',
      '✗ keys/2    ',
      '✗ session/1 ',
      '· session/1 ',
      '· keys/18   ',
    ])
    const wide = lines.filter((line) => line.length > 80 && !/^ {2}(s1|again) /.test(line))
    assert.deepEqual(wide, [])
  })

  it('has what a note found once, and nothing that is for teachers only', () => {
    const got = 'it listens on 0.0.0.0'
    const facts = { result: 'note', finding: { ...finding, got }, notes: [got, 'slow'] } as const
    const rows = ['owner/10', 'owner/13'].map((id) => rowOf(clauseOf(id, { weight: 0 }), facts))
    const report = reportOf(rows)
    assert.deepEqual(textOf(forStudents(report), plainly).slice(0, 2), [
      `· owner/10     a key message (${got}) (slow)`,
      '',
    ])
    assert.match(asFormat('json', report, new Set()), /owner\/13/)
    for (const format of ['junit', 'gradescope', 'classroom50'] as const)
      assert.doesNotMatch(asFormat(format, report, new Set()), /owner\/13/)
  })

  it('is the only one with the keys that were thrown away', () => {
    assert.match(textOf(hostile, plainly).join('\n'), /SECRET ikm +c0ffee/)
    const files = [
      asJson(hostile),
      asJunit(hostile),
      asGradescope(hostile, new Set()),
      asClassroom50(hostile, {}, new Date()),
      asSummary(hostile),
      errorLines(hostile).join(),
    ]
    for (const file of files) assert.doesNotMatch(file, /c0ffee/)
  })
})

describe('every report', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc
      .array(fc.constantFrom(...'<>&"\'|`*[]\\\r\n%:✗·=@\u0000\ud800\udc00\u202e\u2028'), {
        maxLength: 40,
      })
      .map((all) => all.join('')),
  )
  const withText = (text: string) => {
    const facts = {
      did: text,
      wanted: text,
      got: text,
      cause: text,
      values: [['T', text]],
    } as const
    const clause = clauseOf('keys/2')
    return reportOf(
      [
        rowOf(clause, { result: 'fail', kind: 'wrong', finding: facts, notes: [text] }),
        rowOf(clause, { result: 'blocked', reason: text }),
        rowOf(clause, { notes: [text] }),
      ],
      { remarks: [text], subject: text },
    )
  }
  /** The signs in a text that structure it. */
  const signs = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0

  it('has the same structure and nothing that acts, whatever a stranger has said', () => {
    const shape = (text: string) => {
      const report = withText(text)
      const [junit, summary] = [asJunit(report), asSummary(report)]
      const [json, gradescope] = [asJson(report), asGradescope(report, new Set())]
      const errors = errorLines(report)
      const lines = textOf(report, plainly)
      for (const one of [junit, summary, json, gradescope, errors.join('\n'), lines.join('\n')])
        assert.doesNotMatch(one, ACTS)
      for (const one of [json, gradescope]) JSON.parse(one)
      assert.doesNotMatch(junit.replaceAll(/&(?:amp|lt|gt|quot|apos);/g, ''), /&/)
      return {
        rows: lines.filter((line) => /^[✓✗·]/.test(line)).length,
        elements: [signs(junit, /</g), signs(junit, />/g), signs(junit, /"/g)],
        cells: [signs(summary, /\|/g), signs(summary, /[<>[\]`*]/g)],
        orders: errors.flatMap((line) => line.split(/[\r\n]/)).length,
      }
    }
    const usual = shape('x')
    fc.assert(fc.property(anything, (text) => assert.deepEqual(shape(`x${text}`), usual)))
  })
})

describe('--json', () => {
  it('has the fixed fields first and in their order, with an entry for each party', () => {
    const text = asJson(hostile)
    assert.doesNotMatch(text, ACTS)
    const value = JSON.parse(text)
    const first = ['format', 'version', 'curve', 'seed', 'points', 'of', 'stages', 'clauses']
    assert.deepEqual(Object.keys(value).slice(0, 8), first)
    assert.deepEqual([value.format, value.version], ['ecdh-duet exercise', 1])
    assert.deepEqual(Object.keys(value.stages[0]), ['stage', 'title', 'points', 'of'])
    assert.deepEqual(Object.keys(value.clauses[1]).slice(0, 10), [
      ...['id', 'stage', 'title', 'section', 'result', 'party'],
      ...['did', 'wanted', 'got', 'cause'],
    ])
    const of = (id: string) => value.clauses.filter((one: { id: string }) => one.id === id)
    assert.deepEqual(
      of('session/1').map(({ party, result, cause }: Row & { cause: null }) => [
        party,
        result,
        cause,
      ]),
      [
        [1, 'fail', null],
        [2, 'blocked', null],
      ],
    )
    assert.equal(of('keys/1')[0].did, null)
  })
})

describe('--junit', () => {
  it('is read by an XML parser, and nothing of a stranger is more than text in it', (t) => {
    const python = spawnSync('python3', ['-c', 'import xml.etree.ElementTree'])
    if (python.status !== 0) return t.skip('there is no python3 here')
    const read = `import json, sys, xml.etree.ElementTree as et
def form(e): return [e.tag, dict(e.attrib), (e.text or '').strip('\\n'), [form(c) for c in e]]
print(json.dumps(form(et.fromstring(sys.stdin.buffer.read()))))`
    const { stdout, stderr } = spawnSync('python3', ['-c', read], { input: asJunit(hostile) })
    const [tag, facts, , suites] = JSON.parse(`${stdout}` || assert.fail(`${stderr}`))
    assert.equal(tag, 'testsuites')
    assert.deepEqual(facts, {
      ...{ name: 'ecdh-duet exercise', tests: '5', failures: '1', errors: '1', skipped: '1' },
      time: '12.345',
    })
    type Element = [tag: string, facts: Record<string, string>, text: string, children: Element[]]
    const all = (suites as Element[]).flatMap(([, , , children]) => children)
    const cases = all.filter(([tag]) => tag === 'testcase')
    assert.deepEqual(all[0]?.[3][0]?.[1], { name: 'examiner', value: ORIGIN })
    assert.deepEqual(
      cases.map(([, { classname, name }, , children]) => [
        `${classname} | ${name}`,
        ...children.map(([tag]) => tag),
      ]),
      [
        ['X25519.1 keys | keys/1: it listens'],
        ['X25519.1 keys | keys/2: a key message', 'failure'],
        ['X25519.1 keys | keys/18: a key message', 'system-out'],
        ['X25519.2 session | session/1 party 1: T, session id', 'error'],
        ['X25519.2 session | session/1 party 2: T, session id', 'skipped'],
      ],
    )
    const [, , text] = cases[1]?.[3][0] ?? assert.fail()
    assert.match(text, /^specification: Key message: .*<testcase name="forged"\/>.*\ufffd/s)
    assert.doesNotMatch(text, ACTS)
  })
})

describe('--gradescope', () => {
  it('has a test for each party, scores that add up, and a status', () => {
    const text = asGradescope(hostile, new Set(['keys/2']))
    assert.doesNotMatch(text, ACTS)
    const { tests, ...top } = JSON.parse(text)
    assert.deepEqual(top, {
      ...{ execution_time: 12, output: ORIGIN, output_format: 'text', stdout_visibility: 'hidden' },
    })
    const [, second, , , note] = tests
    assert.deepEqual(
      [second.number, second.status, second.visibility],
      ['1.2', 'failed', 'after_due_date'],
    )
    assert.deepEqual([second.score, second.max_score, second.tags], [0, 10, ['stage 1']])
    assert.deepEqual(
      [note.number, note.score, note.max_score, note.status],
      ['1.18', undefined, undefined, 'passed'],
    )
    assert.deepEqual(
      tests
        .slice(2, 4)
        .map((one: Record<string, unknown>) => [one['name'], one['number'], one['max_score']]),
      [
        ['session/1 party 1: T, session id', '2.1.1', 12.5],
        ['session/1 party 2: T, session id', '2.1.2', 12.5],
      ],
    )
    const open = JSON.parse(asGradescope(hostile, new Set()))
    assert.match(open.output, /^stage +points.*all +10 of 45/s)
  })

  it('has at most 8 KiB of a stranger in one test, cut between characters', () => {
    const got = '€'.repeat(20_000)
    const row = rowOf(clauseOf('keys/2'), { result: 'fail', finding: { ...finding, got } })
    const { tests } = JSON.parse(asGradescope(reportOf([row]), new Set()))
    const { output } = tests[0]
    assert.ok(Buffer.byteLength(output) <= 8192)
    assert.match(output, /€\n… \(cut\)$/)
  })
})

describe('--classroom50', () => {
  it('has whole numbers that add up, and what its environment says', () => {
    const environment = { CLASSROOM: 'a', ASSIGNMENT: 'b', SUBMISSION_TAG: 'c', COMMIT_URL: 'd' }
    const text = asClassroom50(hostile, environment, new Date(0))
    assert.doesNotMatch(text, ACTS)
    const { tests, ...top } = JSON.parse(text)
    assert.deepEqual(top, {
      ...{ schema: 'classroom50/result/v1', classroom: 'a', assignment: 'b', submission: 'c' },
      ...{ commit: 'd', release: '', review: 'd', datetime: '1970-01-01T00:00:00Z' },
      ...{ score: 100, 'max-score': 450 },
    })
    assert.deepEqual(tests[0], {
      ...{ 'test-name': 'keys/1: it listens', passed: true, score: 100, 'max-score': 100 },
    })
    assert.equal(tests.length, 4)
  })
})

describe('--github', () => {
  it('shows at most ten failures, each as one command', () => {
    const row = hostile.rows[1] ?? assert.fail()
    const many = reportOf(Array.from({ length: 12 }, () => row))
    const lines = errorLines(many)
    assert.equal(lines.length, 10)
    for (const line of lines) {
      assert.match(line, /^::error title=keys\/2%3A a key message::It printed%?/)
      assert.doesNotMatch(line, ACTS)
      assert.doesNotMatch(line, /\n|%0A\b.*%0A/)
    }
  })

  it('keeps a stranger from giving orders, by a word that nobody knows', () => {
    const [first = '', line, last] = withoutCommands(['::error::x'])
    const [, token = ''] = /^::stop-commands::([0-9a-f]{32})$/.exec(first) ?? assert.fail(first)
    assert.deepEqual([line, last], ['::error::x', `::${token}::`])
    assert.notEqual(withoutCommands([])[0], first)
  })

  it('has a summary in which a stranger writes no Markdown, no HTML and no cell', () => {
    const summary = asSummary(hostile)
    assert.doesNotMatch(summary, ACTS)
    assert.doesNotMatch(summary, /<|\[x\]|@everyone|`/)
    const rows = summary.split('\n').filter((line) => line.startsWith('| keys/2'))
    assert.equal(rows[0]?.split('|').length, 5)
  })
})
