/** What `check` says of honest people: nothing wrong, whatever strangers and the network do; and of what hides among that. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SUITES } from '../../src/protocol/suites.ts'
import { annotatedProblem } from '../../src/wirelog/forms.ts'
import { honestRun, runs, type Step } from '../helpers/honest.ts'
import { assertGood, changed, type Json, reportsOf } from '../helpers/transcripts.ts'
import { turnedAt } from '../helpers/wrong-transcripts.ts'

const SLOW = process.env['SLOW'] === '1'
const A = 0
const B = 1

/** The transcripts of a run of these steps, at last of a and b. `pick`: 0 unless it is given. */
function after(...steps: [Step['do'], side?: 0 | 1, pick?: number][]): string[] {
  return honestRun(
    SUITES.X25519,
    steps.map(([kind, side = A, pick = 0]) => ({ do: kind, side, pick })),
  )
}

describe('check, of honest peers among strangers', () => {
  for (const [suite, numRuns] of [
    [SUITES.X25519, SLOW ? 17_000 : 100],
    [SUITES.X25519MLKEM768, SLOW ? 3_000 : 15],
  ] as const)
    it(`calls nothing bad in ${numRuns} random runs on ${suite.name}`, (t) => {
      const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
      t.diagnostic(`SEED=${seed}`)
      fc.assert(
        fc.property(runs, ({ resends, steps }) => {
          assertGood(honestRun(suite, steps, resends))
        }),
        { numRuns, seed },
      )
    })

  it('calls nothing bad where strangers send more keys than are kept, between those of the other side', () => {
    const texts = after(
      ['send keys', B],
      ['settle'],
      ['strangers', A, 0],
      ['send keys', B],
      ['settle'],
      ['send keys', A],
      ['talk', A, 3],
      ['strangers', A, 0],
      ['agree'],
      ['talk', A, 3],
    )
    assertGood(texts)
    assert.equal(reportsOf(texts)[0]?.pairs.length, 1)
  })

  it('calls nothing bad where keys overtook a picture, or a text of before was sent again', () => {
    const overtaken = after(
      ['agree'],
      ['send keys'],
      ['send a picture', B],
      ['send keys', B],
      // the keys of a, then those of b
      ['deliver'],
      ['deliver', A, 1],
      ['nonsense'],
      ['agree'],
      ['agree'],
      ['talk', A, 19],
    )
    assertGood(overtaken)
    const again = after(
      ['agree'],
      ['send a text'],
      ['deliver'],
      ['lose one'],
      ['send keys', B],
      ['take a transcript', B],
      ['agree'],
      ['talk', A, 26],
    )
    assertGood(again)
  })

  it('remarks that two are apart, and says nothing worse', () => {
    const texts = after(
      ['agree'],
      ['talk', A, 2],
      ['send keys', A],
      ['settle'],
      ['send keys', B],
      // the answer, with which b would have the session that a has by now
      ['deliver'],
      ['lose one'],
    )
    const reports = reportsOf(texts)
    assert.notEqual(reports[0]?.facts?.session, reports[1]?.facts?.session)
    for (const { wrong, remarks } of reports) {
      assert.deepEqual(wrong, [])
      assert.match(String(remarks), /^a pair with .*: the two were apart, as lost requests can/)
    }
  })

  it('counts a text once that was sent again as it was sealed, and finds another one under its number', () => {
    const texts = after(
      ['agree'],
      ['send a text'],
      // its answer, then the request itself
      ['deliver'],
      ['lose one'],
      ['send a text'],
      ['lose one'],
      ['send a text'],
      ['settle'],
      // a copy overtakes it
      ['send a text'],
      ['copy'],
      ['deliver', A, 1],
      ['settle'],
      ['send a text'],
      ['settle'],
    )
    const reports = reportsOf(texts)
    for (const { wrong } of reports) assert.deepEqual(wrong, [])
    const [a, b] = reports
    assert.deepEqual([a?.facts?.messages.sent, b?.facts?.messages.received], [3, 3])
    const bad = changed(texts[0] ?? '', ({ events }) => {
      const sent = events.filter(
        ({ form, way }: Json) => form === 'sealed message' && way === 'sent',
      )
      assert.equal(sent.length, 5)
      const ciphertext = sent[1].parts.find(({ field }: Json) => field === 'ciphertext')
      ciphertext.text = turnedAt(ciphertext.text, 0)
    })
    const [report] = reportsOf([bad])
    assert.ok(report?.wrong.some(({ code }) => code === 'bad_numbers'))
  })

  it('has the keys of the session where copies of a key came, and then many others', () => {
    const texts = after(
      ['send keys', B],
      ['settle'],
      ['replay'],
      ['send keys', A],
      ['settle'],
      ['strangers', A, 0],
      ['show', A, 0],
      ['talk', A, 44],
      ['show', A, 0],
      ['talk', A, 44],
    )
    const reports = reportsOf(texts)
    for (const { wrong, facts } of reports) {
      assert.deepEqual(wrong, [])
      assert.equal(facts?.isCut, false)
      assert.ok((facts?.from ?? 0) > 100)
    }
  })
})

