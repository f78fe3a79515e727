/** What is asked of the models, in words, and what has to come out. */

import type { Found, Suite } from './model.ts'

export interface Property {
  readonly file: string
  /** The name of a query of that file. */
  readonly query: string
  readonly words: string
  /** `reachable` and `attack` are queries that have to be found false: what they deny can happen. */
  readonly kind: 'proved' | 'attack' | 'reachable'
  /** What ProVerif has to find for each suite; nothing for one that is not run. */
  readonly expected: Readonly<Partial<Record<Suite, Found>>>
}

/**
 * Of each file the suites that it is run for: one where there is no key exchange in it, so that the suite makes no
 * difference. Of each query whether what it denies is an attack or has to be reachable; else it is proved, for all
 * of the suites or for one.
 */
const TABLE = `
exchange.pv: classical, hybrid
agreement: whoever promotes a session with a peer it knows has a counterpart there: same two, same transcript, same keys
authenticity: what opens was sealed by that peer: same session, number, direction
secrecy: texts and pictures to it stay secret, though one's own identity key, the peer's ephemeral key or another message's key is stolen
stolen-later: once both have derived the session, it takes two stolen keys of the right kind to open anything
impersonation, attack: with a peer's stolen identity key she poses as that peer
own-ephemeral, attack: with a leaked ephemeral key, while it waits, she poses as any peer towards its owner
completes, reachable: an exchange completes
text-arrives, reachable: a text arrives
picture-arrives, reachable: a picture arrives

later.pv: classical
later-secrecy: recorded texts and pictures stay secret though all identity keys, or one ephemeral key, are stolen afterwards
both-ephemerals, attack: both ephemeral keys open them
ephemeral-and-identity, attack: an ephemeral key and its owner's identity key open them

quantum.pv: classical, hybrid
quantum-later, hybrid: recorded texts and pictures stay secret though every private key of the curve is known
quantum-during, attack: a quantum computer during the exchange poses as a peer, and reads them
both-derive, reachable: a session that both derived has something to read

first.pv: classical, hybrid
first-contact, attack: with nobody known, Mallory in the middle reads them
compared-secrecy: with the safety numbers compared, she does not
compared-agreement: and the one they wanted derived the same session
can-compare, reachable: two owners find the same number

once.pv: classical, hybrid
one-session: one ephemeral key pair gives one session: no chain begins twice
injective: each promotion has a derivation of its own at the other peer
completes, reachable: an exchange completes

chain.pv: classical
chain-secrecy: the key of one number opens that number alone, a stolen chain nothing from before
chain-once: each number is opened once, and is what was sealed under it
key-once: no key seals twice
chain-from-there, attack: a stolen chain opens what comes after
chain-arrives, reachable: the last number arrives

stream.pv: classical
whole-picture: a picture is accepted whole and as it was sealed, or not at all
one-chunk, reachable: a picture of one chunk arrives
three-chunks, reachable: a picture of three chunks arrives
`

const rowsIn = (text: string) =>
  [...text.matchAll(/^(.*?): (.*)$/gm)].map(([, name = '', rest = '']) => [name, rest] as const)

export const PROPERTIES: readonly Property[] = TABLE.split('\n\n').flatMap((block) => {
  const [[file, suites], ...rows] = rowsIn(block) as [
    readonly [string, string],
    ...[string, string][],
  ]
  return rows.map(([name, words]) => {
    const [query = '', mark = 'proved'] = name.split(', ')
    const kind = mark === 'attack' || mark === 'reachable' ? mark : 'proved'
    const isTrue = (suite: string) => mark === 'proved' || mark === suite
    const expected = suites.split(', ').map((suite) => [suite, `${isTrue(suite)}`])
    return { file, query, words, kind, expected: Object.fromEntries(expected) }
  })
})
