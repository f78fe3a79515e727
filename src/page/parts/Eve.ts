/** The eavesdropper's table: who has what, and what it costs to get the rest. */

import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import { COSTS } from '../costs.ts'
import { h } from '../h.ts'
import type { State } from '../model.ts'
import type { Setting, View } from '../view.ts'
import type { Words } from '../words/en.ts'
import { Long } from './Long.ts'
import { icon } from './marks.ts'
import { Part } from './Part.ts'

export function Eve({ words, setting, model }: View) {
  const { state } = model
  return useMemo(
    () =>
      h(
        Part,
        { id: 'both', title: words.both },
        tableOf(words, setting, state),
        costOf(words, setting),
      ),
    [words, setting, state],
  )
}

/** Who has what. */
export function tableOf(words: Words, setting: Setting, state: State) {
  const { session, peer } = state
  const { hasKem, showsSecrets } = setting
  const value = (hex: string | null, label = ''): ComponentChildren =>
    hex === null ? h('code', { class: 'none' }, words.notYet) : h(Long, { words, hex, label })
  const has = (crossed: unknown, what: string) => (crossed === null ? words.notYet : what)
  const secretsAt = showsSecrets ? words.inTerminal : words.hidden
  const row = (kind: 'public' | 'secret', name: string, yours: ComponentChildren, hers: string) => {
    const cell = (content: ComponentChildren) =>
      h('td', { class: kind, role: 'cell' }, icon(kind === 'public' ? 'eye' : 'lock'), content)
    return h(
      'tr',
      { role: 'row' },
      h('th', { scope: 'row', role: 'rowheader' }, name),
      cell(yours),
      cell(hers),
    )
  }
  const head = [words.what, words.youHere, words.anyone]
  return h(
    'div',
    { class: 'table', role: 'region', 'aria-label': words.bothLabel, tabIndex: 0 },
    h(
      'table',
      // a table by its roles too: on a phone it is laid out as a grid, which some browsers take for no table
      { role: 'table' },
      h(
        'thead',
        { role: 'rowgroup' },
        h(
          'tr',
          { role: 'row' },
          head.map((title) => h('th', { scope: 'col', role: 'columnheader', key: title }, title)),
        ),
      ),
      h(
        'tbody',
        { role: 'rowgroup' },
        row('public', words.basePoint, value(state.basePoint), words.hasIt),
        row(
          'public',
          words.rowYourPublicKey,
          value(state.publicKey, words.yourPublicKeyInTable),
          has(state.publicKey, words.hasKey),
        ),
        row(
          'public',
          words.rowOthersPublicKey,
          value(peer.publicKey, words.othersPublicKeyInTable),
          has(peer.publicKey, words.hasKey),
        ),
        row(
          'public',
          words.rowYourIdentity,
          value(state.identity),
          has(state.publicKey, words.hasKey),
        ),
        row(
          'public',
          words.rowOthersIdentity,
          value(peer.identity),
          has(peer.publicKey, words.hasKey),
        ),
        row('public', words.rowSession, words.inRecords, has(session, words.hasBoth)),
        hasKem && row('public', words.rowCiphertext, words.inRecords, has(session, words.hasIt)),
        row('public', words.rowSealed, words.inRecords, words.hasAll),
        row(
          'secret',
          words.rowPrivateKey,
          (setting.showsWork ? words.shownWork : words.nowhere) + words.untilErased,
          words.lacksKey,
        ),
        row('secret', words.rowSharedSecret, secretsAt, words.lacksIt),
        hasKem && row('secret', words.rowKemSecret, secretsAt, words.lacksIt),
        row('secret', words.rowMessageKeys, words.messageKeysAt, words.lacksKey),
        row(
          'secret',
          words.rowTexts,
          showsSecrets ? words.textsInTerminal : words.textsHidden,
          words.lacksThem,
        ),
      ),
    ),
  )
}

/** What it costs her to get the rest. */
export function costOf(words: Words, { suite, hasKem }: Setting) {
  const { rho, years, faster } = COSTS[suite]
  const [times, power] = years
  const inYears = times === 1 ? power : `${times.toLocaleString(words.locale)} × ${power}`
  return [
    h('p', null, words.cost(rho.toLocaleString(words.locale), inYears, words.billions(faster))),
    hasKem && h('p', null, words.kemCost),
    h('p', { class: 'aside' }, hasKem ? words.quantumJoined : words.quantumAlone),
  ]
}
