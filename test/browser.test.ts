/** The page in a real browser: the whole round by clicks and by curl, every state as axe-core sees it. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { SUITES } from '../src/protocol/suites.ts'
import { noBrowser, noChromium, startBrowser, violations, withPage } from './helpers/browser.ts'
import { call } from './helpers/call.ts'
import { withCommand } from './helpers/command.ts'
import { withPeerFacing, withServer } from './helpers/fakes.ts'
import { pngOf } from './helpers/pictures.ts'
import { freePorts } from './helpers/ports.ts'
import { type PeersOptions, type TestPeer, withPeers } from './helpers/with-peers.ts'

const SAMPLE = path.resolve(import.meta.dirname, '../src/sample/curve.png')
const TEXT = 'Meet me at noon, <b>alone</b> & unseen'

let browser: Browser
const suite = { skip: noBrowser }
before(async () => {
  if (!noBrowser) browser = await startBrowser()
})
after(() => browser?.close())

/** Two peers with a page open on each. */
function withTabs(
  run: (a: Page, b: Page, peers: [TestPeer, TestPeer]) => Promise<void>,
  options: PeersOptions = {},
): Promise<void> {
  return withPeers(options, (a, b) =>
    withPage(browser, a.url, {}, (pageA, faultsA) =>
      withPage(browser, b.url, {}, async (pageB, faultsB) => {
        await run(pageA, pageB, [a, b])
        assert.deepEqual([...faultsA, ...faultsB], [])
      }),
    ),
  )
}

function withTab(
  run: (page: Page, peers: [TestPeer, TestPeer]) => Promise<void>,
  options: Parameters<typeof withPage>[2] = {},
): Promise<void> {
  return withPeers({}, (a, b) =>
    withPage(browser, a.url, options, async (page, faults) => {
      await run(page, [a, b])
      assert.deepEqual(faults, [])
    }),
  )
}

async function agree(a: TestPeer, b: TestPeer): Promise<void> {
  await a.call('/send_keys')
  await b.call('/send_keys')
}

const step = (page: Page, route: string) => page.locator(`[data-step="${route}"]`)
const press = (page: Page, route: string) => step(page, route).locator('button:not(.copy)').click()
/** What a step says of its outcome. */
const said = (page: Page, route: string) => step(page, route).locator('.said')
/** Waits for a step's outcome and holds it against `pattern`. */
async function says(page: Page, route: string, pattern: RegExp): Promise<void> {
  await said(page, route).filter({ hasText: pattern }).waitFor()
}
/** Waits until this is the step that is marked as the next. */
async function nextIs(page: Page, route: string): Promise<void> {
  await page.locator(`[data-step="${route}"].next`).waitFor()
  assert.equal(await page.locator('[aria-current="step"]').count(), 1)
  const title = await step(page, route).locator('h3').textContent()
  assert.match((await page.textContent('#next')) ?? '', /^(Next|Siguiente): /)
  assert.ok((await page.textContent('#next'))?.endsWith(`: ${title}`))
}
/** Waits for `count` records and returns their headings. */
async function records(page: Page, count: number): Promise<string[]> {
  await page
    .locator('#records > li')
    .nth(count - 1)
    .waitFor()
  const titles = await page.locator('#records .record summary b').allTextContents()
  assert.equal(await page.locator('#records > li').count(), count)
  return titles
}
const shown = (page: Page, what: string) => page.locator(`code[data-show="${what}"]`).first()

