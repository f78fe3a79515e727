/** `send`: seals a text and sends it to a mailbox. */

import { isUtf8 } from 'node:buffer'
import { commandsOf } from '../http/nextCommands.ts'
import { problemOf } from '../http/problems.ts'
import { MAX_MAIL_BYTES, seal } from '../mailbox/seal.ts'
import { PeerError } from '../peer/contract.ts'
import type { PublicKey } from '../protocol/curves.ts'
import { DuetError } from '../protocol/errors.ts'
import { orStateError } from '../state/files.ts'
import { readPublicKey } from '../state/keyFiles.ts'
import { decodePublicKey, fingerprint } from '../state/pem.ts'
import { printJson, tell } from '../terminal/output.ts'
import { ours, said } from '../terminal/said.ts'
import { fetchMailboxKey, sendMailTo } from './mailClient.ts'

/** A line end may follow the longest text. */
const MAX_INPUT_BYTES = MAX_MAIL_BYTES + 2

/**
 * Seals a text (`-` or undefined: standard input) to the public key in the file `recipient`, or else to the one that the
 * peer at `to` gives. Sends it to that peer, and prints the answer. Returns the exit code.
 * @throws StateError, DuetError
 */
export async function send(
  to: string,
  recipient: string | undefined,
  given: string | undefined,
): Promise<number> {
  try {
    const known = recipient === undefined ? null : readPublicKey(recipient)
    const text = given === undefined || given === '-' ? await readInput() : fromArgument(given)
    if (text.length === 0) throw new DuetError('bad_text', 'There is no text to send.')
    const sealed = await seal(known ?? (await keyAt(to)), text)
    const stored = await sendMailTo(to, sealed, () =>
      tell('no answer came: the same sealed text goes once more, and is stored once'),
    )
    printJson(stored)
    return 0
  } catch (error) {
    if (!(error instanceof PeerError)) throw error
    // what to do next is told in our own words: the other side's could say anything
    const { detail, next } = problemOf(error, commandsOf({ url: to, peerUrl: to }), '/message')
    tell(`${detail} ${next}`)
    return 1
  }
}

/** The key that a peer gives. It may be anybody's until it is compared. */
async function keyAt(to: string): Promise<PublicKey> {
  const pem = await fetchMailboxKey(to)
  const key = orStateError(`the key at ${to}/public_key`, () => decodePublicKey(pem))
  tell(
    said`sealing to ${ours(fingerprint(key))}, the key that ${to} gives; compare it with its owner`,
  )
  return key
}

/**
 * The bytes of an argument.
 * @throws DuetError `bad_text` if it holds U+FFFD, which Node puts in the place of bytes that are not UTF-8
 */
function fromArgument(text: string): Uint8Array {
  if (text.includes('\ufffd'))
    throw new DuetError('bad_text', 'The text is not in UTF-8; or send it by standard input.')
  return Buffer.from(text)
}

/**
 * All of standard input, without the line end that `echo` and editors add to a text.
 * @throws DuetError `bad_text`
 */
async function readInput(): Promise<Uint8Array> {
  if (process.stdin.isTTY) tell(said`type the text, and end it with Ctrl-D on a line of its own`)
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of process.stdin) {
    pieces.push(piece)
    length += piece.length
    // this is too long already
    if (length > MAX_INPUT_BYTES) break
  }
  const input = Buffer.concat(pieces)
  if (length <= MAX_INPUT_BYTES && !isUtf8(input))
    throw new DuetError('bad_text', 'The text is not in UTF-8.')
  const lineEnd = /\r?\n$/.exec(input.subarray(-2).toString('latin1'))?.[0].length ?? 0
  return input.subarray(0, input.length - lineEnd)
}
