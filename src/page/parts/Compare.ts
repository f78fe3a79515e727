/** The safety number, and the other side's beside it: comparing is a step that one takes. */

import { DIGITS, GROUPS, groupsIn } from '../../protocol/writtenNumber.ts'
import { compareCurl } from '../curls.ts'
import { h } from '../h.ts'
import { nextPlace } from '../story.ts'
import type { View } from '../view.ts'
import type { Words } from '../words/en.ts'
import { saidOf } from './Controls.ts'
import { icon } from './marks.ts'

export function Compare(view: View) {
  const { words, setting, model, desk, act } = view
  const { safetyNumber, peer } = model.state
  const { pairs, is, sentence } = comparisonOf(safetyNumber, desk.theirs, words)
  const isCompared = peer.compared === true
  const isNext = nextPlace(model) === 'compare'
  const outcome = desk.outcomes.get('compare')
  const where = setting.runsOther ? words.compareBoth : words.compareAt
  return h(
    'section',
    {
      ...{ id: 'safety', 'aria-labelledby': 'safety-title', 'data-step': 'compare' },
      class: isNext ? 'next' : '',
      'aria-current': isNext ? 'step' : undefined,
      'data-peer': safetyNumber === null ? 'none' : peer.known ? 'known' : 'new',
    },
    h('h2', { id: 'safety-title' }, h('span', { class: 'number' }, '3 '), words.safety),
    h(
      'div',
      { class: 'card' },
      safetyNumber === null
        ? h('p', { id: 'number', class: 'none' }, words.notYet)
        : h(
            'ol',
            { id: 'number', 'aria-label': words.numberLabel },
            safetyNumber
              .split(' ')
              .map((group, i) => [h(Group, { key: i, group, pair: pairs[i], words }), ' ']),
          ),
      safetyNumber !== null &&
        h(
          'p',
          { class: isCompared ? 'compared' : 'open' },
          icon(isCompared ? 'lock' : 'open-lock'),
          isCompared ? `${words.isCompared}. ${words.comparedHow}` : `${words.notCompared}. `,
          !isCompared &&
            h(
              'span',
              { class: peer.known ? 'known' : 'new' },
              peer.known ? words.safetyKnown : words.safetyNew,
            ),
        ),
      h('p', null, words.safetyHow),
      h(
        'div',
        { class: 'theirs', 'data-js': '' },
        h('label', { for: 'theirs' }, words.theirsLabel),
        h('small', { id: 'theirs-hint' }, where(setting.peerName), ' ', words.theirsHint),
        h('textarea', {
          ...{ id: 'theirs', rows: 2, autocomplete: 'off', spellcheck: false, value: desk.theirs },
          'aria-describedby': 'theirs-hint',
          inputMode: 'numeric',
          onInput: (event) => act?.typeTheirs(event.currentTarget.value),
        }),
        h(
          'button',
          {
            ...{ type: 'button', class: 'run', onClick: act?.compare },
            ...(desk.running.has('compare') && { 'aria-disabled': 'true' }),
          },
          words.compareButton,
        ),
      ),
      h('p', { id: 'verdict', role: 'status', 'data-is': is }, sentence),
      h(
        'p',
        { class: outcome?.isGood === false ? 'said refused' : 'said', role: 'status' },
        outcome && saidOf(words, outcome),
      ),
      h('code', { class: 'curl' }, compareCurl(setting)),
    ),
  )
}

/** A group of our number; below it theirs, if it is another one. */
function Group({ group, pair, words }: { group: string; pair: Pair | undefined; words: Words }) {
  const sign = pair && { same: '✓', different: '✗', unfinished: '…' }[pair.is]
  return h(
    'li',
    { class: pair?.is },
    h('b', null, group),
    pair && h('span', { 'aria-hidden': 'true' }, ` ${sign}`),
    pair && h('span', { class: 'unseen' }, ` ${words.groupIs[pair.is]}`),
    pair && pair.is !== 'same' && h('small', null, ` ${pair.theirs}`),
  )
}

interface Pair {
  readonly theirs: string
  readonly is: 'same' | 'different' | 'unfinished'
}

interface Comparison {
  readonly pairs: readonly Pair[]
  readonly is: '' | Pair['is']
  readonly sentence: string
}

const NOTHING: Comparison = { pairs: [], is: '', sentence: '' }

function comparisonOf(own: string | null, text: string, words: Words): Comparison {
  if (text.trim() === '') return NOTHING
  if (own === null) return { pairs: [], is: 'unfinished', sentence: words.noOwnNumber }
  const { groups, fault } = groupsIn(text)
  const ours = own.split(' ')
  const pairs = groups.map((theirs, i): Pair => {
    if (theirs.length < DIGITS) return { theirs, is: 'unfinished' }
    return { theirs, is: theirs === ours[i] ? 'same' : 'different' }
  })
  if (fault !== null) return { pairs, is: 'unfinished', sentence: words.faults[fault] }
  const different = pairs.filter(({ is }) => is === 'different').length
  const whole = pairs.filter(({ is }) => is !== 'unfinished').length
  if (different > 0)
    return { pairs, is: 'different', sentence: words.differentNumber(different, whole) }
  if (whole < GROUPS) return { pairs, is: 'unfinished', sentence: words.unfinishedNumber(whole) }
  return { pairs, is: 'same', sentence: words.sameNumber }
}
