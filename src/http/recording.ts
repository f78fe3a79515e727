/** Tells the ring of each request once it is answered. */

import type { Middleware } from 'koa'
import { STEP_PATHS } from '../wirelog/events.ts'
import { FORMS, type WireRoute } from '../wirelog/forms.ts'
import type { Events, Pending } from '../wirelog/ring.ts'

/** What `recording` finds in a context's state. */
export interface Recorded {
  /** The answer's text. */
  said?: string
  /** Of a refusal. */
  code?: string
  /** The command to run next. */
  next?: string
  /** A request on the wire whose body was read. */
  pending?: Pending
}

/** Tells `events` of each step, and of each answer that a wire route gave. */
export function recording(events: Events): Middleware<Recorded> {
  return async (ctx, next) => {
    await next()
    const { said = '', pending } = ctx.state
    if (pending !== undefined) {
      pending.answered(ctx.status, said)
      return
    }
    const { status, method } = ctx
    const [route = ''] = ctx.req.url?.split('?') ?? []
    if (STEP_PATHS.has(route)) {
      const { code = null, next = null } = ctx.state
      events.step({ route, method, status, code, next })
    } else if (isWireRoute(route)) events.unread(method, route).answered(status, said)
  }
}

function isWireRoute(path: string): path is WireRoute {
  return Object.hasOwn(FORMS, path)
}
