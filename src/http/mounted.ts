/** A peer's app at a path of somebody else's server: Koa, Express, or one of Node's own. */

import type { IncomingMessage } from 'node:http'
import Koa, { type Middleware, type Next, type ParameterizedContext } from 'koa'
import type { State } from './routes.ts'

/** Express has here what was asked for, and in `url` what is left of it below the path that it mounts at. */
type Mountable = IncomingMessage & { readonly originalUrl?: string }

/**
 * Takes `base` off what a request asks for. What is not below it is marked: it is refused later on, as everything is. Whoever
 * asks for `base` itself is sent to the page below it, since all of a page's links are relative.
 */
export function below(base: string): Middleware<State> {
  return async (ctx, next) => {
    const { originalUrl, url = '' } = ctx.req as Mountable
    const rest = restOf(originalUrl ?? url, base)
    if (rest !== null && !rest.startsWith('/')) {
      ctx.status = 308
      ctx.set('Location', `${base}/${rest}`)
      ctx.body = `${base}/\n`
      return
    }
    ctx.state.isElsewhere = rest === null
    ctx.req.url = rest ?? url
    try {
      await next()
    } finally {
      ctx.req.url = url
    }
  }
}

/** What stands behind `base`, or null if `target` is not `base` and not below it. */
function restOf(target: string, base: string): string | null {
  return target.startsWith(base) && /^(?:[/?]|$)/.test(target.slice(base.length))
    ? target.slice(base.length)
    : null
}

/**
 * A Koa app that leaves each request to `inner`, which is mounted at `base`: with what was asked for as a whole, and with
 * nothing of the context that a host gives it. `routes` is a middleware for a host, which passes on what is not below `base`.
 */
export function mountable(inner: Koa<State>, base: string) {
  const answer = inner.callback()
  const whole = (ctx: ParameterizedContext) => (ctx.req as Mountable).originalUrl ?? ctx.originalUrl
  const hand = async (ctx: ParameterizedContext) => {
    const { req, res, url } = ctx
    ctx.respond = false
    req.url = whole(ctx)
    try {
      await answer(req, res)
    } finally {
      req.url = url
    }
  }
  const routes = () => (ctx: ParameterizedContext, next: Next) =>
    restOf(whole(ctx), base) === null ? next() : hand(ctx)
  const outer = new Koa()
  outer.use(hand)
  return Object.assign(outer, { callback: () => answer, routes })
}
