/** Bytes in hex. Long ones are their first and last bytes, until somebody asks for all of them. */

import { useState } from 'preact/hooks'
import { h } from '../h.ts'
import type { Words } from '../words/en.ts'
import { spaced } from './marks.ts'

/** Longer values fold, in hex digits: a point of P-256 does not. */
const MAX_DIGITS = 130
/** Of a folded one so many at either end. */
const END_DIGITS = 16

interface LongProps {
  words: Words
  hex: string
  /** What a screen reader calls it, if it folds. */
  label: string
  isSpaced?: boolean
}

export function Long({ words, hex, label, isSpaced = false }: LongProps) {
  const [isOpen, setOpen] = useState(false)
  const written = isSpaced ? spaced : (digits: string) => digits
  if (hex.length <= MAX_DIGITS) return h('code', null, written(hex))
  const ends = `${written(hex.slice(0, END_DIGITS))} … ${written(hex.slice(-END_DIGITS))}`
  return h(
    'span',
    { class: isOpen ? 'long whole' : 'long' },
    h('code', { class: 'ends' }, ends),
    h(
      'button',
      { type: 'button', 'aria-expanded': isOpen, onClick: () => setOpen(!isOpen) },
      isOpen ? words.fewerBytes : words.allBytes(hex.length / 2),
      h('span', { class: 'unseen' }, `: ${label}`),
    ),
    h('code', { class: 'all' }, written(hex)),
  )
}
