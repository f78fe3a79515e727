/** Mallory's page, from its head to its end: the same on the server and in a browser. */

import { Fragment } from 'preact'
import { h } from '../../../../page/h.ts'
import { Icons } from '../../../../page/parts/Icons.ts'
import { across, type Index } from './match.ts'
import { Numbers } from './Numbers.ts'
import { Passages } from './Passages.ts'
import { Stage } from './Stage.ts'
import type { View } from './view.ts'

/** Everything in the body. */
export function Page(view: View) {
  const { hers, sides, news } = view
  const [a, b] = sides
  return h(
    Fragment,
    null,
    h(Icons, null),
    h('a', { class: 'skip', href: '#passages' }, hers.passages),
    h(Head, view),
    h(
      'main',
      null,
      h('p', { class: 'attack' }, h('b', null, '⚠ '), hers.attack(a.victim, b.victim)),
      h(Stage, view),
      h(Numbers, view),
      h(Passages, view),
      h(Pictures, view),
    ),
    h('p', { id: 'news', role: 'status', class: 'unseen' }, news),
  )
}

function Head({ hers, setting, sides, isConnected }: View) {
  const { index, language } = setting
  const connection = isConnected === null ? '' : isConnected ? hers.words.live : hers.words.lost
  const other = language === 'en' ? 'es' : 'en'
  return h(
    'header',
    null,
    h(
      'h1',
      null,
      hers.heading,
      ' ',
      h('small', null, hers.where(sides[index].port, sides[across(index)].port)),
    ),
    h(
      'p',
      { id: 'connection', role: 'status', class: isConnected === false ? 'lost' : '' },
      connection,
    ),
    h(
      'p',
      { id: 'language' },
      h('a', { href: `?lang=${other}`, hreflang: other, lang: other }, hers.words.otherLanguage),
    ),
  )
}

function Pictures({ hers, sides }: View) {
  const all = sides.flatMap(({ state, victim }, i) =>
    state.image === null ? [] : [{ image: state.image, victim, i: i as Index }],
  )
  return h(
    'section',
    { id: 'pictures', 'aria-labelledby': 'pictures-title' },
    h('h2', { id: 'pictures-title' }, hers.pictures),
    all.length === 0
      ? h('p', null, hers.noPicture)
      : h(
          'div',
          { id: 'picture' },
          all.map(({ image, victim, i }) =>
            h(
              'figure',
              { key: i },
              // its own address for each picture, or a browser would keep the one before
              h('img', {
                src: `mallory/${i}/image?${image.sealed ?? ''}`,
                alt: hers.words.pictureAlt(image.type, image.bytes),
              }),
              h('figcaption', null, `${hers.pictureOf(victim)}. ${hers.copyGone}`),
            ),
          ),
        ),
  )
}
