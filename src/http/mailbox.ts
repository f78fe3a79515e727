/** The mailbox's routes: its public key, and where mail comes in. Anyone may call them. */

import * as v from 'valibot'
import type { Peer } from '../peer/peer.ts'
import { DuetError } from '../protocol/errors.ts'
import { readJson } from './bodies.ts'
import { remembering } from './remembering.ts'
import type { Handlers, PathOf } from './routes.ts'
import { senderAt } from './senders.ts'
import { accepted } from './wire.ts'

/** A text of 64 KiB sealed on P-256, in base64, with room for JSON's escapes. */
const MAX_MAIL_BODY = 92 * 1024

const MailForm = v.strictObject({ message: v.pipe(v.string(), v.nonEmpty()) })

/** Of a peer that has a mailbox. */
export function mailboxHandlers(peer: Peer): Handlers<PathOf<'mailbox'>> {
  const senderOf = remembering(senderAt)
  return {
    '/public_key': (ctx) => {
      ctx.type = 'text/plain'
      ctx.body = peer.mailboxKey
    },
    '/message': async (ctx) => {
      const sealed = parseMail(await readJson(ctx, MAX_MAIL_BODY))
      accepted(ctx, await peer.receiveMail(sealed, senderOf(ctx.req.socket.remoteAddress ?? '')))
    },
  }
}

/** The sealed bytes out of parsed JSON, in base64 with its padding (RFC 4648 section 4). */
function parseMail(body: unknown): Uint8Array {
  if (!v.is(MailForm, body))
    throw new DuetError('bad_message', 'The body is {"message": "<base64>"} and nothing more.')
  const sealed = Buffer.from(body.message, 'base64')
  // Node takes other alphabets, blanks and missing padding: one form for each value
  if (sealed.toString('base64') !== body.message)
    throw new DuetError('bad_encoding', '`message` is not in base64: it was not sealed.')
  return sealed
}
