/** Stage 6: secrets and texts stand on the owner's terminal and nowhere else. */

import { setTimeout as wait } from 'node:timers/promises'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, equalBytes, utf8ToBytes } from '../../../../protocol/bytes.ts'
import { halvesOf } from '../../../../protocol/suites.ts'
import { printable } from '../../../../terminal/printable.ts'
import type { Agreement } from '../../agreement.ts'
import type { Answer, CallOptions } from '../../call.ts'
import type { Context } from '../../context.ts'
import { changedSince, contentsOf, filesUnder, shownPath } from '../../files.ts'
import { type Received, refusal } from '../../otherPeer.ts'
import { Probes } from '../../probes.ts'
import type { Scene } from '../../scene.ts'
import { pictureOf } from '../pictures/genuine.ts'
import { leakIn, type Secret } from './forms.ts'
import { privateKeyIn } from './privateKeys.ts'

/** Steps of each chain whose keys are looked for. */
const STEPS = 3
/** What is written behind an answer is waited for so long. */
const AFTER_MS = 300

/** Something that the student's peer wrote. */
interface Place {
  /** As a report calls it. */
  readonly name: string
  readonly content: Uint8Array
}

/** An exchange in which every secret was used, and where its secrets must not stand. */
interface Observed {
  readonly scene: Scene
  readonly secrets: readonly Secret[]
  /** The student's, on the curve. */
  readonly publicKeys: readonly Uint8Array[]
  readonly answers: readonly Place[]
  readonly requests: readonly Place[]
}

/** An agreement, texts and a picture each way, each route of the owner's, and refusals. @throws Failure */
async function observe(
  context: Context,
  { scene, session }: { scene: Scene; session: Agreement },
): Promise<Observed> {
  const { random } = context
  const { suite } = scene
  const begun = scene.other.received.length
  const answers: Place[] = []
  const ask = async (name: string, path: string, options: CallOptions = {}) => {
    const answer = await scene.attempt(path, options)
    if ('status' in answer) answers.push({ name: `the answer of ${name}`, content: whole(answer) })
    return answer
  }
  const token = () => `text ${bytesToHex(random.bytes(8))}`
  const [own, others, refused] = [token(), token(), token()]
  const plain = { 'content-type': 'text/plain; charset=utf-8' }
  const json = { 'content-type': 'application/json' }

  await ask('/send_msg', '/send_msg', { method: 'POST', body: own, headers: plain })
  const message = session.messageForm(others)
  const sent = { method: 'POST', body: JSON.stringify(message), headers: json }
  await ask('/wire/message', '/wire/message', sent)
  await ask('/wire/message to a copy', '/wire/message', sent)
  await ask('/show while a text waits', '/show')
  await ask('/decrypt_msg', '/decrypt_msg')
  await ask('/send_image', '/send_image', {
    method: 'POST',
    body: pictureOf(random, 'image/png', 200),
    headers: { 'content-type': 'image/png' },
  })
  await ask('/show', '/show')
  await ask('/', '/')
  await ask('/ in a browser', '/', { headers: { accept: 'text/html' } })
  await ask('a path that there is not', `/${bytesToHex(random.bytes(4))}`)
  await ask('/wire/keys to what is no JSON', '/wire/keys', {
    method: 'POST',
    body: '{',
    headers: json,
  })
  const broken = { ...message, seq: session.nextText, ciphertext: '00'.repeat(40) }
  await ask('/wire/message to what does not open', '/wire/message', {
    method: 'POST',
    body: JSON.stringify(broken),
    headers: json,
  })
  scene.onMessage = () => refusal('unknown_session', 409)
  await ask('/send_msg that is refused', '/send_msg', {
    method: 'POST',
    body: refused,
    headers: plain,
  })
  scene.onKeys = () => refusal('identity_changed', 409)
  await ask('/send_keys that is refused', '/send_keys')
  scene.onKeys = () => scene.acceptedKeys()
  await ask('/send_keys', '/send_keys')
  await ask('/show after /send_keys', '/show')

  await wait(AFTER_MS)
  const received = scene.other.received.slice(begun)
  const requests = await Promise.all(received.map(placeOf))
  const messages = await Promise.all(
    received
      .filter(({ path }) => path === '/wire/keys')
      .map((one) => scene.keyMessage(one).catch(() => null)),
  )
  const shares = [
    session.material.student.publicKey,
    ...messages.flatMap((one) => (one ? [one.publicKey] : [])),
  ]
  return {
    scene,
    secrets: [
      ...secretsOf(session),
      ...[own, refused].map((text) => ({ name: 'a text that you send', value: utf8ToBytes(text) })),
      { name: 'a text that came', value: utf8ToBytes(others) },
    ],
    publicKeys: [
      session.material.student.identity,
      ...shares.map((one) => halvesOf(suite, one).point),
    ],
    answers,
    requests,
  }
}

