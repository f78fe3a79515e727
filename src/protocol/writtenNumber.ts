/** A safety number as people type, paste and send it: found in a text, and compared group by group. */

/** What was found. `fault`: there is no digit in it, more than one number, or too many digits for one. */
export interface Given {
  readonly groups: readonly string[]
  readonly fault: 'none' | 'several' | 'long' | null
}

/** Groups of a safety number. */
export const GROUPS = 12
/** Digits of a group. */
export const DIGITS = 5

/** Digits with what may stand between two of them in one number, as people and programs write it. */
const RUN = /\d(?:[\s.,;:/|·_–—-]*\d)*/g

/**
 * The groups in a text that was typed or pasted. Blanks, line ends and dashes count for nothing, and so do words around
 * the number.
 */
export function groupsIn(text: string): Given {
  const runs = (plain(text).match(RUN) ?? []).map(runOf)
  const [first, second] = new Set(runs.flatMap(wholeNumbersIn))
  if (second !== undefined) return { groups: [], fault: 'several' }
  if (first !== undefined) return { groups: cut(first), fault: null }
  const { digits, tokens } = runs.reduce(
    (a, b) => (b.digits.length > a.digits.length ? b : a),
    NONE,
  )
  if (digits === '') return { groups: [], fault: 'none' }
  if (digits.length > GROUPS * DIGITS) return { groups: [], fault: 'long' }
  // where a digit was left out, the groups behind it stay what they are
  const isGrouped = tokens.length <= GROUPS && tokens.every(({ length }) => length <= DIGITS)
  const isSpelt = tokens.every(({ length }) => length === 1)
  return { groups: isGrouped && !isSpelt ? tokens : cut(digits), fault: null }
}

/**
 * Digits of full width as digits, and nothing for what has no width. Each character is normalised alone, since a text of
 * many accents on one letter takes the square of its length.
 */
function plain(text: string): string {
  return text.replace(/\P{ASCII}/gu, (char) => char.normalize('NFKC')).replace(/\p{Cf}/gu, '')
}

/** Digits that stand together, and how they are grouped. */
interface Run {
  readonly digits: string
  readonly tokens: readonly string[]
}

const NONE: Run = { digits: '', tokens: [] }

function runOf(text: string): Run {
  const tokens = text.match(/\d+/g) ?? []
  return { digits: tokens.join(''), tokens }
}

/** The safety numbers in a run: all of it, or twelve groups with no thirteenth beside them. */
function wholeNumbersIn({ digits, tokens }: Run): string[] {
  if (digits.length === GROUPS * DIGITS) return [digits]
  // an x for each group, and a blank for digits that are none
  const shape = tokens.map(({ length }) => (length === DIGITS ? 'x' : ' ')).join('')
  return [...shape.matchAll(/x+/g)]
    .filter(([{ length }]) => length === GROUPS)
    .map(({ index }) => tokens.slice(index, index + GROUPS).join(''))
}

const cut = (digits: string): string[] => digits.match(/.{1,5}/g) ?? []
