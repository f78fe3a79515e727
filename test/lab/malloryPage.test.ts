/** Mallory's page: what came beside what went on, as it follows from the logs of her two peers. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { renderToString } from 'preact-render-to-string'
import { en } from '../../src/classroom/lab/mallory/page/en.ts'
import { es } from '../../src/classroom/lab/mallory/page/es.ts'
import {
  deedOf,
  differencesOf,
  type Passed,
  passagesOf,
  type Sides,
} from '../../src/classroom/lab/mallory/page/match.ts'
import { Page } from '../../src/classroom/lab/mallory/page/Page.ts'
import { h } from '../../src/page/h.ts'
import type { AnswerEvent, Event, RequestEvent, Way } from '../../src/wirelog/events.ts'

const at = (n: number) => new Date(n * 1000).toISOString()
type Fields = Readonly<Record<string, string>>
const partsOf = (fields: Fields) => Object.entries(fields).map(([field, text]) => ({ field, text }))

function request(n: number, time: number, way: Way, form: RequestEvent['form'], fields: Fields) {
  const route = form === 'key message' ? '/wire/keys' : '/wire/message'
  const parts = partsOf(fields)
  const event = { type: 'request', way, method: 'POST', route, bytes: 9, form, parts } as const
  return { n, at: at(time), ...event } satisfies Event
}
function answer(n: number, time: number, way: Way, to: number, code: string | null = null) {
  const route = '/wire/message'
  const rest = { status: code === null ? 201 : 409, code, bytes: 2, form: null, parts: [] }
  return { n, at: at(time), type: 'answer', way, route, to, ...rest } satisfies Event & AnswerEvent
}

const state = {
  publicKey: null,
  safetyNumber: null,
  session: null,
  image: null,
  peer: { publicKey: null },
}
const sidesOf = (logs: readonly (readonly Event[])[], passed: readonly (readonly Passed[])[]) =>
  [0, 1].map((i) => ({
    ...{ port: 5002 + i, victim: `${5000 + i}`, state },
    ...{ events: logs[i], passed: passed[i] },
  })) as unknown as Sides
const pass = (n: number, of: number, isAltered = false): Passed => ({ n, of, isAltered })
const sealed = (ciphertext: string) => ({ session: 'aa', seq: '0', ciphertext })

describe('the page of Mallory', () => {
  it('has beside each record what went on for it, also where two cross and a later one is passed on first', () => {
    const left = [
      request(1, 1, 'received', 'sealed message', sealed('01')),
      request(2, 2, 'received', 'sealed message', sealed('02')),
      answer(3, 6, 'sent', 2),
      answer(4, 7, 'sent', 1),
    ]
    const right = [
      request(1, 3, 'sent', 'sealed message', { ...sealed('92'), session: 'bb' }),
      request(2, 4, 'sent', 'sealed message', { ...sealed('91'), session: 'bb' }),
      answer(3, 5, 'received', 1),
      answer(4, 5, 'received', 2),
    ]
    const passages = passagesOf(sidesOf([left, right], [[], [pass(1, 2, true), pass(2, 1)]]))
    const told = passages.map((one) => [one.key, deedOf(one), one.went[0]?.request.n])
    assert.deepEqual(told, [
      ['0-1', 'sealed', 2],
      ['0-2', 'altered', 1],
    ])
    const [first] = passages
    const fields = differencesOf(first?.came?.request ?? null, first?.went[0]?.request ?? null)
    const same = fields.filter(({ came, went }) => came === went).map(({ field }) => field)
    assert.deepEqual(same, ['seq'])
    assert.equal(first?.came?.answer?.n, 4)
  })

  it('says of each record what she did with it, and of the very same bytes that they are', () => {
    const key = (publicKey: string, identity: string) => ({ publicKey, identity })
    const left = [
      request(1, 1, 'received', 'key message', key('a', 'i')),
      request(2, 3, 'received', 'key message', key('b', 'i')),
      request(3, 5, 'received', 'key message', key('c', 'i')),
      request(4, 6, 'received', 'sealed message', sealed('01')),
      answer(5, 6, 'sent', 4, 'replay'),
      request(6, 7, 'received', 'sealed message', sealed('02')),
      request(7, 8, 'received', 'sealed message', sealed('03')),
      answer(8, 8, 'sent', 7),
      request(9, 9, 'received', null, {}),
      answer(10, 9, 'sent', 9, 'bad_message'),
      request(11, 12, 'sent', 'key message', key('m', 'j')),
    ]
    const right = [
      request(1, 2, 'sent', 'key message', key('m', 'j')),
      request(2, 4, 'sent', 'key message', key('m', 'j')),
      answer(3, 4, 'received', 2, 'identity_changed'),
      request(4, 4, 'sent', 'key message', key('n', 'i')),
      request(5, 5, 'sent', 'key message', key('c', 'i')),
      request(6, 13, 'sent', 'key message', key('o', 'j')),
    ]
    const links = [[], [pass(1, 1), pass(2, 2), pass(4, 2), pass(5, 3), pass(6, 99)]]
    const sides = sidesOf([left, right], links)
    assert.deepEqual(passagesOf(sides).map(deedOf), [
      ...['keys', 'claim', 'same', 'copy', 'pending', 'kept', 'refused', 'own', 'forgotten'],
    ])
    for (const hers of [en, es]) {
      const setting = { language: 'en', isChosen: false, index: 0, places: [] } as never
      const html = renderToString(h(Page, { hers, setting, sides, isConnected: null, news: '' }))
      for (const deed of ['claim', 'same', 'kept'] as const)
        assert.ok(html.includes(hers.deeds[deed]('5000', '5001')), deed)
      assert.ok(html.includes(`✗ ${hers.refusesMe}`))
    }
  })
})
