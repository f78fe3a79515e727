/** What must hold in every state of a peer, and in every step that it takes: the sentences of the specification. */

import { bytesToHex, equalBytes } from '../../src/protocol/bytes.ts'
import type { Exchange } from '../../src/protocol/exchange.ts'
import type { Share } from '../../src/protocol/keySchedule.ts'
import type { Confirm } from '../../src/protocol/messages.ts'
import { arraysIn, type Fixed } from './graph.ts'
import {
  type ExchangeInside,
  insideOf,
  isSameShare,
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

export function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Violation(otherwise)
}

const isIn = (share: Share, shares: readonly Share[]) =>
  shares.some((one) => isSameShare(one, share))

function isOver(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}

/** In every state. `reachable`: every array in the exchange. */
export function checkState(
  { exchange }: Peer,
  fixed: Fixed,
  reachable: ReadonlySet<Uint8Array>,
): void {
  const inside = insideOf(exchange)
  const { $ephemeral, $share, $candidate, $current, $previous, $stale, $knownIdentity } = inside
  const state = $ephemeral ? ($share ? 'agreed' : 'offered') : $share ? 'invited' : 'idle'
  must(state === exchange.state, 'the state is not what is held')
  must((state === 'agreed') === ($candidate !== null), 'a candidate is there or missing')
  if ($candidate && $ephemeral) {
    const { own, peer, $sending, $erased } = $candidate
    must(equalBytes(own.publicKey, $ephemeral.publicKey), 'the candidate is of other keys')
    must(isSameShare(peer, $share), 'the candidate is of another share')
    must($sending === null, 'a candidate has keys to send with')
    must(!$erased, 'the candidate is erased')
  }
  if ($current) {
    must($current.$sending !== null, 'the current session has no keys to send with')
    must($knownIdentity !== null, 'a session is confirmed and no identity is known')
    must(equalBytes($knownIdentity, $current.peer.identity), 'another identity is known')
  }
  if ($previous) {
    const { $sending, $ecdh, $kemSecret } = $previous
    must($sending === null, 'the previous session can still be sent on')
    const areOver = isOver($ecdh) && isOver($kemSecret ?? $ecdh)
    must(areOver, 'the previous session still shows its shared secret')
  }
  for (const { own, peer, $erased, $schedule } of [$current, $previous].filter((one) => !!one)) {
    must(!$erased, 'a session that is held is erased')
    must(isOver($schedule.$prk), 'what the keys come from outlives promotion')
    const isGone = !$ephemeral || !equalBytes($ephemeral.publicKey, own.publicKey)
    must(isGone, 'a private key outlives its promotion')
    must(isIn(peer, $stale), 'the share of a confirmed session is not used up')
  }
  must(!$share || !isIn($share, $stale), 'a used share is kept')
  const ids = sessionsOf(inside).map(({ id }) => bytesToHex(id))
  must(new Set(ids).size === ids.length, 'a session is held twice')
  checkOpenText(exchange, $previous)
  // no private key is anywhere but in the fresh key pair that is held
  const allowed = arraysIn($ephemeral, fixed)
  for (const bytes of reachable) {
    const op = allowed.has(bytes) ? undefined : readName(bytes)?.op
    must(op !== 'fresh' && op !== 'decapsulation key', 'a private key is left')
  }
}

/** A text is open as long as it is not settled, and its session is held or an answer may still tell of it. */
function checkOpenText({ openText, current }: Exchange, previous: SessionInside | null): void {
  if (openText === null) return
  must(openText.fate === 'open', 'a text is settled and open')
  const { session } = openText.message
  const isHeld = [current, previous].some((held) => held && equalBytes(held.id, session))
  must(isHeld || openText.isUnderWay, 'a text is open whose session is gone')
}

/**
 * What was told of each text is true, and no text was taken twice. `taken`: by the other peer. (A copy that somebody
 * else delivers may be taken, and its receiver restarted, before the original is refused: that is told as refused.)
 */
export function checkTexts({ told }: Peer, { taken }: Peer): void {
  const fateOf = (tag: Uint8Array) => told.find((one) => equalBytes(one.tag, tag))?.fate
  for (const { tag, fate } of told) {
    const isTaken = taken.some((one) => equalBytes(one.tag, tag))
    must(fate !== 'arrived' || isTaken, 'a text is told as arrived and was not taken')
  }
  for (const [i, { tag, text, run }] of taken.entries())
    for (const later of taken.slice(i + 1)) {
      const isOther = !equalBytes(text, later.text)
      const isRefused = run < later.run && fateOf(tag) === 'refused'
      must(isOther || isRefused, 'a text was taken twice')
    }
}

/** `taken`: what a peer took just now; `told`: what its sender knew by then. */
export function checkTaken(taken: Body, { told }: Peer): void {
  const tag = sealedIn(taken)?.tag ?? new Uint8Array(0)
  const isRefused = told.some((one) => one.fate === 'refused' && equalBytes(one.tag, tag))
  must(!isRefused, 'a text is taken that was told as refused')
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
  must(op !== 'send keys' || !is.$slot, 'a confirmation waits that is not of these keys')
  const copy = op === 'repeat text' ? sealedIn(done.body ?? null) : null
  const isSealed = before.sealed.some(({ tag }) => copy && equalBytes(tag, copy.tag))
  must(copy === null || isSealed, 'other bytes are repeated than were sealed')
}

/** Whatever was held before a step or several, and is not any more, is overwritten. */
export function checkErased(
  secrets: readonly Uint8Array[],
  reachable: ReadonlySet<Uint8Array>,
): void {
  for (const secret of secrets)
    must(reachable.has(secret) || isOver(secret), 'a secret that nothing holds is not erased')
}

