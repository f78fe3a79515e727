/** keys/15 and keys/16: the size of a key message, and what a refusal leaves as it was. */

import { Readable } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import { bytesToHex, equalBytes, hexToBytes } from '../../../../protocol/bytes.ts'
import { maxKeyMessageBytes } from '../../../../protocol/messages.ts'
import { halvesOf } from '../../../../protocol/suites.ts'
import type { Agreement } from '../../agreement.ts'
import { NoAnswer } from '../../call.ts'
import type { Context } from '../../context.ts'
import { Failure } from '../../failure.ts'
import { fieldsOf } from '../../forms.ts'
import type { Scene } from '../../scene.ts'
import { Questions, said } from '../questions.ts'
import { badPoint } from './points.ts'
import { anyConfirm, type Form, keysOf } from './shares.ts'

/** What may pass until a refusal of a body that never ends. */
const EARLY_MS = 5_000

export async function keys15(context: Context): Promise<void> {
  const scene = await context.shared()
  const ask = new Questions(scene)
  const limit = maxKeyMessageBytes(scene.suite)
  const padded = (length: number) => JSON.stringify(scene.strangersForm()).padEnd(length)
  const mayBreak = true
  await ask.taken(`${limit} bytes`, padded(limit), {
    because: `The limit is too low: ${limit} bytes have to be taken.`,
  })
  const because = 'There is no limit. These pass: %.'
  const count = ask.wrong.length
  await ask.refused(`${limit + 1} bytes`, 'too_large', padded(limit + 1), {
    mayBreak,
    because: { taken: because },
  })
  const over = ask.wrong[count]
  const long = padded(3 * limit)
  const pieces = Array.from({ length: 6 }, (_, i) =>
    Buffer.from(long.slice((i * limit) / 2, ((i + 1) * limit) / 2)),
  )
  await ask.refused(`${3 * limit} bytes in chunks, without a length`, 'too_large', '', {
    call: { body: Readable.from(pieces) },
    mayBreak,
    because: {
      taken: over
        ? because
        : 'The limit is one of Content-Length only: a body in chunks passes it.',
    },
  })
  if (over?.outcome === 'taken' && ask.wrong.length === count + 1)
    over.because = `The limit is too high: ${limit + 1} bytes pass.`
  // One byte, and then nothing: only the length that was announced can be refused.
  const endless = new Readable({ read() {} })
  endless.push('{')
  await ask.refused('a Content-Length of 10 GB with one byte', 'too_large', '', {
    call: {
      body: endless,
      headers: { 'content-type': 'application/json', 'content-length': '10000000000' },
      ms: EARLY_MS,
    },
    mayBreak,
    because: {
      crash:
        'It waits for the whole body before it refuses: for 10 GB that never come, longer than five seconds.',
    },
  })
  endless.destroy()
  await ask.genuine()
  ask.end(
    `shares of ${limit} bytes and more, with blanks behind the JSON`,
    '201, then `too_large` each',
  )
}

/** A candidate that waits for its confirmation, and the share that it came from. @throws Failure */
async function candidate(
  scene: Scene,
): Promise<{ session: Agreement; publicKey: Uint8Array; own: Uint8Array }> {
  const message = await keysOf(scene)
  const ephemeral = scene.freshKeys(message.publicKey)
  const answer = await scene.post('/wire/keys', scene.keyForm(ephemeral.publicKey))
  const confirm = scene.confirmOf(fieldsOf(answer.json)['confirm'])
  const { publicKey } = message
  const session = scene.agreement(ephemeral, { publicKey, confirm }, 'student')
  if (confirm === null || !equalBytes(confirm.session, session.id))
    throw new Failure({
      did: '/send_keys, then a share',
      wanted: 'a confirm of the candidate',
      got: said(answer),
      cause: null,
    })
  return { session, publicKey: ephemeral.publicKey, own: publicKey }
}

interface Refusal {
  readonly what: string
  readonly body: Form | string
}

