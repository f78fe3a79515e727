/** Private keys of the student's peer, known by their public keys: whatever looks like 32 bytes is tried. */

import { bytesToHex, equalBytes } from '../../../../protocol/bytes.ts'
import { type Curve, KeyPair } from '../../../../protocol/curves.ts'

/** What is tried in one place, and how long that may take. */
const MAX_CANDIDATES = 1_000
const SEARCH_MS = 2_000
/** Of a longer run of letters each place where 32 bytes may begin is tried only this far. */
const MAX_RUN_BYTES = 160
const MAX_SEARCHED = 1024 * 1024

const HEX = /[0-9A-Fa-f]+/g
const BASE64 = /[A-Za-z0-9+/_-]{43,}/g
const COLONS = /(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}/g
const NUMBERS = /(?:[0-9]{1,3},){31}[0-9]{1,3}/g
const DECIMAL = /[0-9]+/g

/** Whether `content` has 32 bytes whose public key is one of `publicKeys`, in some form. Null if not, else which one. */
export function privateKeyIn(
  curve: Curve,
  publicKeys: readonly Uint8Array[],
  content: Uint8Array,
): Uint8Array | null {
  const until = performance.now() + SEARCH_MS
  const tried = new Set(publicKeys.map((key) => bytesToHex(key)))
  for (const candidate of candidatesIn(Buffer.from(content.subarray(0, MAX_SEARCHED)))) {
    const name = bytesToHex(candidate)
    if (tried.has(name)) continue
    tried.add(name)
    if (tried.size > MAX_CANDIDATES || performance.now() > until) return null
    const publicKey = publicKeyOf(curve, candidate)
    const found = publicKeys.find((one) => publicKey !== null && equalBytes(one, publicKey))
    if (found !== undefined) return found
  }
  return null
}

function publicKeyOf(curve: Curve, privateKey: Uint8Array): Uint8Array | null {
  try {
    return new KeyPair(curve, privateKey.slice()).publicKey
  } catch {
    return null
  }
}

function* candidatesIn(content: Buffer): Generator<Uint8Array> {
  if (content.length === 32) yield content
  const text = content.toString('latin1')
  const squeezed = text.replaceAll(/\s|\\[nrt]/g, '')
  for (const [run] of text.matchAll(HEX))
    if (run.length >= 64) yield* windowsOf(Buffer.from(run, 'hex'))
  for (const [run] of text.matchAll(BASE64))
    if (!/^(?:[0-9A-Fa-f]{2})+$/.test(run)) yield* windowsOf(Buffer.from(run, 'base64url'))
  for (const [run] of squeezed.matchAll(COLONS)) yield Buffer.from(run.replaceAll(':', ''), 'hex')
  for (const [run] of squeezed.matchAll(NUMBERS)) yield Uint8Array.from(run.split(','), Number)
  for (const [run] of text.matchAll(DECIMAL)) {
    if (run.length < 70 || run.length > 78) continue
    const hex = BigInt(run).toString(16).padStart(64, '0')
    if (hex.length > 64) continue
    const bytes = new Uint8Array(Buffer.from(hex, 'hex'))
    yield bytes
    yield bytes.toReversed()
  }
  yield* inPem(text)
  yield* inDer(content)
}

/** 32 bytes from each place on: those of several keys one after another first, and the end. */
function* windowsOf(bytes: Uint8Array): Generator<Uint8Array> {
  if (bytes.length < 32) return
  for (let at = 0; at + 32 <= bytes.length; at += 32) yield bytes.subarray(at, at + 32)
  yield bytes.subarray(-32)
  const run = bytes.subarray(0, MAX_RUN_BYTES)
  for (let at = 1; at < run.length - 32; at++) yield run.subarray(at, at + 32)
}

function* inPem(text: string): Generator<Uint8Array> {
  for (const block of text.split('-----BEGIN ').slice(1)) {
    const inner = block.slice(block.indexOf('-----') + 5)
    const end = inner.indexOf('-----END')
    if (end < 0) continue
    yield* inDer(Buffer.from(inner.slice(0, end).replaceAll(/\s|\\[nrt]/g, ''), 'base64'))
  }
}

/** Behind `04 20`, an octet string of 32 bytes (X.690 section 8.7): so PKCS #8 and SEC 1 have private keys. */
function* inDer(bytes: Buffer): Generator<Uint8Array> {
  const head = Buffer.from([0x04, 0x20])
  for (let at = bytes.indexOf(head); at >= 0; at = bytes.indexOf(head, at + 1))
    if (at + 34 <= bytes.length) yield bytes.subarray(at + 2, at + 34)
}
