/** Renders Mallory's page, with all that happened at both of her peers. */

import { renderToString } from 'preact-render-to-string'
import { h } from '../../../page/h.ts'
import { pageStateOf } from '../../../wirelog/transcript.ts'
import { en } from './page/en.ts'
import { es } from './page/es.ts'
import type { Side, Sides } from './page/match.ts'
import { Page } from './page/Page.ts'
import type { Setting } from './page/view.ts'
import type { Log, Passages } from './passages.ts'

/** The page in HTML: without its script it tells as much. */
export function rendered(
  logs: readonly Log[],
  passages: Passages,
  reader: Pick<Setting, 'language' | 'isChosen' | 'index'>,
): string {
  const sides = logs.map(({ peer, events, victim }, i): Side => {
    const state = pageStateOf(peer, events)
    return { port: peer.port, victim, state, events: events.kept, passed: passages.of(i) }
  }) as unknown as Sides
  const hers = { en, es }[reader.language]
  const places = sides.map(({ port, victim }) => ({ port, victim }))
  const setting = { ...reader, places } as unknown as Setting
  const page = h(
    'html',
    { lang: reader.language },
    h(
      'head',
      null,
      h('meta', { charset: 'utf-8' }),
      h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
      h('meta', { name: 'color-scheme', content: 'light dark' }),
      h('title', null, hers.title(sides[0].victim, sides[1].victim)),
      h('link', { rel: 'icon', href: 'icon.svg' }),
      h('link', { rel: 'stylesheet', href: 'page.css' }),
      h('link', { rel: 'stylesheet', href: 'mallory/mallory.css' }),
      h('script', { type: 'module', src: 'mallory/page.js' }),
    ),
    h(
      'body',
      { class: 'mallory', 'data-setting': JSON.stringify(setting) },
      h(Page, { hers, setting, sides, isConnected: null, news: '' }),
    ),
  )
  return `<!doctype html>\n${renderToString(page)}\n`
}
