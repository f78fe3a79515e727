/** What ML-KEM costs beside X25519, measured here. */

import { MLKEM768 } from '../../../protocol/kem.ts'
import { SUITES, type Suite } from '../../../protocol/suites.ts'
import { fact, heading } from '../../../terminal/layout.ts'
import { step } from '../call.ts'
import { withOwnPair } from '../ownPair.ts'

/** When a measurement ends. */
export interface Patience {
  /** This many rounds, once they show a difference. */
  readonly rounds: number
  /** The time in ms after which no further round begins. */
  readonly limit: number
}

/** How long an exchange took on each suite, in ms. */
type Round = readonly [alone: number, joined: number]

/** Lines: the median time on each suite, and the difference if the rounds show one. */
export async function costs(patience: Patience): Promise<string[]> {
  const rounds = await exchangeTimes(patience)
  const seed = MLKEM768.generateSeed()
  const { encapsulationKey, decapsulationKey } = MLKEM768.keyPair(seed)
  const { ciphertext } = MLKEM768.encapsulate(encapsulationKey)
  const middle = (run: () => unknown) => {
    const times = Array.from({ length: 2 * patience.rounds }, () => {
      const begin = performance.now()
      run()
      return performance.now() - begin
    })
    // the first ones let the engine compile it
    return middleOf(times.slice(patience.rounds))
  }
  const making = middle(() => MLKEM768.keyPair(seed))
  const encapsulating = middle(() => MLKEM768.encapsulate(encapsulationKey))
  const decapsulating = middle(() => MLKEM768.decapsulate(decapsulationKey, ciphertext))
  return [
    ...heading('5. What it costs'),
    `Measured here, the middle one of ${rounds.length}; both peers and the lab in one process:`,
    '',
    ...fact('an exchange, X25519', ms(middleOf(rounds.map(([alone]) => alone)))),
    ...fact('with ML-KEM-768', ms(middleOf(rounds.map(([, joined]) => joined)))),
    ...fact('the difference', difference(rounds)),
    ...fact(
      'ML-KEM alone',
      `${ms(2 * making + encapsulating + decapsulating)}: a key pair on each side, ${ms(making)} each; encapsulate ${ms(encapsulating)}; decapsulate ${ms(decapsulating)}`,
    ),
    ...fact('messages', 'cost the same on both: the KEM is for the exchange.'),
  ]
}

/** Says what ML-KEM adds to an exchange, or that these rounds can't tell. */
export function difference(rounds: readonly Round[]): string {
  const all = differencesOf(rounds)
  const [least, most] = intervalOf(all)
  if (least > 0)
    return `${ms(middleOf(all))} more (with 95 % confidence ${ms(least)} to ${ms(most)})`
  const slower = all.filter((each) => each > 0).length
  return `too small for what this machine can tell now: ML-KEM was slower in ${slower} of ${all.length} rounds`
}

/**
 * The interval that has the median of all differences with 95 % confidence, by the sign test (normal approximation of the
 * binomial distribution). It has no bounds where there are too few of them.
 */
function intervalOf(sorted: readonly number[]): readonly [least: number, most: number] {
  const { length } = sorted
  const below = Math.floor(length / 2 - 0.98 * Math.sqrt(length)) - 1
  return [sorted[below] ?? -Infinity, sorted[length - 1 - below] ?? Infinity]
}

const differencesOf = (rounds: readonly Round[]) =>
  rounds.map(([alone, joined]) => joined - alone).sort((a, b) => a - b)

const middleOf = (all: readonly number[]) =>
  all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0

const ms = (value: number) => `${value.toFixed(1)} ms`

/**
 * Times both in turn, so that a moment in which the machine is busy slows both alike. The first quarter of the time, or as
 * many rounds as are wanted, is not counted: it lets the engine compile the code.
 */
async function timesOf(
  runs: readonly [alone: () => Promise<void>, joined: () => Promise<void>],
  { rounds, limit }: Patience,
): Promise<Round[]> {
  const timed = async (run: () => Promise<void>) => {
    const begin = performance.now()
    await run()
    return performance.now() - begin
  }
  const round = async (): Promise<Round> => [await timed(runs[0]), await timed(runs[1])]
  const begin = performance.now()
  const isWithin = (part: number) => performance.now() - begin < part * limit
  for (let i = 0; i < rounds && isWithin(1 / 4); i++) await round()
  const all = [await round()]
  while (isWithin(1) && (all.length < rounds || intervalOf(differencesOf(all))[0] <= 0))
    all.push(await round())
  return all
}

/** Whole exchanges of ordinary peers. */
function exchangeTimes(patience: Patience): Promise<Round[]> {
  const pairOn = <T>(suite: Suite, use: (exchange: () => Promise<void>) => Promise<T>) =>
    withOwnPair(suite, (a, b) =>
      use(async () => {
        for (const { url } of [a, b]) await step(url, '/send_keys')
      }),
    )
  return pairOn(SUITES.X25519, (alone) =>
    pairOn(SUITES.X25519MLKEM768, (joined) => timesOf([alone, joined], patience)),
  )
}
