/** Two recorded conversations, then every private key on the curve: what the day of the quantum computer opens. */

import { sha256 } from '@noble/hashes/sha2.js'
import { launch } from '../launch.ts'
import { bytesToHex, equalBytes } from '../protocol/bytes.ts'
import { KeyPair } from '../protocol/curves.ts'
import { MLKEM768 } from '../protocol/kem.ts'
import { halvesOf, SUITES, type Suite } from '../protocol/suites.ts'
import { forgetful } from '../state/memory.ts'
import { jsonOf, step } from './call.ts'
import { fact, heading, readable, type Say, table, wrap } from './layout.ts'
import { valuesIn } from './memory.ts'
import { type OwnPeer, withOwnPair } from './pair.ts'
import {
  exchangeRecorded,
  type OpenRecording,
  sendPictureRecorded,
  sendRecorded,
} from './recording.ts'
import {
  type Attempt,
  diffieHellman,
  leakySuite,
  pseudorandomKey,
  secretsFrom,
  tryEverything,
} from './theft.ts'

/** Of so many the middle one counts. */
const ROUNDS = 25
const SEALED = ['text A → B', 'text B → A', 'picture A → B']
/** Before its first pixel: lp(metadata). */
const METADATA = /\{.*?\}/

/** One conversation as she has it years later. */
interface Conversation {
  readonly recording: OpenRecording
  /** The private keys to the public keys on the curve that went over the wire, by whose they are. */
  readonly found: readonly { readonly whose: string; readonly pair: KeyPair }[]
  /** Of the KEM, on a suite that has one: she does not have it, and the lab tries it once. */
  readonly kem: Uint8Array | null
}

/** `ecdh-duet lab quantum`; each cost is the middle one of `rounds`. */
export async function quantum(say: Say, rounds = ROUNDS): Promise<void> {
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
  say(...triedJoined(joined), ...(await costs(rounds)))
  if (posed !== undefined) say(...during(posed))
  say(...conclusion())
}

/**
 * Two peers on `suite` exchange keys and talk. Each private key on the curve is copied as it is made: that is
 * what Shor's algorithm computes from the public keys. `then`, with A's identity, before the two end.
 */
async function converse(
  suite: Suite,
  then: (a: OwnPeer, b: OwnPeer, identity: KeyPair) => Promise<void> = async () => {},
): Promise<Conversation> {
  const { suite: leaky, copies } = leakySuite(suite)
  const identities = [new KeyPair(suite.curve), new KeyPair(suite.curve)] as const
  const memories = identities.map((identity) => forgetful(suite.curve, identity))
  const [ofA, ofB] = memories
  if (!ofA || !ofB) throw new Error('There are two.')
  return withOwnPair(leaky, [ofA, ofB], async (a, b) => {
    const recording = await exchangeRecorded(suite, a, b)
    await sendRecorded(recording, a, b, 'Only until the day of the quantum computer?')
    await sendRecorded(recording, b, a, 'Then let us take the other one.')
    await sendPictureRecorded(recording, a, b)
    const kemSecret = valuesIn(a.live).find(({ path }) => path.endsWith('#current #kemSecret'))
    const found = recording.shares.flatMap(({ identity, publicKey }, i) => {
      const { point } = halvesOf(suite, publicKey)
      const pairTo = (wanted: Uint8Array) => {
        const pair = [...identities, ...copies].find((each) => equalBytes(each.publicKey, wanted))
        if (!pair) throw new Error('A private key was not copied.')
        return pair
      }
      const name = i === 0 ? 'A' : 'B'
      return [
        { whose: `identity of ${name}`, pair: pairTo(identity) },
        { whose: `public key of ${name}`, pair: pairTo(point) },
      ]
    })
    await then(a, b, identities[0])
    return { recording, found, kem: kemSecret?.bytes ?? null }
  })
}

/**
 * How long each of `runs` takes, in ms: the middle one of `rounds`, after as many that let the engine compile
 * it. They take turns, so that a machine that is busy for a moment is fair to all.
 */
async function middleOf(rounds: number, runs: readonly (() => unknown)[]): Promise<number[]> {
  const times: number[][] = runs.map(() => [])
  for (let i = 0; i < 2 * rounds; i++)
    for (const [which, run] of runs.entries()) {
      const begin = performance.now()
      await run()
      times[which]?.push(performance.now() - begin)
    }
  const middle = (all: number[]) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
  return times.map((all) => middle(all.slice(rounds)))
}

