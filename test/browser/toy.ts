/** The toy in use: secrets that are dragged, Eve who counts and can be stopped, every state by the rules, and no script. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { multiply, pointText, TOY } from '../../src/page/toy/curves.ts'
import { noChromium, violations } from '../helpers/browser.ts'
import { onePage, suite } from './tabs.ts'

const place = (page: Page, name: string) =>
  page.evaluate((name) => {
    const circle = [...document.querySelectorAll('#meet .reach')][name === 'A' ? 0 : 1]
    const { x, y, width, height } = circle?.getBoundingClientRect() ?? new DOMRect()
    return { x: x + width / 2, y: y + height / 2 }
  }, name)
const secretOf = async (page: Page, name: string) => Number(await page.inputValue(`#meet-${name}`))
const sizeOf = (page: Page, size: number) => page.locator(`[data-size="${size}"]`)
/** What a side says that it computes. */
const computed = (page: Page, who: string) => page.locator(`.party.${who} b`).textContent()

describe('the toy', suite, () => {
  it('moves its secrets by keys and by a pointer, and both sides arrive at one point', () =>
    onePage(
      async (page) => {
        await page.locator('#meet-a').focus()
        for (const [key, a] of [
          ['ArrowRight', 6],
          ['Home', 1],
          ['End', 32],
        ] as const) {
          await page.keyboard.press(key)
          assert.equal(await secretOf(page, 'a'), a)
          assert.equal(await page.inputValue('#hops-a'), `${a}`)
        }
        await page.locator('#meet').scrollIntoViewIfNeeded()
        // from point to point: a is what leads to the one where A was let go
        const [from, to] = [await place(page, 'A'), await place(page, 'B')]
        await page.mouse.move(from.x, from.y)
        await page.mouse.down()
        await page.mouse.move(to.x + 3, to.y - 3, { steps: 4 })
        await page.mouse.up()
        assert.equal(await secretOf(page, 'a'), await secretOf(page, 'b'))
        await page.fill('#meet-a', '7')
        await page.fill('#meet-b', '12')
        const S = pointText(multiply(TOY, 7 * 12, TOY.base))
        assert.equal(await computed(page, 'a'), `S = 7B = ${S}`)
        assert.equal(await computed(page, 'b'), `S = 12A = ${S}`)
        // 3 · 11 is no point of the picture
        await page.fill('#meet-a', '3')
        await page.fill('#meet-b', '11')
        assert.equal(await computed(page, 'a'), 'S = 3B = infinity')
        await page.getByText(/^That is the point at infinity/).waitFor()
      },
      { path: '/toy' },
    ))

  it('lets Eve find a secret by as many steps as it is large, and stops her', () =>
    onePage(
      async (page) => {
        await page.fill('#hops-a', '29')
        await sizeOf(page, 0).locator('button').click()
        await sizeOf(page, 0).getByText('Eve: 29 steps').waitFor()
        await sizeOf(page, 2).locator('button').click()
        await sizeOf(page, 2).locator('.result').waitFor()
        const text = await sizeOf(page, 2).innerText()
        const [, steps] = /Eve: ([\d,]+) step/.exec(text) ?? []
        const [, secret] = /She has it: ([\d,]+)[,.]/.exec(text) ?? []
        assert.equal(steps, secret)
        await page.getByText(`Eve has found the secret after ${steps} steps.`).waitFor()

        // on 2^48 points nobody waits for her
        await sizeOf(page, 7).locator('button').click()
        await sizeOf(page, 7)
          .getByText(/All of them: .* (?:years|days)/)
          .waitFor()
        await sizeOf(page, 7)
          .getByText(/[\d,]{5,} steps/)
          .waitFor()
        // the page does other things meanwhile, which without pauses would wait for days
        await page.fill('#meet-a', '4')
        assert.equal(await page.inputValue('#hops-a'), '4')
        // one search at a time
        await sizeOf(page, 6).locator('button').click()
        await sizeOf(page, 7)
          .getByText(/^Stopped after/)
          .waitFor()
        await sizeOf(page, 6).locator('progress').waitFor()
        await sizeOf(page, 6).getByText('Stop', { exact: false }).first().click()
        await sizeOf(page, 6)
          .getByText(/^Stopped after/)
          .waitFor()
        assert.equal(await page.locator('progress').count(), 0)
        const stopped = await sizeOf(page, 6).locator('.count').innerText()
        // a secret of 2^20 points falls to rho in some thousand steps
        await page.getByLabel(/Pollard/).check()
        await sizeOf(page, 3).locator('button').click()
        await sizeOf(page, 3).locator('.result').waitFor()
        assert.equal(await sizeOf(page, 6).locator('.count').innerText(), stopped)
        await page
          .locator('.real')
          .getByText(/At the speed that she had here last: .* years/)
          .waitFor()
      },
      { path: '/toy' },
    ))

  for (const [locale, width, colorScheme] of [
    ['en', 1280, 'light'],
    ['es', 320, 'dark'],
  ] as const)
    it(`breaks no rule of WCAG 2.2 AA and is never too wide, ${width} wide and ${colorScheme}, in ${locale}`, () =>
      onePage(
        async (page) => {
          assert.equal(await page.getAttribute('html', 'lang'), locale)
          await sizeOf(page, 0).locator('button').click()
          await sizeOf(page, 7).locator('button').click()
          await sizeOf(page, 7).locator('progress').waitFor()
          await page.locator('#multiples summary').click()
          assert.deepEqual(await violations(page), [])
          const { wide, moving } = await page.evaluate(() => ({
            wide: document.documentElement.scrollWidth,
            moving: document.getAnimations().length,
          }))
          assert.deepEqual([wide <= width, moving], [true, 0], `${wide} pixels`)
          // text of twice the size, in a window of usual width
          if (width > 1000) {
            await page.evaluate(() => {
              document.documentElement.style.fontSize = '200%'
            })
            const wide = await page.evaluate(() => document.documentElement.scrollWidth)
            assert.ok(wide <= width, `${wide} px`)
          }
          if (locale === 'es') {
            const english = await page.locator('main').innerText()
            assert.doesNotMatch(english, /\b(?:the|and|of|your|she|steps)\b/i)
          }
        },
        { path: '/toy', locale, viewport: { width, height: 800 }, colorScheme },
      ))
})

