/** Stage 3: messages, in the order of their numbers. */

import type { Clause } from '../clause.ts'
import { ANSWERS } from './messages/answers.ts'
import { FORM } from './messages/form.ts'
import { LENGTHS } from './messages/lengths.ts'
import { NUMBERS } from './messages/numbers.ts'
import { OPENING } from './messages/opening.ts'
import { ORDER } from './messages/order.ts'
import { READING } from './messages/reading.ts'
import { WRONG } from './messages/wrong.ts'

const numberOf = ({ id }: Clause) => Number(id.split('/')[1])

export const MESSAGES: readonly Clause[] = [
  FORM,
  OPENING,
  READING,
  LENGTHS,
  NUMBERS,
  WRONG,
  ANSWERS,
  ORDER,
]
  .flat()
  .sort((one, other) => numberOf(one) - numberOf(other))
