/** Stage 3: messages, in the order of their numbers. */

import type { Clause } from '../clause.ts'
import { OPENING } from './messages/opening.ts'
import { READING } from './messages/reading.ts'
import { REFUSING } from './messages/refusing.ts'
import { SENDING } from './messages/sending.ts'

const numberOf = ({ id }: Clause) => Number(id.split('/')[1])

export const MESSAGES: readonly Clause[] = [
  ...SENDING,
  ...OPENING,
  ...READING,
  ...REFUSING,
].toSorted((a, b) => numberOf(a) - numberOf(b))
