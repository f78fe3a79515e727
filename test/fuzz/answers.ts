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
  bodyOf,
  bytesOf,
  type Draw,
  damaged,
  type Form,
  hexOf,
  pick,
  seldom,
  weigh,
} from '../helpers/mutations.ts'
import { STATUS_OF } from '../helpers/problem.ts'
import { assertProper } from '../helpers/proper.ts'
import { lines } from '../helpers/raw.ts'
import { reset } from '../helpers/reset.ts'
import { type LonePeer, withOnePeer } from '../helpers/with-peers.ts'
import { type Begin, hold, type Target, withoutHangs } from './target.ts'

const SUITE = SUITES.X25519MLKEM768
/** How long the peer waits for an answer, in ms. */
const PATIENCE = 300
/** Stands where a hostile server has words of its own. */
const WORD = 'xyzzy'

const BLAMES_PEER =
  'peer_refused peer_unreachable peer_timeout confirm_failed in_doubt maybe_read'.split(' ')

// ---- what it answers

/** A valid answer to a step, the other peer's own confirmation among them, or a refusal. */
function drawForm(draw: Draw, confirm: unknown): Form {
  const random = { session: hexOf(draw, 16), tag: hexOf(draw, 32) }
  const ciphertext = draw(fc.boolean) && { ciphertext: hexOf(draw, 1088) }
  const code = pick(draw, ...STATUS_OF.keys(), WORD)
  return pick<Form>(
    draw,
    { accepted: true },
    { accepted: true, confirm },
    { accepted: true, confirm: { ...random, ...ciphertext } },
    { accepted: true, missing: 0 },
    { accepted: true, bytes: draw(fc.nat, 10_000) },
    { status: pick(draw, 400, 409, 500), code, title: WORD, detail: WORD, next: `curl ${WORD}` },
  )
}

const STATUSES = `101 103 199 200 202 204 205 206 301 304 307 308 401 407 400 408 409 413 421 429
  500 502 503 507 600 999`.split(/\s+/)
const ODD_STATUS_LINES = ['HTTP/1.0 201 Created', 'HTTP/2 201', 'HTTP/1.1 20', 'ICY 200 OK', '']
const HEADERS = [
  ...['Content-Type: application/json', 'Content-Type: application/problem+json'],
  ...['Content-Encoding: gzip', 'Content-Encoding: br', 'Connection: keep-alive', 'Trailer: x'],
  ...['Connection: upgrade', 'Upgrade: websocket', 'Alt-Svc: h2=":443"', 'Retry-After: 0'],
  ...['Location: /send_msg', 'Location: http://127.0.0.1:1/', 'Set-Cookie: a=b'],
]
const BAD_HEADERS = [`X: ${WORD.repeat(5_000)}`, 'no colon', ': no name', 'X: \u0000']
const LENGTHS = ['0', '1', '-1', '1e3', '9'.repeat(20), '5, 5', '0x10', '16385']
const CHUNKED = 'Transfer-Encoding: chunked'
const CHUNK_ENDS = `0\r\n\r\n|0\r\nX: y\r\n\r\n|zz\r\n|-1\r\n|${'f'.repeat(18)}\r\n|`.split('|')

/** A body, and the headers that tell its length: by a number, by chunks, or not at all. */
function framed(draw: Draw, body: Buffer): [headers: string[], Buffer] {
  const size = Buffer.from(`${body.length.toString(16)}\r\n`)
  const end = Buffer.from(`\r\n${pick(draw, ...CHUNK_ENDS)}`)
  const length = `Content-Length: ${body.length}`
  return weigh<[string[], Buffer]>(
    draw,
    [14, () => [[length], body]],
    [2, () => [[`Content-Length: ${pick(draw, ...LENGTHS)}`], body]],
    [2, () => [[CHUNKED], Buffer.concat([size, body, end])]],
    [2, () => [draw(fc.boolean) ? [CHUNKED, length] : [], body]],
  )
}

function drawBytes(draw: Draw, confirm: unknown): Buffer {
  if (seldom(draw, 16)) return bytesOf(draw, 300)
  const status = weigh(
    draw,
    [8, () => 'HTTP/1.1 201 Created'],
    [7, () => `HTTP/1.1 ${pick(draw, ...STATUSES)} ${WORD}`],
    [1, () => pick(draw, ...ODD_STATUS_LINES)],
  )
  const [lengths, body] = weigh(
    draw,
    [12, () => framed(draw, bodyOf(draw, drawForm(draw, confirm)))],
    [1, () => framed(draw, bytesOf(draw, 300))],
    [1, () => framed(draw, Buffer.alloc(pick(draw, 16_384, 16_385, 500_000), ' '))],
  )
  const headers = Array.from({ length: draw(fc.nat, 2) }, () => pick(draw, ...HEADERS))
  if (seldom(draw, 20)) headers.push(pick(draw, ...BAD_HEADERS))
  const hints = seldom(draw, 15) ? pick(draw, 1, 2, 500) : 0
  const before = lines('HTTP/1.1 103 Early Hints').repeat(hints)
  const head = Buffer.from(before + lines(status, ...headers, ...lengths), 'latin1')
  const bytes = Buffer.concat([head, body])
  return seldom(draw, 15) ? damaged(draw, bytes) : bytes
}

const drawAnswer = (draw: Draw, confirm: unknown) => ({
  bytes: drawBytes(draw, confirm),
  /** It answers after so many bytes of the request, if that is before the end. */
  early: seldom(draw, 5) ? pick(draw, 1, 200, 40_000) : Number.POSITIVE_INFINITY,
  pieces: pick(draw, 1, 1, 3, 20),
  afterwards: weigh(
    draw,
    [12, () => 'end'],
    [3, () => 'reset'],
    [1, () => pick(draw, 'wait', 'go on')],
  ),
})
type Hostile = ReturnType<typeof drawAnswer>

async function answer(socket: Socket, { bytes, pieces, afterwards }: Hostile): Promise<void> {
  const size = Math.max(1, Math.ceil(bytes.length / pieces))
  for (let at = 0; at < bytes.length; at += size) {
    socket.write(bytes.subarray(at, at + size))
    await setImmediate()
  }
  if (afterwards === 'end') socket.end()
  if (afterwards === 'reset') reset(socket)
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
    if (!isWhole && received.length < hostile.early) return
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
      const check = (begin: Begin) =>
        hold({ ...run, endOnFailure: true }, async (draw) => {
          const step = pick(draw, '/send_keys', '/send_msg', '/send_image')
          server.next = drawAnswer(draw, confirm)
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
      await withoutHangs(check, PATIENCE)
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
