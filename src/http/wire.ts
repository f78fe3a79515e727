/** The other peer's routes: all that an eavesdropper sees. */

import type { Receiver } from '../peer/contract.ts'
import { AEAD_TAG_BYTES, MAX_TEXT_BYTES, maxKeyMessageBytes } from '../protocol/messages.ts'
import { maxStreamBytes } from '../protocol/stream.ts'
import { SUITES, type Suite } from '../protocol/suites.ts'
import type { WireRoute } from '../wirelog/forms.ts'
import type { Events } from '../wirelog/ring.ts'
import { jsonOf, readJson, readJsonBytes, tooLarge } from './bodies.ts'
import { StreamHead, streamIn } from './pictures.ts'
import type { Ctx, Handlers } from './routes.ts'

/** The longest of any suite: a key message of another suite is refused as that, and not for its length. */
const MAX_KEYS_BODY = Math.max(...Object.values(SUITES).map(maxKeyMessageBytes))
/** The longest ciphertext in hex, and room for the other fields. */
const MAX_MESSAGE_BODY = 2 * (MAX_TEXT_BYTES + AEAD_TAG_BYTES) + 1024

/** `receiver` takes what comes, and `events` is told of each body. */
export function wireHandlers(receiver: Receiver, events: Events): Handlers<WireRoute> {
  const seen = (ctx: Ctx, route: WireRoute) => (body: Uint8Array) => {
    ctx.state.pending = events.request('received', route, body)
  }
  return {
    '/wire/keys': async (ctx) => {
      const limit = maxKeyMessageBytes(receiver.suite)
      // a body without a length is cut off at our own limit
      const most = ctx.request.length === undefined ? limit : MAX_KEYS_BODY
      const bytes = await readJsonBytes(ctx, most, seen(ctx, '/wire/keys'))
      if (bytes.length > limit && !isOfAnother(receiver.suite, bytes)) throw tooLarge(limit)
      accepted(ctx, await receiver.receiveKeys(jsonOf(bytes)))
    },
    '/wire/message': async (ctx) => {
      const body = await readJson(ctx, MAX_MESSAGE_BODY, seen(ctx, '/wire/message'))
      accepted(ctx, await receiver.receiveMessage(body))
    },
    '/wire/image': async (ctx) => {
      const stream = streamIn(ctx, maxStreamBytes(receiver.maxImage))
      const head = new StreamHead((header) => {
        ctx.state.pending = events.picture('received', header, ctx.request.length ?? null)
      })
      const answer = await receiver.receivePicture(head.of(stream))
      events.sealedHead = head.bytes
      accepted(ctx, answer)
    },
  }
}

/** Whether it is a key message of another suite, as far as it says. */
function isOfAnother({ name }: Suite, bytes: Uint8Array): boolean {
  try {
    const { curve } = jsonOf(bytes) as { curve?: unknown }
    return typeof curve === 'string' && curve !== name && Object.hasOwn(SUITES, curve)
  } catch {
    return false
  }
}

/** Answers that what came was taken. */
export function accepted(ctx: Ctx, body: object): void {
  ctx.status = 201
  ctx.res.setHeader('Content-Type', 'application/json; charset=utf-8')
  ctx.state.said = `${JSON.stringify(body)}\n`
  ctx.body = ctx.state.said
}
