/** The whole round by clicks, in two tabs; and by the keyboard. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import {
  isFocused,
  nextIs,
  numberOn,
  onePage,
  press,
  records,
  SAMPLE,
  says,
  shows,
  step,
  suite,
  TEXT,
  twoPages,
} from './tabs.ts'

describe('the whole round by clicks', suite, () => {
  it('goes from keys to an opened message and pictures in two tabs, the next step marked all the way, with mirrored records', () =>
    twoPages(async (a, b, [peerA, peerB]) => {
      await nextIs(a, '/send_keys')
      await press(a, '/send_keys')
      await says(a, '/send_keys', /Sent\. A session needs the other peer/)
      await nextIs(a, '/other/send_keys')
      await nextIs(b, '/send_keys')
      await press(b, '/send_keys')
      await says(b, '/send_keys', /Both have the keys now/)
      for (const page of [a, b]) await nextIs(page, 'compare')
      const bodies = ['key message', 'answer to a key message']
      for (const page of [a, b]) assert.deepEqual(await records(page, 5), [...bodies, ...bodies])
      const ways = (page: Page) =>
        page
          .locator('#records .record')
          .evaluateAll((items) => items.map((item) => item.classList.contains('sent')))
      assert.deepEqual(await ways(a), [true, false, false, true])
      assert.deepEqual(await ways(b), [false, true, true, false])
      await press(a, '/show')
      await says(a, '/show', /It is on your terminal/)
      await nextIs(a, '/send_msg')
      await a.fill('#text', TEXT)
      await press(a, '/send_msg')
      await says(a, '/send_msg', /Sealed 38 bytes, sent as message 0/)
      await nextIs(a, '/other/decrypt_msg')
      await nextIs(b, '/decrypt_msg')
      await step(b, '/decrypt_msg').getByText('1 sealed message waiting').waitFor()
      await press(b, '/decrypt_msg')
      await says(b, '/decrypt_msg', /1 message opened in your terminal/)
      await nextIs(b, '/show')
      assert.ok(peerB.secrets().includes(TEXT))
      assert.equal(await a.inputValue('#text'), '')
      // what the pages hold is what the terminals say is public, and not what they say is secret
      const all = [await a.content(), await b.content()].join()
      for (const secret of [...peerA.secrets(), ...peerB.secrets()])
        assert.ok(!all.includes(secret))
      const [number = '', other] = await Promise.all([a, b].map(numberOn))
      assert.match(number, /^(\d{5} ){11}\d{5}$/)
      assert.equal(number, other)
      const { publicKey } = (await peerA.call('/show')).json
      for (const page of [a, b]) await shows(page, publicKey)
      // a picture that was chosen is shown beside its noise
      await a.setInputFiles('#file', SAMPLE)
      await press(a, '/send_image')
      await says(a, '/send_image', /Sealed and sent: image\/png, 26,591 bytes/)
      await nextIs(a, 'other')
      await b.locator('#picture canvas').waitFor()
      const natural = await b.locator('#picture img').evaluate(async (img: HTMLImageElement) => {
        await img.decode()
        return img.naturalWidth
      })
      assert.ok(natural > 100)
      const spread = await b.locator('#picture canvas').evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext('2d')?.getImageData(0, 0, 64, 64) ?? { data: [] }
        return new Set(data).size
      })
      assert.equal(spread, 256, 'every value of a byte comes in noise')
      // one that was dropped tells how far it is; here it stops halfway
      await a.evaluate(() => {
        const { send } = XMLHttpRequest.prototype
        XMLHttpRequest.prototype.send = function (body) {
          this.upload.dispatchEvent(new ProgressEvent('progress', { loaded: 1, total: 2 }))
          addEventListener('go on', () => send.call(this, body), { once: true })
        }
      })
      const dropped = await a.evaluateHandle((length) => {
        const bytes = new Uint8Array(length)
        bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
        // and its end: what follows is no part of it
        bytes.set([0x49, 0x45, 0x4e, 0x44], 12)
        const transfer = new DataTransfer()
        transfer.items.add(new File([bytes], 'höhle & <b>.png', { type: 'image/png' }))
        return transfer
      }, 300_000)
      await a.dispatchEvent('#drop', 'dragover', { dataTransfer: dropped })
      await a.locator('#drop.over').waitFor()
      await a.dispatchEvent('#drop', 'drop', { dataTransfer: dropped })
      const bar = a.locator('#progress:not([hidden])')
      assert.equal(await bar.evaluate(({ value }: HTMLProgressElement) => value), 0.5)
      await a.evaluate(() => dispatchEvent(new Event('go on')))
      await says(a, '/send_image', /image\/png, 300,000 bytes/)
      await bar.waitFor({ state: 'detached' })
      await b.getByText('300,000 bytes').first().waitFor()
      assert.match(peerB.lines().join('\n'), /"höhle & <b>\.png"/)
    }))

  it('can be done by the keyboard alone, keeps the focus, and tells of each outcome in a line that was there before', () =>
    onePage(async (page, [, b]) => {
      const tabTo = async (selector: string, key = 'Tab') => {
        for (let i = 0; i < 90; i++) {
          await page.keyboard.press(key)
          if (await isFocused(page, selector)) return
        }
        assert.fail(`never came to ${selector}`)
      }
      const lines = page.locator('.steps .said[role="status"]')
      const count = await lines.count()
      assert.ok(count >= 5)
      assert.equal((await lines.allTextContents()).join(''), '')
      await tabTo('.skip')
      const button = '[data-step="/send_keys"] button:not(.copy)'
      await tabTo(button)
      await page.keyboard.press('Enter')
      await says(page, '/send_keys', /Sent/)
      assert.equal(await isFocused(page, button), true)
      assert.equal(await lines.count(), count)
      await b.call('/send_keys')
      await nextIs(page, 'compare')
      await tabTo('#text')
      await page.keyboard.type('by keys')
      await tabTo('[data-step="/send_msg"] button:not(.copy)')
      await page.keyboard.press('Space')
      await says(page, '/send_msg', /7 bytes/)
      // the one button for the next step is the same, whatever that is
      await nextIs(page, '/other/decrypt_msg')
      await tabTo('#next .run', 'Shift+Tab')
      await page.keyboard.press('Enter')
      await page.getByText('1 message opened').first().waitFor()
      assert.ok(b.secrets().includes('by keys'))
      await b.call('/send_msg')
      await nextIs(page, '/decrypt_msg')
      assert.equal(await isFocused(page, '#next .run'), true)
      await tabTo('#record-1 summary')
      await page.keyboard.press('Enter')
      await page.locator('#record-1-publicKey').waitFor()
    }))
})
