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
      'who promotes a session with a peer it knows has a counterpart there: same two, same transcript',
      both,
    ],
    ['authenticity', 'what opens was sealed by that peer: same session, direction, number', both],
    ['secrecy', 'texts and pictures to a known peer stay secret, though any other key leaks', both],
    [
      'impersonation',
      "with a peer's stolen identity key one poses as that peer",
      neither,
      'attack',
    ],
    [
      'own-ephemeral',
      "with one's leaked ephemeral key one poses as any peer, at once",
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
      'what was sealed stays secret though all identity keys, or one ephemeral key, are stolen later',
      both,
    ],
    ['both-ephemerals', 'both ephemeral keys open it', { classical: 'false' }, 'attack'],
    [
      'ephemeral-and-identity',
      'an ephemeral key and the identity key of its owner open it',
      { classical: 'false' },
      'attack',
    ],
  ],
  'quantum.pv': [
    [
      'quantum-later',
      'what was recorded stays secret once every private key of the curve is known',
      { classical: 'false', hybrid: 'true' },
    ],
    [
      'quantum-during',
      'a quantum computer that is there during the exchange reads it',
      neither,
      'attack',
    ],
  ],
  'first.pv': [
    ['first-contact', 'with nobody known, Mallory in the middle reads it', neither, 'attack'],
    ['compared-secrecy', 'with the safety numbers compared, she does not', both],
    ['compared-agreement', 'and the other one derived the same session', both],
    ['can-compare', 'two owners find the same number', neither, 'reachable'],
  ],
  'once.pv': [
    ['one-session', 'one ephemeral key pair gives one session, and no chain begins twice', proved],
    ['injective', 'each promotion has a derivation of its own at the other peer', proved],
    ['completes', 'an exchange completes', refuted, 'reachable'],
  ],
  'chain.pv': [
    [
      'chain-secrecy',
      'a stolen key opens its number alone, a stolen chain nothing from before',
      proved,
    ],
    ['chain-once', 'a number is opened once, and is what was sealed under it', proved],
    ['key-once', 'no key seals twice', proved],
    ['chain-from-there', 'a stolen chain opens what comes after', refuted, 'attack'],
    ['chain-arrives', 'the last number arrives', refuted, 'reachable'],
  ],
  'stream.pv': [
    ['whole-picture', 'a picture is accepted whole, as it was sealed, or not at all', proved],
    ['one-chunk', 'a picture of one chunk arrives', refuted, 'reachable'],
    ['three-chunks', 'a picture of three chunks arrives', refuted, 'reachable'],
  ],
}

export const PROPERTIES: readonly Property[] = Object.entries(ROWS).flatMap(([file, rows]) =>
  rows.map(([query, words, expected, kind = 'proved']) => ({ file, query, words, kind, expected })),
)
