/** `make page-picture`: the pictures of the page in the README, from a real run in a real browser. */

import fs from 'node:fs'
import path from 'node:path'
import { PNG } from 'pngjs'
import { noBrowser, openTab, startBrowser } from './helpers/browser.ts'
import { call, posting, TEXT } from './helpers/call.ts'
import { withCommand } from './helpers/command.ts'

/** A third smaller than what the browser writes. */
const PACKED = { colorType: 2, filterType: 0, deflateLevel: 9, deflateStrategy: 0 } as const
const width = 1280
const [, , ports = '5000,5001'] = process.argv

function save(name: string, screenshot: Buffer) {
  const file = path.resolve(import.meta.dirname, name)
  fs.writeFileSync(file, PNG.sync.write(PNG.sync.read(screenshot), PACKED))
  process.stdout.write(`${file}: ${fs.statSync(file).size} bytes\n`)
}

if (noBrowser) throw new Error(noBrowser)
const browser = await startBrowser()
try {
  await withCommand(['both', '--ports', ports, '--no-state'], {}, async (both) => {
    const [a = 0, b = 0] = await both.ports(2)
    const run = (step: string, options = {}) => call(`http://127.0.0.1:${step}`, options)
    for (const step of [`${a}/send_keys`, `${b}/send_keys`]) await run(step)
    const { safetyNumber } = (await run(`${b}/show`)).json
    await run(`${a}/compare`, posting(TEXT, safetyNumber))
    for (const step of [`${a}/show`, `${a}/send_msg`]) await run(step)
    const viewport = { width, height: 800 }
    const kind = { locale: 'en', javaScript: true, viewport, colorScheme: 'light' } as const
    const { page, open } = await openTab(browser, kind)
    await open(`http://127.0.0.1:${a}/`)
    await page.locator('.live, #connection:not(:empty)').waitFor()
    const { bottom } = await page
      .locator('#stage')
      .evaluate((stage) => stage.getBoundingClientRect())
    save('stage.png', await page.screenshot({ clip: { x: 0, y: 0, width, height: bottom + 8 } }))
    await page.locator('#records summary').nth(4).click()
    await page.locator('#records .fields').waitFor()
    await page.locator('#wire').evaluate((wire) => wire.scrollIntoView({ behavior: 'instant' }))
    save('page.png', await page.screenshot())
  })
} finally {
  await browser.close()
}
