/** Stage 5: what happens where messages cross, get lost and come twice. */

import type { Clause } from '../clause.ts'
import { ANSWERS } from './disorder/answers.ts'
import { IDENTITY } from './disorder/identity.ts'
import { SESSIONS } from './disorder/sessions.ts'
import { SHARES } from './disorder/shares.ts'
import { TAGS } from './disorder/tags.ts'

const numberOf = ({ id }: Clause) => Number(id.slice('disorder/'.length))

export const DISORDER: readonly Clause[] = [
  ...ANSWERS,
  ...SHARES,
  ...TAGS,
  ...SESSIONS,
  ...IDENTITY,
].toSorted((one, other) => numberOf(one) - numberOf(other))
