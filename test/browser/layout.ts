/** How it looks: every state by the rules of WCAG 2.2 AA, on paper, in large text, and never too wide. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { SUITES } from '../../src/protocol/suites.ts'
import { noChromium, violations } from '../helpers/browser.ts'
import { posting, TEXT } from '../helpers/call.ts'
import { agree, type TestPeer } from '../helpers/with-peers.ts'
import { nextIs, onePage, openRecords, press, records, said, suite } from './tabs.ts'

const SLOW = process.env['SLOW'] === '1'
const slow =
  !SLOW && 'takes seconds, and what is longest and what is usual are shown: SLOW=1 runs it'

/** How many pages a PDF of Chromium's has. */
const pagesOf = (pdf: Buffer) => [...pdf.toString('latin1').matchAll(/\/Type \/Page\b/g)].length

/** Texts that lie on one another, and what is hidden to the side. */
function hiddenIn(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const faults: string[] = []
    const shown: { text: string; of: Element; box: DOMRect }[] = []
    for (const element of document.querySelectorAll('body, body *')) {
      if (!element.checkVisibility() || element.closest('.unseen, .skip, .crossing, svg')) continue
      const { overflowX } = getComputedStyle(element)
      if (overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1)
        faults.push(
          `${element.tagName} ${element.id} hides ${element.scrollWidth - element.clientWidth} px`,
        )
      // what a list has scrolled away is not seen
      let [upper, lower] = [-Infinity, Infinity]
      for (let outer: Element | null = element; outer; outer = outer.parentElement) {
        if (getComputedStyle(outer).overflowY === 'visible') continue
        const { top, bottom } = outer.getBoundingClientRect()
        upper = Math.max(upper, top)
        lower = Math.min(lower, bottom)
      }
      for (const node of element.childNodes) {
        if (node.nodeType !== Node.TEXT_NODE || !node.nodeValue?.trim()) continue
        const range = document.createRange()
        range.selectNodeContents(node)
        const text = node.nodeValue.trim().slice(0, 40)
        for (const rect of range.getClientRects()) {
          // lines may touch
          const top = Math.max(upper, rect.top + rect.height / 4)
          const bottom = Math.min(lower, rect.bottom - rect.height / 4)
          const box = new DOMRect(rect.left, top, rect.width, Math.max(0, bottom - top))
          shown.push({ text, of: element, box })
        }
      }
    }
    const areOnOneAnother = (one: DOMRect, other: DOMRect) =>
      Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1 &&
      Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 1
    for (const [i, { text, of, box }] of shown.entries()) {
      if (box.right > innerWidth + 1) faults.push(`beyond the edge: ${text}`)
      for (const other of shown.slice(i + 1))
        if (of !== other.of && areOnOneAnother(box, other.box))
          faults.push(`on one another: ${text} / ${other.text}`)
    }
    return faults
  })
}

describe('the page on paper and in large text', { skip: noChromium }, () => {
  for (const [locale, name, skip] of [
    // long sentences and long keys
    ['es', 'X25519MLKEM768', false],
    ['en', 'X25519', slow],
  ] as const)
    it(
      `prints its essentials on one sheet, and hides nothing at 200 %, in ${locale} on ${name}`,
      { skip },
      () =>
        onePage(
          async (page, [a, b]) => {
            for (let i = 0; i < 4; i++) {
              await agree(a, b)
              await b.call('/send_msg')
              await b.call('/send_image')
            }
            // steps are no records, and push none off the sheet
            for (let i = 0; i < 30; i++) await a.call('/show')
            await page.locator('#picture canvas').waitFor()
            await records(page, (await a.call('/transcript')).json.events.length)
            const { safetyNumber, session, publicKey, identity, peer } = (await a.call('/show'))
              .json
            await page.fill('#theirs', safetyNumber.replace(/^\d+/, '00000'))
            await page.locator('#verdict[data-is="different"]').waitFor()
            await page.locator('.record summary:visible').first().click()
            await page.locator('.record .fields').waitFor()

            for (const format of ['A4', 'Letter'])
              assert.equal(pagesOf(await page.pdf({ format })), 1, format)
            if (SLOW) assert.ok(pagesOf(await page.pdf({ format: 'A6' })) > 1, 'it can be told')
            await page.emulateMedia({ media: 'print' })
            const paper = await page.locator('body').innerText()
            const { run } = (await a.call('/transcript')).json
            for (const text of [session.id, publicKey, identity, peer.publicKey, run])
              assert.ok(paper.includes(text), text)
            for (const group of safetyNumber.split(' ')) assert.ok(paper.includes(group), group)
            assert.match(
              paper,
              locale === 'es' ? /DISTINTO: 1 de 12 grupos/ : /DIFFERENT: 1 of 12 groups/,
            )
            assert.doesNotMatch(paper, /curl|Pollard|"accepted"/)
            const sealed = locale === 'es' ? 'respuesta a una imagen' : 'answer to a picture'
            assert.ok(paper.split(sealed).length > 2)
            await page.emulateMedia({ media: 'screen' })

            assert.deepEqual(await hiddenIn(page), [], 'at its own size')
            const large = await page.evaluate(() => {
              const { documentElement: root } = document
              const size = Number.parseFloat(getComputedStyle(root).fontSize)
              root.style.fontSize = `${2 * size}px`
              return Number.parseFloat(getComputedStyle(document.body).fontSize) / size
            })
            assert.equal(large, 2)
            assert.deepEqual(await hiddenIn(page), [], 'at 200 %')
            if (SLOW) assert.deepEqual(await violations(page), [])
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 1280)
          },
          { locale, suite: SUITES[name], viewport: { width: 1280, height: 900 } },
        ),
    )
})

