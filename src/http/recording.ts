/** Tells the log of the wire of each request once it is answered. */

import type { Middleware } from 'koa'
import type { Events } from '../wirelog/ring.ts'
import { isOfKind, type State } from './routes.ts'

/** Tells `events` of each step, and of each answer that a wire route gave. */
export function recording(events: Events): Middleware<State> {
  return async (ctx, next) => {
    await next()
    const { said = '', pending, code = null, next: command = null } = ctx.state
    // it came from neither end of the wire that this is the log of
    if (code === 'not_between') return
    const { status, method } = ctx
    if (pending !== undefined) {
      pending.answered(status, said)
      return
    }
    // not koa's `path`, which throws where the target can't be parsed
    const [path = ''] = ctx.req.url?.split('?') ?? []
    if (isOfKind(path, 'step')) events.step({ route: path, method, status, code, next: command })
    else if (isOfKind(path, 'wire')) events.unread(method, path).answered(status, said)
  }
}
