/** A peer of duet/2 as far as its first step: it offers keys and takes every key message. STAGES.md has what comes next. */

import fs from 'node:fs'
import { STATUS_CODES } from 'node:http'
import path from 'node:path'
import Router from '@koa/router'
import { x25519 } from '@noble/curves/ed25519.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import Koa from 'koa'

// Whoever starts this peer gives all four: node peer.js PORT PEER CURVE STATE
const [, , PORT, PEER, CURVE, STATE] = process.argv
if (STATE === undefined) end('Usage: node peer.js PORT PEER CURVE STATE')
if (CURVE !== 'X25519') end(`This peer knows X25519 and not ${JSON.stringify(CURVE)}.`)

function end(why) {
  process.stderr.write(`${why}\n`)
  process.exit(1)
}

/** What a request is refused with, by a code of the specification: throw new Refusal('bad_point') */
class Refusal extends Error {
  constructor(code, status = 400) {
    super(code)
    this.code = code
    this.status = status
  }
}

/** The identity's private key: the one in STATE, or a new one, which is kept there for nobody else to read. */
function loadIdentity() {
  const file = path.join(STATE, 'identity')
  if (fs.existsSync(file)) return hexToBytes(fs.readFileSync(file, 'utf8'))
  const privateKey = x25519.utils.randomSecretKey()
  fs.mkdirSync(STATE, { recursive: true })
  fs.writeFileSync(file, bytesToHex(privateKey), { flag: 'wx', mode: 0o600 })
  return privateKey
}

/** What this peer keeps. Nothing else runs between two `await`s: read it anew after each. */
const state = {
  identity: loadIdentity(),
  /** The private key that was offered. */
  ephemeral: null,
  // TODO stage 2: the other's share, a candidate, a current and a previous session ("The exchange").
  // TODO stage 5: the known identity, which outlasts this process, the slot, and the used shares.
}

/** A function that runs what it is given one after another, and meanwhile lets everything else run. */
function turns() {
  let last = Promise.resolve()
  return (run) => {
    const turn = last.then(run)
    last = turn.catch(() => {})
    return turn
  }
}
// One key message at a time waits for its answer. Stages 3 and 4: so do one text and one picture, each with turns of its own.
const sendingKeys = turns()

/** Sends `body` to the other peer. Returns its answer. `fetch` reads no proxy from the environment, unless Node is told to. */
async function post(route, body, type = 'application/json') {
  const signal = AbortSignal.timeout(5_000)
  const headers = { 'content-type': type }
  try {
    // "manual" follows no redirect
    const answer = await fetch(PEER + route, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal,
    })
    // TODO stage 5 (disorder/20): an answer of more than 16 KiB is not a peer's.
    return { status: answer.status, bytes: new Uint8Array(await answer.arrayBuffer()) }
  } catch {
    throw new Refusal('peer_unreachable', 502)
  }
}

/** The whole body of a request. */
async function bodyOf(context) {
  const chunks = []
  // TODO stage 1 (keys/15): stop once it is too large ("Key message"), with `too_large`.
  for await (const chunk of context.req) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A line on standard output. */
function say(line) {
  process.stdout.write(`${line}\n`)
}

const router = new Router({ strict: true, sensitive: true })

// --- for the owner ---

// TODO stage 6 (owner/5, owner/6): refuse here, in a middleware before the routes, a Host, an Origin and a Sec-Fetch-Site
// that the specification forbids ("Transport", "The owner's steps").

router.get('/show', (context) => {
  // TODO stage 2: the session. Stage 6 (owner/1): the safety number ("Safety number").
  const identity = bytesToHex(x25519.getPublicKey(state.identity))
  context.body = { identity, safetyNumber: null, session: null }
})

router.get('/send_keys', async (context) => {
  await sendingKeys(async () => {
    state.ephemeral = x25519.utils.randomSecretKey()
    // TODO stage 2 (session/3): if the other's share is here, derive the candidate, and confirm it.
    const message = {
      v: 2,
      curve: CURVE,
      basePoint: bytesToHex(Uint8Array.of(9, ...Array(31).fill(0))),
      identity: bytesToHex(x25519.getPublicKey(state.identity)),
      publicKey: bytesToHex(x25519.getPublicKey(state.ephemeral)),
    }
    const { status } = await post('/wire/keys', JSON.stringify(message))
    if (status !== 201) throw new Refusal('peer_refused', 502)
    // TODO stage 2 (session/4): take the answer ("To take an answer"). Stage 5 (disorder/20): whatever else it may be.
  })
  context.body = { sent: true }
})

router.post('/send_msg', async () => {
  // TODO stage 3 (messages/1 to /3): seal what bodyOf gives, and send it ("Messages").
  throw new Refusal('no_session', 409)
})

router.get('/decrypt_msg', (context) => {
  // TODO stage 3 (messages/5): print what waits, with say(), and nothing that controls a terminal (owner/7).
  context.body = { decrypted: 0 }
})

router.post('/send_image', async () => {
  // TODO stage 4 (pictures/1 to /4): seal what bodyOf gives in chunks; context.type has its type ("Pictures").
  throw new Refusal('no_session', 409)
})

// --- for the other peer ---

router.post('/wire/keys', async (context) => {
  await bodyOf(context)
  // TODO stage 1 (keys/6 to /17): all checks of the table, in its order ("Key message", "Suites"). JSON.parse takes the last
  // of two fields of one name, and decoding as UTF-8 drops a byte order mark: both have to be refused.
  // TODO stage 2 (session/1, /2, /7): derive a session from the two shares, and confirm it ("Keys", "The exchange").
  context.status = 201
  context.body = { accepted: true }
})

router.post('/wire/message', async () => {
  // TODO stage 3 (messages/4, /8 to /21): check it, open it, and keep it until it is read ("Messages").
  throw new Refusal('unknown_session', 409)
})

router.post('/wire/image', async () => {
  // TODO stage 4 (pictures/5 to /18): read context.req chunk by chunk, and keep the picture in STATE ("Pictures").
  throw new Refusal('unknown_session', 409)
})

// --- the server ---

const app = new Koa()
app.use(async (context, next) => {
  try {
    await next()
    if (context.status === 404) throw new Refusal('not_found', 404)
  } catch (error) {
    const { code, status } = error instanceof Refusal ? error : new Refusal('internal', 500)
    if (status === 500) process.stderr.write(`${error.stack}\n`)
    // RFC 9457. Nothing that the other side wrote stands in it.
    context.status = status
    context.body = { status, title: STATUS_CODES[status], code }
    context.type = 'application/problem+json'
  }
})
app.use(router.routes())

// 127.0.0.1 only
const server = app.listen(Number(PORT), '127.0.0.1', () => say(`ready on 127.0.0.1:${PORT}`))
process.on('SIGTERM', () => {
  server.close()
  process.exit(0)
})
