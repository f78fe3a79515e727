/**
 * Perfect primitives for the walk. Whatever a function gives is a name: four bytes that mark it, four
 * that number what it was made of, zeros. Equal inputs have equal names and others never do, and of
 * each name it is known which fresh secrets it comes from, so that renamed keys can be seen as the same.
 */

import type { Curve } from '../../src/protocol/curves.ts'
import { DuetError } from '../../src/protocol/errors.ts'
import type { Kem } from '../../src/protocol/kem.ts'

export { randomBytes, utf8ToBytes } from '@noble/hashes/utils.js'

const MARK = 0xf7d1e9c3
const HEAD = 8

type Op =
  | 'fresh'
  | 'point'
  | 'encapsulation key'
  | 'decapsulation key'
  | 'ciphertext'
  | 'DH'
  | 'KEM secret'
  | 'SHA-256'
  | 'HMAC'
  | 'extract'
  | 'expand'
  | 'chain step'
  | 'AEAD tag'

/** Of these a copy that is left in memory is a leak. */
const SECRET: ReadonlySet<Op> = new Set<Op>([
  'fresh',
  'decapsulation key',
  'DH',
  'KEM secret',
  'extract',
  'expand',
  'chain step',
])

/** What a name stands for. */
interface Term {
  readonly op: Op
  readonly input: Uint8Array
  /** The form of what went in, with the places of the fresh secrets and not the secrets themselves. */
  readonly shape: number
  /** The fresh secrets that it comes from, each once, by their numbers. */
  readonly atoms: readonly number[]
}

const terms: Term[] = []
const numbers = new Map<string, number>()
const shapes = new Map<string, number>()

/** The same number for the same text. */
export function shapeNumber(text: string): number {
  let number = shapes.get(text)
  if (number === undefined) {
    number = shapes.size
    shapes.set(text, number)
  }
  return number
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

/** Where the next name in `bytes` begins, from `from` on; -1 if there is none. */
function nextName(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xf7, from); at >= 0; at = bytes.indexOf(0xf7, at + 1))
    if (bytes[at + 1] === 0xd1 && bytes[at + 2] === 0xe9 && bytes[at + 3] === 0xc3) return at
  return -1
}

function numberAt(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at + 4] ?? 0) << 8) | (bytes[at + 5] ?? 0)
  return (high << 16) | ((bytes[at + 6] ?? 0) << 8) | (bytes[at + 7] ?? 0)
}

/** The numbers of the names in `bytes`, with their places. */
function namesIn(bytes: Uint8Array): [at: number, number: number][] {
  const names: [number, number][] = []
  for (let at = nextName(bytes, 0); at >= 0; at = nextName(bytes, at + HEAD))
    names.push([at, numberAt(bytes, at)])
  return names
}

function termOf(number: number): Term {
  const term = terms[number]
  if (term === undefined) throw new Error('There is no such name.')
  return term
}

/** `bytes` with a shape in each name's place. What it comes from is told by its place in `atoms`, which grows. */
export function formOf(bytes: Uint8Array, atoms: number[]): string {
  let form = ''
  let done = 0
  for (let at = nextName(bytes, 0); at >= 0; at = nextName(bytes, done)) {
    const term = termOf(numberAt(bytes, at))
    if (at > done) form += latin1(bytes.subarray(done, at))
    form += `<${term.shape}`
    for (const atom of term.atoms) {
      let place = atoms.indexOf(atom)
      if (place < 0) place = atoms.push(atom) - 1
      form += `,${place}`
    }
    form += '>'
    done = at + HEAD
  }
  return `${form}${formOfRest(bytes, done)}`
}

/** A name's end is zeros, and so is what was erased. */
function formOfRest(bytes: Uint8Array, from: number): string {
  for (let i = from; i < bytes.length; i++) if (bytes[i] !== 0) return latin1(bytes.subarray(from))
  return `.${bytes.length - from}`
}

function name(op: Op, input: Uint8Array, length: number, isFresh = false): Uint8Array {
  const key = `${op} ${latin1(input)}`
  let number = numbers.get(key)
  if (number === undefined) {
    number = terms.length
    const atoms: number[] = isFresh ? [number] : []
    const form = isFresh ? latin1(input.subarray(0, 2)) : formOf(input, atoms)
    terms.push({ op, input: input.slice(), shape: shapeNumber(`${op} ${form}`), atoms })
    numbers.set(key, number)
  }
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MARK)
  view.setUint32(4, number)
  if (SECRET.has(op)) handed.push(bytes)
  return op === 'point' || op === 'encapsulation key' ? shared(bytes) : bytes
}

/** What the name at the beginning of `bytes` stands for, or null. */
export function readName(bytes: Uint8Array): { op: Op; input: Uint8Array; number: number } | null {
  if (nextName(bytes, 0) !== 0) return null
  const number = numberAt(bytes, 0)
  const { op, input } = termOf(number)
  return { op, input, number }
}

/** Whether `bytes` hold anything that nobody but their owner may have. */
export function isSecret(bytes: Uint8Array): boolean {
  for (const [, number] of namesIn(bytes)) if (SECRET.has(termOf(number).op)) return true
  return false
}

const publicKeys = new Map<string, Uint8Array>()
const isShared = new WeakSet<Uint8Array>()

/** The one array of these bytes: nobody writes into a public key, and the source compares some by reference. */
function shared(bytes: Uint8Array): Uint8Array {
  const key = latin1(bytes)
  const known = publicKeys.get(key)
  if (known) return known
  publicKeys.set(key, bytes)
  isShared.add(bytes)
  return bytes
}

