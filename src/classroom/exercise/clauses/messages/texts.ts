/** What the clauses on messages have in common: a session, texts each way, and an empty inbox at the end. */

import { bytesToHex, equalBytes, utf8ToBytes } from '../../../../protocol/bytes.ts'
import { printable } from '../../../../terminal/printable.ts'
import type { Agreement } from '../../agreement.ts'
import { type Answer, NoAnswer } from '../../call.ts'
import type { Clause } from '../../clause.ts'
import type { Context } from '../../context.ts'
import { Failure } from '../../failure.ts'
import { outcomeOf } from '../../probes.ts'
import type { Scene, WireMessage } from '../../scene.ts'

export const USUAL = { stage: 3, section: 'Messages', start: 'agreed', parties: null } as const

/** The seq after the last one of a session. */
export const SEQ_END = 2 ** 20
/** How many texts wait at most. */
export const INBOX = 32
/** Bytes of the longest text. */
export const LONGEST = 16_384

/** What a clause on messages works with. */
export interface Talk {
  readonly context: Context
  readonly scene: Scene
  readonly session: Agreement
}

/** To read what waits is nothing that a clause waits long for. */
const READ_MS = 3_000

/** `/decrypt_msg`. False where it has no answer, which is for messages/5 to judge: then nobody waits for one any more. */
export async function read(scene: Scene): Promise<boolean> {
  const { memo } = scene.ledger
  if (memo.has('/decrypt_msg hangs')) return false
  const answer = await scene.attempt('/decrypt_msg', { ms: READ_MS })
  if (answer instanceof NoAnswer) memo.set('/decrypt_msg hangs', true)
  return !(answer instanceof NoAnswer)
}

/** A clause that runs on a session of its own and leaves no text behind. */
export function talking(body: (talk: Talk) => Promise<void>): Clause['run'] {
  return async (context) => {
    const { scene, session } = await context.agreed()
    await body({ context, scene, session })
    // Where texts stay, the next clause begins with another process.
    if (!(await read(scene))) await scene.stop()
  }
}

/** A clause with a start of its own: what others leave behind, or what it leaves, would be in the way. */
export function alone(body: (talk: Talk) => Promise<void>): Clause['run'] {
  return async (context) => {
    const scene = await context.start()
    await body({ context, scene, session: await scene.agree() })
  }
}

/** A text that no other one contains. */
export function aText(scene: Scene): string {
  return `text ${bytesToHex(scene.random.bytes(6))}`
}

/** The form of a text of the examiner's, the next one or that of `seq`. */
export function sealed(
  session: Agreement,
  text: string | Uint8Array,
  seq = session.nextText,
): { v: unknown; session: string; seq: unknown; ciphertext: string } {
  const bytes = typeof text === 'string' ? utf8ToBytes(text) : text
  const ciphertext = session.takes.sealMessage('examiner', seq, bytes, session.textsOfStudent)
  return { v: 2, session: bytesToHex(session.id), seq, ciphertext: bytesToHex(ciphertext) }
}

/** Sends `form`, an object or its JSON. If it is taken, the text after `seq` is the next one. @throws Failure without an answer */
export async function deliver(
  { scene, session }: Pick<Talk, 'scene' | 'session'>,
  form: object | string,
  seq: unknown = (form as { seq?: unknown }).seq,
): Promise<Answer> {
  const answer = await scene.post('/wire/message', form)
  if (scene.isTaken(answer) && typeof seq === 'number' && Number.isSafeInteger(seq))
    session.nextText = Math.max(session.nextText, seq + 1)
  return answer
}

/** `missing` of an answer. */
export function missingOf({ json }: Answer): unknown {
  return typeof json === 'object' && json !== null && 'missing' in json ? json.missing : undefined
}

/** The one message that `/send_msg` sends. @throws Failure where none comes */
export async function oneMessage(scene: Scene, text: string | Uint8Array): Promise<WireMessage> {
  const { step, messages } = await scene.sendText(text)
  const [message] = messages
  if (message !== undefined) return message
  throw new Failure({
    did: '/send_msg',
    wanted: 'a POST to /wire/message of the other peer',
    got: `none came; /send_msg: ${outcomeOf(step)}`,
    cause: null,
  })
}

/** Whether a text of the student's opens to `text`. */
export function opensTo(session: Agreement, message: WireMessage, text: Uint8Array): boolean {
  const opened = session.open(message)
  return opened !== null && equalBytes(opened, text)
}

/** A value of the student's for a report: at most 100 characters, printable. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  return printable(text.slice(0, 100))
}
