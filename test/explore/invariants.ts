/** What must hold in every state of a peer, and in every step that it takes: the sentences of the specification. */

import { bytesToHex, equalBytes } from '../../src/protocol/bytes.ts'
import type { Exchange } from '../../src/protocol/exchange.ts'
import type { Share } from '../../src/protocol/keySchedule.ts'
import type { Confirm } from '../../src/protocol/messages.ts'
import { arraysIn, type Fixed } from './graph.ts'
import {
  type DirectionInside,
  type ExchangeInside,
  insideOf,
  type SessionInside,
  sessionsOf,
} from './inside.ts'
import { readName } from './names.ts'
import { type Body, type Done, type Op, type Peer, sealedIn } from './peer.ts'
import { codeFor } from './refusals.ts'

/** Something that must hold and does not. */
export class Violation extends Error {
  override name = 'Violation'
}

function sameShare(a: Share, b: Share): boolean {
  return equalBytes(a.publicKey, b.publicKey) && equalBytes(a.identity, b.identity)
}

function isOver(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}

function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Violation(otherwise)
}

const chainsOf = ({ messages, pictures }: DirectionInside) => [messages, pictures]

/** In every state. `reachable`: every array in the exchange. */
export function checkState(
  { exchange }: Peer,
  fixed: Fixed,
  reachable: ReadonlySet<Uint8Array>,
): void {
  const inside = insideOf(exchange)
  const { $ephemeral, $share, $candidate, $current, $previous, $stale, $knownIdentity } = inside
  const held = `${$ephemeral ? 'key' : ''}${$share ? 'share' : ''}`
  const states = { '': 'idle', key: 'offered', share: 'invited', keyshare: 'agreed' }
  must(states[held as keyof typeof states] === exchange.state, 'the state is not what is held')
  must((exchange.state === 'agreed') === ($candidate !== null), 'a candidate is there or missing')
  if ($candidate && $ephemeral && $share) {
    must(
      equalBytes($candidate.own.publicKey, $ephemeral.publicKey),
      'the candidate is of other keys',
    )
    must(sameShare($candidate.peer, $share), 'the candidate is of another share')
    must($candidate.$sending === null, 'a candidate has keys to send with')
    must(!$candidate.$erased, 'the candidate is erased')
  }
  if ($current) {
    must($current.$sending !== null, 'the current session has no keys to send with')
    must(isOver($current.$schedule.$prk), 'what the keys come from outlives promotion')
    must($knownIdentity !== null, 'a session is confirmed and no identity is known')
    must(equalBytes($knownIdentity, $current.peer.identity), 'another identity is known')
  }
  if ($previous) {
    must($previous.$sending === null, 'the previous session can still be sent on')
    const secrets = [$previous.$ecdh, $previous.$kemSecret ?? $previous.$ecdh]
    must(secrets.every(isOver), 'the previous session still shows its shared secret')
    must(isOver($previous.$schedule.$prk), 'what the keys come from outlives promotion')
  }
  const confirmed = [$current, $previous].filter((session) => session !== null)
  for (const { own, peer, $erased } of confirmed) {
    must(!$erased, 'a session that is held is erased')
    must(
      !$ephemeral || !equalBytes($ephemeral.publicKey, own.publicKey),
      'a private key outlives its promotion',
    )
    must(
      $stale.some((used) => sameShare(used, peer)),
      'the share of a confirmed session is not used up',
    )
  }
  must(!$share || !$stale.some((used) => sameShare(used, $share)), 'a used share is kept')
  const ids = sessionsOf(inside).map(({ id }) => bytesToHex(id))
  must(new Set(ids).size === ids.length, 'a session is held twice')
  checkOpenText(exchange, $previous)
  checkPrivateKeys(exchange, fixed, reachable)
}

/** A text is open as long as it is not settled, and its session is held or an answer may still tell of it. */
function checkOpenText({ openText, current }: Exchange, previous: SessionInside | null): void {
  if (openText === null) return
  must(openText.fate === 'open', 'a text is settled and open')
  const isHeld = [current, previous].some(
    (session) => session && equalBytes(session.id, openText.message.session),
  )
  must(isHeld || openText.isUnderWay, 'a text is open whose session is gone')
}

/**
 * What was told of each text is true, and no text was taken twice. `taken`: by the other peer. (A copy that somebody
 * else delivers may be taken, and its receiver restarted, before the original is refused: that is told as refused.)
 */
