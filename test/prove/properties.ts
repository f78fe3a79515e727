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

const both = { classical: 'true', hybrid: 'true' } as const
const neither = { classical: 'false', hybrid: 'false' } as const
/** The file has no key exchange in it, so that the suite makes no difference. */
const proved = { classical: 'true' } as const
const refuted = { classical: 'false' } as const

type Row = [query: string, words: string, expected: Property['expected'], kind?: Property['kind']]

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  'exchange.pv': [
    [
      'agreement',
      'whoever promotes a session with a peer it knows has a counterpart there: same two, same transcript, same keys',
      both,
    ],
    ['authenticity', 'what opens was sealed by that peer: same session, number, direction', both],
    [
      'secrecy',
      "texts and pictures to it stay secret, though one's own identity key, the peer's ephemeral key or another message's key is stolen",
      both,
    ],
    [
      'stolen-later',
      'once both have derived the session, it takes two stolen keys of the right kind to open anything',
      both,
    ],
    [
      'impersonation',
      "with a peer's stolen identity key she poses as that peer",
      neither,
      'attack',
    ],
    [
      'own-ephemeral',
      'with a leaked ephemeral key, while it waits, she poses as any peer towards its owner',
      neither,
      'attack',
    ],
    ['completes', 'an exchange completes', neither, 'reachable'],
    ['text-arrives', 'a text arrives', neither, 'reachable'],
    ['picture-arrives', 'a picture arrives', neither, 'reachable'],
  ],
  'later.pv': [
    [
      'later-secrecy',
      'recorded texts and pictures stay secret though all identity keys, or one ephemeral key, are stolen afterwards',
      proved,
    ],
    ['both-ephemerals', 'both ephemeral keys open them', refuted, 'attack'],
    [
      'ephemeral-and-identity',
      "an ephemeral key and its owner's identity key open them",
      refuted,
      'attack',
    ],
  ],
  'quantum.pv': [
    [
      'quantum-later',
      'recorded texts and pictures stay secret though every private key of the curve is known',
      { classical: 'false', hybrid: 'true' },
    ],
    [
      'quantum-during',
      'a quantum computer during the exchange poses as a peer, and reads them',
      neither,
      'attack',
    ],
    ['both-derive', 'a session that both derived has something to read', neither, 'reachable'],
  ],
  'first.pv': [
    ['first-contact', 'with nobody known, Mallory in the middle reads them', neither, 'attack'],
    ['compared-secrecy', 'with the safety numbers compared, she does not', both],
    ['compared-agreement', 'and the one they wanted derived the same session', both],
    ['can-compare', 'two owners find the same number', neither, 'reachable'],
  ],
  'once.pv': [
    ['one-session', 'one ephemeral key pair gives one session: no chain begins twice', both],
    ['injective', 'each promotion has a derivation of its own at the other peer', both],
    ['completes', 'an exchange completes', neither, 'reachable'],
  ],
  'chain.pv': [
    [
      'chain-secrecy',
      'the key of one number opens that number alone, a stolen chain nothing from before',
      proved,
    ],
    ['chain-once', 'each number is opened once, and is what was sealed under it', proved],
    ['key-once', 'no key seals twice', proved],
    ['chain-from-there', 'a stolen chain opens what comes after', refuted, 'attack'],
    ['chain-arrives', 'the last number arrives', refuted, 'reachable'],
  ],
  'stream.pv': [
    ['whole-picture', 'a picture is accepted whole and as it was sealed, or not at all', proved],
    ['one-chunk', 'a picture of one chunk arrives', refuted, 'reachable'],
    ['three-chunks', 'a picture of three chunks arrives', refuted, 'reachable'],
  ],
}

export const PROPERTIES: readonly Property[] = Object.entries(ROWS).flatMap(([file, rows]) =>
  rows.map(([query, words, expected, kind = 'proved']) => ({ file, query, words, kind, expected })),
)
