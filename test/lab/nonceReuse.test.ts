/** One nonce for two texts: what `lab nonce-reuse` reads and forges without the key, and what our sessions do. */

import assert from 'node:assert/strict'
import { createDecipheriv, randomBytes } from 'node:crypto'
import { before, describe, it } from 'node:test'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import fc from 'fast-check'
import {
  DEMO_TEXTS,
  dragCrib,
  nonceReuse,
  xor,
} from '../../src/classroom/lab/nonce-reuse/nonceReuse.ts'
import { keyFromTwo, tagWith } from '../../src/classroom/lab/nonce-reuse/poly1305.ts'
import { utf8ToBytes } from '../../src/protocol/bytes.ts'
import { sharedProcess } from '../helpers/command.ts'
import { assertShows, documentAt, shellLines } from '../helpers/documents.ts'
import { labSays } from '../helpers/lab.ts'

const README = 'src/classroom/lab/nonce-reuse/README.md'
const SLOW = process.env['SLOW'] === '1'

/** What the command says of two texts and a guess; without them, of its own. */
const saidOf = async (texts?: readonly [string, string], crib?: string) =>
  (await labSays((say) => nonceReuse(say, texts, crib))).output
const command = sharedProcess()
const run = (...args: string[]) => command(['lab', 'nonce-reuse', ...args])

describe('the key of Poly1305', () => {
  const sealer = () => {
    const [key, nonce] = [randomBytes(32), randomBytes(12)]
    const seal = (text: Uint8Array) => {
      const sealed = chacha20poly1305(key, nonce).encrypt(text)
      return { ciphertext: sealed.slice(0, -16), tag: sealed.slice(-16) }
    }
    const opens = (ciphertext: Uint8Array, tag: Uint8Array) => {
      const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
      decipher.setAuthTag(tag)
      const text = decipher.update(ciphertext)
      decipher.final()
      return text
    }
    return { seal, opens }
  }

  it('follows from any two different messages under one nonce, and seals what the receiver opens', () => {
    const text = fc.uint8Array({ minLength: 1, maxLength: SLOW ? 100 : 40 })
    fc.assert(
      fc.property(text, text, text, (one, two, own) => {
        fc.pre(!Buffer.from(one).equals(Buffer.from(two)))
        const { seal, opens } = sealer()
        const [first, second] = [seal(one), seal(two)]
        const key = keyFromTwo(first, second)
        assert.ok(key)
        const ciphertext = xor(own, xor(first.ciphertext, one))
        assert.deepEqual(
          Uint8Array.from(opens(ciphertext, tagWith(key, ciphertext))),
          own.slice(0, one.length),
        )
      }),
      { numRuns: SLOW ? 40 : 2 },
    )
  })

  it('does not follow from the same message twice', () => {
    const { seal } = sealer()
    const text = utf8ToBytes('Meet me at noon')
    assert.equal(keyFromTwo(seal(text), seal(text)), null)
  })
})

describe('a crib', () => {
  it('shows the other text wherever it stands in one of the two', () => {
    const [one, two] = DEMO_TEXTS
    const hits = dragCrib(xor(utf8ToBytes(one), utf8ToBytes(two)), utf8ToBytes(' the '))
    const places = [...one.matchAll(/ the /g)].map(({ index }) => index)
    assert.equal(places.length, 3)
    for (const at of places)
      assert.equal(hits.find((hit) => hit.at === at)?.reading, two.slice(at, at + 5))
  })
})

describe('ecdh-duet lab nonce-reuse', () => {
  let output = ''
  before(async () => {
    output = await saidOf()
  })

  it('reads the overlap of its two texts, and forges a third', () => {
    const [one, two] = DEMO_TEXTS
    assertShows(README, output)
    assert.ok(
      output.replaceAll(/\s+/g, ' ').includes(`1 XOR 2 XOR text 1 ${two.slice(0, one.length)} `),
      output,
    )
    assert.match(output, /"aves " +✓ the guess stands in text 2/)
    assert.match(output, /^ {2}text 1 +_+aves the _/m)
    assert.match(output, /it opens to +The gold goes to the thief/)
  })

  it('takes two texts and a guess of the user, whatever is in them', async () => {
    const texts = ['wir treffen uns in \u001b[31mKöln', 'niemand weiß davon'] as const
    assert.match(await saidOf(texts, 'weiß'), /1 XOR 2 XOR text 1 +│ niemand wei\ufffd\ufffd/)
    // it does stand there, and shows no letters of the other one
    assert.match(
      await saidOf(['to the end', '1234567890'], ' the '),
      /neither text where that could be English/,
    )
    assert.match(
      await saidOf(['the same', 'the same']),
      /The two texts are equal, and so are their tags/,
    )
    const odd = await saidOf(['aaaa  bb the fox runs on', 'xxxx the  moon is made of'], ' the')
    assert.match(odd, /^4 +│ \\u\{20\}\\u\{20\}bb ┘ +✓ the guess stands in text 2$/m)
    // a second of arithmetic: the tags of so many blocks
    if (SLOW) await saidOf(['x'.repeat(512), 'y'.repeat(512)], 'z'.repeat(512))
  })

  it('runs as its README says, and gives the XOR of the texts as that of the ciphertexts', async () => {
    const [line = ''] = shellLines(documentAt(README).text, 'What to type')
    assert.match(line, /^node dist\/main\.js lab nonce-reuse /)
    const words = line.matchAll(/'([^']*)'|(\S+)/g)
    const args = [...words].map(([, text, word]) => text ?? word ?? '').slice(4)
    assert.equal(args.length, 4)
    const { code, output, errors } = await run(...args)
    assert.deepEqual([code, errors], [0, ''])
    assert.match(output, /✓ the guess stands in text 1/)
    assert.match(output, /✓ the guess stands in text 2/)
    const [a, b, both] = ['ciphertext 1', 'ciphertext 2', '1 XOR 2'].map((label) =>
      Buffer.from(
        new RegExp(`^  ${label} +([0-9a-f\\s]+)$`, 'm').exec(output)?.[1]?.replaceAll(/\s/g, '') ??
          '',
        'hex',
      ),
    )
    assert.ok(a && b && both)
    assert.deepEqual(xor(a, b), both)
    const [one = '', two = ''] = args
    assert.deepEqual(Uint8Array.from(both), xor(utf8ToBytes(one), utf8ToBytes(two)))
  })

  it('shows a new key for each message of ours, whatever is replayed', () => {
    const sealed = [
      ...output.matchAll(/ ([0-9a-f]{8}) {2}(\d) {7}([0-9a-f]{12})… {2}([0-9a-f]{12})…$/gm),
    ]
    const column = (i: number) => sealed.map((row) => row[i] ?? '')
    assert.deepEqual(column(2), ['0', '1', '2', '0'])
    assert.equal(new Set(column(3)).size, 4)
    assert.equal(new Set(column(4)).size, 4)
    const [first, second, third, fourth] = column(1)
    assert.deepEqual([first, first], [second, third])
    assert.notEqual(first, fourth)
    assert.match(output, /replayed:\s+refused, stale_keys/)
    assert.match(output, /nobody has proved:\s+refused, no_session/)
  })

  it('wants two texts of 1 to 512 bytes, or none', async () => {
    for (const args of [
      ['one', 'two', 'three'],
      ['', 'two'],
      ['x'.repeat(513), 'two'],
    ]) {
      const { code, output, errors } = await run(...args)
      assert.deepEqual([code, output], [2, ''])
      assert.match(errors, /^error: /)
    }
  })
})
