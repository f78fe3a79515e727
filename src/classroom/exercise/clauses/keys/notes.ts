/** keys/18 to keys/21: what is looked at and not graded. */

import { gzipSync } from 'node:zlib'
import { NoAnswer } from '../../call.ts'
import type { Context } from '../../context.ts'
import { fieldsOf } from '../../forms.ts'
import type { Scene } from '../../scene.ts'
import { said } from '../questions.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

export async function keys18(context: Context): Promise<void> {
  const scene = await context.shared()
  const body = JSON.stringify(scene.strangersForm())
  const requests = [
    ...['GET', 'PUT', 'DELETE', 'OPTIONS'].map((method) => [method, '/wire/keys'] as const),
    ...['/wire/keys/', '/wire/KEYS', '/wire/other', '/wire/keys/x'].map(
      (path) => ['POST', path] as const,
    ),
  ]
  const answered: string[] = []
  for (const [method, path] of requests) {
    const sent = await scene.attempt(path, {
      method,
      ...(method === 'GET' ? {} : { body, headers: JSON_TYPE }),
    })
    if (sent instanceof NoAnswer || sent.status < 400)
      answered.push(`${method} ${path} (${said(sent)})`)
  }
  context.note(
    answered.length === 0
      ? 'other methods and other paths are refused'
      : `not refused: ${answered.join(', ')}`,
  )
}

export async function keys19(context: Context): Promise<void> {
  const scene = await context.shared()
  const types = ['text/plain', 'application/x-www-form-urlencoded']
  const taken: string[] = []
  for (const type of types) {
    const sent = await attempt(scene, JSON.stringify(scene.strangersForm()), {
      'content-type': type,
    })
    if (isTaken(scene, sent)) taken.push(`as ${type}`)
  }
  const zipped = gzipSync(JSON.stringify(scene.strangersForm()))
  const sent = await attempt(scene, zipped, { ...JSON_TYPE, 'content-encoding': 'gzip' })
  if (isTaken(scene, sent)) taken.push('with Content-Encoding: gzip')
  context.note(
    taken.length === 0
      ? 'a key message of another type is refused'
      : `a key message is taken ${taken.join(', ')}. A web page elsewhere sends text/plain and forms without asking`,
  )
}

function attempt(scene: Scene, body: string | Uint8Array, headers: Record<string, string>) {
  return scene.attempt('/wire/keys', { method: 'POST', body, headers })
}

function isTaken(scene: Scene, sent: Awaited<ReturnType<typeof attempt>>): boolean {
  return !(sent instanceof NoAnswer) && scene.isTaken(sent)
}

/** Lines of a stack trace in the usual languages, and paths of a file system. */
const TRACES = [
  /Traceback \(most recent call last\)/,
  /\.[cm]?[jt]s:\d{1,6}:\d{1,6}/,
  /\bat [\w.$]{1,200}\([\w.]{1,100}:\d+\)/,
  /goroutine \d+ \[/,
  /"?\/(?:home|usr|Users|tmp|var|opt|root)\/[\w.-]/,
  /[A-Z]:\\\\?(?:Users|Windows|Program)/,
]

export async function keys20(context: Context): Promise<void> {
  const scene = await context.shared()
  const form = scene.strangersForm()
  const seen = new Set<string>()
  for (const body of [
    'x',
    JSON.stringify({ ...form, v: 3 }),
    JSON.stringify({ ...form, identity: 'x' }),
  ]) {
    const { status, headers, json, body: bytes } = await scene.post('/wire/keys', body)
    const text = bytes.toString('utf8', 0, 20_000)
    const { status: own, title } = fieldsOf(json)
    const type = headers['content-type'] ?? ''
    if (!/^application\/problem\+json *(?:;|$)/i.test(type))
      seen.add('its type is not application/problem+json')
    if (own !== status) seen.add('`status` is not that of the answer')
    if (typeof title !== 'string') seen.add('there is no `title`')
    if (TRACES.some((pattern) => pattern.test(text))) seen.add('it has a stack or a path in it')
  }
  context.note(
    seen.size === 0
      ? 'refusals have the form of RFC 9457'
      : `a refusal has not the form of RFC 9457: ${[...seen].join('; ')}`,
  )
}

export async function keys21(context: Context): Promise<void> {
  const { scene, session } = await context.agreed()
  const said: string[] = []
  for (const v of ['2.0', '2e0']) {
    const form = scene.keyForm(scene.freshKeys().publicKey)
    const body = JSON.stringify(form).replace('"v":2', `"v":${v}`)
    said.push(`\`v\` ${v} is ${await outcomeOf(scene, '/wire/keys', body)}`)
  }
  await scene.post('/wire/message', session.messageForm('one'))
  const body = JSON.stringify(session.messageForm('two')).replace('"seq":1', '"seq":1e0')
  said.push(`\`seq\` 1e0 is ${await outcomeOf(scene, '/wire/message', body)}`)
  await scene.decrypt()
  context.note(`${said.join(', ')}: both are right`)
}

async function outcomeOf(scene: Scene, path: string, body: string): Promise<string> {
  const sent = await scene.attempt(path, { method: 'POST', body, headers: JSON_TYPE })
  return isTaken(scene, sent) ? 'taken' : 'refused'
}
