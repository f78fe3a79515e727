/** The mailbox of a peer as a sender calls it. */

import * as v from 'valibot'
import { accepted, Client, parsed, refused, textOf, understood } from '../http/requests.ts'
import { PeerError } from '../peer/contract.ts'

/** The id is printed, so it may have nothing in it that acts on a terminal. */
const MailAnswer = v.strictObject({
  stored: v.literal(true),
  id: v.pipe(v.string(), v.regex(/^[\w.-]{1,100}$/)),
})

/**
 * The public key that the peer at `url` gives for its mail, as it came: perhaps no PEM at all.
 * @throws PeerError
 */
export async function fetchMailboxKey(url: string): Promise<string> {
  const answer = await new Client(url).get('/public_key')
  const text = textOf(answer)
  return answer.status === 200 ? text : refused(answer.status, parsed(text))
}

/**
 * Sends a sealed text to the mailbox of the peer at `url`. If no answer comes, calls `repeats` and sends the same bytes once
 * more: they have the same id, so the mailbox stores them once.
 * @throws PeerError
 */
export async function sendMailTo(url: string, sealed: Uint8Array, repeats: () => void) {
  const client = new Client(url)
  const form = JSON.stringify({ message: Buffer.from(sealed).toString('base64') })
  const send = async () => {
    const answer = await client.post('/message', form)
    return accepted(answer.status, parsed(textOf(answer)))
  }
  const body = await send().catch((error: unknown) => {
    if (!(error instanceof PeerError) || error.failure === null || error.isUnsent) throw error
    repeats()
    return send().catch((again: unknown) => {
      // the first try may have arrived, even if nobody is there for the second one
      throw again instanceof PeerError && again.isUnsent ? error : again
    })
  })
  return understood((body) => v.parse(MailAnswer, body), body)
}
