/** Records the wire between two peers of the lab's own while they exchange keys, texts and pictures. */

import { equalBytes } from '../../protocol/bytes.ts'
import { transcriptOf } from '../../protocol/keySchedule.ts'
import { parseAnswer, parseKeyMessage, parseMessage } from '../../protocol/messages.ts'
import type { Suite } from '../../protocol/suites.ts'
import { fieldsOf, step } from './call.ts'
import { type RecordedSession, type Sealed, sealedMessage, sealedPicture } from './keys.ts'
import type { OwnPeer } from './ownPair.ts'
import type { Passed, Tap } from './tap.ts'

/** A recorded session that goes on: each message and picture that is recorded later is added to `sealed`. */
export interface OpenRecording extends RecordedSession {
  readonly sealed: Sealed[]
  /** The bodies of the exchange, in bytes: those to `b`, then those to `a`. */
  readonly wire: readonly { readonly request: number; readonly answer: number }[]
}

/** /send_keys on `a`, then on `b`. Returns what the taps have of it. */
export async function exchangeRecorded(
  suite: Suite,
  a: OwnPeer,
  b: OwnPeer,
): Promise<OpenRecording> {
  const before = [b, a].map(({ tap }) => tap.passed.length)
  await step(a.url, '/send_keys')
  await step(b.url, '/send_keys')
  const passed = [b, a].map(({ tap }, i) => tap.passed.slice(before[i]))
  const [toB, toA] = passed.map((requests) => requests.map((request) => parsed(suite, request)))
  const [shareOfB, shareOfA] = [toA?.at(-1)?.share, toB?.at(-1)?.share]
  if (!shareOfA || !shareOfB) throw new Error('The taps have missed something.')
  const shares = [shareOfA, shareOfB] as const
  const confirms = [toB, toA].flatMap((all) => all?.flatMap(({ confirms }) => confirms) ?? [])
  const session = confirms.find(({ session, ciphertext = null }) =>
    equalBytes(transcriptOf(suite, ...shares, ciphertext).sessionId, session),
  )
  // one of the confirmations has the ciphertext of a session that has one
  if (!session) throw new Error('The taps have no confirmation of the session.')
  const wire = passed.flatMap((requests) =>
    requests.map(({ body, answer }) => ({
      request: body.length,
      answer: answer?.bytes.length ?? 0,
    })),
  )
  const tags = confirms.map(({ tag }) => tag)
  return { suite, shares, ciphertext: session.ciphertext ?? null, tags, sealed: [], wire }
}

function parsed(suite: Suite, { body, answer }: Passed) {
  const { share, confirm } = parseKeyMessage(suite, fieldsOf(body))
  const answered = answer && parseAnswer(suite, fieldsOf(answer.bytes))
  return { share, confirms: [confirm, answered].flatMap((each) => (each ? [each] : [])) }
}

/** /send_msg on `from`, recorded on its way to `to`. */
export async function sendRecorded(
  recording: OpenRecording,
  from: OwnPeer,
  to: OwnPeer,
  text: string,
): Promise<void> {
  await step(from.url, '/send_msg', text)
  recording.sealed.push(sealedMessage(parseMessage(fieldsOf(lastTo(to.tap, '/wire/message')))))
}

/** /send_image on `from`, without a picture of the caller's, recorded on its way to `to`. */
export async function sendPictureRecorded(
  recording: OpenRecording,
  from: OwnPeer,
  to: OwnPeer,
): Promise<void> {
  await step(from.url, '/send_image')
  recording.sealed.push(sealedPicture(lastTo(to.tap, '/wire/image')))
}

function lastTo(tap: Tap, path: string): Buffer {
  const request = tap.passed.findLast((request) => request.path === path)
  if (!request) throw new Error(`Nothing came to ${path}.`)
  return request.body
}
