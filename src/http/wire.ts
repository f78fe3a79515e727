/** The other peer's routes: all that an eavesdropper sees. */

import type Router from '@koa/router'
import type { Context } from 'koa'
import type { Receiver } from '../contract.ts'
import { AEAD_TAG_BYTES, MAX_TEXT_BYTES } from '../protocol/messages.ts'
import { maxStreamBytes } from '../protocol/stream.ts'
import { readJson } from './bodies.ts'
import type { Events, WireRoute } from './events.ts'
import { StreamHead, withStream } from './pictures.ts'

const MAX_KEYS_BODY = 4 * 1024
/** The longest ciphertext in hex, and room for the other fields. */
const MAX_MESSAGE_BODY = 2 * (MAX_TEXT_BYTES + AEAD_TAG_BYTES) + 1024

export function addWire(router: Router, receiver: Receiver, events: Events): void {
  const seen = (ctx: Context, route: WireRoute) => (body: Uint8Array) => {
    ctx.state['pending'] = events.request('received', route, body)
  }

  router.register('/wire/keys', ['POST'], async (ctx) => {
    const body = await readJson(ctx, MAX_KEYS_BODY, seen(ctx, '/wire/keys'))
    accepted(ctx, await receiver.receiveKeys(body))
  })

  router.register('/wire/message', ['POST'], async (ctx) => {
    const body = await readJson(ctx, MAX_MESSAGE_BODY, seen(ctx, '/wire/message'))
    accepted(ctx, await receiver.receiveMessage(body))
  })

  router.register('/wire/image', ['POST'], async (ctx) => {
    const max = maxStreamBytes(receiver.maxImage)
    const head = new StreamHead((header) => {
      ctx.state['pending'] = events.picture('received', header, ctx.request.length ?? null)
    })
    const answer = await withStream(ctx, max, (stream) => receiver.receivePicture(head.of(stream)))
    events.sealedHead = head.bytes
    accepted(ctx, answer)
  })
}

/** Answers that what came was taken. */
export function accepted(ctx: Context, body: object): void {
  ctx.status = 201
  ctx.type = 'application/json'
  ctx.body = `${JSON.stringify(body)}\n`
  ctx.state['said'] = ctx.body
}
