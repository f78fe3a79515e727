/** Poly1305 with a one-time key that was used twice: the key from the two tags (RFC 8439 section 2.5). */

const P = 2n ** 130n - 5n
const TAG_MODULUS = 2n ** 128n
/** The bits that r may have. */
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn
const BLOCK_BYTES = 16

/** A polynomial over the integers mod P, the coefficient of x^i at place i, the last one not zero. */
type Polynomial = readonly bigint[]

/** The one-time key of Poly1305: the point at which it evaluates, and what it adds. */
export interface OneTimeKey {
  readonly r: bigint
  readonly s: bigint
}

/** A ciphertext without associated data, and its tag of 16 bytes. */
export interface Tagged {
  readonly ciphertext: Uint8Array
  readonly tag: Uint8Array
}

/**
 * The key that made both tags, or null if the ciphertexts are equal and so tell nothing. A tag is
 * h(r) + s mod 2^128 for a polynomial h that everybody can write down. In the difference of two tags
 * s is gone, and r is a root of what is left.
 */
export function keyFromTwo(first: Tagged, second: Tagged): OneTimeKey | null {
  const difference = subtract(polynomialOf(first.ciphertext), polynomialOf(second.ciphertext))
  if (difference.length === 0) return null
  const tags = mod(integer(first.tag) - integer(second.tag), TAG_MODULUS)
  // h and h' are below 2^130, so mod 2^128 their difference lost one of eight multiples of it
  for (let lost = -4n; lost < 4n; lost++) {
    const f = subtract(difference, [mod(tags + lost * TAG_MODULUS, P)])
    const r = rootsOf(f).find((root) => (root & CLAMP) === root)
    if (r !== undefined)
      return { r, s: mod(integer(first.tag) - evaluate(first.ciphertext, r), TAG_MODULUS) }
  }
  return null
}

/** The tag, 16 bytes, of a ciphertext without associated data. */
export function tagWith({ r, s }: OneTimeKey, ciphertext: Uint8Array): Uint8Array {
  const value = mod(evaluate(ciphertext, r) + s, TAG_MODULUS)
  return Uint8Array.from({ length: 16 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
}

function evaluate(ciphertext: Uint8Array, r: bigint): bigint {
  return polynomialOf(ciphertext).reduceRight((sum, coefficient) => mod(sum * r + coefficient), 0n)
}

/** Section 2.8: the ciphertext, padded, then both lengths; section 2.5: each block with a bit above it. */
function polynomialOf(ciphertext: Uint8Array): Polynomial {
  const blocks: bigint[] = []
  for (let at = 0; at < ciphertext.length; at += BLOCK_BYTES)
    blocks.push(integer(ciphertext.subarray(at, at + BLOCK_BYTES)))
  blocks.push(BigInt(ciphertext.length) << 64n)
  return [...blocks.map((block) => block + TAG_MODULUS), 0n].reverse()
}

/** Little-endian. */
function integer(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n)
}

function mod(value: bigint, modulus = P): bigint {
  const rest = value % modulus
  return rest < 0n ? rest + modulus : rest
}

/** x^P - x is the product of x - c over all c: what f has in common with it are f's roots. */
function rootsOf(f: Polynomial): bigint[] {
  const x: Polynomial = [0n, 1n]
  return split(gcd(f, subtract(power(x, P, monic(f)), x)))
}

/** The roots of a product of different x - c: (x + shift)^((P - 1) / 2) is 1 at about half of them. */
function split(f: Polynomial, shift = 0n): bigint[] {
  if (f.length < 2) return []
  const [constant = 0n, leading = 1n] = f
  if (f.length === 2) return [mod(-constant * inverse(leading))]
  const half = gcd(f, subtract(power([shift, 1n], (P - 1n) / 2n, f), [1n]))
  if (half.length < 2 || half.length === f.length) return split(f, shift + 1n)
  return [...split(half, shift + 1n), ...split(divide(f, half).quotient, shift + 1n)]
}

function trimmed(f: bigint[]): Polynomial {
  while (f.at(-1) === 0n) f.pop()
  return f
}

function subtract(f: Polynomial, g: Polynomial): Polynomial {
  const length = Math.max(f.length, g.length)
  return trimmed(Array.from({ length }, (_, i) => mod((f[i] ?? 0n) - (g[i] ?? 0n))))
}

function multiply(f: Polynomial, g: Polynomial): Polynomial {
  const product = Array.from({ length: Math.max(0, f.length + g.length - 1) }, () => 0n)
  f.forEach((a, i) => {
    g.forEach((b, j) => {
      product[i + j] = (product[i + j] ?? 0n) + a * b
    })
  })
  return trimmed(product.map((coefficient) => mod(coefficient)))
}

function divide(f: Polynomial, g: Polynomial): { quotient: Polynomial; rest: Polynomial } {
  const rest = [...f]
  const quotient: bigint[] = Array.from({ length: Math.max(0, f.length - g.length + 1) }, () => 0n)
  const scale = inverse(g.at(-1) ?? 1n)
  for (let at = f.length - g.length; at >= 0; at--) {
    const factor = mod((rest[at + g.length - 1] ?? 0n) * scale)
    quotient[at] = factor
    g.forEach((coefficient, i) => {
      rest[at + i] = mod((rest[at + i] ?? 0n) - factor * coefficient)
    })
  }
  return { quotient: trimmed(quotient), rest: trimmed(rest) }
}

function gcd(f: Polynomial, g: Polynomial): Polynomial {
  return g.length === 0 ? monic(f) : gcd(g, divide(f, g).rest)
}

/** With a leading coefficient of 1: to divide by it takes no inverse. */
function monic(f: Polynomial): Polynomial {
  const scale = inverse(f.at(-1) ?? 1n)
  return f.map((coefficient) => mod(coefficient * scale))
}

/** base^exponent mod f. */
function power(base: Polynomial, exponent: bigint, f: Polynomial): Polynomial {
  let result: Polynomial = [1n]
  for (const bit of exponent.toString(2)) {
    result = divide(multiply(result, result), f).rest
    if (bit === '1') result = divide(multiply(result, base), f).rest
  }
  return result
}

/** By Fermat: a^(P - 2). */
function inverse(a: bigint): bigint {
  if (a === 1n) return 1n
  let result = 1n
  for (const bit of (P - 2n).toString(2)) {
    result = mod(result * result)
    if (bit === '1') result = mod(result * a)
  }
  return result
}
