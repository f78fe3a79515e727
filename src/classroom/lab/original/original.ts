/**
 * The original, broken: ECDH on a curve of 33 points with a private key that is in the source,
 * AES-ECB for the texts; and a picture that travels with its key in the same form.
 */

import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { add, multiply, type Point, pointText, samePoint, TOY } from '../../../page/toy/curves.ts'
import { KeyPair } from '../../../protocol/curves.ts'
import { DuetError } from '../../../protocol/errors.ts'
import { Exchange } from '../../../protocol/exchange.ts'
import { pictureTypeOf } from '../../../protocol/stream.ts'
import { SUITES } from '../../../protocol/suites.ts'
import {
  fact,
  heading,
  hexFact,
  readable,
  type Say,
  table,
  wrap,
} from '../../../terminal/layout.ts'
import { exchangeKeys } from '../agree.ts'
import { openFernet, sealFernet } from './fernet.ts'
import { scaled } from './scale.ts'

/** On both sides, as in the original's source. */
const PRIVATE_KEY = 4564
const TEXT = 'This is a secret message from port 5000!'
const BLOCK_BYTES = 16

/** What goes over the wire: all that the attacks get. */
export interface Intercepted {
  readonly publicKeyA: Point
  readonly publicKeyB: Point
  /** AES-128-ECB with PKCS #7 padding. */
  readonly ciphertext: Uint8Array
}

/** One message of the model, from its sender's side. */
export function modelMessage(
  text: string,
  privateA = PRIVATE_KEY,
  privateB = PRIVATE_KEY,
): Intercepted {
  const publicKeyA = multiply(TOY, privateA, TOY.base)
  const publicKeyB = multiply(TOY, privateB, TOY.base)
  const key = modelKey(multiply(TOY, privateA, publicKeyB))
  return { publicKeyA, publicKeyB, ciphertext: sealEcb(key, Buffer.from(text)) }
}

/** The model's AES key, 16 bytes, from the shared point. */
function modelKey(shared: Point): Uint8Array {
  return createHash('sha256').update(pointText(shared)).digest().subarray(0, 16)
}

/** Tries the key of every point there is, and returns those that give a text. */
export function tryAllKeys(ciphertext: Uint8Array): { shared: Point; text: string }[] {
  const found: { shared: Point; text: string }[] = []
  let point: Point = null
  for (let i = 0; i < TOY.order; i++) {
    point = add(TOY, point, TOY.base)
    const text = textOf(modelKey(point), ciphertext)
    if (text !== null) found.push({ shared: point, text })
  }
  return found
}

/** How many times the base point has to be added to itself to reach `publicKey`: a private key for it. */
export function logarithm(publicKey: Point): number {
  let point: Point = TOY.base
  let steps = 1
  while (!samePoint(point, publicKey)) {
    point = add(TOY, point, TOY.base)
    steps++
  }
  return steps
}

/** The text under `key`, or null if its padding is wrong or it is no text. */
function textOf(key: Uint8Array, ciphertext: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(openEcb(key, ciphertext))
    return /^[^\p{Cc}]*$/u.test(text) ? text : null
  } catch {
    return null
  }
}

function sealEcb(key: Uint8Array, text: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-128-ecb', key, null)
  return Buffer.concat([cipher.update(text), cipher.final()])
}

/** Throws if the padding is wrong, and for nothing else. */
function openEcb(key: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const decipher = createDecipheriv('aes-128-ecb', key, null)
  return Buffer.concat([decipher.update(ciphertext), decipher.final()])
}

/** `ecdh-duet lab original`. */
export function original(say: Say): void {
  for (const part of [intercepted, blocks, changed, keyInTheForm, scaled]) say(...part())
}

function intercepted(): string[] {
  const { publicKeyA, publicKeyB, ciphertext } = modelMessage(TEXT)
  const begin = performance.now()
  const found = tryAllKeys(ciphertext)
  const ms = performance.now() - begin
  const log = logarithm(publicKeyA)
  const walk = Array.from({ length: log }, (_, i) => pointText(multiply(TOY, i + 1, TOY.base)))
  return [
    ...heading('1. One message of the original, intercepted'),
    ...wrap(
      `This is a model of it: y² = x³ - x + 3 over 31 elements, base point ${pointText(TOY.base)}, private key ${PRIVATE_KEY} on both sides, AES-128-ECB. How the original made its AES key from the shared point we do not know; the model takes the first 16 bytes of SHA-256 of the point's text, "(x, y)". The attack is the same for any other way: ${TOY.order} points give ${TOY.order} keys.`,
    ),
    '',
    'An eavesdropper has:',
    ...fact('base point', pointText(TOY.base)),
    ...fact('public keys', `${pointText(publicKeyA)} and ${pointText(publicKeyB)}`),
    ...fact('ciphertext', Buffer.from(ciphertext).toString('hex')),
    '',
    `She tries the key of every point: ${TOY.order} of them, in ${ms.toFixed(2)} ms.`,
    ...found.flatMap(({ shared, text }) => [
      ...fact('shared point', pointText(shared)),
      ...fact('text', text),
    ]),
    '',
    `Or she goes from the base point to the public key and counts, ${log} steps:`,
    ...fact('multiples', walk.join(' ')),
    ...fact(
      'so',
      `${log} does what the private key ${PRIVATE_KEY} does: ${PRIVATE_KEY} = ${Math.floor(PRIVATE_KEY / TOY.order)} · ${TOY.order} + ${PRIVATE_KEY % TOY.order}.`,
    ),
    ...fact(
      'and',
      `${log} · ${log} = ${log ** 2} = ${Math.floor(log ** 2 / TOY.order)} · ${TOY.order} + ${log ** 2 % TOY.order}: with this private key the shared point is the base point, which went over the wire first.`,
    ),
  ]
}

