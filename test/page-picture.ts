/** `make page-picture`: the pictures of the page in the README, from a real run in a real browser. */

import fs from 'node:fs'
import path from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import { PNG } from 'pngjs'
import { noBrowser, openTab, startBrowser } from './helpers/browser.ts'
import { call, posting, TEXT } from './helpers/call.ts'
import { withCommand } from './helpers/command.ts'

const width = 1280
const [, , ports = '5000,5001'] = process.argv

function save(name: string, screenshot: Buffer) {
  const file = path.resolve(import.meta.dirname, name)
  fs.writeFileSync(file, inFewColours(PNG.sync.read(screenshot)))
  process.stdout.write(`${file}: ${fs.statSync(file).size} bytes\n`)
}

/**
 * A PNG of the 256 colours that are most frequent, and the nearest of them for each other one: a third of what the browser
 * writes, since most of a page has few colours, and the edges of its letters have many.
 */
function inFewColours({ width, height, data }: PNG): Buffer {
  const counts = new Map<number, number>()
  for (let i = 0; i < data.length; i += 4) {
    const colour = data.readUIntBE(i, 3)
    counts.set(colour, (counts.get(colour) ?? 0) + 1)
  }
  const partsOf = (colour: number) => [colour >> 16, (colour >> 8) & 255, colour & 255] as const
  const colours = [...counts.keys()].sort(
    (one, other) => (counts.get(other) ?? 0) - (counts.get(one) ?? 0),
  )
  const palette = colours.slice(0, 256).map(partsOf)
  const nearest = new Map(
    colours.map((colour, i) => {
      if (i < palette.length) return [colour, i]
      const [r, g, b] = partsOf(colour)
      const far = palette.map(([x, y, z]) => (r - x) ** 2 + (g - y) ** 2 + (b - z) ** 2)
      return [colour, far.indexOf(Math.min(...far))]
    }),
  )
  const rows = Buffer.alloc((width + 1) * height)
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i += 4)
      rows[y * (width + 1) + 1 + x] = nearest.get(data.readUIntBE(i, 3)) ?? 0
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 3], 8)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('PLTE', Buffer.from(palette.flat())),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** One chunk of a PNG: its length, type, data, and their CRC. */
function chunk(type: string, data: Buffer): Buffer {
  const whole = Buffer.concat([Buffer.alloc(4), Buffer.from(type), data, Buffer.alloc(4)])
  whole.writeUInt32BE(data.length, 0)
  whole.writeUInt32BE(crc32(whole.subarray(4, -4)), whole.length - 4)
  return whole
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
