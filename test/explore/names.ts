/**
 * Names instead of bytes. Whatever a perfect function gives is a name: four bytes that mark it, four that number what
 * it was made of, zeros. Equal inputs have equal names and others never do, and of each name it is known which
 * fresh secrets it comes from, so that states which differ in these alone can be seen as the same.
 */

/** Things that are kept once each, under a key that equal ones have, and are called by their numbers. */
export class Kept<T> {
  readonly #things: T[] = []
  readonly #numbers = new Map<string, number>()

  get(id: number): T {
    const thing = this.#things[id]
    if (thing === undefined) throw new Error(`There is no number ${id}.`)
    return thing
  }

  /** The number of what has this key; `make` makes it where it is new. */
  keep(key: string, make: (id: number) => T): number {
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const id = this.#things.length
    this.#numbers.set(key, id)
    this.#things.push(make(id))
    return id
  }
}

/** Numbers things in the order in which they first come: the same number for the same thing. */
export function renaming<T>(): (thing: T) => number {
  const numbers = new Map<T, number>()
  return (thing) => {
    const known = numbers.get(thing)
    if (known !== undefined) return known
    numbers.set(thing, numbers.size)
    return numbers.size - 1
  }
}

/** The same number for the same text. */
export const shapeNumber = renaming<string>()

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

const MARK = 0xf7d1e9c3
/** So many bytes of a name tell it from others. */
export const HEAD = 8

/** What gives names, and whether a copy of one that is left in memory is a leak. */
const IS_SECRET = {
  fresh: true,
  random: true,
  point: false,
  'encapsulation key': false,
  'decapsulation key': true,
  ciphertext: false,
  DH: true,
  'KEM secret': true,
  'SHA-256': false,
  HMAC: false,
  extract: true,
  expand: true,
  'chain step': true,
  'AEAD tag': false,
}
type Op = keyof typeof IS_SECRET

/** What a name stands for. */
interface Term {
  readonly number: number
  readonly op: Op
  readonly input: Uint8Array
  /** The form of what went in, with the places of the fresh secrets and not the secrets themselves. */
  readonly shape: number
  /** The fresh secrets that it comes from, each once, by their numbers. */
  readonly atoms: readonly number[]
}

const terms = new Kept<Term>()

/** Where the next name in `bytes` begins, from `from` on; -1 if there is none. */
function nextName(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xf7, from); at >= 0; at = bytes.indexOf(0xf7, at + 1))
    if (bytes[at + 1] === 0xd1 && bytes[at + 2] === 0xe9 && bytes[at + 3] === 0xc3) return at
  return -1
}

function termAt(bytes: Uint8Array, at: number): Term {
  const high = ((bytes[at + 4] ?? 0) << 8) | (bytes[at + 5] ?? 0)
  return terms.get((high << 16) | ((bytes[at + 6] ?? 0) << 8) | (bytes[at + 7] ?? 0))
}

/** `bytes` with a shape in each name's place. What it comes from is told by its place in `atoms`, which grows. */
export function formOf(bytes: Uint8Array, atoms: number[]): string {
  let form = ''
  let done = 0
  for (let at = nextName(bytes, 0); at >= 0; at = nextName(bytes, done)) {
    const term = termAt(bytes, at)
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
  // a name's end is zeros, and so is what was erased
  for (let i = done; i < bytes.length; i++)
    if (bytes[i] !== 0) return form + latin1(bytes.subarray(done))
  return `${form}.${bytes.length - done}`
}

/** The name of what `op` makes of `input`, `length` bytes. `isFresh`: that is a secret of which nothing is known. */
export function name(op: Op, input: Uint8Array, length: number, isFresh = false): Uint8Array {
  const number = terms.keep(`${op} ${latin1(input)}`, (number) => {
    const atoms: number[] = isFresh ? [number] : []
    const form = isFresh ? latin1(input.subarray(0, 2)) : formOf(input, atoms)
    return { number, op, input: input.slice(), shape: shapeNumber(`${op} ${form}`), atoms }
  })
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MARK)
  view.setUint32(4, number)
  if (IS_SECRET[op]) handed.push(bytes)
  return op === 'point' || op === 'encapsulation key' ? shared(bytes) : bytes
}

/** What the name at the beginning of `bytes` stands for, or null. */
export function readName(bytes: Uint8Array): Term | null {
  return nextName(bytes, 0) === 0 ? termAt(bytes, 0) : null
}

/** Whether `bytes` hold anything that nobody but their owner may have. */
export function isSecret(bytes: Uint8Array): boolean {
  for (let at = nextName(bytes, 0); at >= 0; at = nextName(bytes, at + HEAD))
    if (IS_SECRET[termAt(bytes, at).op]) return true
  return false
}

const publicKeys = new Map<string, Uint8Array>()
const sharedKeys = new WeakSet<Uint8Array>()

/** The one array of these bytes: nobody writes into a public key, and the source compares some by reference. */
export function shared(bytes: Uint8Array): Uint8Array {
  const key = latin1(bytes)
  const known = publicKeys.get(key)
  if (known) return known
  publicKeys.set(key, bytes)
  sharedKeys.add(bytes)
  return bytes
}

/** Whether this is the one array of a public key or an identity. */
export function isPublicKey(bytes: Uint8Array): boolean {
  return sharedKeys.has(bytes)
}

/** How many fresh secrets of each kind a peer has made, so that it never makes one twice. */
export type Counts = [privateKeys: number, seeds: number, encapsulated: number, random: number]

let owner = 0
let counts: Counts = [0, 0, 0, 0]
/** Since `begin`: every array with a secret in it that was given out, and a copy of each key that sealed. */
export let handed: Uint8Array[] = []
export let sealedWith: Uint8Array[] = []

/** From here on, `side` computes. */
export function begin(side: number, itsCounts: Counts): void {
  owner = side
  counts = itsCounts
  handed = []
  sealedWith = []
}

/** A private key, a seed, or what an encapsulation draws: one that nobody ever had. */
export function fresh(kind: 0 | 1 | 2, length: number): Uint8Array {
  return name('fresh', Uint8Array.of(kind, owner, counts[kind]++), length, true)
}

/** Random bytes that are no private key. */
export function random(length: number): Uint8Array {
  return name('random', Uint8Array.of(owner, counts[3]++), length, true)
}
