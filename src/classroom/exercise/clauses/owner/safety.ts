/** Stage 6: the safety number, with identities that show each way to make it. */

import { printable } from '../../../../terminal/printable.ts'
import type { Context } from '../../context.ts'
import { Failure, type Order } from '../../failure.ts'

const ORDERS: readonly Order[] = ['plain', 'opposite']

/** owner/1: in both orders, each with a group that begins with 0. */
export async function safetyNumber(context: Context): Promise<void> {
  let failure: Failure | null = null
  for (const order of ORDERS) {
    const scene = await context.start({ order, zeroGroup: true })
    const session = await scene.agree()
    const { safetyNumber: shown } = await scene.show()
    await context.stop(scene)
    const wanted = session.computed.safetyNumber
    const value = shown ?? 'null'
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
          ['the other identity', Buffer.from(scene.identity.publicKey).toString('hex')],
        ],
      },
      causeOf(value, wanted) === null ? { layer: 5 } : {},
    )
  }
  if (failure !== null) throw failure
}

/** What is wrong with its form, where its digits are right. */
function causeOf(value: string, wanted: string): string | null {
  if (value === 'null')
    return 'The safety number is null, although the other identity is known by then.'
  if (value === wanted || value.replaceAll(/\D/g, '') !== wanted.replaceAll(' ', '')) return null
  return 'The digits are right. They stand in twelve groups of five, with one space between all groups.'
}
