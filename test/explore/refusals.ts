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
import { insideOf, sessionsOf } from './inside.ts'
import type { Step } from './invariants.ts'
import { readName } from './names.ts'
import { type Body, type Peer, sealedIn } from './peer.ts'

/** The code with which this step has to end, or undefined if it has to succeed. */
export function codeFor({ before, op, taken }: Step): string | undefined {
  const { exchange } = before
  switch (op) {
    case 'send text':
      if (exchange.openText !== null) return 'in_doubt'
      return exchange.current === null ? 'no_session' : undefined
    case 'send picture':
      return exchange.current === null ? 'no_session' : undefined
    case 'take keys':
      return taken?.kind === 'keys' ? codeForKeys(exchange, taken.keys) : undefined
    case 'take answer':
      return taken?.kind === 'answer' && taken.confirm && isWrong(exchange, taken.confirm)
        ? 'confirm_failed'
        : undefined
    case 'take text':
    case 'take picture':
      return codeForNumber(before, taken)
    default:
      return undefined
  }
}

function codeForKeys(exchange: Exchange, { share, confirm }: KeyMessage): string | undefined {
  const inside = insideOf(exchange)
  const { $stale, $ephemeral } = inside
  if (equalBytes(share.identity, exchange.identity.publicKey)) return 'reflection'
  const isUsed = ({ identity, publicKey }: Share) =>
    equalBytes(identity, share.identity) && equalBytes(publicKey, share.publicKey)
  if ($stale.some(isUsed)) return 'stale_keys'
  if (confirm === undefined || exchange.suite.kem === null || $ephemeral === null) return undefined
  const isNamed = sessionsOf(inside).some(({ id }) => equalBytes(id, confirm.session))
  const own = { identity: exchange.identity.publicKey, publicKey: $ephemeral.publicKey }
  return isNamed || follows(exchange, own, share, confirm) ? undefined : 'confirm_failed'
}

/** Whether `confirm` follows from the two shares. */
function follows(exchange: Exchange, own: Share, share: Share, confirm: Confirm): boolean {
  const { session, ciphertext } = confirm
  if (ciphertext === undefined) return false
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
  const held = [$candidate, $current].find(
    (one) => one !== null && equalBytes(one.id, confirm.session),
  )
  if (held) return !equalBytes(held.$peerTag, confirm.tag)
  if ($ephemeral === null || $share === null) return false
  const own = { identity: exchange.identity.publicKey, publicKey: $ephemeral.publicKey }
  const isPartyOne = compareBytes(own.identity, $share.identity) < 0
  if (isPartyOne || !follows(exchange, own, $share, confirm)) return false
  const { encapsulationKey } = halvesOf(exchange.suite, own.publicKey)
  const madeFor = readName(confirm.ciphertext ?? new Uint8Array(0))?.input
  return !madeFor || !equalBytes(madeFor.subarray(0, encapsulationKey.length), encapsulationKey)
}

function codeForNumber(before: Peer, taken: Body | null): string | undefined {
  const sealed = sealedIn(taken)
  if (sealed === null) return undefined
  const sessions = sessionsOf(insideOf(before.exchange))
  const held = sessions.find(({ id }) => equalBytes(id, sealed.session))
  if (!held) return 'unknown_session'
  const chain = sealed.kind === 'text' ? 'messages' : 'pictures'
  if (sealed.seq < held.$receiving[chain].$next) return 'replay'
  if (sealed.kind === 'text' && before.exchange.waiting.length > 0) return 'inbox_full'
  const isOwn = before.sealed.some(
    ({ kind, session, seq, tag }) =>
      kind === sealed.kind &&
      seq === sealed.seq &&
      equalBytes(session, sealed.session) &&
      equalBytes(tag, sealed.tag),
  )
  return isOwn ? 'decrypt_failed' : undefined
}
