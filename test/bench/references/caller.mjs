/**
 * The reference for exchanges and messages: got to a Koa echo, and noble's bare arithmetic.
 *
 * node caller.mjs PORT OTHER_PORT
 *
 * `POST /` is the echo: it answers with the JSON that it gets. The others call the other process's
 * echo by got, one call after another, and answer how many milliseconds that took by themselves:
 * `GET /exchanges?curve=X25519&n=10` with the arithmetic of ten exchanges, both sides' of each;
 * `GET /messages?bytes=1024&n=10` with the JSON of a sealed message. `POST /send_msg` calls the
 * echo once, with the JSON that the text in its body would be sealed to.
 */

import got from 'got'
import Koa from 'koa'
import getRawBody from 'raw-body'
import { hex, keyPair, SUITES } from './suites.mjs'

const [port, other] = process.argv.slice(2)
const TAG_BYTES = 16

const call = (json) => got.post(`http://127.0.0.1:${other}/`, { json }).json()

async function exchanges(name, n) {
  const { curve, kem } = SUITES[name]
  const [idA, idB] = [keyPair(curve), keyPair(curve)]
  const sharedSecrets = (id, e, idOther, eOther) => [
    curve.sharedSecret(e.privateKey, eOther.publicKey),
    curve.sharedSecret(id.privateKey, eOther.publicKey),
    curve.sharedSecret(e.privateKey, idOther.publicKey),
  ]
  const keyMessage = (id, e, eKem, ciphertext) => ({
    identity: hex(id.publicKey),
    publicKey: (eKem ? hex(eKem.publicKey) : '') + hex(e.publicKey),
    ...(ciphertext && { ciphertext: hex(ciphertext) }),
  })
  for (let i = 0; i < n; i++) {
    const [a, aKem] = [keyPair(curve), kem?.keygen()]
    await call(keyMessage(idA, a, aKem))
    const [b, bKem] = [keyPair(curve), kem?.keygen()]
    const ciphertext = kem?.encapsulate(aKem.publicKey).cipherText
    sharedSecrets(idB, b, idA, a)
    await call(keyMessage(idB, b, bKem, ciphertext))
    kem?.decapsulate(ciphertext, aKem.secretKey)
    sharedSecrets(idA, a, idB, b)
  }
}

const sealedSize = (bytes) => ({
  v: 2,
  session: '0'.repeat(32),
  seq: 1000,
  ciphertext: '0'.repeat(2 * (bytes + TAG_BYTES)),
})

async function messages(bytes, n) {
  const json = sealedSize(bytes)
  for (let i = 0; i < n; i++) await call(json)
}

async function timed(run) {
  const begin = performance.now()
  await run
  return { ms: performance.now() - begin }
}

new Koa()
  .use(async (ctx) => {
    const { curve, bytes, n } = ctx.query
    const body = await getRawBody(ctx.req, { length: ctx.req.headers['content-length'] ?? null })
    if (ctx.path === '/exchanges') ctx.body = await timed(exchanges(curve, Number(n)))
    else if (ctx.path === '/messages') ctx.body = await timed(messages(Number(bytes), Number(n)))
    else if (ctx.path === '/send_msg') {
      await call(sealedSize(body.length))
      ctx.body = { sent: true, bytes: body.length }
    } else ctx.body = body.length > 0 ? JSON.parse(body.toString()) : {}
  })
  .listen(Number(port), '127.0.0.1')
