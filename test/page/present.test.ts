/** Presenting: where each address leads, and that the marked buttons alone go through the story, on any screen at any time. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Model, modelOf, withEvent } from '../../src/page/model.ts'
import { addressOf, markedOn, SCREENS, screenAt, turned } from '../../src/page/present/screens.ts'
import { EMPTY_DESK, type Setting } from '../../src/page/view.ts'
import { posting, TEXT } from '../helpers/call.ts'
import { readEvents } from '../helpers/events.ts'
import { type TestPeer, withPeers } from '../helpers/with-peers.ts'

/** What a page has that was opened just now. */
async function modelAt(peer: TestPeer, own: string): Promise<Model> {
  const reader = await readEvents(peer.url)
  const { data: state } = await reader.caughtUp()
  reader.close()
  const events = reader.received().filter(({ type }) => type !== 'run' && type !== 'state')
  const empty = modelOf({ run: 'a run', begun: '', forms: {} }, state)
  return events.reduce((model, { data }) => withEvent(model, data, false, own), empty)
}

describe('the screens', () => {
  it('have each an address, and no other address is one', () => {
    for (const screen of SCREENS) assert.equal(screenAt(addressOf(screen)), screen)
    for (const hash of ['', '#screen-0', '#screen-12', '#screen-1x', '#screen-001', '#record-1'])
      assert.equal(screenAt(hash), null, hash)
    assert.equal(turned('who', -1), 'who')
    assert.equal(turned('question', 1), 'table')
    assert.equal(turned('end', 1), 'end')
  })

  for (const runsOther of [true, false])
    it(`lead through the six steps by their marked buttons, ${runsOther ? 'both sides' : 'one side'}`, () =>
      withPeers({}, async (a, b) => {
        const own = `curl ${a.url}`
        const setting = { runsOther, own, other: [`curl ${b.url}`, ''] } as unknown as Setting
        const ran: string[] = []
        let [screen, desk, isShownThere, isRead]: [(typeof SCREENS)[number], ...unknown[]] = [
          'who',
          EMPTY_DESK,
          false,
          false,
        ]
        while (screen !== 'end') {
          assert.ok(ran.length < 12, ran.join())
          const now = await modelAt(a, own)
          // a page that ran the other's step knows of it
          const model = isRead ? { ...now, othersNext: '' } : now
          for (const any of SCREENS)
            assert.ok(markedOn(any, { setting, model, desk: EMPTY_DESK }, false).is, any)
          const marked = markedOn(
            screen,
            { setting, model, desk: desk as typeof EMPTY_DESK },
            isShownThere === true,
          )
          if (marked.is === 'turn') screen = marked.to
          else if (marked.is === 'field') desk = { ...EMPTY_DESK, theirs: 'a number' }
          else if (marked.is === 'compare') {
            const { safetyNumber } = (await b.call('/show')).json
            assert.equal((await a.call('/compare', posting(TEXT, safetyNumber))).status, 200)
            ran.push('compare')
          } else if (marked.is === 'copy') {
            const route = screen === 'keys' ? '/send_keys' : '/decrypt_msg'
            await b.call(route)
            ran.push(`there: ${route}`)
            isRead = route === '/decrypt_msg'
          } else if (marked.is === 'run') {
            const { route, isOther } = marked
            await (isOther ? b : a).call(route, { method: 'POST' })
            ran.push(isOther ? `there: ${route}` : route)
            if (isOther && route === '/show') isShownThere = true
            if (isOther && route === '/decrypt_msg') isRead = true
          }
        }
        const shown = runsOther ? ['/show', 'there: /show'] : ['/show']
        assert.deepEqual(ran, [
          ...['/send_keys', 'there: /send_keys', 'compare', ...shown],
          ...['/send_msg', 'there: /decrypt_msg'],
        ])
      }))
})
