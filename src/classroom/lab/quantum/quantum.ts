/** Two recorded conversations, then every private key on the curve: what the day of the quantum computer opens. */

import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '../../../protocol/bytes.ts'
import { halvesOf, SUITES } from '../../../protocol/suites.ts'
import { fact, heading, readable, type Say, table, wrap } from '../../../terminal/layout.ts'
import { diffieHellman, pseudorandomKey, secretsFrom } from '../keys.ts'
import type { OpenRecording } from '../recorder.ts'
import { type Attempt, tryEverything } from '../theft.ts'
import { type Conversation, converse } from './conversation.ts'
import { costs, type Patience } from './costs.ts'
import { during, type Posed, poseAs } from './posing.ts'

const SEALED = ['text A → B', 'text B → A', 'picture A → B']
/** Before its first pixel: lp(metadata). */
const METADATA = /\{[^{}]*\}/

/** `ecdh-duet lab quantum` */
export async function quantum(
  say: Say,
  patience: Patience = { rounds: 25, limit: 4000 },
): Promise<void> {
  say(
    ...heading('1. Two conversations, recorded'),
    ...wrap(
      'The lab starts two ordinary peers, A and B, on X25519, and two more on X25519MLKEM768. They run /send_keys on both, and send a text each way and a picture. All that goes over the wire is recorded. Bodies, in bytes:',
    ),
    '',
  )
  const alone = await converse(SUITES.X25519)
  let posed: Posed | undefined
  const joined = await converse(SUITES.X25519MLKEM768, async (a, b, identity) => {
    posed = await poseAs(identity, a, b)
  })
  say(...onTheWire(alone, joined), ...handedOver([alone, joined]), ...openedAlone(alone))
  say(...triedJoined(joined), ...(await costs(patience)))
  if (posed !== undefined) say(...during(posed))
  say(...conclusion())
}

const count = (value: number) => value.toLocaleString('en-US')

function onTheWire(...conversations: readonly Conversation[]): string[] {
  const wires = conversations.map(({ recording }) => recording.wire)
  const row = (what: string, of: (wire: OpenRecording['wire']) => number) => [
    what,
    ...wires.map((wire) => count(of(wire))),
  ]
  const whole = (wire: OpenRecording['wire']) =>
    wire.reduce((sum, { request, answer }) => sum + request + answer, 0)
  return table(
    [32, 10, 14],
    ['', ...conversations.map(({ recording }) => recording.suite.name)],
    [
      row('key message of A', (wire) => wire[0]?.request ?? 0),
      row('the answer to it', (wire) => wire[0]?.answer ?? 0),
      row('key message of B', (wire) => wire[1]?.request ?? 0),
      row('the answer to it', (wire) => wire[1]?.answer ?? 0),
      row('the whole exchange', whole),
    ],
  )
}

function handedOver(conversations: readonly Conversation[]): string[] {
  return [
    ...heading('2. The day comes'),
    ...wrap(
      "Shor's algorithm computes the private key to a public key on a curve, given a large quantum computer (Shor, FOCS 1994). The lab has none, and hands her the result: it has copied every private key on X25519 as it was made, in both exchanges. Of ML-KEM she gets no more than what went over the wire.",
    ),
    '',
    ...table(
      [14, 15, 17, 17],
      ['recorded on', 'from the wire', 'the public key', 'its private key'],
      conversations.flatMap(({ recording, found }) =>
        found.map(({ whose, pair }, i) => [
          i === 0 ? recording.suite.name : '',
          whose,
          `${bytesToHex(pair.publicKey).slice(0, 16)}…`,
          `${bytesToHex(pair.exportPrivateKey()).slice(0, 16)}…`,
        ]),
      ),
    ),
  ]
}

/** What an attempt at one recording opened, as lines. */
function openedLines({ texts }: Attempt): string[] {
  return SEALED.flatMap((what, i) => {
    const text = texts[0]?.[i]
    return text ? fact(what, `✓ opens: ${shortly(text)}`) : fact(what, '✗ stays closed')
  })
}

/** A text; of a picture its metadata. */
function shortly(text: Uint8Array): string {
  return METADATA.exec(readable(text))?.[0] ?? readable(text)
}

function privateKeysOf({ found }: Conversation): Uint8Array[] {
  return found.map(({ pair }) => pair.exportPrivateKey())
}

