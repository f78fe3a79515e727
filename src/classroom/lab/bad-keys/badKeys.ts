/** Attacks on a running peer of the owner's, and on two of the lab's own where it takes somebody on the wire. */

import { programName } from '../../../disk/programName.ts'
import { curlName } from '../../../disk/shell.ts'
import { localOrigin } from '../../../http/loopback.ts'
import { PeerError } from '../../../peer/contract.ts'
import { SUITES, type Suite } from '../../../protocol/suites.ts'
import { Columns, columnsHere, heading, type Say, wrap } from '../../../terminal/layout.ts'
import { writesPlainly } from '../../../terminal/output.ts'
import { cut } from '../../../terminal/rows.ts'
import { call, fieldsOf, outcome, step } from '../call.ts'
import { type OwnPeer, withOwnPair } from '../ownPair.ts'
import type { Tap } from '../tap.ts'
import type { Attack } from './attack.ts'
import { keyAttacks } from './keyAttacks.ts'
import { messageAttacks, type Recording, recordedAttacks } from './messageAttacks.ts'
import { isSettled, type Shown, shown, targetOf } from './shown.ts'

/** Leaves room for the lab's own messages among the 32 that may wait. */
const MAX_WAITING_BEFORE = 28
const TEXT = 'This is a message of the lab.'
/** Three chunks, and a PNG as far as a sender looks: its beginning and its end. */
const PICTURE = Buffer.concat([
  Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\0IEND\xaeB`\x82', 'latin1'),
  Buffer.alloc(150_000, 7),
])

/** Which peers are attacked, and how much the table says. */
export interface Extent {
  /** The table also says what each attack would win, and peers of the lab's own are attacked on every suite. */
  readonly all?: boolean
  /** The suites of the lab's own peers; without them that of the attacked one, or with `all` every one. */
  readonly own?: readonly Suite[]
}

/** Two peers of one session: the attacked one, and the other. */
interface Couple {
  readonly origin: string
  readonly other: string
}

/**
 * `ecdh-duet lab bad-keys`: attacks the peer at `origin`, an origin of this machine, and two peers
 * of its own on each suite. Returns whether everything was as it has to be.
 * @throws PeerError
 */
export async function badKeys(
  say: Say,
  origin: string,
  { all = false, own }: Extent = {},
): Promise<boolean> {
  const found = await shown(origin)
  const { suite, peer } = found
  const other = peer && localOrigin(peer.url)
  if (peer && other === null)
    throw new PeerError(
      'peer_refused',
      `The other peer of ${origin} is at ${cut(peer.url)}, and the lab stays on this machine.`,
    )
  const suites = own ?? (all ? Object.values(SUITES) : [suite])
  const others = suites.filter(({ id }) => id !== suite.id)
  const table = new Table(say, all)

  say(...heading(`1. The peer at ${origin} (${suite.name})`))
  const wrong =
    other === null || found.waiting === null
      ? await attackAlone(say, table, origin, found)
      : await attackInPublic(say, table, { origin, other })
  if (other !== null && found.waiting !== null) {
    say('', 'Texts of the lab wait there now. They are read as always:')
    for (const peer of [origin, other]) say(`  ${curlName()} ${peer}/decrypt_msg`)
  }

  const wrongOfOwn: string[] = []
  if (suites.includes(suite))
    await withOwnPair(suite, async (a, b) => {
      say(...heading(`2. On the wire between two peers of the lab's own (${suite.name})`))
      say(
        ...wrap(
          `Some attacks need messages that were recorded whole or kept back, which only somebody on the wire has. They go to two ordinary peers that the lab starts for itself, and not to ${origin}.`,
        ),
      )
      wrongOfOwn.push(...(await attackOnTheWire(say, table, a, b)))
    })
  for (const [i, other] of others.entries())
    await withOwnPair(other, async (a, b) => {
      say(...heading(`${i + 3}. Another curve: two peers of the lab's own (${other.name})`))
      wrongOfOwn.push(...(await attackInPublic(say, table, { origin: b.url, other: a.url })))
      wrongOfOwn.push(...(await attackOnTheWire(say, table, a, b)))
    })

  const more = `  ${programName()} lab bad-keys --all ${origin}`
  if (!all) say('', 'What each attack would win, and the same on every other curve:', more)
  say('')
  if (suites.length > 0) conclude(say, "The lab's own peers", wrongOfOwn)
  conclude(say, `The peer at ${origin}`, wrong)
  return wrong.length + wrongOfOwn.length === 0
}

