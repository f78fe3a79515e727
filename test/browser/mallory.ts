/** Mallory's page between two peers that somebody uses: what it shows, and that no text or secret is in anything she serves. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { violations } from '../helpers/browser.ts'
import { call, TEXT as FORM, posting } from '../helpers/call.ts'
import { withCommand } from '../helpers/command.ts'
import { find } from '../helpers/leaks.ts'
import { freePorts } from '../helpers/ports.ts'
import { linesOf, secretsOf } from '../helpers/with-peers.ts'
import { suite, withTab } from './tabs.ts'

const HTML = { headers: { accept: 'text/html,*/*;q=0.8' } }
const deedsOf = (page: Page) => page.locator('.passage .deed h3').allTextContents()
/** What stands in the body, without what only a script says. */
const bodyOf = (page: Page) => page.locator('main').innerText()

describe('the page of Mallory in a browser', suite, () => {
  it('shows both wires live and late alike, with every field that she replaced, is found by axe to be in order, and has no text and no secret', async () => {
    const between = (await freePorts(2)).map((port) => `http://127.0.0.1:${port}`).join()
    const args = ['--with', 'strangers', '--alter', 'noon=midnight']
    await withCommand(
      ['mallory', '--ports', '0,0', '--between', between, ...args],
      {},
      async (command) => {
        const ports = await command.ports(4)
        const [m = 0, n = 0, a = 0, b = 0] = ports
        const urlOf = (port: number) => `http://127.0.0.1:${port}`
        const run = async (port: number, path: string, options = {}) =>
          assert.ok((await call(urlOf(port) + path, options)).status < 300)
        await withTab(urlOf(m), {}, async (page) => {
          await page.getByText('live', { exact: true }).waitFor()
          await run(a, '/send_keys')
          await page.getByText(`I kept the keys of ${a} and sent mine to ${b}.`).first().waitFor()
          await run(b, '/send_keys')
          await run(a, '/send_msg', posting(FORM, 'Meet me at noon, unseen'))
          await page.getByText(`I opened the text of ${a}, changed it,`).first().waitFor()
          await run(b, '/send_msg')
          await run(a, '/send_image')
          await page.getByText(`I opened the picture of ${a}`).first().waitFor()
          assert.equal((await deedsOf(page)).length, 5)
          await page.getByText('They differ in 12 of the twelve groups.').waitFor()
          // the text that she changed: its session, its bytes and its length are others, and its number is the same
          const passage = page.locator('.passage.altered')
          await passage.locator('summary').click()
          const marked = async (kind: string) =>
            new Set(await passage.locator(`.fields .${kind} p > b`).allTextContents())
          assert.deepEqual(await marked('same'), new Set(['v', 'seq', 'accepted', 'missing']))
          assert.ok((await marked('new')).has('ciphertext'))
          assert.deepEqual(await violations(page), [])
          await passage.locator('summary').click()
          const live = await bodyOf(page)
          // the other of her ports, later, has the same; and so has a page without its script
          await withTab(urlOf(n), {}, async (late) => {
            await late.getByText('live', { exact: true }).waitFor()
            assert.equal(await bodyOf(late), live)
          })
          const narrow = { viewport: { width: 320, height: 640 }, colorScheme: 'dark' } as const
          await withTab(urlOf(n), { ...narrow, locale: 'es' }, async (late) => {
            await late.getByText('en directo', { exact: true }).waitFor()
            const width = await late.evaluate(() => document.documentElement.scrollWidth)
            assert.ok(width <= 320, `${width} px`)
            for (const summary of await late.locator('summary').all()) await summary.click()
            assert.deepEqual(await violations(late), [])
          })
        })
        const places: Record<string, Buffer> = {}
        for (const port of [m, n]) {
          const paths = ['/', '/transcript', '/mallory/page.js', '/mallory/en.js', '/mallory/es.js']
          for (const path of paths)
            places[`${port}${path}`] = Buffer.from((await call(urlOf(port) + path, HTML)).bytes)
          for (const side of [0, 1])
            places[`${port} events ${side}`] = await streamed(
              `${urlOf(port)}/mallory/${side}/events`,
            )
        }
        for (const port of [m, n, a, b]) await run(port, '/show')
        await command.until(/(?:SECRET shared secret[\s\S]*){4}/)
        const secrets = ports.flatMap((port) => secretsOf(linesOf(command.output(), port)))
        assert.ok(secrets.includes('Meet me at midnight, unseen'), secrets.join())
        const bytes = secrets.flatMap((text) => [
          Buffer.from(text),
          ...(/^[0-9a-f]{64}$/.test(text) ? [Buffer.from(text, 'hex')] : []),
        ])
        assert.deepEqual(find(bytes, places), [])
        // the steps of one of her peers are not run by the other
        assert.equal((await call(`${urlOf(m)}/other/show`)).json.code, 'not_found')
        assert.equal((await call(`${urlOf(m)}/mallory/../mallory.ts`)).status, 404)
        assert.equal((await call(`${urlOf(m)}/mallory/2/events`)).json.code, 'not_found')
        const posted = await call(`${urlOf(m)}/mallory/page.js`, { method: 'POST' })
        assert.equal(posted.json.code, 'method_not_allowed')
      },
    )
  })
})

/** What a stream of events begins with, up to the state. */
async function streamed(url: string): Promise<Buffer> {
  const ended = new AbortController()
  const { body } = await fetch(url, { signal: ended.signal })
  const chunks: Uint8Array[] = []
  for await (const chunk of body ?? []) {
    chunks.push(chunk)
    if (Buffer.concat(chunks).includes('event: state')) break
  }
  ended.abort()
  return Buffer.concat(chunks)
}
