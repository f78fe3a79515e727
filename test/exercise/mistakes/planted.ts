/** How a mistake is planted in the independent peer, and what is written down of it. */

import { isUtf8 } from 'node:buffer'
import crypto from 'node:crypto'
import type { SuiteName } from '../../../src/protocol/suites.ts'
import { type Json, parse } from '../../independent/forms.ts'
import { type Came, ProgramPeer, type Start } from '../../independent/program.ts'
import { STEPS, type Steps, u } from '../../independent/session.ts'
import type { Curve, Suite } from '../../independent/suites.ts'

export interface Mistake {
  readonly name: string
  readonly curve: SuiteName
  /** The peer with the mistake. */
  readonly Kind: typeof ProgramPeer
  /** The rows that fail, each with a cause that has this in it; without a party, in each party that it is run in. */
  readonly fails: readonly string[]
  readonly cause: RegExp
  /** Clauses or rows that may fail or be blocked too, since they follow from it; `disorder/*` for a whole stage. */
  readonly also: readonly string[]
}

/** Rows of clauses that run in both parties. */
export const both = (...ids: string[]) => ids.flatMap((id) => [`${id} party 1`, `${id} party 2`])

/** These build on every refusal of a key message, and may meet one that the mistake is in. */
export const REFUSALS = ['keys/16', 'keys/17']

export const joined = (...parts: Buffer[]) => Buffer.concat(parts)
export const bytes = (text: string) => Buffer.from(text)
export const sha256 = (...parts: Buffer[]) =>
  crypto
    .createHash('sha256')
    .update(joined(...parts))
    .digest()
export const hmac = (key: Buffer, ...parts: Buffer[]) =>
  crypto
    .createHmac('sha256', key)
    .update(joined(...parts))
    .digest()
export const backwards = (part: Buffer) => Buffer.from(part).reverse()
export const lp = (part: Buffer) => joined(u(2, part.length), part)

export type Rest = {
  cause: RegExp
  fails: readonly string[]
  also?: readonly string[]
  curve?: SuiteName
}

export function mistake(name: string, Kind: typeof ProgramPeer, rest: Rest): Mistake {
  return { curve: 'X25519', also: [], name, Kind, ...rest }
}

/** A step of the computation is another one. */
export function computed(name: string, steps: Partial<Steps>, rest: Rest): Mistake {
  class Kind extends ProgramPeer {
    protected override readonly steps = { ...STEPS, ...steps }
  }
  return mistake(name, Kind, rest)
}

/**
 * What comes in JSON is changed before it is looked at, so that the peer takes more than it may. `form` is what it is in the
 * right reading, or null.
 */
export function lenient(
  name: string,
  change: (text: string, form: Json | null) => string,
  rest: Rest,
): Mistake {
  const changed = (body: Buffer): Buffer => {
    let form: unknown = null
    try {
      form = parse(body)
    } catch {}
    const isObject = typeof form === 'object' && !Array.isArray(form)
    return isUtf8(body)
      ? bytes(change(body.toString(), isObject ? (form as Json | null) : null))
      : body
  }
  class Kind extends ProgramPeer {
    override receiveKeys(body: Buffer): Json {
      return super.receiveKeys(changed(body))
    }
    override receiveMessage(body: Buffer): Json {
      return super.receiveMessage(changed(body))
    }
    protected override async send(route: string, body: object): Promise<Came> {
      const came = await super.send(route, body)
      return { ...came, bytes: changed(came.bytes) }
    }
  }
  return mistake(name, Kind, rest)
}

/** Forms that are sent, changed. */
export function sent(
  name: string,
  change: (form: Json, route: string) => Json,
  rest: Rest,
): Mistake {
  class Kind extends ProgramPeer {
    protected override send(route: string, body: object): Promise<Came> {
      return super.send(
        route,
        Buffer.isBuffer(body) ? body : change(structuredClone(body) as Json, route),
      )
    }
  }
  return mistake(name, Kind, rest)
}

/** The strings of a form, all but the curve's name, each in another form. */
export function encoded(form: Json, encode: (text: string) => string): Json {
  const changed = Object.entries(form).map(([name, value]) => {
    if (typeof value === 'object' && value !== null) return [name, encoded(value as Json, encode)]
    return [name, typeof value === 'string' && name !== 'curve' ? encode(value) : value]
  })
  return Object.fromEntries(changed)
}

/** A suite with another curve. */
export function onCurve(
  name: string,
  change: (curve: Curve) => Partial<Curve>,
  rest: Rest,
): Mistake {
  class Kind extends ProgramPeer {
    constructor(suite: Suite, start: Start) {
      const { curve } = suite
      super({ ...suite, curve: { ...curve, ...change(curve) } }, start)
    }
  }
  return mistake(name, Kind, rest)
}

/** Zeros where the point has low order, as libraries give that do not look. */
export function lowOrderTaken(dh: Curve['dh']): Curve['dh'] {
  return (privateKey, point) => {
    try {
      return dh(privateKey, point)
    } catch {
      return Buffer.alloc(32)
    }
  }
}

export function isThrowing(run: () => unknown): boolean {
  try {
    run()
    return false
  } catch {
    return true
  }
}

export const hexOf = (part: Buffer) => bytes(part.toString('hex'))
