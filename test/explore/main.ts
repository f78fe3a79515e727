/**
 * `make explore`: walks through every state within the bounds, and says how many there were and in which ways the
 * two peers can be apart. Ends with 1 if something is found that must not be, and tells a shortest way to it.
 */

import { DEEP, inWords, KINDS, type Kind, RARE_WAYS, WAYS } from './bounds.ts'
import { load } from './load.ts'
import { Walk } from './walk.ts'
import type { Bounds } from './world.ts'

const say = (text: string) => process.stdout.write(`${text}\n`)
const count = (number: number) => number.toLocaleString('en')
const secondsSince = (begin: number) => ((performance.now() - begin) / 1000).toFixed(1)
const indented = (way: readonly string[]) => way.map((line) => `    ${line}`).join('\n')

function refuse(why: string): never {
  process.stderr.write(`${why}\n`)
  process.exit(2)
}

function given(name: string): number | undefined {
  const text = process.env[name]
  if (!text) return undefined
  return /^\d$/.test(text)
    ? Number(text)
    : refuse(`${name} is a number, and not ${JSON.stringify(text)}.`)
}

/** One walk with the bounds that were given, or those that there are. */
function boundsFor(kind: Kind): readonly Bounds[] {
  const own = ['KEYS', 'TEXTS', 'PICTURES', 'TROUBLES', 'UNDER_WAY'].map(given)
  if (own.every((bound) => bound === undefined)) return DEEP[kind]
  const [keys = 2, texts = 1, pictures = 0, troubles = 1, underWay = 3] = own
  return [{ keys, texts, pictures, troubles, underWay }]
}

/** The ways of being apart, the most frequent first; with TELL, a shortest schedule for each. Returns whether one is new. */
function disagreements(walk: Walk): boolean {
  const ways = [...walk.disagreements.values()].sort((a, b) => b.states - a.states)
  const isKnown = (what: string) => [...WAYS, ...RARE_WAYS].includes(what)
  say(`  apart while nothing is under way: ${ways.length === 0 ? 'never' : ''}`)
  for (const { what, first, states } of ways) {
    say(`    ${count(states)} states: ${what}`)
    if (!process.env['TELL'] && isKnown(what)) continue
    say(`${indented(walk.callsTo(first).map((call) => walk.tell(call)))}\n`)
  }
  return ways.some(({ what }) => !isKnown(what))
}

const only = process.env['ONLY']
const kinds = KINDS.filter((kind) => !only || kind === only)
if (kinds.length === 0) refuse(`ONLY is ${KINDS.join(' or ')}, and not ${JSON.stringify(only)}.`)
const protocol = await load()
const begin = performance.now()
let total = 0
for (const kind of kinds)
  for (const bounds of boundsFor(kind)) {
    say(`\n${kind}, ${inWords(bounds)}`)
    const start = performance.now()
    const walk = new Walk(protocol, kind, bounds)
    const flaw = walk.run(({ reached, depth }) => {
      if (depth % 5 === 0) say(`  … ${count(reached.length)} states, ${depth} steps away at most`)
    })
    const { reached, steps, quiet, depth, pairs, world } = walk
    total += reached.length
    const rss = (process.memoryUsage().rss / 2 ** 20).toFixed()
    say(`\
  ${count(reached.length)} states, ${count(quiet)} of them with nothing under way; ${count(steps)} steps
  no state is farther than ${depth} steps; ${secondsSince(start)} s, ${rss} MiB
  ${count(pairs.judged)} pairs of peers brought together by keys from both; ${count(world.sides.computed)} calls of the exchange`)
    if (flaw) say(`\nFOUND what must not be: ${flaw.what}\n\n${indented(flaw.way)}`)
    const isNew = !flaw && disagreements(walk)
    if (isNew) say('\nFOUND a way to be apart that nobody knew of.')
    if (flaw || isNew) process.exit(1)
  }
say(`\n${count(total)} states in ${secondsSince(begin)} s. In each of them everything held.`)