export function checkTexts({ told }: Peer, { taken }: Peer): void {
  const fateOf = (tag: Uint8Array) => told.find((one) => equalBytes(one.tag, tag))?.fate
  for (const { tag, fate } of told)
    must(
      fate !== 'arrived' || taken.some((one) => equalBytes(one.tag, tag)),
      'a text is told as arrived and was not taken',
    )
  for (const [i, { tag, text, run }] of taken.entries())
    for (const later of taken.slice(i + 1))
      must(
        !equalBytes(text, later.text) || (run < later.run && fateOf(tag) === 'refused'),
        'a text was taken twice',
      )
}

/** `taken`: what a peer took just now; `told`: what its sender knew by then. */
export function checkTaken(taken: Body, { told }: Peer): void {
  const tag = sealedIn(taken)?.tag ?? new Uint8Array(0)
  must(
    !told.some(({ tag: end, fate }) => fate === 'refused' && equalBytes(end, tag)),
    'a text is taken that was told as refused',
  )
}

/** No private key is anywhere but in the fresh key pair that is held. */
function checkPrivateKeys(
  exchange: Exchange,
  fixed: Fixed,
  reachable: ReadonlySet<Uint8Array>,
): void {
  const allowed = arraysIn(insideOf(exchange).$ephemeral, fixed)
  for (const bytes of reachable) {
    const op = allowed.has(bytes) ? undefined : readName(bytes)?.op
    must(op !== 'fresh' && op !== 'decapsulation key', 'a private key is left')
  }
}

export interface Step {
  readonly before: Peer
  readonly after: Peer
  readonly op: Op
  readonly taken: Body | null
  readonly done: Done
  /** Every secret that was held before or computed in the step. */
  readonly secrets: readonly Uint8Array[]
  /** Every array in the exchange as it is after it. */
  readonly reachable: ReadonlySet<Uint8Array>
}

/** In every step. */
export function checkStep(step: Step): void {
  const { before, after, op, done, secrets, reachable } = step
  const [was, is] = [insideOf(before.exchange), insideOf(after.exchange)]
  checkErased(secrets, reachable)
  must(done.code === codeFor(step), `${op} has the code ${done.code}, and not ${codeFor(step)}`)
  checkPromotion(was, is, step)
  checkChains(was, is)
  checkShares(was, is, step)
  checkSealed(after)
  checkWaiting(step)
  checkConfirmation(is, step)
  must(op !== 'send keys' || is.$slot === null, 'a confirmation waits that is not of these keys')
  const copy = op === 'repeat text' ? sealedIn(done.body ?? null) : null
  must(
    copy === null || before.sealed.some(({ tag }) => equalBytes(tag, copy.tag)),
    'other bytes are repeated than were sealed',
  )
}

/** Whatever was held before a step or several, and is not any more, is overwritten. */
export function checkErased(
  secrets: readonly Uint8Array[],
  reachable: ReadonlySet<Uint8Array>,
): void {
  for (const secret of secrets)
    must(
      reachable.has(secret) || isOver(secret),
      'a secret that nothing holds any more is not erased',
    )
}

function checkPromotion(was: ExchangeInside, is: ExchangeInside, { op, done, taken }: Step): void {
  const isNew = is.$current !== null && !sameSession(is.$current, was.$current)
  must(isNew === (done.completed ?? false), 'completed is not what happened')
  if (!isNew) {
    must(sameSession(is.$current, was.$current), 'the current session is gone')
    must(sameSession(is.$previous, was.$previous), 'the previous session is another one')
    if (done.code === undefined && op !== 'take answer' && op !== 'send keys')
      must(op === 'take keys' || sameConfirm(is.$slot, was.$slot), 'the slot changed')
    return
  }
  must(op.startsWith('take'), 'a session came from nowhere')
  checkProof(was, is.$current, taken)
  must(sameSession(is.$previous, was.$current), 'the session before is not the previous one')
  must(is.$ephemeral === null && is.$slot === null, 'promotion left something behind')
}

function sameSession(a: SessionInside | null, b: SessionInside | null): boolean {
  return a === null || b === null ? a === b : equalBytes(a.id, b.id)
}

function sameConfirm(a: Confirm | null, b: Confirm | null): boolean {
  return a === null || b === null ? a === b : equalBytes(a.tag, b.tag)
}

