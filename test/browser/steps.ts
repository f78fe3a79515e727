/** The steps: what is said of a refusal, and the curl beside each. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { noChromium } from '../helpers/browser.ts'
import { withTreated } from '../helpers/lossy-wire.ts'
import { until } from '../helpers/until.ts'
import { agree, withPeers } from '../helpers/with-peers.ts'
import {
  nextIs,
  numberOn,
  onePage,
  press,
  SAMPLE,
  says,
  sharedPage,
  step,
  suite,
  TEXT,
  withTab,
} from './tabs.ts'

describe('a step', suite, () => {
  const onPage = sharedPage()

  it('that is too early says why and what comes first, and one with a wrong file too', () =>
    onPage(async (page, [a, b]) => {
      await page.fill('#text', TEXT)
      await press(page, '/send_msg')
      await says(page, '/send_msg', /✗ No session yet\. .*Next: curl http/)
      assert.equal(await page.inputValue('#text'), TEXT, 'nothing is lost')
      await press(page, '/decrypt_msg')
      await says(page, '/decrypt_msg', /Nothing to decrypt/)
      await press(page, '/show')
      await says(page, '/show', /There is none yet/)
      await nextIs(page, '/send_keys')
      await agree(a, b)
      const buffer = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')
      await page.setInputFiles('#file', { name: 'x.svg', mimeType: 'image/svg+xml', buffer })
      await press(page, '/send_image')
      await says(page, '/send_image', /Not this content type/)
    }))

  it('has its number before its title, on both sides', () =>
    onePage(async (page) => {
      const numbers = async (side: string) =>
        (await page.locator(`${side} .steps`).ariaSnapshot()).match(/(?<=heading ")(?:\d|→)/g)
      assert.deepEqual(await numbers('#you'), ['1', '4', '5', '6', '→'])
      assert.deepEqual(await numbers('#theirs-steps'), ['2', '4', '5', '6', '→', '→'])
    }))

  it('that leaves a text in doubt says so, and sends it again until it has arrived', () =>
    withTreated(async (a, _b, treat) => {
      treat('never passed', 'never passed', 'never passed')
      await withTab(a.url, {}, async (page) => {
        await page.fill('#text', TEXT)
        await press(page, '/send_msg')
        await says(page, '/send_msg', /Message 0 may have arrived/)
        await page.getByText('Message 0 may have arrived. Send the same text again').waitFor()
        await nextIs(page, '/send_msg')
        await press(page, '/send_msg')
        await says(page, '/send_msg', /sent as message 0/)
        await page.locator('#in-doubt:empty').waitFor({ state: 'attached' })
      })
    }))

  it('runs once, however fast it is pressed, and has its curl beside it, with what was given, to be copied', () =>
    onPage(async (page, [a]) => {
      const sent = async () =>
        (await a.call('/transcript')).json.events.filter(
          ({ type, way, route }: Record<string, unknown>) =>
            type === 'request' && way === 'sent' && route === '/wire/keys',
        ).length
      const before = await sent()
      const button = step(page, '/send_keys').locator('button:not(.copy)')
      await button.evaluate((element: HTMLElement) => {
        for (let i = 0; i < 5; i++) element.click()
      })
      await says(page, '/send_keys', /Sent/)
      assert.equal(await sent(), before + 1)
      await page.fill('#text', "it's")
      const expected = `curl ${a.url}/send_msg --data-urlencode 'text=it'\\''s'`
      await step(page, '/send_msg').getByText(expected, { exact: true }).waitFor()
      await page.setInputFiles('#file', SAMPLE)
      const picture = `curl ${a.url}/send_image -H 'Content-Type: image/png' --data-binary '@curve.png'`
      await step(page, '/send_image').locator('.curl', { hasText: picture }).waitFor()
      await step(page, '/send_msg').locator('.copy').click()
      await step(page, '/send_msg').getByText('copied').waitFor()
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), expected)
    }))

  it('has as much of its curl beside it as is read, however long the text is', () =>
    onPage(async (page) => {
      await page.fill('#text', 'long '.repeat(3000))
      const curl = step(page, '/send_msg').locator('.curl')
      await until(async () => ((await curl.textContent()) ?? '').length > 15_000)
      const { height = 0 } = (await curl.boundingBox()) ?? {}
      assert.ok(height > 0 && height < 150, `${height} px`)
      await page.fill('#text', '')
    }))

  it('has its outcome below it until the state has moved on, or it is given something else', () =>
    onPage(async (page, [a, b]) => {
      const gone = (route: string) =>
        step(page, route).locator('.said:empty').waitFor({ state: 'attached' })
      await agree(a, b)
      await press(page, '/decrypt_msg')
      await says(page, '/decrypt_msg', /Nothing to decrypt/)
      await b.call('/send_msg')
      await gone('/decrypt_msg')
      for (const route of ['/send_msg', '/send_image']) {
        await press(page, route)
        await says(page, route, /Sealed/)
      }
      await page.fill('#text', TEXT)
      await gone('/send_msg')
      await page.setInputFiles('#file', SAMPLE)
      await gone('/send_image')
    }))
})

describe('the page without its script', { skip: noChromium }, () => {
  it('shows what is there, and no button that does nothing', () =>
    withPeers({}, async (a, b) => {
      await agree(a, b)
      await a.call('/send_image')
      await withTab(b.url, { javaScript: false }, async (page) => {
        const { safetyNumber } = (await b.call('/show')).json
        assert.equal(await numberOn(page), safetyNumber)
        assert.equal(await page.locator('#number').isVisible(), true)
        assert.equal(await page.locator('#picture img').isVisible(), true)
        // what shows the steps in the wire needs none
        for (const kind of ['button', 'textarea', 'input:not([type="checkbox"])', 'progress'])
          assert.equal(await page.locator(`${kind}:visible`).count(), 0, kind)
      })
    }))

  it('leaves the room that the script fills, so that nothing jumps when it comes', () =>
    onePage(async (page) => {
      const tops = () =>
        page
          .locator('main, #send_keys, #others, #show, #send_msg, #safety, #sums')
          .evaluateAll((all) => all.map((element) => element.getBoundingClientRect().top))
      await nextIs(page, '/send_keys')
      const after = await tops()
      await page.route('**/start.js', (route) => route.abort())
      await page.reload()
      const before = await tops()
      await page.unroute('**/start.js')
      assert.equal(before.length, after.length)
      for (const [i, top] of before.entries()) {
        const jump = Math.abs(top - (after[i] ?? 0))
        assert.ok(jump < 12, `${jump} px: ${before} / ${after}`)
      }
    }))
})