/** What came of the attacks on these. */
function conclude(say: Say, who: string, wrong: readonly string[]): void {
  if (wrong.length === 0) say(`${who}: every attack was refused as it has to be.`)
  else
    say(
      `${who}: not as it has to be, and marked with ✗ above:`,
      ...wrong.flatMap((what) => wrap(what, columnsHere() - 2).map((line) => `  ${line}`)),
    )
}

/** Attacks a peer that does not show whom it talks to. Returns those whose answer was not the expected one. */
async function attackAlone(
  say: Say,
  table: Table,
  origin: string,
  before: Shown,
): Promise<string[]> {
  const { session, safetyNumber } = before
  const why = session
    ? ''
    : ' It has no session, so none is attacked: let both peers send keys first.'
  say(
    ...wrap(
      `It does not show its other peer and what waits there, so attacks with their keys and messages are left out.${why}`,
    ),
  )
  const target = targetOf(before)
  const wrong = await table.of([...keyAttacks(target), ...messageAttacks(target)], () => origin)
  const after = await shown(origin)
  const same = session ? `the session is still ${session.id}` : 'there is no session, as before'
  return [
    ...wrong,
    ...proved(say, [
      [after.session?.id === session?.id, same],
      [after.safetyNumber === safetyNumber, 'the safety number is as it was'],
    ]),
  ]
}

/** Runs the attacks that need only what is public. Returns those whose answer was not the expected one. */
async function attackInPublic(say: Say, table: Table, couple: Couple): Promise<string[]> {
  const before = await makeReady(say, couple)
  const target = targetOf(before)
  const attacks = [...keyAttacks(target), ...messageAttacks(target)]
  const wrong = await table.of(attacks, () => couple.origin)
  return [...wrong, ...(await prove(say, couple, before, 0))]
}

/** Records traffic from `a` to `b`, and runs the attacks that need it. Returns those whose answer was not the expected one. */
async function attackOnTheWire(say: Say, table: Table, a: OwnPeer, b: OwnPeer): Promise<string[]> {
  const attacks = recordedAttacks(await record(a, b))
  const genuine = attacks
    .filter(({ expected }) => expected === 'accepted')
    .flatMap(({ requests }) => requests)
    .filter(({ path }) => path === '/wire/message')
  const before = await shown(b.url)
  const wrong = await table.of(attacks, ({ back }) => (back ? a.url : b.url))
  const couple = { origin: b.url, other: a.url }
  return [...wrong, ...(await prove(say, couple, before, genuine.length))]
}

/** Gives the two a session if they have none, and the first one a message. Returns the first one's /show. */
async function makeReady(say: Say, { origin, other }: Couple): Promise<Shown> {
  const both = async () => [await shown(origin), await shown(other)] as const
  const found = await both()
  for (const [i, peer] of [origin, other].entries()) {
    const count = found[i]?.waiting?.length ?? 0
    if (count > MAX_WAITING_BEFORE)
      throw new PeerError(
        'peer_refused',
        `${count} messages wait at ${peer}; read them first: ${curlName()} ${peer}/decrypt_msg`,
      )
  }
  if (!isSettled(...found)) {
    const why = 'They have no session, or an exchange is under way'
    say(...wrap(`${why}: the lab runs /send_keys on ${other} and on ${origin}.`))
    await step(other, '/send_keys')
    await step(origin, '/send_keys')
    if (!isSettled(...(await both())))
      throw new PeerError(
        'peer_refused',
        `${origin} and ${other} do not come to one session. Is somebody between them, as with ${programName()} mallory? End that, and start both again: ${programName()} both`,
      )
  }
  say(...wrap(`For a message to attack, the lab sends a text from ${other} by its /send_msg.`))
  await step(other, '/send_msg', TEXT)
  return shown(origin)
}

/** The table of the attacks, one row each. */
class Table {
  readonly #say: Say
  readonly #columns: Columns
  readonly #cells: (sent: string, gain: string, answer: string) => string[]