/** Whole exchanges of ordinary peers, in ms. */
function exchangeTimes(rounds: number): Promise<number[]> {
  const pairOn = <T>(suite: Suite, use: (exchange: () => Promise<void>) => Promise<T>) =>
    withOwnPair(suite, [forgetful(suite.curve), forgetful(suite.curve)], (a, b) =>
      use(async () => {
        for (const { url } of [a, b]) await step(url, '/send_keys')
      }),
    )
  return pairOn(SUITES.X25519, (alone) =>
    pairOn(SUITES.X25519MLKEM768, (joined) => middleOf(rounds, [alone, joined])),
  )
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
      [14, 15, 30, 30],
      ['recorded on', 'from the wire', 'the public key', 'its private key'],
      conversations.flatMap(({ recording, found }) =>
        found.map(({ whose, pair }, i) => [
          i === 0 ? recording.suite.name : '',
          whose,
          `${bytesToHex(pair.publicKey).slice(0, 28)}…`,
          `${bytesToHex(pair.exportPrivateKey()).slice(0, 28)}…`,
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

async function costs(rounds: number): Promise<string[]> {
  const [alone = 0, joined = 0] = await exchangeTimes(rounds)
  const seed = MLKEM768.generateSeed()
  const { encapsulationKey, decapsulationKey } = MLKEM768.keyPair(seed)
  const { ciphertext } = MLKEM768.encapsulate(encapsulationKey)
  const [making = 0, encapsulating = 0, decapsulating = 0] = await middleOf(rounds, [
    () => MLKEM768.keyPair(seed),
    () => MLKEM768.encapsulate(encapsulationKey),
    () => MLKEM768.decapsulate(decapsulationKey, ciphertext),
  ])
  const ms = (value: number) => `${value.toFixed(1)} ms`
  return [
    ...heading('5. What it costs'),
    `Measured here, the middle one of ${rounds}; both peers and the lab in one process:`,
    '',
    ...fact('an exchange, X25519', ms(alone)),
    ...fact('with ML-KEM-768', ms(joined)),
    ...fact(
      'ML-KEM alone',
      `${ms(2 * making + encapsulating + decapsulating)}: a key pair on each side, ${ms(making)} each; encapsulate ${ms(encapsulating)}; decapsulate ${ms(decapsulating)}`,
    ),
    ...fact('messages', 'cost the same on both: the KEM is for the exchange.'),
  ]
}

/** What came of posing as A. */
interface Posed {
  readonly session: string
  /** What B shows: the safety number before and after, and whether it knows its peer. */
  readonly before: string
  readonly after: string
  readonly known: boolean
  /** What B wrote to A. */
  readonly text: string
}

/** A peer of hers with A's identity takes A's place before B, who has met A. */
async function poseAs(identity: KeyPair, a: OwnPeer, b: OwnPeer): Promise<Posed> {
  const { suite } = b.live
  const before = b.live.publicState().safetyNumber ?? ''
  let text = ''
  const hers = await launch({
    suite,
    plans: [{ host: '127.0.0.1', port: 0, peerUrl: a.url, via: b.url }],
    // what she computed, and not the object of A
    openMemory: () => forgetful(suite.curve, new KeyPair(suite.curve, identity.exportPrivateKey())),
    terminal: {
      reporter: () => (event) => {
        if (event.type === 'message opened') text = readable(event.SECRET)
      },
    },
    showsSecrets: true,
  })
  try {
    const url = `http://127.0.0.1:${hers.ports[0]}`
    // she is on the wire, and what B sends to A comes to her
    a.tap.target = url
    await step(url, '/send_keys')
    const { session } = jsonOf((await step(b.url, '/send_keys')).body)
    await step(b.url, '/send_msg', 'Are we alone, A?')
    await step(url, '/decrypt_msg')
    const { safetyNumber, peer } = b.live.publicState()
    const after = safetyNumber ?? ''
    return { session: String(session), before, after, known: peer.known, text }
  } finally {
    a.tap.target = a.url
    await hers.close()
  }
}

function during({ session, before, after, known, text }: Posed): string[] {
  return [
    ...heading('6. If she has the quantum computer during the exchange'),
    ...wrap(
      "Identities are X25519 keys on both suites. With A's private key, computed from the identity that goes over the wire, a peer of hers takes A's place before B, on X25519MLKEM768. B has met A:",
    ),
    '',
    ...fact(
      'B agrees',
      `session ${session}, with ${known ? 'the peer that it knows' : 'a stranger'}`,
    ),
    ...fact('safety number', before === after ? 'the same as with A' : 'another than with A'),
    ...fact('she reads', text),
  ]
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
