/** keys/7 to keys/9: version, fields and curve of a key message. */

import { bytesToHex } from '../../../../protocol/bytes.ts'
import { SUITES, type Suite } from '../../../../protocol/suites.ts'
import { NoAnswer } from '../../call.ts'
import { ephemeralKeys, keyPair } from '../../computation/keys.ts'
import type { Context } from '../../context.ts'
import { Questions } from '../questions.ts'
import { anyConfirm, type Form, ofAnother } from './shares.ts'

const OTHER_VERSION = {
  taken: 'The version is not compared with the number 2. These pass: %.',
  'other code': 'A version that is a number other than 2 is `bad_version`, and no other code: %.',
}
const NO_NUMBER = {
  taken: 'The version is compared loosely. These count as the number 2: %.',
  past: '`bad_version` is for numbers. What is none is `bad_message`: %.',
}
const TRUE_IS_1 = '`true` counts as a number. In JSON it is none.'

export async function keys7(context: Context): Promise<void> {
  const scene = await context.shared()
  const ask = new Questions(scene)
  const form = scene.strangersForm()
  const withVersion = (v: unknown) => ({ ...ofAnother(scene, form), v })
  for (const v of [1, 3, 0, -2, 2.5])
    await ask.refused(`v is ${v}`, 'bad_version', withVersion(v), { because: OTHER_VERSION })
  const isRight = ask.wrong.length === 0
  const huge = JSON.stringify(withVersion(2)).replace('"v":2', '"v":1e999')
  await ask.refused('v is 1e999', 'bad_version', huge, {
    because: {
      ...OTHER_VERSION,
      crash: 'A number that is too large (1e999) ends the request with an exception.',
      ...(isRight
        ? { 'other code': 'A number that is too large (1e999) is read as no number.' }
        : {}),
    },
  })
  const after = 'The version is looked at after the fields. Another version may have other fields.'
  await ask.refused(
    'v is 1, with other fields',
    'bad_version',
    { v: 1, text: [] },
    {
      because: { ...OTHER_VERSION, 'other code': isRight ? after : '' },
    },
  )
  for (const v of ['2', null, [2], {}])
    await ask.refused(`v is ${JSON.stringify(v)}`, 'bad_message', withVersion(v), {
      because: NO_NUMBER,
    })
  const { v: _v, ...rest } = withVersion(2)
  await ask.refused('no v', 'bad_message', rest, {
    because: { ...NO_NUMBER, taken: 'A message without a version is taken.' },
  })
  const isOnlyTrue = ask.wrong.every(({ outcome }) => outcome !== 'past')
  await ask.refused('v is true', 'bad_message', withVersion(true), {
    because: isOnlyTrue ? { taken: TRUE_IS_1 } : NO_NUMBER,
  })
  await ask.genuine()
  ask.end('a share with another `v`', '`bad_version` for numbers, `bad_message` for the rest')
}

function short(value: unknown): string {
  return Array.isArray(value) ? 'a list' : JSON.stringify(value)
}

export async function keys8(context: Context): Promise<void> {
  const scene = await context.shared()
  const ask = new Questions(scene)
  const share = scene.strangersForm()
  const form = () => ofAnother(scene, share)
  const refused = (what: string, body: Form | string, taken: string) =>
    ask.refused(what, 'bad_message', body, { because: { taken } })
  for (const field of ['curve', 'basePoint', 'identity', 'publicKey']) {
    const { [field]: own, ...rest } = form()
    await refused(`no ${field}`, rest, 'A message passes that lacks a field: %.')
    for (const value of [null, 7, [own], true, {}])
      await refused(
        `${field} is ${short(value)}`,
        { ...rest, [field]: value },
        'A field of another type passes: %.',
      )
  }
  for (const name of ['more', '', 'constructor', '__proto__', 'V', 'ciphertext'])
    await refused(
      `"${name}"`,
      JSON.stringify(form()).replace(/\}$/, `,${JSON.stringify(name)}:1}`),
      'Fields pass that the page does not have: %. It has exactly these.',
    )
  const nullPasses = '`confirm` may be absent. `null` is not absent.'
  await refused('confirm is null', { ...form(), confirm: null }, nullPasses)
  for (const value of [[], 'confirm', true, 7])
    await refused(
      `confirm is ${short(value)}`,
      { ...form(), confirm: value },
      'A `confirm` passes that is no object: %.',
    )
  const confirm = anyConfirm(context)
  const { session, tag } = confirm
  const confirms: Record<string, Form> = {
    'an empty one': {},
    'without tag': { session },
    'without session': { tag },
    'with one more field': { ...confirm, more: 1 },
    'tag is 7': { session, tag: 7 },
    'tag is null': { session, tag: null },
    'session is a list': { session: [session], tag },
    'ciphertext is null': { ...confirm, ciphertext: null },
  }
  for (const [what, value] of Object.entries(confirms))
    await refused(
      `confirm: ${what}`,
      { ...form(), confirm: value },
      'The fields of `confirm` are not looked at closely enough. These pass: %.',
    )
  await ask.genuine()
  ask.end('a share with fields too few, too many, or of another type', '`bad_message` each')
}