describe('the whole round by clicks', suite, () => {
  it('goes from keys to an opened message in two tabs, the next step marked all the way', () =>
    withTabs(async (a, b, [peerA, peerB]) => {
      await nextIs(a, '/send_keys')
      await press(a, '/send_keys')
      await says(a, '/send_keys', /Sent\. A session needs the other peer/)
      await nextIs(a, 'other')
      await nextIs(b, '/send_keys')
      await press(b, '/send_keys')
      await says(b, '/send_keys', /Both have the keys now/)
      for (const page of [a, b]) await nextIs(page, '/show')
      await press(a, '/show')
      await says(a, '/show', /Look at your terminal/)
      await nextIs(a, '/send_msg')
      await a.fill('#text', TEXT)
      await press(a, '/send_msg')
      await says(a, '/send_msg', /Sealed 38 bytes, sent as message 0/)
      await nextIs(a, 'other')
      assert.match(await step(a, 'other').innerText(), /opens it[\s\S]*\/decrypt_msg/)
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
      const numbers = await Promise.all([a, b].map((page) => page.textContent('#number')))
      assert.match(numbers[0] ?? '', /^(\d{5} ){11}\d{5}$/)
      assert.equal(numbers[0], numbers[1])
      assert.equal(
        await shown(a, 'publicKey').textContent(),
        await shown(b, 'peer.publicKey').textContent(),
      )
    }))

  it('has a record on each page for each body, mirrored', () =>
    withTabs(async (a, b) => {
      await press(a, '/send_keys')
      await says(a, '/send_keys', /Sent/)
      await press(b, '/send_keys')
      await says(b, '/send_keys', /Sent/)
      const expected = [
        'key message',
        'answer to a key message',
        'key message',
        'answer to a key message',
      ]
      assert.deepEqual(await records(a, 5), expected)
      assert.deepEqual(await records(b, 5), expected)
      const ways = (page: Page) =>
        page
          .locator('#records .record')
          .evaluateAll((items) => items.map((item) => item.classList.contains('sent')))
      assert.deepEqual(await ways(a), [true, false, false, true])
      assert.deepEqual(await ways(b), [false, true, true, false])
    }))

  it('sends a picture that was chosen, and shows it beside its noise', () =>
    withTabs(async (a, b, [peerA, peerB]) => {
      await agree(peerA, peerB)
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
    }))

  it('sends a picture that was dropped, and tells how far it is', () =>
    withTabs(async (a, b, [peerA, peerB]) => {
      await agree(peerA, peerB)
      const seen = a.evaluate(
        () =>
          new Promise<number[]>((resolve) => {
            const bar = document.querySelector('progress') as HTMLProgressElement
            const values: number[] = []
            const look = new MutationObserver(() => {
              if (bar.hidden && values.length > 0) {
                look.disconnect()
                resolve(values)
              } else if (!bar.hidden) values.push(bar.value)
            })
            look.observe(bar, { attributes: true })
          }),
      )
      const dropped = await a.evaluateHandle(
        (bytes) => {
          const transfer = new DataTransfer()
          const file = new File([new Uint8Array(bytes)], 'höhle & <b>.png', { type: 'image/png' })
          transfer.items.add(file)
          return transfer
        },
        [...pngOf(300_000)],
      )
      await a.dispatchEvent('#drop', 'dragover', { dataTransfer: dropped })
      await a.locator('#drop.over').waitFor()
      await a.dispatchEvent('#drop', 'drop', { dataTransfer: dropped })
      await says(a, '/send_image', /image\/png, 300,000 bytes/)
      assert.equal((await seen).at(-1), 1)
      await b.locator('#picture canvas').waitFor()
      assert.match(peerB.lines().join('\n'), /"höhle & <b>\.png"/)
    }))

  it('keeps the focus where it is, and tells of each outcome in a line that was there before', () =>
    withTab(async (page, [a, b]) => {
      const isFocused = (selector: string) =>
        page.locator(selector).evaluate((element) => element === document.activeElement)
      const lines = page.locator('.steps .said[role="status"]')
      assert.deepEqual(await lines.allTextContents(), ['', '', '', '', ''])
      const button = '[data-step="/send_keys"] button:not(.copy)'
      await page.focus(button)
      await page.keyboard.press('Enter')
      await says(page, '/send_keys', /Sent/)
      assert.equal(await isFocused(button), true)
      assert.equal(await lines.count(), 5)
      await b.call('/send_keys')
      // the other peer's step goes to another place
      const copy = '[data-step="other"] .copy'
      await page.focus(copy)
      await a.call('/send_msg')
      await step(page, 'other').getByText('opens it').waitFor()
      assert.equal(await isFocused(copy), true)
    }))

  it('can be done by the keyboard alone', () =>
    withTab(async (page, [, b]) => {
      const tabTo = async (selector: string) => {
        for (let i = 0; i < 60; i++) {
          await page.keyboard.press('Tab')
          if (
            await page.locator(selector).evaluate((element) => element === document.activeElement)
          )
            return
        }
        assert.fail(`never came to ${selector}`)
      }
      await tabTo('.skip')
      await tabTo('[data-step="/send_keys"] button:not(.copy)')
      await page.keyboard.press('Enter')
      await says(page, '/send_keys', /Sent/)
      await b.call('/send_keys')
      await nextIs(page, '/show')
      await tabTo('#text')
      await page.keyboard.type('by keys')
      await tabTo('[data-step="/send_msg"] button:not(.copy)')
      await page.keyboard.press('Space')
      await says(page, '/send_msg', /7 bytes/)
      await tabTo('#record-1 summary')
      await page.keyboard.press('Enter')
      await page.locator('#record-1-publicKey').waitFor()
    }))
})