const isSameSession = (a: SessionInside | null, b: SessionInside | null) =>
  a === null || b === null ? a === b : equalBytes(a.id, b.id)
const isSameConfirm = (a: Confirm | undefined | null, b: Confirm | undefined | null) =>
  a && b ? equalBytes(a.tag, b.tag) : !a && !b

function checkPromotion(was: ExchangeInside, is: ExchangeInside, { op, done, taken }: Step): void {
  const isNew = is.$current !== null && !isSameSession(is.$current, was.$current)
  must(isNew === (done.completed ?? false), 'completed is not what happened')
  if (!isNew) {
    must(isSameSession(is.$current, was.$current), 'the current session is gone')
    must(isSameSession(is.$previous, was.$previous), 'the previous session is another one')
    const maySet = ['take answer', 'send keys', 'take keys'].includes(op)
    if (done.code === undefined && !maySet)
      must(isSameConfirm(is.$slot, was.$slot), 'the slot changed')
    return
  }
  must(op.startsWith('take'), 'a session came from nowhere')
  if (is.$current && taken?.kind !== 'text' && taken?.kind !== 'picture')
    checkProof(is.$current, [taken && confirmIn(taken), was.$slot])
  must(isSameSession(is.$previous, was.$current), 'the session before is not the previous one')
  must(is.$ephemeral === null && !is.$slot, 'promotion left something behind')
}

/** It was the other party's tag that promoted it. */
function checkProof(
  { id, $peerTag }: SessionInside,
  confirms: readonly (Confirm | null | undefined)[],
): void {
  const proof = confirms.find((confirm) => confirm && equalBytes(confirm.session, id))
  must(!!proof, 'a session is promoted that nobody confirmed')
  must(equalBytes(proof.tag, $peerTag), 'a session is promoted by a wrong tag')
}

function confirmIn(body: Body): Confirm | null | undefined {
  if (body.kind === 'keys') return body.keys.confirm
  return body.kind === 'answer' ? body.confirm : null
}

/** No number comes twice, and no chain is set back. */
function checkChains(was: ExchangeInside, is: ExchangeInside): void {
  for (const session of sessionsOf(is)) {
    const same = sessionsOf(was).find(({ id }) => equalBytes(id, session.id))
    for (const way of ['$receiving', '$sending'] as const)
      for (const kind of ['messages', 'pictures'] as const) {
        const [now, then] = [session[way]?.[kind], same?.[way]?.[kind]]
        if (!now || !then) continue
        must(now.$next >= then.$next, 'a chain went back')
        const moved = !equalBytes(now.$chain, then.$chain)
        must(moved === now.$next > then.$next, 'a chain stands still while it counts')
      }
  }
}

/** What was used or replaced is never kept again in this run. */
function checkShares(was: ExchangeInside, is: ExchangeInside, { op, taken, done }: Step): void {
  const isUsed = (share: Share) => isIn(share, is.$stale)
  must(was.$stale.every(isUsed), 'a used share is forgotten')
  if (was.$share && !isSameShare(is.$share, was.$share))
    must(isUsed(was.$share), 'a share that was replaced is not used up')
  if (op === 'take keys' && taken?.kind === 'keys' && done.code === undefined) {
    const { share } = taken.keys
    must(isSameShare(is.$share, share) || isUsed(share), 'a share is lost')
    must(!isIn(share, was.$stale), 'a used share is taken')
  }
}

/** No (direction, session, number) is sealed twice, and no key seals twice. */
function checkSealed({ sealed }: Peer): void {
  const last = sealed.at(-1)
  if (last === undefined) return
  for (const { kind, session, seq, key } of sealed.slice(0, -1)) {
    const same = last.kind === kind && last.seq === seq && equalBytes(last.session, session)
    must(!same, `number ${seq} is sealed twice`)
    must(!equalBytes(last.key, key), 'a key seals twice')
  }
}

/** What was accepted waits until it is read, in order, and opens. */
function checkWaiting({ before, after, op, taken, done }: Step): void {
  const [was = [], is] = [before, after].map(({ exchange }) =>
    exchange.waiting.map(({ ciphertext }) => bytesToHex(ciphertext)),
  )
  const isRead = op === 'read' && done.code === undefined
  const waits = isRead ? was.slice(1) : was
  if (op === 'take text' && taken?.kind === 'text' && done.code === undefined)
    waits.push(bytesToHex(taken.sealed.ciphertext))
  must(`${waits}` === `${is}`, 'other texts wait than were accepted and not read')
  const text = done.text && bytesToHex(done.text)
  must(!isRead || (!!text && was[0]?.slice(0, -32) === text), 'another text was read')
}

/** Whoever sends keys or answers confirms its newest session. */
function checkConfirmation(is: ExchangeInside, { op, done: { body }, taken }: Step): void {
  const newest = (is.$candidate ?? is.$current)?.confirm
  if (body?.kind === 'answer')
    must(isSameConfirm(body.confirm, newest), 'the answer confirms another session')
  if (body?.kind !== 'keys') return
  const { share, confirm } = body.keys
  must(share.publicKey === is.$ephemeral?.publicKey, 'other keys are sent than are held')
  if (op === 'take refusal') {
    must(confirm === undefined, 'a refused confirmation is sent again')
    must(taken?.kind === 'keys' && !!taken.keys.confirm, 'keys are sent without end')
  } else must(isSameConfirm(confirm, newest), 'the key message confirms another session')
}