const LENGTHS_FIRST =
  'Hex and lengths are looked at before the curve. Another suite has other lengths: %.'

export async function keys9(context: Context): Promise<void> {
  const scene = await context.shared()
  const ask = new Questions(scene)
  const share = scene.strangersForm()
  /** A message on another curve, and the same with bad hex, which tells only where the first one is right. */
  const refused = async (what: string, body: Form, because: Record<string, string>) => {
    const count = ask.wrong.length
    const sent = await ask.refused(what, 'curve_mismatch', body, { because })
    const wrong = ask.wrong[count]
    if (wrong && !(sent instanceof NoAnswer) && sent.code === 'too_large')
      wrong.because =
        'The size is looked at before the curve. Key messages of X25519MLKEM768 have up to 8,192 bytes: read so many.'
    await ask.refused(
      `${what}, with bad hex`,
      'curve_mismatch',
      { ...body, publicKey: 'x' },
      {
        because: {
          taken: '',
          past: wrong && wrong.outcome !== 'past' ? '' : LENGTHS_FIRST,
          'other code': wrong ? '' : 'Something else is looked at before the curve: %.',
        },
      },
    )
  }
  for (const other of Object.values(SUITES).filter(({ name }) => name !== scene.suite.name))
    await refused(`keys on ${other.name}`, foreignForm(context, other), {
      taken: 'The curve is not compared: %.',
      past: LENGTHS_FIRST,
    })
  for (const curve of [scene.suite.name.toLowerCase(), 'P-521', ''])
    await refused(
      `curve "${curve}"`,
      { ...ofAnother(scene, share), curve },
      {
        taken: 'The curve is not compared as it stands. These pass: %.',
        'other code':
          'Any string but the own curve is `curve_mismatch`, the name of no suite too: %.',
      },
    )
  if (scene.suite.kem === null) {
    const confirm = { ...anyConfirm(context), ciphertext: '00'.repeat(1_088) }
    await ask.refused(
      'a ciphertext',
      'bad_message',
      { ...ofAnother(scene, share), confirm },
      {
        because: {
          taken: '`confirm.ciphertext` passes. It belongs to the KEM.',
          past: '`confirm.ciphertext` belongs to the KEM: here it is `bad_message`.',
        },
      },
    )
  }
  await ask.genuine()
  ask.end('shares on other curves', '`curve_mismatch` each')
}

/** What another suite's peer sends: on the one with a KEM with a ciphertext, so that it is as long as can be. */
function foreignForm(context: Context, suite: Suite): Form {
  const { random } = context
  const { curve, kem, name } = suite
  const confirm = kem !== null && {
    confirm: { ...anyConfirm(context), ciphertext: bytesToHex(random.bytes(kem.ciphertextBytes)) },
  }
  return {
    v: 2,
    curve: name,
    basePoint: bytesToHex(curve.basePoint),
    identity: bytesToHex(keyPair(random, suite).publicKey),
    publicKey: bytesToHex(ephemeralKeys(random, suite).publicKey),
    ...confirm,
  }
}
