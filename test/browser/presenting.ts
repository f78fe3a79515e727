/** Presenting: arrows turn the screens and run nothing, and Enter on the marked button runs a step, once. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { SCREENS } from '../../src/page/present/screens.ts'
import { noChromium, violations } from '../helpers/browser.ts'
import type { TestPeer } from '../helpers/with-peers.ts'
import { isFocused, onePage, suite } from './tabs.ts'

const told = async (peer: TestPeer) => (await peer.call('/transcript')).json.events.length
const isOn = (page: Page, screen: string) => page.locator(`main.on-${screen}`).waitFor()
const marks = (page: Page, step: string) => page.locator(`#marked[data-step="${step}"]`).waitFor()
const SMALL = { viewport: { width: 1024, height: 768 }, path: '/?present' }

describe('presenting', suite, () => {
  it('turns by arrows and by a clicker, runs nothing, and fits; a reload stays, Escape leaves', () =>
    onePage(
      async (page, [a]) => {
        for (const round of ['before an exchange', 'after it']) {
          const before = await told(a)
          for (const [i, screen] of SCREENS.entries()) {
            await isOn(page, screen)
            if (round === 'after it') assert.deepEqual(await violations(page), [], screen)
            const more = await page.evaluate(() => [
              document.documentElement.scrollHeight - innerHeight,
              document.documentElement.scrollWidth - innerWidth,
            ])
            assert.deepEqual(more, [0, 0], `${screen}, ${round}`)
            assert.equal(await isFocused(page, '#marked'), true)
            await page.keyboard.press(i % 2 ? 'PageDown' : 'ArrowRight')
          }
          await page.reload()
          await isOn(page, 'end')
          // the question is asked before the answer is there
          for (const screen of ['costs', 'table', 'question']) {
            await page.keyboard.press(screen === 'table' ? 'PageUp' : 'ArrowLeft')
            await isOn(page, screen)
            assert.equal(await page.locator('table').count(), screen === 'table' ? 1 : 0)
          }
          assert.equal(await told(a), before)
          await page.evaluate(() => location.replace('#screen-1'))
          if (round === 'after it') break
          await talkOn(page)
          const { events } = (await a.call('/transcript')).json
          const ran = events.flatMap(({ type, route }: { type: string; route: string }) =>
            type === 'step' ? route : [],
          )
          assert.deepEqual(ran, ['/send_keys', '/compare', '/show', '/send_msg'])
        }
        await page.keyboard.press('Escape')
        await page.locator('#controls, .controls').waitFor()
        assert.equal(new URL(page.url()).search, '')
      },
      { ...SMALL },
    ))

  it('prints as the page, and without its script it is the page', { skip: noChromium }, () =>
    onePage(
      async (page, [a]) => {
        await marks(page, 'turn')
        await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
        await page.locator('#sheet').waitFor({ state: 'attached' })
        await page.evaluate(() => dispatchEvent(new Event('afterprint')))
        await isOn(page, 'who')
        const html = (await a.call('/?present', { headers: { accept: 'text/html' } })).text
        assert.match(html, /media="screen and \(scripting: enabled\)"/)
        assert.match(html, /id="records"/)
      },
      { ...SMALL },
    ),
  )
})

/** The whole story by Enter alone, but for the number, which somebody types. */
async function talkOn(page: Page) {
  const enter = () => page.keyboard.press('Enter')
  await enter()
  await marks(page, '/send_keys')
  // not by a key that is held down, nor in a window that nobody has focused
  await page.locator('#marked').evaluate((button) => {
    Object.defineProperty(document, 'hasFocus', { value: () => false, configurable: true })
    ;(button as HTMLElement).click()
    Reflect.deleteProperty(document, 'hasFocus')
  })
  await page.keyboard.down('Enter')
  for (let i = 0; i < 5; i++) await page.keyboard.down('Enter')
  await page.keyboard.up('Enter')
  await marks(page, '/other/send_keys')
  await enter()
  for (const screen of ['crossed', 'compare']) {
    await marks(page, 'turn')
    await enter()
    await isOn(page, screen)
  }
  await marks(page, 'field')
  await enter()
  const number = (await page.locator('#number b').allTextContents()).join(' ')
  await page.fill('#theirs', number)
  // in a field arrows are the field's
  await page.focus('#theirs')
  await page.keyboard.press('ArrowLeft')
  await isOn(page, 'compare')
  await enter()
  await page.locator('#safety .compared').waitFor()
  await marks(page, 'turn')
  await enter()
  for (const step of ['/show', '/other/show']) {
    await marks(page, step)
    await enter()
  }
  for (const screen of ['sums', 'text']) {
    await marks(page, 'turn')
    await enter()
    await isOn(page, screen)
  }
  for (const step of ['/send_msg', '/other/decrypt_msg']) {
    await marks(page, step)
    await enter()
  }
  await marks(page, 'turn')
  await page.evaluate(() => location.replace('#screen-1'))
}
