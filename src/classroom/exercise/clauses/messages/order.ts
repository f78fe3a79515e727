/** Stage 3, texts of the other peer with two faults: the order of the checks. */

import { bytesToHex } from '../../../../protocol/bytes.ts'
import type { Clause } from '../../clause.ts'
import { Refusals } from './refusals.ts'
import { aText, deliver, INBOX, read, SEQ_END, sealed, type Talk, talking, USUAL } from './texts.ts'

async function messages20(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const refusals = new Refusals(talk)
  const { probes } = refusals
  // A row that is missing, or has another code, is told by its own clause.
  const missed = new Set(refusals.missed)
  const causes = new Map<string, string>()
  const refuse = async (above: string, below: string, form: object, when = '') => {
    if (missed.has(above)) return
    const what = `\`${above}\` and \`${below}\` at once${when}`
    const answer = await deliver(talk, form)
    if (answer.code === below)
      causes.set(what, `The row of \`${below}\` is checked before that of \`${above}\`.`)
    probes.refused(what, above, answer)
  }
  const end = () =>
    probes.end(
      'messages with two faults each',
      'the code of the row above',
      ([one = '']) => causes.get(one) ?? null,
    )
  const first = sealed(session, aText(scene))
  probes.taken('a text', await deliver(talk, first))
  const next = sealed(session, aText(scene))
  const garbage = 'ab'.repeat(40)
  const short = 'ab'.repeat(15)
  const stranger = bytesToHex(scene.random.bytes(16))
  const { seq: _, ...withoutSeq } = next
  const far = Number(next.seq) + 1_025
  await refuse('bad_version', 'bad_message', { ...withoutSeq, v: 1 })
  await refuse('bad_message', 'bad_encoding', { ...next, seq: '0', ciphertext: short })
  await refuse('bad_encoding', 'unknown_session', { ...next, session: stranger, ciphertext: short })
  await refuse('unknown_session', 'rekey_required', { ...next, session: stranger, seq: SEQ_END })
  await refuse('rekey_required', 'too_far_ahead', { ...next, seq: SEQ_END })
  await refuse('replay', 'decrypt_failed', { ...first, ciphertext: garbage })
  await refuse('too_far_ahead', 'decrypt_failed', { ...next, seq: far, ciphertext: garbage })
  const when = ', with 32 waiting'
  if (!missed.has('inbox_full')) {
    for (let count = 1; count < INBOX; count++)
      probes.taken('a text', await deliver(talk, sealed(session, aText(scene))))
    const full = sealed(session, aText(scene))
    const beyond = { ...full, seq: Number(full.seq) + 1_025 }
    await refuse('unknown_session', 'inbox_full', { ...full, session: stranger }, when)
    await refuse('replay', 'inbox_full', first, when)
    await refuse('too_far_ahead', 'inbox_full', beyond, when)
    await refuse('inbox_full', 'decrypt_failed', { ...full, ciphertext: garbage }, when)
    await refuse('inbox_full', 'bad_text', sealed(session, Uint8Array.of(0xff)), when)
    if (!(await read(scene))) return end()
  }
  probes.taken('a genuine text', await deliver(talk, sealed(session, aText(scene))))
  end()
}

export const ORDER: readonly Clause[] = [
  {
    ...USUAL,
    id: 'messages/20',
    title: 'the order of the checks',
    sentence: 'The receiver checks in this order',
    weight: 1,
    needs: [
      'messages/8',
      'messages/9',
      'messages/10',
      'messages/11',
      'messages/12',
      'messages/13',
      'messages/14',
      'messages/15',
      'messages/16',
    ],
    run: talking(messages20),
  },
]
