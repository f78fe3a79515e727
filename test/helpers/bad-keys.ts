/** What `lab bad-keys` gets for what it sends: the code of each refusal, in the order of its tables. */

import type { SuiteName } from '../../src/protocol/suites.ts'

/** The answers in the table of each part, as they are marked. */
export function answersIn(output: string): string[][] {
  return output
    .split(/^\d\. .*\n─+$/m)
    .slice(1)
    .map((part) =>
      [...part.matchAll(/ {2}([✓✗] \w+(?:, \w+)*)$/gm)].map(([, answer]) => answer ?? ''),
    )
}

/** Codes, with how often they come one after another. */
const refusals = (codes: string) =>
  codes.split(' ').flatMap((word) => {
    const [code, times] = word.split('×')
    return Array<string>(Number(times ?? 1)).fill(`✓ ${code}`)
  })

const POINTS: Record<SuiteName, string[]> = {
  X25519: refusals('bad_point×5'),
  'P-256': refusals('bad_point×3 bad_encoding bad_point×2'),
  X25519MLKEM768: refusals('bad_point×7'),
}
const ALONE = refusals('reflection stale_keys confirm_failed bad_message')
const REFLECTION: Record<SuiteName, string[]> = {
  X25519: ALONE,
  'P-256': ALONE,
  X25519MLKEM768: refusals('reflection×2 stale_keys confirm_failed bad_encoding'),
}

/** On the open routes of a peer. */
export const inPublic = (name: SuiteName) => [
  ...POINTS[name],
  ...refusals('bad_point×2 bad_base_point curve_mismatch bad_version'),
  ...REFLECTION[name],
  ...refusals('replay decrypt_failed too_far_ahead unknown_session decrypt_failed too_far_ahead'),
]

/** The same, of a peer with a session that shows no more than it has to. */
export const inPublicAlone = (name: SuiteName) => [
  ...POINTS[name],
  ...refusals('bad_point×2 bad_base_point curve_mismatch bad_version reflection'),
  name === 'X25519MLKEM768' ? '✓ bad_encoding' : '✓ bad_message',
  ...refusals('decrypt_failed too_far_ahead unknown_session decrypt_failed too_far_ahead'),
]

/** Between two peers of the lab's own. */
export const ON_THE_WIRE = refusals(
  'stale_keys×3 decrypt_failed×3 accepted replay decrypt_failed×4 accepted replay',
)
