/** The six steps, always in sight, each of them done, next or to come; the next one to be run; and what happened last. */

import { useState } from 'preact/hooks'
import { h } from '../h.ts'
import { recordSentence } from '../sentences.ts'
import { nextOf, nextStep, STEPS, type StoryStep, stepsDone } from '../story.ts'
import type { View } from '../view.ts'
import { saidOf } from './Controls.ts'
import { Next } from './Next.ts'

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
  const { words, setting, model, desk } = view
  const [pressed, setPressed] = useState('')
  const outcome = desk.outcomes.get(pressed)
  const done = stepsDone(model)
  const next = nextStep(model)
  const { at, isOther } = nextOf(view)
  const last = model.events.findLast((event) => event.type !== 'step')
  const hrefOf = (step: StoryStep) => {
    // the other peer opens what we sent, and then it stands at the other's steps
    if (step === next && isOther) return at === 'other' ? '#others' : `#${idOf(at)}`
    return step === 'theirs' && setting.runsOther ? '#other-send_keys' : ANCHORS[step]
  }
  return h(
    'section',
    { id: 'bar', 'aria-label': words.barLabel },
    h(
      'nav',
      null,
      h(
        'ol',
        null,
        STEPS.map((step, i) => {
          const is = step === next ? 'next' : done.has(step) ? 'done' : 'coming'
          return h(
            'li',
            { class: is, key: step },
            h(
              'a',
              { href: hrefOf(step), 'aria-current': is === 'next' ? 'step' : undefined },
              h('b', { 'aria-hidden': 'true' }, is === 'done' ? '✓' : `${i + 1}`),
              ' ',
              words.steps[step],
              h('span', { class: 'unseen' }, `, ${words.stepIs[is]}`),
            ),
          )
        }),
      ),
    ),
    h(Next, { view, pressed: setPressed }),
    h(
      'div',
      { class: 'happened' },
      h('p', { id: 'last' }, last === undefined ? words.nothingYet : recordSentence(words, last)),
      h(
        'p',
        { class: outcome?.isGood === false ? 'told refused' : 'told' },
        outcome ? saidOf(words, outcome) : pressed === 'other' && at === pressed && words.copied,
      ),
    ),
  )
}

/** The id of a step's place, by its `data-step`. */
const idOf = (at: string) => at.slice(1).replace('/', '-')
