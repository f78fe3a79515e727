/** Planted mistakes: small changes of the protocol's source that the walk has to find, each by itself. */

import { type Change, changesIn } from '../helpers/changes.ts'
import type { Kind } from './bounds.ts'
import type { Bounds } from './world.ts'

/** By the kind of suite and the bounds of a walk that finds them soon. `slow`: it takes more than a moment. */
export const MISTAKES: readonly { kind: Kind; bounds: Bounds; mistakes: readonly Change[] }[] = [
  {
    kind: 'classical',
    bounds: { keys: 2, texts: 1, pictures: 0, troubles: 0, underWay: 2 },
    mistakes: changesIn(`
exchange.ts: a confirmation that waits outlives new keys
-     this.#slot = null
-     const ephemeral
+     const ephemeral

exchange.ts: promotion leaves a confirmation waiting
-     this.#slot = null
-     this.#wasKnown
+     this.#wasKnown

exchange.ts, slow: a confirmation that came early is dropped
- if (named !== 'ours first') this.#slot = confirm

exchange.ts: the share of a promoted session can be taken again
- this.#retire(promoted.peer)

exchange.ts, slow: a share that was replaced can be taken again
- if (this.#share !== null) this.#retire(this.#share)

exchange.ts, slow: the share that comes beside a confirmation of the one before is dropped
- if (!sameShare(peer, share))
+ if (this.#current === null)

exchange.ts: a session that a key message proves is not promoted
- if (proven !== null) this.#promote(proven)

exchange.ts: the oldest session is confirmed
- const newest = this.#candidate ?? this.#current
+ const newest = this.#current ?? this.#candidate

exchange.ts, slow: no text is taken under the candidate
- [this.#current, this.#candidate, this.#previous].find
+ [this.#current, this.#previous].find

exchange.ts: the session before keeps its sending keys
- this.#previous?.demote()

exchange.ts: the session before that is not erased
- this.#previous?.erase()

exchange.ts: a replaced private key is not erased
- this.#ephemeral?.erase()

exchange.ts: a text that was read leaves its key
- message.erase()

exchange.ts, slow: a text under the candidate promotes nothing
- const completed = session === this.#candidate
+ const completed = false

exchange.ts, slow: no text is taken that was sealed before the keys were changed
- [this.#current, this.#candidate, this.#previous].find
+ [this.#current, this.#candidate].find

exchange.ts, slow: texts are sent on a session that nobody has confirmed
- if (this.#current !== null) return this.#current
+ if (this.#current !== null) return this.#candidate ?? this.#current

session.ts: both sides send with the keys of one direction
- this.#schedule.direction(otherParty(party))
+ this.#schedule.direction(party)

session.ts: one's own tag is expected of the peer
- this.#peerTag = this.#schedule.confirmTag(otherParty(party))
+ this.#peerTag = this.#schedule.confirmTag(party)

session.ts: the two parties order the secrets each their own way
- party === 1 ? [ee, se, es] : [ee, es, se]
+ [ee, se, es]

session.ts: what the keys come from outlives promotion
-     this.#schedule.erase()
-     this.#confirmed = true
+     this.#confirmed = true

session.ts: a Diffie-Hellman secret is left in memory
- for (const used of [se, es, ikm]) used.fill(0)
+ for (const used of [se, es]) used.fill(0)

session.ts, slow: an accepted text does not count
-           const missing = ahead.accept()
+           const missing = 0

keyChain.ts: a number is used twice
- this.#become(next, number + 1)
-     return { number, key }
+ this.#become(next, number)
+     return { number, key }

keyChain.ts: a chain stands still
- if (!this.#erased) this.#chain.set(next)

keySchedule.ts: one key for both directions
- from === 1 ? '1>2' : '2>1'
+ from === 1 ? '1>2' : '1>2'

keySchedule.ts: the public keys are not in the transcript
- lp(share.identity), lp(share.publicKey))
+ lp(share.identity))
`),
  },
  {
    kind: 'classical',
    bounds: { keys: 1, texts: 1, pictures: 0, troubles: 1, underWay: 3 },
    mistakes: changesIn(`
exchange.ts: one's own share is taken for the peer's
- throw new DuetError('reflection', 'One of the keys is our own.')
+ {}

session.ts: a wrong tag is right
- && equalBytes(this.#peerTag, tag)

keyChain.ts, slow: a text may come twice
- if (number < this.#next)
+ if (number < this.#next - 1)
`),
  },
  {
    kind: 'classical',
    bounds: { keys: 1, texts: 2, pictures: 0, troubles: 1, underWay: 2 },
    mistakes: changesIn(`
openText.ts: a text that had no answer is told as refused
- if (outcome === 'unsent' && isOnlyCopy) this.#copies = 0
+ if (outcome === 'no answer') return this.settle('refused')

openText.ts, slow: a text is told as refused by a full inbox
- if (outcome === 'unknown_session')
+ if (outcome === 'not now' && isOnlyCopy) return this.settle('refused')
+     if (outcome === 'unknown_session')

openText.ts: a text is told as arrived by a full inbox
- outcome === 'accepted' || outcome === 'replay'
+ outcome !== 'no answer' && outcome !== 'unknown_session'

openText.ts: what a text was known by is not erased
-     this.#key.fill(0)

openText.ts, slow: the other peer's restart tells of a text that it was not taken
- isOnlyCopy ? 'refused' : 'unknown'
+ 'arrived'

exchange.ts: a text is sealed while another is open
- if (this.#openText !== null)
-       throw new DuetError('in_doubt', 'Another text is open: none is sealed meanwhile.')

exchange.ts, slow: a text that had no answer is sealed anew
-     return this.#openText.copy()
-   }
-
-   /** What became
+     const { session, seq, ciphertext } = this.#openText.copy()
+     return this.#sendingSession().seal(ciphertext.slice(0, -16))
+   }
+
+   /** What became
`),
  },
  {
    kind: 'classical',
    bounds: { keys: 2, texts: 0, pictures: 0, troubles: 1, underWay: 2 },
    mistakes: changesIn(`
exchange.ts, slow: an hour erases the private key of the present session instead
- this.#move('expire', null, this.#share, null)
+ { this.#move('expire', null, this.#share, null); this.#current = null }
`),
  },
  {
    kind: 'hybrid',
    bounds: { keys: 2, texts: 0, pictures: 0, troubles: 0, underWay: 3 },
    mistakes: changesIn(`
exchange.ts: whoever is refused does not send its keys without the confirmation
-     return this.#ephemeral?.publicKey === share.publicKey ? { share } : undefined
+     return undefined

exchange.ts, slow: whoever is refused sends the same once more
- share.publicKey ? { share } : undefined
+ share.publicKey ? { share, confirm } : undefined

exchange.ts, slow: the ciphertext of party 1 is not confirmed once more
- , again: { share: named.own, ...this.#confirm() } }
+  }

exchange.ts, slow: each side goes by its own ciphertext
- if (this.#isKept(share) && party === 1) return 'ours first'
+ if (this.#isKept(share)) return 'ours first'

exchange.ts, slow: a confirmation of other keys is ignored where there is a KEM
- if (named === 'another' && this.suite.kem !== null) throw confirmFailed()

exchange.ts, slow: the keys that are confirmed once more are promoted at once
-       this.#move('key message', this.#ephemeral, this.#share, named)
-       return { completed: false, again: { share: named.own, ...this.#confirm() } }
+       this.#promote(named)
+       return { completed: true }

keySchedule.ts: the ciphertext is not in the transcript
- ...(ciphertext === null ? [] : [ciphertext])
`),
  },
  {
    kind: 'hybrid',
    bounds: { keys: 1, texts: 0, pictures: 0, troubles: 1, underWay: 3 },
    mistakes: changesIn(`
exchange.ts, slow: used shares are not looked for
- this.#stale.some((used) => sameShare(used, share))
+ false

exchange.ts, slow: each side goes by the other's ciphertext
- if (this.#isKept(share) && party === 1) return 'ours first'
`),
  },
  {
    kind: 'hybrid',
    bounds: { keys: 2, texts: 0, pictures: 0, troubles: 1, underWay: 2 },
    mistakes: changesIn(`
exchange.ts, slow: a candidate that gives way is not erased
- if (this.#candidate === promoted) this.#candidate = null
+ this.#candidate = null
`),
  },
]
