/** Tells the ring of each request once it is answered. */

import type { Middleware } from 'koa'
import { utf8ToBytes } from '../protocol/bytes.ts'
import { FORMS, STEP_PATHS, type WireRoute } from './events.ts'
import { said } from './records.ts'
import type { Events, Pending } from './ring.ts'

/** What `recording` finds in a context's state. */
interface Recorded {
  /** The answer's text. */
  said?: string
  pending?: Pending
}

/** Tells `events` of each step, and of each answer that a wire route gave. */
export function recording(events: Events): Middleware<Recorded> {
  return async (ctx, next) => {
    await next()
    const [route = ''] = ctx.req.url?.split('?') ?? []
    const { status, method } = ctx
    const text = ctx.state.said ?? ''
    if (STEP_PATHS.has(route)) events.step({ route, method, status, ...said(text) })
    else if (isWireRoute(route)) {
      const pending = ctx.state.pending ?? events.unread(method, route)
      pending.answered(status, utf8ToBytes(text))
    }
  }
}

function isWireRoute(path: string): path is WireRoute {
  return Object.hasOwn(FORMS, path)
}
