/** The wire in acts, what of them is folded, and where a source leads. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Act, actsOf, countsOf } from '../../src/page/acts.ts'
import { linksOf } from '../../src/page/sources.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import type { Event } from '../../src/wirelog/events.ts'
import { type Form, formsOf } from '../../src/wirelog/forms.ts'
import { agree, withPeers } from '../helpers/with-peers.ts'

/** Events as a story tells them: `keys A` sent, `keys b` received, and `yes` and `yes S` (with a session), `text`, `no` (a refusal), `compare`, `show`. */
function eventsOf(story: string): Event[] {
  const at = '2026-01-01T00:00:00.000Z'
  let asked = { n: 0, route: '/wire/keys' as '/wire/keys' | '/wire/message' }
  return story.split(', ').map((word, i): Event => {
    const n = i + 1
    const [what, value = ''] = word.split(' ')
    const field = (name: string) => ({ field: name, text: value })
    const step = { n, at, type: 'step', method: 'POST', status: 200, next: null } as const
    if (what === 'compare')
      return { ...step, route: '/compare', code: value === '' ? null : 'number_differs' }
    if (what === 'show') return { ...step, route: '/show', code: null }
    const { route } =
      what === 'keys'
        ? { route: '/wire/keys' as const }
        : what === 'text'
          ? { route: '/wire/message' as const }
          : asked
    const isRequest = what === 'keys' || what === 'text' || what === 'rubbish'
    if (isRequest) {
      asked = { n, route }
      const forms: Readonly<Record<string, Form>> = { keys: 'key message', text: 'sealed message' }
      const form = forms[what ?? ''] ?? null
      const parts = what === 'keys' ? [field('publicKey')] : []
      return {
        n,
        at,
        type: 'request',
        way: value === value.toUpperCase() ? 'sent' : 'received',
        method: 'POST',
        route,
        bytes: 9,
        form,
        parts,
      }
    }
    const parts = value === '' ? [] : [field('confirm.session')]
    const [status, code] = what === 'yes' ? [201, null] : [409, 'replay']
    const form = status === 201 ? 'answer to a key message' : 'refusal'
    return {
      n,
      at,
      type: 'answer',
      way: 'received',
      route,
      to: asked.n,
      status,
      code,
      bytes: 9,
      form,
      parts,
    }
  })
}

const told = (acts: readonly Act[]) =>
  acts.map(({ kind, events, folded, session }) =>
    [kind, events.map(({ n }) => n).join(' '), folded, session ?? ''].join('|'),
  )

describe('the wire in acts', () => {
  for (const [story, ...expected] of [
    ['show, keys A, yes, keys b, yes S', 'before|1|0|', 'keys|2 3 4 5|0|S'],
    // keys that are sent again belong to their exchange, new ones begin another; what is before them folds
    [
      'keys A, yes, keys b, yes S, keys b, yes S, text, yes, keys C, yes S, keys d, yes T',
      'keys|1 2 3 4 5 6|6|S',
      'messages|7 8|2|',
      'keys|9 10 11 12|0|T',
    ],
    // keys that lead to nothing fold nothing, however many there are
    [
      'keys A, yes, keys b, yes S, text, yes, keys x, no, keys y, no, text, yes',
      'keys|1 2 3 4|0|S',
      'messages|5 6|0|',
      'keys|7 8 9 10|0|',
      'messages|11 12|0|',
    ],
    [
      // of keys alone no session comes: the answer names the one before
      'keys A, yes R, keys b, yes S, compare no, compare, text, yes',
      'keys|1 2 3 4|0|S',
      'compare|5 6|0|',
      'messages|7 8|0|',
    ],
    // what is in no form begins no act
    ['rubbish, no, keys A, yes', 'before|1 2|0|', 'keys|3 4|0|'],
    [
      `${'text, yes, '.repeat(9)}text`,
      'messages|1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19|12|',
    ],
  ] as const)
    it(`of ${story.slice(0, 60)}`, () => assert.deepEqual(told(actsOf(eventsOf(story))), expected))

  it('has an answer beside its request, though another act has begun', () => {
    const events = eventsOf('text, keys A, no')
    const late = { ...events[2], to: 1 } as Event
    assert.deepEqual(told(actsOf([...events.slice(0, 2), late])), ['messages|1 3|0|', 'keys|2|0|'])
  })

  it('counts what is folded', () => {
    const events = eventsOf('text, yes, text, no, keys A, no, rubbish, no, show')
    const counts = countsOf(events, (event) => event.type === 'answer' && event.status !== 201)
    assert.deepEqual(counts, { keys: 1, messages: 2, pictures: 0, others: 1, refused: 3 })
  })

  it('of two real exchanges on every suite is two acts with their sessions, on both sides', async () => {
    for (const suite of Object.values(SUITES))
      await withPeers({ suite }, async (a, b) => {
        await agree(a, b)
        await a.call('/send_msg')
        await agree(a, b)
        await b.call('/send_keys')
        await a.call('/send_keys')
        const acts = await Promise.all(
          [a, b].map(async (peer) => actsOf((await peer.call('/transcript')).json.events)),
        )
        for (const side of acts)
          assert.deepEqual(
            side.map(({ kind }) => kind),
            ['keys', 'messages', 'keys', 'keys'],
          )
        const [one = [], two = []] = acts.map((side) => side.map(({ session }) => session))
        assert.deepEqual(one, two)
        assert.equal(new Set(one).size, 4, 'three sessions, and none of messages')
      })
  })
})

describe('a source', () => {
  it('of every field that is an RFC or a FIPS is a link to it, and duet/2 is none', () => {
    const notes = Object.values(SUITES).flatMap((suite) =>
      Object.values(formsOf(suite)).flatMap(({ fields }) => Object.values(fields)),
    )
    for (const { source } of notes)
      for (const { text, href } of linksOf(source))
        assert.equal(href === null, text.startsWith('duet/2'), text)
    assert.deepEqual(
      linksOf('RFC 7748 section 6.1; RFC 9110 section 15.3.2 (201); FIPS 203 section 8'),
      [
        {
          text: 'RFC 7748 section 6.1',
          href: 'https://www.rfc-editor.org/rfc/rfc7748#section-6.1',
        },
        {
          text: 'RFC 9110 section 15.3.2 (201)',
          href: 'https://www.rfc-editor.org/rfc/rfc9110#section-15.3.2',
        },
        { text: 'FIPS 203 section 8', href: 'https://csrc.nist.gov/pubs/fips/203/final' },
      ],
    )
  })
})
