/** Planted mistakes: small changes of the protocol's source that the walk has to find, each by itself. */

import type { Kind } from './bounds.ts'
import type { Mistake } from './load.ts'
import type { Bounds } from './world.ts'

/** `to`: nothing, if it is not given. */
const inFile =
  (file: string) =>
  (what: string, from: string, to = ''): Mistake => ({ what, file, from, to })
const exchange = inFile('exchange.ts')
const session = inFile('session.ts')
const keyChain = inFile('keyChain.ts')
const keySchedule = inFile('keySchedule.ts')

const ORDERLY: readonly Mistake[] = [
  exchange(
    'a confirmation that waits outlives new keys',
    '    this.#slot = null\n    const ephemeral',
    '    const ephemeral',
  ),
  exchange(
    'promotion leaves a confirmation waiting',
    '    this.#slot = null\n    this.#wasKnown',
    '    this.#wasKnown',
  ),
  exchange(
    'a confirmation that came early is dropped',
    "    if (named !== 'ours first') this.#slot = confirm\n",
  ),
  exchange(
    'the share of a promoted session can be taken again',
    '    this.#retire(promoted.peer)\n',
  ),
  exchange(
    'a share that was replaced can be taken again',
    'if (this.#share !== null) this.#retire(this.#share)',
  ),
  exchange(
    'the share that comes beside a confirmation of the one before is dropped',
    'if (!sameShare(peer, share))',
    'if (this.#current === null)',
  ),
  exchange(
    'a session that a key message proves is not promoted',
    'if (proven !== null) this.#promote(proven)',
  ),
  exchange(
    'the oldest session is confirmed',
    'const newest = this.#candidate ?? this.#current',
    'const newest = this.#current ?? this.#candidate',
  ),
  exchange(
    'no text is taken under the candidate',
    '[this.#current, this.#candidate, this.#previous].find',
    '[this.#current, this.#previous].find',
  ),
  exchange('the session before keeps its sending keys', '    this.#previous?.demote()\n'),
  exchange('the session before that is not erased', '    this.#previous?.erase()\n'),
  exchange(
    'a replaced private key is not erased',
    '    if (this.#ephemeral !== ephemeral) this.#ephemeral?.erase()\n',
  ),
  exchange('a text that was read leaves its key', '      message.erase()\n'),
  session(
    'both sides send with the keys of one direction',
    'this.#schedule.direction(otherParty(party))',
    'this.#schedule.direction(party)',
  ),
  session(
    "one's own tag is expected of the peer",
    'this.#peerTag = this.#schedule.confirmTag(otherParty(party))',
    'this.#peerTag = this.#schedule.confirmTag(party)',
  ),
  session(
    'the two parties order the secrets each their own way',
    'party === 1 ? [ee, se, es] : [ee, es, se]',
    '[ee, se, es]',
  ),
  session(
    'what the keys come from outlives promotion',
    '    this.#schedule.erase()\n    this.#confirmed = true',
    '    this.#confirmed = true',
  ),
  session(
    'a Diffie-Hellman secret is left in memory',
    'for (const used of [se, es, ikm]) used.fill(0)',
    'for (const used of [se, es]) used.fill(0)',
  ),
  session(
    'an accepted text does not count',
    '          const missing = ahead.accept()\n',
    '          const missing = 0\n',
  ),
  keyChain(
    'a number is used twice',
    'this.#become(next, number + 1)\n    return { number, key }',
    'this.#become(next, number)\n    return { number, key }',
  ),
  keyChain('a chain stands still', 'if (!this.#erased) this.#chain.set(next)'),
  keySchedule(
    'one key for both directions',
    "from === 1 ? '1>2' : '2>1'",
    "from === 1 ? '1>2' : '1>2'",
  ),
  keySchedule(
    'the public keys are not in the transcript',
    'lp(share.identity), lp(share.publicKey))',
    'lp(share.identity))',
  ),
]

/** As `ORDERLY`; they take longer to be found. */
const LATE: readonly Mistake[] = [
  exchange(
    'a text under the candidate promotes nothing',
    'const completed = session === this.#candidate',
    'const completed = false',
  ),
  exchange(
    'no text is taken that was sealed before the keys were changed',
    '[this.#current, this.#candidate, this.#previous].find',
    '[this.#current, this.#candidate].find',
  ),
  exchange(
    'texts are sent on a session that nobody has confirmed',
    'if (this.#current !== null) return this.#current',
    'if (this.#current !== null) return this.#candidate ?? this.#current',
  ),
]

