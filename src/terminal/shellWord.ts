/** Words of a command line that a person is told to type. */

import { printable } from './printable.ts'

/** A word that needs no quotes in a shell. */
const PLAIN = /^[\w@%+=:,./-]+$/

/** `word` as a shell takes it; `'…'` if a terminal would show it as another word. */
export function quoted(word: string): string {
  if (printable(word) !== word) return "'…'"
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
