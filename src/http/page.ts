/** The routes of the page: its files, the events that feed it, and what it offers to take home. Public data only. */

import { extname } from 'node:path'
import type Router from '@koa/router'
import type { Context } from 'koa'
import { PAGE_FILES } from '../page/files.ts'
import type { Peer } from '../peer/peer.ts'
import type { Events } from '../wirelog/ring.ts'
import { transcriptOf } from '../wirelog/transcript.ts'
import { eventStream } from './eventStream.ts'
import { chosenLanguage, languageOf } from './language.ts'
import { isHere } from './loopback.ts'
import { commandsOf } from './nextCommands.ts'
import { HttpError } from './problems.ts'

/** The page loads what this peer serves and nothing else. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Answers with the page, the present state filled in: it tells as much without its script. */
export async function answerPage(ctx: Context, peer: Peer, events: Events): Promise<void> {
  const { rendered } = await import('../page/html.ts')
  const language = languageOf(ctx)
  ctx.type = 'text/html'
  ctx.set('Content-Security-Policy', PAGE_POLICY)
  ctx.set('Content-Language', language)
  ctx.vary('Accept-Language')
  ctx.body = rendered(peer, events, {
    language,
    isChosen: chosenLanguage(ctx) !== null,
    isPeerHere: isHere(peer.peerUrl),
    commands: commandsOf(peer),
  })
}

/** The routes beside `/` that the page calls. */
export function addPage(router: Router, peer: Peer, events: Events): void {
  router.register([...PAGE_FILES], ['GET'], async (ctx) => {
    const { TEXTS } = await import('../page/html.ts')
    ctx.type = extname(ctx.path)
    ctx.body = TEXTS.get(ctx.path)
  })

  router.register('/events', ['GET', 'POST'], (ctx) => {
    ctx.type = 'text/event-stream'
    const { socket } = ctx.req
    socket.setTimeout(events.patience, () => socket.destroy())
    ctx.body = eventStream(events, peer, ctx.get('last-event-id'), languageOf(ctx))
  })

  router.register('/transcript', ['GET'], (ctx) => {
    ctx.type = 'application/json'
    ctx.attachment(`ecdh-duet-${peer.port}-${events.run}.json`)
    ctx.body = `${JSON.stringify(transcriptOf(peer, events), null, 2)}\n`
  })

  router.register('/sealed_image', ['GET'], (ctx) => {
    if (events.sealedHead === null)
      throw new HttpError('no_image', 'No picture has come in this run.')
    ctx.type = 'application/octet-stream'
    ctx.body = Buffer.from(events.sealedHead)
  })
}
