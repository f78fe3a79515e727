/** How often each letter comes in English and in the ciphertext: a plot, and a table of the same numbers. */

import { byId, h, svg } from './dom.js'
import { words } from './language.js'

/** Width of a letter and height of its bars in the plot. */
const STEP = 24
const HEIGHT = 200
/** With fewer letters of ciphertext, chance alone makes bars as high as those of English. */
const ENOUGH = 1000
const ONE_DIGIT = { minimumFractionDigits: 1, maximumFractionDigits: 1 }

/** Asks the peer for the letters so far and shows them. */
export async function showLetters() {
  const answer = await fetch('/frequency').catch(() => null)
  if (!answer?.ok) return
  const { english, ciphertext, sample } = await answer.json()
  byId('frequency').hidden = false
  const said = sample < ENOUGH ? words.fewLetters : words.sample
  byId('sample').textContent = sample === 0 ? words.noSample : said(sample)
  const letters = Object.keys(english)
  byId('plot').replaceChildren(...(sample < ENOUGH ? [] : [plot(letters, english, ciphertext)]))
  const percent = (/** @type {number | null} */ value) =>
    value === null
      ? words.noneYet
      : Number(value.toFixed(1)).toLocaleString(words.locale, ONE_DIGIT)
  const rows = letters.map((letter) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, letter),
      h('td', {}, percent(english[letter])),
      h('td', {}, percent(ciphertext[letter])),
    ),
  )
  const head = words.letterColumns.map((name) => h('th', { scope: 'col' }, name))
  byId('numbers').replaceChildren(
    h('table', {}, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...rows)),
  )
}

/** @param {string[]} letters @param {Record<string, number>} english @param {Record<string, number | null>} ciphertext */
function plot(letters, english, ciphertext) {
  const max = Math.max(
    ...letters.map((letter) => Math.max(english[letter] ?? 0, ciphertext[letter] ?? 0)),
  )
  const root = svg('svg', {
    viewBox: `0 0 ${letters.length * STEP} ${HEIGHT + 24}`,
    role: 'img',
    'aria-label': words.plotAlt,
  })
  for (const [i, letter] of letters.entries()) {
    for (const [kind, value, x] of /** @type {const} */ ([
      ['english', english[letter] ?? 0, 3],
      ['ciphertext', ciphertext[letter] ?? 0, 12],
    ])) {
      const height = (HEIGHT * value) / max
      const place = { x: i * STEP + x, y: HEIGHT - height, width: 9, height }
      root.append(svg('rect', { class: kind, ...place }))
    }
    root.append(svg('text', { x: i * STEP + STEP / 2, y: HEIGHT + 18 }, letter))
  }
  const key = h(
    'p',
    { class: 'key' },
    h('span', { class: 'english' }, words.plotEnglish),
    ' ',
    h('span', { class: 'ciphertext' }, words.plotCiphertext),
  )
  return h('div', {}, root, key)
}
