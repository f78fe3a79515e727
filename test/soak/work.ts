/** What owners, senders of mail and lookers-on do, who can't know how the wire is, nor whether a peer runs. */

import assert from 'node:assert/strict'
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { idOf } from '../../src/mailbox/maildir.ts'
import { seal } from '../../src/mailbox/seal.ts'
import { type Answer, type CallOptions, FORM, posting, TEXT } from '../helpers/call.ts'
import { runCommand } from '../helpers/command.ts'
import { mailForm } from '../helpers/mail.ts'
import { assertProblem } from '../helpers/problem.ts'
import type { Step } from './plan.ts'
import { count, type Scene } from './scene.ts'
import { other, type Side } from './texts.ts'

const SUCCESS = [200, 201]
const WIRE_TROUBLE = ['peer_unreachable', 'peer_refused', 'peer_timeout']
/** What a step may be refused with. */
const REFUSALS: Record<Step['do'], readonly string[]> = {
  send_keys: [...WIRE_TROUBLE, 'confirm_failed'],
  send_msg: [
    'peer_unreachable',
    'peer_refused',
    'no_session',
    'in_doubt',
    'maybe_read',
    'already_sent',
  ],
  send_image: [...WIRE_TROUBLE, 'no_session'],
  decrypt_msg: ['nothing_waiting'],
  show: [],
  // what comes of bytes that were changed on the wire
  mail: ['bad_message', 'bad_encoding', 'bad_point', 'bad_request', 'too_slow', 'too_large'],
  look: ['no_image'],
  listen: [],
}

/** Takes a step, and notes how it ended. @throws AssertionError if it ended as no step may */
export async function take(scene: Scene, step: Step): Promise<void> {
  count(scene.steps, `${step.do} ${await outcomeOf(scene, step)}`)
}

function outcomeOf(scene: Scene, step: Step): Promise<string> {
  switch (step.do) {
    case 'mail':
      return mail(scene, step)
    case 'send_msg':
      return sendText(scene, step)
    case 'look':
      return asked(scene, step, step.path)
    case 'listen':
      return listen(scene, step)
    case 'send_image': {
      const { ledger } = scene
      const picture = ledger.picture(other(step.side), step.type, step.length)
      const options = posting(step.type, picture)
      return asked(scene, step, '/send_image', options, () => ledger.accept(picture))
    }
    default:
      return asked(scene, step, `/${step.do}`)
  }
}

/** A request to the owner's own peer. */
async function asked(
  scene: Scene,
  { do: what, side }: Step,
  path: string,
  options?: CallOptions,
  accept = () => {},
): Promise<string> {
  const answer = await unlessItEnds(scene, side, () => scene.ask(side, path, options))
  if (answer === null) return 'peer down'
  if (SUCCESS.includes(answer.status)) accept()
  return codeOf(what, answer)
}

/** The status of a success, or the code of a refusal that this step may meet. */
function codeOf(what: Step['do'], answer: Answer): string {
  if (SUCCESS.includes(answer.status)) return String(answer.status)
  const { code } = assertProblem(answer)
  assert.ok(REFUSALS[what].includes(code), `${what}: ${answer.text}`)
  return code
}

/** Null if the peer was not there all the time; while it is there, it answers. */
async function unlessItEnds<T>(scene: Scene, side: Side, run: () => Promise<T>): Promise<T | null> {
  const program = scene.at(side).peer
  const { life, isRunning } = program
  try {
    return await run()
  } catch (error) {
    if (isRunning && program.isRunning && program.life === life) throw error
    return null
  }
}

/**
 * What somebody does who wants a text to arrive, and has patience for so many turns: the same command again, or what the
 * answer says, or another text. Returns what came of the last turn.
 */
export async function sendText(
  scene: Scene,
  { side, length, asForm, isEqual, turns }: Omit<Step & { do: 'send_msg' }, 'do' | 'pause'>,
): Promise<string> {
  const { texts } = scene.ledger
  const { port, peer } = scene.at(side)
  let text: string | undefined
  let outcome = ''
  const another = () => texts.text(other(side), length, isEqual)
  for (const turn of turns) {
    if (outcome !== '') count(scene.steps, `send_msg ${outcome}`)
    if (!peer.isRunning) return 'peer down'
    if (outcome === '') text = another()
    const request = texts.asked(side, peer.life, text)
    const form = asForm && text !== undefined ? `text=${encodeURIComponent(text)}` : text
    const options = form === undefined ? {} : posting(asForm ? FORM : TEXT, form)
    const answer = await unlessItEnds(scene, side, () => scene.ask(side, '/send_msg', options))
    if (answer === null) {
      texts.unanswered(request)
      return 'no answer'
    }
    const code = codeOf('send_msg', answer)
    const { session, seq, sealed, next, peer_code = '' } = answer.json
    texts.told(request, { code, session, seq, sealed })
    outcome = [code, ...(sealed === false ? ['not sealed'] : []), peer_code ?? ''].join(' ').trim()
    if (['201', 'already_sent'].includes(code) || (code === 'maybe_read' && sealed)) break
    if (turn === 'other') text = another()
    if (turn !== 'next') continue
    for (const [, at, step] of next.matchAll(/http:\S+:(\d+)\/(send_keys|decrypt_msg|send_msg)/g))
      if (step === 'send_msg') text = undefined
      else await take(scene, { do: step, side: at === `${port}` ? side : other(side), pause: 0 })
  }
  return outcome
}

/** A letter over the wire: the same bytes once or twice; or by the command, on a way without faults. */
async function mail(scene: Scene, step: Step & { do: 'mail' }): Promise<string> {
  const to = other(step.side)
  const { mailKeys, port } = scene.at(to)
  const letter = scene.ledger.letter(to, step.length)
  if (step.how === 'by command') {
    const args = ['--to', `http://127.0.0.1:${port}`, '--recipient', mailKeys.publicFile, letter]
    const { code, errors } = await runCommand(['send', ...args])
    if (code === 0) scene.ledger.accept(letter)
    else assert.match(errors, /^ecdh-duet: [^\n]+\n$/)
    scene.answers.push(errors)
    return `by command ${code}`
  }
  const sealed = await seal(mailKeys.pair, Buffer.from(letter))
  scene.ledger.sealed(idOf(sealed))
  const options = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(mailForm(sealed)),
  }
  const outcomes: string[] = []
  for (let i = 0; i < (step.how === 'twice' ? 2 : 1); i++) {
    // the wire may break off what was stored, and change what is stored then
    const answer = await scene.askOverWire(to, '/message', options).catch(() => null)
    const code = answer === null ? 'no answer' : codeOf('mail', answer)
    const isStored = code === '201' && answer?.json.id === idOf(sealed)
    if (isStored) scene.ledger.accept(letter)
    outcomes.push(code === '201' && !isStored ? 'changed' : code)
  }
  return outcomes.join(' and ')
}

/** Somebody has the page open for a while. */
async function listen(scene: Scene, { side, ms }: Step & { do: 'listen' }): Promise<string> {
  return new Promise((resolve) => {
    let heard = ''
    const request = http.get(`http://127.0.0.1:${scene.at(side).port}/events`, { agent: false })
    request.on('response', (response) => {
      response.setEncoding('utf8').on('data', (more) => {
        heard += more
      })
      response.on('error', () => {})
    })
    request.on('error', () => {})
    request.on('close', () => {
      scene.answers.push(heard)
      resolve(heard === '' ? 'nothing' : 'heard')
    })
    sleep(ms).then(() => request.destroy())
  })
}
