/**
 * The independent peer as a program, with all that the specification's chapter on the owner's steps asks for:
 *
 *     node --import ./test/loader.js test/independent/program.ts PORT PEER CURVE STATE
 *
 * A test starts it in its own process with `startIndependent`.
 */

import { isUtf8 } from 'node:buffer'
import fs from 'node:fs'
import http from 'node:http'
import { type AddressInfo, isIP } from 'node:net'
import path from 'node:path'
import { isBadPicture, type Json, messageForm, ofAnswer, parse } from './forms.ts'
import { Peer } from './peer.ts'
import { Refusal, type Sealed, type Session } from './session.ts'
import { INDEPENDENT_SUITES, keyPair, type Suite } from './suites.ts'

export interface Start {
  /** 0 takes a free one. */
  port: number
  /** The other peer's base URL. */
  peer: string
  curve: string
  /** A folder for what it keeps. */
  state: string
  stdout: (text: string) => void
  stderr: (text: string) => void
}

export interface Started {
  readonly port: number
  close(): Promise<void>
}

/** An answer of the other peer. */
export type Came = { status: number; headers: http.IncomingHttpHeaders; bytes: Buffer }
type Reply = { status: number; type: string; body: string }

const MAX_ANSWER = 16 * 1024
const MAX_TEXT = 16_384
const PIECE = 65_536
const MAX_PICTURE = 64 * 1024 * 1024
const TYPES: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'image/gif': 'gif',
}

const JSON_TYPE = /^application\/json(\s*;\s*charset=("utf-8"|utf-8))?$/i
/** Method, type and longest body of each route. The key message of another suite is read as far as the longest of all. */
const ROUTES: Readonly<Record<string, readonly [method: string, type?: RegExp, limit?: number]>> = {
  '/wire/keys': ['POST', JSON_TYPE, 8_192],
  '/wire/message': ['POST', JSON_TYPE, 33_824],
  '/wire/image': ['POST', /^application\/octet-stream$/i],
  '/send_keys': ['GET'],
  '/send_msg': ['POST', /^text\/plain(\s*;.*)?$/i, MAX_TEXT],
  '/decrypt_msg': ['GET'],
  '/send_image': ['POST', /^image\/(png|jpeg|webp|gif)$/i, MAX_PICTURE],
  '/show': ['GET'],
}

/** A text that may have arrived, as it was sealed. */
type OpenText = { readonly text: string; readonly message: Sealed; copies: number }

export class ProgramPeer extends Peer {
  protected readonly start: Start
  /** How long it waits for an answer, or, while a picture is sent, for anything that moves. */
  protected readonly patienceMs: number = 5_000
  readonly #agent = new http.Agent({ keepAlive: false })
  readonly #server: http.Server
  #open: OpenText | null = null

