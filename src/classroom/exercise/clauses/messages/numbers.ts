/** Stage 3, which numbers of the other peer's texts are taken. */

import type { Clause } from '../../clause.ts'
import { Probes } from '../../probes.ts'
import { causeOf, Refusals } from './refusals.ts'
import {
  aText,
  deliver,
  missingOf,
  read,
  SEQ_END,
  sealed,
  shown,
  type Talk,
  talking,
  USUAL,
} from './texts.ts'

async function messages8(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const probes = new Probes(scene)
  const got: unknown[] = []
  const take = async (seq: number, missing: number) => {
    const answer = await deliver(talk, sealed(session, aText(scene), seq))
    const value = missingOf(answer)
    if (!probes.taken(`seq ${seq}`, answer)) return
    got.push(value)
    probes.holds(`missing is ${missing} for seq ${seq}`, value === missing, shown(value))
  }
  await take(2, 2)
  const overtaken = await deliver(talk, sealed(session, aText(scene), 1))
  probes.refused('seq 1, which was overtaken', 'replay', overtaken)
  if (overtaken.code !== 'replay') new Refusals(talk).missed.add('replay')
  await take(3, 0)
  await take(7, 3)
  probes.end(
    'seq 2, 1, 3 and 7',
    'missing 2, `replay`, missing 0, missing 3',
    () => {
      if (scene.isTaken(overtaken))
        return 'A text that was overtaken is taken: its key is kept. Keys of the numbers in between are gone.'
      const said = got.join()
      if (got.every((one) => one === undefined)) return '`missing` is not in the answer.'
      if (said === '0,0,0') return '`missing` is always 0.'
      if (said === '3,1,4')
        return '`missing` counts from the last text accepted, not from the next one expected.'
      if (said === '1,0,2')
        return '`missing` is one too few: it is `seq` minus the next one expected.'
      if (said === '2,2,5')
        return '`missing` is all that was ever missing, not what is before this text.'
      if (overtaken.code !== 'replay') return causeOf(overtaken, 'replay')
      return got.length < 3
        ? 'A text behind a gap is refused. The chain is stepped up to its number.'
        : null
    },
    { isFollowed: true },
  )
}

async function messages9(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const refusals = new Refusals(talk)
  const { probes } = refusals
  const first = sealed(session, aText(scene))
  probes.taken('a text', await deliver(talk, first))
  const refuse = async (what: string) =>
    !scene.isTaken(await refusals.refuse(what, 'replay', first, ''))
  const isRefused = await refuse('the same text again')
  await read(scene)
  const isRefusedLater = await refuse('once more, after /decrypt_msg')
  const second = await deliver(talk, sealed(session, aText(scene), 1))
  probes.taken('the next text', second)
  const isOlderRefused = await refuse('the first text again, after the next one')
  const isTaken = !isRefused || !isRefusedLater || !isOlderRefused
  if (!isTaken) refusals.end('one text several times', '`replay`')
  probes.end(
    'one text several times',
    '`replay`',
    () => {
      if (isRefused && !isRefusedLater)
        return 'A replay is told by the texts that wait only: once a text was read, it is taken again.'
      if (!isRefused)
        return 'A text is taken again: nothing remembers the next number that is expected.'
      return 'Only the last number is remembered: an older text is taken again.'
    },
    { isFollowed: true },
  )
}

const NO_LIMIT =
  'There is no limit to how far ahead a number may be, or it is too large: one request makes your peer compute many keys.'

async function messages10(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const refusals = new Refusals(talk)
  const did = 'numbers far ahead, then seq 0 and seq 1,025'
  const wanted =
    '`too_far_ahead` or `rekey_required`; seq 0 and 1,024 beyond the next one are taken'
  const form = sealed(session, aText(scene))
  const tooMany = 'A session carries 2^20 texts in each direction, and no more.'
  const numbers: readonly (readonly [what: string, seq: number, code: string, cause: string])[] = [
    ['seq 2^20', SEQ_END, 'rekey_required', tooMany],
    ['seq 2^20 - 1', SEQ_END - 1, 'too_far_ahead', NO_LIMIT],
    ['seq 2^53 - 1', Number.MAX_SAFE_INTEGER, 'rekey_required', tooMany],
  ]
  const codes: (string | null)[] = []
  for (const [what, seq, code, cause] of numbers)
    codes.push((await refusals.refuse(what, code, { ...form, seq }, cause)).code)
  const far = await refusals.refuse(
    '1,100 beyond the next one',
    'too_far_ahead',
    sealed(session, aText(scene), 1_100),
    NO_LIMIT,
  )
  // What was taken has moved the chain, and nothing more can be told.
  if (scene.isTaken(far)) refusals.probes.end(did, wanted, () => NO_LIMIT, { isFollowed: true })
  const beyond = await refusals.refuse(
    '1,025 beyond the next one',
    'too_far_ahead',
    sealed(session, aText(scene), 1_025),
    'The limit is wrong by a little: a number is at most 1,024 beyond the next one expected.',
  )
  if (scene.isTaken(beyond)) refusals.end(did, wanted)
  await refusals.genuine('seq 0', sealed(session, aText(scene), 0))
  const edge = await deliver(talk, sealed(session, aText(scene), 1_025))
  refusals.probes.taken('1,024 beyond the next one', edge, {
    cause: 'The limit is one too few: a number may be 1,024 beyond the next one expected.',
  })
  if (codes.join() === 'too_far_ahead,too_far_ahead,too_far_ahead')
    refusals.probes.end(
      did,
      wanted,
      () =>
        'The row of `too_far_ahead` is checked before that of `rekey_required`, or there is no limit of 2^20.',
      { isFollowed: true },
    )
  refusals.end(did, wanted)
}

export const NUMBERS: readonly Clause[] = [
  {
    ...USUAL,
    id: 'messages/8',
    title: 'gaps are counted, what was overtaken is gone',
    sentence:
      'the keys of the numbers in between are gone, and a message that was overtaken is refused as `replay`.',
    weight: 1,
    needs: ['messages/4'],
    run: talking(messages8),
  },
  {
    ...USUAL,
    id: 'messages/9',
    title: 'the same text again',
    sentence: '`seq` is not below the next one expected',
    weight: 1,
    needs: ['messages/4'],
    run: talking(messages9),
  },
  {
    ...USUAL,
    id: 'messages/10',
    title: 'numbers far ahead',
    sentence: '`seq` is at most 1,024 beyond it; until here nothing is computed',
    weight: 1,
    needs: ['messages/4'],
    run: talking(messages10),
  },
]
