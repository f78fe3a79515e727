/** Two texts under one key and one nonce, read and forged without the key; and why our sessions never do that. */

import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { ENGLISH } from '../../../peer/frequency.ts'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '../../../protocol/bytes.ts'
import { KeyPair, X25519 } from '../../../protocol/curves.ts'
import { DuetError } from '../../../protocol/errors.ts'
import { Exchange } from '../../../protocol/exchange.ts'
import { AEAD_TAG_BYTES } from '../../../protocol/messages.ts'
import { Session } from '../../../protocol/session.ts'
import { EphemeralKeys, SUITES } from '../../../protocol/suites.ts'
import {
  type Cell,
  columnsHere,
  fact,
  heading,
  hexFact,
  quotedCell,
  quotedFact,
  readable,
  type Say,
  table,
  wrap,
} from '../../../terminal/layout.ts'
import { exchangeKeys } from '../agree.ts'
import {
  firstChain,
  keyOfNumber,
  leakySuite,
  openMessage,
  pseudorandomKey,
  secretsFrom,
} from '../keys.ts'
import { keyFromTwo, type Tagged, tagWith } from './poly1305.ts'

export const DEMO_TEXTS: Texts = [
  'The gold leaves the harbour tonight at ten, on the ship with the red sails.',
  'Do not tell the captain that we know where he and the gold are going to be.',
]
const DEMO_CRIB = ' the '
const FORGED_TEXT = 'The gold goes to the thief, the lab and the class: at once.'

/** Key and nonce of the example in RFC 8439 section 2.8.2, so that every run shows the same. */
const KEY = hexToBytes('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f')
const NONCE = hexToBytes('070000004041424344454647')

const SHOWN_HITS = 12
const READING_WIDTH = 34

type Texts = readonly [string, string]
type Two<T> = readonly [T, T]
/** A fact that has a text or a part of one. */
type TextFact = (label: string, text: string) => string[]
/** The same in a table: how many columns stand before it, and how many it has. */
type TextCell = (text: string, before: number, columns: number) => Cell

/** As many bytes as the shorter of the two has. */
export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.slice(0, b.length).map((byte, i) => byte ^ (b[i] ?? 0))
}

export interface Hit {
  readonly at: number
  /** What the other text has there, if the crib is right. */
  readonly reading: string
}

/**
 * Lays `crib` at every place of the XOR of two texts: where it stands in one, the other comes out.
 * Returns the places where that gives letters, blanks and marks, the likeliest first.
 */
