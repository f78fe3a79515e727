/** Stage 6: the safety number, with identities that show each way to make it. */

import { printable } from '../../../../terminal/printable.ts'
import type { Agreement } from '../../agreement.ts'
import type { Context } from '../../context.ts'
import { Failure, type Order } from '../../failure.ts'
import { observe } from '../session.ts'

const ORDERS: readonly Order[] = ['plain', 'opposite']

/** owner/1: in both orders, each with a group that begins with 0. */
export async function safetyNumber(context: Context): Promise<void> {
  let failure: Failure | null = null
  for (const { order, session, safetyNumber: shown } of await agreements(context)) {
    const wanted = session.computed.safetyNumber
    const value = shown ?? 'null'
    const { identity } = session.material.examiner
    context.ledger.record({ kind: 'safety number', material: session.material, value })
    if (value === wanted || failure !== null) continue
    const halves = order === 'plain' ? 'the order' : 'the opposite order'
    failure = new Failure(
      {
        did: `an agreement; the digits of the two halves stand in ${halves} of the identities`,
        wanted,
        got: printable(value.slice(0, 120)),
        cause: causeOf(value, wanted),
        values: [
          ['your identity', Buffer.from(session.material.student.identity).toString('hex')],
          ['the other identity', Buffer.from(identity.publicKey).toString('hex')],
        ],
      },
      causeOf(value, wanted) === null ? { layer: 5 } : {},
    )
  }
  if (failure !== null) throw failure
}

/** Those of session/1, which have such identities, if they came about; else others. */
async function agreements(
  context: Context,
): Promise<{ order: Order; session: Agreement; safetyNumber: string | null }[]> {
  const seen = await observe(context, 'student').catch((error: unknown) => {
    // That there is no session this way is for session/1; there may be one the other way round.
    if (error instanceof Failure) return []
    throw error
  })
  if (seen.length > 0 && seen.every(({ isTaken }) => isTaken)) return [...seen]
  const made = []
  for (const order of ORDERS) {
    const scene = await context.start({ order, zeroGroup: true })
    const session = await scene.agree()
    const { safetyNumber } = await scene.show()
    made.push({ order, session, safetyNumber })
    await context.stop(scene)
  }
  return made
}

/** What is wrong with its form, where its digits are right. */
function causeOf(value: string, wanted: string): string | null {
  if (value === 'null')
    return 'The safety number is null, although the other identity is known by then.'
  if (value === wanted || value.replaceAll(/\D/g, '') !== wanted.replaceAll(' ', '')) return null
  return 'The digits are right. They stand in twelve groups of five, with one space between all groups.'
}
