/** What owners, senders of mail and lookers-on do, who can't know how the wire is, nor whether a peer runs. */

import assert from 'node:assert/strict'
import { idOf } from '../../src/mailbox/maildir.ts'
import { seal } from '../../src/mailbox/seal.ts'
import { type Answer, type CallOptions, FORM, JSON_TYPE, posting, TEXT } from '../helpers/call.ts'
import { mailForm } from '../helpers/mail.ts'
import { assertProblem } from '../helpers/problem.ts'
import { other, type Side } from './ledger.ts'
import type { Step } from './plan.ts'
import type { Scene } from './scene.ts'

const WIRE_TROUBLE = ['peer_unreachable', 'peer_refused', 'peer_timeout']
const NOT_SENT = ['peer_unreachable', 'peer_refused', 'no_session']
/** What a step may be refused with. */
const REFUSALS: Record<Step['do'], readonly string[]> = {
  send_keys: [...WIRE_TROUBLE, 'confirm_failed'],
  send_msg: [...NOT_SENT, 'in_doubt', 'maybe_read', 'already_sent'],
  send_image: [...WIRE_TROUBLE, 'no_session'],
  decrypt_msg: ['nothing_waiting'],
  show: [],
  // what comes of bytes that were changed on the wire
  mail: ['bad_message', 'bad_encoding', 'bad_point', 'bad_request', 'too_slow', 'too_large'],
  look: ['no_image'],
  listen: [],
}

/** Takes a step, and counts how it ended. @throws AssertionError if it ended as no step may */
export async function take(scene: Scene, step: Step): Promise<void> {
  scene.count(`${step.do}: ${await outcomeOf(scene, step)}`)
}

async function outcomeOf(scene: Scene, step: Step): Promise<string> {
  if (step.do === 'mail') return mail(scene, step)
  if (step.do === 'send_msg') return sendText(scene, step)
  if (step.do === 'listen') return listen(scene, step)
  if (step.do === 'look') return simple(scene, step.do, step.side, step.page)
  if (step.do !== 'send_image') return simple(scene, step.do, step.side)
  const picture = scene.parcels.picture(other(step.side), step.pictureType, step.pictureLength)
  const options = posting(step.pictureType, picture)
  const outcome = await simple(scene, step.do, step.side, '/send_image', options)
  if (outcome === '201') scene.parcels.accept(picture)
  return outcome
}

/** A request to the owner's own peer. */
async function simple(
  scene: Scene,
  what: Step['do'],
  side: Side,
  path = `/${what}`,
  options: CallOptions = {},
): Promise<string> {
  const answer = await askOwn(scene, side, path, options)
  return answer === null ? 'peer down' : codeOf(what, answer)
}

/** The status of a success, or the code of a refusal that this step may meet. */
function codeOf(what: Step['do'], answer: Answer): string {
  if ([200, 201].includes(answer.status)) return String(answer.status)
  const { code } = assertProblem(answer)
  assert.ok(REFUSALS[what].includes(code), `${what}: ${answer.text}`)
  return code
}

/** Null if the peer was not there all the time; while it is there, it answers. */
async function askOwn(
  scene: Scene,
  side: Side,
  path: string,
  options: CallOptions,
): Promise<Answer | null> {
  const { port, peer } = scene.at(side)
  const { life, isRunning } = peer
  try {
    return await scene.ask(port, path, options)
  } catch (error) {
    if (isRunning && peer.isRunning && peer.life === life) throw error
    return null
  }
}

/**
 * What somebody does who wants a text to arrive, and has patience for so many turns: the same command again, or what the
 * answer says, or another text. Returns what came of the last turn.
 */
export async function sendText(
  scene: Scene,
  step: Pick<Step, 'side' | 'textLength' | 'asForm' | 'isEqual' | 'turns'>,
): Promise<string> {
  const { side, asForm, turns } = step
  const { port, peer } = scene.at(side)
  let text: string | undefined
  let outcome = ''
  const another = () => scene.texts.text(other(side), step.textLength, step.isEqual)
  for (const turn of turns) {
    if (outcome !== '') scene.count(`send_msg: ${outcome}`)
    if (!peer.isRunning) return 'peer down'
    if (outcome === '') text = another()
    const { life } = peer
    const form = asForm && text !== undefined ? `text=${encodeURIComponent(text)}` : text
    const options = form === undefined ? {} : posting(asForm ? FORM : TEXT, form)
    const answer = await askOwn(scene, side, '/send_msg', options)
    if (answer === null) {
      scene.texts.unanswered(side, text)
      return 'no answer'
    }
    const code = codeOf('send_msg', answer)
    const { session, seq, sealed, next, peer_code } = answer.json
    scene.texts.told(side, life, text, { code, session, seq, sealed })
    outcome = [code, sealed === false ? 'not sealed' : '', peer_code ?? ''].join(' ').trim()
    if (['201', 'already_sent'].includes(code) || (code === 'maybe_read' && sealed)) break
    if (turn === 'other') text = another()
    if (turn !== 'next') continue
    for (const [, at, step] of next.matchAll(/http:\S+:(\d+)\/(send_keys|decrypt_msg|send_msg)/g))
      if (step === 'send_msg') text = undefined
      else await simple(scene, step, at === `${port}` ? side : other(side))
  }
  return outcome
}

/** A letter over the wire: the same bytes once or twice. */
async function mail(scene: Scene, step: Step): Promise<string> {
  const to = other(step.side)
  const { mailKeys, wire } = scene.at(to)
  const letter = scene.texts.content(`mail-${scene.parcels.counts.letters}`, step.letterLength)
  scene.parcels.handIn('letter', to, letter)
  const sealed = await seal(mailKeys.pair, Buffer.from(letter))
  scene.parcels.sealed(idOf(sealed))
  const options = posting(JSON_TYPE, JSON.stringify(mailForm(sealed)))
  let outcome = ''
  for (let i = 0; i < (step.isTwice ? 2 : 1); i++) {
    // the wire may break off what was stored, and change what is stored then
    const answer = await scene.ask(wire.port, '/message', options).catch(() => null)
    outcome = answer === null ? 'no answer' : codeOf('mail', answer)
    if (outcome !== '201') continue
    if (answer?.json.id === idOf(sealed)) scene.parcels.accept(letter)
    else outcome = 'changed'
  }
  return outcome
}

/** Somebody has the page open for a while. */
async function listen(scene: Scene, { side, listening }: Step): Promise<string> {
  let heard = ''
  try {
    const url = `http://127.0.0.1:${scene.at(side).port}/events`
    const { body } = await fetch(url, { signal: AbortSignal.timeout(listening) })
    for await (const chunk of body ?? []) heard += Buffer.from(chunk).toString()
  } catch {
    // the time is over, or the peer has ended
  }
  scene.answers.push(heard)
  return heard === '' ? 'nothing' : 'heard'
}
