/** The letters of English beside those of a ciphertext, and the line that gets flat. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type ByLetter,
  ENGLISH,
  LETTERS,
  LetterCount,
  MAX_COUNTED,
} from '../../src/peer/frequency.ts'
import { concatBytes, hexToBytes, randomBytes } from '../../src/protocol/bytes.ts'
import { nobleAead } from '../../src/protocol/stream.ts'
import { post, posting } from '../helpers/call.ts'
import { assertProblem } from '../helpers/problem.ts'
import { agree, sharedPeers, withPeers, withSession } from '../helpers/with-peers.ts'

/** How often each letter stands in a text. */
function counted(text: string): Record<string, number> {
  const letters = text.toLowerCase().replaceAll(/[^a-z]/g, '')
  return Object.fromEntries(LETTERS.map((letter) => [letter, letters.split(letter).length - 1]))
}

/** What is to be answered for these bytes, by Node's own base64. */
function expected(bytes: Uint8Array): { sample: number; ciphertext: ByLetter<number | null> } {
  const counts = Object.entries(counted(Buffer.from(bytes).toString('base64')))
  const sample = counts.reduce((sum, [, count]) => sum + count, 0)
  const share = (count: number) =>
    sample === 0 ? null : Number(((100 * count) / sample).toFixed(3))
  return {
    sample,
    ciphertext: Object.fromEntries(counts.map(([letter, count]) => [letter, share(count)])),
  }
}

describe('the table of English', () => {
  it('has 26 letters that make up the whole, from e to z as the order of frequency goes', () => {
    assert.deepEqual(Object.keys(ENGLISH), LETTERS)
    const sum = Object.values(ENGLISH).reduce((sum, percent) => sum + percent, 0)
    assert.equal(sum.toFixed(3), '99.999')
    const order = LETTERS.toSorted((a, b) => (ENGLISH[b] ?? 0) - (ENGLISH[a] ?? 0))
    assert.equal(order.join(''), 'etaoinshrdlcumwfgypbvkjxqz')
  })
})

describe('the letters of bytes', () => {
  it('are those of their base64, in whatever pieces they come', () =>
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (pieces) => {
        const letters = new LetterCount()
        for (const piece of pieces) {
          letters.add(piece)
          // looking changes nothing
          assert.deepEqual(letters.frequencies(), letters.frequencies())
        }
        const { sample, percent } = letters.frequencies()
        const whole = expected(Buffer.concat(pieces))
        assert.equal(sample, whole.sample)
        for (const letter of LETTERS) {
          const [ours, theirs] = [percent[letter] ?? null, whole.ciphertext[letter] ?? null]
          if (theirs === null) assert.equal(ours, null)
          // the last digit of a half may go up or down
          else assert.ok(Math.abs((ours ?? 0) - theirs) < 0.0011, `${letter} ${ours} ${theirs}`)
        }
      }),
    ))

  it('are those of the last 64 KiB, where more came', () =>
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 40_000 }), { maxLength: 8 }), (lengths) => {
        const letters = new LetterCount()
        const pieces = lengths.map((length) => randomBytes(length))
        for (const piece of pieces) letters.add(piece)
        const { sample } = letters.frequencies()
        assert.equal(sample, expected(Buffer.concat(pieces).subarray(-MAX_COUNTED)).sample)
      }),
      { numRuns: 20 },
    ))

  it('lie flat in a ciphertext, even in one of a single letter, and not in what is not encrypted', () => {
    const text = Buffer.alloc(1024 * 1024, 'e')
    const ciphertext = concatBytes(
      ...nobleAead.seal(new Uint8Array(32).fill(7), new Uint8Array(12), text),
    )
    const sharesOf = (bytes: Uint8Array) => {
      const letters = new LetterCount()
      letters.add(bytes)
      return Object.values(letters.frequencies().percent).map(Number)
    }
    const flat = 100 / 26
    for (const share of sharesOf(ciphertext)) assert.ok(Math.abs(share - flat) < 0.3, `${share}`)
    assert.ok(sharesOf(text).some((share) => share > 20))
  })
})

