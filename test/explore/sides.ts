/**
 * One side of the walk. Every state that a peer can be in is kept once, by number, and so is every message;
 * what a peer in one state does with one message is computed once, by the real `Exchange`, and checked there.
 */

import type { KeyPair } from '../../src/protocol/curves.ts'
import type { Exchange } from '../../src/protocol/exchange.ts'
import type { Suite } from '../../src/protocol/suites.ts'
import { arraysIn, copyOf, type Fixed, type Form, formOfGraph, secretsIn } from './graph.ts'
import * as ideal from './ideal.ts'
import { checkState, checkStep, Violation } from './invariants.ts'
import type { Protocol } from './load.ts'
import * as names from './names.ts'
import {
  type Body,
  type Done,
  OPS,
  type Op,
  type Peer,
  perform,
  remembering,
  type Side,
} from './peer.ts'

/** A message, kept once. */
export interface Message extends Form {
  readonly id: number
  readonly body: Body
}

/** A state of one side, kept once. */
export interface Local extends Form {
  readonly id: number
  readonly side: Side
  readonly peer: Peer
  /** Of fresh secrets, over all runs. */
  readonly counts: names.Counts
  /** The peer without what an exchange of fresh keys does not depend on. */
  readonly core: Form
  /** Whether a restart would change nothing. */
  readonly isNew: boolean
}

/** What a peer did: the code if it refused, and what goes out then. */
export interface Outcome {
  readonly after: number
  readonly out: number | null
  readonly code: string | null
}

const NOT_CORE: ReadonlySet<string> = new Set([
  ...['sealed', 'told', 'taken', 'run', '$openText', '$accepted', '$stale', '$replaced'],
  ...['$waiting', '$publicKey', '$peerPublicKey', '$wasKnown', '$received'],
])

export class Sides {
  readonly fixed: Fixed
  readonly #suite: Suite
  readonly #protocol: Protocol
  readonly #identities: [KeyPair, KeyPair]
  readonly #locals = new names.Kept<Local>()
  readonly #messages = new names.Kept<Message>()
  readonly #outcomes = new Map<number | string, Outcome>()
  /** Calls of the real exchange. */
  computed = 0

  constructor(protocol: Protocol, hasKem: boolean) {
    this.#protocol = protocol
    const kem = hasKem ? ideal.kem : null
    this.#suite = { name: ideal.curve.name, id: ideal.curve.id, curve: ideal.curve, kem }
    const identity = (side: Side) => new protocol.KeyPair(ideal.curve, ideal.identityKey(side))
    // A has the smaller identity, and so is party 1
    this.#identities = [identity(0), identity(1)]
    this.fixed = new Map<object, string>([
      [this.#suite, 'suite'],
      [ideal.curve, 'curve'],
      [ideal.kem, 'KEM'],
      [this.#identities[0], 'A'],
      [this.#identities[1], 'B'],
    ])
  }

  /** A peer that has just been started for the first time. */
  begin(side: Side): number {
    const nothing = { sealed: [], told: [], taken: [], run: 0 }
    return this.#keep(side, { exchange: this.#start(side, null), ...nothing }, [0, 0, 0, 0])
  }

  local(id: number): Local {
    return this.#locals.get(id)
  }

  message(id: number): Message {
    return this.#messages.get(id)
  }

  /**
   * What the peer in state `id` does. `message`: what it takes; for 'take refusal' its own that was
   * refused, and `answer` the refusal.
   * @throws Violation
   */
  step(id: number, op: Op, message = -1, answer = -1): Outcome {
    const place = (id * 16 + OPS.indexOf(op)) * 2 ** 24 + (message + 1)
    const key = answer < 0 ? place : `${place} ${answer}`
    const known = this.#outcomes.get(key)
    if (known) return known
    const { side, peer: before, counts } = this.local(id)
    const peer = copyOf(before, this.fixed)
    const held = secretsIn(peer.exchange, this.fixed)
    const nextCounts: names.Counts = [...counts]
    const [taken, refusal] = [message, answer].map((id) => (id < 0 ? null : this.message(id).body))
    const { after, done } = this.run(side, peer, nextCounts, op, taken, refusal)
    if (op !== 'restart') {
      const secrets = [...held, ...names.handed]
      const reachable = arraysIn(after.exchange, this.fixed)
      checkStep({ before, after, op, taken: taken ?? null, done, secrets, reachable })
      checkState(after, this.fixed, reachable)
    }
    const kept = this.#keep(side, after, nextCounts)
    const [was, is] = [this.local(id), this.local(kept)]
    if (done.code && (was.shape !== is.shape || was.atoms.join() !== is.atoms.join()))
      throw new Violation(`${op} was refused as ${done.code} and changed the state`)
    const out = done.body ? this.keepMessage(done.body) : null
    const outcome = { after: kept, out, code: done.code ?? null }
    this.#outcomes.set(key, outcome)
    return outcome
  }

  /** The same on `peer` itself, which may change; nothing is checked or kept. */
  run(
    side: Side,
    peer: Peer,
    counts: names.Counts,
    op: Op,
    taken: Body | null = null,
    answer: Body | null = null,
  ): { after: Peer; done: Done } {
    this.computed++
    const { exchange } = peer
    const open = exchange.openText
    if (op === 'restart') {
      const next = { exchange: this.#start(side, exchange.knownIdentity), run: peer.run + 1 }
      exchange.erase()
      return { after: { ...remembering(peer, open, op, null, {}, []), ...next }, done: {} }
    }
    names.begin(side, counts)
    let done: Done
    try {
      done = perform(peer, op, copyOf(taken, this.fixed), answer)
    } catch (error) {
      if (!(error instanceof this.#protocol.DuetError))
        throw new Violation(`${op} ends with ${String(error)}`)
      done = { code: error.code }
    }
    return { after: remembering(peer, open, op, taken, done, names.sealedWith), done }
  }

  coreOf(peer: Peer): Form {
    return formOfGraph(peer, this.fixed, NOT_CORE)
  }

  /** The number of a message of these contents. */
  keepMessage(contents: Body): number {
    const form = formOfGraph(contents, this.fixed)
    return this.#messages.keep(`${form.shape} ${form.atoms}`, (id) => ({
      id,
      body: copyOf(contents, this.fixed),
      ...form,
    }))
  }

  #start(side: Side, known: Uint8Array | null): Exchange {
    return new this.#protocol.Exchange(this.#suite, this.#identities[side], known)
  }

  #keep(side: Side, peer: Peer, counts: names.Counts): number {
    const form = formOfGraph(peer, this.fixed)
    return this.#locals.keep(`${side} ${form.shape} ${form.atoms} ${counts}`, (id) => {
      const fresh = { ...peer, exchange: this.#start(side, peer.exchange.knownIdentity) }
      return {
        id,
        side,
        peer: copyOf(peer, this.fixed),
        counts: [...counts],
        ...form,
        core: this.coreOf(peer),
        isNew: formOfGraph(fresh, this.fixed).shape === form.shape,
      }
    })
  }
}
