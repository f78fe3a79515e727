/** What `check` says of a transcript: a real one, one that somebody changed, and one of a long run. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compare } from '../../src/classroom/transcript/compare.ts'
import { bytesToHex, hexToBytes } from '../../src/protocol/bytes.ts'
import { KeyPair, X25519 } from '../../src/protocol/curves.ts'
import { transcriptOf } from '../../src/protocol/keySchedule.ts'
import { safetyNumber } from '../../src/protocol/safetyNumber.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { annotatedProblem } from '../../src/wirelog/forms.ts'
import { badForms, stranger } from '../helpers/bad-input.ts'
import { post } from '../helpers/call.ts'
import {
  assertGood,
  asVersion1,
  changed,
  checkedAs,
  hexIn,
  isHidden,
  type Json,
  oneRun,
  reportsOf,
  runOn,
  scripted,
  transcriptsOf,
  wholeRound,
  wrongIn,
} from '../helpers/transcripts.ts'
import { agree, type TestPeer } from '../helpers/with-peers.ts'
import { turnedAt, wrongInOneWay } from '../helpers/wrong-transcripts.ts'
import { keyForm } from '../independent/forms.ts'
import { INDEPENDENT_SUITES } from '../independent/suites.ts'

const SLOW = process.env['SLOW'] === '1'
const suites = Object.values(SUITES)
/** Where in a field a digit is changed: at its beginning, in its middle, at its end. */
const SHARES = [0, 0.5, 0.999]

for (const suite of suites)
  describe(`check, on ${suite.name}`, () => {
    it('finds the transcripts of both sides good, and to be a pair', async () => {
      const reports = reportsOf(await oneRun(suite))
      assert.deepEqual(
        reports.map(({ wrong }) => wrong),
        [[], []],
      )
      const [a, b] = reports
      assert.deepEqual(a?.pairs, [b?.file])
      assert.deepEqual(b?.pairs, [a?.file])
      assert.equal(a?.facts?.session, b?.facts?.session)
      assert.deepEqual(a?.facts?.messages, { sent: 3, received: 0 })
      assert.deepEqual(b?.facts?.messages, { sent: 0, received: 3 })
      assert.deepEqual(a?.facts?.pictures, { sent: 0, received: 2 })
      assert.deepEqual(b?.facts?.pictures, { sent: 2, received: 0 })
      assert.match(String(a?.remarks), /^a pair with .*: the same session, 9 requests the same/)
    })

    it('finds those good that honest peers give, whatever steps they ran and however these overlapped', () => {
      const step = fc.constantFrom(
        '/send_keys',
        '/send_keys',
        '/send_msg',
        '/send_msg',
        '/decrypt_msg',
        '/send_image',
        '/show',
      )
      const plan = fc.array(fc.tuple(fc.boolean(), step, fc.boolean()), {
        minLength: 10,
        maxLength: 40,
      })
      return fc.assert(
        fc.asyncProperty(plan, async (steps) => {
          const texts = await runOn(suite, async (a, b) => {
            const asked: Promise<unknown>[] = []
            for (const [ofA, path, waits] of steps) {
              asked.push((ofA ? a : b).call(path))
              if (waits) await asked.at(-1)
            }
            await Promise.all(asked)
          })
          assertGood(texts)
        }),
        { numRuns: SLOW ? 60 : suite.kem ? 2 : 1, endOnFailure: true },
      )
    })

    it('finds every digit that is another one, but for what follows from secrets alone', async () => {
      const texts = await oneRun(suite)
      const good = texts.map((text, side) => checkedAs(`${side}.json`, text))
      for (const [side, text] of texts.entries()) {
        // what differs from suite to suite is in the transcript of either side
        if (side === 1 && suite !== SUITES.X25519 && !SLOW) continue
        const transcript = JSON.parse(text)
        const other = good[1 - side]
        assert.ok(other)
        for (const [i, place] of [...hexIn(transcript)].entries())
          for (const share of SLOW ? SHARES : [SHARES[i % 3] ?? 0]) {
            const holder = place.slice(0, -1).reduce((at, name) => at[name], transcript)
            const name = place.at(-1) ?? ''
            const value = holder[name]
            holder[name] = turnedAt(value, Math.floor(share * value.length))
            const bad = checkedAs('bad.json', JSON.stringify(transcript))
            holder[name] = value
            const what = `${place.join('.')} of side ${side}, ${share}`
            if (!isHidden(transcript, place)) assert.ok(bad.wrong.length > 0, what)
            const wrong = compare([bad, other]).flatMap(({ wrong }) => wrong)
            // beside the other side's nothing is hidden but which run it was
            if (place[0] !== 'run') assert.ok(wrong.length > 0, `${what}, beside the other`)
          }
      }
    })

    // P-256 has points of its own, and no other rules
    const isOfKeys = (code: string) => code === 'bad_keys' || code === 'bad_session'
    const ways = wrongInOneWay(suite).filter(
      ([, code]) => SLOW || suite !== SUITES['P-256'] || isOfKeys(code),
    )
    for (const [what, code, change] of ways)
      it(`finds ${what}`, async () => {
        const [text] = await oneRun(suite)
        const [report] = reportsOf([changed(text, change)])
        const codes = report?.wrong.map(({ code }) => code)
        assert.ok(codes?.includes(code), JSON.stringify(report?.wrong))
      })

    it('says what the documented script says, of good ones and of each that is wrong in one way', async () => {
      const texts = await oneRun(suite)
      const bad = ways.map(([, , change]) => changed(texts[0], change))
      const [one, two, ...others] = scripted([...texts, ...bad])
      assert.deepEqual([one?.status, two?.status], [0, 0])
      // the script is to be read by students, and looks at less: never does it find what `check` lets pass
      for (const [i, [what, , , byScript]] of ways.entries())
        assert.equal(others[i]?.status, byScript ? 1 : 0, `${what}: ${others[i]?.output}`)
      assert.ok(ways.filter(([, , , byScript]) => byScript).length >= 3)
    })
  })

