/** A real browser, where the machine has one: Chromium without a window. */

import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

/** The browser that `CHROMIUM` names, else the first in the PATH, or null. */
const browserPath: string | null =
  process.env['CHROMIUM'] ??
  (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .flatMap((folder) => NAMES.map((name) => path.join(folder, name)))
    .find(isProgram) ??
  null

/** For tests that need one: false, or why they are skipped. */
export const noBrowser: string | false =
  browserPath === null && 'there is no Chromium here (install chromium, or name one in CHROMIUM)'

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export function startBrowser(): Promise<Browser> {
  // the sandbox can't be had as root, and the pages are our own; containers have little shared memory
  return chromium.launch({
    executablePath: browserPath ?? '',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  })
}

/**
 * Opens `url` in a window of its own, and closes it after `use`; `faults` is what went wrong in the page, and what was
 * asked of anyone but the origin of `url`.
 */
export async function withPage<T>(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
  use: (page: Page, faults: string[]) => Promise<T>,
): Promise<T> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', ({ message }) => faults.push(message))
  page.on('console', (message) => {
    // a refusal is an answer, though the browser calls it an error
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text())
  })
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) faults.push(request.url())
  })
  try {
    await page.goto(url)
    return await use(page, faults)
  } finally {
    await context.close()
  }
}

interface Violation {
  id: string
  nodes: { html: string; failureSummary: string }[]
}

/** What axe-core finds against WCAG 2.2 AA and its own best practices, a line each. */
export async function violations(page: Page): Promise<string[]> {
  // not as a script of the page: its policy takes none from elsewhere
  await page.evaluate(axe.source)
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: Violation[] }> }
    }
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    return (await axe.run({ runOnly: tags })).violations
  })
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
  )
}