describe('a page that watches', suite, () => {
  it('shows what curls do, live and without a reload', () =>
    withTabs(async (a, b, [peerA, peerB]) => {
      await a.evaluate(() => Object.assign(globalThis, { stays: true }))
      await agree(peerA, peerB)
      await peerA.call('/send_msg')
      await records(a, 8)
      await nextIs(b, '/decrypt_msg')
      await peerB.call('/decrypt_msg')
      await peerB.call('/decrypt_msg')
      await records(b, 9)
      await b.locator('#records .step.refused', { hasText: '✗ 409 nothing_waiting' }).waitFor()
      assert.equal(await a.evaluate(() => 'stays' in globalThis), true)
      assert.equal(
        await shown(a, 'session.id').textContent(),
        (await peerB.call('/show')).json.session.id,
      )
    }))

  it('has what happened before it was opened, and two tabs have the same', () =>
    withPeers({}, async (a, b) => {
      await agree(a, b)
      await a.call('/send_msg')
      await withPage(browser, a.url, {}, async (one) => {
        const before = await records(one, 8)
        await withPage(browser, a.url, {}, async (two) => {
          assert.deepEqual(await records(two, 8), before)
          await a.call('/show')
          for (const page of [one, two]) await records(page, 9)
        })
      })
    }))

  it('tells a screen reader of what comes, in few words, and not of what was', () =>
    withPeers({}, async (a, b) => {
      await agree(a, b)
      await withPage(browser, a.url, {}, async (page) => {
        await records(page, 5)
        await a.call('/send_msg')
        const news = page.locator('#news', { hasText: /Sent: sealed message, \d+ bytes\./ })
        await news.waitFor()
        assert.doesNotMatch((await page.textContent('#news')) ?? '', /key message/)
        assert.equal(await page.getAttribute('#news', 'role'), 'status')
      })
    }))

  it('leaves its connection while nobody looks at it, and then catches up without doubling', () =>
    withTab(async (page, [a, b]) => {
      const look = (visible: boolean) =>
        page.evaluate((hidden) => {
          Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
          document.dispatchEvent(new Event('visibilitychange'))
        }, !visible)
      await a.call('/send_keys')
      await records(page, 3)
      await look(false)
      await agree(a, b)
      assert.equal(await page.locator('#records > li').count(), 3)
      await look(true)
      const all = (await a.call('/transcript')).json.events.length
      await records(page, all)
    }))

  it('finds a peer that was started again, and begins a new run', async () => {
    const [portA = 0, portB = 0] = await freePorts(2)
    const state = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-page-'))
    const both = ['both', '--ports', `${portA},${portB}`, '--state', state]
    const url = `http://127.0.0.1:${portA}`
    const agreeBoth = async () => {
      for (const port of [portA, portB]) await call(`http://127.0.0.1:${port}/send_keys`)
    }
    try {
      await withCommand(both, {}, async (command) => {
        await command.ports(2)
        await withPage(browser, url, {}, async (page) => {
          await agreeBoth()
          await records(page, 5)
          const number = await page.textContent('#number')
          assert.equal(await page.locator('#safety .new').isVisible(), true)
          command.kill()
          await command.ended
          await page.getByText('not connected: looking for the peer').waitFor()
          await press(page, '/show')
          await says(page, '/show', /does not answer/)
          await withCommand(both, {}, async (again) => {
            await again.ports(2)
            await page.locator('#connection', { hasText: /^live$/ }).waitFor()
            await page.locator('#quiet').waitFor()
            assert.equal(await page.locator('#records > li').count(), 0)
            await nextIs(page, '/send_keys')
            assert.equal(await page.textContent('#number'), number)
            await agreeBoth()
            await records(page, 5)
            assert.equal(await page.locator('#safety .known').isVisible(), true)
          })
        })
      })
    } finally {
      fs.rmSync(state, { recursive: true })
    }
  })
})

