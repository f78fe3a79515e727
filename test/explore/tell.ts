/** A schedule as the calls of two exchanges, `a` and `b`, that a test makes for it; a comment where none is called. */

import { outcomeOf } from '../helpers/exchanges.ts'
import { Violation } from './invariants.ts'
import { other, type Side } from './peer.ts'
import type { Outcome } from './side.ts'
import type { Item } from './wire.ts'
import type { State, Step, World } from './world.ts'

const NAMES = ['a', 'b'] as const

/** Every step of a schedule that begins with two peers that have never met, a line each. */
export function tell(world: World, steps: readonly Step[]): string[] {
  const labels = new Map<number, string>()
  const counts = new Map<string, number>()

  /** `call` with a name for what goes out, a new one for what is new; `as` has it where it stands in an object. */
  const naming = (call: string, out: number | null, what: string, side: Side, as = '') => {
    if (out === null || labels.has(out)) return call
    const place = what + NAMES[side].toUpperCase()
    const count = (counts.get(place) ?? 0) + 1
    counts.set(place, count)
    const label = place + count
    labels.set(out, label)
    return `const ${as ? `{ ${as}: ${label} }` : label} = ${call}`
  }

  /** What a side does by itself. */
  const own = (what: Extract<Step, { side: Side }>['do'], side: Side, outcome: Outcome | null) => {
    const x = NAMES[side]
    const call = {
      'send keys': `${x}.startKeys()`,
      'send text': `${x}.sendMessage(utf8ToBytes('text'))`,
      'repeat text': `${x}.repeatMessage()`,
      'send picture': `${x}.sendPicture().header`,
      read: `${x}.openOldest()`,
      expire: `${x}.expire()`,
      restart: `${x} = new Exchange(suite, ${x}.identity, ${x}.knownIdentity)`,
    }[what]
    if (outcome?.code) return throwing(call, outcome.code)
    return naming(call, outcome?.out ?? null, what.replace('send ', ''), side)
  }

  const takeRequest = ({ kind, message }: Item, to: Side, outcome: Outcome | null) => {
    const label = labels.get(message)
    const x = NAMES[to]
    const picture = `${x}.receivePicture(${label})`
    const call = {
      keys: `${x}.receiveKeys(${label})`,
      text: `${x}.receiveMessage(${label})`,
      picture: `${picture}.accept()`,
      answer: '',
      'text answer': '',
    }[kind]
    if (outcome === null) return call
    const { code, out } = outcome
    if (code === 'decrypt_failed' && kind === 'picture') return `${picture}.forget()`
    return code === null ? naming(call, out, 'answer', to) : throwing(call, code)
  }

  /** `of`: the key message that it is taken to answer. */
  const takeAnswer = ({ message }: Item, of: number | null, to: Side, outcome: Outcome | null) => {
    const { body } = world.sides.message(message)
    const x = NAMES[to]
    const isRefusal = body.kind === 'answer' && body.code !== null
    const call = isRefusal
      ? `${x}.afterRefusal(${labels.get(of ?? -1)}, '${body.code}')`
      : `${x}.receiveAnswer(${labels.get(message)}.confirm)`
    if (outcome === null) return call
    const { code, out } = outcome
    if (code !== null) return throwing(call, code)
    return naming(call, out, 'keys', to, isRefusal ? '' : 'again')
  }

  const takeTextAnswer = ({ message }: Item, to: Side) => {
    const { body } = world.sides.message(message)
    const code = body.kind === 'text answer' ? body.code : null
    return `${NAMES[to]}.messageAnswered('${outcomeOf(code ?? undefined)}')`
  }

  /** What happens to something on the wire. */
  const wire = (
    what: Extract<Step, { item: number }>['do'],
    item: Item,
    before: State,
    outcome: Outcome | null,
  ) => {
    const to = what === 'reflect' ? other(item.to) : item.to
    const label = labels.get(item.message) ?? 'the answer'
    const missed =
      item.kind === 'text'
        ? `${NAMES[other(to)]}.messageAnswered('no answer') `
        : item.kind === 'text answer'
          ? `${NAMES[to]}.messageAnswered('no answer') `
          : ''
    if (what === 'lose') return `${missed}// ${label} is lost`
    if (what === 'give up') return `${missed}// nobody waits any longer for an answer to ${label}`
    if (item.kind === 'text answer') return takeTextAnswer(item, to)
    if (item.kind !== 'answer') return takeRequest(item, to, outcome)
    return takeAnswer(item, what === 'deliver' ? item.of : world.awaitedBy(before, to), to, outcome)
  }

  let state = world.begin()
  return steps.map((step) => {
    const before = state
    let outcome: Outcome | null = null
    try {
      const happened = world.take(before, step)
      state = happened.state
      outcome = happened.outcome
    } catch (error) {
      // the last one, which is told because of it
      if (!(error instanceof Violation)) throw error
    }
    return 'side' in step
      ? own(step.do, step.side, outcome)
      : wire(step.do, world.items.get(step.item), before, outcome)
  })
}

function throwing(call: string, code: string): string {
  return `assert.throws(() => ${call}, { code: '${code}' })`
}
