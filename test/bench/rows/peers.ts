/** A class on one machine: thirty times two peers, how long until all are ready, and what memory each process takes (Linux counts it). */

import { setTimeout as delay } from 'node:timers/promises'
import { freePorts } from '../../helpers/ports.ts'
import { figureOf, inTurn, type Row } from '../measure.ts'
import { answering, type Programs, type Running, shareOf, withPrograms } from '../programs.ts'

const PAIRS = 30
/** After the last one is ready: until then they still tidy up. */
const SETTLED_MS = 2_000
const ROUNDS = 3

/** Milliseconds until all answer, and MiB of each process, on average. */
interface Class {
  readonly ms: number
  readonly mebibytes: number
}

export const peers: Row = async ({ rounds, folder }) => {
  if (process.platform !== 'linux') return 'only Linux counts it'
  const classes: Record<'ours' | 'bare' | 'node', Class[]> = { ours: [], bare: [], node: [] }
  const sides = {
    ours: (programs: Programs, ports: readonly [number, number]) => programs.both(ports),
    bare: (programs: Programs, [port]: readonly [number, number]) => [
      programs.reference('bareStart', port),
    ],
    node: (programs: Programs, [port]: readonly [number, number]) => [programs.node(port)],
  }
  const measured = (name: keyof typeof sides) => async () => {
    const one = await withPrograms(folder, (programs) =>
      startedClass((ports) => sides[name](programs, ports)),
    )
    classes[name].push(one)
    return one.ms
  }
  const { ours, bare } = await inTurn(Math.min(rounds, ROUNDS), {
    ours: measured('ours'),
    bare: measured('bare'),
    node: measured('node'),
  })
  const memory = (name: keyof typeof sides) => classes[name].map(({ mebibytes }) => mebibytes)
  return [
    figureOf({
      what: `${2 * PAIRS} peers, all ready`,
      beside: `${PAIRS} bare programs with koa, router and got`,
      unit: 'ms',
      aim: { atMostOfIt: 12_000 },
      ours,
      reference: bare,
    }),
    figureOf({
      what: 'memory of each process, shared by its users',
      beside: `${PAIRS} Nodes that only listen`,
      unit: 'MiB',
      aim: { atMostMore: 20 },
      ours: memory('ours'),
      reference: memory('node'),
    }),
  ]
}

async function startedClass(
  start: (ports: readonly [number, number]) => readonly Running[],
): Promise<Class> {
  const ports = await freePorts(2 * PAIRS)
  const begin = performance.now()
  const running = Array.from({ length: PAIRS }, (_, i) =>
    start([ports[2 * i] ?? 0, ports[2 * i + 1] ?? 0]),
  ).flat()
  for (const one of running) (await answering(one)).close()
  const ms = performance.now() - begin
  await delay(SETTLED_MS)
  const shares = running.map(shareOf)
  return { ms, mebibytes: shares.reduce((sum, one) => sum + one, 0) / shares.length }
}
