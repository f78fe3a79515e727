/** The calm between two storms: the wire is whole, and everything that was promised is looked at. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { idOf } from '../../src/mailbox/maildir.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { decodePrivateKey } from '../../src/state/pem.ts'
import type { Answer } from '../helpers/call.ts'
import { filesBelow, find } from '../helpers/leaks.ts'
import { assertProblem } from '../helpers/problem.ts'
import { other, type Side } from './ledger.ts'
import type { Step } from './plan.ts'
import type { Program } from './program.ts'
import { type Peer, type Scene, SIDES, within } from './scene.ts'
import { sendText } from './steps.ts'

/** Longer than a peer waits for anybody who sends, and a watcher for a file to grow, in ms. */
const REST = 15_000

/** Where the clocks are fast, for how long both send keys again, in ms. */
const AGREEMENT = 60_000

const KEPT_PICTURE = /^[\dTZ-]+-[0-9a-f]{16}\.(png|jpg|webp|gif)$/

/** @throws AssertionError if a promise was broken */
export async function check(scene: Scene, round: number, minute: () => number): Promise<void> {
  const publicKeys = await agree(scene, round % 2 === 0 ? 0 : 1)
  await talk(scene)
  // what a terminal shows now comes after all that it had to show before
  await showBoth(scene)
  for (const side of SIDES) {
    await readMail(scene, side)
    lookThroughState(scene, side)
    assert.equal(
      scene.parcels.missing(side, 'picture'),
      0,
      'a picture was accepted and is not there',
    )
    scene.texts.settle(side, scene.at(other(side)).peer.life)
  }
  for (const program of scene.programs) {
    const held = await atRest(program)
    program.samples.push({ life: program.life, minute: minute(), ...held })
  }
  search(scene, publicKeys)
}

/** A step that has no reason to fail now. */
async function succeeds(scene: Scene, side: Side, step: Step['do']): Promise<Answer> {
  const answer = await scene.ask(scene.at(side).port, `/${step}`)
  assert.ok([200, 201].includes(answer.status), `${step} in the calm: ${answer.text}`)
  return answer
}

/** `/send_keys` on both, once, frees whatever is stuck. Returns both public keys. */
async function agree(scene: Scene, first: Side): Promise<Buffer[]> {
  let answers: Answer[]
  const end = performance.now() + AGREEMENT
  const send = (side: Side) => scene.ask(scene.at(side).port, '/send_keys')
  // where the clocks are faster than the machine, an answer may come too late; then both send keys again
  do answers = [await send(first), await send(other(first))]
  while (scene.haste > 1 && performance.now() < end && answers.some(({ status }) => status === 504))
  for (const { status, text } of answers)
    assert.equal(status, 201, `send_keys in the calm: ${text}`)
  const [mine, others] = await showBoth(scene)
  assert.ok(mine.session, 'no session after /send_keys on both')
  assert.equal(mine.session.id, others.session?.id, 'two sessions after /send_keys on both')
  assert.deepEqual(
    [mine.secret, mine.safetyNumber, mine.identity, mine.peer.identity],
    [others.secret, others.safetyNumber, others.peer.identity, others.identity],
  )
  return [mine, others].map(({ publicKey }) => Buffer.from(publicKey, 'hex'))
}

/** `/show` on both, with the secret that each terminal shows. */
async function showBoth(scene: Scene) {
  const show = async (side: Side) => {
    const secret = new Promise<string>((resolve) => {
      scene.at(side).shows = resolve
    })
    const { json } = await succeeds(scene, side, 'show')
    return { ...json, secret: await within(REST, 'the secret on a terminal', secret) }
  }
  return [await show(0), await show(1)] as const
}

/** All that waits is opened; then a text goes each way, and is opened. */
async function talk(scene: Scene): Promise<void> {
  for (const side of SIDES) {
    const answer = await scene.ask(scene.at(side).port, '/decrypt_msg')
    if (answer.status !== 200) assertProblem(answer, 'nothing_waiting')
  }
  for (const side of SIDES) {
    // the first one may hear of what was in doubt
    const turns = Array<'again'>(scene.haste > 1 ? 40 : 2).fill('again')
    const text = { side, textLength: 0, asForm: false, isEqual: false, turns }
    assert.equal(await sendText(scene, text), '201', 'send_msg in the calm')
    await succeeds(scene, other(side), 'decrypt_msg')
  }
}

