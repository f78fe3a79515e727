/**
 * Broken protocols: each a small edit of the models. The named query has to be found false, or
 * the proof would not notice what it is there for. And edits that no query notices, to know which they are.
 */

import { changesIn, type Edit } from '../helpers/changes.ts'
import type { Found, Suite } from './model.ts'

export interface Variant {
  readonly name: string
  readonly edits: readonly Edit[]
  readonly file: string
  /** Of that file; each is found as expected. */
  readonly queries: readonly string[]
  readonly suite: Suite
  readonly expected: Found
}

/** By the file with the queries: what is edited, the names of the queries, the suite where it is not the classical one. */
const REFUTED = {
  'exchange.pv': `
primitives.pvl, agreement: no DH(id1, e2)
- = ikm(k, ee, se, es)
+ = ikm(k, ee, zero, es)
- = ikm(k, ee, es, se)
+ = ikm(k, ee, zero, se)

primitives.pvl, agreement: no DH(e1, id2)
- = ikm(k, ee, se, es)
+ = ikm(k, ee, se, zero)
- = ikm(k, ee, es, se)
+ = ikm(k, ee, es, zero)

primitives.pvl, agreement: no identities in the transcript
- fun hash(Said): Transcript.
+ fun hashed(Point, EncapsulationKey, Point, EncapsulationKey, Ciphertext): Transcript.
+ letfun hash(s: Said) =
+   let said(share(i1, e1, k1), share(i2, e2, k2), c) = s in hashed(e1, k1, e2, k2, c).

primitives.pvl, agreement: no public keys in the transcript
- fun hash(Said): Transcript.
+ fun hashed(Point, Point, Ciphertext): Transcript.
+ letfun hash(s: Said) =
+   let said(share(i1, e1, k1), share(i2, e2, k2), c) = s in hashed(i1, i2, c).

primitives.pvl, agreement, hybrid: no ciphertext in the transcript
- fun hash(Said): Transcript.
+ fun hashed(Share, Share): Transcript.
+ letfun hash(s: Said) = let said(s1, s2, c) = s in hashed(s1, s2).

peer.pvl, agreement: no check of the tag
- if tag = hmac(K(keys, confirm(other(me))), T) then

peer.pvl, agreement: one's own tag is taken for the other's
- if tag = hmac(K(keys, confirm(other(me))), T) then
+ if tag = hmac(K(keys, confirm(me)), T) then

peer.pvl, agreement: no check of the identity
- if B = known then

primitives.pvl, authenticity: one chain for both directions
- fun chain(Kind, Party): Label [data].
+ fun chainOf(Kind): Label [data].
+ letfun chain(k: Kind, p: Party) = chainOf(k).

primitives.pvl, authenticity: one chain for texts and pictures
- fun chain(Kind, Party): Label [data].
+ fun chainOf(Party): Label [data].
+ letfun chain(k: Kind, p: Party) = chainOf(p).

primitives.pvl, authenticity: keys without the transcript, which the tags have
- fun extract(Transcript, Ikm): Prk.
+ fun extracted(Ikm): Prk.
+ letfun extract(T: Transcript, i: Ikm) = extracted(i).

primitives.pvl, secrecy: one key for all numbers
- fun keyOf(Key, nat): Key.
+ letfun keyOf(k: Key, n: nat) = k.
`,
  'later.pv': `
primitives.pvl, later-secrecy: no DH(e1, e2)
- = ikm(k, ee, se, es)
+ = ikm(k, zero, se, es)
- = ikm(k, ee, es, se)
+ = ikm(k, zero, es, se)

peer.pvl, later-secrecy: no check of the tag
- if tag = hmac(K(keys, confirm(other(me))), T) then
`,
  'quantum.pv': `
primitives.pvl, quantum-later, hybrid: no KEM's secret in the keys
- = ikm(k, ee, se, es)
+ = ikm(zero, ee, se, es)
- = ikm(k, ee, es, se)
+ = ikm(zero, ee, es, se)
`,
  'first.pv': `
first.pv, compared-secrecy: a safety number that two people share
- fun digits(Point): Digits.
+ const few: Digits.
+ letfun digits(p: Point) = few.
`,
  'once.pv': `
once.pv, one-session: the private key stays after promotion
- !Candidate(a, A, known, e, E, d, false)
+ !Candidate(a, A, known, e, E, d, true)
`,
  'chain.pv': `
chain.pv, key-once: a chain that stands still
- let c1 = next(c0) in
+ let c1 = c0 in

chain.pv, chain-secrecy: a chain that runs backwards too
- fun next(Key): Key.
+ fun next(Key): Key [data].
`,
  'stream.pv': `
stream.pv, whole-picture: no mark on the last chunk
- fun numbered(nat, bool): Nonce [data].
+ fun number(nat): Nonce [data].
+ letfun numbered(n: nat, isLast: bool) = number(n).

stream.pv, whole-picture: no number on the chunks
- fun numbered(nat, bool): Nonce [data].
+ fun mark(bool): Nonce [data].
+ letfun numbered(n: nat, isLast: bool) = mark(isLast).
`,
}

/** What the proof does without: these queries stay true. */
const UNNEEDED = {
  'exchange.pv': `
peer.pvl, agreement authenticity secrecy: no check for bad points
- if b <> low && p <> low && B <> P then

peer.pvl, agreement authenticity secrecy: no check for reflection
- if B <> A && P <> A && B <> E && P <> E then

primitives.pvl, agreement authenticity secrecy: tags without the transcript, which the keys have
- fun hmac(Key, Transcript): Tag.
+ fun mac(Key): Tag.
+ letfun hmac(k: Key, T: Transcript) = mac(k).
`,
}

function variants(lists: Readonly<Record<string, string>>, expected: Found): Variant[] {
  return Object.entries(lists).flatMap(([file, list]) =>
    changesIn(list).map(({ what: name, marks: [queries = '', suite], edits }) => ({
      name,
      edits,
      file,
      queries: queries.split(' '),
      suite: suite === 'hybrid' ? suite : 'classical',
      expected,
    })),
  )
}

export const VARIANTS: readonly Variant[] = [
  ...variants(REFUTED, 'false'),
  ...variants(UNNEEDED, 'true'),
]
