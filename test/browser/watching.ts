/** A page that watches: what happens elsewhere comes to it by itself, once, whatever happens to its connection. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { X25519 } from '../../src/protocol/curves.ts'
import { openMemory } from '../../src/state/openMemory.ts'
import { folderForEach } from '../helpers/files.ts'
import { freePorts } from '../helpers/ports.ts'
import { agree, startPeers } from '../helpers/with-peers.ts'
import {
  nextIs,
  numberOn,
  press,
  records,
  says,
  sharedPage,
  shows,
  suite,
  withTab,
} from './tabs.ts'

describe('a page that watches', suite, () => {
  const onPage = sharedPage()
  const at = folderForEach()

  it('shows what curls do without a reload, and so does a tab that was opened in between', () =>
    onPage(async (one, [a, b]) => {
      await one.evaluate(() => Object.assign(globalThis, { stays: true }))
      await agree(a, b)
      await b.call('/send_msg')
      const before = await records(one, 7)
      await nextIs(one, '/decrypt_msg')
      await withTab(a.url, {}, async (two) => {
        assert.deepEqual(await records(two, 7), before)
        await a.call('/decrypt_msg')
        await a.call('/decrypt_msg')
        for (const page of [one, two]) {
          await records(page, 9)
          const refused = page.locator('#records .step.refused')
          await refused.filter({ hasText: '✗ 409 nothing_waiting' }).waitFor({ state: 'attached' })
        }
        // a screen reader hears of what comes, in few words, and not of what was
        await a.call('/send_msg')
        await two.locator('#news', { hasText: /Sent: sealed message, \d+ bytes\./ }).waitFor()
        assert.doesNotMatch((await two.textContent('#news')) ?? '', /key message/)
        assert.equal(await two.getAttribute('#news', 'role'), 'status')
      })
      assert.equal(await one.evaluate(() => 'stays' in globalThis), true)
      const { session } = (await b.call('/show')).json
      await shows(one, session.id)
    }))

  it('leaves its connection while nobody looks at it, and then catches up without doubling', () =>
    onPage(async (page, [a, b]) => {
      const look = (visible: boolean) =>
        page.evaluate((hidden) => {
          Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
          document.dispatchEvent(new Event('visibilitychange'))
        }, !visible)
      const told = async () => (await a.call('/transcript')).json.events.length
      const before = await told()
      await records(page, before)
      await look(false)
      await agree(a, b)
      await records(page, before)
      await look(true)
      await records(page, await told())
    }))

  it('finds a peer that was started again, and begins a new run', async () => {
    const ports = (await freePorts(2)) as [number, number]
    const start = () =>
      startPeers({ ports, openMemory: (port) => openMemory(at(`${port}`), X25519) })
    let running = await start()
    try {
      await withTab(`http://127.0.0.1:${ports[0]}`, {}, async (page) => {
        await agree(...running.peers)
        await records(page, 5)
        const number = await numberOn(page)
        assert.equal(await page.locator('#safety .new').isVisible(), true)
        await running.close()
        await page.getByText('not connected: looking for the peer').waitFor()
        await press(page, '/show')
        await says(page, '/show', /does not answer/)
        running = await start()
        await page.locator('#connection', { hasText: /^live$/ }).waitFor()
        await page.locator('#quiet').waitFor()
        assert.equal(await page.locator('#records > li').count(), 0)
        await nextIs(page, '/send_keys')
        assert.equal(await numberOn(page), number)
        await agree(...running.peers)
        await records(page, 5)
        assert.equal(await page.locator('#safety .known').isVisible(), true)
      })
    } finally {
      await running.close()
    }
  })
})