  constructor(suite: Suite, start: Start) {
    super(suite, keptIdentity(suite, start.state))
    this.start = start
    this.known = readHex(this.knownFile)
    this.#server = http.createServer({ requireHostHeader: false, requestTimeout: 0 }, (...both) =>
      this.serve(...both),
    )
    this.#server.timeout = 30_000
  }

  protected get knownFile(): string {
    return path.join(this.start.state, `known-${this.suite.curve.name}`)
  }

  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.start.port, '127.0.0.1', () =>
        resolve((this.#server.address() as AddressInfo).port),
      )
    })
  }

  close(): Promise<void> {
    this.restart()
    this.#agent.destroy()
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  protected override promote(candidate: Session): void {
    super.promote(candidate)
    writeHex(this.knownFile, candidate.theirs.identity)
  }

  protected override keep(type: string, picture: Buffer, _name: string): void {
    const folder = path.join(this.start.state, 'pictures')
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
    const count = fs.readdirSync(folder).length + 1
    fs.writeFileSync(path.join(folder, `${count}.${TYPES[type]}`), picture, { mode: 0o600 })
    this.print(`A picture came, ${picture.length} bytes.`)
  }

  /** Prints a line that can't drive a terminal. */
  protected print(line: string): void {
    this.start.stdout(`${tamed(line)}\n`)
  }

  /** One text is open at a time; what was sealed is sent again as it is. */
  override sendMessage(text: string): Promise<number> {
    return this.inTurn('/wire/message', async () => {
      const before = this.#open
      if (before) {
        const missing = await this.#sendCopy(before)
        if (before.text === text) return missing
      }
      if (!this.current) throw new Refusal('no_session')
      this.#open = { text, message: this.current.seal(Buffer.from(text)), copies: 0 }
      return this.#sendCopy(this.#open)
    })
  }

  async #sendCopy(open: OpenText): Promise<number> {
    const { session } = open.message
    if (![this.current, this.previous].some((one) => one?.id.equals(session))) {
      this.#open = null
      throw new Refusal('maybe_read')
    }
    const isOnly = open.copies++ === 0
    try {
      const answer = await this.post('/wire/message', messageForm(open.message))
      const missing = ofAnswer(answer, { missing: 'number' }, (form) => {
        if (!Number.isSafeInteger(form['missing']) || Number(form['missing']) < 0)
          throw new Refusal('bad_message')
        return Number(form['missing'])
      })
      this.#open = null
      return missing
    } catch (error) {
      const code = error instanceof Refusal ? error.code : ''
      const hasLeft = !(error instanceof Error && 'syscall' in error && error.syscall === 'connect')
      if (code === 'replay' || code === 'unknown_session' || (isOnly && !hasLeft)) this.#open = null
      if (code === 'replay') return 0
      if (code === 'unknown_session') throw new Refusal(isOnly ? code : 'maybe_read')
      throw hasLeft ? new Refusal('in_doubt') : error
    }
  }

  protected override async post(route: string, body: object): Promise<unknown> {
    const { status, bytes } = await this.send(route, body)
    let answer: unknown
    try {
      answer = parse(bytes)
    } catch (cause) {
      throw new Error('not a peer: no JSON', { cause })
    }
    const code = (answer as Json | null)?.['code']
    if (status >= 400 && typeof code === 'string') throw new Refusal(code)
    if (status !== 201) throw new Error(`not a peer: status ${status}`)
    return answer
  }

  /** Calls the other peer, and gives up on it: after 5 s, or, for a picture, after 5 in which nothing moves. */
  protected send(route: string, body: object): Promise<Came> {
    const isPicture = Buffer.isBuffer(body)
    const content = isPicture ? body : Buffer.from(JSON.stringify(body))
    const type = isPicture ? 'application/octet-stream' : 'application/json'
    return new Promise((resolve, reject) => {
      const request = http.request(this.start.peer.replace(/\/$/, '') + route, {
        method: 'POST',
        agent: this.#agent,
        headers: { 'content-type': type, 'content-length': content.length },
      })
      const giveUp = () => request.destroy(new Error('the other peer does not answer'))
      const timer = setTimeout(giveUp, this.patienceMs)
      request.on('error', reject).on('close', () => {
        clearTimeout(timer)
        reject(new Error('the other peer closed the connection'))
      })
      request.on('response', (response) => {
        const parts: Buffer[] = []
        let length = 0
        response.on('data', (part: Buffer) => {
          parts.push(part)
          length += part.length
          if (length > MAX_ANSWER) request.destroy(new Error('not a peer: a long answer'))
        })
        response.on('error', reject).on('end', () => {
          // the last piece of a long answer may come together with its end
          if (length > MAX_ANSWER) return
          const { statusCode: status = 0, headers } = response
          resolve({ status, headers, bytes: Buffer.concat(parts) })
          request.destroy()
        })
      })
      if (isPicture) write(request, content, () => timer.refresh())
      else request.end(content)
    })
  }

  protected async serve(
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): Promise<void> {
    let reply: Reply
    try {
      this.checkRequest(request)
      reply = await this.answer(request)
    } catch (error) {
      reply = problem(error, !request.url?.startsWith('/wire/'))
    }
    // what still comes of a body is read and dropped, so that the answer arrives
    request.resume()
    if (response.destroyed) return
    const length = Buffer.byteLength(reply.body)
    response.writeHead(reply.status, { 'content-type': reply.type, 'content-length': length })
    response.end(reply.body)
  }

  /** What is refused for its method, path and headers. */
  protected checkRequest(request: http.IncomingMessage): void {
    const { url = '', method, headers } = request
    const route = Object.hasOwn(ROUTES, url) ? ROUTES[url] : undefined
    this.checkHost(request)
    if (!route) throw new Refusal('not_found')
    const [allowed, type] = route
    if (method !== allowed) throw new Refusal('method_not_allowed')
    if (!url.startsWith('/wire/')) this.checkOrigin(headers)
    const isTyped = !type || type.test(headers['content-type'] ?? '')
    if (!isTyped || headers['content-encoding']) throw new Refusal('unsupported_type')
  }

  protected checkHost({ headers, rawHeaders }: http.IncomingMessage): void {
    const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host')
    const name = (headers.host ?? '').replace(/:\d{1,5}$/, '').toLowerCase()
    const isIPv6 = name.startsWith('[') && name.endsWith(']') && isIP(name.slice(1, -1)) === 6
    if (hosts.length !== 1 || !(name === 'localhost' || isIP(name) === 4 || isIPv6))
      throw new Refusal('bad_host')
  }

  /** The owner's steps are not for pages elsewhere. */
  protected checkOrigin(headers: http.IncomingHttpHeaders): void {
    const { origin, host } = headers
    const site = headers['sec-fetch-site']
    const isBrowser = /^mozilla\//i.test(headers['user-agent'] ?? '')
    const isElsewhere =
      (origin !== undefined && origin !== `http://${host}`) ||
      (site !== undefined && site !== 'none' && site !== 'same-origin') ||
      (isBrowser && origin === undefined && site === undefined)
    if (isElsewhere) throw new Refusal('cross_site')
  }

  protected async answer(request: http.IncomingMessage): Promise<Reply> {
    const url = request.url ?? ''
    if (url === '/wire/image')
      return taken(await this.receivePicture(request.iterator({ destroyOnReturn: false })))
    const body = await this.read(request, ROUTES[url]?.[2] ?? 0)
    if (url === '/wire/keys') return taken(this.receiveKeys(body))
    if (url === '/wire/message') return taken(this.receiveMessage(body))
    return done(await this.step(url, body, request.headers['content-type'] ?? ''))
  }

  /** A whole body of at most `limit` bytes. */
  protected async read(request: http.IncomingMessage, limit: number): Promise<Buffer> {
    if (Number(request.headers['content-length'] ?? 0) > limit) throw new Refusal('too_large')
    const parts: Buffer[] = []
    let length = 0
    for await (const part of request.iterator({ destroyOnReturn: false })) {
      parts.push(part)
      length += part.length
      if (length > limit) throw new Refusal('too_large')
    }
    return Buffer.concat(parts)
  }

  /** One of the owner's steps. Returns what its answer tells. */
  protected async step(route: string, body: Buffer, type: string): Promise<Json> {
    if (route === '/send_keys') {
      await this.sendKeys()
      return { sent: true }
    }
    if (route === '/send_msg') {
      if (!isUtf8(body)) throw new Refusal('bad_text')
      return { missing: await this.sendMessage(body.toString()) }
    }
    if (route === '/send_image') {
      if (isBadPicture(type.toLowerCase(), body)) throw new Refusal('bad_image')
      const picture = { type: type.toLowerCase(), name: 'picture', content: body }
      return { bytes: await this.sendPicture(picture) }
    }
    if (route === '/decrypt_msg') {
      const texts = this.readMessages()
      for (const text of texts) this.print(`> ${text}`)
      return { read: texts.length }
    }
    return this.show()
  }

  protected show(): Json {
    return {
      identity: this.identity.publicKey.toString('hex'),
      safetyNumber: this.known ? this.safetyNumber() : null,
      session: this.current ? { id: this.current.id.toString('hex') } : null,
    }
  }
}