export function dragCrib(both: Uint8Array, crib: Uint8Array): Hit[] {
  const hits: Hit[] = []
  for (let at = 0; at + crib.length <= both.length; at++) {
    const reading = readable(xor(both.slice(at), crib))
    if (/^[A-Za-z ,.'?!:-]+$/.test(reading)) hits.push({ at, reading })
  }
  return hits.sort((a, b) => likelihood(b.reading) - likelihood(a.reading) || a.at - b.at)
}

/** By how often its characters come in English; a blank comes at least as often as an e. */
function likelihood(text: string): number {
  const { e = 0 } = ENGLISH
  return [...text.toLowerCase()].reduce(
    (sum, character) => sum + (character === ' ' ? e : (ENGLISH[character] ?? 0)),
    0,
  )
}

/**
 * `ecdh-duet lab nonce-reuse`: `crib` is what she guesses that one of the texts has. `width`: how many columns there
 * are for texts that are not the lab's own.
 */
export function nonceReuse(
  say: Say,
  texts = DEMO_TEXTS,
  crib = DEMO_CRIB,
  width = columnsHere(),
): void {
  const isOwn = texts === DEMO_TEXTS && crib === DEMO_CRIB
  const textFact: TextFact = (label, text) =>
    isOwn ? fact(label, text) : quotedFact(label, text, width)
  const textCell: TextCell = (text, before, columns) =>
    isOwn ? `"${text}"` : quotedCell(text, Math.min(columns, width - before))
  const [first, second] = texts
  const plain = [utf8ToBytes(first), utf8ToBytes(second)] as const
  const sealed = [seal(plain[0]), seal(plain[1])] as const
  const both = xor(sealed[0].ciphertext, sealed[1].ciphertext)
  say(...xored(sealed, both))
  say(...dragged(both, plain, utf8ToBytes(crib), textFact, textCell))
  say(...read(both, plain, textFact))
  say(...forged(sealed, plain))
  say(...notHere())
}

/** With the one key and the one nonce. */
function seal(text: Uint8Array): Tagged {
  const sealed = chacha20poly1305(KEY, NONCE).encrypt(text)
  return {
    ciphertext: sealed.subarray(0, -AEAD_TAG_BYTES),
    tag: sealed.subarray(-AEAD_TAG_BYTES),
  }
}

function xored([first, second]: Two<Tagged>, both: Uint8Array): string[] {
  const equal = both.filter((byte) => byte === 0).length
  return [
    ...heading('1. One key and one nonce for two texts'),
    ...wrap(
      'Two texts are sealed with ChaCha20-Poly1305 under the same key and nonce (those of the example in RFC 8439 section 2.8.2). The cipher XORs each with the same keystream. So the XOR of the two ciphertexts is the XOR of the two texts, and no key is in it any more (RFC 8439 section 4).',
    ),
    '',
    ...hexLines('ciphertext 1', first.ciphertext),
    ...hexLines('ciphertext 2', second.ciphertext),
    ...hexLines('1 XOR 2', both),
    '',
    `Where that is 00 the texts are equal: at ${equal} of ${both.length} places.`,
  ]
}

const hexLines = (label: string, bytes: Uint8Array) => hexFact(label, bytesToHex(bytes))

function dragged(
  both: Uint8Array,
  texts: Two<Uint8Array>,
  crib: Uint8Array,
  textFact: TextFact,
  textCell: TextCell,
): string[] {
  const hits = dragCrib(both, crib)
  const standsIn = ({ at }: Hit) =>
    [1, 2].filter((number) => crib.every((byte, i) => texts[number - 1]?.[at + i] === byte))
  const right = hits.filter((hit) => standsIn(hit).length > 0)
  const unveiled = (number: number) => {
    const text = Array.from({ length: both.length }, () => '_')
    for (const hit of right) {
      const shown = standsIn(hit).includes(number) ? readable(crib) : hit.reading
      text.splice(hit.at, shown.length, ...shown)
    }
    return text.join('')
  }
  const places = Math.max(0, both.length - crib.length + 1)
  const rows = hits.slice(0, SHOWN_HITS).map((hit) => {
    const numbers = standsIn(hit)
    const inFact = numbers.length > 0 ? `✓ the guess stands in text ${numbers.join(' and ')}` : ''
    return [`${hit.at}`, textCell(hit.reading, 7, READING_WIDTH), inFact]
  })
  return [
    ...heading('2. A guess at a word opens the place where it stands'),
    ...wrap(
      `She guesses what one of the texts has somewhere, and lays it at every place: where it stands in one text, the other one comes out. At ${hits.length} of ${places} places that could be English; those with the most frequent letters first:`,
    ),
    '',
    ...textFact('her guess', `"${readable(crib)}"`),
    '',
    ...(rows.length > 0
      ? table(
          [5, READING_WIDTH, 37],
          ['place', 'the other text there', 'in fact (she finds out by going on)'],
          rows,
        )
      : []),
    ...(right.length > 0
      ? [
          '',
          'The right ones show this of the two texts:',
          '',
          ...[1, 2].flatMap((number) => textFact(`text ${number}`, unveiled(number))),
        ]
      : ['It stands in neither text where that could be English. She tries another word.']),
  ]
}

function read(both: Uint8Array, [first, second]: Two<Uint8Array>, textFact: TextFact): string[] {
  return [
    ...heading('3. Who knows one text reads the other'),
    ...wrap(
      'She may have written one of them herself, or it becomes known later. As far as the shorter of the two goes:',
    ),
    '',
    ...textFact('text 1, known', readable(first)),
    ...textFact('1 XOR 2 XOR text 1', readable(xor(both, first))),
    ...textFact('text 2 itself', readable(second)),
  ]
}

function forged(sealed: Two<Tagged>, [known]: Two<Uint8Array>): string[] {
  const title = heading('4. Who has two tags seals texts of her own')
  const begin = performance.now()
  const key = keyFromTwo(...sealed)
  const ms = performance.now() - begin
  if (key === null)
    return [...title, 'The two texts are equal, and so are their tags: they tell nothing more.']
  const keystream = xor(sealed[0].ciphertext, known)
  const ciphertext = xor(utf8ToBytes(FORGED_TEXT), keystream)
  const forgery = concatBytes(ciphertext, tagWith(key, ciphertext))
  // the receiver: the only one here who has the key
  const opened = chacha20poly1305(KEY, NONCE).decrypt(forgery)
  return [
    ...title,
    ...wrap(
      `The key of Poly1305 comes from the same key and nonce (RFC 8439 section 2.6) and is meant for one message. The difference of two tags is a polynomial over the integers mod 2^130 - 5, and the secret point r is a root of it: found in ${ms.toFixed(0)} ms. With r, with s, and with the keystream that text 1 gives her:`,
    ),
    '',
    ...fact('r', key.r.toString(16).padStart(32, '0')),
    ...fact('s', key.s.toString(16).padStart(32, '0')),
    ...hexLines('she seals', forgery),
    ...fact('it opens to', readable(opened)),
    '',
    'The receiver sees a message that is authentic in every respect.',
  ]
}

function notHere(): string[] {
  return [
    ...heading('5. Why that does not happen here'),
    'The same text, sealed by the part of this program that seals (src/protocol/):',
    '',
    ...sealedBySession(),
    '',
    ...fact(
      'one key, one message',
      'The key is HMAC(chain, 01), and the chain becomes HMAC(chain, 02) (src/protocol/keyChain.ts). To take the key, to seal and to overwrite both is one step that nothing can interleave (seal in src/protocol/session.ts). So no key is there to seal a second time. The nonce is the number of the message. After 2^20 of them: rekey_required.',
    ),
    ...fact(
      'the state machine',
      'Chains to send with exist only once the other side has proved its keys, and that very step destroys the private key they come from. So no replayed key message can derive them again and begin at 0 (src/protocol/exchange.ts, and "The invariant" in src/protocol/README.md).',
    ),
    ...fact(
      'each direction',
      'has its own chains: the two sides never seal under the same key. A picture has one key too, of another chain, and its chunks are counted in the nonce (src/protocol/stream.ts).',
    ),
  ]
}

/** A table of what one peer seals and refuses, the keys computed from copies of its private keys. */
function sealedBySession(): string[] {
  const text = utf8ToBytes(DEMO_TEXTS[0])
  const { suite, copies } = leakySuite(SUITES.X25519)
  const identities = [new KeyPair(X25519), new KeyPair(X25519)] as const
  const [a, b] = [new Exchange(suite, identities[0]), new Exchange(suite, identities[1])]
  const rows: string[][] = []
  const sealOn = (what: string) => {
    if (a.current === null) throw new Error('There is no session.')
    const { own, peer, party } = a.current
    const message = a.current.seal(text)
    const { session, seq, ciphertext } = message
    const recorded = { suite, shares: [own, peer], ciphertext: null } as const
    const secrets = secretsFrom(recorded, [...identities, ...copies])
    if (secrets === null) throw new Error('A private key was not copied.')
    const key = keyOfNumber(firstChain(pseudorandomKey(recorded, secrets), party), seq)
    // the key that is shown is the one that was used
    if (openMessage(key, party, message) === null) throw new Error('It has another key.')
    const begins = (bytes: Uint8Array) => `${bytesToHex(bytes).slice(0, 12)}…`
    const id = bytesToHex(session).slice(0, 8)
    rows.push([what, id, `${seq}`, begins(key), begins(ciphertext)])
  }
  const refused = (what: string, run: () => unknown) => {
    rows.push([`${what}: refused, ${codeOf(run)}`])
  }
  const fromB = exchangeKeys(a, b)
  sealOn('the text')
  sealOn('the same text again')
  refused("the other's keys, replayed", () => a.receiveKeys(fromB))
  sealOn('the same text again')
  refused('on keys that nobody has proved', () =>
    new Session(identities[0], new EphemeralKeys(suite), fromB.share).seal(text),
  )
  exchangeKeys(a, b)
  sealOn('after /send_keys on both')
  return table([36, 8, 6, 13, 13], ['', 'session', 'number', 'key', 'ciphertext'], rows)
}

/** The code with which `run` is refused. */
function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof DuetError) return error.code
    throw error
  }
  return 'it was not'
}
