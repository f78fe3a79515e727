/**
 * A safety number as people type, paste and send it.
 *
 * @typedef {{ groups: readonly string[], fault: 'none' | 'several' | 'long' | null }} Given
 */

/** Groups of a safety number. */
export const GROUPS = 12
/** Digits of a group. */
export const DIGITS = 5

/** What may stand between two digits of one number, as people and programs write it. */
const BETWEEN = String.raw`[\s.,;:/|·_–—-]`
/** Twelve groups, with no other group on either side that would make them thirteen. */
const GROUPED = new RegExp(
  String.raw`(?<!\d|\d{${DIGITS}}${BETWEEN}+)\d{${DIGITS}}(?:${BETWEEN}+\d{${DIGITS}}){${GROUPS - 1}}(?!\d|${BETWEEN}+\d{${DIGITS}}(?!\d))`,
  'g',
)
const RUN = new RegExp(String.raw`\d(?:${BETWEEN}*\d)*`, 'g')

/**
 * The groups in a text that was typed or pasted. Blanks, line ends and dashes count for nothing, and so do words around
 * the number. `fault`: there is no digit in it, more than one number, or too many digits for one.
 * @param {string} text @returns {Given}
 */
export function groupsIn(text) {
  // digits of full width are digits, and what has no width is nothing
  const plain = text.normalize('NFKC').replace(/\p{Cf}/gu, '')
  const runs = plain.match(RUN) ?? []
  const isWhole = (/** @type {string} */ run) => digitsOf(run).length === GROUPS * DIGITS
  const whole = new Set([...(plain.match(GROUPED) ?? []), ...runs.filter(isWhole)].map(digitsOf))
  const [first, second] = whole
  if (second !== undefined) return { groups: [], fault: 'several' }
  if (first !== undefined) return { groups: cut(first), fault: null }
  const [longest] = runs.sort((a, b) => digitsOf(b).length - digitsOf(a).length)
  if (longest === undefined) return { groups: [], fault: 'none' }
  if (digitsOf(longest).length > GROUPS * DIGITS) return { groups: [], fault: 'long' }
  const tokens = longest.match(/\d+/g) ?? []
  // where a digit was left out, the groups behind it stay what they are
  const isGrouped = tokens.length <= GROUPS && tokens.every(({ length }) => length <= DIGITS)
  const isSpelt = tokens.every(({ length }) => length === 1)
  return { groups: isGrouped && !isSpelt ? tokens : cut(digitsOf(longest)), fault: null }
}

/** @param {string} text */
const digitsOf = (text) => text.replace(/\D/g, '')
/** @param {string} digits */
const cut = (digits) => digits.match(/.{1,5}/g) ?? []