/** Status, headers and body. */
function whole({ status, headers, body }: Answer): Uint8Array {
  return Buffer.concat([Buffer.from(`${status} ${JSON.stringify(headers)}\n`), body])
}

async function placeOf({ method, path, headers, body }: Received): Promise<Place> {
  const name = `your request ${method} ${printable(path.slice(0, 60))}`
  const bytes = await body().catch(() => Buffer.alloc(0))
  const head = Buffer.from(`${path} ${JSON.stringify(headers)}\n`)
  return { name, content: Buffer.concat([head, bytes]) }
}

/** All of an agreement that nobody else may know. A key that the student's peer takes for its tag was said to be wrong there. */
function secretsOf(session: Agreement): Secret[] {
  const { computed } = session
  const tags = [session.tagOf('student'), session.tagOf('examiner')]
  const named = computed.secretValues.filter(
    ([, value]) => !tags.some((tag) => equalBytes(tag, value)),
  )
  const chains = named.filter(([name]) => /"(?:chain|files) /.test(name))
  return [
    ...named.map(([name, value]) => ({ name, value })),
    ...chains.flatMap(([name, value]) => stepsOf(name, value)),
    ...(['student', 'examiner'] as const).flatMap((side) =>
      Array.from({ length: STEPS }, (_, n) => ({
        name: `the key of message ${n} ${side === 'student' ? 'of yours' : 'of the other peer'}`,
        value: computed.messageKey(side, n),
      })),
    ),
  ]
}

/** chain_1, chain_2, … and the keys that are taken from them. */
function stepsOf(name: string, first: Uint8Array): Secret[] {
  const all: Secret[] = []
  let chain = first
  for (let n = 0; n < STEPS; n++) {
    all.push({ name: `key_${n} of ${name}`, value: hmac(sha256, chain, Uint8Array.of(1)) })
    chain = hmac(sha256, chain, Uint8Array.of(2))
    all.push({ name: `chain_${n + 1} of ${name}`, value: chain })
  }
  return all
}

/** Says each place in which a secret stands. */
function look(
  probes: Probes,
  { scene, secrets, publicKeys }: Observed,
  places: readonly Place[],
  { withPrivateKeys = true } = {},
): void {
  for (const { name, content } of places) {
    const leak = leakIn(secrets, content)
    const key =
      leak === null && withPrivateKeys ? privateKeyIn(scene.suite.curve, publicKeys, content) : null
    const what = leak
      ? `${leak.name}${leak.name.startsWith('a text') && leak.form === 'raw bytes' ? '' : `, as ${leak.form},`}`
      : `the private key of your ${key === publicKeys[0] ? 'identity' : 'fresh key pair'}`
    probes.holds(`nothing secret in ${name}`, leak === null && key === null, what, {
      cause: `What nobody else may see stands in ${name}: ${what} is there. Secrets and texts appear on standard output and nowhere else.`,
    })
  }
}

const DID = 'an agreement, texts and a picture each way, every route of the owner, and refusals'

/** owner/2 */
export async function inAnswers(context: Context): Promise<void> {
  const observed = await observe(context, await context.agreed())
  const probes = new Probes(observed.scene)
  look(probes, observed, [...observed.answers, ...observed.requests])
  probes.end(DID, 'no secret and no text in any answer or request', () => probes.firstCause)
}

/** owner/3: a fresh start, since files may be written as it begins. */
export async function inFiles(context: Context): Promise<void> {
  const { student } = (await context.agreed()).scene
  const root = student?.cwd ?? null
  const before = root === null ? [] : await filesUnder(root)
  const scene = await context.start()
  const { state } = scene
  if (state === null) return
  const observed = await observe(context, { scene, session: await scene.agree() })
  const probes = new Probes(scene)
  const shown = (file: string) => `the file ${shownPath(file, state, root)}`
  // Its own private keys may stand there.
  for await (const { file, content } of contentsOf(await filesUnder(state)))
    look(probes, observed, [{ name: shown(file.path), content }], { withPrivateKeys: false })
  const changed = root === null ? [] : changedSince(before, await filesUnder(root))
  for await (const { file, content } of contentsOf(changed))
    look(probes, observed, [{ name: shown(file.path), content }])
  probes.end(
    DID,
    'no secret and no text in a file under {state} or in the current folder',
    () => probes.firstCause,
  )
}

/** owner/4 */
export async function onStandardError(context: Context): Promise<void> {
  const observed = await observe(context, await context.agreed())
  const { scene } = observed
  if (scene.student === null) return
  const probes = new Probes(scene)
  const content = scene.student.stderr.since(0)
  look(probes, observed, [{ name: 'standard error', content }])
  probes.end(DID, 'no secret and no text on standard error', () => probes.firstCause)
}
