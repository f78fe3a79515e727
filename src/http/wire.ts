/** The other peer's routes: all that an eavesdropper sees. */

import Router from '@koa/router'
import type { Context } from 'koa'
import type { Receiver } from '../contract.ts'
import { AEAD_TAG_BYTES, MAX_TEXT_BYTES } from '../protocol/messages.ts'
import { maxStreamBytes } from '../protocol/stream.ts'
import { readJson } from './bodies.ts'
import { withStream } from './pictures.ts'

const MAX_KEYS_BODY = 4 * 1024
/** The longest ciphertext in hex, and room for the other fields. */
const MAX_MESSAGE_BODY = 2 * (MAX_TEXT_BYTES + AEAD_TAG_BYTES) + 1024

export function wire(receiver: Receiver): Router {
  const router = new Router({ strict: true, sensitive: true })

  router.register('/wire/keys', ['POST'], async (ctx) => {
    accepted(ctx, await receiver.receiveKeys(await readJson(ctx, MAX_KEYS_BODY)))
  })

  router.register('/wire/message', ['POST'], async (ctx) => {
    accepted(ctx, await receiver.receiveMessage(await readJson(ctx, MAX_MESSAGE_BODY)))
  })

  router.register('/wire/image', ['POST'], async (ctx) => {
    const max = maxStreamBytes(receiver.maxImage)
    accepted(ctx, await withStream(ctx, max, (stream) => receiver.receivePicture(stream)))
  })

  return router
}

function accepted(ctx: Context, body: object): void {
  ctx.status = 201
  ctx.type = 'application/json'
  ctx.body = `${JSON.stringify(body)}\n`
}
