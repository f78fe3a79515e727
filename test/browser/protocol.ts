/** The protocol in a page, under the policy of the peer's own: two peers of the page's agree and talk there. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { SUITE_NAMES } from '../../src/protocol/suites.ts'
import { bundled } from '../helpers/bundles.ts'
import { exampleOf } from '../helpers/examples.ts'
import { sharedPage, suite } from './tabs.ts'

describe('the protocol in a page', suite, () => {
  const onPage = sharedPage()
  const module = "export { agreement } from './test/runtimes/agreement.ts'"
  const worker =
    "import { agreement } from './test/runtimes/agreement.ts'; postMessage(agreement())"

  /** Serves `path` of the page's origin, under the page's policy. */
  async function serve(page: Page, path: string, lines: string): Promise<void> {
    const body = await bundled(lines)
    const own = await fetch(page.url(), { headers: { accept: 'text/html' } })
    await own.body?.cancel()
    const policy = own.headers.get('content-security-policy') ?? ''
    // no text is code
    assert.match(policy, /script-src 'self';/)
    const headers = { 'content-type': 'text/javascript', 'content-security-policy': policy }
    await page.route(`**${path}*`, (route) => route.fulfill({ headers, body }))
  }

  it('agrees and talks on every suite, whether bytes have hex of their own or not, and whatever is named Buffer', () =>
    onPage(async (page) => {
      await serve(page, '/agreement.js', module)
      const names = await page.evaluate(async () => {
        const load = async (query: string) =>
          (await import(`/agreement.js?${query}`)).agreement() as string[]
        const native = await load('native')
        Object.assign(globalThis, { Buffer: document.createElement('form') })
        Reflect.deleteProperty(Uint8Array.prototype, 'toHex')
        return [native, await load('form')]
      })
      assert.deepEqual(names, [SUITE_NAMES, SUITE_NAMES])
    }))

  it('does so in a worker', () =>
    onPage(async (page) => {
      await serve(page, '/worker.js', worker)
      const names = await page.evaluate(
        () =>
          new Promise((resolve, reject) => {
            const worker = new Worker('/worker.js', { type: 'module' })
            worker.onmessage = ({ data }) => resolve(data)
            worker.onerror = ({ message }) => reject(new Error(message))
          }),
      )
      assert.deepEqual(names, SUITE_NAMES)
    }))

  it('is what the example of the library makes of two tabs, once somebody has bundled it', () =>
    onPage(async (page) => {
      const context = page.context()
      const bundle = await bundled(exampleOf('tab.js'))
      const body = '<!doctype html><body><script type="module" src="bundle.js"></script>'
      const answers = {
        'bundle.js': ['text/javascript', bundle],
        tab: ['text/html', body],
      } as const
      const at = new URL('/example/', page.url())
      for (const [name, [contentType, body]] of Object.entries(answers))
        await context.route(`${at}${name}`, (route) => route.fulfill({ contentType, body }))
      const one = await context.newPage()
      const two = await context.newPage()
      for (const tab of [one, two]) await tab.goto(`${at}tab`)
      for (const tab of [one, two]) await tab.waitForFunction(() => document.title === 'agreed')
      for (const [from, to, text] of [
        [one, two, 'Hello'],
        [two, one, 'And you?'],
        [one, two, '<b>Well</b>'],
      ] as const) {
        // letter by letter: Firefox sees no change in what was not typed
        await from.locator('input').fill('')
        await from.locator('input').pressSequentially(text)
        await from.locator('input').press('Enter')
        await to.getByText(text, { exact: true }).waitFor()
      }
      await context.unrouteAll()
      for (const tab of [one, two]) await tab.close()
    }))
})
