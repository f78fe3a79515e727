/** keys/10: hex has one form. */

import type { Context } from '../../context.ts'
import { listed, Questions, type Wrong } from '../questions.ts'
import { anyConfirm, type Form, ofAnother } from './shares.ts'

/** Hex in forms that it does not have, which a generous reader takes for the same bytes. */
export function badHex(hex: string): Record<string, string> {
  const digits = (zero: number) =>
    hex.replaceAll(/[0-9]/g, (digit) => String.fromCodePoint(zero + Number(digit)))
  return {
    'in upper case': hex.toUpperCase(),
    'with blanks between the bytes': hex.replaceAll(/(..)(?=.)/g, '$1 '),
    'with a blank before it': ` ${hex}`,
    'with a blank behind it': `${hex} `,
    'with a line feed before it': `\n${hex}`,
    'with a line feed behind it': `${hex}\n`,
    'with a digit less': hex.slice(1),
    'with a digit more': `${hex}0`,
    'with 0x before it': `0x${hex}`,
    'with a byte less': hex.slice(0, -2),
    'with a byte more': `${hex}00`,
    'that is empty': '',
    'with letters that are no digits': `${hex.slice(0, -2)}gg`,
    'in full-width digits': digits(0xff10),
    'in Arabic digits': digits(0x660),
    'with a minus before it': `-${hex}`,
    'with a zero byte behind it': `${hex}\0`,
    'with an underscore': `${hex.slice(0, 2)}_${hex.slice(2)}`,
  }
}

/** What is wrong with hex, and in which field. */
interface Asked {
  readonly how: string
  readonly field: string
  readonly wrong: Wrong
}

const IN_CONFIRM = ['session', 'tag'] as const

export async function keys10(context: Context): Promise<void> {
  const scene = await context.shared()
  const ask = new Questions(scene)
  const asked: Asked[] = []
  const form = scene.strangersForm()
  const refused = async (field: string, how: string, body: Form) => {
    const count = ask.wrong.length
    await ask.refused(`${field} ${how}`, 'bad_encoding', body)
    const wrong = ask.wrong[count]
    if (wrong) asked.push({ how, field, wrong })
  }
  const fields = ['basePoint', 'identity', 'publicKey'] as const
  for (const field of fields) {
    for (const how of Object.keys(badHex(''))) {
      const another = ofAnother(scene, form)
      const own = String(another[field])
      const value = badHex(own)[how]
      if (value !== own) await refused(field, how, { ...another, [field]: value })
    }
    if (scene.suite.name !== 'P-256' || field === 'basePoint') continue
    const another = ofAnother(scene, form)
    const point = String(another[field])
    const isOdd = Number.parseInt(point.slice(-1), 16) % 2 === 1
    const compressed = (isOdd ? '03' : '02') + point.slice(2, 66)
    await refused(field, 'of a compressed point', { ...another, [field]: compressed })
    await refused(field, 'without its 04', { ...another, [field]: point.slice(2) })
  }
  for (const field of IN_CONFIRM)
    for (const how of Object.keys(badHex(''))) {
      const confirm = anyConfirm(context)
      const value = badHex(confirm[field])[how]
      const body = { ...ofAnother(scene, form), confirm: { ...confirm, [field]: value } }
      if (value !== confirm[field]) await refused(`confirm.${field}`, how, body)
    }
  explain(asked, [...fields, ...IN_CONFIRM.map((field) => `confirm.${field}`)])
  await ask.genuine()
  ask.end('a share with hex in other forms', '`bad_encoding` each')
}

/** Names the forms that pass, and the fields in which they do if it is not all of them. */
function explain(asked: readonly Asked[], fields: readonly string[]): void {
  const passed = asked.filter(({ wrong }) => ['taken', 'past'].includes(wrong.outcome))
  const of = (field: string) => passed.filter((one) => one.field === field)
  const first = new Set(of('basePoint').map(({ wrong }) => wrong.code))
  if (first.size === 1 && first.has('bad_base_point'))
    for (const { wrong } of of('basePoint'))
      wrong.because = 'The base point is compared before its hex is looked at.'
  const others = passed.filter(({ wrong }) => wrong.because === null)
  const seen = fields.filter((field) => others.some((one) => one.field === field))
  // The base point has no letters on X25519, and a confirmation of nothing no bytes that count.
  const isAll = seen.length >= fields.length - 1
  const forms = listed(others.map(({ how }) => how))
  for (const { wrong } of others)
    wrong.because = `The reader of hex is more generous than the page: it takes hex ${forms}${isAll ? '' : ` (in ${seen.join(', ')})`}.`
}
