/** Paint, as light comes back from it: how much of red, green and blue, each above 0 and at most 1. */

export type Paint = readonly [red: number, green: number, blue: number]

/** What both may know. */
export const COMMON: Paint = [1, 0.86, 0.2]

/** A paint of this hue, 0 to 359. */
export function paintOf(hue: number): Paint {
  const channel = (shift: number) => {
    const at = ((hue + shift) % 360) / 60
    return 0.12 + 0.8 * Math.min(1, Math.max(0, Math.abs(at - 3) - 1))
  }
  return [channel(0), channel(240), channel(120)]
}

/** Equal parts of each. What comes back from all is the geometric mean: yellow and blue give green, as paint does. */
export function mixed(...paints: readonly Paint[]): Paint {
  const mean = (i: 0 | 1 | 2) =>
    paints.reduce((product, paint) => product * paint[i] ** (1 / paints.length), 1)
  return [mean(0), mean(1), mean(2)]
}

/** What was mixed with an equal part of `known` to give `mixture`: one division for each channel, and it is out. */
export function unmixed(mixture: Paint, known: Paint): Paint {
  const rest = (i: 0 | 1 | 2) => mixture[i] ** 2 / known[i]
  return [rest(0), rest(1), rest(2)]
}

/** As a colour of CSS. */
export function colourOf(paint: Paint): string {
  return `rgb(${paint.map((part) => Math.round(255 * Math.min(1, part))).join(' ')})`
}
