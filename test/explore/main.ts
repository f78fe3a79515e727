/**
 * `make explore`: walks through every state within the bounds, and says how many there were and in which ways the
 * two peers can be apart. Ends with 1 if something is found that must not be, and tells a shortest way to it.
 */

import { DEEP, inWords, KINDS, type Kind, RARE_WAYS, WAYS } from './bounds.ts'
import { load } from './load.ts'
import { tell } from './tell.ts'
import { Walk } from './walk.ts'
import type { Bounds, Step } from './world.ts'

const say = (text: string) => process.stdout.write(`${text}\n`)
const count = (number: number) => number.toLocaleString('en')
const secondsSince = (begin: number) => ((performance.now() - begin) / 1000).toFixed(1)
const MIB = 2 ** 20
/** How often, in ms, a walk says how far it is. */
const PROGRESS = 10_000

function given(name: string): number | undefined {
  const text = process.env[name]
  if (!text) return undefined
  if (/^\d$/.test(text)) return Number(text)
  process.stderr.write(`${name} is a number, and not ${JSON.stringify(text)}.\n`)
  process.exit(2)
}

/** One walk with the bounds that were given, or those that there are. */
function boundsFor(kind: Kind): readonly Bounds[] {
  const own = ['KEYS', 'TEXTS', 'PICTURES', 'TROUBLES', 'UNDER_WAY'].map(given)
  if (own.every((bound) => bound === undefined)) return DEEP[kind]
  const [keys = 2, texts = 1, pictures = 0, troubles = 1, underWay = 3] = own
  return [{ keys, texts, pictures, troubles, underWay }]
}

function table({ reached, steps, quiet, depth, pairs, world, byTroubles }: Walk, begin: number) {
  const rss = (process.memoryUsage().rss / MIB).toFixed()
  say(`\
  ${count(reached.length)} states, ${count(quiet)} of them with nothing under way; ${count(steps)} steps
  after so many troubles: ${byTroubles.map((states, i) => `${i}: ${count(states)}`).join(', ')}
  no state is farther than ${depth} steps; ${secondsSince(begin)} s, ${rss} MiB
  ${count(pairs.judged)} pairs of peers brought together by keys from both; ${count(world.sides.computed)} calls of the exchange`)
}

const told = ({ world }: Walk, steps: readonly Step[]) =>
  tell(world, steps)
    .map((call) => `    ${call}`)
    .join('\n')

/** The ways of being apart, the most frequent first; with TELL, a shortest schedule for each. Returns whether one is new. */
function disagreements(walk: Walk): boolean {
  const ways = [...walk.disagreements.values()].sort((a, b) => b.states - a.states)
  say(`  apart while nothing is under way: ${ways.length === 0 ? 'never' : ''}`)
  const known = [...WAYS, ...RARE_WAYS]
  for (const { what, first, states } of ways) {
    const way = walk.wayTo(first)
    say(`    ${count(states)} states, the first after ${way.length} steps: ${what}`)
    if (process.env['TELL'] || !known.includes(what)) say(`${told(walk, way)}\n`)
  }
  return ways.some(({ what }) => !known.includes(what))
}

const only = process.env['ONLY']
const kinds = KINDS.filter((kind) => !only || kind === only)
if (kinds.length === 0) {
  process.stderr.write(`ONLY is ${KINDS.join(' or ')}, and not ${JSON.stringify(only)}.\n`)
  process.exit(2)
}
const protocol = await load()
const begin = performance.now()
let total = 0
for (const kind of kinds)
  for (const bounds of boundsFor(kind)) {
    say(`\n${kind}, ${inWords(bounds)}`)
    const start = performance.now()
    let said = start
    const walk = new Walk(protocol, kind, bounds)
    const flaw = walk.run(({ reached, depth }) => {
      if (performance.now() - said < PROGRESS) return
      said = performance.now()
      say(`  … ${count(reached.length)} states, the last of them ${depth} steps away`)
    })
    total += walk.reached.length
    table(walk, start)
    if (flaw) say(`\nFOUND what must not be: ${flaw.what}\n\n${told(walk, flaw.steps)}`)
    const isNew = !flaw && disagreements(walk)
    if (isNew) say('\nFOUND a way to be apart that nobody knew of.')
    if (flaw || isNew) process.exit(1)
  }
say(`\n${count(total)} states in ${secondsSince(begin)} s. In each of them everything held.`)
