/** kem/1 to kem/4: encapsulation keys, and the identity that two suites share. */

import { bytesToHex, concatBytes, hexToBytes } from '../../../../protocol/bytes.ts'
import { halvesOf } from '../../../../protocol/suites.ts'
import { ephemeralKeys, withNumber } from '../../computation/keys.ts'
import type { Context } from '../../context.ts'
import { Failure } from '../../failure.ts'
import type { Scene } from '../../scene.ts'
import { keysOf, ofAnother } from '../keys/shares.ts'
import { Questions, type Wrong } from '../questions.ts'
import { kemOf } from './confirmations.ts'

const NUMBERS = [0, 767, 300, 451]

/** A number that was not refused. `isBefore`: while there was no private key. */
interface Passed {
  readonly index: number
  readonly isBefore: boolean
  readonly wrong: Wrong
}

export async function kem1(context: Context): Promise<void> {
  const shared = await context.shared()
  const ask = new Questions(shared)
  const passed: Passed[] = []
  // Without a private key nothing is encapsulated, and no library looks at the key.
  if (shared.student !== null) {
    const idle = await context.idle()
    passed.push(...(await tryNumbers(idle, ask.beside(idle), true)))
  }
  await keysOf(shared)
  passed.push(...(await tryNumbers(shared, ask, false)))
  const because = becauseOf(passed)
  for (const { wrong } of passed) wrong.because = because
  const good = shared.strangersForm()
  await ask.taken(
    'a number of 3328',
    { ...good, publicKey: changed(shared, good, 451, 3_328) },
    {
      because: 'An encapsulation key with 3328 in it is good: its numbers are below 3329.',
    },
  )
  await ask.genuine()
  ask.end('encapsulation keys with numbers from 3329 on', '`bad_point` each; 3328 is taken')
}

/** The public key of `form` with number `index` changed. */
function changed(
  scene: Scene,
  form: Record<string, unknown>,
  index: number,
  number: number,
): string {
  const { encapsulationKey, point } = halvesOf(scene.suite, hexToBytes(String(form['publicKey'])))
  return bytesToHex(concatBytes(withNumber(encapsulationKey, index, number), point))
}

async function tryNumbers(scene: Scene, ask: Questions, isBefore: boolean): Promise<Passed[]> {
  const passed: Passed[] = []
  const form = scene.strangersForm()
  for (const index of NUMBERS)
    for (const number of [3_329, 4_095]) {
      const what = `number ${index} is ${number}`
      const count = ask.wrong.length
      const body = { ...ofAnother(scene, form), publicKey: changed(scene, form, index, number) }
      await ask.refused(isBefore ? what : `${what}, after /send_keys`, 'bad_point', body)
      const wrong = ask.wrong[count]
      // Where a library throws, the key has passed until there.
      if (wrong && ['taken', 'past', 'crash'].includes(wrong.outcome))
        passed.push({ index, isBefore, wrong })
    }
  return passed
}

function becauseOf(passed: readonly Passed[]): string {
  const isEach = (holds: (one: Passed) => boolean) => passed.every(holds)
  if (isEach(({ isBefore }) => isBefore))
    return 'Encapsulation keys are looked at only where a ciphertext is made. A bad one passes while there is no private key.'
  if (isEach(({ index }) => index === 767)) return 'The last number of the 768 is not looked at.'
  if (isEach(({ index }) => index % 2 === 1))
    return 'Only the first number of each pair in three bytes is looked at.'
  if (isEach(({ index }) => index % 2 === 0))
    return 'Only the second number of each pair in three bytes is looked at.'
  return 'The modulus check is missing: each of the 768 numbers of an encapsulation key is below 3329.'
}

export async function kem2(context: Context): Promise<void> {
  const scene = await context.start({ curve: 'X25519' })
  const { identity } = await scene.show()
  // Whether X25519 comes to a session is for its own run to say.
  const hasAgreed = await scene.agree().then(
    () => true,
    (error: unknown) => {
      if (error instanceof Failure) return false
      throw error
    },
  )
  const { safetyNumber } = await scene.show()
  await context.restart(scene, { curve: 'X25519MLKEM768' })
  const after = await scene.show()
  const ask = new Questions(scene)
  const isOne = ask.holds(
    'one identity',
    after.identity === identity,
    'another one on X25519MLKEM768',
    'There is an identity for each suite. That of X25519MLKEM768 is the one of X25519, the same key.',
  )
  if (hasAgreed && safetyNumber !== null && isOne)
    ask.holds(
      'one safety number',
      after.safetyNumber === safetyNumber,
      after.safetyNumber === null ? 'none on X25519MLKEM768' : 'another one on X25519MLKEM768',
      after.safetyNumber === null
        ? 'The known identity of the other peer is kept for each suite. It is one for both.'
        : 'The safety number has the id of the suite in it. It has that of the curve, which is 1 on both.',
    )
  ask.end(
    'a start on X25519, then one on X25519MLKEM768 with the same {state}',
    'one identity and one safety number',
  )
}

export async function kem3(context: Context): Promise<void> {
  const scene = await context.shared()
  const { publicKey } = await keysOf(scene)
  const { suite } = scene
  const kem = kemOf(suite)
  const isKey = (key: Uint8Array) => passes(() => kem.checkEncapsulationKey(key))
  const { encapsulationKey, point } = halvesOf(suite, publicKey)
  const because =
    isKey(publicKey.subarray(point.length)) && !isKey(encapsulationKey)
      ? 'The point stands first. A public key is encapsulation key ‖ point.'
      : null
  const ask = new Questions(scene)
  ask.holds(
    'the first 1,184 bytes are an encapsulation key',
    isKey(encapsulationKey),
    'a number of 3329 or more',
    because,
  )
  ask.holds(
    'the last 32 bytes are a point',
    passes(() => suite.curve.checkPoint(point)),
    'a bad point',
    because,
  )
  ask.end('/send_keys', 'a public key that is encapsulation key ‖ point')
}

function passes(check: () => void): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}

export async function kem4(context: Context): Promise<void> {
  const scene = await context.start()
  const { suite } = scene
  const ask = new Questions(scene)
  const own = halvesOf(suite, (await keysOf(scene)).publicKey)
  const fresh = halvesOf(suite, ephemeralKeys(context.random, suite).publicKey)
  const halves = {
    'its encapsulation key beside a fresh point': concatBytes(own.encapsulationKey, fresh.point),
    'its point beside a fresh encapsulation key': concatBytes(fresh.encapsulationKey, own.point),
  }
  for (const [what, publicKey] of Object.entries(halves))
    await ask.refused(
      what,
      'reflection',
      { ...scene.strangersForm(), publicKey: bytesToHex(publicKey) },
      {
        because: { taken: 'One half of your own public key comes back, and passes: %.' },
      },
    )
  if (ask.wrong.length === 2)
    for (const one of ask.wrong)
      if (one.outcome === 'taken')
        one.because = 'Whole public keys are compared. One half of your own is enough.'
  await ask.genuine()
  ask.end('/send_keys, then each half of its public key beside a fresh one', '`reflection` each')
}
