/** A real browser without a window, where the machine has one: Chromium, or Firefox with `BROWSER=firefox`. */

import axe from 'axe-core'
import { type Browser, chromium, firefox, type Page } from 'playwright-core'
import { programOf } from './programs.ts'

const FIREFOX = process.env['BROWSER'] === 'firefox'

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
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      // as few processes as there can be, and none in advance
      '--renderer-process-limit=1',
      '--disable-features=IsolateOrigins,site-per-process,SpareRendererForSitePerProcess',
    ],
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
  /** For what is opened from then on. Returns the tab that is so: this one, or one in its place. */
  become(kind: Kind): Promise<Tab>
  open(url: string): Promise<void>
}

/** A new tab, alone in its window. */
export async function openTab(browser: Browser, kind: Kind): Promise<Tab> {
  const { locale, viewport, colorScheme } = kind
  const context = await browser.newContext({
    permissions: ['clipboard-read', 'clipboard-write'],
    ...(FIREFOX && { locale, viewport, colorScheme, reducedMotion: 'reduce' }),
  })
  const page = await context.newPage()
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
    if (to !== origin && to !== opening) faults.push(request.url())
  })
  page.on('framenavigated', (frame) => {
    if (opening === null || new URL(frame.url()).origin !== opening) return
    // only now what was there before is gone, and asks for nothing more
    origin = opening
    opening = null
    faults.length = 0
  })
  const open = async (url: string) => {
    opening = new URL(url).origin
    await page.goto(url)
  }
  if (FIREFOX) {
    // a window of Firefox's stays as it was made
    const become = async (kind: Kind) => {
      await context.close()
      return openTab(browser, kind)
    }
    return { page, faults, open, become }
  }
  const session = await context.newCDPSession(page)
  const userAgent = await page.evaluate(() => navigator.userAgent)
  const tab: Tab = {
    page,
    faults,
    open,
    async become({ locale, javaScript, viewport, colorScheme }) {
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme, media: null, reducedMotion: 'reduce' })
      await session.send('Emulation.setLocaleOverride', { locale })
      const language = { userAgent, acceptLanguage: locale }
      await session.send('Emulation.setUserAgentOverride', language)
      await session.send('Emulation.setScriptExecutionDisabled', { value: !javaScript })
      return tab
    },
  }
  return tab.become(kind)
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
    // elsewhere the bar covers whatever lies below it, as it is meant to
    scrollTo(0, 0)
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
