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
import { insideOf } from './inside.ts'
import type { Step } from './invariants.ts'
import { readName } from './names.ts'
import type { Body, Peer } from './peer.ts'

/** The code with which this step has to end, or undefined if it has to succeed. */
export function codeFor({ before, op, taken }: Step): string | undefined {
  const { exchange } = before
  switch (op) {
    case 'send text':
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
  const { $stale, $ephemeral, $candidate, $current, $previous } = insideOf(exchange)
  if (equalBytes(share.identity, exchange.identity.publicKey)) return 'reflection'
  const isUsed = ({ identity, publicKey }: Share) =>
    equalBytes(identity, share.identity) && equalBytes(publicKey, share.publicKey)
  if ($stale.some(isUsed)) return 'stale_keys'
  if (confirm === undefined || exchange.suite.kem === null || $ephemeral === null) return undefined
  const isNamed = [$candidate, $current, $previous].some(
    (session) => session !== null && equalBytes(session.id, confirm.session),
  )
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
  const number = numberOf(taken)
  if (number === null) return undefined
  const { $current, $candidate, $previous } = insideOf(before.exchange)
  const held = [$current, $candidate, $previous].find(
    (one) => one !== null && equalBytes(one.id, number.session),
  )
  if (!held) return 'unknown_session'
  const chain = taken?.kind === 'text' ? 'messages' : 'pictures'
  if (number.seq < held.$receiving[chain].$next) return 'replay'
  const isOwn = before.sealed.some(
    ({ kind, session, seq, tag }) =>
      kind === taken?.kind &&
      seq === number.seq &&
      equalBytes(session, number.session) &&
      equalBytes(tag, tagOf(taken)),
  )
  return isOwn ? 'decrypt_failed' : undefined
}

/** Where it stands: its session, and its number there. */
export function numberOf(body: Body | null): { session: Uint8Array; seq: number } | null {
  if (body?.kind === 'text') return { session: body.sealed.session, seq: body.sealed.seq }
  if (body?.kind === 'picture') return { session: body.header.session, seq: body.header.number }
  return null
}

/** The end of what was sealed. */
export function tagOf(body: Body | null): Uint8Array {
  if (body?.kind === 'text') return body.sealed.ciphertext.slice(-16)
  return body?.kind === 'picture' ? body.sealed.slice(-16) : new Uint8Array(0)
}
