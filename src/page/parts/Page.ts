/** The page, from its head to its end: the same on the server and in a browser. */

import { Fragment } from 'preact'
import { h } from '../h.ts'
import type { View } from '../view.ts'
import { Compare } from './Compare.ts'
import { Controls } from './Controls.ts'
import { Derivation } from './Derivation.ts'
import { Eve } from './Eve.ts'
import { Icons } from './Icons.ts'
import { Letters } from './Letters.ts'
import { open, secret } from './marks.ts'
import { Part } from './Part.ts'
import { Picture } from './Picture.ts'
import { Sheet } from './Sheet.ts'
import { Stage } from './Stage.ts'
import { StepBar } from './StepBar.ts'
import { Vocabulary } from './Vocabulary.ts'
import { Wire } from './Wire.ts'

/** Everything in the body. */
export function Page(view: View) {
  const { words } = view
  return h(
    Fragment,
    null,
    h(Icons, null),
    h('a', { class: 'skip', href: '#wire' }, words.skip),
    h(Head, view),
    h(StepBar, view),
    h(
      'main',
      null,
      h(Sheet, view),
      h(Stage, view),
      h(Legend, view),
      h(Controls, view),
      h(Derivation, view),
      h(Compare, view),
      h(Wire, view),
      h(Eve, view),
      h(Picture, view),
      h(Letters, view),
      h(Vocabulary, view),
      h(Transcript, view),
    ),
    h('p', { id: 'news', role: 'status', class: 'unseen' }, view.desk.news),
  )
}

function Head({ words, setting, model, desk }: View) {
  const { isConnected } = desk
  const connection = isConnected === null ? '' : isConnected ? words.live : words.lost
  const other = setting.language === 'en' ? 'es' : 'en'
  const chosen = setting.isChosen ? `&lang=${setting.language}` : ''
  return h(
    'header',
    null,
    h(
      'h1',
      null,
      'ecdh-duet ',
      h('small', null, words.where(setting.port), ' ', h('span', null, model.state.curve)),
    ),
    h(
      'p',
      { id: 'connection', role: 'status', class: isConnected === false ? 'lost' : '' },
      connection,
    ),
    h('p', { id: 'present', 'data-js': '' }, h('a', { href: `?present${chosen}` }, words.present)),
    h(
      'p',
      { id: 'language' },
      h('a', { href: `?lang=${other}`, hreflang: other, lang: other }, words.otherLanguage),
    ),
  )
}

export function Legend({ words }: View) {
  return h(
    'ul',
    { class: 'legend', 'aria-label': words.legend },
    h('li', null, open(words.legendPublic)),
    h('li', null, secret(words.legendSecret)),
  )
}

function Transcript({ words, act }: View) {
  return h(
    Part,
    { id: 'transcript', title: words.transcript },
    h('p', null, words.transcriptHow()),
    h(
      'p',
      { 'data-js': '' },
      h('button', { type: 'button', id: 'print', onClick: act?.print }, words.print),
    ),
  )
}