describe('the safety number', suite, () => {
  for (const [width, height] of [
    [1280, 820],
    [1920, 1080],
  ] as const)
    it(`is in sight as soon as there is one, in twelve large groups, ${width} wide`, () =>
      withTab(
        async (page, [a, b]) => {
          await page.locator('#safety .none').waitFor()
          await agree(a, b)
          const number = page.locator('#number:not(.none)')
          await number.waitFor()
          assert.equal(await number.textContent(), (await a.call('/show')).json.safetyNumber)
          assert.equal(await page.locator('#safety .new').isVisible(), true)
          const { y, height: tall } = (await number.boundingBox()) ?? { y: height, height: 0 }
          assert.ok(y > 0 && y + tall < height, `from ${y}, ${tall} high`)
          const size = await number.evaluate((element) =>
            Number.parseFloat(getComputedStyle(element).fontSize),
          )
          assert.ok(size >= 24, `${size} px`)
        },
        { viewport: { width, height } },
      ))
})

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

describe('comparing the safety number', suite, () => {
  const verdict = (page: Page, text: RegExp) =>
    page.locator('#verdict[role="status"]', { hasText: text }).waitFor()
  const marks = (page: Page) =>
    page.locator('#groups li').evaluateAll((items) => items.map(({ className }) => className))

  it('is done by the keyboard alone, says what is missing and what differs, and nothing of it leaves the page', () =>
    withTab(async (page, [a, b]) => {
      await page.focus('#theirs')
      await page.keyboard.type('1234')
      await verdict(page, /^There is no number here yet/)
      await agree(a, b)
      await verdict(page, /^Not complete yet: none of the twelve groups/)
      await page.keyboard.press('Control+A')
      await page.keyboard.press('Delete')
      await nextIs(page, '/show')
      const number: string = (await b.call('/show')).json.safetyNumber
      const before = await keptBy(page)
      const asked: string[] = []
      const watch = (request: { url(): string }) => asked.push(request.url())
      page.on('request', watch)
      page.on('websocket', watch)
      const groups = number.split(' ')
      await page.keyboard.type(`${groups.slice(0, 3).join('')} ${groups[3]?.slice(0, 2)}`)
      await verdict(page, /^Not complete yet: 3 of the twelve groups so far, with no difference\.$/)
      assert.deepEqual(await marks(page), ['same', 'same', 'same', 'unfinished'])
      await page.keyboard.type(`${number.slice(20)} `)
      await verdict(page, /^The same: all twelve groups\./)
      assert.deepEqual(new Set(await marks(page)), new Set(['same']))
      const wrong = groups.map((group, i) =>
        i === 4 ? group.replace(/.$/, (d) => `${(Number(d) + 1) % 10}`) : group,
      )
      await page.fill('#theirs', `Mine: ${wrong.join('\n')}`)
      await verdict(page, /^DIFFERENT: 1 of 12 groups is not as here\..*send nothing more/)
      const other = page.locator('#groups li.different')
      assert.equal(await other.textContent(), `✗ different: ${wrong[4]} here ${groups[4]}`)
      assert.equal((await marks(page)).indexOf('different'), 4)
      await page.fill('#theirs', wrong.slice(0, 6).join(' '))
      await verdict(page, /^DIFFERENT: 1 of 6 groups/)
      for (const [text, sentence] of [
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
      page.off('request', watch)
      // nothing of it goes along with what is asked afterwards, and nothing comes back with a reload
      const later: string[] = []
      page.on('request', (request) => later.push(`${request.url()} ${request.postData()}`))
      await press(page, '/show')
      await says(page, '/show', /Look at your terminal/)
      await page.reload()
      await page.locator('#number:not(.none)').waitFor()
      assert.equal(await page.inputValue('#theirs'), '')
      assert.ok(later.length > 1)
      const theirs = new RegExp(String(wrong[4]))
      for (const text of [...later, (await a.call('/transcript')).text])
        assert.doesNotMatch(text, theirs)
    }))

  it('shows that Mallory is in the middle, where every step went well', async () => {
    const [portA = 0, portB = 0] = await freePorts(2)
    const url = (port: number) => `http://127.0.0.1:${port}`
    const args = [
      '--with',
      'strangers',
      '--ports',
      '0,0',
      '--between',
      `${url(portA)},${url(portB)}`,
    ]
    await withCommand(['mallory', ...args], {}, async (command) => {
      await command.ports(4)
      await withPage(browser, url(portA), { locale: 'es' }, (a, faultsA) =>
        withPage(browser, url(portB), {}, async (b, faultsB) => {
          await press(a, '/send_keys')
          await says(a, '/send_keys', /Enviada/)
          await press(b, '/send_keys')
          await says(b, '/send_keys', /Both have the keys now/)
          const numberOf = async (page: Page) => {
            const number = page.locator('#number:not(.none)')
            await number.waitFor()
            return (await number.textContent()) ?? ''
          }
          const [ofA, ofB] = [await numberOf(a), await numberOf(b)]
          await a.fill('#theirs', ofB)
          await verdict(a, /^DISTINTO: \d+ de 12 grupos no coinciden\..*hay alguien en medio/)
          await b.fill('#theirs', ofA)
          await verdict(
            b,
            /^DIFFERENT: \d+ of 12 groups are not as here\..*somebody is in the middle/,
          )
          assert.ok((await marks(a)).filter((mark) => mark === 'different').length >= 6)
          // and what she told each of them is the number that she has with that one
          await a.fill('#theirs', ofA)
          await verdict(a, /^Iguales: los doce grupos coinciden/)
          assert.deepEqual([...faultsA, ...faultsB], [])
        }),
      )
    })
  })
})

/** How many pages a PDF of Chromium's has. */
const pagesOf = (pdf: Buffer) => [...pdf.toString('latin1').matchAll(/\/Type \/Page\b/g)].length

/** Texts that lie on one another, and what is hidden to the side. */
function hiddenIn(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const faults: string[] = []
    const shown: {
      text: string
      of: Element
      left: number
      right: number
      top: number
      bottom: number
    }[] = []
    for (const element of document.querySelectorAll('body, body *')) {
      if (!element.checkVisibility() || element.closest('.unseen, .skip, svg')) continue
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
          shown.push({ text, of: element, left: rect.left, right: rect.right, top, bottom })
        }
      }
    }
    for (const { text, right } of shown)
      if (right > innerWidth + 1) faults.push(`beyond the edge: ${text}`)
    for (const [i, one] of shown.entries())
      for (const other of shown.slice(i + 1))
        if (
          one.of !== other.of &&
          Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1 &&
          Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 1
        )
          faults.push(`on one another: ${one.text} / ${other.text}`)
    return faults
  })
}

