/** What `check` says of several transcripts beside one another: copies, keys that two share, and the sides of one run. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KeyPair, X25519 } from '../../src/protocol/curves.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { forgetful } from '../../src/state/openMemory.ts'
import { post } from '../helpers/call.ts'
import {
  assertGood,
  changed,
  type Json,
  oneRun,
  reportsOf,
  runOn,
  transcriptsOf,
  wholeRound,
} from '../helpers/transcripts.ts'
import { agree, withPeers } from '../helpers/with-peers.ts'
import { turnedAt } from '../helpers/wrong-transcripts.ts'

describe('check, of several', () => {
  const codesOf = (texts: readonly string[]) =>
    reportsOf(texts).map(({ wrong }) => [...new Set(wrong.map(({ code }) => code))])

  it('names files that are the same, and those of the same run', async () => {
    const [a, b] = await oneRun(SUITES.X25519)
    const again = changed(a, () => {})
    assert.deepEqual(codesOf([a, a, b]), [['copy'], ['copy'], []])
    assert.deepEqual(codesOf([a, again, b]), [['copy'], ['copy'], []])
    const [one, two] = reportsOf([a, a])
    assert.deepEqual(
      [one?.wrong[0]?.text, two?.wrong[0]?.text],
      [
        `It is the same file as ${two?.file}, byte by byte.`,
        `It is the same file as ${one?.file}, byte by byte.`,
      ],
    )
  })

  it('names files that share a public key though they say to be of different runs', async () => {
    const [a, b] = await oneRun(SUITES.X25519)
    const copied = changed(a, (t) => {
      t.run = turnedAt(t.run, 0)
      t.state.port++
    })
    const reports = reportsOf([a, copied, b])
    assert.deepEqual(
      reports.map(({ wrong }) => wrong.map(({ code }) => code)),
      [['shared_key', 'shared_key'], ['shared_key', 'shared_key'], []],
    )
    assert.match(
      String(reports[0]?.wrong[0]?.text),
      /in .*1\.json too, in another run: nobody meets twice/,
    )
  })

  it('has nothing to say of strangers', async () => {
    const runs = [await oneRun(SUITES.X25519), await runOn(SUITES.X25519, agree)]
    for (const { pairs, wrong, remarks } of reportsOf(runs.map(([a]) => a)))
      assert.deepEqual([pairs, wrong, remarks], [[], [], []])
    assertGood([...runs.flat(), ...(await runOn(SUITES['P-256'], agree))])
  })

  it('finds nothing wrong with keys that somebody has sent on to peers of other runs', async () => {
    const [text] = await oneRun(SUITES.X25519)
    const keys = ({ form, way }: Json) => form === 'key message' && way === 'sent'
    const { parts } = JSON.parse(text).events.find(keys)
    const body = JSON.parse(parts.map(({ text }: Json) => text).join(''))
    const anotherRun = () =>
      runOn(SUITES.X25519, async (a, b) => {
        assert.equal((await post(`${a.url}/wire/keys`, body)).status, 201)
        await agree(a, b)
        // in the name of the peer that is known there by now
        const { identity } = (await b.call('/show')).json
        assert.equal((await post(`${a.url}/wire/keys`, { ...body, identity })).status, 201)
        await agree(a, b)
      })
    const texts = [text, ...(await anotherRun()), ...(await anotherRun())]
    assertGood(texts)
    assert.deepEqual(
      reportsOf(texts).map(({ pairs }) => pairs.length),
      [0, 1, 1, 1, 1],
    )
  })

  it('remarks an identity that is in two runs, which one and the same peer has', async () => {
    const identity = new KeyPair(X25519)
    const texts: string[] = []
    for (const suite of [SUITES.X25519, SUITES.X25519MLKEM768]) {
      const memories = [{ ...forgetful(X25519), identity }, forgetful(X25519)]
      const openMemory = () => memories.shift() ?? forgetful(X25519)
      await withPeers({ suite, openMemory }, async (a, b) => {
        await agree(a, b)
        texts.push(...(await transcriptsOf(a)))
      })
    }
    const [one, two] = reportsOf(texts)
    assert.deepEqual([one?.wrong, two?.wrong], [[], []])
    assert.deepEqual(one?.remarks, [`its identity, the long-term key, is that of ${two?.file} too`])
  })

  it('takes one that was taken earlier than the other for what it is', async () => {
    await withPeers({}, async (a, b) => {
      await wholeRound(a, b)
      const [earlier = ''] = await transcriptsOf(a)
      await wholeRound(b, a)
      const [later = '', last = ''] = await transcriptsOf(b, a)
      const reports = reportsOf([earlier, later])
      for (const { wrong } of reports) assert.deepEqual(wrong, [])
      assert.match(String(reports[0]?.remarks), /a pair with .*: taken at another time, 9 requests/)
      assert.deepEqual(codesOf([earlier, last, later]), [['copy'], ['copy'], []])
    })
  })
})
