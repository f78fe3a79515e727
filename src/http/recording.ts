/** Tells the log of the wire of each request once it is answered. */

import type { Middleware } from 'koa'
import type { Events } from '../wirelog/ring.ts'
import { isOfKind, pathOf, type State } from './routes.ts'

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
    const path = pathOf(ctx)
    if (isOfKind(path, 'step')) events.step({ route: path, method, status, code, next: command })
    else if (isOfKind(path, 'wire')) events.unread(method, path).answered(status, said)
  }
}
