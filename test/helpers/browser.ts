/** A real browser, where the machine has one: Chromium without a window. */

import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import axe from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'

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

/** What a browser may be like. */
export interface Kind {
  readonly locale: string
  readonly javaScript: boolean
  readonly viewport: { width: number; height: number }
  readonly colorScheme: 'light' | 'dark'
}

export interface Tab {
  readonly page: Page
  /** What went wrong since it was opened, or was asked of anyone but where it is. */
  readonly faults: readonly string[]
  /** For what is opened from then on. */
  become(kind: Kind): Promise<void>
  open(url: string): Promise<void>
}

/** A new tab, alone in its window. */
export async function openTab(browser: Browser): Promise<Tab> {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] })
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  const userAgent = await page.evaluate(() => navigator.userAgent)
  const faults: string[] = []
  let origin = ''
  let opening: string | null = null
  page.on('pageerror', ({ message }) => faults.push(message))
  page.on('console', (message) => {
    // a refusal is an answer, though the browser calls it an error
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text())
  })
  page.on('request', (request) => {
    const to = new URL(request.url()).origin
    if (to === opening && request.isNavigationRequest()) {
      // what was there before is gone, and asks for nothing more
      origin = to
      opening = null
      faults.length = 0
    } else if (to !== origin) faults.push(request.url())
  })
  return {
    page,
    faults,
    async become({ locale, javaScript, viewport, colorScheme }) {
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme, media: null, reducedMotion: 'reduce' })
      await session.send('Emulation.setLocaleOverride', { locale })
      const language = { userAgent, acceptLanguage: locale }
      await session.send('Emulation.setUserAgentOverride', language)
      await session.send('Emulation.setScriptExecutionDisabled', { value: !javaScript })
    },
    async open(url) {
      opening = new URL(url).origin
      await page.goto(url)
    },
  }
}

interface Violation {
  id: string
  nodes: { html: string; failureSummary: string }[]
}

/** What axe-core finds against WCAG 2.2 AA and its own best practices, a line each. */
export async function violations(page: Page): Promise<string[]> {
  // not as a script of the page: its policy takes none from elsewhere
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source)
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
