/** The routes of the page: its files, the events that feed it, and what it offers to take home. Public data only. */

import { extname } from 'node:path'
import type Router from '@koa/router'
import type { Peer } from '../peer/peer.ts'
import { transcriptOf } from '../wirelog/events.ts'
import type { Events } from '../wirelog/ring.ts'
import { eventStream } from './eventStream.ts'
import { languageOf } from './language.ts'
import { HttpError } from './problems.ts'

/** What the page loads, by its path: the list is fixed, and no path from outside names a file. */
export const PAGE_FILES = ['/page.css', '/icon.svg', '/page.js', '/en.js', '/es.js'] as const

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
