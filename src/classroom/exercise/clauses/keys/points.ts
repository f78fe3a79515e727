/** keys/11 to keys/14: the base point, points that are none, and those that are the receiver's own. */

import { bytesToHex, concatBytes, hexToBytes } from '../../../../protocol/bytes.ts'
import { LOW_ORDER } from '../../../../protocol/curves.ts'
import { halvesOf, type Suite } from '../../../../protocol/suites.ts'
import type { Context } from '../../context.ts'
import type { KeyMessage, Scene } from '../../scene.ts'
import { Questions, type Wrong } from '../questions.ts'
import { type Form, keysOf, ofAnother } from './shares.ts'

export async function keys11(context: Context): Promise<void> {
  const scene = await context.shared()
  const ask = new Questions(scene)
  const form = scene.strangersForm()
  const { basePoint, pointBytes } = scene.suite.curve
  const others = {
    'an identity': form['identity'],
    'the base point backwards': bytesToHex(basePoint.toReversed()),
    zeros: '00'.repeat(pointBytes),
  }
  for (const [what, value] of Object.entries(others))
    await ask.refused(
      what,
      'bad_base_point',
      { ...ofAnother(scene, form), basePoint: value },
      {
        because: { taken: 'The base point is not compared with that of the curve. These pass: %.' },
      },
    )
  await ask.genuine()
  ask.end('a share with another base point', '`bad_base_point` each')
}

/** Why a point is bad: what a careless peer overlooks. */
type Fault = 'low' | 'form' | 'bit' | 'first' | 'off'

const PASSES: Readonly<Record<Fault, string>> = {
  low: 'Points of low order pass: with one, every private key gives a shared secret of zeros (%).',
  form: 'A second form of a point passes, which the library reduces: %. Each point has one form here.',
  bit: 'A point passes whose top bit is set: the library ignores it. Each point has one form here.',
  first: 'A point passes whose first byte is not 04: %.',
  off: 'A point passes that is not on the curve: %.',
}

interface BadPoint {
  readonly what: string
  readonly fault: Fault
  readonly point: Uint8Array
}

/** p of P-256, and a y for x = 0: FIPS 186-4 section D.1.2.3, and the square root of its b. */
const P_256 = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff'
const Y_OF_ZERO = '66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4'
/** 5 + p, and a y for x = 5. */
const P_256_AND_5 = 'ffffffff00000001000000000000000000000001000000000000000000000004'
const Y_OF_5 = '459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc'

/** What is no point of the suite's curve; `good` is one. */
function badPoints({ curve }: Suite, good: Uint8Array): BadPoint[] {
  if (curve.name === 'X25519') {
    const above = (n: number) => Uint8Array.of(0xed + n, ...Array<number>(30).fill(0xff), 0x7f)
    const withTopBit = good.with(31, (good[31] ?? 0) | 0x80)
    const orders = [
      '0, of order 4',
      '1, of order 4',
      'of order 8',
      'of order 8, the other one',
      '-1, of order 2',
    ]
    return [
      ...LOW_ORDER.map((point, i): BadPoint => ({ what: orders[i] ?? '', fault: 'low', point })),
      { what: 'p', fault: 'form', point: above(0) },
      { what: 'p + 1', fault: 'form', point: above(1) },
      { what: 'p + 9', fault: 'form', point: above(9) },
      { what: '2^255 - 1', fault: 'form', point: above(18) },
      { what: 'a good point with its top bit set', fault: 'bit', point: withTopBit },
    ]
  }
  const hex = (digits: string) => hexToBytes(digits)
  const parity = (good[64] ?? 0) & 1
  return [
    ...[0, 2 + parity, 3 - parity, 6 + parity, 7 - parity].map(
      (first): BadPoint => ({
        what: `first byte 0${first}`,
        fault: 'first',
        point: good.with(0, first),
      }),
    ),
    { what: '(0, 0)', fault: 'off', point: new Uint8Array(65).with(0, 4) },
    { what: 'one bit of y changed', fault: 'off', point: good.with(64, (good[64] ?? 0) ^ 1) },
    { what: 'x = p', fault: 'form', point: hex(`04${P_256}${Y_OF_ZERO}`) },
    { what: 'x = p + 5', fault: 'form', point: hex(`04${P_256_AND_5}${Y_OF_5}`) },
  ]
}

/** One of them: of low order, or (0, 0). */
export function badPoint({ curve }: Suite): Uint8Array {
  if (curve.name === 'P-256') return new Uint8Array(65).with(0, 4)
  return LOW_ORDER[3] ?? new Uint8Array(32)
}

/** A bad point that was not refused as one. `isBefore`: while there was no private key. */
interface Passed {
  readonly bad: BadPoint
  readonly field: string
  readonly isBefore: boolean
  readonly wrong: Wrong
}

export async function keys12(context: Context): Promise<void> {
  const shared = await context.shared()
  const ask = new Questions(shared)
  const passed: Passed[] = []
  // Without a private key nothing is computed, and no library looks at the point.
  if (shared.student !== null) {
    const idle = await context.idle()
    passed.push(...(await tryPoints(idle, ask.beside(idle), true)))
  }
  await keysOf(shared)
  passed.push(...(await tryPoints(shared, ask, false)))
  explainPoints(passed, badPoints(shared.suite, shared.suite.curve.basePoint).length)
  await ask.genuine()
  ask.end('a share with a bad point, before and after /send_keys', '`bad_point` each')
}

