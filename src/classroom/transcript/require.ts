/** What a teacher requires of each transcript, and what a transcript has of it. `commands/requirements.ts` has how it is written. */

import type { SuiteName } from '../../protocol/suites.ts'
import type { Way } from '../../wirelog/events.ts'
import type { Facts } from './check.ts'

export type Requirement =
  | { readonly of: 'messages' | 'pictures'; readonly least: number; readonly eachWay: boolean }
  | { readonly of: 'curve'; readonly curve: SuiteName }
  | { readonly of: 'compared' }

/** What came of one. */
export interface Met {
  /** As it is written. */
  readonly require: string
  readonly met: boolean
  /** Whether the transcript only says so of itself, and nothing else in it depends on that. */
  readonly said: boolean
  /** What there is of it: the end of a sentence. */
  readonly has: string
}

/** As it is written. */
function textOf(requirement: Requirement): string {
  switch (requirement.of) {
    case 'compared':
      return 'compared'
    case 'curve':
      return `curve=${requirement.curve}`
    default:
      return `${requirement.of}>=${requirement.least}${requirement.eachWay ? ' each way' : ''}`
  }
}

/** What a transcript has of each requirement. */
export function metBy(facts: Facts, requirements: readonly Requirement[]): Met[] {
  return requirements.map((requirement) => {
    const is = (met: boolean, has: string) => {
      return { require: textOf(requirement), met, said: requirement.of === 'compared', has }
    }
    switch (requirement.of) {
      case 'compared':
        return facts.compared
          ? is(true, 'it says so, and nothing else shows it')
          : is(false, 'it does not say that the safety number was compared')
      case 'curve':
        return is(facts.curve === requirement.curve, `it is on ${facts.curve}`)
      default: {
        const { least, eachWay, of } = requirement
        const { sent, received } = of === 'messages' ? messagesIn(facts) : facts.pictures
        const has = `it has ${sent} sent and ${received} received`
        return is(eachWay ? Math.min(sent, received) >= least : sent + received >= least, has)
      }
    }
  })
}

/** Where records gave way to newer ones, the session's own count goes on, and the numbers of its last messages agree with it. */
function messagesIn({ messages, from, inSession }: Facts): Record<Way, number> {
  const count = (way: Way) => Math.max(messages[way], from > 1 ? (inSession?.[way] ?? 0) : 0)
  return { sent: count('sent'), received: count('received') }
}