function openedAlone(conversation: Conversation): string[] {
  const { recording, found } = conversation
  const attempt = tryEverything([recording], privateKeysOf(conversation))
  const secrets = secretsFrom(
    recording,
    found.map(({ pair }) => pair),
  )
  return [
    ...heading('3. The first recording: X25519'),
    'She computes all three shared secrets, and from them the keys, as the two did:',
    '',
    ...fact('DH(e1, e2)', bytesToHex(secrets?.ee ?? new Uint8Array(0))),
    ...fact('DH(id1, e2)', bytesToHex(secrets?.se ?? new Uint8Array(0))),
    ...fact('DH(e1, id2)', bytesToHex(secrets?.es ?? new Uint8Array(0))),
    ...openedLines(attempt),
  ]
}

function triedJoined(conversation: Conversation): string[] {
  const { recording, found, kem } = conversation
  const pairs = found.map(({ pair }) => pair)
  const identities = pairs.filter((_, i) => i % 2 === 0)
  const { ciphertext } = recording
  if (ciphertext === null || kem === null) throw new Error('There is no KEM.')
  const privates = privateKeysOf(conversation)
  const dh = Object.values(diffieHellman(recording, pairs)).flatMap((each) => each ?? [])
  const dhIsAll = secretsFrom(recording, pairs)
  const keys = recording.shares.map(
    ({ publicKey }) => halvesOf(recording.suite, publicKey).encapsulationKey,
  )
  const first = (bytes: Uint8Array) => bytes.slice(0, 32)
  const guesses = [
    ...dh,
    ...(dhIsAll ? [pseudorandomKey(recording, dhIsAll)] : []),
    ...[ciphertext, ...keys].flatMap((each) => [sha256(each), first(each), each.slice(-32)]),
    new Uint8Array(32).fill(0xff),
  ]
  const attempts: [string, Attempt][] = [
    [
      'every X25519 private key, and in the place of the ML-KEM secret: nothing, zeros, ff, each private key, each shared secret, the beginning, end and SHA-256 of the ciphertext and of both encapsulation keys',
      tryEverything([recording], [...privates, ...guesses]),
    ],
    [
      'every X25519 private key, and the ML-KEM secret itself, for once, from the memory of A',
      tryEverything([recording], [...privates, kem]),
    ],
    [
      'the ML-KEM secret and both identity keys, as if ML-KEM had fallen and X25519 had not',
      tryEverything([recording], [kem, ...identities.map((pair) => pair.exportPrivateKey())]),
    ],
  ]
  return [
    ...heading('4. The second recording: X25519MLKEM768'),
    'The same private keys, and the same three shared secrets. But the keys come from four:',
    '',
    ...fact('the keys come from', 'ML-KEM secret ‖ DH(e1, e2) ‖ DH(id1, e2) ‖ DH(e1, id2)'),
    ...fact(
      'of it she lacks',
      'the ML-KEM secret: 32 bytes that went over the wire in a ciphertext',
    ),
    '',
    ...table(
      [58, 10, 28],
      ['what she tries', 'keys tried', `${SEALED.length} recorded`],
      attempts.map(([what, attempt]) => [what, count(attempt.tries), verdict(attempt)]),
    ),
    '',
    'The second row shows that the attempt is right, and that only the ML-KEM secret is missing.',
  ]
}

function verdict({ texts }: Attempt): string {
  const opened = texts[0]?.filter((text) => text !== null).length ?? 0
  return opened === 0 ? '✗ all stay closed' : `✓ opens ${opened} of ${SEALED.length}`
}

function conclusion(): string[] {
  return [
    ...heading('7. What that says'),
    ...fact(
      'record now, open later',
      'works against X25519 alone, and against P-256 too. So what has to stay secret for long needs another key agreement long before there is a quantum computer.',
    ),
    ...fact(
      'ML-KEM',
      "rests on noisy linear equations over a lattice (Module-LWE, FIPS 203 section 3.2) and not on discrete logarithms. Shor's algorithm does not apply to them, and nobody knows one that does.",
    ),
    ...fact(
      'joined',
      'means that she has to break both. ML-KEM is young: if it falls, even to a computer of today, X25519 holds as before (row 3 above).',
    ),
    ...fact(
      'not yet',
      'post-quantum are the identities: they prove who speaks. To forge that proof, the quantum computer has to be there during the exchange, and what was recorded before stays closed.',
    ),
  ]
}
