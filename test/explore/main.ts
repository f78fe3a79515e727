/**
 * `make explore`: walks through every state within the bounds, and says how many there were and in which ways the
 * two peers can be apart. Ends with 1 if something is found that must not be, and tells a shortest way to it.
 */

import { DEEP, inWords, KINDS, type Kind } from './bounds.ts'
import { load } from './load.ts'
import { type Result, search } from './search.ts'
import { printed, tell } from './tell.ts'
import type { Progress, Walk } from './walk.ts'
import { RARE_WAYS, WAYS } from './ways.ts'
import type { Bounds } from './world.ts'

const say = (text: string) => process.stdout.write(`${text}\n`)
const count = (number: number) => number.toLocaleString('en')
const MIB = 2 ** 20
/** How often, in ms, a walk says how far it is. */
const PROGRESS = 10_000

function given(name: string): number | undefined {
  const text = process.env[name]
  if (!text) return undefined
  if (/^\d$/.test(text) || (name === 'DEPTH' && /^\d+$/.test(text))) return Number(text)
  process.stderr.write(`${name} is a number, and not ${JSON.stringify(text)}.\n`)
  process.exit(2)
}

/** One walk with the bounds that were given, or those that there are. */
function boundsFor(kind: Kind): readonly Bounds[] {
  const own = {
    keys: given('KEYS'),
    texts: given('TEXTS'),
    pictures: given('PICTURES'),
    troubles: given('TROUBLES'),
    underWay: given('UNDER_WAY'),
  }
  if (Object.values(own).every((bound) => bound === undefined)) return DEEP[kind]
  const { keys = 2, texts = 1, pictures = 0, troubles = 1, underWay = 3 } = own
  return [{ keys, texts, pictures, troubles, underWay }]
}

function table({ walk }: Result, ms: number): void {
  const { states, steps, quiet, depth, pairs, world, byTroubles } = walk
  const rss = (process.memoryUsage().rss / MIB).toFixed()
  say(
    `  ${count(states)} states, ${count(quiet)} of them with nothing under way; ${count(steps)} steps`,
  )
  say(
    `  after so many troubles: ${byTroubles.map((states, i) => `${i}: ${count(states)}`).join(', ')}`,
  )
  const far = depth === given('DEPTH') ? 'cut off after' : 'no state is farther than'
  say(`  ${far} ${depth} steps; ${(ms / 1000).toFixed(1)} s, ${rss} MiB`)
  const calls = count(world.sides.computed)
  say(
    `  ${count(pairs.judged)} pairs of peers brought together by keys from both; ${calls} calls of the exchange`,
  )
}

/** The ways of being apart, the most frequent first; with TELL, a shortest schedule for each. Returns whether one is new. */
function disagreements(walk: Walk): boolean {
  const ways = [...walk.disagreements.values()].sort((a, b) => b.states - a.states)
  say(`  apart while nothing is under way: ${ways.length === 0 ? 'never' : ''}`)
  const known = [...WAYS, ...RARE_WAYS]
  for (const { what, state, states } of ways) {
    const way = walk.wayTo(state)
    const isKnown = known.includes(what)
    say(`    ${count(states)} states, the first after ${way.length} steps: ${what}`)
    if (process.env['TELL'] || !isKnown) say(`${printed(tell(walk.world, way))}\n`)
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
    const progress = ({ states, depth, width }: Progress) => {
      const now = performance.now()
      if (now - said < PROGRESS) return
      said = now
      say(`  … ${count(states)} states, ${count(width)} of them ${depth} steps away`)
    }
    const result = search(protocol, kind, bounds, given('DEPTH'), progress)
    total += result.walk.states
    table(result, performance.now() - start)
    if (result.flaw) {
      const { what, schedule } = result.flaw
      say(`\nFOUND what must not be: ${what}\n\n${schedule}`)
      process.exit(1)
    }
    if (disagreements(result.walk)) {
      say('\nFOUND a way to be apart that nobody knew of.')
      process.exit(1)
    }
  }
say(
  `\n${count(total)} states in ${((performance.now() - begin) / 1000).toFixed()} s. In each of them everything held.`,
)
