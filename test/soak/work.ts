/** What owners, senders of mail and lookers-on do, who can't know how the wire is, nor whether a peer runs. */

import assert from 'node:assert/strict'
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { idOf } from '../../src/mailbox/maildir.ts'
import { seal } from '../../src/mailbox/seal.ts'
import type { Answer, CallOptions } from '../helpers/call.ts'
import { runCommand } from '../helpers/command.ts'
import { mailForm } from '../helpers/mail.ts'
import { assertProblem } from '../helpers/problem.ts'
import type { Side } from './ledger.ts'
import type { Step } from './plan.ts'
import { count, other, type Scene } from './scene.ts'

const SUCCESS = [200, 201]
const WIRE_TROUBLE = ['peer_unreachable', 'peer_refused', 'peer_timeout']
/** What a step may be refused with. */
const REFUSALS: Record<Step['do'], readonly string[]> = {
  send_keys: [...WIRE_TROUBLE, 'confirm_failed'],
  send_msg: [...WIRE_TROUBLE, 'no_session'],
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
    case 'look':
      return asked(scene, step, step.path)
    case 'listen':
      return listen(scene, step)
    default: {
      const [options, accept] = handIn(scene, step)
      return asked(scene, step, `/${step.do}`, options, accept)
    }
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

/** The body of a step, and what to do once it was accepted. */
export function handIn(scene: Scene, step: Step): [CallOptions, () => void] {
  const to = other(step.side)
  const { life } = scene.at(to).peer
  const { ledger } = scene
  if (step.do === 'send_msg') {
    const text = ledger.text(to, life, step.length)
    const body = step.asForm ? `text=${encodeURIComponent(text)}` : text
    const type = step.asForm ? 'application/x-www-form-urlencoded' : 'text/plain'
    const headers = { 'content-type': type }
    return [{ method: 'POST', headers, body }, () => ledger.accept(text)]
  }
  if (step.do === 'send_image') {
    const body = ledger.picture(to, life, step.type, step.length)
    const headers = { 'content-type': step.type }
    return [{ method: 'POST', headers, body }, () => ledger.accept(body)]
  }
  return [{}, () => {}]
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