describe('/frequency', () => {
  it('answers with the table and nulls before anything came, and says what to do', () =>
    withPeers({}, async (a, b) => {
      const { next, ...shown } = (await a.call('/frequency')).json
      assert.deepEqual(shown, { english: ENGLISH, ...expected(new Uint8Array(0)) })
      assert.equal(next, `curl ${a.url}/send_keys && curl ${b.url}/send_keys`)
      await agree(a, b)
      const then = (await a.call('/frequency?letter=e')).json
      const letter = { letter: 'e', english: 12.702, ciphertext: null, sample: 0 }
      assert.deepEqual(then, { ...letter, next: `curl ${b.url}/send_image` })
    }))

  it('counts every message that was received and accepted, and no other', () =>
    withSession({}, async (a, b) => {
      for (let i = 0; i < 3; i++) assert.equal((await a.call('/send_msg')).status, 201)
      const { waiting } = (await b.call('/show')).json
      const bytes = waiting.map(({ ciphertext }: { ciphertext: string }) => hexToBytes(ciphertext))
      const { json } = await b.call('/frequency')
      assert.equal(json.sample, expected(Buffer.concat(bytes)).sample)
      assert.deepEqual(Object.keys(json.ciphertext), LETTERS)
      // opened, replayed, forged: nothing more was received
      await b.call('/decrypt_msg')
      for (const seq of [0, 9])
        assert.ok((await post(`${b.url}/wire/message`, { v: 2, ...waiting[0], seq })).status >= 400)
      assert.deepEqual((await b.call('/frequency')).json, json)
      // the sender received nothing
      assert.equal((await a.call('/frequency')).json.sample, 0)
    }))

  it('counts the first 64 KiB of a picture that was accepted, and has each letter for itself', () =>
    withSession({}, async (a, b) => {
      const { bytes } = (await a.call('/send_image')).json
      const { sample, ciphertext, next } = (await b.call('/frequency')).json
      // 52 of the 64 characters are letters
      const likely = (Math.min(bytes, 65_536) * (8 / 6) * 52) / 64
      assert.ok(Math.abs(sample / likely - 1) < 0.03, `${sample} of ${likely}`)
      for (const letter of LETTERS) assert.ok(ciphertext[letter] > 3 && ciphertext[letter] < 4.7)
      assert.equal(next, `curl ${b.url}/frequency -G -d letter=e`)
      for (const letter of ['a', 'e', 'z']) {
        const shares = { english: ENGLISH[letter], ciphertext: ciphertext[letter], sample }
        const { status, json } = await b.call(`/frequency?letter=${letter}`)
        assert.equal(status, 200)
        assert.deepEqual(json, { letter, ...shares, next: `curl ${b.url}/frequency` })
      }
      const refused = posting('application/octet-stream', Buffer.alloc(5_000, 'DUET2'))
      assert.ok((await b.call('/wire/image', refused)).status >= 400)
      assert.equal((await b.call('/frequency')).json.sample, sample)
    }))

  const withPair = sharedPeers()
  const queries =
    'letter letter= letter=E letter=ee letter=1 letter=%C3%A9 letter=e%0A letter=e&letter=e letter=e&x=1 x=1&letter=e x=1 Letter=e letter[]=e letter=__proto__ =e e %'
  for (const [asked, path, options] of [
    ...queries.split(' ').map((query) => [`?${query}`, `/frequency?${query}`] as const),
    ['a letter in a body', '/frequency', { method: 'POST', body: 'letter=e' }],
  ] as const)
    it(`${asked} is bad_letter, and says how it is asked`, () =>
      withPair(async (a) => {
        const { next } = assertProblem(await a.call(path, options), 'bad_letter')
        assert.equal(next, `curl ${a.url}/frequency -G -d letter=e`)
      }))
})
