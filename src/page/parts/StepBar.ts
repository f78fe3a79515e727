/** The six steps, always in sight, each of them done, next or to come; and what happened last. */

import { h } from '../h.ts'
import { recordSentence } from '../sentences.ts'
import { nextPlace, nextStep, STEPS, type StoryStep, stepsDone } from '../story.ts'
import type { View } from '../view.ts'

/** Where on the page a step is done. */
const ANCHORS: Readonly<Record<StoryStep, string>> = {
  keys: '#send_keys',
  theirs: '#others',
  compare: '#safety',
  secret: '#show',
  text: '#send_msg',
  read: '#decrypt_msg',
}

export function StepBar(view: View) {
  const { words, model } = view
  const done = stepsDone(model)
  const next = nextStep(model)
  const place = nextPlace(model)
  const last = model.events.findLast((event) => event.type !== 'step')
  return h(
    'nav',
    { id: 'bar', 'aria-label': words.barLabel },
    h(
      'ol',
      null,
      STEPS.map((step, i) => {
        const is = step === next ? 'next' : done.has(step) ? 'done' : 'coming'
        // the other peer opens what we sent, and then it stands at the other's steps
        const href = step === next && place === 'other' ? '#others' : ANCHORS[step]
        return h(
          'li',
          { class: is, key: step },
          h(
            'a',
            { href, 'aria-current': is === 'next' ? 'step' : undefined },
            h('b', { 'aria-hidden': 'true' }, done.has(step) && is !== 'next' ? '✓' : `${i + 1}`),
            ' ',
            words.steps[step],
            h('span', { class: 'unseen' }, `, ${words.stepIs[is]}`),
          ),
        )
      }),
    ),
    h('p', { id: 'last' }, last === undefined ? words.nothingYet : recordSentence(words, last)),
  )
}