const BALLOTS = ['yes', 'no', 'yes', 'yes', 'no'].map((vote) =>
  `My vote is ${vote}.`.padEnd(BLOCK_BYTES),
)
const BALLOT_KEY = modelKey(TOY.base)

function ballotBox(): Buffer[] {
  const sealed = Buffer.from(sealEcb(BALLOT_KEY, Buffer.from(BALLOTS.join(''))))
  return BALLOTS.map((_, i) => sealed.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES))
}

/** What the receiver reads; the padding's block, which no attack below touches, goes with it. */
function opened(box: readonly Uint8Array[]): string[] {
  const sealed = sealEcb(BALLOT_KEY, Buffer.from(BALLOTS.join('')))
  const padding = sealed.subarray(BALLOTS.length * BLOCK_BYTES)
  const text = openEcb(BALLOT_KEY, Buffer.concat([...box, padding]))
  return box.map((_, i) => readable(text.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES)))
}

function blocks(): string[] {
  const box = ballotBox()
  const kinds = [...new Set(box.map((block) => block.toString('hex')))]
  const kindOf = (block: Buffer) => 'AB'[kinds.indexOf(block.toString('hex'))] ?? '?'
  return [
    ...heading('2. AES-ECB: equal blocks stay equal'),
    'Five ballots of 16 bytes in one message. Without any key she sees who voted alike:',
    '',
    ...table(
      [6, 32, 4, 34],
      ['block', 'ciphertext', 'kind', 'what it says (she does not see it)'],
      box.map((block, i) => [`${i + 1}`, block.toString('hex'), kindOf(block), BALLOTS[i] ?? '']),
    ),
  ]
}

function changed(): string[] {
  const box = ballotBox()
  const flipped = box.map((block, i) => (i === 2 ? flipBit(block) : block))
  const [yes = Buffer.alloc(0), no] = box
  const pasted = box.map((block) => (no?.equals(block) ? yes : block))
  const [before, afterFlip, afterPaste] = [box, flipped, pasted].map(opened)
  return [
    ...heading('3. AES-ECB: nobody notices a change'),
    'One bit of block 3 is flipped; in another copy the block of a yes is pasted over each no.',
    'Both open without an error:',
    '',
    ...table(
      [6, 18, 22, 26],
      ['block', 'sent', 'one bit flipped', 'a yes pasted over each no'],
      BALLOTS.map((_, i) => [
        `${i + 1}`,
        before?.[i] ?? '',
        afterFlip?.[i] ?? '',
        afterPaste?.[i] ?? '',
      ]),
    ),
    '',
    `One bit flipped in a message of ours: ${oursFlipped()}. It does not open at all.`,
  ]
}

function flipBit(block: Uint8Array): Buffer {
  const copy = Buffer.from(block)
  copy[0] = (copy[0] ?? 0) ^ 1
  return copy
}

/** A side of this program's own exchange. */
const newExchange = () => new Exchange(SUITES.X25519, new KeyPair(SUITES.X25519.curve))

/** The code with which this program's own exchange refuses a flipped bit. */
function oursFlipped(): string {
  const [a, b] = [newExchange(), newExchange()]
  exchangeKeys(a, b)
  const message = a.sendMessage(Buffer.from(BALLOTS.join('')))
  try {
    b.receiveMessage({ ...message, ciphertext: flipBit(message.ciphertext) })
    return 'accepted'
  } catch (error) {
    if (error instanceof DuetError) return error.code
    throw error
  }
}

/** The key, the IV and the time of the example in Fernet's own specification, so that every run shows the same. */
const FERNET = {
  key: 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=',
  iv: Uint8Array.from({ length: 16 }, (_, i) => i),
  time: 499_162_800,
}
/** A whole picture, of one pixel. */
const PICTURE = Buffer.from(
  'R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==',
  'base64',
)

function keyInTheForm(): string[] {
  const image = sealFernet(FERNET.key, FERNET.iv, FERNET.time, PICTURE)
  const body = new URLSearchParams({ key: FERNET.key, image }).toString()
  // from here on only the body is known
  const form = new URLSearchParams(body)
  const picture = openFernet(form.get('key') ?? '', form.get('image') ?? '')
  return [
    ...heading('4. The second original: the key lies beside the ciphertext'),
    ...wrap(
      'Fernet (AES-128-CBC with HMAC-SHA-256) is sound. But the client sent its key in the same form as the picture. This body goes over the wire, here with a picture of one pixel:',
    ),
    '',
    ...hexFact('', body),
    '',
    `She takes the field key and opens the field image: ${picture.length} bytes, ${pictureTypeOf(picture)}.`,
  ]
}
