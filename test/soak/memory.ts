/** How a program's memory went. */

import type { Sample } from './program.ts'

const MIB = 2 ** 20
/** How long, in minutes, a process is left to settle. */
const SETTLING = 0.5
/** What is resident is never more, in MiB. */
const MOST = 192
/**
 * What is in use, and what is resident, which also has what the engine freed and keeps: for how many minutes it has to be
 * watched, and by how many MiB a minute it may grow then.
 */
const LIMITS = { live: { watched: 1, growth: 1 }, rss: { watched: 5, growth: 6 } }

/** Says of the longest life how much it took and, where it was watched for long enough, how fast it grew. */
export function memoryOf(samples: readonly Sample[]): { says: string; isTooMuch: boolean } {
  const lives = [...new Set(samples.map(({ life }) => life))]
  const byLife = lives.map((life) => samples.filter((sample) => sample.life === life))
  const [longest = []] = byLife.sort((one, two) => two.length - one.length)
  const settled = longest.filter(({ minute }) => minute > (longest[0]?.minute ?? 0) + SETTLING)
  const minutes = (settled.at(-1)?.minute ?? 0) - (settled[0]?.minute ?? 0)
  let isTooMuch = Math.max(...samples.map(({ rss }) => rss)) > MOST * MIB
  const words = (['live', 'rss'] as const).map((kind) => {
    const { watched, growth } = LIMITS[kind]
    const says = `${((longest.at(-1)?.[kind] ?? 0) / MIB).toFixed(1)} MiB ${kind}`
    const line = lineThrough(settled.map((sample) => [sample.minute, sample[kind] / MIB]))
    if (line === null || minutes < watched) return says
    // beyond doubt: by two standard errors
    isTooMuch ||= line.slope - 2 * line.error > growth
    const slope = `${line.slope.toFixed(2)} ± ${line.error.toFixed(2)} MiB a minute`
    return `${says}, growing by ${slope}, at most ${growth}`
  })
  return { says: `${words.join('; ')}; at most ${MOST} MiB rss`, isTooMuch }
}

/** The slope of the least squares through `points`, [x, y] each, with its standard error; null for fewer than four. */
export function lineThrough(points: readonly (readonly [number, number])[]) {
  const n = points.length
  if (n < 4) return null
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / n
  const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)]
  const xx = mean(([x]) => (x - meanX) ** 2)
  const slope = mean(([x, y]) => (x - meanX) * (y - meanY)) / xx
  const residual = mean(([x, y]) => (y - meanY - slope * (x - meanX)) ** 2)
  return { slope, error: Math.sqrt(residual / (n - 2) / xx) }
}