/** Brings about every state that looks different, each from the one before it, and names it. */
async function* states(page: Page, a: TestPeer, b: TestPeer): AsyncGenerator<string> {
  await nextIs(page, '/send_keys')
  yield 'before anything'
  await press(page, '/send_msg')
  await said(page, '/send_msg').waitFor()
  yield 'with a refusal'
  for (let i = 0; i < 40; i++) await a.call('/show')
  await page.locator('#records > .step').nth(40).waitFor({ state: 'attached' })
  yield 'with more steps than fit, and nothing on the wire'
  await agree(a, b)
  await nextIs(page, 'compare')
  yield 'after an exchange'
  await b.call('/send_msg')
  await b.call('/send_msg', posting(TEXT, 'x'.repeat(5000)))
  await b.call('/send_image')
  await page.locator('#picture canvas').waitFor()
  yield 'with messages and a picture'
  const { safetyNumber } = (await b.call('/show')).json
  await page.fill('#theirs', safetyNumber.replace(/^\d+/, '00000').slice(0, -2))
  await page.locator('#number .unfinished').waitFor()
  yield 'with a number compared'
  await openRecords(page)
  await page.locator('.fields').first().waitFor()
  yield 'with every record open'
}

/** By axe-core, which takes a second each time: what is there at first, and at last all that came to it. */
const JUDGED = ['with a refusal', 'with every record open']

describe('every state of the page', suite, () => {
  for (const [width, colorScheme, name, locale, skip] of [
    // its public keys are long, and so are these sentences
    [320, 'dark', 'X25519MLKEM768', 'es', false],
    [1280, 'light', 'X25519', 'en', slow],
    [320, 'light', 'X25519', 'es', slow],
    [320, 'dark', 'X25519', 'en', slow],
    [1280, 'dark', 'X25519', 'es', slow],
    [320, 'light', 'X25519MLKEM768', 'en', slow],
    [1280, 'dark', 'X25519MLKEM768', 'es', slow],
  ] as const)
    it(
      `breaks no rule of WCAG 2.2 AA, is never too wide and moves nothing, ${width} wide and ${colorScheme}, on ${name}, in ${locale}`,
      { skip },
      () =>
        onePage(
          async (page, [a, b]) => {
            for await (const name of states(page, a, b)) {
              if (SLOW || JUDGED.includes(name)) assert.deepEqual(await violations(page), [], name)
              const { wide, moving, scrolls } = await page.evaluate(() => ({
                wide: document.documentElement.scrollWidth,
                // what a reader who wants no motion gets
                moving: document.getAnimations().length,
                scrolls: getComputedStyle(document.documentElement).scrollBehavior,
              }))
              assert.ok(wide <= width, `${name}: ${wide} pixels`)
              assert.deepEqual([moving, scrolls], [0, 'auto'], name)
            }
          },
          { suite: SUITES[name], viewport: { width, height: 900 }, colorScheme, locale },
        ),
    )
})
