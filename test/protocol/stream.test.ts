/** Pictures as sealed chunks: the bytes, what is refused, and that two ciphers give the same. */

import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { nodeAead } from '../../src/http/pictures.ts'
import { concatBytes, hexToBytes, lp, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { KeyChain } from '../../src/protocol/keyChain.ts'
import {
  type Aead,
  CHUNK_BYTES,
  HEADER_BYTES,
  isPictureType,
  maxStreamBytes,
  nobleAead,
  PictureOpener,
  PictureSealer,
  type PictureType,
  parseHeader,
  parseImageAnswer,
  pictureTypeOf,
  streamBytes,
} from '../../src/protocol/stream.ts'
import { pictureOf, pngOf } from '../helpers/pictures.ts'
import { refuses } from '../helpers/refuses.ts'
import { flipped } from '../helpers/vectors.ts'

const header = { session: new Uint8Array(16).fill(1), number: 2 ** 20 - 2 }
const NUMBER = hexToBytes('00000000000ffffe')
const KEY = hexToBytes('42'.repeat(32))
const MAX = 10 * CHUNK_BYTES
const TYPES: PictureType[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']
const SEALED_CHUNK = CHUNK_BYTES + 16

interface Seal {
  type?: PictureType
  name?: string
  /** What the metadata says, where that is not the truth. */
  bytes?: number
  pieces?: number
  aead?: Aead
}

function seal(picture: Uint8Array, options: Seal = {}): Uint8Array {
  const { type = 'image/png', name = '', bytes = picture.length, pieces = 10_007, aead } = options
  const sealer = new PictureSealer(header, KEY.slice(), { type, bytes, name }, aead)
  const chunks = [sealer.header]
  for (let i = 0; i < picture.length; i += pieces)
    chunks.push(...sealer.seal(picture.subarray(i, i + pieces)))
  return concatBytes(...chunks, ...sealer.end())
}

const HEADER = concatBytes(utf8ToBytes('DUET2'), header.session, NUMBER)
const nonceOf = (chunk: number, isLast: boolean) =>
  new Uint8Array(12).with(10, chunk).with(11, isLast ? 1 : 0)
const sealChunk = (chunk: number, isLast: boolean, plaintext: Uint8Array) =>
  concatBytes(...nobleAead.seal(KEY, nonceOf(chunk, isLast), plaintext))
const metadataOf = (value: unknown) => lp(utf8ToBytes(JSON.stringify(value)))

/** Seals any plaintext, so that metadata may be anything. */
const sealPlaintext = (plaintext: Uint8Array) => concatBytes(HEADER, sealChunk(0, true, plaintext))

function open(stream: Uint8Array, { pieces = 9_973, aead = nobleAead, max = MAX } = {}) {
  parseHeader(stream.subarray(0, HEADER_BYTES))
  const opener = new PictureOpener(KEY.slice(), max, aead)
  const opened: Uint8Array[] = []
  for (let i = HEADER_BYTES; i < stream.length; i += pieces)
    opened.push(...opener.open(stream.subarray(i, i + pieces)))
  opened.push(opener.end())
  return { picture: concatBytes(...opened), metadata: opener.metadata }
}

/** The header and the chunks of a stream, apart. */
function split(stream: Uint8Array): [Uint8Array, ...Uint8Array[]] {
  const chunks: Uint8Array[] = []
  for (let i = HEADER_BYTES; i < stream.length; i += SEALED_CHUNK)
    chunks.push(stream.subarray(i, i + SEALED_CHUNK))
  return [stream.subarray(0, HEADER_BYTES), ...chunks]
}

describe('a picture stream', () => {
  it('has the bytes that the specification gives, recomputed by OpenSSL', () => {
    const picture = pngOf(2 * CHUNK_BYTES)
    const name = 'größe.png'
    const metadata = metadataOf({ type: 'image/png', bytes: picture.length, name })
    const plaintext = concatBytes(metadata, picture)
    const expected = [HEADER]
    const count = Math.ceil(plaintext.length / CHUNK_BYTES)
    for (let i = 0; i < count; i++) {
      const nonce = nonceOf(i, i === count - 1)
      const cipher = createCipheriv('chacha20-poly1305', KEY, nonce, { authTagLength: 16 })
      expected.push(cipher.update(plaintext.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES)))
      cipher.final()
      expected.push(cipher.getAuthTag())
    }
    assert.deepEqual(Buffer.from(seal(picture, { name })), Buffer.concat(expected))
  })

  it('begins with session and number, in eight bytes', () => {
    const numbers: [number, string][] = [
      [0, '0000000000000000'],
      [1, '0000000000000001'],
      [2 ** 32 + 1, '0000000100000001'],
      [2 ** 53 - 1, '001fffffffffffff'],
    ]
    for (const [number, written] of numbers) {
      const metadata = { type: 'image/png', bytes: 1, name: '' } as const
      const sealer = new PictureSealer({ ...header, number }, KEY.slice(), metadata)
      assert.equal(sealer.header.length, HEADER_BYTES)
      assert.equal(Buffer.from(sealer.header.subarray(-8)).toString('hex'), written)
      assert.deepEqual(parseHeader(sealer.header), { ...header, number })
    }
    // beyond what a number holds exactly, and far beyond what any session has
    const most = concatBytes(HEADER.subarray(0, -8), new Uint8Array(8).fill(0xff))
    assert.equal(parseHeader(most).number, 2 ** 64)
    const chain = new KeyChain('picture', KEY.slice())
    refuses('rekey_required', () => chain.check(parseHeader(most).number))
  })

  it('is refused if it is of version 1, too short, or something else', () => {
    const others = [HEADER.with(4, 0x31), HEADER.subarray(0, -1), new Uint8Array(0)]
    for (const other of [...others, pngOf(HEADER_BYTES)])
      refuses('bad_image', () => parseHeader(other))
  })

  it('gives back any picture, in whatever pieces it comes, by either cipher', () => {
    const around = fc
      .constantFrom(0, 1, 2)
      .chain((chunks) =>
        fc.integer({ min: -90, max: 90 }).map((off) => Math.max(12, chunks * CHUNK_BYTES + off)),
      )
    fc.assert(
      fc.property(
        fc.constantFrom(...TYPES),
        fc.oneof(fc.integer({ min: 12, max: 200 }), around),
        fc.integer({ min: 1, max: 3 * CHUNK_BYTES }),
        fc.string({ maxLength: 60 }),
        (type, length, pieces, name) => {
          const picture = pictureOf(type, length)
          // many small pieces only where there are few
          const size = Math.max(pieces, length / 50)
          const stream = seal(picture, { type, name, pieces: Math.ceil(size), aead: nodeAead })
          assert.deepEqual(stream, seal(picture, { type, name, aead: nobleAead }))
          assert.equal(stream.length, streamBytes({ type, bytes: length, name }))
          assert.ok(stream.length <= maxStreamBytes(length))
          for (const aead of [nodeAead, nobleAead]) {
            const opened = open(stream, { pieces: Math.ceil(size), aead })
            assert.deepEqual(opened.picture, picture)
            assert.deepEqual(opened.metadata, { type, bytes: length, name })
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('is refused with any bit flipped, by either cipher', () => {
    const stream = seal(pngOf(CHUNK_BYTES + 500))
    fc.assert(
      fc.property(
        fc.integer({ min: HEADER_BYTES, max: stream.length - 1 }),
        fc.integer({ min: 0, max: 7 }),
        fc.constantFrom(nodeAead, nobleAead),
        (at, bit, aead) => {
          refuses('decrypt_failed', () => open(flipped(stream, 8 * at + bit), { aead }))
        },
      ),
    )
  })

  const [head, one, two, three] = split(seal(pngOf(2 * CHUNK_BYTES + 999))) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  const damaged = [
    [head],
    [head, one],
    [head, one, two],
    [head, one, two.subarray(0, 1000)],
    [head, one, two, three.subarray(0, -1)],
    [head, two, one, three],
    [head, one, one, two, three],
    [head, one, two, three, three],
    [head, one, two, three, Uint8Array.of(0)],
    [head, one, two, three, head, one, two, three],
    [head, one, three],
    [head, three],
  ]
  it('is decrypt_failed with its chunks or bytes cut, swapped, repeated or added', () => {
    for (const parts of damaged) refuses('decrypt_failed', () => open(concatBytes(...parts)))
  })

  it('ends whole: a last chunk that is full is the last, and an empty one after it is too much', () => {
    const metadata = { type: 'image/png', bytes: 0, name: '' } as const
    // as long as fills two chunks exactly
    const overhead = 2 + JSON.stringify({ ...metadata, bytes: 130_000 }).length
    const picture = pngOf(2 * CHUNK_BYTES - overhead)
    const stream = seal(picture)
    assert.equal(stream.length, HEADER_BYTES + 2 * SEALED_CHUNK)
    assert.deepEqual(open(stream).picture, picture)
    const empty = sealChunk(2, true, new Uint8Array(0))
    refuses('decrypt_failed', () => open(concatBytes(stream, empty)))
    // the same picture with its last full chunk as one of many, and an empty one behind it
    const [head, first = head, second = head] = split(stream)
    const full = sealChunk(1, false, nobleAead.open(KEY, nonceOf(1, true), second))
    refuses('bad_image', () => open(concatBytes(head, first, full, empty)))
    refuses('decrypt_failed', () => open(concatBytes(head, first, full, flipped(empty, 7))))
  })

  const picture = pngOf(300)
  const honest = { type: 'image/png', bytes: 300, name: 'x' }
  const meta = (changes: object) => concatBytes(metadataOf({ ...honest, ...changes }), picture)
  const alone = utf8ToBytes(JSON.stringify(honest))
  const notUtf8 = alone.map((byte) => (byte === 'x'.charCodeAt(0) ? 0xff : byte))
  const wrong: [reason: RegExp, Record<string, Uint8Array>][] = [
    [
      /not its metadata/,
      {
        'no metadata': new Uint8Array(0),
        'a length that reaches beyond': concatBytes(Uint8Array.of(1, 255), picture),
        'metadata over 1 KiB': meta({ name: 'x'.repeat(1024) }),
        'metadata that is no JSON': concatBytes(lp(utf8ToBytes('{type}')), picture),
        'metadata that is not UTF-8': concatBytes(lp(Uint8Array.of(0x22, 0xff, 0x22)), picture),
        'a name that is not UTF-8': concatBytes(lp(notUtf8), picture),
        'metadata alone, of a greater length': concatBytes(Uint8Array.of(1, 255), alone),
        'no type': meta({ type: undefined }),
        'no name': meta({ name: undefined }),
        'an unknown field': meta({ path: '/' }),
        SVG: meta({ type: 'image/svg+xml' }),
        'a length that is no number': meta({ bytes: '300' }),
        'a negative length': meta({ bytes: -300 }),
        'half a byte': meta({ bytes: 300.5 }),
        'no picture': metadataOf({ ...honest, bytes: 0 }),
      },
    ],
    [
      /the length that it declared/,
      {
        'more than was declared': meta({ bytes: 299 }),
        'fewer than were declared': meta({ bytes: 301 }),
      },
    ],
    [
      /not of the type/,
      {
        'metadata alone': lp(alone),
        'a PNG that says JPEG': meta({ type: 'image/jpeg' }),
        'HTML that says PNG': concatBytes(
          metadataOf({ ...honest, bytes: 6 }),
          utf8ToBytes('<html>'),
        ),
      },
    ],
  ]
  for (const [reason, plaintexts] of wrong)
    it(`is bad_image, ${reason.source}`, () => {
      for (const [what, plaintext] of Object.entries(plaintexts))
        assert.throws(
          () => open(sealPlaintext(plaintext)),
          { code: 'bad_image', message: reason },
          what,
        )
    })

  it('that holds more than it declares is refused at the chunk that does, on both sides', () => {
    const long = pngOf(3 * CHUNK_BYTES)
    const short = { type: 'image/png', bytes: 99, name: '' } as const
    const sealer = new PictureSealer(header, KEY.slice(), short)
    refuses('bad_image', () => sealer.seal(long.subarray(0, 100)).next())
    const plaintext = concatBytes(metadataOf({ ...honest, bytes: CHUNK_BYTES }), long)
    const opener = new PictureOpener(KEY.slice(), MAX)
    const chunk = (at: number) =>
      sealChunk(at, false, plaintext.subarray(at * CHUNK_BYTES, (at + 1) * CHUNK_BYTES))
    for (const _ of opener.open(chunk(0))) assert.fail('a chunk waits for what follows')
    const opened = opener.open(concatBytes(chunk(1), chunk(2)))
    assert.ok((opened.next().value as Uint8Array).length > 0)
    refuses('bad_image', () => opened.next())
  })

  it('of nothing but a tag is empty, and does not open if the tag is wrong', () => {
    const stream = sealPlaintext(new Uint8Array(0))
    assert.match(refuses('bad_image', () => open(stream)).message, /not its metadata/)
    const wrong = stream.map((byte, i) => (i < HEADER_BYTES ? byte : byte ^ 1))
    refuses('decrypt_failed', () => open(wrong))
  })

  it('is as long as it can be with a name that just fits', () => {
    for (const length of [300, CHUNK_BYTES, 2 * CHUNK_BYTES - 1026, 2 * CHUNK_BYTES - 1025]) {
      const picture = pngOf(length)
      const metadata = { type: 'image/png', bytes: length, name: '' } as const
      const name = 'x'.repeat(1024 - JSON.stringify(metadata).length)
      const stream = seal(picture, { name })
      assert.equal(stream.length, maxStreamBytes(length))
      assert.equal(stream.length, streamBytes({ ...metadata, name }))
      assert.deepEqual(open(stream, { max: length }), { picture, metadata: { ...metadata, name } })
      refuses('bad_image', () => seal(picture, { name: `${name}x` }))
    }
  })

  it('that declares more than the receiver takes is too_large, at its first chunk', () => {
    refuses('too_large', () => open(seal(pngOf(301)), { max: 300 }))
    const stream = seal(pngOf(5 * CHUNK_BYTES))
    const first = stream.subarray(0, HEADER_BYTES + SEALED_CHUNK + 1)
    refuses('too_large', () => open(first, { max: 4 * CHUNK_BYTES }))
  })

  it('is sealed only as long as it says, and with a name that fits', () => {
    refuses('bad_image', () => seal(picture, { bytes: 299 }))
    refuses('bad_image', () => seal(picture, { bytes: 301 }))
    refuses('bad_image', () => seal(picture, { name: 'x'.repeat(1024) }))
  })
})

describe('a sealer or an opener that is erased', () => {
  const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0)

  it('has overwritten its key, and the sealer what it held of the picture', () => {
    const picture = pngOf(300)
    const [sealing, opening] = [KEY.slice(), KEY.slice()]
    let held: Uint8Array | undefined
    const aead: Aead = {
      ...nobleAead,
      seal: (_key, _nonce, chunk) => {
        held = chunk
        return []
      },
    }
    const metadata = { type: 'image/png', bytes: picture.length, name: '' } as const
    const sealer = new PictureSealer(header, sealing, metadata, aead)
    for (const _ of sealer.seal(picture)) assert.fail('no chunk is full')
    sealer.end()
    assert.ok(held && !isZero(held))
    sealer.erase()
    assert.ok(isZero(held) && isZero(sealing))
    assert.throws(() => sealer.end(), /erased/, 'nothing is sealed under a key of zeros')
    new PictureOpener(opening, MAX).erase()
    assert.ok(isZero(opening))
  })
})

describe('the answer to a picture', () => {
  it('has its length, and nothing else beside `accepted`', () => {
    assert.deepEqual(parseImageAnswer({ accepted: true, bytes: 0 }), { accepted: true, bytes: 0 })
    for (const answer of [
      null,
      { bytes: 1 },
      { accepted: false, bytes: 1 },
      { accepted: true, bytes: -1 },
      { accepted: true, bytes: 0.5 },
      { accepted: true, bytes: '1' },
      { accepted: true, bytes: 1, more: 1 },
    ])
      assert.throws(() => parseImageAnswer(answer), { name: 'ValiError' })
  })
})

describe('the type of a picture', () => {
  it('is one of four, and SVG is none', () => {
    for (const type of TYPES) assert.ok(isPictureType(type))
    for (const type of ['', 'image/svg+xml', 'image/PNG', 'text/plain'])
      assert.ok(!isPictureType(type))
  })

  it('is that of its first bytes', () => {
    for (const type of TYPES) assert.equal(pictureTypeOf(pictureOf(type, 12)), type)
    assert.equal(pictureTypeOf(utf8ToBytes('GIF87a and more')), 'image/gif')
    // a size in any four bytes
    assert.equal(pictureTypeOf(utf8ToBytes('RIFF \n\0rWEBP')), 'image/webp')
  })

  it('is none for what is no picture, or too short to tell', () => {
    const others = [
      '',
      '<svg xmlns="http://www.w3.org/2000/svg">',
      '<html>',
      '\x89PNG',
      'GIF88a',
      'RIFF0000WAVE',
      'RIFFWEBP',
      'a GIF87a',
    ]
    for (const text of others) assert.equal(pictureTypeOf(Buffer.from(text, 'latin1')), null)
  })
})