describe('check, of transcripts that an older version of the program has made', () => {
  const read = (side: string) =>
    fs.readFileSync(new URL(`../vectors/transcript-1-${side}.json`, import.meta.url), 'utf8')
  const texts = [read('a'), read('b')] as const

  it('finds those of version 1 good, and to be a pair', () => {
    assertGood(texts)
    const [a] = reportsOf(texts)
    assert.equal(a?.pairs.length, 1)
    assert.deepEqual(a?.facts?.messages, { sent: 3, received: 0 })
  })

  it('finds in them what it finds in others', () => {
    const fields = wrongInOneWay(SUITES.X25519)
    for (const [what, code, change] of fields) {
      const codes = reportsOf([changed(texts[0], change)])[0]?.wrong.map(({ code }) => code)
      assert.ok(codes?.includes(code), what)
    }
  })

  it('takes no field in them that came later, and none from them that was there', () => {
    const [text] = texts
    const changes: ((t: Json) => unknown)[] = [
      (t) => Object.assign(t, { from: 1 }),
      ({ state }) => Object.assign(state, { inDoubt: null }),
      (t) => Object.assign(t, { version: 2 }),
      (t) => delete t.dropped,
    ]
    for (const change of changes)
      assert.deepEqual(
        reportsOf([changed(text, change)])[0]?.wrong.map(({ code }) => code),
        ['bad_form'],
      )
  })
})

describe('check, of messages that never came', () => {
  it('remarks them where the answer to the next one says so, and finds them where it does not', async () => {
    const [, text] = await oneRun(SUITES.X25519)
    const value = (event: Json, field: string) =>
      event.parts.find((part: Json) => part.field === field)
    const lost = (missing: string) =>
      changed(text, ({ events, state }) => {
        const last = events.findLast(({ form }: Json) => form === 'sealed message')
        value(last, 'seq').text = '3'
        value(
          events.find(({ to }: Json) => to === last.n),
          'missing',
        ).text = missing
        state.waiting.at(-1).seq = 3
      })
    const [report] = reportsOf([lost('2')])
    assert.deepEqual(report?.wrong, [])
    assert.match(String(report?.remarks), /^2 messages of session [0-9a-f]{8} never came$/)
    assert.match(
      String(wrongIn(lost('1'))),
      /messages 1 to 2 are not in here; its answer says that 1 are/,
    )
  })
})

describe('check, of what somebody else has sent', () => {
  it('takes any status of an answer, and any spelling of a code', async () => {
    const [text] = await oneRun(SUITES.X25519)
    const problem = String.raw`{"status":409,"code":"repl\u0061y","title":"","detail":"","next":""}`
    const parts = annotatedProblem.cut(Buffer.from(problem))
    const answers = [
      { status: 999, code: null, bytes: 2, form: null, parts: [] },
      { status: 0, code: null, bytes: 2, form: null, parts: [] },
      { status: 409, code: 'replay', bytes: problem.length, form: 'refusal', parts },
    ]
    for (const answer of answers) {
      const answered = changed(text, ({ events }) => {
        const last = (event: Json) =>
          event.form === 'answer to a sealed message' && event.way === 'received'
        Object.assign(events.findLast(last), answer)
      })
      assert.deepEqual(wrongIn(answered), [], `${answer.status}`)
    }
  })

  it('calls nothing wrong that an answer says, and that its receiver has refused', async () => {
    for (const suite of [SUITES.X25519, SUITES.X25519MLKEM768]) {
      const [text] = await oneRun(suite)
      const refused = changed(text, ({ events }) => {
        const [, answer] = events.filter(
          ({ form, way }: Json) => form === 'answer to a key message' && way === 'received',
        )
        const tag = answer.parts.find(({ field }: Json) => field === 'confirm.tag')
        tag.text = turnedAt(tag.text, 9)
      })
      assert.deepEqual(wrongIn(refused), [])
    }
  })

  it('finds a request that was taken, and that is in no form of the protocol', async () => {
    const [, text] = await oneRun(SUITES.X25519)
    const isTaken = ({ type, way }: Json) => type === 'request' && way === 'received'
    const count = JSON.parse(text).events.filter(isTaken).length
    assert.ok(count >= 5)
    for (let i = 0; i < count; i++) {
      const bad = changed(text, ({ events }) => {
        Object.assign(events.filter(isTaken)[i], { form: null, parts: [] })
      })
      assert.match(String(wrongIn(bad)), /It takes record \d+, which is in no form of the protocol/)
    }
  })
})

