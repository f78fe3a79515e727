/** Her two wires: the one that she faces at either end, and what she has in the middle. */

import { h } from '../../../../page/h.ts'
import { Long } from '../../../../page/parts/Long.ts'
import { icon, open, secret } from '../../../../page/parts/marks.ts'
import { across, type Index, isShutOut, type Side, standingOf } from './match.ts'
import type { View } from './view.ts'

export function Stage(view: View) {
  const { hers, sides } = view
  const [a, b] = sides
  return h(
    'section',
    { id: 'stage', 'aria-labelledby': 'stage-title' },
    h('h2', { id: 'stage-title' }, hers.stage),
    h('p', { id: 'caption' }, hers.standing[standingOf(sides)](a.victim, b.victim)),
    h(
      'div',
      { class: 'wires' },
      h(Victim, { ...view, index: 0 }),
      h(
        'div',
        { class: 'card me' },
        h('h3', null, hers.me),
        h(
          'ul',
          null,
          sides.map((side) => h('li', { key: side.port }, holdings(view, side))),
        ),
        !sides.some(isShutOut) && h('p', null, icon('lock'), hers.texts),
        h('p', { class: 'aside' }, hers.lack(a.victim, b.victim)),
      ),
      h(Victim, { ...view, index: 1 }),
    ),
  )
}

function Victim({ hers, sides, index }: View & { index: Index }) {
  const side = sides[index]
  const far = sides[across(index)].victim
  const isShut = isShutOut(side)
  const { publicKey, peer } = side.state
  const key = (hex: string | null) =>
    hex === null
      ? h('span', { class: 'none' }, hers.words.notYet)
      : open(h(Long, { words: hers.words, hex, label: hers.itSent }))
  return h(
    'div',
    { class: `card victim side-${index}` },
    h('h3', null, side.victim, ' ', !isShut && h('small', null, hers.believes(far))),
    h('p', null, hers.itSent, ' ', key(peer.publicKey)),
    h('p', null, hers.iSend(far), ' ', key(publicKey)),
    isShut && h('p', { class: 'shut' }, `✗ ${hers.refusesMe}`),
  )
}

function holdings({ hers }: View, { state, victim, port }: Side) {
  const { session } = state
  return [
    h('small', null, hers.mine(victim, port)),
    ' ',
    session === null
      ? h('span', { class: 'none' }, hers.noSecretYet)
      : h('span', null, secret(`${hers.secretWith(victim)}: ${hers.onTerminal}`)),
    ' ',
    session !== null &&
      h(
        'small',
        null,
        `${hers.session} `,
        h('code', null, session.id.slice(0, 8)),
        `…: ${hers.counts(session.received, session.sent)}`,
      ),
  ]
}
