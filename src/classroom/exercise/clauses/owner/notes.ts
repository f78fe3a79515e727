/** Notes on stage 6: what is seen, and not graded. */

import { open, readFile } from 'node:fs/promises'
import net from 'node:net'
import { networkInterfaces } from 'node:os'
import { TABLE } from '../../../../http/codes.ts'
import { SAFE_HEADERS } from '../../../../http/problems.ts'
import { printable } from '../../../../terminal/printable.ts'
import { type Answer, NoAnswer } from '../../call.ts'
import type { Context } from '../../context.ts'
import { contentsOf, filesUnder } from '../../files.ts'
import { fieldsOf } from '../../forms.ts'
import type { Scene } from '../../scene.ts'
import { privateKeyIn } from './privateKeys.ts'

const ANSWER_MS = 1_000
/** Of the memory of a process, and of one piece of it. */
const MAX_MEMORY = 512 * 1024 * 1024
const PIECE_BYTES = 8 * 1024 * 1024
const SEARCH_MS = 6_000
/** Of an answer to a request that was written by hand. */
const MAX_HEAD = 1024

/** owner/10 */
export async function addresses(context: Context): Promise<void> {
  const scene = await context.shared()
  const others = Object.values(networkInterfaces()).flatMap((all = []) =>
    all
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => address),
  )
  const candidates = [...(process.platform === 'linux' ? ['127.0.0.2'] : []), ...others.slice(0, 4)]
  const answered: string[] = []
  for (const address of candidates)
    if (!((await scene.attempt('/show', { address, ms: ANSWER_MS })) instanceof NoAnswer))
      answered.push(address)
  if (answered.length > 0)
    context.note(`it listens on more than 127.0.0.1: ${answered.join(', ')} answers too`)
}

/** owner/11 */
export async function readableKeys(context: Context): Promise<void> {
  const { scene } = await context.agreed()
  const { state, studentIdentity, suite } = scene
  if (process.platform === 'win32' || state === null || studentIdentity === null) return
  for await (const { file, content } of contentsOf(await filesUnder(state)))
    if ((file.mode & 0o044) !== 0 && privateKeyIn(suite.curve, [studentIdentity], content) !== null)
      context.note(
        `others may read the private key of your identity in ${printable(file.path.slice(-60))}: mode 0600 is for its owner alone`,
      )
}

/** owner/12 */
export async function usedKeys(context: Context): Promise<void> {
  if (process.platform !== 'linux') return
  const { scene, session } = await context.agreed()
  const pid = scene.student?.pid ?? null
  if (pid === null) return
  const { messages } = await scene.sendText('a text whose key is used up')
  if (messages.length === 0) return
  await scene.post('/wire/message', session.messageForm('another one'))
  await scene.decrypt()
  const { computed } = session
  const used = [
    ...(['student', 'examiner'] as const).map((side) => computed.messageKey(side, 0)),
    ...computed.secretValues.filter(([name]) => name.startsWith('K("chain')).map(([, key]) => key),
  ].map((key) => Buffer.from(key))
  const found = await countIn(pid, used)
  if (found > 0)
    context.note(
      `${found} of ${used.length} used chain and message keys are still in the memory of the process; in languages with a garbage collector this is usual`,
    )
}

/** How many of `keys` stand in what the process can write to. 0 where the system does not let us look. */
async function countIn(pid: number, keys: readonly Buffer[]): Promise<number> {
  const maps = await readFile(`/proc/${pid}/maps`, 'latin1').catch(() => '')
  const memory = await open(`/proc/${pid}/mem`, 'r').catch(() => null)
  if (memory === null) return 0
  const until = performance.now() + SEARCH_MS
  const left = new Set(keys)
  let read = 0
  try {
    for (const line of maps.split('\n')) {
      const [, from = '', to = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? []
      const [begin, end] = [Number.parseInt(from, 16), Number.parseInt(to, 16)]
      for (let at = begin; at < end; at += PIECE_BYTES - 32) {
        const buffer = Buffer.alloc(Math.min(PIECE_BYTES, end - at))
        const { bytesRead } = await memory
          .read(buffer, 0, buffer.length, at)
          .catch(() => ({ bytesRead: 0 }))
        for (const key of left) if (buffer.subarray(0, bytesRead).includes(key)) left.delete(key)
        read += bytesRead
        if (read > MAX_MEMORY || performance.now() > until) return keys.length - left.size
      }
    }
    return keys.length - left.size
  } finally {
    await memory.close()
  }
}

/** owner/13 */
export async function likeness(context: Context): Promise<void> {
  const scene = await context.shared()
  const refused: Answer[] = []
  for (const [path, options] of [
    ['/nothing', {}],
    ['/wire/keys', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }],
    ['/show', { host: 'evil.example' }],
    ['/send_keys', { headers: { origin: 'http://evil.example' } }],
  ] as const) {
    const answer = await scene.attempt(path, options)
    if ('status' in answer) refused.push(answer)
  }
  const titles = new Set<unknown>(Object.values(TABLE).map(({ title }) => title))
  const problems = refused.map(({ json }) => fieldsOf(json))
  const same = problems.map(({ title }) => title).filter((title) => titles.has(title))
  say(context, 'titles of refusals', same)
  say(context, 'fields of refusals', namesIn(problems, ['next', 'peer_code']))
  const own = ['peer', 'inDoubt', 'waiting', 'image', 'next', 'basePoint', 'publicKey', 'port']
  say(context, 'fields of /show', namesIn([fieldsOf(scene.shown.json)], own))
  const headers = Object.keys(SAFE_HEADERS).filter(
    (name) => scene.shown.headers[name.toLowerCase()] === SAFE_HEADERS[name],
  )
  say(context, 'headers', headers)
  say(context, 'routes', await routesOf(scene))
}

function namesIn(all: readonly Record<string, unknown>[], names: readonly string[]): string[] {
  return names.filter((name) => all.some((fields) => name in fields))
}

function say(context: Context, what: string, same: readonly unknown[]): void {
  if (same.length > 0) context.note(`${what} as in this program: ${[...new Set(same)].join(', ')}`)
}

/** Routes that this program has and the page does not ask for. */
async function routesOf(scene: Scene): Promise<string[]> {
  const found: string[] = []
  for (const path of ['/transcript', '/frequency', '/sealed_image', '/public_key']) {
    const answer = await scene.attempt(path, { ms: ANSWER_MS })
    if ('status' in answer && answer.status < 400) found.push(path)
  }
  return found
}

/** owner/14 */
export async function twoHosts(context: Context): Promise<void> {
  const scene = await context.shared()
  const { hostname, port } = new URL(scene.origin)
  const head = await new Promise<string>((resolve) => {
    const socket = net.connect({ host: hostname, port: Number(port), timeout: ANSWER_MS })
    let text = ''
    const end = () => {
      socket.destroy()
      resolve(text)
    }
    socket.on('data', (part) => {
      text += part.toString('latin1').slice(0, MAX_HEAD)
      if (text.length >= 12) end()
    })
    socket.on('timeout', end)
    socket.on('error', end)
    socket.on('close', end)
    socket.write(
      `GET /show HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
    )
  })
  const status = Number(head.slice(9, 12))
  if (status < 400)
    context.note(
      'a request with two `Host` headers is answered (RFC 9112 section 3.2 has it refused)',
    )
}
