/**
 * Renders the page, and has its files. All of them are read when the first one is asked for: a peer starts sooner, and
 * never serves half an old page and half a new one.
 */

import fs from 'node:fs'
import type { Peer } from '../peer/peer.ts'
import type { Language } from '../wirelog/annotate.ts'
import type { Events } from '../wirelog/ring.ts'
import { stateOf } from '../wirelog/transcript.ts'
import { COSTS } from './costs.ts'
import { en } from './en.js'
import { es } from './es.js'
import { PAGE_FILES } from './files.ts'

type Words = typeof en
/** The page's sentences. They have one type, so that none is missing in a language. */
const WORDS: Readonly<Record<Language, Words>> = { en, es }

/** Scripts are built (`build.js`), and everything else is read as it lies in the sources. */
const read = (name: string) => {
  const folder = name.endsWith('.js') ? 'dist/browser' : 'src/page'
  return fs.readFileSync(new URL(`../../${folder}/${name}`, import.meta.url), 'utf8')
}
/** `index.html` with the sentences of each language in it. */
const TEMPLATES = {
  en: inWords(read('index.html'), en.html),
  es: inWords(read('index.html'), es.html),
} satisfies Record<Language, string>
/** The text of each file that the page loads, by its path. */
export const TEXTS: ReadonlyMap<string, string> = new Map(
  PAGE_FILES.map((path) => [path, read(path.slice(1))]),
)

/** A template with each `[[name]]` as its sentence. */
function inWords(template: string, sentences: Readonly<Record<string, string>>): string {
  return template.replace(/\[\[(\w+)\]\]/g, (_, name: string) => {
    const sentence = sentences[name]
    if (sentence === undefined) throw new Error(`The page has no sentence ${name}.`)
    return sentence
  })
}

/** What the page shows beside the state of the peer. */
interface Setting {
  readonly language: Language
  /** Whether the reader chose the language. Then the link to the other peer's page keeps it. */
  readonly isChosen: boolean
  /** Whether the other peer is on this machine. */
  readonly isPeerHere: boolean
  /** The command that runs a step of this peer, or of the other one. */
  readonly commands: { own(path: string): string; peer(path: string): string }
}

/**
 * The page in HTML: the template of the language with every `{{…}}` filled in, and every `data-show="path"` with that
 * value of the state. `{{own /show}}` is a command to this peer, `{{others /show}}` one to the other. What stands
 * between `<!--joined-->` and `<!--/joined-->` is kept on a suite with a KEM only, and what stands between
 * `<!--alone-->` and `<!--/alone-->` on the others.
 */
export function rendered(
  peer: Peer,
  events: Events,
  { language, isChosen, isPeerHere, commands }: Setting,
): string {
  const words = WORDS[language]
  const state = stateOf(peer, events)
  const other = new URL(peer.peerUrl)
  const cost = COSTS[peer.suite.name]
  const values: Record<string, (rest: string) => string> = {
    lang: () => language,
    port: () => `${peer.port}`,
    run: () => `${events.run} ${events.begun}`,
    // on this machine the port says it all
    peerName: () => (isPeerHere ? `${words.port} ${other.port || 80}` : other.host),
    peerIs: () => (state.safetyNumber === null ? 'none' : state.peer.known ? 'known' : 'new'),
    secrets: () => (peer.showsSecrets ? 'shown' : 'hidden'),
    secretsAt: () => (peer.showsSecrets ? words.inTerminal : words.hidden),
    textsAt: () => (peer.showsSecrets ? words.textsInTerminal : words.textsHidden),
    privateKeyAt: () => (peer.showsWork ? words.shownWork : words.nowhere),
    own: commands.own,
    others: commands.peer,
    rho: () => cost.rho.toLocaleString(words.locale),
    years: () => {
      const [times, power] = cost.years
      return times === 1 ? power : `${times.toLocaleString(words.locale)} × ${power}`
    },
    fasterYears: () => words.billions(cost.faster),
  }
  const kept = peer.suite.kem === null ? 'alone' : 'joined'
  const link = `${other.origin}/${isChosen ? `?lang=${language}` : ''}`
  const pieces = TEMPLATES[language].split(/<!--(\/?(?:joined|alone))-->/)
  return pieces
    .filter((_, i) => i % 4 === 0 || (i % 4 === 2 && pieces[i - 1] === kept))
    .join('')
    .replace('{{picture}}', pictureOf(peer, words))
    .replace(
      '{{link}}',
      isPeerHere ? `<a href="${entities(link)}">${words.html.openItsPage}</a>` : '',
    )
    .replace(/\{\{(\w+)(?: ([^{}]*))?\}\}/g, (_, name, rest = '') =>
      entities(values[name]?.(rest) ?? ''),
    )
    .replace(
      /( data-show="([\w.]+)"(?: data-yes="([^"<>]*)")?>)[^<]*/g,
      (_, tag: string, path: string, yes?: string) => {
        const value = valueAt(state, path)
        return tag + entities(value === null ? words.notYet : (yes ?? value))
      },
    )
}

/** The picture that came last, as HTML. */
function pictureOf(peer: Peer, words: Words): string {
  const picture = peer.lastPicture
  if (picture === null) return `<p>${words.html.noPicture}</p>`
  const { type, bytes, received } = picture
  const alt = entities(words.pictureAlt(type, bytes))
  const caption = entities(words.pictureReceived(type, bytes, received.toISOString()))
  return `<figure><img src="/image" alt="${alt}"><figcaption>${caption}</figcaption></figure>`
}

/** The value at `peer.publicKey`, as text; null if there is none. */
function valueAt(state: object, path: string): string | null {
  let value: unknown = state
  for (const name of path.split('.'))
    value = (value as Record<string, unknown> | null | undefined)?.[name]
  return value === null || value === undefined ? null : String(value)
}

function entities(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