  constructor(say: Say, withGains: boolean) {
    this.#say = say
    this.#cells = (sent, gain, answer) => (withGains ? [sent, gain, answer] : [sent, answer])
    const titles = this.#cells('sent', 'what it would win from a careless program', 'answer')
    // the longest code that is expected
    const answer = '✓ identity_changed'
    this.#columns = new Columns(withGains ? [30, 48, answer.length] : [78, answer.length], titles, [
      this.#cells('', '', answer.replaceAll(' ', '_')),
    ])
  }

  /** Runs `attacks`. Returns those with another answer than the expected one. */
  async of(attacks: readonly Attack[], originOf: (attack: Attack) => string): Promise<string[]> {
    const wrong: string[] = []
    this.#say('', ...this.#columns.head())
    for (const attack of attacks) {
      const { sent, gain, expected, requests } = attack
      const got = new Set<string>()
      for (const { path, ...request } of requests)
        got.add(outcome(await call(originOf(attack), path, request)))
      if (got.size === 0) throw new Error(`Nothing was sent: ${sent}`)
      got.delete(expected)
      const others = [...got].join(', ')
      const answer =
        others === '' ? `✓ ${expected}` : `${writesPlainly() ? 'unexpected:' : '✗'} ${others}`
      this.#say(...this.#columns.row(this.#cells(sent, gain, answer)))
      if (others !== '') wrong.push(`${sent}: ${others} in place of ${expected}`)
    }
    return wrong
  }
}

/**
 * Shows that the session is the one from `before`, that only the `genuine` messages were taken
 * in, and that a text still goes each way. Returns what does not hold.
 */
async function prove(
  say: Say,
  { origin, other }: Couple,
  before: Shown,
  genuine: number,
): Promise<string[]> {
  const after = await shown(origin)
  const id = before.session?.id
  const same = after.session?.id === id && isSettled(after, await shown(other))
  const taken = (after.waiting?.length ?? 0) - (before.waiting?.length ?? 0)
  // whoever sends hears whether the receiver took it
  const sent: string[] = []
  for (const from of [other, origin])
    sent.push(outcome(await call(from, '/send_msg', { body: TEXT, type: 'text/plain' })))
  return proved(say, [
    [same, `the session is still ${id}, on both sides`],
    [taken === genuine, 'it took in what is genuine and nothing else'],
    [sent.every((said) => said === 'accepted'), 'a text goes each way and is taken'],
  ])
}

/** Says what holds and what does not, and returns the latter. */
function proved(say: Say, proofs: readonly (readonly [holds: boolean, what: string])[]): string[] {
  say('', ...proofs.map(([holds, what]) => `${holds ? '✓' : '✗ not true:'} ${what}`))
  return proofs.flatMap(([holds, what]) => (holds ? [] : [`not true: ${what}`]))
}

/** Two exchanges, of which the first is replaced; then two texts and a picture that the tap keeps back. */
async function record(a: OwnPeer, b: OwnPeer): Promise<Recording> {
  for (const { url } of [a, a, b]) await step(url, '/send_keys')
  const [replaced, keys] = lastTo(b.tap, '/wire/keys', 2)
  const [keysBack] = lastTo(a.tap, '/wire/keys', 1)
  b.tap.holding = true
  for (const text of ['The first text.', 'The second text.']) await step(a.url, '/send_msg', text)
  await call(a.url, '/send_image', { body: PICTURE, type: 'image/png' })
  b.tap.holding = false
  const [first, second] = lastTo(b.tap, '/wire/message', 2)
  for (const [seq, request] of [first, second].entries())
    if (fieldsOf(request?.body ?? Buffer.alloc(0))['seq'] !== seq)
      throw new Error(`The tap has missed message ${seq}.`)
  const [picture] = lastTo(b.tap, '/wire/image', 1)
  if (!replaced || !keys || !keysBack || !first || !second || !picture)
    throw new Error('The tap has missed something.')
  return { replaced, keys, keysBack, messages: [first, second], picture }
}

function lastTo(tap: Tap, path: string, count: number) {
  return tap.passed.filter((request) => request.path === path).slice(-count)
}
