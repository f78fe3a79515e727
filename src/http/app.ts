/** The factory: one Koa app for one peer, launched once a port. It never listens by itself. */

import type { IncomingMessage, RequestListener } from 'node:http'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import Router from '@koa/router'
import Koa, { type Middleware } from 'koa'
import type { Receiver } from '../peer/contract.ts'
import type { Peer } from '../peer/peer.ts'
import { CopyError } from '../protocol/errors.ts'
import { Events } from '../wirelog/ring.ts'
import { guard } from './guard.ts'
import { mailboxHandlers } from './mailbox.ts'
import { below } from './mounted.ts'
import { commandsOf } from './nextCommands.ts'
import { pageFile, pageHandlers } from './page.ts'
import { encodeProblem, HttpError, problemOf, SAFE_HEADERS } from './problems.ts'
import { recording } from './recording.ts'
import {
  type Ctx,
  type Handler,
  type Handlers,
  isOfKind,
  isOpen,
  type Path,
  pathOf,
  ROUTES,
  type State,
  stepOfOther,
} from './routes.ts'
import { stepHandlers } from './steps.ts'
import { wireHandlers } from './wire.ts'

export interface AppOptions {
  /** The names, beside IP addresses and `localhost`, by which this peer may be called. */
  readonly hostNames?: readonly string[] | undefined
  /** Who takes what comes over the wire, if not the peer itself. */
  readonly receiver?: Receiver | undefined
  /** Where the page's events are kept. */
  readonly events?: Events | undefined
  /** The app of the other peer, if both are of one launch: it takes what comes to `/other/...`. */
  readonly other?: RequestListener | undefined
  /** Where somebody else's server has the routes: `/duet`, or '' for all of it. */
  readonly base?: string
  /** What an allowed request meets before the routes: it may answer in their place. */
  readonly front?: Middleware<State> | undefined
}

/** The app of one peer: every route, and before them who may call and what a refusal looks like. */
export function appOf(
  peer: Peer,
  {
    hostNames = [],
    receiver = peer,
    events = new Events(peer.suite),
    other,
    base,
    front,
  }: AppOptions = {},
): Koa<State> {
  const app = new Koa<State>()
  // an error that comes once the answer has begun; koa's own printing would show a stack
  app.on('error', (error: NodeJS.ErrnoException) => {
    if (!CALLER_LEFT.has(error.code ?? '')) peer.report({ type: 'defect', where: whereOf(error) })
  })
  if (other !== undefined) app.use(handingOver(other))
  if (base !== undefined) app.use(below(base))
  app.use(recording(events))
  app.use(problems(peer))
  app.use(headers)
  app.use(guard(hostNames))
  if (base !== undefined) app.use(refuseMisplaced(base))
  if (front !== undefined) app.use(front)
  const handlers: Readonly<Record<string, Handler>> = {
    ...wireHandlers(receiver, events),
    ...mailboxHandlers(peer),
    ...stepHandlers(peer, events, other !== undefined),
    ...pageHandlers(peer, events),
  } satisfies Handlers<Path>
  const hasMailbox = peer.mailboxKey !== null
  // the wire is called most, and is found sooner in a router of its own
  for (const isForAnyone of [true, false]) {
    // takes `/show` and neither `/show/` nor `/SHOW`
    const router = new Router<State>({ strict: true, sensitive: true })
    for (const [path, { kind, methods }] of ROUTES)
      if (isOpen(path) === isForAnyone && kind !== 'other' && (hasMailbox || kind !== 'mailbox'))
        router.register(path, [...methods], handlers[path] ?? pageFile)
    // it would run a GET handler on HEAD too
    for (const layer of router.stack)
      layer.methods = layer.methods.filter((name) => name !== 'HEAD')
    app.use(router.routes())
  }
  app.use(({ path }) => refuse(path, hasMailbox))
  return app
}

/**
 * Hands a step of the other peer to that one's app, as a request to it: there it is guarded, run, recorded and answered, and
 * here nothing is left of it.
 */
function handingOver(other: RequestListener): Middleware {
  return (ctx, next) => {
    const { req, res } = ctx
    const [path = '', ...query] = (req.url ?? '').split('?')
    const step = stepOfOther(path)
    if (step === undefined) return next()
    req.url = [step, ...query].join('?')
    ctx.respond = false
    return other(req, res)
  }
}

/** How long the caller of a refused request may go on sending it, in ms. */
const LINGER_MS = 10_000

