/** Names that machines give themselves: labels, which anybody may choose, and which nobody has verified. */

import os from 'node:os'

/** How long a label is, in bytes of UTF-8, when it is announced. */
const MAX_LABEL_BYTES = 63
/** How many characters of a label are shown. */
const MAX_SHOWN = 24

/** What a label is made of: letters and digits of any script with their marks, and what joins them. */
const NOT_OF_A_LABEL = /[^\p{L}\p{M}\p{N}._' -]+/gu
/** Letters without ink, those that look like a dot at half height, and parts of syllables that join what is before them. */
const UNFIT = /[\p{DI}\u013f\u0140\u1427\u18df\ua78f\u1160-\u11ff\ud7b0-\ud7fb]/gu

/**
 * `text` as a label: letters, digits, marks, and single blanks, dots, hyphens and apostrophes between them; shortened; null
 * if nothing is left. What acts on a terminal, or looks like a sign of this program, is left out.
 */
export function labelOf(text: string): string | null {
  const plain = text.normalize('NFC').replace(UNFIT, ' ').replace(NOT_OF_A_LABEL, ' ')
  const few = plain
    .replace(/(^|[^\p{L}\p{N}\p{M}])\p{M}+/gu, '$1')
    .replace(/(\p{M}{2})\p{M}+/gu, '$1')
    .replace(/ {2,}/g, ' ')
    .trim()
  const characters = [...few]
  const short = characters.length > MAX_SHOWN ? characters.slice(0, MAX_SHOWN).join('').trim() : few
  return /[\p{L}\p{N}]/u.test(short) ? short : null
}

/** What this machine is called, or `name`: a label of at most 63 bytes. */
export function ownLabel(name = machineName()): string {
  const label = labelOf(name) ?? 'somebody'
  let bytes = 0
  let kept = ''
  for (const character of label) {
    bytes += Buffer.byteLength(character)
    if (bytes > MAX_LABEL_BYTES) break
    kept += character
  }
  return kept
}

/** The name of this machine, without the network that it belongs to. */
function machineName(): string {
  return os.hostname().split('.')[0] ?? ''
}

/** What two labels have in common that a person can't tell apart: letters in one case and one form, without what joins them. */
export function skeletonOf(label: string): string {
  return label
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
}
