/**
 * What the page is made of. It is loaded, and read, as a whole with the first request for any of it: a peer starts
 * sooner without, and one that runs never serves half an old page and half a new one.
 */

import fs from 'node:fs'
import type { Context } from 'koa'
import { chosenLanguage, LANGUAGES, type Language, languageOf } from '../http/language.ts'
import { isHere } from '../http/loopback.ts'
import { commandsOf } from '../http/nextCommands.ts'
import { PAGE_FILES } from '../http/page.ts'
import type { Peer } from '../peer/peer.ts'
import { stateOf } from '../wirelog/events.ts'
import type { Events } from '../wirelog/ring.ts'
import { en } from './en.js'
import { es } from './es.js'

type Words = typeof en
/** The page's sentences, of one type: none is missing in either. */
const WORDS: Readonly<Record<Language, Words>> = { en, es }

/** The page loads what this peer serves and nothing else. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/**
 * What it takes to find a private key. rho: log2 of 0.886 times the root of the group's order
 * (safecurves.cr.yp.to/rho.html). years: at the rate of the EPFL's record of 2009, 8.5 × 10^16
 * additions in 3.5 months; and at 10^9 times that rate, in units of 10^9.
 */
const COSTS: Readonly<Record<string, { rho: number; years: [number, string]; faster: number }>> = {
  X25519: { rho: 125.8, years: [2.5, '10²⁰'], faster: 250 },
  'P-256': { rho: 127.8, years: [1, '10²¹'], faster: 1000 },
  // of its X25519 half
  X25519MLKEM768: { rho: 125.8, years: [2.5, '10²⁰'], faster: 250 },
}
const NO_COST = { rho: 0, years: [0, ''], faster: 0 } as const

/** Scripts are built (`build.js`), and everything else is read as it lies in the sources. */
const read = (name: string) => {
  const folder = name.endsWith('.js') ? 'dist/browser' : 'src/page'
  return fs.readFileSync(new URL(`../../${folder}/${name}`, import.meta.url), 'utf8')
}
/** `index.html` with the sentences of each language in it. */
const TEMPLATES = Object.fromEntries(
  LANGUAGES.map((language) => [language, inWords(read('index.html'), WORDS[language].html)]),
)
/** The text of each file that the page loads, by its path. */
export const TEXTS: ReadonlyMap<string, string> = new Map(
  PAGE_FILES.map((path) => [path, read(path.slice(1))]),
)

/** Answers with the page, the present state filled in: it tells as much without its script. */
export function answerPage(ctx: Context, peer: Peer, events: Events): void {
  ctx.type = 'text/html'
  ctx.set('Content-Security-Policy', PAGE_POLICY)
  const language = languageOf(ctx)
  ctx.set('Content-Language', language)
  ctx.vary('Accept-Language')
  ctx.body = filled(peer, events, language, chosenLanguage(ctx) !== null)
}

/** A template with each `[[name]]` as its sentence. */
function inWords(template: string, sentences: Readonly<Record<string, string>>): string {
  return template.replace(/\[\[(\w+)\]\]/g, (_, name: string) => {
    const sentence = sentences[name]
    if (sentence === undefined) throw new Error(`The page has no sentence ${name}.`)
    return sentence
  })
}

/**
 * The template of that language with every `{{…}}` filled in, and every `data-show="path"` with that value of the
 * state. `{{own /show}}` is a curl to this peer, `{{others /show}}` one to the other. Between `<!--joined-->` and
 * `<!--/joined-->` stands what is true on a suite with a KEM only, between `<!--alone-->` and its end what is not.
 * A language that was chosen goes with the link to the other page.
 */
function filled(peer: Peer, events: Events, language: Language, isChosen: boolean): string {
  const words = WORDS[language]
  const state = stateOf(peer, events)
  const commands = commandsOf(peer)
  const other = new URL(peer.peerUrl)
  const cost = COSTS[state.curve] ?? NO_COST
  const values: Record<string, (rest: string) => string> = {
    lang: () => language,
    port: () => `${peer.port}`,
    run: () => `${events.run} ${events.begun}`,
    // on this machine the port says it all
    peerName: () => (isHere(peer.peerUrl) ? `${words.port} ${other.port || 80}` : other.host),
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
  const isTrue = peer.suite.kem === null ? 'alone' : 'joined'
  const template = TEMPLATES[language] ?? ''
  const link = `${other.origin}/${isChosen ? `?lang=${language}` : ''}`
  const pieces = template.split(/<!--(\/?(?:joined|alone))-->/)
  return pieces
    .filter((_, i) => i % 4 === 0 || (i % 4 === 2 && pieces[i - 1] === isTrue))
    .join('')
    .replace('{{picture}}', pictureOf(peer, words))
    .replace(
      '{{link}}',
      isHere(peer.peerUrl) ? `<a href="${entities(link)}">${words.html.openItsPage}</a>` : '',
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
