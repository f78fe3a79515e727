/** What a browser gets from her: one page, at both of her ports, fed by the logs of both of her peers. */

import fs from 'node:fs'
import { extname } from 'node:path'
import type { Middleware } from 'koa'
import { ownFile } from '../../../disk/ownFile.ts'
import { chosenLanguage } from '../../../http/language.ts'
import { asPage, streamEvents } from '../../../http/page.ts'
import { HttpError } from '../../../http/problems.ts'
import { isOpen, type State } from '../../../http/routes.ts'
import { answerPicture } from '../../../http/steps.ts'
import type { Consent } from './consent.ts'
import type { Index } from './page/match.ts'
import type { Log, Passages } from './passages.ts'

/** Below `/mallory/`. They are built. */
const FILES = ['mallory.css', 'page.js', 'shared.js', 'en.js', 'es.js']

/** Answers `/` to browsers, and what the page asks for below `/mallory/`; the rest is for the routes of her peer. */
export function front(
  index: Index,
  logs: readonly Log[],
  passages: Passages,
  consent: Consent | undefined,
): Middleware<State> {
  return (ctx, next) =>
    passages.handle(index, async () => {
      const { path, method } = ctx
      if (isOpen(path)) consent?.refuseOthers(ctx.req.socket.remoteAddress ?? '')
      if (path === '/' && ctx.accepts('text/plain', 'text/html') === 'text/html') {
        const { rendered } = await import('./html.ts')
        const language = asPage(ctx)
        const isChosen = chosenLanguage(ctx) !== null
        ctx.body = rendered(logs, passages, { language, isChosen, index })
        return
      }
      const [, root, name = '', what] = path.split('/')
      if (root !== 'mallory') return next()
      if (method !== 'GET')
        throw new HttpError('method_not_allowed', 'This route takes GET.', { Allow: 'GET' })
      const side = ['0', '1'].indexOf(name)
      const log = logs[side]
      if (log !== undefined && path === `/mallory/${name}/events`)
        return streamEvents(ctx, log.peer, log.events, () => ({ passed: passages.of(side) }))
      if (log !== undefined && path === `/mallory/${name}/image`)
        return answerPicture(ctx, log.peer)
      if (what !== undefined || !FILES.includes(name))
        throw new HttpError('not_found', 'There is nothing at this path; / lists the routes.')
      ctx.type = extname(name)
      ctx.body = textOf(name)
    })
}

function textOf(name: string): string {
  return fs.readFileSync(ownFile(`dist/browser/mallory/${name}`), 'utf8')
}
