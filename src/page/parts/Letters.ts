/** How often each letter comes in English and in the ciphertext: a plot, and a table of the same numbers. */

import { useMemo } from 'preact/hooks'
import { h } from '../h.ts'
import type { Letters as Counted, View } from '../view.ts'
import type { Words } from '../words/en.ts'
import { Part } from './Part.ts'

/** Width of a letter and height of its bars in the plot. */
const STEP = 24
const HEIGHT = 200
/** With fewer letters of ciphertext, chance alone makes bars as high as those of English. */
const ENOUGH = 1000

export function Letters({ words, desk }: View) {
  const { letters } = desk
  // other events than those that bring new letters leave all of it as it is
  return useMemo(() => sectionOf(words, letters), [words, letters])
}

function sectionOf(words: Words, letters: Counted | null) {
  if (letters === null) return h('section', { id: 'frequency', hidden: true })
  const { english, ciphertext, sample } = letters
  const isEnough = sample >= ENOUGH
  const said = isEnough ? words.sample(sample) : words.fewLetters(sample)
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 }
  const format = new Intl.NumberFormat(words.locale, digits)
  const percent = (value: number | null | undefined) =>
    typeof value === 'number' ? format.format(Number(value.toFixed(1))) : words.noneYet
  return h(
    Part,
    { id: 'frequency', title: words.letters },
    h('p', { id: 'sample' }, sample === 0 ? words.noSample : said),
    h('div', { id: 'plot' }, isEnough && h(Plot, { words, english, ciphertext })),
    h(
      'details',
      null,
      h('summary', null, words.numbers),
      h(
        'div',
        { id: 'numbers', class: 'table', role: 'region', 'aria-label': words.numbers, tabIndex: 0 },
        h(
          'table',
          null,
          h(
            'thead',
            null,
            h(
              'tr',
              null,
              words.letterColumns.map((name) => h('th', { scope: 'col', key: name }, name)),
            ),
          ),
          h(
            'tbody',
            null,
            Object.keys(english).map((letter) =>
              h(
                'tr',
                { key: letter },
                h('th', { scope: 'row' }, letter),
                h('td', null, percent(english[letter])),
                h('td', null, percent(ciphertext[letter])),
              ),
            ),
          ),
        ),
      ),
    ),
  )
}

function Plot({ words, english, ciphertext }: { words: Words } & Omit<Counted, 'sample'>) {
  const letters = Object.keys(english)
  const both = [...Object.values(english), ...Object.values(ciphertext)]
  const max = Math.max(...both.map((value) => value ?? 0))
  const bar = (kind: string, i: number, value: number, x: number) => {
    const height = (HEIGHT * value) / max
    return h('rect', { class: kind, x: i * STEP + x, y: HEIGHT - height, width: 9, height })
  }
  return h(
    'div',
    null,
    h(
      'svg',
      {
        viewBox: `0 0 ${letters.length * STEP} ${HEIGHT + 24}`,
        role: 'img',
        'aria-label': words.plotAlt,
      },
      letters.map((letter, i) => [
        bar('english', i, english[letter] ?? 0, 3),
        bar('ciphertext', i, ciphertext[letter] ?? 0, 12),
        h('text', { x: i * STEP + STEP / 2, y: HEIGHT + 18 }, letter),
      ]),
    ),
    h(
      'p',
      { class: 'key' },
      h('span', { class: 'english' }, words.plotEnglish),
      ' ',
      h('span', { class: 'ciphertext' }, words.plotCiphertext),
    ),
  )
}
