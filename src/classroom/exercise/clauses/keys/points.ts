/** keys/11 to keys/14: the base point, points that are none, and those that are the receiver's own. */

import { bytesToHex, concatBytes, hexToBytes } from '../../../../protocol/bytes.ts'
import { LOW_ORDER } from '../../../../protocol/curves.ts'
import { halvesOf, type Suite } from '../../../../protocol/suites.ts'
import type { Context } from '../../context.ts'
import { Failure } from '../../failure.ts'
import type { KeyMessage, Scene } from '../../scene.ts'
import { Questions, type Wrong } from '../questions.ts'

type Form = Record<string, unknown>

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
      `${what} as base point`,
      'bad_base_point',
      { ...form, basePoint: value },
      {
        because: {
          taken: 'The base point is not compared with that of the curve: % passes.',
          'other code':
            'A base point is `bad_base_point` if it is another one, whatever else it is: %.',
        },
      },
    )
  await ask.genuine()
  ask.end('a share with another base point', '`bad_base_point` each')
}

/** Why a point is bad: what a careless peer overlooks. */
type Fault = 'low' | 'form' | 'bit' | 'first' | 'off'

const PASSES: Readonly<Record<Fault, string>> = {
  low: 'A point of low order passes (%): with it, every private key gives a shared secret of zeros.',
  form: 'A second form of a point passes: % (the library reduces). Each point has one form here.',
  bit: 'A point with its top bit set passes: the library ignores that bit. Each point has one form here.',
  first: 'A point passes whose first byte is not 04: %.',
  off: 'A point that is not on the curve passes: %.',
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
export function badPoints({ curve }: Suite, good: Uint8Array): BadPoint[] {
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

export async function keys12(context: Context): Promise<void> {
  const scene = await context.start()
  const ask = new Questions(scene)
  const form = scene.strangersForm()
  const { encapsulationKey, point } = halvesOf(scene.suite, hexToBytes(String(form['publicKey'])))
  const points = badPoints(scene.suite, point)
  /** What went wrong: before keys were sent, and after. */
  const found: { bad: BadPoint; field: string; when: number; wrong: Wrong }[] = []
  for (const when of [0, 1]) {
    // Without a private key nothing is computed, and no library looks at the point.
    if (when === 1) await scene.sendKeys()
    for (const field of ['identity', 'publicKey'])
      for (const bad of points) {
        const value = field === 'identity' ? bad.point : concatBytes(encapsulationKey, bad.point)
        const count = ask.wrong.length
        const after = when === 1 ? ', after /send_keys' : ''
        const body = { ...form, [field]: bytesToHex(value) }
        await ask.refused(`${bad.what} as ${field}${after}`, 'bad_point', body)
        const wrong = ask.wrong[count]
        if (wrong) found.push({ bad, field, when, wrong })
      }
  }
  const passed = found.filter(({ wrong }) => wrong.outcome === 'taken')
  const of = (field: string) => passed.filter((one) => one.field === field)
  const isAll = (field: string, least: number) => of(field).length >= least
  const isOnlyBefore = passed.length > 0 && passed.every(({ when }) => when === 0)
  const all = isOnlyBefore ? points.length : 2 * points.length
  let field: string | null = null
  if (of('publicKey').length === 0 && isAll('identity', all)) field = 'public key'
  if (of('identity').length === 0 && isAll('publicKey', all)) field = 'identity'
  for (const { bad, wrong } of passed) {
    if (field !== null)
      wrong.because = `Only the ${field} is looked at. Identity and public key have to be good points, both.`
    else
      wrong.because = isOnlyBefore
        ? 'Points are looked at only where something is computed with them: % passes while there is no private key.'
        : PASSES[bad.fault]
  }
  await ask.genuine()
  ask.end('a share with a bad point, before and after /send_keys', '`bad_point` each')
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

/** The student's key message: an ephemeral key pair waits behind it. @throws Failure if none came */
export async function keysOf(scene: Scene): Promise<KeyMessage> {
  const { messages } = await scene.sendKeys()
  const message = messages.at(-1)
  if (message !== undefined) return message
  const got = 'none came'
  throw new Failure({ did: '/send_keys', wanted: 'a key message', got, cause: null })
}

export async function keys14(context: Context): Promise<void> {
  const scene = await context.start()
  const { suite } = scene
  const ask = new Questions(scene)
  const own = await keysOf(scene)
  const { point } = halvesOf(suite, own.publicKey)
  const fresh = () => {
    const form = scene.strangersForm()
    const { encapsulationKey } = halvesOf(suite, hexToBytes(String(form['publicKey'])))
    return { form, encapsulationKey }
  }
  const changes: Record<string, (key: Uint8Array) => Form> = {
    'its identity as identity': () => ({ identity: bytesToHex(own.identity) }),
    'its identity as public key': (key) => ({
      publicKey: bytesToHex(concatBytes(key, own.identity)),
    }),
    'its public key as public key': () => ({ publicKey: bytesToHex(own.publicKey) }),
    'its public key as identity': () => ({ identity: bytesToHex(point) }),
    'its whole share': () => ({
      identity: bytesToHex(own.identity),
      publicKey: bytesToHex(own.publicKey),
    }),
  }
  for (const [what, change] of Object.entries(changes)) {
    const { form, encapsulationKey } = fresh()
    const body = { ...form, ...change(encapsulationKey) }
    await ask.refused(what, 'reflection', body, { because: REFLECTED })
  }
  const passed = ask.wrong.filter(({ outcome }) => outcome === 'taken')
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
