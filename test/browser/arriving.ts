/** How a page comes up, late or slowly or elsewhere than at the root, and how it keeps up with a busy wire. */

import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { noChromium } from '../helpers/browser.ts'
import { agree, withPeers } from '../helpers/with-peers.ts'
import { isFocused, nextIs, onePage, press, records, says, step, suite, withTab } from './tabs.ts'

const SLOW = process.env['SLOW'] === '1'

/** All that the page tells of what happened; what a press came to and what travels just now are of whoever was there. */
const told = (page: Page) =>
  page.locator('main').evaluate((main) => {
    const copy = main.cloneNode(true) as HTMLElement
    for (const passing of copy.querySelectorAll('.crossing, .said')) passing.remove()
    return copy.textContent
  })

describe('a page', suite, () => {
  it('that is opened late tells what one tells that was there', () =>
    onePage(async (early, [a, b]) => {
      await agree(a, b)
      const { safetyNumber } = (await a.call('/show')).json
      await a.call('/compare', { method: 'POST', body: safetyNumber })
      for (const peer of [a, b]) await peer.call('/send_msg')
      await b.call('/decrypt_msg')
      await b.call('/send_image')
      await a.call('/send_image', { method: 'PUT' })
      const { events } = (await a.call('/transcript')).json
      await withTab(a.url, {}, async (late) => {
        for (const page of [early, late]) {
          await records(page, events.length)
          await page.locator('#picture canvas').waitFor({ state: 'attached' })
          await nextIs(page, '/decrypt_msg')
        }
        assert.equal(await told(late), await told(early))
      })
    }))

  // Firefox tells of a page no sooner than its scripts are there
  it(
    'whose script comes late loses nothing that was typed before it, and no focus',
    {
      skip: noChromium,
    },
    () =>
      onePage(async (page) => {
        let release = () => {}
        const held = new Promise<void>((resolve) => {
          release = resolve
        })
        await page.route('**/start.js', async (route) => {
          await held
          await route.continue()
        })
        await page.reload({ waitUntil: 'commit' })
        await page.locator('#text').fill('typed early')
        await page.locator('#theirs').fill('12345')
        await page.focus('#theirs')
        release()
        await page.locator('#verdict', { hasText: 'no number here yet' }).waitFor()
        assert.equal(await page.inputValue('#text'), 'typed early')
        assert.match((await step(page, '/send_msg').textContent()) ?? '', /text=typed early/)
        assert.equal(await page.inputValue('#theirs'), '12345')
        assert.equal(await isFocused(page, '#theirs'), true)
        await page.unroute('**/start.js')
      }),
  )

  it('works under a path of its own, behind a server that takes the path away', () =>
    withPeers({}, async (a, b) => {
      const asked: string[] = []
      const server = http.createServer((request, response) => {
        const { url = '', method, headers } = request
        asked.push(url)
        const host = new URL(a.url).host
        const origin = headers.origin && { origin: a.url }
        const options = { method, headers: { ...headers, host, ...origin } }
        const passed = http.request(a.url + url.replace('/x/y', ''), options, (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(response)
          response.on('close', () => answer.destroy())
        })
        passed.on('error', () => response.destroy())
        request.pipe(passed)
      })
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve)
      })
      const { port } = server.address() as AddressInfo
      try {
        await withTab(`http://127.0.0.1:${port}`, { path: '/x/y/' }, async (page) => {
          await press(page, '/send_keys')
          await says(page, '/send_keys', /Sent/)
          await press(page, '/other/send_keys')
          await nextIs(page, 'compare')
          await b.call('/send_image')
          await page.locator('#picture canvas').waitFor()
          await page.locator('#language a').click()
          await page.locator('html[lang="es"] #connection', { hasText: 'en directo' }).waitFor()
          assert.deepEqual(
            asked.filter((url) => !url.startsWith('/x/y/')),
            [],
          )
        })
      } finally {
        server.closeAllConnections()
        server.close()
      }
    }))

  it(
    'paints the last of 200 events a second within 200 ms, and shows few rows of a thousand',
    {
      skip: !SLOW && 'the load of the machine decides, and it takes seconds: SLOW=1 runs it',
    },
    (t) =>
      onePage(async (page, [a, b]) => {
        await agree(a, b)
        await page.evaluate(() => {
          const lags: number[] = []
          const painted = new WeakSet<Node>()
          Object.assign(globalThis, { lags })
          const list = document.querySelector('#records') as Element
          new MutationObserver((changes) => {
            const added = changes.flatMap(({ addedNodes }) => [...addedNodes])
            // a row that is put elsewhere was painted before
            const rows = added.filter((row) => !painted.has(row) && painted.add(row))
            const times = rows.flatMap((row) => (row as Element).querySelector('time') ?? [])
            const at = times.map((time) => Date.parse(time.dateTime))
            // what is drawn in this frame is painted before the next one begins
            requestAnimationFrame(() => lags.push(...at.map((each) => Date.now() - each)))
          }).observe(list, { childList: true })
        })
        const begun = Date.now()
        let events = 0
        for (; Date.now() - begun < 5000; events += 2) {
          await a.call(events % 20 === 0 ? '/send_msg' : '/wire/keys')
          const due = begun + events * 5
          if (due > Date.now())
            await new Promise((resolve) => setTimeout(resolve, due - Date.now()))
        }
        const { events: kept } = (await a.call('/transcript')).json
        await page.locator(`#record-${kept.at(-1).n}`).waitFor({ state: 'attached' })
        await page.waitForTimeout(500)
        const lags = await page.evaluate(() => (globalThis as unknown as { lags: number[] }).lags)
        const sorted = lags.toSorted((one, other) => one - other)
        const rows = await page.locator('#records > .record').count()
        const seen = await page.locator('#records > .record:visible').count()
        t.diagnostic(
          `${events / 5} events a second: ${lags.length} rows, ${rows} kept, ${seen} in sight; painted after ${sorted[sorted.length >> 1]} ms in the middle, ${sorted.at(-1)} at most, the last ${lags.at(-1)}`,
        )
        assert.ok(events >= 800, `${events}`)
        assert.ok(Number(lags.at(-1)) < 200, `${lags.at(-1)} ms`)
        assert.ok(rows <= 1000 && seen < 100, `${rows} rows, ${seen} seen`)
      }),
  )
})
