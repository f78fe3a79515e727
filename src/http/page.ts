/** The routes of the page: its files, the events that feed it, and what it offers to take home. Public data only. */

import { extname } from 'node:path'
import type { Peer } from '../peer/peer.ts'
import type { Language } from '../wirelog/annotate.ts'
import type { Events } from '../wirelog/ring.ts'
import { transcriptOf } from '../wirelog/transcript.ts'
import { eventStream } from './eventStream.ts'
import { chosenLanguage, languageOf } from './language.ts'
import { isLocal } from './loopback.ts'
import { commandsOf } from './nextCommands.ts'
import { HttpError } from './problems.ts'
import type { Ctx, Handlers } from './routes.ts'

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

/** Makes an answer a page in the caller's language, which it returns. */
export function asPage(ctx: Ctx): Language {
  const language = languageOf(ctx)
  ctx.type = 'text/html'
  ctx.set('Content-Security-Policy', PAGE_POLICY)
  ctx.set('Content-Language', language)
  ctx.vary('Accept-Language')
  return language
}

/** Answers with the events of a peer, live. `more`: what its state has beside. */
export function streamEvents(ctx: Ctx, peer: Peer, events: Events, more?: () => object): void {
  ctx.type = 'text/event-stream'
  const { socket } = ctx.req
  socket.setTimeout(events.patience, () => socket.destroy())
  ctx.body = eventStream(events, peer, ctx.get('last-event-id'), languageOf(ctx), more)
}

/** Answers with the page, the present state filled in: it tells as much without its script. */
export async function answerPage(
  ctx: Ctx,
  peer: Peer,
  events: Events,
  runsOther: boolean,
): Promise<void> {
  const { rendered } = await import('../page/html.ts')
  const language = asPage(ctx)
  const { own, peer: others, quote } = commandsOf(peer)
  const [before = '', behind = ''] = others('\n').split('\n')
  ctx.body = rendered(peer, events, {
    language,
    isChosen: chosenLanguage(ctx) !== null,
    isPresented: ctx.query['present'] !== undefined,
    isPeerHere: isLocal(peer.peerUrl),
    runsOther,
    own: own(''),
    other: [before, behind],
    quote,
  })
}

/** The routes beside `/` that the page calls. */
export function pageHandlers(
  peer: Peer,
  events: Events,
): Handlers<'/events' | '/transcript' | '/sealed_image' | '/toy'> {
  return {
    '/toy': async (ctx) => {
      const { renderedToy } = await import('../page/html.ts')
      const language = asPage(ctx)
      ctx.body = renderedToy(language, chosenLanguage(ctx) !== null)
    },
    '/events': (ctx) => streamEvents(ctx, peer, events),
    '/transcript': (ctx) => {
      ctx.type = 'application/json'
      ctx.attachment(`ecdh-duet-${peer.port}-${events.run}.json`)
      ctx.body = `${JSON.stringify(transcriptOf(peer, events), null, 2)}\n`
    },
    '/sealed_image': (ctx) => {
      if (events.sealedHead === null)
        throw new HttpError('no_image', 'No picture has come in this run.')
      ctx.type = 'application/octet-stream'
      ctx.body = Buffer.from(events.sealedHead)
    },
  }
}

/** Answers with a file that the page loads. */
export async function pageFile(ctx: Ctx): Promise<void> {
  const { TEXTS } = await import('../page/html.ts')
  ctx.type = extname(ctx.path)
  ctx.body = TEXTS.get(ctx.path)
}
