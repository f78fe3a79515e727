/** The page in Spanish, and the way between the languages. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { agree } from '../helpers/with-peers.ts'
import { nextIs, onePage, openRecords, press, records, said, says, step, suite } from './tabs.ts'

/** What a page says in the language that it says it is in: all texts, labels and titles, but for parts of another one. */
function wordsOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { lang } = document.documentElement
    const texts: string[] = []
    for (const element of document.body.querySelectorAll('*')) {
      if (element.closest('[lang]')?.getAttribute('lang') !== lang) continue
      for (const { nodeType, nodeValue } of element.childNodes)
        if (nodeType === Node.TEXT_NODE) texts.push(nodeValue ?? '')
      for (const name of ['aria-label', 'title', 'alt', 'data-next'])
        texts.push(element.getAttribute(name) ?? '')
    }
    return texts.map((text) => text.trim()).filter(Boolean)
  })
}

describe('the page in Spanish', suite, () => {
  it('is what a Spanish browser gets, and what stays English is marked so', () =>
    onePage(
      async (page, [a, b]) => {
        assert.equal(await page.getAttribute('html', 'lang'), 'es')
        await page.getByText('en directo').waitFor()
        await press(page, '/send_msg')
        await says(page, '/send_msg', /✗ No session yet\. .*Siguiente: curl http/)
        const refusal = said(page, '/send_msg').locator('[lang="en"]')
        assert.match((await refusal.allTextContents()).join(), /^No session yet.*,curl http/)
        await agree(a, b)
        await b.call('/send_image')
        await b.call('/send_msg')
        await nextIs(page, '/decrypt_msg')
        await step(page, '/decrypt_msg').getByText('1 mensaje cifrado sin abrir').waitFor()
        await page.getByText('Descifrada: image/png, 26.591 bytes.').waitFor()
        const { safetyNumber } = (await b.call('/show')).json
        await page.fill('#theirs', safetyNumber.replace(/^\d+/, '00000'))
        await page.getByText(/^DISTINTO: 1 de 12 grupos .*hay alguien en medio/).waitFor()
        await page.fill('#theirs', safetyNumber)
        await page.getByText(/^Iguales: los doce grupos coinciden/).waitFor()
        await openRecords(page)
        await page.locator('.fields').first().waitFor()
        assert.match(await page.locator('#record-2').innerText(), /mensaje de claves/)
        await page.locator('#frequency .part > summary').click()
        await page.locator('#frequency details details > summary').click()
        await page
          .locator('#numbers')
          .getByText(/^12,7$/)
          .waitFor()
        const texts = await wordsOf(page)
        assert.ok(texts.length > 150, `${texts.length}`)
        const english = texts.filter((text) =>
          /\b(the|and|of|is|an|your|its?|next|key|has)\b/i.test(text),
        )
        assert.deepEqual(english, [])
        assert.equal(await page.locator('.source').first().innerText(), 'duet/2, Key message')
      },
      { locale: 'es' },
    ))

  it('changes to English and back by a link, which the address keeps, and nothing else does', () =>
    onePage(
      async (page, [a, b]) => {
        await agree(a, b)
        await records(page, 5)
        await page.locator('#record-1 summary').click()
        await page.locator('#record-1 .bytes a[href="#record-1-identity"]').click()
        await page.locator('#language a').click()
        await page.waitForURL(`${a.url}/?lang=en#record-1-identity`)
        await page.locator('#record-1-identity', { hasText: 'long-term public key' }).waitFor()
        assert.equal(await page.getAttribute('html', 'lang'), 'en')
        await page.reload()
        await page.locator('#record-1-identity', { hasText: 'long-term public key' }).waitFor()
        const other = page.getByText('Open its page')
        assert.equal(await other.getAttribute('href'), `${b.url}/?lang=en`)
        await page.locator('#language a').click()
        await page.locator('#record-1-identity', { hasText: 'larga duración' }).waitFor()
        assert.deepEqual(await page.context().cookies(), [])
        assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0)
      },
      { locale: 'es' },
    ))
})
