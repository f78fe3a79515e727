/** A hostile server in place of the other peer: whatever it answers, the owner hears soon and properly, and the peer goes on. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import { json } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { bytesToHex } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { Exchange } from '../../src/protocol/exchange.ts'
import {
  encodeAnswer,
  encodeKeyMessage,
  parseAnswer,
  parseKeyMessage,
} from '../../src/protocol/messages.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { post } from '../helpers/call.ts'
import {
  anyBytes,
  bodyOf,
  damages,
  type Form,
  hex,
  seldom,
  weighted,
} from '../helpers/mutations.ts'
import { STATUS_OF } from '../helpers/problem.ts'
import { assertProper } from '../helpers/proper.ts'
import { lines } from '../helpers/raw.ts'
import { type LonePeer, withOnePeer } from '../helpers/with-peers.ts'
import { type Target, withoutHangs } from './target.ts'

const SUITE = SUITES.X25519MLKEM768
/** How long the peer waits for an answer, in ms. */
const PATIENCE = 300
/** Stands where a hostile server has words of its own. */
const WORD = 'xyzzy'

const STEPS = ['/send_keys', '/send_msg', '/send_image']
const BLAMES_PEER =
  'peer_refused peer_unreachable peer_timeout confirm_failed in_doubt maybe_read'.split(' ')

// ---- what it answers

interface Hostile {
  readonly bytes: Buffer
  /** It answers after so many bytes of the request, and not after all of it. */
  readonly early: number | undefined
  readonly pieces: number
  readonly afterwards: 'end' | 'reset' | 'wait' | 'go on'
}

/** Valid answers to each step, the other peer's own confirmation among them, and refusals. */
function formsFor(confirm: unknown): fc.Arbitrary<Form> {
  const random = fc.record(
    { session: hex(16), tag: hex(32), ciphertext: hex(1088) },
    { requiredKeys: ['session', 'tag'] },
  )
  return fc.oneof(
    fc
      .constantFrom<Form>({}, { confirm }, { missing: 0 })
      .map((more) => ({ accepted: true, ...more })),
    random.map((confirm) => ({ accepted: true, confirm })),
    fc.nat(10_000).map((bytes) => ({ accepted: true, bytes })),
    fc
      .tuple(fc.constantFrom(400, 409, 500), fc.constantFrom(...STATUS_OF.keys(), WORD))
      .map(([status, code]) => ({ status, code, title: WORD, detail: WORD, next: `curl ${WORD}` })),
  )
}

const STATUSES = `101 103 199 200 202 204 205 206 301 304 307 308 401 407 400 408 409 413 421 429
  500 502 503 507 600 999`.split(/\s+/)
const statusLine = weighted(
  [8, fc.constant('HTTP/1.1 201 Created')],
  [7, fc.constantFrom(...STATUSES).map((status) => `HTTP/1.1 ${status} ${WORD}`)],
  [1, fc.constantFrom('HTTP/1.0 201 Created', 'HTTP/2 201', 'HTTP/1.1 20', 'ICY 200 OK', '')],
)
const header = fc.constantFrom(
  ...['Content-Type: application/json', 'Content-Type: application/problem+json'],
  ...['Content-Encoding: gzip', 'Content-Encoding: br', 'Connection: keep-alive', 'Trailer: x'],
  ...['Connection: upgrade', 'Upgrade: websocket', 'Alt-Svc: h2=":443"', 'Retry-After: 0'],
  ...['Location: /send_msg', 'Location: http://127.0.0.1:1/', 'Set-Cookie: a=b'],
)
const badHeader = fc.constantFrom(`X: ${WORD.repeat(5_000)}`, 'no colon', ': no name', 'X: \u0000')

/** How the length of the body is told: by a number, by chunks, or not at all. The headers for it, and the body. */
type Framing = (body: Buffer) => [headers: string[], Buffer]
const CHUNKED = 'Transfer-Encoding: chunked'
const LENGTHS = ['0', '1', '-1', '1e3', '9'.repeat(20), '5, 5', '0x10', '16385']
const ENDS = ['', '0\r\n\r\n', '0\r\nX: y\r\n\r\n', 'zz\r\n', '-1\r\n', `${'f'.repeat(18)}\r\n`]
const inChunks = (end: string, body: Buffer) =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from(`\r\n${end}`)])
const framing = weighted<Framing[]>(
  [14, fc.constant((body) => [[`Content-Length: ${body.length}`], body])],
  [2, fc.constantFrom(...LENGTHS).map((length) => (body) => [[`Content-Length: ${length}`], body])],
  [2, fc.constantFrom(...ENDS).map((end) => (body) => [[CHUNKED], inChunks(end, body)])],
  [1, fc.constant((body) => [[], body])],
  [1, fc.constant((body) => [[CHUNKED, `Content-Length: ${body.length}`], body])],
)

