/** From the secret to a key: what both sides compute, why, and what of it is gone by now. */

import type { ComponentChildren } from 'preact'
import { factsOf, type Held } from '../facts.ts'
import { h } from '../h.ts'
import type { View } from '../view.ts'
import { gone, open, secret } from './marks.ts'

export function Derivation({ words, setting, model }: View) {
  const { notYet, sums } = words
  const { session, waiting } = model.state
  const facts = factsOf(model)
  const isThere = session !== null
  const isComputed = isThere || facts.secret === 'computed'
  const ofSession = waiting.filter((message) => message.session === session?.id)
  /** What it is, what became of it, and why it is there. */
  const step = (is: Held, what: ComponentChildren, became: ComponentChildren, why: string) =>
    h(
      'li',
      { class: is },
      h('div', { class: 'sum' }, what),
      h('p', { class: 'became' }, is === 'none' ? notYet : became),
      h('p', null, why),
    )
  const used: Held = isComputed ? 'gone' : 'none'
  const shown: Held = isThere && !setting.showsSecrets ? 'gone' : 'held'
  const a = gone(isThere ? 'gone' : 'held', 'a')
  const S = gone(shown, 'S')
  return h(
    'section',
    { id: 'sums', 'aria-labelledby': 'sums-title' },
    h('h2', { id: 'sums-title' }, sums.title),
    h(
      'ol',
      { class: 'derivation' },
      step(
        used,
        [
          h('span', null, a, ' × ', open('B'), ' = ', S),
          h('span', null, a, ' × ', open('J')),
          h('span', null, secret('i'), ' × ', open('B')),
        ],
        [sums.identities, isThere ? sums.keysGone(setting.showsSecrets) : sums.keysHeld],
        sums.whyThree,
      ),
      setting.hasKem && step(used, gone(shown, 'K'), sums.joined, sums.whyKem),
      step(
        isComputed ? 'held' : 'none',
        open('T = SHA-256(', sums.hashed(setting.hasKem), ')'),
        isThere && [sums.sessionIs, ' ', h('code', { class: 'public' }, session.id)],
        sums.whyTranscript,
      ),
      step(
        isThere ? 'gone' : isComputed ? 'held' : 'none',
        h('span', null, 'HKDF-SHA-256(', secret(sums.theseSecrets), ', ', open('T'), ')'),
        isThere ? sums.hkdfGone : sums.hkdfHeld,
        sums.whyHkdf,
      ),
      step(
        isThere ? 'held' : 'none',
        [
          keys(sums, sums.toThem, isThere, session?.sent ?? 0, []),
          keys(sums, sums.fromThem, isThere, facts.nextReceived, ofSession),
        ],
        null,
        sums.whyChain,
      ),
    ),
  )
}

/** The keys of one direction: those that are gone, those that wait for their reader, and the next one. */
function keys(
  sums: View['words']['sums'],
  direction: string,
  isThere: boolean,
  next: number,
  waiting: readonly { readonly seq: number }[],
) {
  const first = waiting[0]?.seq ?? next
  const key = (is: Held, from: number, to: number, became: string) =>
    h(
      'li',
      { class: is },
      secret('k', h('sub', null, from === to ? from : `${from}–${to}`)),
      ' ',
      h('small', null, became),
    )
  return h(
    'div',
    null,
    direction,
    h(
      'ul',
      { class: 'chain' },
      first > 0 && key('gone', 0, first - 1, sums.keyGone),
      next > first && key('held', first, next - 1, sums.keyWaits(waiting.length)),
      key(isThere ? 'held' : 'none', next, next, isThere ? sums.keyNext : sums.keyFirst),
      h('li', { class: 'none', 'aria-hidden': 'true' }, '…'),
    ),
  )
}
