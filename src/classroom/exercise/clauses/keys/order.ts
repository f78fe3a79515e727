/** keys/17: the order of the checks. */

import { bytesToHex, concatBytes, hexToBytes } from '../../../../protocol/bytes.ts'
import { halvesOf } from '../../../../protocol/suites.ts'
import { type Answer, NoAnswer } from '../../call.ts'
import type { Context } from '../../context.ts'
import { fieldsOf } from '../../forms.ts'
import type { Scene } from '../../scene.ts'
import { Questions } from '../questions.ts'
import { badPoint } from './points.ts'
import { anyConfirm, type Form, keysOf, ofAnother } from './shares.ts'

/** The rows of the table, in a few words each, with the code of each. */
const ROWS = {
  version: ['the version', 'bad_version'],
  fields: ['the fields', 'bad_message'],
  curve: ['the curve', 'curve_mismatch'],
  ciphertext: ['a ciphertext without a KEM', 'bad_message'],
  hex: ['hex and lengths', 'bad_encoding'],
  basePoint: ['the base point', 'bad_base_point'],
  point: ['points', 'bad_point'],
  reflection: ['reflection', 'reflection'],
  stale: ['used shares', 'stale_keys'],
  confirm: ['the tag', 'confirm_failed'],
} as const

type Row = keyof typeof ROWS

/** What is wrong with a message in two rows that stand one above the other. */
interface Pair {
  readonly first: Row
  readonly second: Row
  /** The fault of the first row, and that of the second. */
  readonly faults: readonly [Form, Form]
}

export async function keys17(context: Context): Promise<void> {
  const scene = await context.shared()
  const ask = new Questions(scene)
  const form = scene.strangersForm()
  for (const pair of pairsOf(context, scene, form)) await askPair(ask, scene, form, pair)
  if (scene.student !== null) await askOfStale(context, ask)
  await ask.genuine()
  ask.end('shares with two faults each', 'the code of the row that stands above the other one')
}

/** A row that does not do its own work is for other clauses: both faults are sent alone first. */
async function askPair(ask: Questions, scene: Scene, form: Form, pair: Pair): Promise<void> {
  const [first, second] = pair.faults
  const share = () => ofAnother(scene, form)
  const alone = async (row: Row, fault: Form) =>
    codeOf(await scene.attempt('/wire/keys', jsonOf({ ...share(), ...fault }))) === ROWS[row][1]
  if (!(await alone(pair.first, first)) || !(await alone(pair.second, second))) return
  await askBoth(ask, pair, { ...share(), ...second, ...first })
}

async function askBoth(
  ask: Questions,
  { first, second }: Pair | { first: Row; second: Row },
  body: Form,
) {
  const [above, code] = ROWS[first]
  const [below, other] = ROWS[second]
  const count = ask.wrong.length
  const sent = await ask.refused(`${above} and ${below}`, code, body)
  const wrong = ask.wrong[count]
  if (wrong && codeOf(sent) === other)
    wrong.because = `The page looks at ${above} before ${below}. Your peer has these two rows exchanged.`
}

function jsonOf(body: Form) {
  const headers = { 'content-type': 'application/json' }
  return { method: 'POST', headers, body: JSON.stringify(body) }
}

function codeOf(sent: Answer | NoAnswer): string | null {
  return sent instanceof NoAnswer || sent.status < 400 ? null : sent.code
}

function pairsOf(context: Context, { suite, studentIdentity }: Scene, form: Form): Pair[] {
  const version = { v: 1 }
  const fields = { more: 1 }
  const curve = { curve: 'P-521' }
  const ciphertext = { confirm: { ...anyConfirm(context), ciphertext: '00'.repeat(1_088) } }
  const hex = { basePoint: 'x' }
  const hexOfKey = { publicKey: 'x' }
  const basePoint = { basePoint: form['identity'] }
  const bad = { identity: bytesToHex(badPoint(suite)) }
  const { encapsulationKey } = halvesOf(suite, hexToBytes(String(form['publicKey'])))
  const own = bytesToHex(concatBytes(encapsulationKey, studentIdentity ?? new Uint8Array(0)))
  const pairs: Pair[] = [
    { first: 'version', second: 'fields', faults: [version, fields] },
    { first: 'fields', second: 'curve', faults: [fields, curve] },
    { first: 'curve', second: 'ciphertext', faults: [curve, ciphertext] },
    { first: 'ciphertext', second: 'hex', faults: [ciphertext, hex] },
    { first: 'curve', second: 'hex', faults: [curve, hex] },
    { first: 'hex', second: 'basePoint', faults: [hexOfKey, basePoint] },
    { first: 'basePoint', second: 'point', faults: [basePoint, bad] },
    { first: 'point', second: 'reflection', faults: [bad, { publicKey: own }] },
  ]
  return pairs.filter(
    ({ first, second }) =>
      suite.kem === null || (first !== 'ciphertext' && second !== 'ciphertext'),
  )
}

/** A used share that confirms the candidate with a wrong tag, in a process of its own: a tag that is not compared promotes. */
async function askOfStale(context: Context, ask: Questions): Promise<void> {
  const scene = await context.start()
  await keysOf(scene)
  const attempt = (body: Form) => scene.attempt('/wire/keys', jsonOf(body))
  const [used, kept] = [scene.strangersForm(), scene.strangersForm()]
  await attempt(used)
  const answer = await attempt(kept)
  const { session } = answer instanceof NoAnswer ? {} : fieldsOf(fieldsOf(answer.json)['confirm'])
  const confirm = { session, tag: bytesToHex(context.random.bytes(32)) }
  const alone = codeOf(await attempt(used)) === 'stale_keys'
  if (!alone || codeOf(await attempt({ ...kept, confirm })) !== 'confirm_failed') return
  // What the wrong tag has changed is for others: either code tells the order.
  const code = codeOf(await attempt({ ...used, confirm }))
  if (code === 'stale_keys' || code === 'confirm_failed')
    await askBoth(ask.beside(scene), { first: 'stale', second: 'confirm' }, { ...used, confirm })
}