describe('the toy under a finger', { skip: noChromium }, () => {
  it('has A go where the finger goes, and does not scroll', () =>
    onePage(
      async (page) => {
        await page.locator('#meet figure').scrollIntoViewIfNeeded()
        const [before, { x, y }] = [await page.evaluate(() => scrollY), await place(page, 'A')]
        const to = await place(page, 'B')
        const session = await page.context().newCDPSession(page)
        const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', at?: typeof to) =>
          session.send('Input.dispatchTouchEvent', { type, touchPoints: at ? [at] : [] })
        await touch('touchStart', { x, y })
        for (const part of [0.3, 0.6, 1])
          await touch('touchMove', { x: x + part * (to.x - x), y: y + part * (to.y - y) })
        await touch('touchEnd')
        assert.equal(await secretOf(page, 'a'), 13)
        assert.equal(await page.evaluate(() => scrollY), before)
      },
      { path: '/toy', viewport: { width: 320, height: 640 } },
    ))
})

describe('the toy without its script', { skip: noChromium }, () => {
  it('shows a case, every point and the whole story, and offers nothing that would do nothing', () =>
    onePage(
      async (page) => {
        await page.locator('#multiples summary').click()
        const text = await page.locator('main').innerText()
        for (const part of ['5G = (20, 4)', 'S = 5B = (2, 28)', 'S = 13A = (2, 28)', '32G (2, 28)'])
          assert.ok(text.includes(part), part)
        assert.match(text, /Without its script nothing moves here/)
        assert.match(text, /2125\.8 steps/)
        assert.equal(await page.locator('.plot .hop').count(), 4 + 4 + 12)
        for (const control of await page.locator('button, input').all())
          assert.equal(await control.isVisible(), false)
      },
      { path: '/toy', javaScript: false },
    ))
})
