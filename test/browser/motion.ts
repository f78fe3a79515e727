/** What moves on the stage: records, as they cross, and nothing that crossed before. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { noChromium } from '../helpers/browser.ts'
import { onePage } from './tabs.ts'

describe('the stage', { skip: noChromium }, () => {
  it('lets a record travel while it crosses, and is the same for who comes later', () =>
    onePage(async (page, [a, b]) => {
      const flights = page.locator('.crossing')
      const numbers = () =>
        flights.evaluateAll((all) => all.map(({ dataset }) => dataset['record']))
      const isLive = () => page.locator('#connection', { hasText: 'live' }).waitFor()
      const flies = (n: number) =>
        page.locator(`.crossing.answer[data-record="${n}"]`).waitFor({ state: 'attached' })
      await isLive()
      await a.call('/send_keys')
      await flies(2)
      await page.reload()
      await isLive()
      assert.deepEqual(await numbers(), [])
      await page.emulateMedia({ reducedMotion: 'no-preference' })
      await b.call('/send_keys')
      await flies(5)
      assert.deepEqual(await numbers(), ['4', '5'])
      const animation = () =>
        flights.first().evaluate((flight) => getComputedStyle(flight).animationName)
      assert.equal(await animation(), 'flight')
      await page.emulateMedia({ reducedMotion: 'reduce' })
      assert.equal(await animation(), 'none')
      // what is drawn anew for another reason is not sent off again
      await flights.first().evaluate((flight) => Object.assign(flight, { isOld: true }))
      await a.call('/show')
      await page.locator('#caption', { hasText: 'in your terminal' }).waitFor()
      assert.ok(await flights.first().evaluate((flight) => 'isOld' in flight))
      for (let i = 0; i < 20; i++) await b.call('/send_msg')
      await flies(46)
      assert.deepEqual(await numbers(), ['45', '46'])
      // as a screen reader has it
      const before = await page.locator('#stage').ariaSnapshot()
      await page.reload()
      await isLive()
      assert.deepEqual(await numbers(), [])
      assert.equal(await page.locator('#stage').ariaSnapshot(), before)
    }))
})
