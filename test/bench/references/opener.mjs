/**
 * The reference for receiving: a Koa app with the router that parses a sealed message and opens its
 * ciphertext by noble, and nothing else. Its key is fixed, and no number is looked at.
 *
 * node opener.mjs PORT
 *
 * `POST /wire/message`: JSON as a peer sends it, sealed under a key of 32 zeros, with 12 zeros for the nonce.
 */

import Router from '@koa/router'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import Koa from 'koa'
import getRawBody from 'raw-body'

const [port] = process.argv.slice(2)
const [key, nonce] = [new Uint8Array(32), new Uint8Array(12)]

const router = new Router()
router.post('/wire/message', async (ctx) => {
  const length = ctx.req.headers['content-length'] ?? null
  const body = await getRawBody(ctx.req, { length, limit: 2 ** 20 })
  const { ciphertext } = JSON.parse(body.toString())
  chacha20poly1305(key, nonce).decrypt(new Uint8Array(Buffer.from(ciphertext, 'hex')))
  ctx.status = 201
  ctx.body = { accepted: true, missing: 0 }
})
new Koa().use(router.routes()).listen(Number(port), '127.0.0.1')
