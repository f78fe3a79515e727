/** Why a request got no whole answer, and what is said of it. */

import { isIP } from 'node:net'
import { type Failure, PeerError } from '../peer/contract.ts'

/** When a request had an address and a connection, as got measures it; undefined where it had none. */
interface Timings {
  readonly lookup?: number | undefined
  readonly connect?: number | undefined
}

/**
 * The error of a request to `url` that failed with `error`.
 * `timings` says how far it came, and is undefined if there was not even a socket.
 */
export function failedRequest(url: URL, timings: Timings | undefined, error: unknown): PeerError {
  const failure = failureOf(url, timings, error)
  const code = failure === 'no answer in time' ? 'peer_timeout' : 'peer_unreachable'
  return new PeerError(code, DETAILS[failure](placeOf(url), codesOf(error)[0]), null, failure)
}

const DETAILS: Readonly<Record<Failure, (place: string, code: string | undefined) => string>> = {
  'name not resolved': (place) =>
    `No connection to the peer at ${place}: no address was found for that name.`,
  'name not resolved in time': (place) =>
    `No connection to the peer at ${place}: no address was found for that name in time.`,
  'connection refused': (place) =>
    `No connection to the peer at ${place}: it was refused. No program listens there, or a firewall forbids it.`,
  'no route': (place, code) =>
    `No connection to the peer at ${place}: this machine finds no way there (${code ?? 'no reason given'}).`,
  'no connection in time': (place) =>
    `No connection to the peer at ${place}: nothing came back in time.`,
  'connection broke': (place) =>
    `The connection to the peer at ${place} broke before the whole answer had come.`,
  'not HTTP': (place) => `What answers at ${place} does not speak HTTP as a peer does.`,
  'no answer in time': (place) => `The peer at ${place} was reached, but did not answer in time.`,
}

function failureOf({ hostname }: URL, timings: Timings | undefined, error: unknown): Failure {
  const codes = codesOf(error)
  const isLate = codes.includes('ETIMEDOUT')
  if (timings?.connect !== undefined) {
    if (isLate) return 'no answer in time'
    return codes.some((code) => code.startsWith('HPE_')) ? 'not HTTP' : 'connection broke'
  }
  // the system may look for a name longer than we wait; an address needs no look-up
  const isLookedUp = timings?.lookup !== undefined || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0
  if (!isLookedUp && isLate) return 'name not resolved in time'
  if (codes.some((code) => code === 'ENOTFOUND' || code.startsWith('EAI_')))
    return 'name not resolved'
  // a name may have several addresses, and where one of them refused, there is a machine
  if (codes.includes('ECONNREFUSED')) return 'connection refused'
  return isLate ? 'no connection in time' : 'no route'
}

/** The codes of an error, and of those that it holds: of each address of a name there is one. */
function codesOf(error: unknown): string[] {
  const { code, cause, errors } = error as NodeJS.ErrnoException & { errors?: unknown[] }
  const inner = [...(cause ? [cause] : []), ...(errors ?? [])]
  return [...(code ? [code] : []), ...inner.flatMap(codesOf)]
}

function placeOf({ hostname, port }: URL): string {
  return port === '' ? `${hostname}:80 (a URL without a port means 80)` : `${hostname}:${port}`
}