async function tryPoints(scene: Scene, ask: Questions, isBefore: boolean): Promise<Passed[]> {
  const passed: Passed[] = []
  const form = scene.strangersForm()
  const { encapsulationKey, point } = halvesOf(scene.suite, hexToBytes(String(form['publicKey'])))
  for (const field of ['identity', 'publicKey'])
    for (const bad of badPoints(scene.suite, point)) {
      const value = field === 'identity' ? bad.point : concatBytes(encapsulationKey, bad.point)
      const count = ask.wrong.length
      const body = { ...ofAnother(scene, form), [field]: bytesToHex(value) }
      const what = `${bad.what} as ${field}`
      await ask.refused(isBefore ? what : `${what}, after /send_keys`, 'bad_point', body)
      const wrong = ask.wrong[count]
      // Where a library throws, the point has passed until there.
      if (wrong && ['taken', 'past', 'crash'].includes(wrong.outcome))
        passed.push({ bad, field, isBefore, wrong })
    }
  return passed
}

function explainPoints(passed: readonly Passed[], count: number): void {
  const has = (field: string, isBefore: boolean) =>
    passed.filter((one) => one.field === field && one.isBefore === isBefore).length
  const isOnlyBefore = has('identity', false) + has('publicKey', false) === 0
  const isWhole = (field: string) => has(field, true) === count || has(field, false) === count
  const isNone = (field: string) => has(field, true) + has(field, false) === 0
  const only = (field: string, other: string) => isWhole(other) && isNone(field)
  for (const { bad, wrong, isBefore } of passed)
    if (only('publicKey', 'identity'))
      wrong.because = 'Only the public key is looked at. The identity has to be a good point too.'
    else if (only('identity', 'publicKey'))
      wrong.because = 'Only the identity is looked at. The public key has to be a good point too.'
    else if (isBefore && isOnlyBefore)
      wrong.because =
        'Points are looked at only where something is computed with them. While there is no private key, these pass: %.'
    else wrong.because = PASSES[bad.fault]
}

export async function keys13(context: Context): Promise<void> {
  const scene = await context.shared()
  const ask = new Questions(scene)
  const form = scene.strangersForm()
  const { encapsulationKey } = halvesOf(scene.suite, hexToBytes(String(form['publicKey'])))
  const publicKey = bytesToHex(encapsulationKey) + String(form['identity'])
  await ask.refused(
    'one point as both',
    'bad_point',
    { ...form, publicKey },
    {
      because: {
        taken: 'Identity and public key are not compared with each other.',
        'other code': 'One point as identity and public key is `bad_point`.',
      },
    },
  )
  await ask.genuine()
  ask.end('a share with one point as both', '`bad_point`')
}

export async function keys14(context: Context): Promise<void> {
  const scene = await context.shared()
  const { suite } = scene
  const ask = new Questions(scene)
  const changes: Record<string, (own: KeyMessage, point: Uint8Array, key: Uint8Array) => Form> = {
    'its identity as identity': ({ identity }) => ({ identity: bytesToHex(identity) }),
    'its identity as public key': ({ identity }, _point, key) => ({
      publicKey: bytesToHex(concatBytes(key, identity)),
    }),
    'its public key as public key': ({ publicKey }) => ({ publicKey: bytesToHex(publicKey) }),
    'its public key as identity': (_own, point) => ({ identity: bytesToHex(point) }),
    'its whole share': ({ identity, publicKey }) => ({
      identity: bytesToHex(identity),
      publicKey: bytesToHex(publicKey),
    }),
  }
  for (const [what, change] of Object.entries(changes)) {
    // Fresh keys each time: a refusal that changes the state is for keys/16.
    const own = await keysOf(scene)
    const form = scene.strangersForm()
    const { encapsulationKey } = halvesOf(suite, hexToBytes(String(form['publicKey'])))
    const { point } = halvesOf(suite, own.publicKey)
    const body = { ...form, ...change(own, point, encapsulationKey) }
    await ask.refused(what, 'reflection', body, { because: REFLECTED })
  }
  const passed = ask.wrong.filter(({ outcome }) => outcome === 'taken' || outcome === 'past')
  const names = passed.map(({ what }) => what)
  const isExactly = (...all: string[]) =>
    names.length === all.length && all.every((name) => names.includes(name))
  let because: string | null = null
  if (isExactly('its identity as public key', 'its public key as identity'))
    because =
      'Like is compared with like only: your identity comes back as a public key too, and your public key as an identity.'
  else if (isExactly('its public key as public key', 'its public key as identity'))
    because = 'Your present public key is not looked at. Its private key waits since /send_keys.'
  else if (isExactly('its identity as identity', 'its identity as public key'))
    because = 'Your identity is not looked at.'
  else if (names.length === 4 && !names.includes('its whole share'))
    because = 'Whole shares are compared. One half of your own is enough.'
  else if (names.length === 5) because = 'Nothing is compared with your own keys.'
  if (because !== null) for (const one of passed) one.because = because
  await ask.genuine()
  ask.end('/send_keys, then shares with its own keys in them', '`reflection` each')
}

const REFLECTED = { taken: 'What is your own comes back, and passes: %.' }
