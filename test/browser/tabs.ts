/** What the tests in a browser share: one browser, its tabs, and the words for what a page says. */

import assert from 'node:assert/strict'
import path from 'node:path'
import { after } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { type Kind, noBrowser, openTab, startBrowser, type Tab } from '../helpers/browser.ts'
import {
  type PeersOptions,
  type StartedPeers,
  startPeers,
  type TestPeer,
  withPeers,
} from '../helpers/with-peers.ts'

/** A picture to send, and a text that would be more than text on a page that takes it for HTML. */
export const SAMPLE = path.resolve(import.meta.dirname, '../../src/sample/curve.png')
export const TEXT = 'Meet me at noon, <b>alone</b> & unseen'

/** For a `describe`: skipped where there is no browser. */
export const suite = { skip: noBrowser }

export interface TabOptions extends Partial<Kind> {
  /** Behind the peer's URL. */
  path?: string
}

let browser: Promise<Browser> | undefined
after(async () => (await browser)?.close())
/** Those that nobody uses: a new one costs a second of the processor. */
const free: Tab[] = []

/** A tab with `url`, in a browser that is as `options` have it. */
async function takeTab(url: string, options: TabOptions): Promise<Tab> {
  browser ??= startBrowser()
  const { locale = 'en', javaScript = true, colorScheme = 'light' } = options
  const { viewport = { width: 1280, height: 720 } } = options
  const kind = { locale, javaScript, viewport, colorScheme }
  const tab = await (free.pop()?.become(kind) ?? openTab(await browser, kind))
  const { path = '/' } = options
  await tab.open(url + path)
  // what is pressed before the script is there does nothing
  if (javaScript && !path.startsWith('/toy'))
    await tab.page
      .locator('#connection:not(:empty), #marked')
      .first()
      .waitFor({ state: 'attached' })
  return tab
}

/** Opens `url` in a tab of one's own. */
export async function withTab(
  url: string,
  options: TabOptions,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const tab = await takeTab(url, options)
  await use(tab.page)
  assert.deepEqual(tab.faults, [])
  // after a failure nobody knows what a tab is like: the next test gets another one
  free.push(tab)
}

/** As `onePage`, with the same page for all the cases of a `describe`: each begins where the one before it ended. */
export function sharedPage(): typeof onePage {
  let peers: StartedPeers | undefined
  let tab: Tab | undefined
  after(async () => {
    if (tab !== undefined) free.push(tab)
    await peers?.close()
  })
  return async (use) => {
    peers ??= await startPeers({})
    tab ??= await takeTab(peers.peers[0].url, {})
    await use(tab.page, peers.peers)
    assert.deepEqual(tab.faults, [])
  }
}

/** Two peers, and a tab with the page of the first. */
export function onePage(
  use: (page: Page, peers: readonly [TestPeer, TestPeer]) => Promise<void>,
  options: TabOptions & PeersOptions = {},
): Promise<void> {
  return withPeers(options, (a, b) => withTab(a.url, options, (page) => use(page, [a, b])))
}

/** Two peers, and a tab for each. */
export function twoPages(
  use: (a: Page, b: Page, peers: [TestPeer, TestPeer]) => Promise<void>,
  options: PeersOptions = {},
): Promise<void> {
  return withPeers(options, (a, b) =>
    withTab(a.url, {}, (pageA) => withTab(b.url, {}, (pageB) => use(pageA, pageB, [a, b]))),
  )
}

export const step = (page: Page, route: string) => page.locator(`[data-step="${route}"]`)
export const press = (page: Page, route: string) =>
  step(page, route).locator('button:not(.copy)').click()
/** What a step says of its outcome. */
export const said = (page: Page, route: string) => step(page, route).locator('.said')
/** Waits for a step's outcome and holds it against `pattern`. */
export async function says(page: Page, route: string, pattern: RegExp): Promise<void> {
  await said(page, route).filter({ hasText: pattern }).waitFor()
}
/** Waits until this is the step that is marked as the next, it alone, and one in the bar. */
export async function nextIs(page: Page, route: string): Promise<void> {
  await page.locator(`[data-step="${route}"].next`).waitFor()
  for (const place of ['#bar', 'main'])
    assert.equal(await page.locator(`${place} [aria-current="step"]`).count(), 1, place)
}
/** Waits for `count` records and returns their headings. */
export async function records(page: Page, count: number): Promise<string[]> {
  const rows = page.locator('#records > :is(.record, .step)')
  await rows.nth(count - 1).waitFor({ state: 'attached' })
  const titles = await page.locator('#records .record summary b').allTextContents()
  assert.equal(await rows.count(), count)
  return titles
}
/** Opens every record to its bytes. */
export function openRecords(page: Page): Promise<void> {
  return page.locator('.record summary').evaluateAll((all) => {
    for (const summary of all) (summary as HTMLElement).click()
  })
}
/** Waits until the page shows `value`. */
export const shows = (page: Page, value: string) =>
  page.locator('code', { hasText: value }).first().waitFor({ state: 'attached' })
/** The safety number, as it stands there. */
export const numberOn = async (page: Page) =>
  (await page.locator('#number b').allTextContents()).join(' ')

/** Whether the focus is there. */
export const isFocused = (page: Page, selector: string) =>
  page.locator(selector).evaluate((element) => element === document.activeElement)
