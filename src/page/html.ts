/**
 * Renders the page, and has its files. All of them are read when the first one is asked for: a peer starts sooner, and
 * never serves half an old page and half a new one.
 */

import fs from 'node:fs'
import type { VNode } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { ownFile } from '../disk/ownFile.ts'
import type { Peer } from '../peer/peer.ts'
import type { Language } from '../wirelog/annotate.ts'
import type { Events } from '../wirelog/ring.ts'
import { pageStateOf } from '../wirelog/transcript.ts'
import { PAGE_FILES } from './files.ts'
import { h } from './h.ts'
import { modelOf, withEvent } from './model.ts'
import { Page } from './parts/Page.ts'
import { en as toyEn } from './toy/en.ts'
import { es as toyEs } from './toy/es.ts'
import { BEGIN } from './toy/state.ts'
import { linksIn, Toy } from './toy/Toy.ts'
import { EMPTY_DESK, type Setting } from './view.ts'
import { en, type Words } from './words/en.ts'
import { es } from './words/es.ts'

/** The page's sentences. They have one type, so that none is missing in a language. */
const WORDS: Readonly<Record<Language, Words>> = { en, es }
const TOY_WORDS = { en: toyEn, es: toyEs } satisfies Record<Language, object>

/** What is built (`build.js`), and the icon as it lies in the sources. */
const read = (name: string) => {
  const folder = name.endsWith('.svg') ? 'src/page' : 'dist/browser'
  return fs.readFileSync(ownFile(`${folder}/${name}`), 'utf8')
}
/** The text of each file that the page loads, by its path. */
export const TEXTS: ReadonlyMap<string, string> = new Map(
  PAGE_FILES.map((path) => [path, read(path.slice(1))]),
)

/** What a page is made for, beside its peer. */
export type Reader = Omit<
  Setting,
  'port' | 'suite' | 'hasKem' | 'peerName' | 'peerPage' | 'showsSecrets' | 'showsWork'
> & {
  /** Whether the other peer is on this machine. */
  readonly isPeerHere: boolean
}

/** The page in HTML, with the present state of the peer and what happened to it. */
export function rendered(peer: Peer, events: Events, reader: Reader): string {
  const { isPeerHere, ...given } = reader
  const { language, isChosen, own } = given
  const words = WORDS[language]
  const other = new URL(peer.peerUrl)
  const setting: Setting = {
    ...given,
    port: peer.port,
    suite: peer.suite.name,
    hasKem: peer.suite.kem !== null,
    // on this machine the port says it all
    peerName: isPeerHere ? `${words.port} ${other.port || 80}` : other.host,
    peerPage: isPeerHere ? `${peer.peerUrl}/${isChosen ? `?lang=${language}` : ''}` : null,
    showsSecrets: peer.showsSecrets,
    showsWork: peer.showsWork,
  }
  const { run, begun, kept } = events
  const empty = modelOf({ run, begun, forms: events.forms(language) }, pageStateOf(peer, events))
  const model = kept.reduce((model, event) => withEvent(model, event, false, own), empty)
  return documentOf(
    {
      language,
      title: words.title(peer.port),
      name: 'start',
      styles: ['page.css'],
      isPresented: setting.isPresented,
    },
    { 'data-setting': JSON.stringify(setting) },
    h(Page, { words, setting, model, desk: EMPTY_DESK, act: null }),
  )
}

/** The toy in HTML, as it is at first. Nothing of a peer is in it. `isChosen`: whether the reader chose the language. */
export function renderedToy(language: Language, isChosen: boolean): string {
  const words = TOY_WORDS[language]
  return documentOf(
    { language, title: words.title, name: 'toy', styles: ['page.css', 'toy.css'] },
    { 'data-chosen': isChosen ? '' : undefined },
    h(Toy, { words, state: BEGIN, act: null, links: linksIn(language, isChosen) }),
  )
}

interface Head {
  readonly language: Language
  readonly title: string
  /** Of its script. */
  readonly name: 'start' | 'toy'
  readonly styles: readonly string[]
  readonly isPresented?: boolean
}

/** A document with this body. What it loads lies beside it. */
function documentOf(
  { language, title, name, styles, isPresented = false }: Head,
  data: Readonly<Record<`data-${string}`, string | undefined>>,
  body: VNode,
): string {
  const page = h(
    'html',
    { lang: language },
    h(
      'head',
      null,
      h('meta', { charset: 'utf-8' }),
      h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
      h('meta', { name: 'color-scheme', content: 'light dark' }),
      h('title', null, title),
      h('link', { rel: 'icon', href: 'icon.svg' }),
      styles.map((href) => h('link', { rel: 'stylesheet', href })),
      // without the script it is the page, and so it is on paper
      isPresented &&
        h('link', {
          ...{ rel: 'stylesheet', href: 'present.css' },
          media: 'screen and (scripting: enabled)',
        }),
      h('script', { type: 'module', src: `${name}.js` }),
    ),
    h('body', data, body),
  )
  return `<!doctype html>\n${renderToString(page)}\n`
}
