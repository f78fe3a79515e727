/** The sentences of presenting in English. `es.ts` has each of them in Spanish. */

import type { ComponentChildren } from 'preact'
import { h } from '../h.ts'
import type { Screen } from './screens.ts'

const [A, B, S] = ['A', 'B', 'S'].map((name) => h('var', null, name))

/** A sentence for everything that only the screens say. */
export interface PresentWords {
  readonly titles: Readonly<Record<Screen, string>>
  readonly can: ComponentChildren
  readonly canHow: ComponentChildren
  readonly quiet: string
  readonly toChoose: string
  readonly terminals: (hasSecret: boolean, isHidden: boolean) => string
  readonly terminalOf: (name: string) => string
  readonly nothingToSee: string
  readonly onlyThere: string
  readonly ask: string
  readonly askEach: string
  readonly lengthOfTexts: string
  readonly additions: string
  readonly remains: readonly ComponentChildren[]
  readonly toy: string
  readonly transcript: string
  /** The buttons. */
  readonly on: string
  readonly begin: string
  readonly again: string
  readonly reveal: string
  readonly toKeys: string
  readonly toField: string
  readonly showTheirs: string
  readonly copy: string
  readonly back: string
  readonly forth: string
  readonly leave: string
  readonly turning: string
  readonly of: (n: number, count: number) => string
}

export const en: PresentWords = {
  titles: {
    who: 'Two who talk, and Eve, who hears it all',
    keys: 'Each sends a public key',
    crossed: 'What crossed the wire',
    compare: 'Is it the right one?',
    secret: 'The secret is on the terminals',
    sums: 'From the secret to a key',
    text: 'A text crosses, sealed',
    question: 'What does Eve have by now?',
    table: 'What you have, and what Eve has',
    costs: 'What the rest would cost her',
    end: 'What remains',
  },
  can: 'Can the two agree on a secret while she reads every byte?',
  canHow: [
    'They have never met, and nothing was agreed before. Decide: ',
    h('b', null, 'yes or no?'),
  ],
  quiet: 'Nothing of this kind has crossed the wire yet.',
  toChoose: 'Press a coloured field: it says what it is.',
  terminals: (hasSecret, isHidden) =>
    isHidden
      ? 'This peer was started with --no-secrets: it has erased its secret.'
      : hasSecret
        ? 'Look at both terminals. Are the two the same, to the last digit?'
        : 'Each shows its own on its terminal. Will they be the same?',
  terminalOf: (name) => `the terminal, ${name}`,
  nothingToSee: 'not shown yet',
  onlyThere: 'only there',
  ask: 'She has read all that crossed. For each of these: has she got it, or does she lack it?',
  askEach: 'Decide before we look.',
  lengthOfTexts: 'how long each text is',
  additions: 'additions of points',
  remains: [
    [
      'Two can agree on a secret ',
      h('b', null, 'before everybody’s eyes'),
      ': from ',
      A,
      ' and ',
      B,
      ' Eve does not get ',
      S,
      '.',
    ],
    ['Every text has a key of its own, and once it was used it is ', h('b', null, 'gone'), '.'],
    [
      'Whoever only listens is no danger. Whoever sits ',
      h('b', null, 'in the middle'),
      ' is one, until the two compare.',
    ],
  ],
  toy: 'Try it: a curve that is small enough to see',
  transcript: 'Take it home: the transcript of this run',
  on: 'Go on',
  begin: 'Begin',
  again: 'From the beginning',
  reveal: 'Look',
  toKeys: 'First the keys',
  toField: 'Type their number',
  showTheirs: 'Show theirs too',
  copy: 'Copy the curl',
  back: 'The screen before',
  forth: 'The next screen',
  leave: 'To the page',
  turning: 'turn with ← and →',
  of: (n, count) => `${n} of ${count}`,
}
