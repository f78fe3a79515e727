/** What the clauses on the KEM's ciphertext have in common. */

import type { Kem } from '../../../../protocol/kem.ts'
import type { Suite } from '../../../../protocol/suites.ts'
import type { Confirm } from '../../agreement.ts'
import type { Answer } from '../../call.ts'
import { Failure } from '../../failure.ts'
import { fieldsOf } from '../../forms.ts'
import { outcomeOf } from '../../probes.ts'
import type { Scene } from '../../scene.ts'
import type { Questions } from '../questions.ts'

export function kemOf({ kem, name }: Suite): Kem {
  if (kem === null) throw new Error(`${name} has no KEM.`)
  return kem
}

/** The confirmation in an answer. @throws Failure where there is none */
export function confirmIn(scene: Scene, answer: Answer, did: string): Confirm {
  const confirm = scene.confirmOf(fieldsOf(answer.json)['confirm'])
  if (scene.isTaken(answer) && confirm !== null) return confirm
  const got = scene.isTaken(answer) ? 'no confirm' : outcomeOf(answer)
  throw new Failure({ did, wanted: 'an answer with a confirm', got, cause: null })
}

/** `answer` has to be that of one who takes what was sent. */
export function takenIn(
  ask: Questions,
  scene: Scene,
  what: string,
  answer: Answer,
  because: string,
): void {
  ask.holds(what, scene.isTaken(answer), outcomeOf(answer), because)
}
