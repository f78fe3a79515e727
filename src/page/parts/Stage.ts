/** The stage: you, the wire with Eve on it, and the other one; what each has and lacks, and what crosses just now. */

import type { ComponentChildren } from 'preact'
import type { Way } from '../../wirelog/events.ts'
import { lastHappened } from '../caption.ts'
import { type Facts, factsOf, type Held } from '../facts.ts'
import { h } from '../h.ts'
import type { Model } from '../model.ts'
import { titleOf } from '../sentences.ts'
import type { View } from '../view.ts'
import { Flights, type Lane } from './Flights.ts'
import { gone, icon, open, secret } from './marks.ts'

/** `told`: what the caption tells of, if that is not all that happened. */
export function Stage({ told, ...view }: View & { told?: Model }) {
  const { words, setting, model } = view
  const facts = factsOf(model)
  const isCompared = model.state.peer.compared === true
  return h(
    'section',
    { id: 'stage', 'aria-labelledby': 'stage-title' },
    h('h2', { id: 'stage-title', class: 'unseen' }, words.stageLabel),
    h('p', { id: 'caption' }, captionOf(view.words, told ?? view.model)),
    h(
      'div',
      { class: setting.hasKem ? 'stage kem' : 'stage' },
      yourSide(view, facts),
      wire(view, facts),
      theirSide(view, facts),
    ),
    h(
      'p',
      { class: 'foot' },
      facts.secret === 'proved' &&
        h(
          'span',
          { class: isCompared ? 'compared' : 'open' },
          icon(isCompared ? 'lock' : 'open-lock'),
          isCompared ? words.isCompared : words.notCompared,
        ),
      setting.hasKem && h('span', null, words.stage.kem),
      facts.isRenewing && h('span', null, words.stage.renewing),
      h('a', { href: setting.isChosen ? `toy?lang=${setting.language}` : 'toy' }, words.stage.toy),
    ),
  )
}

function captionOf(words: View['words'], model: Model): ComponentChildren {
  const last = lastHappened(model)
  if (last.is === 'crossing') return words.happened.crossing(titleOf(words, last.record))
  const said = words.happened[last.is]
  if (!('code' in last)) return said
  return [
    said,
    ' ',
    h('code', { lang: 'en' }, last.code),
    '. ',
    // a step has no record to open, and its answer says why where it was run
    Object.hasOwn(words.reasons, last.code)
      ? words.reasons[last.code]
      : last.is !== 'refusedStep' && words.noReason,
  ]
}

/** One thing that a side has; `none`: that it lacks so far. */
function row(is: Held, sum: ComponentChildren, note: string) {
  return h('li', { class: is }, h('span', { class: 'sum' }, sum), ' ', h('small', null, note))
}

function yourSide(view: View, facts: Facts) {
  const { words, setting, model } = view
  const { stage, notYet } = words
  const { own, hasTheirs, secret: agreed, ciphertext } = facts
  const isErased = agreed === 'proved' && !setting.showsSecrets
  const S = agreed === 'none' ? 'none' : isErased ? 'gone' : 'held'
  const { sent, received } = countsOf(model)
  return h(
    'div',
    { class: 'side' },
    h('h3', null, words.you, ' ', h('small', null, `${words.port} ${setting.port}`)),
    h(
      'ul',
      null,
      row(own, [gone(own, 'a'), ' × G = ', open('A')], stage.own[own]('a')),
      row(hasTheirs ? 'held' : 'none', open('B'), hasTheirs ? stage.fromWire : notYet),
      setting.hasKem &&
        kemRow(words.stage, notYet, ciphertext, ciphertext === 'sent', own, isErased),
      row(
        S,
        [gone(own, 'a'), ' × ', open('B'), ' = ', gone(S, 'S')],
        S === 'gone' ? stage.hidden : { none: notYet, ...stage.yours }[agreed],
      ),
      row(sent + received > 0 ? 'held' : 'none', secret(words.rowTexts), textsNote(view)),
    ),
  )
}

