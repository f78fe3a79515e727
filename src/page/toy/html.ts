/** Renders the toy. Nothing of a peer is in it. */

import { renderToString } from 'preact-render-to-string'
import type { Language } from '../../wirelog/annotate.ts'
import { h } from '../h.ts'
import { en, type Words } from './en.ts'
import { es } from './es.ts'
import { BEGIN } from './state.ts'
import { linksIn, Toy } from './Toy.ts'

const WORDS: Readonly<Record<Language, Words>> = { en, es }

/** The toy in HTML, as it is at first. `isChosen`: whether the reader chose the language. */
export function renderedToy(language: Language, isChosen: boolean): string {
  const words = WORDS[language]
  const links = linksIn(language, isChosen)
  const page = h(
    'html',
    { lang: language },
    h(
      'head',
      null,
      h('meta', { charset: 'utf-8' }),
      h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
      h('meta', { name: 'color-scheme', content: 'light dark' }),
      h('title', null, words.title),
      h('link', { rel: 'icon', href: 'icon.svg' }),
      h('link', { rel: 'stylesheet', href: 'page.css' }),
      h('link', { rel: 'stylesheet', href: 'toy.css' }),
      h('script', { type: 'module', src: 'toy.js' }),
    ),
    h(
      'body',
      isChosen ? { 'data-chosen': '' } : null,
      h(Toy, { words, state: BEGIN, act: null, links }),
    ),
  )
  return `<!doctype html>\n${renderToString(page)}\n`
}