/** Both transcripts of a run that was long, and those after other keys. */
async function longRun(): Promise<Record<'long' | 'anew', [string, string]>> {
  let long: string[] = []
  const talk = async (a: TestPeer, b: TestPeer, rounds: number) => {
    for (let i = 0; i < rounds; i++) {
      await a.call('/send_msg')
      await b.call('/send_msg')
      if (i % 20 === 19) for (const peer of [a, b]) await peer.call('/decrypt_msg')
    }
  }
  const anew = await runOn(SUITES.X25519MLKEM768, async (a, b) => {
    await agree(a, b)
    await talk(a, b, 50)
    long = await transcriptsOf(a, b)
    await agree(a, b)
    await talk(a, b, 2)
  })
  return { long: long as [string, string], anew }
}

describe('check, of a run that was long', () => {
  const run = longRun()
  const sent = (t: Json) =>
    t.events.filter(({ form, way }: Json) => form === 'sealed message' && way === 'sent')
  const seq = (event: Json) => event.parts.find(({ field }: Json) => field === 'seq')
  /** Each leaves something to be found, whether the keys are there or not. */
  const changes: ((t: Json) => unknown)[] = [
    (t) => {
      seq(sent(t)[5]).text = '99'
    },
    (t) => t.events.splice(50, 1),
    (t) => t.dropped--,
    (t) => sent(t)[5].parts.pop(),
    (t) => {
      t.events.splice(0, 1)
      t.dropped++
    },
  ]
  const posing = ({ state }: Json) => {
    const other = new KeyPair(X25519).publicKey
    state.identity = bytesToHex(other)
    state.safetyNumber = safetyNumber(X25519, other, hexToBytes(state.peer.identity))
  }

  it('has the keys of its session, however long it was, and checks all that follows from them', async () => {
    const { long: texts } = await run
    for (const { wrong, remarks, facts, pairs } of reportsOf(texts)) {
      assert.deepEqual([wrong, facts?.isCut, pairs.length], [[], false, 1])
      assert.match(
        String(remarks),
        /^of its first \d+ records only those of the last keys are in it,/,
      )
    }
    const [text] = texts
    const later: typeof changes = [
      ({ state }) => {
        state.session.id = turnedAt(state.session.id, 3)
      },
      ({ state }) => state.session.sent++,
      ({ state }) => {
        state.session.received = seq(sent(JSON.parse(texts[1]))[0]).text - 1
      },
      ({ state }) => {
        state.inDoubt = { session: state.session.id, seq: state.session.sent - 1 }
      },
      posing,
      // what stays is at most so much, and no step; and nothing says that more gave way than did
      (t) => t.from--,
      (t) => t.from++,
      (t) => {
        t.events[0] = { ...t.events.find(({ type }: Json) => type === 'step'), n: 1 }
      },
      (t) => {
        t.from += 10
        t.dropped += 10
        t.events.splice(8, 10)
      },
    ]
    for (const [i, change] of [...changes, ...later].entries())
      assert.notDeepEqual(wrongIn(changed(text, change)), [], `${i}`)
  })

  it('says of version 1 that its beginning is cut, and calls nothing wrong that follows from that', async () => {
    const texts = (await run).long.map(asVersion1)
    for (const { wrong, remarks, facts, pairs } of reportsOf(texts)) {
      assert.deepEqual([wrong, facts?.isCut, pairs.length], [[], true, 1])
      assert.match(
        String(remarks),
        /^cut: its first \d+ records .*keys of its session are not in it/,
      )
    }
    const [text = '', other = ''] = texts
    const copied = changed(text, (t) => {
      t.run = turnedAt(t.run, 0)
    })
    // also without its keys
    for (const { wrong } of reportsOf([text, copied]))
      assert.deepEqual([...new Set(wrong.map(({ code }) => code))], ['copy'])
    for (const change of changes) assert.notDeepEqual(wrongIn(changed(text, change)), [])
    // what nothing behind the cut says any more, the other side does
    const posed = changed(text, posing)
    assert.deepEqual(wrongIn(posed), [])
    const beside = reportsOf([posed, other]).map(({ wrong }) => wrong.map(({ text }) => text))
    for (const texts of beside)
      assert.match(String(texts), /^Its identities are not those of .*, the other side\.$/)
  })

  it('checks the session all the same where its keys came late', async () => {
    const { anew: texts } = await run
    assertGood(texts)
    assertGood(texts.map(asVersion1))
    const turn = ({ state }: Json) => {
      state.session.id = turnedAt(state.session.id, 3)
    }
    assert.match(String(wrongIn(changed(texts[0], turn))), /no two shares in here give its id/)
    // in version 1 an id of which nobody has the keys any more can be any
    const [one = ''] = texts.map(asVersion1)
    const bad = changed(one, turn)
    assert.ok(reportsOf([bad])[0]?.remarks.some((text) => /its id is not checked/.test(text)))
  })

  it('calls nothing wrong of those that strangers wrote to, whatever a peer takes from anybody', async () => {
    const suite = INDEPENDENT_SUITES.find(({ name }) => name === 'X25519') ?? assert.fail()
    const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
    const texts = await runOn(SUITES.X25519, async (a, b) => {
      const first: Json[] = []
      for (let exchange = 0; exchange < 3; exchange++) {
        await agree(a, b)
        first.push((await a.call('/show')).json)
        await a.call('/send_msg')
      }
      const [before, previous, last] = first
      const { peer } = last
      const claim = async (fields: object) => {
        const form = { ...keyForm(suite, stranger(suite)), identity: peer.identity, ...fields }
        assert.equal((await post(`${a.url}/wire/keys`, form)).status, 201)
      }
      // a key of a's own that counts no more
      await claim({ publicKey: before.publicKey })
      // confirmations of a session that is past, of none, and of the keys that a has no private key of any more
      const { publicKey } = stranger(suite)
      const own = { identity: hexToBytes(last.identity), publicKey: hexToBytes(last.publicKey) }
      const hers = { identity: hexToBytes(peer.identity), publicKey }
      const { sessionId } = transcriptOf(SUITES.X25519, own, hers, null)
      for (const session of [previous.session.id, '00'.repeat(16), hexOf(sessionId)])
        for (const tag of ['11', '22'])
          await claim({ publicKey: hexOf(publicKey), confirm: { session, tag: tag.repeat(32) } })
      await agree(a, b)
      // one of b's, once a remembers it no more
      for (let i = 0; i < 64; i++) await claim({})
      await claim({ publicKey: peer.publicKey })
    })
    assertGood([texts[0]])
    assert.ok(JSON.parse(texts[0]).dropped > 0)
  })

  const times = async (count: number, run: (i: number) => Promise<unknown>) => {
    for (let i = 0; i < count; i++) await run(i)
  }
  const longRuns: [
    what: string,
    remark: RegExp,
    round: (a: TestPeer, b: TestPeer) => Promise<void>,
  ][] = [
    [
      'that was refused',
      /^of what was refused, .*\d+ older records are not in it/,
      async (a, b) => {
        await wholeRound(a, b)
        await times(30, async (i) => {
          await post(`${a.url}/wire/keys`, { v: 1 })
          await a.call('/wire/message')
          if (i % 3 === 0) await a.call('/decrypt_msg')
        })
      },
    ],
    [
      'that are key messages which no session followed from',
      /a key message .* 30 older records are not in it/,
      async (a, b) => {
        await wholeRound(a, b)
        await times(25, () => b.call('/send_keys'))
        await a.call('/send_keys')
      },
    ],
    [
      'that are more of them than are kept',
      /a key message .* older records are not in it/,
      async (a, b) => {
        await agree(a, b)
        await times(68, () => b.call('/send_keys'))
      },
    ],
  ]
  for (const [what, remark, round] of longRuns)
    it(`says how many records are missing ${what}, and finds nothing wrong`, async () => {
      const texts = await runOn(SUITES.X25519, async (a, b) => {
        await round(a, b)
        for (const peer of [a, b]) await peer.call('/send_msg')
      })
      assertGood(texts)
      assert.match(String(reportsOf(texts)[0]?.remarks), remark)
    })

  it('finds nothing wrong with a peer that was attacked', async () => {
    const suite = INDEPENDENT_SUITES.find(({ name }) => name === 'X25519') ?? assert.fail()
    const forms = badForms(suite, keyForm(suite, stranger(suite)))
    const texts = await runOn(SUITES.X25519, async (a, b) => {
      for (const [code, what, form] of forms) {
        const { json } = await post(`${a.url}/wire/keys`, form)
        assert.equal(json.code, code, what)
      }
      await b.call('/decrypt_msg')
    })
    assertGood(texts)
  })
})