describe('the page on paper and in large text', { skip: noChromium }, () => {
  for (const [locale, name] of [
    // long sentences and long keys
    ['es', 'X25519MLKEM768'],
    ['en', 'X25519'],
  ] as const)
    it(`prints its essentials on one sheet, and hides nothing at 200 %, in ${locale} on ${name}`, () =>
      withPeers({ suite: SUITES[name] }, (a, b) =>
        withPage(
          browser,
          a.url,
          { locale, viewport: { width: 1280, height: 900 } },
          async (page) => {
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
            await page.locator('#record-1 summary').click()
            await page.locator('#record-1 .fields').waitFor()

            for (const format of ['A4', 'Letter'])
              assert.equal(pagesOf(await page.pdf({ format })), 1, format)
            assert.ok(pagesOf(await page.pdf({ format: 'A6' })) > 1, 'it can be told')
            await page.emulateMedia({ media: 'print' })
            const paper = await page.locator('body').innerText()
            const { run } = (await a.call('/transcript')).json
            for (const text of [safetyNumber, session.id, publicKey, identity, peer.publicKey, run])
              assert.ok(paper.includes(text), text)
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
            assert.deepEqual(await violations(page), [])
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 1280)
          },
        ),
      ))
})

describe('the letters', suite, () => {
  it('are plotted as they are in /frequency, with a table of the same numbers, as messages come', () =>
    withTab(async (page, [a, b]) => {
      await page.getByText('No sealed text has come yet.').waitFor()
      await page.locator('#frequency summary').click()
      assert.equal(await page.getByText('none yet').count(), 26)
      await agree(a, b)
      await b.call('/send_msg')
      await page.getByText(/^Counted in \d+ letters of the ciphertext/).waitFor()
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
})

describe('a record', suite, () => {
  it('opens to its bytes, each field with its name, length, bytes, meaning and source', () =>
    withTab(async (page, [a, b]) => {
      await agree(a, b)
      await records(page, 5)
      await page.locator('#record-1 summary').click()
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
    }))

  it('has an address for each field that opens it, on arrival and by a link', () =>
    withPeers({}, async (a, b) => {
      await agree(a, b)
      await withPage(browser, `${a.url}/#record-4-confirm.tag`, {}, async (page) => {
        const field = page.locator('[id="record-4-confirm.tag"]')
        await field.waitFor()
        assert.equal(await field.evaluate((element) => element === document.activeElement), true)
        await page.locator('#record-1 summary').click()
        await page.locator('#record-1 .bytes a[href="#record-1-identity"]').click()
        assert.match(page.url(), /#record-1-identity$/)
        await page.locator('#record-1-identity:target').waitFor()
      })
    }))

  it('of a request with the wrong method names that method', () =>
    withTab(async (page, [a]) => {
      await a.call('/wire/keys')
      await records(page, 2)
      const record = page.locator('#record-1')
      assert.match(await record.innerText(), /a request\s+GET \/wire\/keys/)
      assert.doesNotMatch(await record.innerText(), /POST|known form/)
    }))

  it('of a picture has its header and no more', () =>
    withTab(async (page, [a, b]) => {
      await agree(a, b)
      await a.call('/send_image')
      await page.getByText('sealed picture').click()
      const record = page.locator('.record', { hasText: 'sealed picture' })
      assert.match(await record.innerText(), /DUET2|44 55 45 54 32/)
      assert.match(await record.innerText(), /1 chunk of ChaCha20-Poly1305, 26,662 bytes/)
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
        withPeerFacing(url, undefined, (peer) =>
          withPage(browser, peer.url, {}, async (page, faults) => {
            await peer.call('/send_keys')
            await records(page, 3)
            await page.locator('#record-2 summary').click()
            const detail = page.locator('#record-2-detail')
            assert.match(await detail.innerText(), /<script>alert/)
            assert.equal(await page.locator('#record-2 :is(img, script, b b)').count(), 0)
            assert.deepEqual(faults, [])
          }),
        ),
    ))
})

describe('a step', suite, () => {
  it('that is too early says why and what comes first', () =>
    withTab(async (page) => {
      await page.fill('#text', TEXT)
      await press(page, '/send_msg')
      await says(page, '/send_msg', /✗ No session yet\. .*Next: curl http/)
      assert.equal(await page.inputValue('#text'), TEXT, 'nothing is lost')
      await press(page, '/decrypt_msg')
      await says(page, '/decrypt_msg', /Nothing to decrypt/)
      await press(page, '/show')
      await says(page, '/show', /There is none yet/)
      await nextIs(page, '/send_keys')
    }))

  it('has its outcome below it until the state has moved on', () =>
    withTab(async (page, [a, b]) => {
      const gone = (route: string) =>
        step(page, route).locator('.said:empty').waitFor({ state: 'attached' })
      await press(page, '/send_msg')
      await says(page, '/send_msg', /No session yet/)
      await press(page, '/decrypt_msg')
      await says(page, '/decrypt_msg', /Nothing to decrypt/)
      await press(page, '/send_keys')
      await says(page, '/send_keys', /Sent/)
      await b.call('/send_keys')
      for (const route of ['/send_msg', '/decrypt_msg', '/send_keys']) await gone(route)
      await press(page, '/decrypt_msg')
      await says(page, '/decrypt_msg', /Nothing to decrypt/)
      await press(page, '/send_msg')
      await says(page, '/send_msg', /Sealed/)
      await b.call('/send_msg')
      await gone('/decrypt_msg')
      await press(page, '/decrypt_msg')
      await says(page, '/decrypt_msg', /1 message opened/)
      await says(page, '/send_msg', /Sealed/)
      await page.fill('#text', TEXT)
      await gone('/send_msg')
      await press(page, '/send_image')
      await says(page, '/send_image', /Sealed/)
      await page.setInputFiles('#file', SAMPLE)
      await gone('/send_image')
      await agree(a, b)
      await gone('/decrypt_msg')
    }))

  it('that is refused says it for a wrong file too', () =>
    withTab(async (page, [a, b]) => {
      await agree(a, b)
      const buffer = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')
      await page.setInputFiles('#file', { name: 'x.svg', mimeType: 'image/svg+xml', buffer })
      await press(page, '/send_image')
      await says(page, '/send_image', /Not this content type/)
    }))

  it('runs once, however fast it is pressed', () =>
    withTab(async (page, [a]) => {
      const button = step(page, '/send_keys').locator('button:not(.copy)')
      await button.evaluate((element: HTMLElement) => {
        for (let i = 0; i < 5; i++) element.click()
      })
      await says(page, '/send_keys', /Sent/)
      assert.equal(a.lines().filter((line) => /^→ {2}public key/.test(line)).length, 1)
    }))

  it('has its curl beside it, with the text and the picture that were given, to be copied', () =>
    withTab(
      async (page, [a]) => {
        await page.fill('#text', "it's")
        const curl = step(page, '/send_msg').locator('.curl')
        const expected = `curl ${a.url}/send_msg --data-urlencode 'text=it'\\''s'`
        assert.equal(await curl.textContent(), expected)
        await page.setInputFiles('#file', SAMPLE)
        assert.equal(
          await step(page, '/send_image').locator('.curl').textContent(),
          `curl ${a.url}/send_image -H 'Content-Type: image/png' --data-binary '@curve.png'`,
        )
        await step(page, '/send_msg').locator('.copy').click()
        await step(page, '/send_msg').getByText('copied').waitFor()
        assert.equal(await page.evaluate(() => navigator.clipboard.readText()), expected)
      },
      { permissions: ['clipboard-read', 'clipboard-write'] },
    ))
})

describe('the page without its script', { skip: noChromium }, () => {
  it('shows the state, the picture and the curls, and no button that does nothing', () =>
    withPeers({}, async (a, b) => {
      await agree(a, b)
      await a.call('/send_image')
      await withPage(browser, b.url, { javaScriptEnabled: false }, async (page) => {
        const shown = (await b.call('/show')).json
        const text = await page.locator('body').innerText()
        for (const value of [shown.publicKey, shown.session.id, shown.safetyNumber, 'send_keys'])
          assert.ok(text.includes(value), value)
        assert.equal(await page.locator('#picture img').isVisible(), true)
        for (const kind of ['button', 'textarea', 'input', 'progress'])
          assert.equal(await page.locator(`${kind}:visible`).count(), 0, kind)
      })
    }))
})

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
    withTab(
      async (page, [a, b]) => {
        assert.equal(await page.getAttribute('html', 'lang'), 'es')
        await page.getByText('en directo').waitFor()
        await press(page, '/send_msg')
        await says(page, '/send_msg', /✗ No session yet\. .*Siguiente: curl http/)
        const refusal = said(page, '/send_msg').locator('[lang="en"]')
        assert.match((await refusal.allTextContents()).join(), /^No session yet.*,curl http/)
        await press(page, '/send_keys')
        await says(page, '/send_keys', /Enviada\. Para una sesión/)
        await b.call('/send_keys')
        await b.call('/send_image')
        await b.call('/send_msg')
        await nextIs(page, '/decrypt_msg')
        await step(page, '/decrypt_msg').getByText('1 mensaje cifrado sin abrir').waitFor()
        await page.getByText('Descifrada: image/png, 26.591 bytes.').waitFor()
        for (const summary of await page.locator('.record summary').all()) await summary.click()
        await page
          .getByText('Clave privada por punto base, nueva en este intercambio')
          .first()
          .waitFor()
        assert.match(await page.locator('#record-2').innerText(), /mensaje de claves/)
        await page.locator('#frequency summary').click()
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
        assert.deepEqual(
          await a.call('/transcript').then(({ json }) => json.forms.refusal.next.is),
          'How to go on.',
        )
      },
      { locale: 'es-MX' },
    ))

  it('changes to English and back by a link, which the address keeps, and nothing else does', () =>
    withTab(
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

/** Every state that looks different, brought about from the one before it. */
const STATES: [string, (page: Page, a: TestPeer, b: TestPeer) => Promise<void>][] = [
  ['before anything', (page) => nextIs(page, '/send_keys')],
  [
    'with a refusal',
    async (page) => {
      await press(page, '/send_msg')
      await said(page, '/send_msg').waitFor()
    },
  ],
  [
    'with more steps than fit, and nothing on the wire',
    async (page, a) => {
      for (let i = 0; i < 40; i++) await a.call('/show')
      await page.locator('#records > li').nth(40).waitFor()
    },
  ],
  [
    'after an exchange',
    async (page, a, b) => {
      await agree(a, b)
      await nextIs(page, '/show')
    },
  ],
  [
    'with messages and a picture',
    async (page, _, b) => {
      await b.call('/send_msg')
      const long = { headers: { 'content-type': 'text/plain' }, body: 'x'.repeat(5000) }
      await b.call('/send_msg', { method: 'POST', ...long })
      await b.call('/send_image')
      await page.locator('#picture canvas').waitFor()
    },
  ],
  [
    'with a number compared',
    async (page, _, b) => {
      const { safetyNumber } = (await b.call('/show')).json
      await page.fill('#theirs', safetyNumber.replace(/^\d+/, '00000').slice(0, -2))
      await page.locator('#groups .unfinished').waitFor()
    },
  ],
  [
    'with every record open',
    async (page) => {
      for (const summary of await page.locator('.record summary').all()) await summary.click()
      await page.locator('.fields').first().waitFor()
    },
  ],
]

describe('a record on X25519MLKEM768', suite, () => {
  it('explains both halves of a public key, and the ciphertext', () =>
    withTabs(
      async (page, _other, [a, b]) => {
        await agree(a, b)
        await records(page, 5)
        const message = page.locator('#records .record', { hasText: 'key message' }).nth(2)
        await message.locator('summary').click()
        const fields = message.locator('.fields > li')
        await fields.nth(7).waitFor()
        const texts = await fields.allInnerTexts()
        const of = (name: string) =>
          texts.find((text) => new RegExp(`^\\d+\\s*${name} `).test(text))
        assert.match(of('publicKey') ?? '', /1,184 bytes[\s\S]+ML-KEM-768[\s\S]+FIPS 203/)
        assert.match(of('x25519') ?? '', /32 bytes[\s\S]+RFC 7748/)
        assert.match(of('confirm.ciphertext') ?? '', /1,088 bytes[\s\S]+FIPS 203/)
      },
      { suite: SUITES.X25519MLKEM768 },
    ))
})

describe('every state of the page', suite, () => {
  for (const [width, colorScheme, name, locale] of [
    [320, 'light', 'X25519', 'es'],
    [320, 'dark', 'X25519', 'en'],
    [1280, 'light', 'X25519', 'en'],
    [1280, 'dark', 'X25519', 'es'],
    // its public keys are long
    [320, 'light', 'X25519MLKEM768', 'en'],
    [1280, 'dark', 'X25519MLKEM768', 'es'],
  ] as const)
    it(`breaks no rule of WCAG 2.2 AA and is never too wide, ${width} wide and ${colorScheme}, on ${name}, in ${locale}`, () =>
      withPeers({ suite: SUITES[name] }, (a, b) =>
        withPage(
          browser,
          a.url,
          { viewport: { width, height: 900 }, colorScheme, locale },
          async (page) => {
            for (const [name, bringAbout] of STATES) {
              await bringAbout(page, a, b)
              assert.deepEqual(await violations(page), [], name)
              const wide = await page.evaluate(() => document.documentElement.scrollWidth)
              assert.ok(wide <= width, `${name}: ${wide} pixels`)
            }
          },
        ),
      ))

  it('moves nothing for whoever wants no motion', () =>
    withTab(async (page, [a, b]) => {
      await agree(a, b)
      await records(page, 5)
      const moving = await page.evaluate(() => document.getAnimations().length)
      assert.equal(moving, 0)
      const smooth = await page.evaluate(
        () => getComputedStyle(document.documentElement).scrollBehavior,
      )
      assert.equal(smooth, 'auto')
    }))
})
