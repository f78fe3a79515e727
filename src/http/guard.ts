/** Who may call. Runs before routing, for every path. */

import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { Middleware } from 'koa'
import { isLocal } from './loopback.ts'
import { HttpError } from './problems.ts'
import { remembering } from './remembering.ts'
import { type Ctx, isOpen, ROUTES, type State } from './routes.ts'

/**
 * Refuses requests that neither the owner nor another peer would send. `hostNames`: the names, beside IP addresses and
 * `localhost`, by which this peer may be called.
 * @throws HttpError `bad_request` `bad_host` `cross_site` `owner_only`
 */
export function guard(hostNames: readonly string[]): Middleware<State> {
  const hostCalled = hostCheck(
    new Set(['localhost', ...hostNames.map((name) => name.toLowerCase())]),
  )
  const isHere = remembering(isLocal)
  return (ctx, next) => {
    if (!ctx.url.startsWith('/'))
      throw new HttpError('bad_request', 'A request names a path that begins with a slash.')
    const name = hostCalled(ctx.req)
    refuseOtherSites(ctx)
    if (isOpen(ctx.path)) return next()
    if (!isHere(ctx.req.socket.remoteAddress ?? ''))
      throw new HttpError('owner_only', 'The steps answer callers on this machine only.')
    refuseForwarded(ctx)
    refuseSilentBrowsers(ctx, name)
    return next()
  }
}

/**
 * Makes a function that returns the address or name in a request's `Host`. A name has to be one of `names`: by DNS
 * rebinding, an attacker's own name leads to this machine. An address can't be rebound.
 */
function hostCheck(names: ReadonlySet<string>): (request: IncomingMessage) => string {
  const nameIn = remembering((host) => {
    const name = hostNameOf(host)
    if (name === null || (isIP(name) === 0 && !names.has(name))) throw badHost()
    return name
  })
  return ({ headers: { host = '' }, rawHeaders }) => {
    // of several, `headers` has the first
    if (rawHeaders.filter(isNameOfHost).length > 1) throw badHost()
    return nameIn(host)
  }
}

/** `at`: names of headers are at even places, and their values behind them. */
const isNameOfHost = (text: string, at: number) =>
  at % 2 === 0 && text.length === 4 && text.toLowerCase() === 'host'

function badHost(): HttpError {
  return new HttpError(
    'bad_host',
    'Host has to be an IP address, localhost, or a name that the peer was started with.',
  )
}

/** The host without its port and brackets, in lower case; null if it isn't one. */
function hostNameOf(host: string): string | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:@/[\]\s]+))(?::\d{1,5})?$/i.exec(host)
  if (match?.[1] !== undefined && isIP(match[1]) !== 6) return null
  const name = (match?.[1] ?? match?.[2] ?? null)?.toLowerCase() ?? null
  return name === null || isHidden(name) ? null : name
}

/**
 * Whether an address is unspecified, or IPv4 in IPv6. Such addresses reach this machine, but browsers don't treat them as
 * loopback: they send none of the headers that tell a page elsewhere from the owner.
 */
function isHidden(address: string): boolean {
  if (isIP(address) === 4) return address.startsWith('0.')
  if (isIP(address) !== 6) return false
  const { hostname } = new URL(`http://[${address}]`)
  return /^\[::(?:\]|ffff:)/.test(hostname)
}

/** What proxies add beside `X-Forwarded-…`. */
const FORWARDED: ReadonlySet<string> = new Set(['forwarded', 'via', 'x-real-ip'])

/**
 * Behind a proxy on this machine everybody calls from this machine. Who forwards a request says so in a header (RFC 9110
 * section 7.6.3, RFC 7239, and what was usual before); a caller who adds one shuts out nobody else.
 */
function refuseForwarded(ctx: Ctx): void {
  for (const name of Object.keys(ctx.req.headers))
    if (FORWARDED.has(name) || name.startsWith('x-forwarded-'))
      throw new HttpError(
        'owner_only',
        'A proxy forwarded this request, as one of its headers says (Forwarded, Via, X-Forwarded-…, X-Real-IP): the steps answer callers on this machine only.',
      )
}

/** A browser sends one of these with what it fetches before anybody has asked for it. */
const PREFETCH_HEADERS = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz']

/** A web page elsewhere may not make the owner's browser run a step. A link to the page may be followed. */
function refuseOtherSites(ctx: Ctx): void {
  // not koa's `get`, which looks for other spellings of each
  const { headers } = ctx.req
  if (PREFETCH_HEADERS.some((name) => headers[name]))
    throw new HttpError('cross_site', 'A step is not run ahead of time.')
  const own = `http://${ctx.get('host').toLowerCase()}`
  const origin = ctx.get('origin').toLowerCase()
  if (origin !== '' && origin !== own)
    throw new HttpError('cross_site', 'The request comes from a page of another origin.')
  const site = headers['sec-fetch-site']
  if (site === 'none' || site === 'same-origin') return
  const referrer = ctx.get('referer').toLowerCase()
  if (site === undefined && (referrer === '' || referrer.startsWith(`${own}/`))) return
  const link = ctx.method === 'GET' && ctx.path === '/' && ctx.get('sec-fetch-mode') === 'navigate'
  if (!link || ctx.get('sec-fetch-dest') !== 'document')
    throw new HttpError('cross_site', 'The request comes from a page of another site.')
}

/**
 * Any page can make a browser call this peer, by the address of a picture. So a browser has to say which page asks, by
 * Fetch Metadata or an `Origin`. It sends Fetch Metadata to trustworthy URLs only, and so never to a name other than
 * localhost.
 */
function refuseSilentBrowsers(ctx: Ctx, name: string): void {
  if (!isBrowser(ctx)) return
  if (isIP(name) === 0 && name !== 'localhost')
    throw new HttpError('cross_site', 'A browser calls this peer as 127.0.0.1 or localhost.')
  if (ctx.get('sec-fetch-site') === '' && ctx.get('origin') === '')
    throw new HttpError(
      'cross_site',
      'This browser does not say which page asks. Chrome and Edge do from version 80 on, Firefox from 90, Safari from 16.4.',
    )
}

/**
 * Whether the headers are those of a browser, or of a program that fetches a link to preview it. PowerShell's name begins
 * as browsers' do. A browser that hides its name still asks for pages or pictures in its user's language. Programs don't:
 * Java asks for them in no language, Swift has a name, and Node's fetch takes every language. Where the answer has a
 * language, any program may ask for one.
 */
function isBrowser(ctx: Ctx): boolean {
  const agent = ctx.get('user-agent')
  if (/^(?:Mozilla|Opera)\//i.test(agent)) return !/PowerShell\/\d/.test(agent)
  if (/bot\b|preview|whatsapp|externalhit/i.test(agent)) return true
  if (ctx.get('upgrade-insecure-requests') !== '') return true
  if (ROUTES.get(ctx.path)?.isLocalised) return false
  const asksForPages = /text\/html|image\//i.test(ctx.get('accept'))
  return /[^*]/.test(ctx.get('accept-language')) && (agent === '' || asksForPages)
}
