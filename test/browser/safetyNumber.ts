/** The safety number: in sight, and compared by typing. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { agree } from '../helpers/with-peers.ts'
import { numberOn, onePage, press, says, suite } from './tabs.ts'

/** What a page keeps, in any of the places that a browser has. */
const keptBy = (page: Page) =>
  page.evaluate(async () => [
    location.href,
    JSON.stringify(history.state),
    document.cookie,
    JSON.stringify({ ...localStorage, ...sessionStorage }),
    JSON.stringify(await indexedDB.databases()),
    JSON.stringify(await caches.keys()),
    String(navigator.serviceWorker.controller),
  ])

const verdict = (page: Page, text: RegExp) =>
  page.locator('#verdict[role="status"]', { hasText: text }).waitFor()
const marks = (page: Page) =>
  page.locator('#number li[class]').evaluateAll((items) => items.map(({ className }) => className))

/** In large groups, on a laptop and on a screen for all, one press away. */
async function assertInSight(page: Page, expected: string): Promise<void> {
  const number = page.locator('#number:not(.none)')
  await number.waitFor()
  assert.equal(await numberOn(page), expected)
  assert.equal(await page.locator('#safety .new').isVisible(), true)
  for (const [width, height] of [
    [1280, 820],
    [1920, 1080],
  ] as const) {
    await page.setViewportSize({ width, height })
    await page.locator('#bar .next a', { hasText: 'compare' }).click()
    const top = (await page.locator('#bar').boundingBox())?.height ?? 0
    const { y, bottom, font } = await number.evaluate((element) => ({
      ...element.getBoundingClientRect().toJSON(),
      font: Number.parseFloat(getComputedStyle(element).fontSize),
    }))
    assert.ok(y > top && bottom < height, `from ${y} to ${bottom}`)
    assert.ok(font >= 24, `${font} px`)
  }
}

describe('the safety number', suite, () => {
  it('is in sight as soon as there is one, is compared by the keyboard alone, says what is missing and what differs, and nothing of it leaves the page', () =>
    onePage(async (page, [a, b]) => {
      await page.locator('#safety .none').waitFor()
      await page.focus('#theirs')
      await page.keyboard.type('1234')
      await verdict(page, /^There is no number here yet/)
      await agree(a, b)
      const number: string = (await b.call('/show')).json.safetyNumber
      await assertInSight(page, number)
      await page.focus('#theirs')
      await verdict(page, /^Not complete yet: none of the twelve groups/)
      await page.keyboard.press('Control+A')
      await page.keyboard.press('Delete')
      const before = await keptBy(page)
      const asked: string[] = []
      page.on('request', (request) => asked.push(`${request.url()} ${request.postData()}`))
      page.on('websocket', (socket) => asked.push(socket.url()))
      const groups = number.split(' ')
      await page.keyboard.type(`${groups.slice(0, 3).join('')} ${groups[3]?.slice(0, 2)}`)
      await verdict(page, /^Not complete yet: 3 of the twelve groups so far, with no difference\.$/)
      // the verdict is the same before the fourth group is drawn
      await page.locator('#number .unfinished').waitFor()
      assert.deepEqual(await marks(page), ['same', 'same', 'same', 'unfinished'])
      // the rest as it is pasted
      await page.keyboard.insertText(`${number.slice(20)} `)
      await verdict(page, /^The same: all twelve groups\./)
      assert.deepEqual(new Set(await marks(page)), new Set(['same']))
      const wrong = groups.map((group, i) =>
        i === 4 ? group.replace(/.$/, (d) => `${(Number(d) + 1) % 10}`) : group,
      )
      await page.fill('#theirs', `Mine: ${wrong.join('\n')}`)
      await verdict(page, /^DIFFERENT: 1 of 12 groups is not as here\..*send nothing more/)
      const other = page.locator('#number li.different')
      assert.equal(await other.textContent(), `${groups[4]} ✗ different: ${wrong[4]}`)
      assert.equal((await marks(page)).indexOf('different'), 4)
      for (const [text, sentence] of [
        [wrong.slice(0, 6).join(' '), /^DIFFERENT: 1 of 6 groups/],
        ['what?', /^There are no digits in it/],
        [`${number} 00000`, /^There are too many digits/],
        [`${number}\nor ${wrong.join(' ')}`, /^There is more than one number/],
        [number.slice(0, -1), /^Not complete yet: 11 of the twelve groups/],
      ] as const) {
        await page.fill('#theirs', text)
        await verdict(page, sentence)
        assert.equal(await page.locator('#verdict[data-is="same"]').count(), 0)
      }
      await page.fill('#theirs', '')
      await page.locator('#verdict:empty').waitFor({ state: 'attached' })
      await page.fill('#theirs', wrong.join(' '))
      await verdict(page, /^DIFFERENT/)
      assert.deepEqual(asked, [])
      assert.deepEqual(await keptBy(page), before)
      // nothing of it goes along with what is asked afterwards, and nothing comes back with a reload
      await press(page, '/show')
      await says(page, '/show', /It is on your terminal/)
      await page.reload()
      await page.locator('#number:not(.none)').waitFor()
      assert.equal(await page.inputValue('#theirs'), '')
      assert.ok(asked.length > 1)
      const theirs = new RegExp(String(wrong[4]))
      for (const text of [...asked, (await a.call('/transcript')).text])
        assert.doesNotMatch(text, theirs)
    }))
})