/** `forms`: those of valid answers. */
function hostileAnswers(forms: fc.Arbitrary<Form>): fc.Arbitrary<Hostile> {
  const body = weighted(
    [12, bodyOf(forms)],
    [1, anyBytes(300)],
    [1, fc.constantFrom(16_384, 16_385, 500_000).map((size) => Buffer.alloc(size, ' '))],
  )
  const whole = fc
    .record({
      interim: seldom(15, fc.constantFrom(1, 2, 500)),
      status: statusLine,
      headers: fc.array(header, { maxLength: 2 }),
      bad: seldom(20, badHeader),
      frame: framing,
      body,
      damage: seldom(15, damages),
    })
    .map(({ interim = 0, status, headers, bad, frame, body, damage }) => {
      const [lengths, framed] = frame(body)
      const head = lines(status, ...headers, ...(bad ? [bad] : []), ...lengths)
      const before = lines('HTTP/1.1 103 Early Hints').repeat(interim)
      const bytes = Buffer.concat([Buffer.from(before + head, 'latin1'), framed])
      return damage?.(bytes) ?? bytes
    })
  return fc.record<Hostile>({
    bytes: weighted([15, whole], [1, anyBytes(300)]),
    early: seldom(5, fc.constantFrom(1, 200, 40_000)),
    pieces: fc.constantFrom(1, 1, 3, 20),
    afterwards: weighted(
      [12, fc.constant('end')],
      [3, fc.constant('reset')],
      [1, fc.constantFrom('wait', 'go on')],
    ),
  })
}

async function answer(socket: Socket, { bytes, pieces, afterwards }: Hostile): Promise<void> {
  const size = Math.max(1, Math.ceil(bytes.length / pieces))
  for (let at = 0; at < bytes.length; at += size) {
    socket.write(bytes.subarray(at, at + size))
    await setImmediate()
  }
  if (afterwards === 'end') socket.end()
  if (afterwards === 'reset') socket.resetAndDestroy()
  while (afterwards === 'go on' && socket.writable) {
    socket.write(' ')
    await setImmediate()
  }
}

// ---- the server

/** The other peer of the session as long as `next` is null, and then whatever is next. */
class Server {
  readonly exchange = new Exchange(SUITE, new KeyPair(SUITE.curve))
  next: Hostile | null = null
  readonly #sockets = new Set<Socket>()
  readonly #honest = http.createServer(async (request, response) => {
    const message = parseKeyMessage(SUITE, await json(request))
    const form = encodeAnswer(this.exchange.receiveKeys(message).confirm)
    response.writeHead(201, { connection: 'close' }).end(JSON.stringify(form))
  })
  readonly #server = net.createServer((socket) => {
    this.#sockets.add(socket)
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket))
    if (this.next === null) this.#honest.emit('connection', socket)
    else serve(socket, this.next)
  })

  async listen(): Promise<string> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Makes a session with `peer`, as an honest peer does. */
  async agree(peer: LonePeer): Promise<void> {
    this.next = null
    assert.equal((await peer.call('/send_keys')).status, 201)
    const form = encodeKeyMessage(SUITE, this.exchange.startKeys())
    const { status, json } = await post(`${peer.url}/wire/keys`, form)
    assert.equal(status, 201)
    this.exchange.receiveAnswer(parseAnswer(SUITE, json))
    await this.assertSession(peer)
  }

  /** Fails unless `peer` is in the session that this side is in. */
  async assertSession(peer: LonePeer): Promise<void> {
    const { session } = (await peer.call('/show')).json
    assert.equal(session.id, bytesToHex(this.exchange.current?.id ?? assert.fail()))
  }

  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): void {
    this.#server.close()
    this.hangUp()
  }
}

/** Answers one request. */
function serve(socket: Socket, hostile: Hostile): void {
  let received = Buffer.alloc(0)
  const read = (more: Buffer) => {
    received = Buffer.concat([received, more])
    const end = received.indexOf('\r\n\r\n') + 4
    const length = /content-length: (\d+)/i.exec(received.subarray(0, end).toString())?.[1] ?? 0
    const isWhole = end > 3 && received.length >= end + Number(length)
    if (!isWhole && received.length < (hostile.early ?? Number.POSITIVE_INFINITY)) return
    socket.off('data', read).resume()
    void answer(socket, hostile)
  }
  socket.on('data', read)
}

export const hostileServers: Target = {
  name: "answers of a hostile server in the other peer's place",
  cases: 30,
  async fuzz(run, tell) {
    const server = new Server()
    const withPeer = async (peer: LonePeer) => {
      await server.agree(peer)
      const { confirm } = encodeAnswer(server.exchange.current?.confirm)
      const cases = fc.tuple(fc.constantFrom(...STEPS), hostileAnswers(formsFor(confirm)))
      await withoutHangs(async (begin) => {
        const property = fc.asyncProperty(cases, async ([step, hostile]) => {
          server.next = hostile
          const inTime = begin()
          const told = await peer.call(step)
          inTime()
          server.hangUp()
          assertProper(told)
          assert.ok(!told.text.includes(WORD), told.text)
          const { code } = told.json
          tell(code ?? 'done')
          if (code !== undefined) assert.ok(BLAMES_PEER.includes(code), told.text)
          const said = peer.shown()
          peer.forget()
          assert.doesNotMatch(said, /DEFECT/)
          assert.ok(!said.includes(WORD), said)
        })
        await fc.assert(property, run)
      }, PATIENCE)
      // the same session still, and then a new one
      await server.assertSession(peer)
      await server.agree(peer)
    }
    try {
      await withOnePeer(
        { peerUrl: await server.listen(), timeout: PATIENCE, suite: SUITE },
        withPeer,
      )
    } finally {
      server.close()
    }
  },
}
