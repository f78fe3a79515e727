/** From samples that were measured in turn to figures beside their reference. */

/** One number that was measured again and again: its samples in their order, and what they come to. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
  readonly samples: readonly number[]
}

/** What a figure has to be: times the reference's; for memory, MiB more than it; or by itself. */
export type Aim =
  | { atMost: number }
  | { atLeast: number }
  | { atMostMore: number }
  | { atMostOfIt: number }

/** One line of the table. */
export interface Figure {
  readonly what: string
  /** What the reference does. */
  readonly beside: string
  readonly unit: 'ms' | 'MB/s' | 'a second' | 'MiB'
  readonly ours: Spread
  readonly reference: Spread
  /** Ours by the reference, round by round; for memory, ours less the reference. */
  readonly compared: Spread
  /** null: the reference does less than the program, and no ratio to it is asked for. */
  readonly aim: Aim | null
  readonly met: boolean
}

/** What a row is given. */
export interface Bench {
  readonly rounds: number
  /** For files; removed at the end. */
  readonly folder: string
}

/** Measures its figures, or says why it can't here. */
export type Row = (bench: Bench) => Promise<Figure[] | string>

/**
 * Rounds before those that count, where a round runs the same code many times over: the engine
 * goes on compiling it for some thousand messages, and for hundreds of exchanges.
 */
export const WARMING = 10

/** Takes a sample of each side, in turn, `rounds` times. Returns each side's samples. */
export async function inTurn<Side extends string>(
  rounds: number,
  sides: Readonly<Record<Side, () => Promise<number>>>,
): Promise<Record<Side, number[]>> {
  const names = Object.keys(sides) as Side[]
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<
    Side,
    number[]
  >
  for (let round = 0; round < rounds; round++)
    for (const name of names) samples[name].push(await sides[name]())
  return samples
}

/** `ours` and `reference`: samples of the same rounds. */
export function figureOf({
  ours,
  reference,
  ...figure
}: Pick<Figure, 'what' | 'beside' | 'unit' | 'aim'> & {
  ours: readonly number[]
  reference: readonly number[]
}): Figure {
  const { aim } = figure
  const compared = spreadOf(
    ours.map((one, round) => {
      const other = reference[round] ?? Number.NaN
      return aim && 'atMostMore' in aim ? one - other : one / other
    }),
  )
  return {
    ...figure,
    ours: spreadOf(ours),
    reference: spreadOf(reference),
    compared,
    met: aim === null || isMet(aim, compared.median, median(ours)),
  }
}

function isMet(aim: Aim, median: number, own: number): boolean {
  if ('atMostOfIt' in aim) return own <= aim.atMostOfIt
  if ('atLeast' in aim) return median >= aim.atLeast
  return median <= ('atMost' in aim ? aim.atMost : aim.atMostMore)
}

function spreadOf(samples: readonly number[]): Spread {
  return {
    median: median(samples),
    low: Math.min(...samples),
    high: Math.max(...samples),
    samples,
  }
}

function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b)
  const [low = Number.NaN, high = low] = sorted.slice((sorted.length - 1) >> 1)
  return sorted.length % 2 === 1 ? low : (low + high) / 2
}
