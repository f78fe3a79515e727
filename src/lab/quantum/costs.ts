/** What ML-KEM costs beside X25519, measured here. */

import { MLKEM768 } from '../../protocol/kem.ts'
import { SUITES, type Suite } from '../../protocol/suites.ts'
import { forgetful } from '../../state/memory.ts'
import { step } from '../call.ts'
import { fact, heading } from '../layout.ts'
import { withOwnPair } from '../pair.ts'

/** Of so many the middle one counts. */
const ROUNDS = 25

/** As lines. */
export async function costs(): Promise<string[]> {
  const [alone = 0, joined = 0] = await exchangeTimes()
  const seed = MLKEM768.generateSeed()
  const { encapsulationKey, decapsulationKey } = MLKEM768.keyPair(seed)
  const { ciphertext } = MLKEM768.encapsulate(encapsulationKey)
  const [making = 0, encapsulating = 0, decapsulating = 0] = await middleOf([
    () => MLKEM768.keyPair(seed),
    () => MLKEM768.encapsulate(encapsulationKey),
    () => MLKEM768.decapsulate(decapsulationKey, ciphertext),
  ])
  const ms = (value: number) => `${value.toFixed(1)} ms`
  return [
    ...heading('5. What it costs'),
    `Measured here, the middle one of ${ROUNDS}; both peers and the lab in one process:`,
    '',
    ...fact('an exchange, X25519', ms(alone)),
    ...fact('with ML-KEM-768', ms(joined)),
    ...fact(
      'ML-KEM alone',
      `${ms(2 * making + encapsulating + decapsulating)}: a key pair on each side, ${ms(making)} each; encapsulate ${ms(encapsulating)}; decapsulate ${ms(decapsulating)}`,
    ),
    ...fact('messages', 'cost the same on both: the KEM is for the exchange.'),
  ]
}

/**
 * How long each of `runs` takes, in ms: the middle one of `ROUNDS`, after as many that let the engine compile
 * it. They take turns, so that a machine that is busy for a moment is fair to all.
 */
async function middleOf(runs: readonly (() => unknown)[]): Promise<number[]> {
  const times: number[][] = runs.map(() => [])
  for (let i = 0; i < 2 * ROUNDS; i++)
    for (const [which, run] of runs.entries()) {
      const begin = performance.now()
      await run()
      times[which]?.push(performance.now() - begin)
    }
  const middle = (all: number[]) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
  return times.map((all) => middle(all.slice(ROUNDS)))
}

/** Whole exchanges of ordinary peers, in ms. */
function exchangeTimes(): Promise<number[]> {
  const pairOn = <T>(suite: Suite, use: (exchange: () => Promise<void>) => Promise<T>) =>
    withOwnPair(suite, [forgetful(suite.curve), forgetful(suite.curve)], (a, b) =>
      use(async () => {
        for (const { url } of [a, b]) await step(url, '/send_keys')
      }),
    )
  return pairOn(SUITES.X25519, (alone) =>
    pairOn(SUITES.X25519MLKEM768, (joined) => middleOf([alone, joined])),
  )
}
