/** Pictures as sealed chunks: the bytes, what is refused, and that two ciphers give the same. */

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { nodeAead, quickAead } from '../../src/http/pictures.ts'
import { concatBytes } from '../../src/protocol/bytes.ts'
import { KeyChain } from '../../src/protocol/keyChain.ts'
import {
  type Aead,
  CHUNK_BYTES,
  chunksOf,
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
import { badPictures, stranger } from '../helpers/bad-input.ts'
import { pictureOf, pngOf } from '../helpers/pictures.ts'
import { REASON, refuses } from '../helpers/refuses.ts'
import { flipped } from '../helpers/vectors.ts'
import { openChunk, Session, sealChunk } from '../independent/session.ts'
import { ephemeralKeys, INDEPENDENT_SUITES, keyPair } from '../independent/suites.ts'

const [suite = assert.fail()] = INDEPENDENT_SUITES
/** That of a sender of another implementation, which never takes a key: each is the one of a number ahead. */
const session = new Session(suite, keyPair(suite.curve), ephemeralKeys(suite), stranger(suite))
const keyOf = (number: number) => session.files.out.ahead(number).key
const header = { session: Uint8Array.from(session.id), number: 300 }
/** Its key, for the other implementation and for the program. */
const key = keyOf(header.number)
const KEY = Uint8Array.from(key)
const MAX = 64 * 1024 * 1024
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

function open(stream: Uint8Array, { pieces = 9_973, aead = nobleAead, max = MAX } = {}) {
  const { number } = parseHeader(stream.subarray(0, HEADER_BYTES))
  const opener = new PictureOpener(keyOf(number), max, aead)
  const opened: Uint8Array[] = []
  for (let i = HEADER_BYTES; i < stream.length; i += pieces)
    opened.push(...opener.open(stream.subarray(i, i + pieces)))
  opened.push(opener.end())
  return { picture: concatBytes(...opened), metadata: opener.metadata }
}

describe('a picture stream', () => {
  it('is that of another implementation, byte by byte', () => {
    const picture = pngOf(2 * CHUNK_BYTES)
    const name = 'größe.png'
    const metadata = { type: 'image/png', bytes: picture.length, name }
    const expected = session.sealPicture(metadata, Buffer.from(picture), header.number)
    assert.deepEqual(Buffer.from(seal(picture, { name })), expected)
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
    const most = session.pictureHead(header.number).fill(0xff, HEADER_BYTES - 8)
    assert.equal(parseHeader(most).number, 2 ** 64)
    const chain = new KeyChain('picture', KEY.slice())
    refuses('rekey_required', () => chain.check(parseHeader(most).number))
  })

  it("is sealed by noble where Node's cipher is missing, which one try tells", (t) => {
    assert.equal(quickAead(), nodeAead)
    t.mock.method(crypto, 'createCipheriv', () => {
      throw new Error('Unknown cipher')
    })
    syncBuiltinESMExports()
    try {
      assert.equal(quickAead(), nobleAead)
    } finally {
      t.mock.restoreAll()
      syncBuiltinESMExports()
    }
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

  it('is refused where it is wrong in any way, with a reason', () => {
    const ofGif = { type: 'image/gif', bytes: 150_000, name: 'dot.gif' }
    const picture = Buffer.from(pictureOf('image/gif', ofGif.bytes))
    const genuine = session.sealPicture(ofGif, picture, header.number)
    // what else a peer refuses, it knows from its session and from the picture's own size
    const rows = badPictures(session, genuine, genuine).filter(
      ([code, what]) =>
        ['bad_image', 'decrypt_failed', 'too_large'].includes(code) &&
        !/^(a side|an area)/.test(what),
    )
    assert.ok(rows.length > 35)
    for (const [code, what, stream] of rows)
      for (const aead of [nobleAead, nodeAead]) {
        const opening = () => open(stream as Buffer, { aead })
        assert.throws(opening, { name: 'DuetError', code, message: REASON }, what)
      }
    assert.deepEqual(Buffer.from(open(genuine).picture), picture)
  })

  it('is refused with a reason that tells its metadata, its type and its length apart', () => {
    const json = Buffer.from(JSON.stringify({ type: 'image/png', bytes: 20, name: '' }))
    const png = pngOf(21)
    for (const [reason, length, picture] of [
      [/not its metadata/, json.length + 1, png.subarray(0, 0)],
      [/not of the type/, json.length, png.subarray(0, 0)],
      [/not of the type/, json.length, pictureOf('image/gif', 20)],
      [/the length that it declared/, json.length, png],
    ] as const) {
      const plain = Buffer.concat([Uint8Array.of(0, length), json, picture])
      const stream = concatBytes(session.pictureHead(300), sealChunk(key, 0, true, plain))
      assert.match(refuses('bad_image', () => open(stream)).message, reason)
    }
  })

  it('ends whole: a last chunk that is full is the last, and an empty one after it is too much', () => {
    const metadata = { type: 'image/png', bytes: 0, name: '' }
    // as long as fills two chunks exactly
    const overhead = 2 + JSON.stringify({ ...metadata, bytes: 130_000 }).length
    const picture = pngOf(2 * CHUNK_BYTES - overhead)
    const stream = seal(picture)
    assert.equal(stream.length, HEADER_BYTES + 2 * SEALED_CHUNK)
    assert.deepEqual(open(stream).picture, picture)
    const empty = sealChunk(key, 2, true, Buffer.alloc(0))
    refuses('decrypt_failed', () => open(concatBytes(stream, empty)))
    // the same picture with its last full chunk as one of many, and an empty one behind it
    const at = HEADER_BYTES + SEALED_CHUNK
    const last = openChunk(key, 1, true, Buffer.from(stream.subarray(at)))
    const full = concatBytes(stream.subarray(0, at), sealChunk(key, 1, false, last))
    refuses('bad_image', () => open(concatBytes(full, empty)))
    refuses('decrypt_failed', () => open(concatBytes(full, flipped(empty, 7))))
    // alone it is too little
    const alone = concatBytes(
      session.pictureHead(header.number),
      sealChunk(key, 0, true, Buffer.alloc(0)),
    )
    assert.match(refuses('bad_image', () => open(alone)).message, /not its metadata/)
  })

  it('that holds more than it declares is refused at the chunk that does, on both sides', () => {
    const long = pngOf(3 * CHUNK_BYTES)
    const short = { type: 'image/png', bytes: 99, name: '' } as const
    const sealer = new PictureSealer(header, KEY.slice(), short)
    refuses('bad_image', () => sealer.seal(long.subarray(0, 100)).next())
    const stream = session.sealPicture({ ...short, bytes: CHUNK_BYTES }, Buffer.from(long), 300)
    const opener = new PictureOpener(KEY.slice(), MAX)
    const chunk = (at: number) =>
      stream.subarray(HEADER_BYTES + at * SEALED_CHUNK).subarray(0, SEALED_CHUNK)
    for (const _ of opener.open(chunk(0))) assert.fail('a chunk waits for what follows')
    const opened = opener.open(concatBytes(chunk(1), chunk(2)))
    assert.ok((opened.next().value as Uint8Array).length > 0)
    refuses('bad_image', () => opened.next())
  })

  it('is as long as it can be with a name that just fits, and sealed only as long as it says', () => {
    for (const length of [300, CHUNK_BYTES, 2 * CHUNK_BYTES - 1026, 2 * CHUNK_BYTES - 1025]) {
      const picture = pngOf(length)
      const metadata = { type: 'image/png', bytes: length, name: '' } as const
      const name = 'x'.repeat(1024 - JSON.stringify(metadata).length)
      const stream = seal(picture, { name })
      assert.equal(stream.length, maxStreamBytes(length))
      assert.equal(stream.length, streamBytes({ ...metadata, name }))
      assert.deepEqual(open(stream, { max: length }), { picture, metadata: { ...metadata, name } })
      refuses('bad_image', () => seal(picture, { name: `${name}x` }))
      refuses('bad_image', () => seal(picture, { bytes: length - 1 }))
      refuses('bad_image', () => seal(picture, { bytes: length + 1 }))
    }
  })

  it('has its chunks counted as they are sealed', () => {
    for (const bytes of [1, 65_000, 65_536, 65_537, 200_000, 64 * 1024 * 1024]) {
      const total = streamBytes({ type: 'image/png', bytes, name: 'a' })
      const { count, each, last } = chunksOf(total)
      assert.equal(HEADER_BYTES + (count - 1) * each + last, total)
      assert.ok(last > 16 && last <= each)
    }
    assert.deepEqual(chunksOf(0), { count: 0, each: SEALED_CHUNK, last: 0 })
  })

  it('that declares more than the receiver takes is too_large, at its first chunk', () => {
    refuses('too_large', () => open(seal(pngOf(301)), { max: 300 }))
    const stream = seal(pngOf(5 * CHUNK_BYTES))
    const first = stream.subarray(0, HEADER_BYTES + SEALED_CHUNK + 1)
    refuses('too_large', () => open(first, { max: 4 * CHUNK_BYTES }))
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
      assert.throws(() => parseImageAnswer(answer), { code: 'bad_message' })
  })
})

describe('the type of a picture', () => {
  it('is one of four, and SVG is none', () => {
    for (const type of TYPES) assert.ok(isPictureType(type))
    for (const type of ['', 'image/svg+xml', 'image/PNG', 'text/plain'])
      assert.ok(!isPictureType(type))
  })

  it('is that of its first bytes, and none for what is no picture, or too short to tell', () => {
    for (const type of TYPES) assert.equal(pictureTypeOf(pictureOf(type, 12)), type)
    for (const [text, type] of [
      ['GIF87a and more', 'image/gif'],
      // a size in any four bytes
      ['RIFF \n\0rWEBP', 'image/webp'],
      ['', null],
      ['<svg xmlns="http://www.w3.org/2000/svg">', null],
      ['<html>', null],
      ['\x89PNG', null],
      ['GIF88a', null],
      ['RIFF0000WAVE', null],
      ['RIFFWEBP', null],
      ['a GIF87a', null],
    ] as const)
      assert.equal(pictureTypeOf(Buffer.from(text, 'latin1')), type, text)
  })
})
