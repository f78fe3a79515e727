/** Figures as a terminal shows them. */

import type { Aim, Figure } from './measure.ts'

const WIDTHS = [38, 16, 16, 8, 18]

/** What a run begins with. */
export function heading(
  machine: { processor: string; cores: number; memoryGiB: number; system: string; node: string },
  rounds: number,
  load: number,
): string {
  const { processor, cores, memoryGiB, system, node } = machine
  return [
    `${processor}, ${cores} cores, ${memoryGiB} GiB; ${system}; Node ${node}; load average ${load.toFixed(1)}`,
    `${rounds === 1 ? 'one round' : `${rounds} rounds`}, the program and its reference in turn; medians, and the spread of the ratios`,
    '',
    columns(['', 'program', 'reference', 'ratio', '(low to high)', 'aim']),
  ].join('\n')
}

/** Two lines: the numbers, and what the reference does. */
export function linesOf({
  what,
  beside,
  unit,
  ours,
  reference,
  compared,
  aim,
  met,
}: Figure): string {
  const isRatio = aim === null || !('atMostMore' in aim)
  const show = (value: number) => (isRatio ? value.toFixed(2) : signed(value))
  const measured = columns([
    what,
    `${short(ours.median)} ${unit}`,
    `${short(reference.median)} ${unit}`,
    show(compared.median),
    `(${show(compared.low)} to ${show(compared.high)})`,
    `${textOf(aim, unit)}${met ? '' : '  MISSED'}`,
  ])
  return `${measured}\n  beside ${beside}`
}

function columns(cells: readonly string[]): string {
  const [what = '', ...numbers] = cells
  const aim = numbers.pop() ?? ''
  const right = numbers.map((cell, i) => cell.padStart(WIDTHS[i + 1] ?? 0))
  return `${what.padEnd(WIDTHS[0] ?? 0)}${right.join('')}  ${aim}`
}

function textOf(aim: Aim | null, unit: Figure['unit']): string {
  if (aim === null) return 'none'
  if ('atMostOfIt' in aim) return `≤ ${aim.atMostOfIt} ${unit}`
  if ('atMost' in aim) return `≤ ${aim.atMost}`
  return 'atLeast' in aim ? `≥ ${aim.atLeast}` : `≤ +${aim.atMostMore} MiB`
}

/** Three digits, so that none is shown that another run would change. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(0)}`
}
