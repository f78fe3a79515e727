/** The straight line through points, and how sure its slope is. */

export interface Line {
  readonly slope: number
  /** The slope's standard error. */
  readonly error: number
}

/** Least squares through `points`, [x, y] each; null for fewer than four, which say nothing. */
export function lineThrough(points: readonly (readonly [number, number])[]): Line | null {
  const n = points.length
  if (n < 4) return null
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / n
  const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)]
  const xx = mean(([x]) => (x - meanX) ** 2)
  const xy = mean(([x, y]) => (x - meanX) * (y - meanY))
  const slope = xy / xx
  const residual = mean(([x, y]) => (y - meanY - slope * (x - meanX)) ** 2)
  return { slope, error: Math.sqrt(residual / (n - 2) / xx) }
}
