/** `/compare`: which number is taken for the other side's, what is kept of that, and what ends it. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { X25519 } from '../../src/protocol/curves.ts'
import { forgetful, openMemory } from '../../src/state/openMemory.ts'
import { FORM, JSON_TYPE, posting, TEXT } from '../helpers/call.ts'
import { failingWith, folderForEach } from '../helpers/files.ts'
import { assertProblem } from '../helpers/problem.ts'
import { checkedAs } from '../helpers/transcripts.ts'
import { agree, sharedSession, type TestPeer, withPeers } from '../helpers/with-peers.ts'

const form = (number: string) => posting(FORM, `number=${encodeURIComponent(number)}`)
const stateOf = async (peer: TestPeer) => (await peer.call('/show')).json
const comparedBy = async (peer: TestPeer) => (await stateOf(peer)).peer.compared
/** The same but for one digit in each group that is named. */
const turned = (number: string, ...groups: number[]) =>
  number
    .split(' ')
    .map((group, i) =>
      groups.includes(i) ? group.replace(/^./, (d) => `${9 - Number(d)}`) : group,
    )
    .join(' ')

const withSession = sharedSession()

describe('/compare', () => {
  it('is no_session while there is no number', () =>
    withPeers({}, async (a, b) => {
      for (const peer of [a, b]) {
        assert.equal(await comparedBy(peer), null)
        const { next } = assertProblem(
          await peer.call('/compare', form('1'.repeat(60))),
          'no_session',
        )
        assert.match(next, /\/send_keys && curl .*\/send_keys$/)
      }
    }))

  it('takes the number of the other side in whatever form it comes', () =>
    withSession(async (a, b) => {
      const { safetyNumber: number } = await stateOf(b)
      const rows = (port: number) =>
        `${port} 12:34:56 · safety number\n     ${number.slice(0, 35)}\n     ${number.slice(36)}\n`
      for (const options of [
        form(number),
        posting(FORM, `number=${number.replaceAll(' ', '+')}`),
        posting(TEXT, number),
        form(number.replaceAll(' ', '')),
        form(`Mine is ${number}.`),
        form(rows(b.port) + rows(a.port)),
        form(rows(5001)),
        form((await b.call('/show')).text),
      ]) {
        const { status, json } = await a.call('/compare', options)
        assert.deepEqual([status, json], [200, { compared: true, next: `curl ${a.url}/send_msg` }])
      }
      assert.ok(a.lines().some((line) => /^✓ +compared /.test(line)))
      assert.deepEqual([await comparedBy(a), await comparedBy(b)], [true, false])
    }))

  it('takes no other number, and what was compared before stays so', () =>
    withSession(async (a) => {
      const { safetyNumber: number } = await stateOf(a)
      await a.call('/compare', form(number))
      const halves = [number.slice(36), number.slice(0, 35)].join(' ')
      for (const [other, different] of [
        [turned(number, 11), 1],
        [turned(number, 0, 1, 2, 3, 4, 5), 6],
        [turned(halves, 0), 12],
      ] as const) {
        const { detail, next } = assertProblem(
          await a.call('/compare', form(other)),
          'number_differs',
        )
        assert.equal(detail, `Groups that differ: ${different} of 12.`)
        assert.match(next, /send nothing more\.$/)
      }
      assert.equal(a.lines().filter((line) => /^✗ +NUMBER DIFFERS /.test(line)).length, 3)
      assert.ok(!a.lines().some((line) => line.includes('number_differs')))
      assert.equal(await comparedBy(a), true)
    }))

  it('refuses what is no number, and never says the right one', () =>
    withSession(async (a) => {
      const { safetyNumber: number } = await stateOf(a)
      for (const [code, options] of [
        ['bad_number', { method: 'POST' }],
        ['bad_number', posting(FORM)],
        ['bad_number', form('the same as yours')],
        ['bad_number', form(number.slice(0, -1))],
        ['bad_number', form(`${number} 12345`)],
        ['bad_number', form(`${number} or ${turned(number, 3)}`)],
        ['bad_number', posting(FORM, 'number=%ff%')],
        ['bad_message', posting(FORM, `text=${number}`)],
        ['bad_message', posting(FORM, `number=${number}&number=${number}`)],
        ['unsupported_type', posting(JSON_TYPE, JSON.stringify({ number }))],
        ['too_large', posting(TEXT, '1'.repeat(16 * 1024 + 1))],
      ] as const) {
        const answer = await a.call('/compare', options)
        const { next } = assertProblem(answer, code)
        assert.match(
          next,
          code === 'too_large' ? /^Send less/ : /compare --data-urlencode 'number=/,
        )
        assert.ok(!answer.text.includes(number.slice(0, 11)), answer.text)
      }
      // nothing in a URL counts
      const query = `/compare?number=${number.replaceAll(' ', '+')}`
      assertProblem(await a.call(query, { method: 'POST' }), 'bad_number')
    }))

  it('is a step in the transcript, and what was typed is not in it', () =>
    withPeers({}, async (a, b) => {
      await agree(a, b)
      const { safetyNumber: number } = await stateOf(a)
      const typed = turned(number, 1)
      await a.call('/compare', form(typed))
      await a.call('/compare', form(number))
      const { text, json } = await a.call('/transcript')
      const steps = json.events.filter(({ route }: { route: string }) => route === '/compare')
      assert.deepEqual(
        steps.map(({ method, status, code }: Record<string, unknown>) => [method, status, code]),
        [
          ['POST', 409, 'number_differs'],
          ['POST', 200, null],
        ],
      )
      assert.ok(!text.includes(typed.slice(6, 11)))
      assert.equal(json.state.peer.compared, true)
      assert.deepEqual(checkedAs('a.json', text).wrong, [])
      // as an older program wrote it
      delete json.state.peer.compared
      assert.deepEqual(checkedAs('old.json', JSON.stringify(json)).wrong, [])
    }))
})