/** It was the other party's tag that promoted it, or something that opened under it. */
function checkProof(was: ExchangeInside, promoted: SessionInside | null, taken: Body | null): void {
  if (promoted === null || taken?.kind === 'text' || taken?.kind === 'picture') return
  const confirms = [taken === null ? null : confirmIn(taken), was.$slot]
  const proof = confirms.find((confirm) => confirm && equalBytes(confirm.session, promoted.id))
  must(proof !== null && proof !== undefined, 'a session is promoted that nobody confirmed')
  must(equalBytes(proof.tag, promoted.$peerTag), 'a session is promoted by a wrong tag')
}

function confirmIn(body: Body): Confirm | null {
  if (body.kind === 'keys') return body.keys.confirm ?? null
  return body.kind === 'answer' ? body.confirm : null
}

/** No number comes twice, and no chain is set back. */
function checkChains(was: ExchangeInside, is: ExchangeInside): void {
  for (const session of sessionsOf(is)) {
    const same = sessionsOf(was).find(({ id }) => equalBytes(id, session.id))
    if (!same) continue
    const pairs = [[session.$receiving, same.$receiving] as const]
    if (session.$sending && same.$sending) pairs.push([session.$sending, same.$sending])
    for (const [now, then] of pairs)
      for (const [i, chain] of chainsOf(now).entries()) {
        const old = chainsOf(then)[i]
        if (!old) continue
        must(chain.$next >= old.$next, 'a chain went back')
        const moved = !equalBytes(chain.$chain, old.$chain)
        must(moved === chain.$next > old.$next, 'a chain stands still while it counts')
      }
  }
}

/** What was used or replaced is never kept again in this run. */
function checkShares(was: ExchangeInside, is: ExchangeInside, { op, taken, done }: Step): void {
  const used = (share: Share) => is.$stale.some((stale) => sameShare(stale, share))
  must(was.$stale.every(used), 'a used share is forgotten')
  if (was.$share && !(is.$share && sameShare(is.$share, was.$share)))
    must(used(was.$share), 'a share that was replaced is not used up')
  if (op === 'take keys' && taken?.kind === 'keys' && done.code === undefined) {
    const { share } = taken.keys
    must((is.$share !== null && sameShare(is.$share, share)) || used(share), 'a share is lost')
    must(!was.$stale.some((stale) => sameShare(stale, share)), 'a used share is taken')
  }
}

/** No (direction, session, number) is sealed twice, and no key seals twice. */
function checkSealed({ sealed }: Peer): void {
  const last = sealed.at(-1)
  for (const one of sealed.slice(0, -1)) {
    if (last === undefined) return
    const { kind, session, seq, key } = last
    const same = one.kind === kind && one.seq === seq && equalBytes(one.session, session)
    must(!same, `number ${seq} is sealed twice`)
    must(!equalBytes(one.key, key), 'a key seals twice')
  }
}

/** What was accepted waits until it is read, in order, and opens. */
function checkWaiting({ before, after, op, taken, done }: Step): void {
  const sealed = ({ exchange }: Peer) =>
    exchange.waiting.map(({ ciphertext }) => bytesToHex(ciphertext))
  const [was, is] = [sealed(before), sealed(after)]
  const ok = done.code === undefined
  if (op === 'take text' && taken?.kind === 'text' && ok)
    must(
      `${[...was, bytesToHex(taken.sealed.ciphertext)]}` === `${is}`,
      'an accepted text does not wait',
    )
  else if (op === 'read' && ok) {
    must(`${was.slice(1)}` === `${is}`, 'reading leaves the wrong texts')
    const text = done.text ? bytesToHex(done.text) : ''
    must(text !== '' && (was[0]?.slice(0, -32) ?? '') === text, 'another text was read')
  } else must(`${was}` === `${is}`, 'the texts that wait changed')
}

/** Whoever sends keys or answers confirms its newest session. */
function checkConfirmation(is: ExchangeInside, { op, done, taken }: Step): void {
  const { body } = done
  const newest = (is.$candidate ?? is.$current)?.confirm ?? null
  if (body?.kind === 'answer')
    must(sameConfirm(body.confirm, newest), 'the answer confirms another session')
  if (body?.kind !== 'keys') return
  const { share, confirm = null } = body.keys
  must(
    is.$ephemeral !== null && share.publicKey === is.$ephemeral.publicKey,
    'other keys are sent than are held',
  )
  if (op === 'take refusal') must(confirm === null, 'a refused confirmation is sent again')
  else must(sameConfirm(confirm, newest), 'the key message confirms another session')
  if (op === 'take refusal')
    must(taken?.kind === 'keys' && taken.keys.confirm !== undefined, 'keys are sent without end')
}
