/** What the specification's tables refuse of all that honest peers send, whichever way it comes, and as what. */

import {
  compareBytes,
  concatBytes,
  equalBytes,
  lp,
  u16,
  utf8ToBytes,
} from '../../src/protocol/bytes.ts'
import type { Exchange } from '../../src/protocol/exchange.ts'
import type { Share } from '../../src/protocol/keySchedule.ts'
import type { Confirm, KeyMessage } from '../../src/protocol/messages.ts'
import { halvesOf } from '../../src/protocol/suites.ts'
import { sha256 } from './ideal.ts'
import { insideOf, isSameShare, sessionsOf } from './inside.ts'
import type { Step } from './invariants.ts'
import { readName } from './names.ts'
import { type Body, type Peer, sealedIn } from './peer.ts'

/** The code with which this step has to end, or undefined if it has to succeed. */
export function codeFor({ before, op, taken }: Step): string | undefined {
  const { exchange } = before
  if (op === 'send text' && exchange.openText !== null) return 'in_doubt'
  if (op === 'send text' || op === 'send picture')
    return exchange.current === null ? 'no_session' : undefined
  if (op === 'take keys' && taken?.kind === 'keys') return codeForKeys(exchange, taken.keys)
  if (op === 'take answer' && taken?.kind === 'answer' && taken.confirm)
    return isWrong(exchange, taken.confirm) ? 'confirm_failed' : undefined
  return op === 'take text' || op === 'take picture' ? codeForNumber(before, taken) : undefined
}

function codeForKeys(exchange: Exchange, { share, confirm }: KeyMessage): string | undefined {
  const inside = insideOf(exchange)
  if (equalBytes(share.identity, exchange.identity.publicKey)) return 'reflection'
  if (inside.$stale.some((used) => isSameShare(used, share))) return 'stale_keys'
  if (!confirm || exchange.suite.kem === null || inside.$ephemeral === null) return undefined
  const isNamed = sessionsOf(inside).some(({ id }) => equalBytes(id, confirm.session))
  return isNamed || follows(exchange, share, confirm) ? undefined : 'confirm_failed'
}

/** Whether `confirm` follows from the share that is under way and from `share`. */
function follows(exchange: Exchange, share: Share, { session, ciphertext }: Confirm): boolean {
  const { $ephemeral } = insideOf(exchange)
  if (ciphertext === undefined || $ephemeral === null) return false
  const own = { identity: exchange.identity.publicKey, publicKey: $ephemeral.publicKey }
  const encoded = [own, share].map(({ identity, publicKey }) =>
    concatBytes(u16(exchange.suite.id), lp(identity), lp(publicKey)),
  )
  const parts = [...encoded.sort(compareBytes), ciphertext].map(lp)
  const hash = sha256(concatBytes(utf8ToBytes('duet/2 transcript'), ...parts))
  return equalBytes(hash.subarray(0, 16), session)
}

/**
 * Whether an answer's `confirm` proves nothing of what it speaks of. Between honest peers that is one's own
 * confirmation, which came back: of a session that is held, or with a ciphertext that one made oneself and gave up.
 */
function isWrong(exchange: Exchange, confirm: Confirm): boolean {
  const { $candidate, $current, $ephemeral, $share } = insideOf(exchange)
  const held = [$candidate, $current].find((one) => one && equalBytes(one.id, confirm.session))
  if (held) return !equalBytes(held.$peerTag, confirm.tag)
  if ($ephemeral === null || $share === null) return false
  const isPartyOne = compareBytes(exchange.identity.publicKey, $share.identity) < 0
  if (isPartyOne || !follows(exchange, $share, confirm)) return false
  const { encapsulationKey } = halvesOf(exchange.suite, $ephemeral.publicKey)
  const madeFor = readName(confirm.ciphertext ?? new Uint8Array(0))?.input
  return !madeFor || !equalBytes(madeFor.subarray(0, encapsulationKey.length), encapsulationKey)
}

function codeForNumber(before: Peer, taken: Body | null): string | undefined {
  const sealed = sealedIn(taken)
  if (sealed === null) return undefined
  const { kind, session, seq, tag } = sealed
  const held = sessionsOf(insideOf(before.exchange)).find(({ id }) => equalBytes(id, session))
  if (!held) return 'unknown_session'
  const chain = kind === 'text' ? 'messages' : 'pictures'
  if (seq < held.$receiving[chain].$next) return 'replay'
  if (kind === 'text' && before.exchange.waiting.length > 0) return 'inbox_full'
  return before.sealed.some((own) => equalBytes(own.tag, tag)) ? 'decrypt_failed' : undefined
}
