/** A picture's stream in its pieces, and what the independent peer looks at in a picture. */

import { fields, parse } from './forms.ts'
import { CHUNK, type Metadata, Refusal } from './session.ts'

const MAX_IMAGE = 64 * 1024 * 1024
const MAX_METADATA = 1_024
export const HEAD = 29

/** The head of a picture's stream, then its sealed chunks. */
export async function* piecesOf(
  body: AsyncIterable<Buffer>,
): AsyncGenerator<{ bytes: Buffer; isLast: boolean }> {
  let [waiting, size] = [Buffer.alloc(0), HEAD]
  for await (const part of body) {
    waiting = Buffer.concat([waiting, part])
    while (waiting.length > size) {
      yield { bytes: waiting.subarray(0, size), isLast: false }
      waiting = waiting.subarray(size)
      size = CHUNK + 16
    }
  }
  yield { bytes: waiting, isLast: true }
}

const SIGNATURES: Readonly<Record<string, RegExp>> = {
  'image/png': /^89504e470d0a1a0a/,
  'image/jpeg': /^ffd8ff/,
  'image/webp': /^52494646.{8}57454250/,
  'image/gif': /^474946383[79]61/,
}

/** `bytes`: what stands behind the length, `length` of them metadata. */
export function readMetadata(bytes: Buffer, length: number): { declared: number; type: string } {
  if (length > MAX_METADATA || length > bytes.length) throw new Refusal('bad_image')
  let metadata: Metadata
  try {
    const value = parse(bytes.subarray(0, length))
    metadata = fields(value, { type: 'string', bytes: 'number', name: 'string' })
  } catch {
    throw new Refusal('bad_image')
  }
  const [type, declared] = [String(metadata['type']), Number(metadata['bytes'])]
  if (!Object.hasOwn(SIGNATURES, type) || !Number.isSafeInteger(declared) || declared < 1)
    throw new Refusal('bad_image')
  if (declared > MAX_IMAGE) throw new Refusal('too_large')
  return { declared, type }
}

export function isOfType(type: string, picture: Buffer): boolean {
  return SIGNATURES[type]?.test(picture.toString('hex', 0, 12)) ?? false
}

/** Over 65,535 pixels a side or 64 megapixels in all, as far as its head says: that of a PNG, a GIF or an extended WebP. */
export function isTooLarge(type: string, picture: Buffer): boolean {
  const [width, height] = sidesOf(type, picture)
  return Math.max(width, height) > 65_535 || width * height > 64e6
}

function sidesOf(type: string, picture: Buffer): [number, number] {
  const isPng = type === 'image/png' && picture.toString('latin1', 12, 16) === 'IHDR'
  if (isPng && picture.length >= 24) return [picture.readUInt32BE(16), picture.readUInt32BE(20)]
  if (type === 'image/gif' && picture.length >= 13)
    return [picture.readUInt16LE(6), picture.readUInt16LE(8)]
  const isWebp = type === 'image/webp' && picture.toString('latin1', 12, 16) === 'VP8X'
  if (isWebp && picture.length >= 30)
    return [picture.readUIntLE(24, 3) + 1, picture.readUIntLE(27, 3) + 1]
  return [0, 0]
}