/** Writes a long body in pieces; `moved` is called whenever one has left. */
async function write(request: http.ClientRequest, body: Buffer, moved: () => void): Promise<void> {
  const closed = new Promise((resolve) => request.once('close', resolve))
  for (let at = 0; at < body.length && !request.destroyed; at += PIECE) {
    const hasRoom = request.write(body.subarray(at, at + PIECE))
    if (!hasRoom) await Promise.race([new Promise((done) => request.once('drain', done)), closed])
    moved()
  }
  request.end()
}

const taken = (body: Json): Reply => reply(201, 'application/json', body)
const done = (body: Json): Reply => reply(200, 'application/json', body)

function reply(status: number, type: string, body: Json): Reply {
  return { status, type, body: JSON.stringify(body) }
}

/** Without the text of an error that is no refusal, which may have anything in it. */
function problem(error: unknown, isOwners: boolean): Reply {
  const [status, code] =
    error instanceof Refusal
      ? [400, error.code]
      : isOwners
        ? [502, 'peer_unreachable']
        : [500, 'internal']
  return reply(status, 'application/problem+json', { status, code, title: 'Refused' })
}

/** What would control a terminal, end a line or turn its direction, as its code point in braces. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

export function tamed(line: string): string {
  return line.replace(UNPRINTABLE, (one) => `{${one.codePointAt(0)?.toString(16)}}`)
}

/** The identity of this curve: that of an earlier start, or a new one. */
function keptIdentity({ curve }: Suite, state: string) {
  fs.mkdirSync(state, { recursive: true, mode: 0o700 })
  const file = path.join(state, `identity-${curve.name}`)
  const kept = readHex(file)
  const identity = kept ? keyPair(curve, kept) : keyPair(curve)
  if (!kept) writeHex(file, identity.privateKey)
  return identity
}

function readHex(file: string): Buffer | null {
  return fs.existsSync(file) ? Buffer.from(fs.readFileSync(file, 'latin1').trim(), 'hex') : null
}

/** Writes a file that only its owner reads, whole or not at all. */
function writeHex(file: string, bytes: Buffer): void {
  fs.writeFileSync(`${file}.new`, `${bytes.toString('hex')}\n`, { mode: 0o600 })
  fs.renameSync(`${file}.new`, file)
}

/** Listens. `Kind`: a peer that differs in something. */
export async function startIndependent(
  start: Start,
  Kind: typeof ProgramPeer = ProgramPeer,
): Promise<Started> {
  const suite = INDEPENDENT_SUITES.find(({ name }) => name === start.curve)
  if (!suite) throw new Error(`no such curve: ${start.curve}`)
  const peer = new Kind(suite, start)
  return { port: await peer.listen(), close: () => peer.close() }
}

if (import.meta.filename === process.argv[1]) {
  const [port, peer = '', curve = '', state = ''] = process.argv.slice(2)
  const started = await startIndependent({
    port: Number(port),
    peer,
    curve,
    state,
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
  })
  process.on('SIGTERM', async () => {
    await started.close()
    process.exit()
  })
}
