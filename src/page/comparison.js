/**
 * The number that the other side reads out, beside this peer's. Nothing of it leaves this file but what stands on the
 * page: no request, no address, no storage.
 *
 * @import { Given } from '../protocol/writtenNumber.ts'
 */

import { byId, h } from './dom.js'
import { DIGITS, GROUPS, groupsIn } from './groups.js'
import { words } from './language.js'

/** Compares as somebody types, and again with each number of this peer's. */
export function setUpComparison() {
  byId('theirs').addEventListener('input', compare)
}

/** This peer's number, '' before there is one. */
let own = ''

/** Compares with this number of ours from now on; null: there is none. @param {string | null} number */
export function compareWith(number) {
  if (own === (number ?? '')) return
  own = number ?? ''
  compare()
}

function compare() {
  const text = /** @type {HTMLTextAreaElement} */ (byId('theirs')).value
  const { groups, fault } = groupsIn(text)
  const ours = own.split(' ')
  const pairs = own === '' ? [] : groups.map((group, i) => pairOf(group, ours[i] ?? ''))
  byId('groups').replaceChildren(...pairs.map(groupItem))
  byId('groups').hidden = pairs.length === 0
  const { is, sentence } = text.trim() === '' ? NOTHING : verdictOf(pairs, fault)
  const line = byId('verdict')
  line.dataset['is'] = is
  if (line.textContent !== sentence) line.textContent = sentence
}

/** @typedef {{ theirs: string, ours: string, is: 'same' | 'different' | 'unfinished' }} Pair */

/** @param {string} theirs @param {string} ours @returns {Pair} */
function pairOf(theirs, ours) {
  if (theirs.length < DIGITS) return { theirs, ours, is: 'unfinished' }
  return { theirs, ours, is: theirs === ours ? 'same' : 'different' }
}

const NOTHING = { is: '', sentence: '' }

/** @param {Pair[]} pairs @param {Given['fault']} fault */
function verdictOf(pairs, fault) {
  if (own === '') return { is: 'unfinished', sentence: words.noOwnNumber }
  if (fault !== null) return { is: 'unfinished', sentence: words.faults[fault] }
  const different = pairs.filter(({ is }) => is === 'different').length
  const whole = pairs.filter(({ is }) => is !== 'unfinished').length
  if (different > 0) return { is: 'different', sentence: words.differentNumber(different, whole) }
  if (whole < GROUPS) return { is: 'unfinished', sentence: words.unfinishedNumber(whole) }
  return { is: 'same', sentence: words.sameNumber }
}

/** A group of theirs, marked by a sign, its frame and words; beside one that differs stands ours. @param {Pair} pair */
function groupItem({ theirs, ours, is }) {
  const sign = { same: '✓', different: '✗', unfinished: '…' }[is]
  const rest = is === 'different' ? [' ', h('small', {}, words.yours(ours))] : []
  return h(
    'li',
    { class: is },
    h('span', { 'aria-hidden': 'true' }, `${sign} `),
    h('span', { class: 'unseen' }, `${words.groupIs[is]} `),
    h('b', {}, theirs),
    ...rest,
  )
}
