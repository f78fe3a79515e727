/** How an error becomes an RFC 9457 problem, and how that goes out. */

import { BadPicture, type NamedText, PeerError, TextError } from '../peer/contract.ts'
import { DuetError } from '../protocol/errors.ts'
import type { Code, HttpCode } from '../wirelog/codes.ts'
import { isCode, OF_BODY, TABLE } from './codes.ts'
import type { Commands } from './nextCommands.ts'

/** A refusal by HTTP, with the headers that belong to it (`Allow`). */
export class HttpError extends DuetError<HttpCode> {
  readonly headers: Readonly<Record<string, string>>

  constructor(code: HttpCode, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(code, detail)
    this.headers = headers
  }
}

/** The body of an `application/problem+json` answer. What names a text is there if it is about one. */
export interface Problem extends Partial<NamedText> {
  status: number
  code: Code
  title: string
  detail: string
  next: string
  peer_code?: string | null
}

/**
 * On every answer: nothing is cached, guessed, framed or run. Where the wire accepts something, the answer has the last of
 * them only: no browser shows it.
 */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

/** What an error becomes outside: its code and fixed text if it is ours, else `internal` and nothing more. */
export function problemOf(error: unknown, commands: Commands, path: string): Problem {
  const describe = (code: Code, detail: string): Problem => {
    const { status, title, next } = TABLE[code]
    const found = error instanceof BadPicture ? error.found : null
    const failure = error instanceof PeerError ? error.failure : null
    return { status, code, title, detail, next: next(commands, path, { found, failure }) }
  }
  if (!(error instanceof DuetError) || !isCode(error.code))
    return describe('internal', 'This should not have happened; the session still stands.')
  const problem = describe(error.code, error.message)
  if (error instanceof TextError) return ofText(problem, error, commands)
  if (!(error instanceof PeerError) || error.code !== 'peer_refused') return problem
  const { peerCode } = error
  if (!isCode(peerCode)) return { ...problem, peer_code: peerCode }
  const { title, next } = TABLE[peerCode]
  const refused = { ...problem, detail: `${problem.detail} ${title}.`, peer_code: peerCode }
  // what it is about stands on the other terminal
  if (peerCode === 'internal') return { ...refused, next: TABLE.peer_timeout.next(commands, path) }
  if (OF_BODY.has(peerCode)) return { ...refused, next: next(commands, path) }
  // the other peer's refusal, as it would put it
  const { own: others, peer: own, ...rest } = commands
  return { ...refused, next: next({ own, peer: others, ...rest }, path) }
}

/** Whoever's inbox is full has to read before the same text can arrive. */
function ofText(problem: Problem, { text, peerCode }: TextError, commands: Commands): Problem {
  const named = { ...problem, ...text }
  if (peerCode === null) return named
  const next = peerCode === 'inbox_full' ? commands.peer('/decrypt_msg') : problem.next
  return { ...named, next, peer_code: peerCode }
}

/** A problem as it goes out: indented for people, with a newline at its end. */
export function encodeProblem(problem: Problem): string {
  return `${JSON.stringify(problem, null, 2)}\n`
}
