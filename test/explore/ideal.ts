/** Perfect primitives for the walk, behind the interfaces of the real ones: each gives names, as names.ts has them. */

import type { Curve } from '../../src/protocol/curves.ts'
import { DuetError } from '../../src/protocol/errors.ts'
import type { Kem } from '../../src/protocol/kem.ts'
import {
  fresh,
  HEAD,
  handed,
  isPublicKey,
  isSecret,
  latin1,
  name,
  random,
  readName,
  sealedWith,
  shared,
} from './names.ts'

export { utf8ToBytes } from '@noble/hashes/utils.js'
export { random as randomBytes }

const POINT = HEAD

/** The private key of a peer's identity: the same in every world, and no fresh secret. */
export function identityKey(side: number): Uint8Array {
  return name('fresh', Uint8Array.of(0xff, side), 32)
}

/** Private keys are numbered for each peer, and points named after them. */
export const curve: Curve = {
  // one of the names that the program knows
  name: 'X25519',
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
  const isKey = parts.length > 0 && parts.every((part) => part.length === 0 || isPublicKey(part))
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

/** Has a chain of its own, since the caller erases it; a class, which a state is copied with. */
class Step {
  readonly chain: Uint8Array
  constructor(chain: Uint8Array) {
    this.chain = chain.slice()
  }
  clone(): Step {
    return new Step(this.chain)
  }
  update(bytes: Uint8Array) {
    return { digest: () => name('chain step', join([this.chain, bytes]), 32) }
  }
  destroy(): void {
    this.chain.fill(0)
  }
}
hmac.create = (_hash: unknown, chain: Uint8Array) => new Step(chain)

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
