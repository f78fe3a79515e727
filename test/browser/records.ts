/** What went over the wire, byte by byte, and the letters of it. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { post, posting, TEXT } from '../helpers/call.ts'
import { withServer } from '../helpers/fakes.ts'
import { withTreated } from '../helpers/lossy-wire.ts'
import { agree, withOnePeer, withPeers } from '../helpers/with-peers.ts'
import { onePage, records, sharedPage, suite, withTab } from './tabs.ts'

describe('what comes over the wire', suite, () => {
  const onPage = sharedPage()

  it('in a request with the wrong method has a record that names that method', () =>
    onPage(async (page, [a]) => {
      await a.call('/wire/keys')
      await records(page, 2)
      const record = page.locator('#record-1')
      assert.match(await record.innerText(), /a request\s+GET \/wire\/keys/)
      assert.doesNotMatch(await record.innerText(), /POST|known form/)
    }))

  it('has its letters plotted as they are in /frequency, with a table of the same numbers, as messages come', () =>
    onPage(async (page, [a, b]) => {
      await page.locator('#frequency .part > summary').click()
      await page.getByText('No sealed text has come yet.').waitFor()
      await page.locator('#frequency details details > summary').click()
      assert.equal(await page.getByText('none yet').count(), 26)
      await agree(a, b)
      await b.call('/send_msg')
      await page.getByText(/^Only \d\d letters of ciphertext came so far: too few/).waitFor()
      assert.equal(await page.locator('#plot *').count(), 0)
      await b.call('/send_msg', posting(TEXT, 'a'.repeat(1000)))
      await page.getByText(/^Counted in 1,\d{3} letters of the ciphertext/).waitFor()
      const { english, ciphertext } = (await a.call('/frequency')).json
      const rows = await page.locator('#numbers tbody tr').allInnerTexts()
      assert.deepEqual(
        rows,
        Object.keys(english).map(
          (letter) => `${letter}\t${english[letter].toFixed(1)}\t${ciphertext[letter].toFixed(1)}`,
        ),
      )
      assert.equal(await page.locator('#plot rect.english').count(), 26)
      assert.match((await page.getAttribute('#plot svg', 'aria-label')) ?? '', /table below/)
    }))

  it('of a picture is its header and no more', () =>
    onPage(async (page, [a]) => {
      await a.call('/send_image')
      await page.locator('.record summary', { hasText: 'sealed picture' }).click()
      const record = page.locator('.record', { hasText: 'sealed picture' })
      assert.match(await record.innerText(), /DUET2|44 55 45 54 32/)
      assert.match(await record.innerText(), /1 chunk of ChaCha20-Poly1305, 26,662 bytes/)
    }))
})

describe('a message that comes once more', suite, () => {
  it('is nothing red on either page, and other bytes under its number are', () =>
    withTreated(async (a, b, treat) => {
      treat('answer lost')
      await withTab(a.url, {}, async (sender) => {
        await withTab(b.url, {}, async (receiver) => {
          assert.equal((await a.call('/send_msg')).status, 201)
          const { events } = (await b.call('/transcript')).json
          const { parts } = events.find(({ form }: { form: string }) => form === 'sealed message')
          const body = parts.map(({ text }: { text: string }) => text).join('')
          await post(`${b.url}/wire/message`, { ...JSON.parse(body), ciphertext: '00'.repeat(16) })
          const refusals = receiver.locator('.record', { hasText: '409 replay' })
          await refusals.nth(1).waitFor()
          const isRed = (row: Element) => row.classList.contains('refused')
          assert.deepEqual(await Promise.all([0, 1].map((i) => refusals.nth(i).evaluate(isRed))), [
            false,
            true,
          ])
          const answer = sender.locator('.record', { hasText: '409 replay' })
          assert.equal(await answer.evaluate(isRed), false)
        })
      })
    }))
})

describe('a record', suite, () => {
  it('has an address for each field, on arrival and by a link, and opens to its bytes, each with its name, length, meaning and source', () =>
    withPeers({}, async (a, b) => {
      await agree(a, b)
      await withTab(a.url, { path: '/#record-4-confirm.tag' }, async (page) => {
        const field = page.locator('[id="record-4-confirm.tag"]')
        await field.waitFor()
        assert.equal(await field.evaluate((element) => element === document.activeElement), true)
        await page.locator('#record-1 summary').click()
        await page.locator('#record-1 .bytes a[href="#record-1-identity"]').click()
        assert.match(page.url(), /#record-1-identity$/)
        await page.locator('#record-1-identity:target').waitFor()
        const { publicKey } = (await a.call('/show')).json
        const text = await page.locator('#record-1-publicKey').innerText()
        assert.ok(text.replaceAll(' ', '').includes(publicKey))
        assert.match(text, /publicKey 32 bytes, written as 64 hex digits/)
        assert.match(text, /Private key times base point[\s\S]*RFC 7748 section 6\.1/)
        const curve = await page.locator('#record-1-curve').innerText()
        assert.match(curve, /curve 6 bytes, the characters X25519[\s\S]*58 32 35 35 31 39/)
        // the marks aside, the text is the body
        const body = await page.locator('#record-1 .bytes').evaluate((bytes) => {
          for (const mark of bytes.querySelectorAll('sup')) mark.remove()
          return bytes.textContent
        })
        const { parts } = (await a.call('/transcript')).json.events[0]
        assert.equal(body, parts.map((part: { text: string }) => part.text).join(''))
      })
    }))

  it('has its bytes before anybody sees it open', () =>
    onePage(async (page, [a]) => {
      await a.call('/send_keys')
      await records(page, 3)
      // without a pause in which the browser could paint
      const seen = await page.locator('#record-1 summary').evaluate(async (summary) => {
        ;(summary as HTMLElement).click()
        await Promise.resolve()
        const details = summary.closest('details')
        return details?.open && (details.querySelector('.bytes') as HTMLElement | null)?.innerText
      })
      assert.match(`${seen}`, /"curve":"2X25519"/)
    }))

  it('that is hostile is text and nothing else', () =>
    // what answers as the other peer may say anything
    withServer(
      (request, response) => {
        request.resume()
        const title = '<img src=x onerror=alert(1)>'
        const detail = '</code><script>alert(1)</script>'
        const problem = { status: 409, code: 'stale_keys', title, detail, next: '<b>x</b>' }
        response.writeHead(409).end(JSON.stringify(problem))
      },
      (url) =>
        withOnePeer({ peerUrl: url }, (peer) =>
          withTab(peer.url, {}, async (page) => {
            await peer.call('/send_keys')
            await records(page, 3)
            await page.locator('#record-2 summary').click()
            const detail = page.locator('#record-2-detail')
            assert.match(await detail.innerText(), /<script>alert/)
            assert.equal(await page.locator('#record-2 :is(img, script, b b)').count(), 0)
            // as the server renders it too
            const html = await peer.call('/', { headers: { accept: 'text/html' } })
            assert.doesNotMatch(html.text, /<img|<script>|<b>x/)
          }),
        ),
    ))
})
