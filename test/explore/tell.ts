/** A schedule in words that a person reads, each line with the calls that a test makes for it. */

import { Violation } from './invariants.ts'
import { other, type Side } from './peer.ts'
import type { Outcome } from './side.ts'
import type { Item } from './wire.ts'
import type { Happened, State, Step, World } from './world.ts'

export interface Line {
  readonly words: string
  /** Calls of the exchanges `a` and `b`; empty where nothing of theirs is called. */
  readonly code: string
}

const NAMES = ['A', 'B'] as const

class Teller {
  readonly lines: Line[] = []
  readonly #world: World
  readonly #labels = new Map<number, string>()
  readonly #counts = new Map<string, number>()
  #state: State

  constructor(world: World) {
    this.#world = world
    this.#state = world.begin()
  }

  tell(step: Step): void {
    const before = this.#state
    let happened: Happened | null = null
    try {
      happened = this.#world.take(before, step)
      this.#state = happened.state
    } catch (error) {
      if (!(error instanceof Violation)) throw error
    }
    const outcome = happened?.outcome ?? null
    this.lines.push(
      'side' in step
        ? this.#own(step.do, step.side, outcome)
        : this.#wire(step.do, this.#world.items.get(step.item), before, outcome),
    )
  }

  /** What a side does by itself. */
  #own(what: Extract<Step, { side: Side }>['do'], side: Side, outcome: Outcome | null): Line {
    const name = NAMES[side]
    const x = name.toLowerCase()
    const out = this.#labelOut(outcome, what.replace('send ', ''), side)
    const lines: Record<typeof what, Line> = {
      'send keys': { words: `${name} sends ${out}`, code: `const ${out} = ${x}.startKeys()` },
      'send text': {
        words: `${name} sends ${out}`,
        code: `const ${out} = ${x}.sendMessage(utf8ToBytes('text'))`,
      },
      'send picture': {
        words: `${name} sends ${out}`,
        code: `const ${out} = ${x}.sendPicture().header`,
      },
      read: { words: `${name} reads a text`, code: `${x}.openOldest()` },
      expire: { words: `an hour passes at ${name}`, code: `${x}.expire()` },
      restart: {
        words: `${name} restarts`,
        code: `${x} = new Exchange(suite, ${x}.identity, ${x}.knownIdentity)`,
      },
    }
    return lines[what]
  }

  /** What happens to something on the wire. */
  #wire(
    what: Extract<Step, { item: number }>['do'],
    item: Item,
    before: State,
    outcome: Outcome | null,
  ): Line {
    const to = what === 'reflect' ? other(item.to) : item.to
    const name = NAMES[to]
    const label = this.#labels.get(item.message) ?? ''
    if (what === 'lose') return { words: `${label} is lost`, code: '' }
    if (what === 'give up')
      return { words: `${NAMES[other(to)]} waits no longer for an answer to ${label}`, code: '' }
    if (item.kind === 'answer') {
      const of = what === 'deliver' ? item.of : this.#world.awaitedBy(before, to)
      const asked = this.#labels.get(of ?? -1) ?? ''
      const how =
        what === 'deliver'
          ? 'arrives at'
          : `comes once more, in place of the answer to ${asked}, to`
      return this.#takeAnswer(`${label} ${how} ${name}`, item, asked, to, outcome)
    }
    const how = what === 'deliver' ? label : `a copy of ${label}`
    const words = `${how} ${what === 'reflect' ? 'comes back to' : 'arrives at'} ${name}`
    return this.#takeRequest(words, item, label, to, outcome)
  }

  #takeRequest(words: string, item: Item, label: string, to: Side, outcome: Outcome | null): Line {
    const x = NAMES[to].toLowerCase()
    const call = {
      keys: `${x}.receiveKeys(${label})`,
      text: `${x}.receiveMessage(${label})`,
      picture: `${x}.receivePicture(${label}).accept()`,
      answer: '',
    }[item.kind]
    if (outcome === null) return { words, code: call }
    const { code, completed } = outcome
    if (code === 'decrypt_failed' && item.kind === 'picture')
      return { words: `${words} and does not open`, code: `${x}.receivePicture(${label}).forget()` }
    if (code !== null) {
      // who waits for an answer is told
      this.#labels.set(this.#refusal(code), `the refusal as ${code}`)
      return { words: `${words} and is refused as ${code}`, code: throwing(call, code) }
    }
    const isNew = outcome.out !== null && !this.#labels.has(outcome.out)
    const out = this.#labelOut(outcome, 'answer', to)
    const completes = completed ? ' and completes an exchange' : ''
    return {
      words: `${words}${completes}${out ? `, ${out} goes out` : ''}`,
      code: isNew ? `const ${out} = ${call}` : call,
    }
  }

  #takeAnswer(words: string, item: Item, asked: string, to: Side, outcome: Outcome | null): Line {
    const { body } = this.#world.sides.message(item.message)
    const refusal = body.kind === 'answer' ? body.code : null
    const x = NAMES[to].toLowerCase()
    const call =
      refusal === null
        ? `${x}.receiveAnswer(${this.#labels.get(item.message)}.confirm)`
        : `${x}.afterRefusal(${asked}, '${refusal}')`
    if (outcome === null) return { words, code: call }
    const { code, completed, out } = outcome
    if (code !== null)
      return { words: `${words}, which refuses it as ${code}`, code: throwing(call, code) }
    if (out === null)
      return { words: `${words}${completed ? ' and completes an exchange' : ''}`, code: call }
    const isNew = !this.#labels.has(out)
    const again = this.#labelOut(outcome, 'keys', to)
    const taken =
      refusal === null ? `const { again: ${again} } = ${call}` : `const ${again} = ${call}`
    return {
      words: `${words}, and ${NAMES[to]} sends ${again}, the same keys once more`,
      code: isNew ? taken : call,
    }
  }

  #refusal(code: string): number {
    return this.#world.sides.keepMessage({ kind: 'answer', confirm: null, code })
  }

  /** The name of what went out, a new one for what is new. */
  #labelOut(outcome: Outcome | null, what: string, side: Side): string {
    const out = outcome?.out
    if (out === null || out === undefined) return outcome === null ? what + NAMES[side] : ''
    const known = this.#labels.get(out)
    if (known) return known
    const place = what + NAMES[side]
    const count = (this.#counts.get(place) ?? 0) + 1
    this.#counts.set(place, count)
    this.#labels.set(out, place + count)
    return place + count
  }
}

function throwing(call: string, code: string): string {
  return `assert.throws(() => ${call}, { code: '${code}' })`
}

/** Every step of a schedule that begins with two peers that have never met. */
export function tell(world: World, steps: readonly Step[]): Line[] {
  const teller = new Teller(world)
  for (const step of steps) teller.tell(step)
  return teller.lines
}

/** As it is printed: what a test would call, and what that is. */
export function printed(lines: readonly Line[]): string {
  const width = Math.max(...lines.map(({ code }) => code.length))
  return lines.map(({ words, code }) => `    ${code.padEnd(width)}  // ${words}`).join('\n')
}