function theirSide({ words, setting, model }: View, facts: Facts) {
  const { stage, notYet } = words
  const { theirs, arrival, secret: agreed, isDenied, ciphertext } = facts
  const hasOurs = arrival === 'arrived'
  const hasS = agreed === 'proved' && !isDenied
  const { sent, received } = countsOf(model)
  // of a text that nobody has answered, nobody here can tell
  const arrived = sent - (model.state.inDoubt === null ? 0 : 1)
  const hasTexts = received > 0 || (arrived > 0 && theirs !== 'held')
  return h(
    'div',
    { class: 'side' },
    h('h3', null, words.them, ' ', h('small', null, setting.peerName)),
    h(
      'ul',
      null,
      row(hasOurs ? 'held' : 'none', open('A'), hasOurs ? stage.fromWire : stage.arrival[arrival]),
      row(theirs, [open('B'), ' = G × ', gone(theirs, 'b')], stage.own[theirs]('b')),
      setting.hasKem && kemRow(stage, notYet, ciphertext, ciphertext === 'received', theirs),
      row(
        isDenied ? 'gone' : hasS ? 'held' : 'none',
        [gone(isDenied ? 'gone' : 'held', 'S'), ' = ', open('A'), ' × ', gone(theirs, 'b')],
        isDenied ? stage.denied : { none: notYet, ...stage.theirs }[agreed],
      ),
      row(
        hasTexts ? 'held' : 'none',
        secret(words.rowTexts),
        hasTexts ? stage.theirTerminal : notYet,
      ),
    ),
  )
}

/** The second secret: one makes a ciphertext for the other's encapsulation key, and the other opens it. */
function kemRow(
  stage: View['words']['stage'],
  notYet: string,
  ciphertext: Facts['ciphertext'],
  isMaker: boolean,
  key: Held,
  isErased = false,
) {
  if (ciphertext === null) return row('none', secret('K'), notYet)
  const K = gone(isErased ? 'gone' : 'held', 'K')
  return isMaker
    ? row('held', [open('E'), ' → ', open('C'), ' + ', K], stage.kemMade)
    : row('held', [gone(key, 'e'), ', ', open('C'), ' → ', K], stage.kemOpened)
}

/** Where this peer's texts are: those that wait are sealed as they came. */
function textsNote({ words, setting, model }: View): string {
  const { sent, received } = countsOf(model)
  const { length } = model.state.waiting
  if (sent + received === 0) return words.notYet
  if (length > 0) return words.sums.keyWaits(length)
  return setting.showsSecrets ? words.textsInTerminal : words.textsHidden
}

/** What was sealed in this session, each way. */
function countsOf({ state }: Model): { sent: number; received: number } {
  const { sent = 0, received = 0 } = state.session ?? {}
  return { sent, received }
}

/** The middle: what crosses it, Eve has. */
function wire({ words, setting, model }: View, facts: Facts) {
  const { stage } = words
  const { own, hasTheirs, arrival, secret: agreed, ciphertext } = facts
  const { sent, received } = countsOf(model)
  const hasA = own !== 'none'
  const isStopped = arrival === 'refused' || arrival === 'unanswered'
  const lane = (name: Lane | 'C', way: Way, is: string, ...content: ComponentChildren[]) =>
    h(
      'div',
      { class: `lane ${way} ${is}` },
      h('span', { class: 'unseen' }, `${is === 'none' ? words.notYet : words[way]}: `),
      h('span', { class: 'what' }, content),
      name !== 'C' && h(Flights, { crossing: model.crossing, lane: name }),
    )
  const sealed = (count: number) => [
    icon('envelope'),
    count > 0 && count,
    h('span', { class: 'unseen' }, ` ${words.rowSealed}`),
  ]
  const has = ['G', hasA && 'A', hasTheirs && 'B', ciphertext !== null && 'C']
  const lacks = ['a', 'b', 'S', setting.hasKem && 'K', words.rowTexts]
  return h(
    'div',
    { class: 'eve' },
    h('h3', null, icon('eye'), words.eve),
    h(
      'ul',
      { class: 'lanes' },
      h(
        'li',
        null,
        lane('A', 'sent', hasA ? (isStopped ? 'stopped' : 'on') : 'none', 'A'),
        isStopped && h('small', null, stage.arrival[arrival]),
      ),
      h('li', null, lane('B', 'received', hasTheirs ? 'on' : 'none', 'B')),
      setting.hasKem &&
        h('li', null, lane('C', ciphertext ?? 'sent', ciphertext === null ? 'none' : 'on', 'C')),
      h(
        'li',
        { class: 'between', 'aria-hidden': agreed === 'none' },
        h(
          'span',
          { class: agreed },
          agreed === 'proved' ? stage.tags : agreed === 'computed' ? '?' : '',
        ),
      ),
      h(
        'li',
        null,
        lane('sent', 'sent', sent > 0 ? 'on' : 'none', sealed(sent)),
        lane('received', 'received', received > 0 ? 'on' : 'none', sealed(received)),
      ),
    ),
    h(
      'dl',
      null,
      h('dt', null, stage.has),
      h(
        'dd',
        null,
        has.map((what) => what && [open(what), ' ']),
        sent + received > 0 && open(words.rowSealed),
      ),
      h('dt', null, stage.lacks),
      h(
        'dd',
        null,
        lacks.map((what) => what && [secret(what), ' ']),
      ),
    ),
  )
}
