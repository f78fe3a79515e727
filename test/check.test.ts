/** What `check` says of a transcript: a real one, one that somebody changed, and one of a long run. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bytesToHex, hexToBytes } from '../src/protocol/bytes.ts'
import { KeyPair, X25519 } from '../src/protocol/curves.ts'
import { safetyNumber } from '../src/protocol/safetyNumber.ts'
import { SUITES } from '../src/protocol/suites.ts'
import { call, post } from './helpers/call.ts'
import { runCommand } from './helpers/command.ts'
import {
  assertGood,
  changed,
  hexIn,
  isHidden,
  type Json,
  oneRun,
  reportsOf,
  runOn,
  scripted,
  wholeRound,
  wrongIn,
} from './helpers/transcripts.ts'
import type { TestPeer } from './helpers/with-peers.ts'
import { turnedAt, wrongInOneWay } from './helpers/wrong-transcripts.ts'

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
        maxLength: 50,
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
          for (const text of texts) assert.deepEqual(wrongIn(text), [])
          // beside one another all but where the two parted, which overlapping keys can do
          const [one, two] = texts.map((text) => JSON.parse(text).state.session?.id)
          const wrong = reportsOf(texts).flatMap(({ wrong }) => wrong)
          if (one === two) assert.deepEqual(wrong, [])
          else for (const { text } of wrong) assert.match(text, /ends with another session/)
        }),
        { numRuns: SLOW ? 60 : 6, endOnFailure: true },
      )
    })

    it('finds every digit that is another one, but for what follows from secrets alone', async () => {
      const texts = await oneRun(suite)
      for (const [side, text] of texts.entries())
        for (const [i, place] of [...hexIn(JSON.parse(text))].entries())
          for (const share of SLOW ? SHARES : [SHARES[i % 3] ?? 0]) {
            const bad = changed(text, (transcript) => {
              const holder = place.slice(0, -1).reduce((at, name) => at[name], transcript)
              const name = place.at(-1) ?? ''
              holder[name] = turnedAt(holder[name], Math.floor(share * holder[name].length))
            })
            const what = `${place.join('.')} of side ${side}, ${share}`
            const isFound = wrongIn(bad).length > 0
            if (!isHidden(JSON.parse(text), place)) assert.ok(isFound, what)
            const both = side === 0 ? [bad, texts[1]] : [texts[0], bad]
            const codes = reportsOf(both).flatMap(({ wrong }) => wrong.map(({ code }) => code))
            // beside the other side's nothing is hidden but which run it was
            if (place[0] !== 'run') assert.ok(codes.length > 0, `${what}, beside the other`)
          }
    })

    for (const [what, code, change] of wrongInOneWay(suite))
      it(`finds ${what}`, async () => {
        const [text] = await oneRun(suite)
        const [report] = reportsOf([changed(text, change)])
        const codes = report?.wrong.map(({ code }) => code)
        assert.ok(codes?.includes(code), JSON.stringify(report?.wrong))
      })

    it('says what the documented script says, of good ones and of each that is wrong in one way', async () => {
      const texts = await oneRun(suite)
      for (const text of texts) {
        assert.equal(scripted(text).status, 0)
        assert.deepEqual(wrongIn(text), [])
      }
      let refused = 0
      for (const [what, , change, byScript] of wrongInOneWay(suite)) {
        const { status, output } = scripted(changed(texts[0], change))
        // the script is to be read by students, and looks at less: never does it find what `check` lets pass
        assert.equal(status, byScript ? 1 : 0, `${what}: ${output}`)
        if (byScript) refused++
      }
      assert.ok(refused >= 6)
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

describe('check, of a run that was long', () => {
  const talk = async (a: TestPeer, b: TestPeer, rounds: number) => {
    for (let i = 0; i < rounds; i++) {
      await a.call('/send_msg')
      await b.call('/send_msg')
      if (i % 20 === 19) for (const peer of [a, b]) await peer.call('/decrypt_msg')
    }
  }

  it('says that its beginning is cut, and calls nothing wrong that follows from that', async () => {
    const texts = await runOn(SUITES.X25519, async (a, b) => {
      for (const peer of [a, b]) await peer.call('/send_keys')
      await talk(a, b, 80)
    })
    for (const { wrong, remarks, facts, pairs } of reportsOf(texts)) {
      assert.deepEqual([wrong, facts?.isCut, pairs.length], [[], true, 1])
      assert.match(
        String(remarks),
        /^cut: its first \d+ records .*keys of its session are not in it/,
      )
    }
    const [text] = texts
    const sent = (t: Json) =>
      t.events.filter(({ form, way }: Json) => form === 'sealed message' && way === 'sent')
    // what is behind the cut is checked all the same
    const seq = (event: Json) => event.parts.find(({ field }: Json) => field === 'seq')
    for (const change of [
      (t: Json) => {
        seq(sent(t)[5]).text = '99'
      },
      (t: Json) => t.events.splice(50, 1),
      (t: Json) => t.dropped--,
      (t: Json) => sent(t)[5].parts.pop(),
      (t: Json) => {
        t.events.splice(0, 1)
        t.dropped++
      },
    ])
      assert.notDeepEqual(wrongIn(changed(text, change)), [])
    // what nothing behind the cut says any more, the other side does
    const posing = changed(text, ({ state }) => {
      const other = new KeyPair(X25519).publicKey
      state.identity = bytesToHex(other)
      state.safetyNumber = safetyNumber(X25519, other, hexToBytes(state.peer.identity))
    })
    assert.deepEqual(wrongIn(posing), [])
    const beside = reportsOf([posing, texts[1]]).map(({ wrong }) => wrong.map(({ text }) => text))
    for (const texts of beside)
      assert.match(String(texts), /^Its identities are not those of .*, the other side\.$/)
  })

  it('checks the session all the same where its keys came after the cut', async () => {
    const texts = await runOn(SUITES.X25519MLKEM768, async (a, b) => {
      for (const peer of [a, b]) await peer.call('/send_keys')
      await talk(a, b, 60)
      for (const peer of [a, b]) await peer.call('/send_keys')
      await talk(a, b, 2)
    })
    assertGood(texts)
    const bad = changed(texts[0], ({ state }) => {
      state.session.id = turnedAt(state.session.id, 3)
    })
    // an id of which nobody has the keys any more can be any
    assert.ok(reportsOf([bad])[0]?.remarks.some((text) => /its id is not checked/.test(text)))
    assert.notDeepEqual(
      reportsOf([bad, texts[1]]).flatMap(({ wrong }) => wrong),
      [],
    )
  })

  it('says how much of what was refused is not in it', async () => {
    const texts = await runOn(SUITES['P-256'], async (a, b) => {
      await wholeRound(a, b)
      for (let i = 0; i < 60; i++) {
        await post(`${a.url}/wire/keys`, { v: 1 })
        await call(`${a.url}/wire/message`)
        if (i % 3 === 0) await a.call('/decrypt_msg')
      }
      await a.call('/send_msg')
      await b.call('/send_msg')
    })
    const [report] = reportsOf(texts)
    assert.match(String(report?.remarks), /^of what was refused, .*\d+ older records are not in it/)
    assertGood(texts)
  })

  it('finds nothing wrong where one side sent its keys again and again', async () => {
    const texts = await runOn(SUITES.X25519, async (a, b) => {
      await wholeRound(a, b)
      for (let i = 0; i < 25; i++) await b.call('/send_keys')
      await a.call('/send_keys')
      await a.call('/send_msg')
      await b.call('/send_msg')
    })
    assert.match(
      String(reportsOf(texts)[0]?.remarks),
      /a key message .* 30 older records are not in it/,
    )
    assertGood(texts)
  })

  it('says that of key messages that no session followed from, too', async () => {
    const texts = await runOn(SUITES.X25519, async (a, b) => {
      await wholeRound(a, b)
      const { basePoint, identity } = (await b.call('/show')).json
      for (let i = 0; i < 30; i++) {
        const publicKey = bytesToHex(new KeyPair(X25519).publicKey)
        const form = { v: 2, curve: 'X25519', basePoint, identity, publicKey }
        assert.equal((await post(`${a.url}/wire/keys`, form)).status, 201)
      }
      await a.call('/send_msg')
    })
    // the other side sent none of it, which is found where both are there
    assertGood(texts.slice(0, 1))
    const [report] = reportsOf(texts.slice(0, 1))
    assert.match(String(report?.remarks), /a key message .* 40 older records are not in it/)
  })

  it('finds nothing wrong with a peer that was attacked', async () => {
    const texts = await runOn(SUITES.X25519, async (a, b) => {
      assert.equal((await runCommand(['lab', 'bad-keys', a.url])).code, 0)
      await b.call('/decrypt_msg')
    })
    assertGood(texts)
  })
})
