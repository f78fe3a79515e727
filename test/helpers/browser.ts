/** A real browser without a window, where the machine has one: Chromium, or Firefox with `BROWSER=firefox`. */

import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import axe from 'axe-core'
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  firefox,
  type Page,
} from 'playwright-core'

const FIREFOX = process.env['BROWSER'] === 'firefox'

/** The first program of these names in the PATH, or null. */
function programOf(names: readonly string[]): string | null {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter)
  const files = folders.flatMap((folder) => names.map((name) => path.join(folder, name)))
  return files.find(isProgram) ?? null
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The browsers that `CHROMIUM` and `FIREFOX` name, else those of the machine, or null. */
const chromiumPath =
  process.env['CHROMIUM'] ??
  programOf(['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'])
const firefoxPath = process.env['FIREFOX'] ?? programOf(['firefox-esr', 'firefox'])

/** For tests that need Firefox: false, or why they are skipped. */
export const noFirefox: string | false =
  firefoxPath === null && 'there is no Firefox here (install firefox-esr, or name one in FIREFOX)'
/** The same for the browser that these tests run in. */
export const noBrowser: string | false = FIREFOX
  ? noFirefox
  : chromiumPath === null && 'there is no Chromium here (install chromium, or name one in CHROMIUM)'

/** For what only Chromium can be asked for, paper and a page without its script: false, or why it is not tested. */
export const noChromium: string | false =
  noBrowser || (FIREFOX && 'Firefox takes no order to print, or to run no script')

export function startBrowser(): Promise<Browser> {
  if (FIREFOX)
    return firefox.launch({
      executablePath: firefoxPath ?? '',
      // Firefox as it is, by WebDriver BiDi; else it would have to be a patched one
      channel: 'moz-firefox',
      firefoxUserPrefs: {
        // BiDi can't ask this of a window; a scheme of colours it can't ask for either, so all are light
        'ui.prefersReducedMotion': 1,
        // a process for each origin and some in advance take longer to start than the tests
        'fission.autostart': false,
        'dom.ipc.processCount': 1,
        'dom.ipc.processPrelaunch.enabled': false,
      },
    })
  // the sandbox can't be had as root, and the pages are our own; containers have little shared memory
  return chromium.launch({
    executablePath: chromiumPath ?? '',
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