/** One message of each kind that is refused, each with a share of its own. */
function refusals(
  context: Context,
  scene: Scene,
  session: Agreement,
  publicKey: Uint8Array,
  own: Uint8Array,
): Refusal[] {
  const { suite, studentIdentity } = scene
  const genuine = () => scene.strangersForm()
  const key = (form: Form) =>
    halvesOf(suite, hexToBytes(String(form['publicKey']))).encapsulationKey
  const bad = bytesToHex(badPoint(suite))
  const pointed = (form: Form, point: string): Form => ({
    ...form,
    publicKey: bytesToHex(key(form)) + point,
  })
  const wrong = { ...session.confirmForm(), tag: bytesToHex(context.random.bytes(32)) }
  const { point } = halvesOf(suite, own)
  const all: Record<string, Form | string> = {
    'JSON that is cut': JSON.stringify(genuine()).slice(0, -1),
    'one more field': { ...genuine(), more: 1 },
    'v is 3': { ...genuine(), v: 3 },
    'another curve': { ...genuine(), curve: 'P-521' },
    'an identity of odd length': { ...genuine(), identity: `${genuine()['identity']}0` },
    'a confirm without a tag': { ...genuine(), confirm: { session: anyConfirm(context).session } },
    'an identity as base point': { ...genuine(), basePoint: genuine()['identity'] },
    'a bad point as identity': { ...genuine(), identity: bad },
    'a bad point as public key': pointed(genuine(), bad),
    'its own identity': {
      ...genuine(),
      identity: bytesToHex(studentIdentity ?? new Uint8Array(0)),
    },
    'its own public key': pointed(genuine(), bytesToHex(point)),
    'too many bytes': JSON.stringify(genuine()).padEnd(maxKeyMessageBytes(suite) + 1),
    'a wrong tag under another share': { ...genuine(), confirm: wrong },
    'a wrong tag': scene.keyForm(publicKey, wrong),
  }
  return Object.entries(all).map(([what, body]) => ({ what, body }))
}

type Tried =
  | { readonly kind: 'right' }
  /** It was taken: whether it should have been refused is for other clauses. */
  | { readonly kind: 'taken'; readonly what: string }
  | { readonly kind: 'changed'; readonly after: string }
  | { readonly kind: 'not promoted'; readonly asked: readonly string[]; readonly got: string }

/** A fresh start, a candidate, the messages that `isAsked`, and then the right confirmation. @throws Failure */
async function tryOut(context: Context, isAsked: (what: string) => boolean): Promise<Tried> {
  const scene = await context.start()
  const { session, publicKey, own } = await candidate(scene)
  const before = await scene.show()
  const asked = refusals(context, scene, session, publicKey, own).filter(({ what }) =>
    isAsked(what),
  )
  for (const { what, body } of asked) {
    const sent = await scene.attempt('/wire/keys', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    if (!(sent instanceof NoAnswer) && sent.status < 300 && sent.code === null)
      return { kind: 'taken', what }
    if (!isDeepStrictEqual(await scene.show(), before)) return { kind: 'changed', after: what }
  }
  const form = scene.keyForm(publicKey, session.confirmForm())
  const answer = await scene.post('/wire/keys', form)
  const isPromoted = scene.isTaken(answer) && (await scene.isOn(session))
  await context.stop(scene)
  if (isPromoted) return { kind: 'right' }
  const got = scene.isTaken(answer) ? 'it is taken, and /show has no session' : said(answer)
  return { kind: 'not promoted', asked: asked.map(({ what }) => what), got }
}

/** How long new starts go on that look for the one message that did it. */
const SEARCH_MS = 10_000

export async function keys16(context: Context): Promise<void> {
  const begun = performance.now()
  const hasTime = () => performance.now() - begun < SEARCH_MS
  const taken = new Set<string>()
  let tried = await tryOut(context, () => true)
  while (tried.kind === 'taken' && hasTime()) {
    taken.add(tried.what)
    tried = await tryOut(context, (what) => !taken.has(what))
  }
  if (tried.kind === 'right') return
  const did =
    'a candidate, one message of each kind that is refused, the right confirmation of the candidate'
  const changes = 'State is changed before the check that refuses'
  if (tried.kind !== 'not promoted')
    throw new Failure({
      did,
      wanted: '/show is as before, after each of them',
      got: `${tried.kind} after: ${tried.kind === 'changed' ? tried.after : tried.what}`,
      cause: tried.kind === 'changed' ? `${changes}: /show differs after ${tried.after}.` : null,
    })
  // The first `high` of them do it, and the first `low` don't.
  const { asked, got } = tried
  let [low, high] = [0, asked.length]
  while (high - low > 1 && hasTime()) {
    const middle = (low + high) >> 1
    const first = asked.slice(0, middle)
    const half = await tryOut(context, (what) => first.includes(what))
    if (half.kind === 'right') low = middle
    else high = middle
  }
  throw new Failure({
    did,
    wanted: 'the candidate is promoted',
    got,
    cause: `${changes}: by ${high - low > 1 ? 'one of them' : asked[low]}. Without it the candidate is promoted.`,
  })
}
