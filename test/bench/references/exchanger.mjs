/**
 * The reference for exchanges: the same four requests, two of the person's and two between the two,
 * the same bytes in them, and noble's arithmetic in the same places. No proof, no schedule, no check.
 *
 * node exchanger.mjs PORT OTHER_PORT FOLDER CURVE
 *
 * `GET /send_keys` makes keys and sends the public one to the other's `POST /wire/keys` by got. Whoever
 * has both then computes the shared secrets.
 */

import Router from '@koa/router'
import got from 'got'
import Koa from 'koa'
import getRawBody from 'raw-body'
import { hex, keyPair, SUITES } from './suites.mjs'

const [port, other, , suite] = process.argv.slice(2)

const { curve, kem } = SUITES[suite]

const bytes = (text) => new Uint8Array(Buffer.from(text, 'hex'))

const identity = keyPair(curve)
/** What stands for the tags and the base point, which are fixed or cost next to nothing. */
const filling = { session: '0'.repeat(32), tag: '0'.repeat(64) }

let own = null
let peer = null

const sharedSecrets = () => [
  curve.sharedSecret(own.privateKey, peer.point),
  curve.sharedSecret(identity.privateKey, peer.point),
  curve.sharedSecret(own.privateKey, peer.identity),
]

const router = new Router()
router.get('/send_keys', async (ctx) => {
  own = { ...keyPair(curve), kem: kem?.keygen() }
  let ciphertext
  if (peer !== null) {
    ciphertext = kem?.encapsulate(peer.encapsulationKey).cipherText
    sharedSecrets()
  }
  const json = {
    v: 2,
    curve: suite,
    basePoint: hex(own.publicKey),
    identity: hex(identity.publicKey),
    publicKey: hex(own.kem?.publicKey ?? []) + hex(own.publicKey),
    ...(peer && { confirm: { ...filling, ...(ciphertext && { ciphertext: hex(ciphertext) }) } }),
  }
  await got.post(`http://127.0.0.1:${other}/wire/keys`, { json }).json()
  ctx.status = 201
  ctx.body = { sent: true, session: filling.session }
  // the second of the two has completed an exchange
  if (peer !== null) own = peer = null
})
router.post('/wire/keys', async (ctx) => {
  const length = ctx.req.headers['content-length'] ?? null
  const body = await getRawBody(ctx.req, { length, limit: 2 ** 20 })
  const message = JSON.parse(body.toString())
  const publicKey = bytes(message.publicKey)
  const split = publicKey.length - identity.publicKey.length
  peer = {
    identity: bytes(message.identity),
    point: publicKey.subarray(split),
    encapsulationKey: publicKey.subarray(0, split),
  }
  ctx.status = 201
  ctx.body = { accepted: true }
  if (own === null) return
  if (message.confirm.ciphertext)
    kem.decapsulate(bytes(message.confirm.ciphertext), own.kem.secretKey)
  sharedSecrets()
  ctx.body = { accepted: true, confirm: filling }
  own = peer = null
})
new Koa().use(router.routes()).listen(Number(port), '127.0.0.1')
