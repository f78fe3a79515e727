/**
 * Mistakes as students make them, each planted in the independent peer, and what the examiner has to say of it.
 *
 * The rows and causes were written down from the tables of clauses and causes, before the examiner was tried on any of them.
 *
 * What nobody outside can see is not here: tags that are compared in a time which depends on them; private keys, chains and
 * message keys that are not overwritten; a base point that is compared and then used; keys from a poor source of random
 * numbers (only repetition shows); unconfirmed keys that outlast their hour; a slot that keeps what no later key follows from;
 * sealing beyond 2^20 messages or pictures; what happens on a full disk; a call of anybody but the other peer; a text or a
 * secret that is written outside of the state and the current folder; and a "peer" that starts the program itself and passes
 * everything on to it, which is right in all that can be asked.
 */

import { KEMS, KEYS } from './mistakes/keys.ts'
import { OWNERS } from './mistakes/owners.ts'
import type { Mistake } from './mistakes/planted.ts'
import { SAFETY, SEALED_MESSAGES, SEALED_PICTURES } from './mistakes/seals.ts'
import { SESSIONS } from './mistakes/sessions.ts'
import { SCHEDULES, TRANSCRIPTS } from './mistakes/shares.ts'
import { PICTURES, TEXTS } from './mistakes/texts.ts'

export const MISTAKES: readonly Mistake[] = [
  ...TRANSCRIPTS,
  ...SCHEDULES,
  ...SEALED_MESSAGES,
  ...SEALED_PICTURES,
  ...SAFETY,
  ...KEYS,
  ...SESSIONS,
  ...TEXTS,
  ...PICTURES,
  ...OWNERS,
  ...KEMS,
]
