/** `make page-picture`: the picture of the page in the README, from a real run in a real browser. */

import fs from 'node:fs'
import path from 'node:path'
import { PNG } from 'pngjs'
import { noBrowser, openTab, startBrowser } from './helpers/browser.ts'
import { call } from './helpers/call.ts'
import { withCommand } from './helpers/command.ts'

const FILE = path.resolve(import.meta.dirname, 'page.png')
/** A third smaller than what the browser writes. */
const PACKED = { colorType: 2, filterType: 0, deflateLevel: 9, deflateStrategy: 0 } as const
const [, , ports = '5000,5001'] = process.argv

if (noBrowser) throw new Error(noBrowser)
const browser = await startBrowser()
try {
  await withCommand(['both', '--ports', ports, '--no-state'], {}, async (both) => {
    const [a = 0, b = 0] = await both.ports(2)
    const steps = [`${a}/send_keys`, `${b}/send_keys`, `${a}/show`, `${a}/send_msg`]
    for (const step of steps) await call(`http://127.0.0.1:${step}`)
    const viewport = { width: 1280, height: 800 }
    const kind = { locale: 'en', javaScript: true, viewport, colorScheme: 'light' } as const
    const { page, open } = await openTab(browser, kind)
    await open(`http://127.0.0.1:${a}/`)
    await page.locator('#record-7 summary').click()
    await page.locator('#record-7-tag').waitFor()
    await page.locator('#scroll').evaluate((list) => list.scrollTo(0, 0))
    const picture = PNG.sync.read(await page.screenshot())
    fs.writeFileSync(FILE, PNG.sync.write(picture, PACKED))
  })
  process.stdout.write(`${FILE}: ${fs.statSync(FILE).size} bytes\n`)
} finally {
  await browser.close()
}
