/** The design's table of errors, and what every refusal has to be. */

import assert from 'node:assert/strict'
import path from 'node:path'
import type { Answer, CallOptions } from './call.ts'
import type { TestPeer } from './with-peers.ts'

const TABLE: Readonly<Record<number, string>> = {
  400: 'bad_message bad_encoding bad_version bad_point bad_base_point bad_text bad_image bad_letter bad_number too_far_ahead decrypt_failed text_in_url bad_request',
  403: 'cross_site owner_only not_between',
  404: 'not_found no_image',
  405: 'method_not_allowed',
  408: 'too_slow',
  409: 'number_differs curve_mismatch reflection stale_keys identity_changed confirm_failed no_session unknown_session already_sent replay rekey_required nothing_waiting secrets_hidden',
  413: 'too_large',
  415: 'unsupported_type',
  421: 'bad_host',
  429: 'inbox_full mailbox_share_full',
  431: 'headers_too_large',
  500: 'internal',
  502: 'peer_unreachable peer_refused maybe_read',
  504: 'peer_timeout in_doubt',
  507: 'no_space',
}

/** The HTTP status of each code. */
export const STATUS_OF: ReadonlyMap<string, number> = new Map(
  Object.entries(TABLE).flatMap(([status, codes]) =>
    codes.split(' ').map((code) => [code, Number(status)]),
  ),
)

const FIELDS = ['status', 'code', 'title', 'detail', 'next']
/** What names the text that a refusal is about. */
const ABOUT_TEXT = ['session', 'seq', 'sealed']

export interface Problem {
  status: number
  code: string
  title: string
  detail: string
  next: string
  peer_code?: string | null
  session?: string
  seq?: number
  sealed?: boolean
}

/** Fails unless `answer` is a whole problem in the design's form; `code`: which one it has to be. */
export function assertProblem(answer: Answer, code?: string): Problem {
  const context = `${answer.status} ${answer.text}`
  assert.equal(answer.headers['content-type'], 'application/problem+json', context)
  assert.ok(answer.text.endsWith('}\n'), context)
  const problem: Problem = answer.json
  if (code !== undefined) assert.equal(problem.code, code, context)
  const fields = [...FIELDS]
  if (['in_doubt', 'maybe_read', 'already_sent'].includes(problem.code)) fields.push(...ABOUT_TEXT)
  if (problem.code === 'peer_refused' || typeof problem.peer_code === 'string')
    fields.push('peer_code')
  assert.deepEqual(Object.keys(problem).sort(), [...fields].sort(), context)
  for (const field of ['code', 'title', 'detail', 'next'] as const)
    assert.match(problem[field], /^\S[^\n]*\S$/, `${field} of ${context}`)
  assert.equal(problem.status, STATUS_OF.get(problem.code), context)
  assert.equal(problem.status, answer.status, context)
  if (problem.peer_code !== undefined && problem.peer_code !== null)
    assert.ok(STATUS_OF.has(problem.peer_code), context)
  assertNothingInternal(answer.text)
  return problem
}

const ROOT = path.resolve(import.meta.dirname, '../..')

/** Fails if a text tells of a stack or of a place on this machine. */
export function assertNothingInternal(text: string): void {
  assert.doesNotMatch(text, /\.[jt]s:\d|\bat .{0,200}:\d+:\d+|node_modules|node:internal|file:\/\//)
  assert.ok(!text.includes(ROOT), text)
}

/** Fails unless the answer carries the headers that every answer has. */
export function assertSafeHeaders(answer: Answer): void {
  const { headers } = answer
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  const policy = String(headers['content-security-policy'])
  assert.match(policy, /default-src 'none'/)
  assert.match(policy, /frame-ancestors 'none'/)
  for (const name of ['access-control-allow-origin', 'x-powered-by', 'server'])
    assert.equal(headers[name], undefined, name)
}

/** Fails if a step has run: a terminal that greets and refuses has no line of these. */
export function assertNothingRan(...peers: TestPeer[]): void {
  for (const peer of peers)
    for (const line of peer.lines()) assert.doesNotMatch(line, /^[→←●✓]|^· no secret yet|DEFECT/)
}

/** Expects the first of two peers to refuse each of these requests with `code`, and that neither runs anything. */
export async function assertRefuses(
  code: string,
  [a, b]: readonly [TestPeer, TestPeer],
  ...requests: [path: string, options?: CallOptions][]
): Promise<void> {
  for (const [path, options] of requests) assertProblem(await a.call(path, options), code)
  assertNothingRan(a, b)
}
