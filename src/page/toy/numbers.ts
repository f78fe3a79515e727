/** Numbers and times as both languages write them. */

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'

/** `2.5 × 10²⁰`. */
function scientific(value: number, locale: string): string {
  const exponent = Math.floor(Math.log10(value))
  const digits = (value / 10 ** exponent).toLocaleString(locale, { maximumSignificantDigits: 2 })
  return `${digits} × 10${superscript(exponent)}`
}

export function superscript(n: number): string {
  return Array.from(String(n), (digit) => SUPERSCRIPTS[Number(digit)] ?? digit).join('')
}

/** Two digits that count, in words of ten where there are too many. */
export function rounded(value: number, locale: string): string {
  if (value >= 1e9) return scientific(value, locale)
  return value.toLocaleString(locale, { maximumSignificantDigits: 2 })
}

export type Unit = 'second' | 'minute' | 'hour' | 'day' | 'year'
const UNITS: readonly (readonly [Unit, number])[] = [
  ['year', 365.25 * 24 * 3600],
  ['day', 24 * 3600],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
]

/** A time in the largest unit of which there is at least one. */
export function inUnits(seconds: number): [value: number, unit: Unit] {
  const [unit, long] = UNITS.find(([, long]) => seconds >= long) ?? ['second', 1]
  return [seconds / long, unit]
}