/** Whether this is the one array of a public key or an identity. */
export function isPublicKey(bytes: Uint8Array): boolean {
  return isShared.has(bytes)
}

/** How many fresh secrets of each kind a peer has made, so that it never makes one twice. */
export type Counts = [privateKeys: number, seeds: number, encapsulated: number]

let owner = 0
let counts: Counts = [0, 0, 0]
let handed: Uint8Array[] = []
let sealedWith: Uint8Array[] = []

/** From here on, `side` computes. */
export function begin(side: number, itsCounts: Counts): void {
  owner = side
  counts = itsCounts
  handed = []
  sealedWith = []
}

/** What was given out since: every array with a secret in it, and a copy of each key that sealed. */
export function end(): { handed: readonly Uint8Array[]; sealedWith: readonly Uint8Array[] } {
  return { handed, sealedWith }
}

function fresh(kind: 0 | 1 | 2, length: number): Uint8Array {
  return name('fresh', Uint8Array.of(kind, owner, counts[kind]++), length, true)
}

const POINT = HEAD

/** The private key of a peer's identity: the same in every world, and no fresh secret. */
export function identityKey(side: number): Uint8Array {
  return name('fresh', Uint8Array.of(0xff, side), 32)
}

/** Private keys are numbered for each peer, and points named after them. */
export const curve: Curve = {
  name: 'ideal',
  id: 0xfff0,
  pointBytes: POINT,
  basePoint: new Uint8Array(POINT),
  generatePrivateKey: () => fresh(0, 32),
  publicKey: (privateKey) => name('point', privateKey, POINT),
  checkPoint(point) {
    if (readName(point)?.op !== 'point') throw new DuetError('bad_point', 'This is no point.')
  },
  sharedSecret(privateKey, point) {
    curve.checkPoint(point)
    // both sides name the same: their two points, in one order
    const both = [latin1(name('point', privateKey, POINT)), latin1(point)].sort()
    return name('DH', Buffer.from(both.join(''), 'latin1'), 32)
  },
}

export const kem: Kem = {
  name: 'ideal KEM',
  encapsulationKeyBytes: HEAD,
  ciphertextBytes: HEAD,
  generateSeed: () => fresh(1, 64),
  keyPair: (seed) => ({
    encapsulationKey: name('encapsulation key', seed, HEAD),
    decapsulationKey: name('decapsulation key', seed, 64),
  }),
  checkEncapsulationKey(key) {
    if (readName(key)?.op !== 'encapsulation key')
      throw new DuetError('bad_point', 'This is no encapsulation key.')
  },
  encapsulate(key) {
    const input = join([key, fresh(2, 32)])
    // m stays here: the interface gives it to nobody
    handed.pop()
    return {
      ciphertext: name('ciphertext', input, HEAD),
      sharedSecret: name('KEM secret', input, 32),
    }
  },
  decapsulate(key, ciphertext) {
    const made = readName(ciphertext)
    const seed = readName(key)?.input
    if (made?.op !== 'ciphertext' || seed === undefined) throw new Error('This is no ciphertext.')
    const isOurs = latin1(made.input).startsWith(latin1(name('encapsulation key', seed, HEAD)))
    return name('KEM secret', isOurs ? made.input : join([key, ciphertext]), 32)
  },
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

export function concatBytes(...parts: Uint8Array[]): Uint8Array {
  const bytes = join(parts)
  const isKey = parts.length > 0 && parts.every((part) => part.length === 0 || isShared.has(part))
  if (isKey) return shared(bytes)
  if (isSecret(bytes)) handed.push(bytes)
  return bytes
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return name('SHA-256', bytes, 32)
}

export function extract(_hash: unknown, ikm: Uint8Array, salt: Uint8Array): Uint8Array {
  return name('extract', join([salt, ikm]), 32)
}

export function expand(_hash: unknown, prk: Uint8Array, info: Uint8Array, length: number) {
  return name('expand', join([prk, info]), length)
}

/** One call makes a tag, which goes over the wire; `create` steps a chain, of which nothing does. */
export function hmac(_hash: unknown, key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return name('HMAC', join([key, bytes]), 32)
}

class Keyed {
  readonly #input: Uint8Array

  constructor(input: Uint8Array) {
    this.#input = input
  }

  clone(): Keyed {
    return this
  }

  update(bytes: Uint8Array): Keyed {
    return new Keyed(join([this.#input, bytes]))
  }

  digest(): Uint8Array {
    return name('chain step', this.#input, 32)
  }
}

hmac.create = (_hash: unknown, key: Uint8Array) => new Keyed(new Uint8Array(key))

/** What a chain's value began with: the name that was stepped, back to the first. */
export function chainBegin(chain: Uint8Array): number | null {
  let at = readName(chain)
  while (at?.op === 'chain step') at = readName(at.input)
  return at?.number ?? null
}

/** Leaves the text as it is: who may read it is for `make prove`. */
export function chacha20poly1305(key: Uint8Array, nonce: Uint8Array, associatedData?: Uint8Array) {
  const tagOf = (text: Uint8Array) =>
    name('AEAD tag', join([key, nonce, associatedData ?? new Uint8Array(0), text]), 16)
  return {
    encrypt(text: Uint8Array): Uint8Array {
      sealedWith.push(key.slice())
      return join([text, tagOf(text)])
    },
    decrypt(sealed: Uint8Array): Uint8Array {
      const text = sealed.slice(0, -16)
      if (latin1(tagOf(text)) !== latin1(sealed.subarray(-16))) throw new Error('It does not open.')
      handed.push(text)
      return text
    },
  }
}
