/**
 * Broken protocols: each a small edit of the models. The named query has to be found false, or
 * the proof would not notice what it is there for. And edits that no query notices, to know which they are.
 */

import type { Edit, Found, Suite } from './model.ts'

export interface Variant {
  readonly name: string
  readonly edits: readonly Edit[]
  readonly file: string
  /** Of that file; each is found as expected. */
  readonly queries: readonly string[]
  readonly suite: Suite
  readonly expected: Found
}

type Row = [
  name: string,
  /** Names with blanks between them. */
  queries: string,
  edits: readonly (readonly [file: string, from: string, to: string])[],
  suite?: Suite,
]

const KEYS_OF_1 = '= ikm(k, ee, se, es)'
const KEYS_OF_2 = '= ikm(k, ee, es, se)'
const HASH = 'fun hash(Said): Transcript.'
const HASHED = 'letfun hash(s: Said) = let said(share(i1, e1, k1), share(i2, e2, k2), c) = s in '

/** The three shared secrets and the KEM's as they go into the keys of party 1 and of party 2. */
const keys = (one: string, two: string) =>
  [
    ['primitives.pvl', KEYS_OF_1, `= ikm(${one})`],
    ['primitives.pvl', KEYS_OF_2, `= ikm(${two})`],
  ] as const

const REFUTED: Readonly<Record<string, readonly Row[]>> = {
  'exchange.pv': [
    ['no DH(id1, e2)', 'agreement', keys('k, ee, zero, es', 'k, ee, zero, se')],
    ['no DH(e1, id2)', 'agreement', keys('k, ee, se, zero', 'k, ee, es, zero')],
    [
      'no identities in the transcript',
      'agreement',
      [
        [
          'primitives.pvl',
          HASH,
          `fun hashed(Point, EncapsulationKey, Point, EncapsulationKey, Ciphertext): Transcript.\n${HASHED}hashed(e1, k1, e2, k2, c).`,
        ],
      ],
    ],
    [
      'no public keys in the transcript',
      'agreement',
      [
        [
          'primitives.pvl',
          HASH,
          `fun hashed(Point, Point, Ciphertext): Transcript.\n${HASHED}hashed(i1, i2, c).`,
        ],
      ],
    ],
    [
      'no ciphertext in the transcript',
      'agreement',
      [
        [
          'primitives.pvl',
          HASH,
          `fun hashed(Share, Share): Transcript.\nletfun hash(s: Said) = let said(s1, s2, c) = s in hashed(s1, s2).`,
        ],
      ],
      'hybrid',
    ],
    [
      'no check of the tag',
      'agreement',
      [['peer.pvl', 'if tag = hmac(K(keys, confirm(other(me))), T) then', '']],
    ],
    [
      "one's own tag is taken for the other's",
      'agreement',
      [
        [
          'peer.pvl',
          'if tag = hmac(K(keys, confirm(other(me))), T) then',
          'if tag = hmac(K(keys, confirm(me)), T) then',
        ],
      ],
    ],
    ['no check of the identity', 'agreement', [['peer.pvl', 'if B = known then', '']]],
    [
      'one chain for both directions',
      'authenticity',
      [
        [
          'primitives.pvl',
          'fun chain(Kind, Party): Label [data].',
          'fun chainOf(Kind): Label [data].\nletfun chain(k: Kind, p: Party) = chainOf(k).',
        ],
      ],
    ],
    [
      'one chain for texts and pictures',
      'authenticity',
      [
        [
          'primitives.pvl',
          'fun chain(Kind, Party): Label [data].',
          'fun chainOf(Party): Label [data].\nletfun chain(k: Kind, p: Party) = chainOf(p).',
        ],
      ],
    ],
    [
      'keys without the transcript, which the tags have',
      'authenticity',
      [
        [
          'primitives.pvl',
          'fun extract(Transcript, Ikm): Prk.',
          'fun extracted(Ikm): Prk.\nletfun extract(T: Transcript, i: Ikm) = extracted(i).',
        ],
      ],
    ],
    [
      'one key for all numbers',
      'secrecy',
      [['primitives.pvl', 'fun keyOf(Key, nat): Key.', 'letfun keyOf(k: Key, n: nat) = k.']],
    ],
  ],
  'later.pv': [
    ['no DH(e1, e2)', 'later-secrecy', keys('k, zero, se, es', 'k, zero, es, se')],
    [
      'no check of the tag',
      'later-secrecy',
      [['peer.pvl', 'if tag = hmac(K(keys, confirm(other(me))), T) then', '']],
    ],
  ],
  'quantum.pv': [
    [
      "no KEM's secret in the keys",
      'quantum-later',
      keys('zero, ee, se, es', 'zero, ee, es, se'),
      'hybrid',
    ],
  ],
  'first.pv': [
    [
      'a safety number that two people share',
      'compared-secrecy',
      [
        [
          'first.pv',
          'fun digits(Point): Digits.',
          'const few: Digits.\nletfun digits(p: Point) = few.',
        ],
      ],
    ],
  ],
  'once.pv': [
    [
      'the private key stays after promotion',
      'one-session',
      [
        [
          'once.pv',
          '!Candidate(a, A, known, e, E, d, false)',
          '!Candidate(a, A, known, e, E, d, true)',
        ],
      ],
    ],
  ],
  'chain.pv': [
    [
      'a chain that stands still',
      'key-once',
      [['chain.pv', 'let c1 = next(c0) in', 'let c1 = c0 in']],
    ],
    [
      'a chain that runs backwards too',
      'chain-secrecy',
      [['chain.pv', 'fun next(Key): Key.', 'fun next(Key): Key [data].']],
    ],
  ],
  'stream.pv': [
    [
      'no mark on the last chunk',
      'whole-picture',
      [
        [
          'stream.pv',
          'fun numbered(nat, bool): Nonce [data].',
          'fun number(nat): Nonce [data].\nletfun numbered(n: nat, isLast: bool) = number(n).',
        ],
      ],
    ],
    [
      'no number on the chunks',
      'whole-picture',
      [
        [
          'stream.pv',
          'fun numbered(nat, bool): Nonce [data].',
          'fun mark(bool): Nonce [data].\nletfun numbered(n: nat, isLast: bool) = mark(isLast).',
        ],
      ],
    ],
  ],
}

const ALL = 'agreement authenticity secrecy'
/** What the proof does without: these queries stay true. */
const UNNEEDED: readonly Row[] = [
  ['no check for bad points', ALL, [['peer.pvl', 'if b <> low && p <> low && B <> P then', '']]],
  [
    'no check for reflection',
    ALL,
    [['peer.pvl', 'if B <> A && P <> A && B <> E && P <> E then', '']],
  ],
  [
    'tags without the transcript, which the keys have',
    ALL,
    [
      [
        'primitives.pvl',
        'fun hmac(Key, Transcript): Tag.',
        'fun mac(Key): Tag.\nletfun hmac(k: Key, T: Transcript) = mac(k).',
      ],
    ],
  ],
]

function variants(of: Readonly<Record<string, readonly Row[]>>, expected: Found): Variant[] {
  return Object.entries(of).flatMap(([file, rows]) =>
    rows.map(([name, queries, edits, suite = 'classical']) => ({
      name,
      file,
      queries: queries.split(' '),
      suite,
      expected,
      edits: edits.map(([file, from, to]) => ({ file, from, to })),
    })),
  )
}

export const VARIANTS: readonly Variant[] = [
  ...variants(REFUTED, 'false'),
  ...variants({ 'exchange.pv': UNNEEDED }, 'true'),
]
