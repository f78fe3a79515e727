/** Whether the owner has compared the safety number with the one that the other side has. */

import { DuetError } from '../protocol/errors.ts'
import { DIGITS, type Given, GROUPS, groupsIn } from '../protocol/writtenNumber.ts'
import { PeerError, type PeerOptions } from './contract.ts'

const FAULTS: Readonly<Record<NonNullable<Given['fault']>, string>> = {
  none: 'There is no number in the body.',
  several: 'There is more than one number in the body.',
  long: `A safety number has ${GROUPS * DIGITS} digits, and there are more.`,
}

type Options = Pick<PeerOptions, 'memory' | 'report'>

/** Remembers the number itself: it counts only as long as it is the number of the two identities. */
export class Comparison {
  readonly #options: Options
  #compared: string | null

  constructor(options: Options) {
    this.#options = options
    this.#compared = options.memory.comparedNumber
  }

  /** Whether `number` was compared; null for no number. */
  isDone(number: string | null): boolean | null {
    return number === null ? null : number === this.#compared
  }

  /**
   * Compares `number` with the other side's, `written` in any form that people write it in. The same one is kept.
   * @throws DuetError `no_session` if there is no number; PeerError `bad_number` `number_differs`
   */
  compare(number: string | null, written: string): void {
    if (number === null)
      throw new DuetError('no_session', 'There is no safety number before both sides have keys.')
    const { report } = this.#options
    const different = differingGroups(number.split(' '), written)
    if (different > 0) {
      report({ type: 'number differs', different })
      throw new PeerError('number_differs', `Groups that differ: ${different} of ${GROUPS}.`)
    }
    this.#compared = number
    const isKept = this.#keep(number)
    report({ type: 'number compared', isKept, place: this.#options.memory.place })
  }

  /** Returns whether it will be there after a restart, as far as the memory keeps anything. */
  #keep(number: string): boolean {
    const { memory } = this.#options
    try {
      memory.keepCompared(number)
      return true
    } catch {
      return false
    }
  }
}

/**
 * How many groups are not those of `own`.
 * @throws PeerError `bad_number` if `written` is no whole number
 */
function differingGroups(own: readonly string[], written: string): number {
  const { groups, fault } = groupsIn(written)
  if (fault !== null) throw new PeerError('bad_number', FAULTS[fault])
  const whole = groups.filter(({ length }) => length === DIGITS).length
  if (whole < GROUPS)
    throw new PeerError(
      'bad_number',
      `A safety number has ${GROUPS} groups of ${DIGITS} digits. Whole groups that came: ${whole}.`,
    )
  return groups.filter((group, i) => group !== own[i]).length
}