/** All mail is read; what was set aside is nobody's letter as it was sealed, and nothing half written is left. */
async function readMail(scene: Scene, side: Side): Promise<void> {
  const { mailbox } = scene.at(side)
  const namesIn = (folder: string) => fs.readdirSync(path.join(mailbox, folder))
  const end = performance.now() + REST
  const unread = () => scene.parcels.missing(side, 'letter')
  while (unread() > 0 || namesIn('new').length > 0) {
    const left = `${unread()} letters were stored and not printed; ${namesIn('new')} are left in new`
    assert.ok(performance.now() < end, left)
    await sleep(50)
  }
  for (const name of namesIn('failed')) {
    const file = path.join(mailbox, 'failed', name)
    scene.parcels.setAside(idOf(fs.readFileSync(file)))
    fs.rmSync(file)
  }
  assert.deepEqual(namesIn('tmp'), [], 'left behind in tmp')
}

/** Nothing is there but its keys and whole pictures, which are removed, so that the disk stays empty. */
function lookThroughState(scene: Scene, side: Side): void {
  const { state } = scene.at(side)
  const curve = curveOf(scene)
  const own = ['.gitignore', 'running', `identity.${curve}.pem`, `peer.${curve}.pem`, 'pictures']
  for (const name of fs.readdirSync(state)) assert.ok(own.includes(name), `left behind: ${name}`)
  const pictures = path.join(state, 'pictures')
  if (!fs.existsSync(pictures)) return
  for (const name of fs.readdirSync(pictures)) {
    assert.match(name, KEPT_PICTURE, 'left behind')
    const file = path.join(pictures, name)
    scene.parcels.arrive(side, fs.readFileSync(file))
    fs.rmSync(file)
  }
}

/** What a program holds once it has let go of everything that it has no more use for. */
async function atRest(program: Program) {
  // what it holds a moment after it held the same, where nothing is known yet
  for (let last = ''; program.atRest === null; await sleep(500)) {
    const { handles } = await program.holdings()
    if (handles === last) program.atRest = handles
    last = handles
  }
  for (const end = performance.now() + REST; ; await sleep(100)) {
    const held = await program.holdings()
    if (held.handles === program.atRest) return held
    if (performance.now() > end)
      assert.equal(held.handles, program.atRest, 'what it holds with nothing to do')
  }
}

/** Secrets stand on the terminals and nowhere else. `publicKeys`: what the search has to find. */
function search(scene: Scene, publicKeys: readonly Buffer[]): void {
  const places: Record<string, Buffer> = { answers: Buffer.from(scene.answers.join('\n')) }
  for (const { name, wire } of scene.peers) places[`wire to ${name}`] = wire.recorded()
  const outside = Object.keys(places)
  for (const { name, mailbox } of scene.peers) places[`mail of ${name}`] = contentBelow(mailbox)
  const shared = [...scene.secrets].map((secret) => Buffer.from(secret, 'hex'))
  const privateKeys = scene.peers.map((peer) => identityOf(scene, peer))
  const mailKeys = scene.peers.map(({ mailKeys }) => mailKeys.pair.exportPrivateKey())
  const hidden = [Buffer.from(scene.texts.marker), ...shared]
  const never = [...privateKeys, ...mailKeys].map((key) => Buffer.from(key))
  assert.deepEqual(find([...hidden, ...never], places), [])
  // a peer's own files have its private key in them
  const states = scene.peers.map(({ name, state }) => [`state of ${name}`, contentBelow(state)])
  assert.deepEqual(find(hidden, Object.fromEntries(states)), [])
  // the same search finds what is public
  const found = find(publicKeys, places)
  for (const place of outside) assert.ok(found.includes(`${place} (hex)`), place)
  scene.answers = []
  scene.secrets.clear()
}

/** The curve of the identities. */
const curveOf = ({ options }: Scene) => SUITES[options.curve].curve.name

function identityOf(scene: Scene, { state }: Peer): Uint8Array {
  const pem = fs.readFileSync(path.join(state, `identity.${curveOf(scene)}.pem`), 'utf8')
  return decodePrivateKey(pem).exportPrivateKey()
}

const contentBelow = (folder: string) => Buffer.concat(Object.values(filesBelow(folder)))