describe('check, of what hides behind strangers and a bad network', () => {
  const texts = after(
    ['strangers', A, 0],
    ['agree'],
    ['talk', A, 3],
    ['send a picture', B],
    ['settle'],
    ['agree', B],
    ['talk', A, 4],
    ['strangers', B, 1],
    ['send a text'],
    ['settle'],
  )
  const ofForm = ({ events }: Json, form: string, way: string) =>
    events.filter((event: Json) => event.form === form && event.way === way)
  const answerTo = ({ events }: Json, { n }: Json) => events.find(({ to }: Json) => to === n)
  const partOf = ({ parts }: Json, field: string) =>
    parts.find((part: Json) => part.field === field)
  /** Takes these out as if they had never been. */
  const remove = (t: Json, ...gone: Json[]) => {
    const anew = new Map<number, number>()
    t.events = t.events.filter((event: Json) => !gone.includes(event))
    for (const event of t.events) {
      anew.set(event.n, anew.size + 1)
      event.n = anew.get(event.n)
      if (event.to !== undefined) event.to = anew.get(event.to)
    }
  }
  const changes: [what: string, side: 0 | 1, change: (t: Json) => unknown][] = [
    [
      'a key of the other side that is said to be of a stranger',
      B,
      (t) => {
        const [stranger] = ofForm(t, 'key message', 'received').slice(-1)
        const [first] = ofForm(t, 'key message', 'received')
        first.parts = stranger.parts
        first.bytes = stranger.bytes
      },
    ],
    [
      'a message of the other side that is gone with its answer',
      B,
      (t) => {
        const message = ofForm(t, 'sealed message', 'received').at(-1)
        t.state.session.received--
        remove(t, message, answerTo(t, message))
      },
    ],
    [
      'a message that was never sent, and is said to have come before',
      A,
      (t) => {
        const message = ofForm(t, 'sealed message', 'sent')[2]
        const answer = answerTo(t, message)
        const [request, refusal] = structuredClone([message, answer])
        const [seq, ciphertext] = ['seq', 'ciphertext'].map((field) => partOf(request, field))
        seq.text = '3'
        ciphertext.text = turnedAt(ciphertext.text, 0)
        const body = '{"status":409,"code":"replay","title":"","detail":"","next":""}'
        const parts = annotatedProblem.cut(Buffer.from(body))
        const is = { status: 409, code: 'replay', bytes: body.length, form: 'refusal', parts }
        const end = answer.n
        for (const event of t.events) {
          if (event.n > end) event.n += 2
          if (event.to > end) event.to += 2
        }
        Object.assign(request, { n: end + 1 })
        Object.assign(refusal, is, { n: end + 2, to: end + 1 })
        t.events.splice(t.events.indexOf(answer) + 1, 0, request, refusal)
      },
    ],
    [
      'a session that is said to have been left for the one before',
      A,
      (t) => {
        const [first] = ofForm(t, 'sealed message', 'sent')
        t.state.session = { id: partOf(first, 'session').text, sent: 3, received: 3 }
      },
    ],
  ]
  it('is good as it is', () => assertGood(texts))
  for (const [what, side, change] of changes)
    it(`finds ${what}`, () => {
      const bad = texts.map((text, i) => (i === side ? changed(text, change) : text))
      const wrong = reportsOf(bad).map(({ wrong }) => wrong.map(({ code }) => code))
      assert.notDeepEqual(wrong.flat(), [])
      // what is good by itself is found beside the other side's, and told of both
      if (wrong[side]?.every((code) => code === 'bad_pair'))
        assert.notDeepEqual(wrong[1 - side], [])
    })
})