describe('a number that was compared', () => {
  const at = folderForEach()
  const names = ['a', 'b']
  const memories = (i: number) => openMemory(at(names[i] ?? ''), X25519)
  /** Runs two peers on their states. */
  const run = (use: (a: TestPeer, b: TestPeer) => Promise<void>, open = memories) =>
    withPeers({ openMemory: (_port, i) => open(i) }, use)
  const compareOn = (a: TestPeer) =>
    stateOf(a).then(({ safetyNumber }) => a.call('/compare', form(safetyNumber)))

  it('stays so over a restart, before and after keys, and is said then', async () => {
    await run(async (a, b) => {
      await agree(a, b)
      await compareOn(a)
    })
    await run(async (a, b) => {
      assert.deepEqual([await comparedBy(a), await comparedBy(b)], [true, false])
      await agree(a, b)
      assert.equal(await comparedBy(a), true)
      assert.ok(a.lines().some((line) => line.endsWith('You have compared this number.')))
    })
  })

  for (const [whose, file] of [
    ["the other side's", 'b'],
    ["this peer's own", 'a'],
  ] as const)
    it(`is no longer so once ${whose} identity is another one, and is so again with the old one`, async () => {
      const identity = at(file, 'identity.X25519.pem')
      const forget = () => {
        for (const name of names) fs.rmSync(at(name, 'peer.X25519.pem'))
      }
      await run(async (a, b) => {
        await agree(a, b)
        await compareOn(a)
      })
      fs.renameSync(identity, `${identity}.old`)
      forget()
      await run(async (a, b) => {
        assert.equal(await comparedBy(a), null)
        await agree(a, b)
        assert.equal(await comparedBy(a), false)
      })
      fs.renameSync(`${identity}.old`, identity)
      forget()
      await run(async (a, b) => {
        await agree(a, b)
        assert.equal(await comparedBy(a), true)
        fs.rmSync(at('a', 'compared.X25519.txt'))
      })
    })

  it('that can not be written is so until the peer ends, and its terminal says that', () => {
    const open = () => ({ ...forgetful(X25519), keepCompared: failingWith('ENOSPC') })
    return run(async (a, b) => {
      await agree(a, b)
      assert.equal((await compareOn(a)).status, 200)
      assert.equal(await comparedBy(a), true)
      assert.match(a.lines().join('\n'), /That could not be written \(kept nowhere\)/)
    }, open)
  })
})