/** The caller closed the connection before it had the whole answer. */
const CALLER_LEFT: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
])

/** What browsers ask for by themselves: the terminal says nothing of such a refusal. */
const ASKED_BY_BROWSERS =
  /^\/(?:favicon\.ico|robots\.txt|apple-touch-icon[\w-]*\.png|\.well-known\/.*)$/

/** Turns every refusal into a problem, and tells the terminal of it. */
function problems(peer: Peer): Middleware<State> {
  const commands = commandsOf(peer)
  return async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      // what follows a ? may be a text
      const path = pathOf(ctx)
      const problem = problemOf(error, commands, path)
      setSafeHeaders(ctx)
      ctx.status = problem.status
      if (error instanceof HttpError) ctx.set({ ...error.headers })
      ctx.type = 'application/problem+json'
      const text = encodeProblem(problem)
      Object.assign(ctx.state, { said: text, code: problem.code, next: problem.next })
      ctx.body = ctx.req.complete ? text : Readable.from(lingering(text, ctx.req))
      ctx.length = Buffer.byteLength(text)
      if (problem.code === 'internal') peer.report({ type: 'defect', where: whereOf(error) })
      else if (error instanceof CopyError) peer.report({ type: 'copy received', seq: error.seq })
      // that two numbers differ is an event of its own
      else if (!ASKED_BY_BROWSERS.test(path) && problem.code !== 'number_differs')
        peer.report({
          type: 'refused',
          request: `${ctx.method} ${path}`,
          ...problem,
        })
    }
  }
}

const SAFE = Object.entries(SAFE_HEADERS)

/** By Node's own call, which is faster than koa's. */
function setSafeHeaders({ res }: Ctx): void {
  for (const [name, value] of SAFE) res.setHeader(name, value)
}

/** What the wire accepts is answered to a program: a refusal there, which a browser may show, gets all of them later. */
const headers: Middleware<State> = (ctx, next) => {
  if (isOfKind(pathOf(ctx), 'wire')) ctx.res.setHeader('X-Content-Type-Options', 'nosniff')
  else setSafeHeaders(ctx)
  return next()
}

/**
 * The body of an answer that ends once the whole request has come. A connection that is closed while the caller still
 * sends is reset by the system, and the caller may lose the answer.
 */
async function* lingering(text: string, request: IncomingMessage): AsyncGenerator<string> {
  yield text
  request.resume()
  const signal = AbortSignal.timeout(LINGER_MS)
  await finished(request, { signal }).catch(() => request.destroy())
}

/** Refuses what was asked for beside `base`, where the routes are, and what has lost its body on the way there. */
function refuseMisplaced(base: string): Middleware<State> {
  return (ctx, next) => {
    if (ctx.state.isElsewhere)
      throw new HttpError('not_found', `This peer is mounted at ${base}, and nowhere else.`)
    if (ctx.req.readableDidRead)
      throw new HttpError(
        'bad_request',
        'The body was read before it came here: this peer has to be mounted before what parses bodies.',
      )
    return next()
  }
}

/** There is no such path, or not with this method. */
function refuse(path: string, hasMailbox: boolean): never {
  const route = ROUTES.get(path)
  if (route === undefined)
    throw new HttpError('not_found', 'There is nothing at this path; / lists the routes.')
  if (route.kind === 'mailbox' && !hasMailbox)
    throw new HttpError('not_found', 'This peer has no mailbox.')
  if (route.kind === 'other')
    throw new HttpError('not_found', 'The other peer was not started together with this one.')
  throw new HttpError('method_not_allowed', `This route takes ${route.methods.join(' and ')}.`, {
    Allow: route.methods.join(', '),
  })
}

/** Where a defect happened, for a report: kind, function, file and line; no message, no folder. */
function whereOf(error: unknown): string {
  if (!(error instanceof Error)) return 'an unknown place'
  const { name, message, stack = '' } = error
  const begin = stack.indexOf(message)
  const frames = begin < 0 ? '' : stack.slice(begin + message.length)
  const [, called = '', place = 'an unknown place'] =
    /^ {4}at (?:async )?(?:([\w.$<>#[\] ]+) \()?[^()]*[/\\]([\w.-]+:\d+:\d+)\)?$/.exec(
      frames.split('\n', 2)[1] ?? '',
    ) ?? []
  return `${/^\w+$/.test(name) ? name : 'Error'} in ${called || 'a module'} at ${place}`
}
