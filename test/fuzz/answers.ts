/** A hostile server in place of the other peer: whatever it answers, the owner hears soon and properly, and the peer goes on. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
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
import { Clock } from '../helpers/clock.ts'
import {
  anyBytes,
  bodyOf,
  damagedBy,
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
import { begin, hold, type Target } from './target.ts'

const SUITE = SUITES.X25519MLKEM768
/** How long the peer waits for an answer, in ms. */
const PATIENCE = 300
/** Stands where a hostile server has words of its own. */
const WORD = 'xyzzy'

const STEPS = ['/send_keys', '/send_msg', '/send_image']
const BLAMES_PEER = [
  'peer_refused',
  'peer_unreachable',
  'peer_timeout',
  'confirm_failed',
  'in_doubt',
  'maybe_read',
]

interface Hostile {
  readonly bytes: Buffer
  /** It answers after so many bytes of the request, and not after all of it. */
  readonly early: number | undefined
  readonly pieces: number
  readonly afterwards: 'end' | 'reset' | 'wait' | 'go on'
}

// ---- what it answers

/** Valid answers to each step, the other peer's own confirmation among them, and refusals. */
function formsFor(confirm: unknown): fc.Arbitrary<Form> {
  const random = fc.record(
    { session: hex(16), tag: hex(32), ciphertext: hex(1088) },
    { requiredKeys: ['session', 'tag'] },
  )
  return fc.oneof(
    fc.constant({ accepted: true }),
    fc.constant({ accepted: true, confirm }),
    random.map((confirm) => ({ accepted: true, confirm })),
    fc.constant({ accepted: true, missing: 0 }),
    fc.nat(10_000).map((bytes) => ({ accepted: true, bytes })),
    fc.record({
      status: fc.constantFrom(400, 409, 500),
      code: fc.constantFrom(...STATUS_OF.keys(), WORD),
      title: fc.constant(WORD),
      detail: fc.constant(WORD),
      next: fc.constant(`curl ${WORD}`),
    }),
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
  ...['application/json', 'application/problem+json'].map((type) => `Content-Type: ${type}`),
  ...['gzip', 'br'].map((coding) => `Content-Encoding: ${coding}`),
  ...['keep-alive', 'upgrade'].map((option) => `Connection: ${option}`),
  'Upgrade: websocket',
  'Location: /send_msg',
  'Location: http://127.0.0.1:1/',
  'Set-Cookie: a=b',
  'Retry-After: 0',
  'Alt-Svc: h2=":443"',
  'Trailer: x',
)
const badHeader = fc.constantFrom(`X: ${WORD.repeat(5_000)}`, 'no colon', ': no name', 'X: \u0000')

/** How the length of the body is told: by a number, by chunks, or not at all. The headers for it, and the body. */
type Framing = (body: Buffer) => [string[], Buffer]
const CHUNKED = 'Transfer-Encoding: chunked'
const byLength =
  (length: string): Framing =>
  (body) => [[`Content-Length: ${length}`], body]
const inChunks =
  (end: string): Framing =>
  (body) => {
    const size = Buffer.from(`${body.length.toString(16)}\r\n`)
    return [[CHUNKED], Buffer.concat([size, body, Buffer.from(`\r\n${end}`)])]
  }
const LENGTHS = ['0', '1', '-1', '1e3', '9'.repeat(20), '5, 5', '0x10', '16385']
const ENDS = ['', '0\r\n\r\n', '0\r\nX: y\r\n\r\n', 'zz\r\n', '-1\r\n', `${'f'.repeat(18)}\r\n`]
const framing = weighted(
  [14, fc.constant<Framing>((body) => byLength(`${body.length}`)(body))],
  [2, fc.constantFrom(...LENGTHS.map(byLength))],
  [2, fc.constantFrom(...ENDS.map(inChunks))],
  [
    2,
    fc.constantFrom<Framing>(
      (body) => [[], body],
      (body) => [[CHUNKED, `Content-Length: ${body.length}`], body],
    ),
  ],
)

/** `forms`: those of valid answers. */
function hostileAnswers(forms: fc.Arbitrary<Form>): fc.Arbitrary<Hostile> {
  const body = weighted(
    [12, bodyOf(forms)],
    [1, anyBytes(300)],
    [1, fc.constantFrom(16_384, 16_385, 500_000).map((size) => Buffer.alloc(size, ' '))],
  )
  const whole = fc
    .tuple(
      seldom(15, fc.constantFrom(1, 2, 500)),
      statusLine,
      fc.array(header, { maxLength: 2 }),
      seldom(20, badHeader),
      framing,
      body,
      seldom(15, damages),
    )
    .map(([interim = 0, status, headers, bad, frame, content, damages = []]) => {
      const [lengths, body] = frame(content)
      const head = lines(status, ...headers, ...(bad ? [bad] : []), ...lengths)
      const before = lines('HTTP/1.1 103 Early Hints').repeat(interim)
      return damagedBy(damages, Buffer.concat([Buffer.from(before + head, 'latin1'), body]))
    })
  return fc.record({
    bytes: weighted([15, whole], [1, anyBytes(300)]),
    early: seldom(5, fc.constantFrom(1, 200, 40_000)),
    pieces: fc.constantFrom(1, 1, 3, 20),
    afterwards: weighted(
      [12, fc.constant('end' as const)],
      [3, fc.constant('reset' as const)],
      [1, fc.constantFrom('wait' as const, 'go on' as const)],
    ),
  })
}

// ---- the server

/** The other peer of the session, as long as it is honest; then whatever is `next`. */
class Server {
  readonly exchange = new Exchange(SUITE, new KeyPair(SUITE.curve))
  next: Hostile | null = null
  readonly #sockets = new Set<Socket>()
  readonly #server = net.createServer((socket) => this.#serve(socket, this.next))

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
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

  #serve(socket: Socket, hostile: Hostile | null): void {
    this.#sockets.add(socket)
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket))
    let received = Buffer.alloc(0)
    let answered = false
    socket.on('data', (more) => {
      if (answered) return
      received = Buffer.concat([received, more])
      const end = received.indexOf('\r\n\r\n') + 4
      const length = /content-length: (\d+)/i.exec(received.subarray(0, end).toString())?.[1]
      const isWhole = end > 3 && received.length >= end + Number(length ?? 0)
      if (!isWhole && received.length < (hostile?.early ?? Number.POSITIVE_INFINITY)) return
      answered = true
      if (hostile === null) this.#answerHonestly(socket, received.subarray(end).toString())
      else answer(socket, hostile)
    })
  }

  #answerHonestly(socket: Socket, body: string): void {
    const message = parseKeyMessage(SUITE, JSON.parse(body))
    const { confirm } = this.exchange.receiveKeys(message)
    const json = JSON.stringify(encodeAnswer(confirm))
    const length = `Content-Length: ${json.length}`
    socket.end(lines('HTTP/1.1 201 Created', length, 'Connection: close') + json)
  }
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

export const hostileServers: Target = {
  name: "answers of a hostile server in the other peer's place",
  cases: 30,
  async fuzz(seed, limits, tell) {
    const server = new Server()
    const clock = new Clock()
    const run = async (peer: LonePeer) => {
      await server.agree(peer)
      const { confirm } = encodeAnswer(server.exchange.current?.confirm)
      const check = async ([step, hostile]: [string, Hostile]) => {
        server.next = hostile
        const inTime = begin(clock, PATIENCE)
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
      }
      const answers = hostileAnswers(formsFor(confirm))
      await hold(seed, limits, fc.tuple(fc.constantFrom(...STEPS), answers), check)
      // the same session still, and then a new one
      await server.assertSession(peer)
      await server.agree(peer)
    }
    try {
      await withOnePeer({ peerUrl: await server.listen(), timeout: PATIENCE, suite: SUITE }, run)
    } finally {
      server.close()
      clock.stop()
    }
  },
}
