/** The stage: what each side has and lacks, and Eve, who only listens, between them. */

import type { VNode } from 'preact'
import { h } from '../h.ts'
import type { View } from '../view.ts'
import { icon, open, secret } from './marks.ts'

export function Stage(view: View) {
  const { words, setting, model } = view
  const { publicKey, peer, session } = model.state
  const { crossing } = model
  const has = (what: boolean, item: VNode) => what && h('li', null, item)
  const isAgreed = session !== null
  return h(
    'section',
    { id: 'stage', 'aria-labelledby': 'stage-title' },
    h('h2', { id: 'stage-title', class: 'unseen' }, words.stageLabel),
    h(
      'div',
      { class: 'stage' },
      h(
        'div',
        { class: 'side' },
        h('h3', null, words.you, ' ', h('small', null, `${words.port} ${setting.port}`)),
        h(
          'ul',
          null,
          has(publicKey !== null, secret('a')),
          has(publicKey !== null, open('a × G = A')),
          has(peer.publicKey !== null, open('B')),
          has(isAgreed, secret('a × B = S')),
        ),
      ),
      h(
        'div',
        { class: 'eve' },
        h('h3', null, words.eve),
        crossing &&
          h(
            'p',
            { class: `crossing ${crossing.way}`, key: crossing.n, 'aria-hidden': 'true' },
            crossing.form === 'sealed message' ? '✉' : 'A',
          ),
        h(
          'ul',
          null,
          h('li', null, open('G')),
          has(publicKey !== null, open('A')),
          has(peer.publicKey !== null, open('B')),
        ),
        h('p', null, words.eveLacks, ' ', secret('a'), ' ', secret('b'), ' ', secret('S')),
      ),
      h(
        'div',
        { class: 'side' },
        h('h3', null, words.them, ' ', h('small', null, setting.peerName)),
        h(
          'ul',
          null,
          has(peer.publicKey !== null, secret('b')),
          has(peer.publicKey !== null, open('b × G = B')),
          has(isAgreed, open('A')),
          has(isAgreed, secret('b × A = S')),
        ),
      ),
    ),
    isAgreed &&
      h(
        'p',
        { class: peer.compared === true ? 'compared' : 'open' },
        icon(peer.compared === true ? 'lock' : 'open-lock'),
        peer.compared === true ? words.isCompared : words.notCompared,
      ),
  )
}