const TROUBLED: readonly Mistake[] = [
  exchange(
    "one's own share is taken for the peer's",
    "throw new DuetError('reflection', 'One of the keys is our own.')",
    '{}',
  ),
  session('a wrong tag is right', '&& equalBytes(this.#peerTag, tag)'),
  keyChain('a text may come twice', 'if (number < this.#next)', 'if (number < this.#next - 1)'),
]

const REKEYED_TROUBLED: readonly Mistake[] = [
  exchange(
    'an hour erases the private key of the present session instead',
    "this.#move('expire', null, this.#share, null)",
    "{ this.#move('expire', null, this.#share, null); this.#current = null }",
  ),
]

const ORDERLY_HYBRID: readonly Mistake[] = [
  exchange(
    'whoever is refused does not send its keys without the confirmation',
    '    return this.#ephemeral?.publicKey === share.publicKey ? { share } : undefined\n',
    '    return undefined\n',
  ),
  exchange(
    'whoever is refused sends the same once more',
    'share.publicKey ? { share } : undefined',
    'share.publicKey ? { share, confirm } : undefined',
  ),
  exchange(
    'the ciphertext of party 1 is not confirmed once more',
    ', again: { share: named.own, ...this.#confirm() } }',
    ' }',
  ),
  exchange(
    'each side goes by its own ciphertext',
    "if (this.#isKept(share) && party === 1) return 'ours first'",
    "if (this.#isKept(share)) return 'ours first'",
  ),
  exchange(
    'a confirmation of other keys is ignored where there is a KEM',
    "if (named === 'another' && this.suite.kem !== null) throw confirmFailed()",
  ),
  exchange(
    'the keys that are confirmed once more are promoted at once',
    "      this.#move('key message', this.#ephemeral, this.#share, named)\n      return { completed: false, again: { share: named.own, ...this.#confirm() } }",
    '      this.#promote(named)\n      return { completed: true }',
  ),
  keySchedule(
    'the ciphertext is not in the transcript',
    '...(ciphertext === null ? [] : [ciphertext])',
  ),
]

const TROUBLED_HYBRID: readonly Mistake[] = [
  exchange(
    'used shares are not looked for',
    'this.#stale.some((used) => sameShare(used, share))',
    'false',
  ),
  exchange(
    "each side goes by the other's ciphertext",
    "if (this.#isKept(share) && party === 1) return 'ours first'",
  ),
]

const REKEYED_TROUBLED_HYBRID: readonly Mistake[] = [
  exchange(
    'a candidate that gives way is not erased',
    'if (this.#candidate === promoted) this.#candidate = null',
    'this.#candidate = null',
  ),
]

/** By the kind of suite and the bounds of a walk that finds them soon; `slow`: with SLOW=1. */
export const MISTAKES: readonly {
  kind: Kind
  bounds: Bounds
  mistakes: readonly Mistake[]
  slow?: true
}[] = [
  {
    kind: 'classical',
    bounds: { keys: 2, texts: 1, pictures: 0, troubles: 0, underWay: 2 },
    mistakes: ORDERLY,
  },
  {
    kind: 'classical',
    bounds: { keys: 2, texts: 1, pictures: 0, troubles: 0, underWay: 2 },
    mistakes: LATE,
    slow: true,
  },
  {
    kind: 'classical',
    bounds: { keys: 1, texts: 1, pictures: 0, troubles: 1, underWay: 3 },
    mistakes: TROUBLED,
  },
  {
    kind: 'classical',
    bounds: { keys: 2, texts: 0, pictures: 0, troubles: 1, underWay: 2 },
    mistakes: REKEYED_TROUBLED,
  },
  {
    kind: 'hybrid',
    bounds: { keys: 2, texts: 0, pictures: 0, troubles: 0, underWay: 3 },
    mistakes: ORDERLY_HYBRID,
  },
  {
    kind: 'hybrid',
    bounds: { keys: 1, texts: 0, pictures: 0, troubles: 1, underWay: 3 },
    mistakes: TROUBLED_HYBRID,
  },
  {
    kind: 'hybrid',
    bounds: { keys: 2, texts: 0, pictures: 0, troubles: 1, underWay: 2 },
    mistakes: REKEYED_TROUBLED_HYBRID,
    slow: true,
  },
]
