/** The toy, from its head to its end: the same on the server and in a browser. */

import { Fragment } from 'preact'
import { h } from '../h.ts'
import { add, pointText, TOY } from './curves.ts'
import { Eve } from './Eve.ts'
import { Both, Own } from './Hops.ts'
import { Paint } from './Paint.ts'
import type { View } from './Part.ts'
import { MULTIPLES } from './state.ts'

export function Toy({ links, ...view }: View & { readonly links: Links }) {
  const { words } = view
  return h(
    Fragment,
    null,
    h('a', { class: 'skip', href: '#hops' }, words.skip),
    h(
      'header',
      null,
      h('h1', null, words.heading),
      h('p', { id: 'language' }, h('a', links.language, words.otherLanguage)),
      h('p', { id: 'back' }, h('a', { href: links.back }, words.back)),
    ),
    h(
      'main',
      null,
      h(
        'div',
        { class: 'intro' },
        h('p', null, words.intro),
        h('p', { class: 'aside' }, words.nothingReal),
        h('noscript', null, h('p', null, words.noScript)),
      ),
      h(Own, view),
      h(Both, view),
      h(Eve, view),
      h(Paint, view),
      h(Table, view),
      h('p', null, words.after()),
    ),
  )
}

/** Where the links lead: beside this page, wherever it is mounted. */
interface Links {
  readonly back: string
  readonly language: { readonly href: string; readonly hreflang: string; readonly lang: string }
}

/** The links of a page in this language. `isChosen`: the reader chose it, so they keep it. */
export function linksIn(language: string, isChosen: boolean): Links {
  const other = language === 'es' ? 'en' : 'es'
  return {
    back: isChosen ? `./?lang=${language}` : './',
    language: { href: `?lang=${other}`, hreflang: other, lang: other },
  }
}

/** All that the dots are, also for who can't see them. */
function Table({ words }: View) {
  return h(
    'details',
    { id: 'multiples' },
    h('summary', null, h('h2', null, words.tableTitle)),
    h(
      'ol',
      null,
      [...MULTIPLES, add(TOY, MULTIPLES.at(-1) ?? null, TOY.base)].map((point, i) =>
        h('li', null, h('b', null, `${i + 1}G`), ' ', point === null ? '∞' : pointText(point)),
      ),
    ),
    h('p', null, words.tableNote),
  )
}
