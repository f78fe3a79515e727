/** Three recorded sessions, then stolen keys: which messages open with them, and which never will again. */

import { bytesToHex } from '../protocol/bytes.ts'
import type { Curve } from '../protocol/curves.ts'
import { parseKeyMessage, parseMessage } from '../protocol/messages.ts'
import { forgetful } from '../state/memory.ts'
import { jsonOf, step } from './call.ts'
import { fact, heading, readable, type Say, table, wrap } from './layout.ts'
import { type OwnPeer, withOwnPair } from './pair.ts'
import type { Tap } from './tap.ts'
import {
  type LeakyMemory,
  type Loot,
  leakyMemory,
  type RecordedSession,
  sessionKeys,
  tryEverything,
} from './theft.ts'

const DAYS = ['Monday', 'Tuesday', 'today']

/** The private halves of both peers, which they erase and we have copies of. */
type Memories = readonly [LeakyMemory, LeakyMemory]

/** `ecdh-duet lab forward-secrecy`. */
export async function forwardSecrecy(say: Say, curve: Curve): Promise<void> {
  const memories: Memories = [leakyMemory(curve), leakyMemory(curve)]
  const [first, second] = memories
  await withOwnPair(
    [
      { ...forgetful(curve), identity: first.identity },
      { ...forgetful(curve), identity: second.identity },
    ],
    async (a, b) => {
      const recorded: RecordedSession[] = []
      for (const day of DAYS) recorded.push(await talk(curve, a, b, day))
      const { identities, today, memory } = lootOf(memories, recorded)
      // the same theft after one more exchange
      const next = await talk(curve, a, b, 'tomorrow')
      const later = lootOf(memories, [...recorded, next]).memory
      const attempts = [identities, today, memory, later].map((loot) => attempt(recorded, loot))
      say(...scene(curve, a, b), ...results(recorded, attempts))
    },
  )
}

/** /send_keys on both, then a text each way, which is read. Returns what the taps have of it. */
async function talk(curve: Curve, a: OwnPeer, b: OwnPeer, day: string): Promise<RecordedSession> {
  await step(a.url, '/send_keys')
  await step(b.url, '/send_keys')
  await step(a.url, '/send_msg', `${day}: where is the key to the archive?`)
  await step(b.url, '/send_msg', `${day}: under the third flower pot.`)
  // a session is kept as long as a message of it waits
  for (const { url } of [a, b]) await step(url, '/decrypt_msg')
  const shareTo = (tap: Tap) => parseKeyMessage(curve, lastTo(tap, '/wire/keys')).share
  const messageTo = (tap: Tap) => parseMessage(lastTo(tap, '/wire/message'))
  return {
    shares: [shareTo(b.tap), shareTo(a.tap)],
    messages: [messageTo(b.tap), messageTo(a.tap)],
  }
}

function lastTo(tap: Tap, path: string): unknown {
  const request = tap.passed.findLast((request) => request.path === path)
  return jsonOf(request?.body ?? Buffer.alloc(0))
}

/** What a thief finds in both programs after the last of `sessions`: in growing portions. */
function lootOf([first, second]: Memories, sessions: readonly RecordedSession[]) {
  const keysOf = (at: number) => {
    const session = sessions.at(at)
    const [one, two] = [first.ephemeral.at(at), second.ephemeral.at(at)]
    if (!session || !one || !two) throw new Error('There is no such session.')
    const [a, b] = session.shares
    return {
      ee: one.sharedSecret(b.publicKey),
      first: sessionKeys(first.identity, one, b),
      second: sessionKeys(second.identity, two, a),
    }
  }
  const current = keysOf(-1)
  // of the previous session the sending keys are erased, the receiving ones wait for late messages
  const previous = keysOf(-2)
  const identities: Loot = {
    identities: [first.identity, second.identity],
    directions: [],
    sharedSecrets: [],
  }
  const today: Loot = {
    ...identities,
    directions: [current.first.sending, current.first.receiving],
    sharedSecrets: [current.ee],
  }
  const memory: Loot = {
    ...today,
    directions: [...today.directions, previous.first.receiving, previous.second.receiving],
  }
  return { identities, today, memory }
}

/** For each session its messages' texts, or null, and how many keys were tried in all. */
function attempt(recorded: readonly RecordedSession[], loot: Loot) {
  const points = recorded.flatMap(({ shares }) =>
    shares.flatMap(({ identity, publicKey }) => [identity, publicKey]),
  )
  let tries = 0
  const texts = recorded.map(({ shares, messages }) =>
    messages.map((message) => {
      const result = tryEverything(message, shares, points, loot)
      tries += result.tries
      return result.text
    }),
  )
  return { texts, tries }
}

function scene(curve: Curve, a: OwnPeer, b: OwnPeer): string[] {
  return [
    ...heading('1. Three sessions, recorded'),
    ...wrap(
      `The lab starts two ordinary peers on ${curve.name}, A at ${a.url} and B at ${b.url}, and records all that goes over the wire between them. Three times they run /send_keys on both, and send and read a text each way. It copies their private keys as they are made, and computes from them what a thief finds in the memory of the two at the time of each theft.`,
    ),
  ]
}

type Attempt = ReturnType<typeof attempt>

function results(recorded: readonly RecordedSession[], attempts: readonly Attempt[]): string[] {
  const messages = recorded.flatMap(({ messages }, s) =>
    messages.map(({ session, ciphertext }, m) => ({ s, m, session, ciphertext })),
  )
  const verdict = ({ s, m }: { s: number; m: number }, { texts }: Attempt) =>
    texts[s]?.[m] ? '✓ opens' : '-'
  return [
    ...heading('2. The keys are stolen, today'),
    ...fact('theft 1', 'both identity keys'),
    ...fact('theft 2', "both identity keys and the keys of today's session"),
    ...fact(
      'theft 3',
      'all that is in the memory of both: also the keys for late messages of the session before',
    ),
    ...fact('theft 4', 'the same as 3, but one /send_keys on both later'),
    '',
    ...table(
      [8, 8, 6, 22, 10, 10, 10, 10],
      ['', 'session', 'way', 'ciphertext', 'theft 1', 'theft 2', 'theft 3', 'theft 4'],
      messages.map((message) => [
        message.m === 0 ? (DAYS[message.s] ?? '') : '',
        bytesToHex(message.session).slice(0, 8),
        message.m === 0 ? 'A → B' : 'B → A',
        `${bytesToHex(message.ciphertext).slice(0, 20)}…`,
        ...attempts.map((attempt) => verdict(message, attempt)),
      ]),
    ),
    '',
    ...wrap(
      `Each message was tried with the keys that a theft gives, until one opened it: ${attempts.map(({ tries }) => tries).join(', ')} trials in all.`,
    ),
    '',
    'What theft 3 reads:',
    ...(attempts[2]?.texts.flat() ?? []).flatMap((text) => (text ? [`  ${readable(text)}`] : [])),
    ...heading('3. What that says'),
    ...fact(
      'identity keys',
      'open nothing. They prove who speaks; of the three shared secrets that make the keys, DH(e1, e2) needs a private key that was erased when the exchange was done. But their thief can pose as their owner from now on.',
    ),
    ...fact('session keys', 'open their own session, every message of it, and no other.'),
    ...fact(
      '/send_keys again',
      'closes the past: the session before is kept for late messages, and the next exchange erases it. Whoever never runs it again keeps one session, and keys that open all of it.',
    ),
    ...fact('unread messages', 'keep the keys that they need until /decrypt_msg.'),
  ]
}
