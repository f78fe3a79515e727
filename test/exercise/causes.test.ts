/** What a student's peer computes, right and with each of the usual mistakes, and how the mistake is found again. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import {
  type Choices,
  DECISIONS,
  type Decision,
  deviationsOf,
  isPossible,
  type Layer,
  RIGHT,
} from '../../src/classroom/exercise/computation/choices.ts'
import { compute } from '../../src/classroom/exercise/computation/computed.ts'
import { encodingOf } from '../../src/classroom/exercise/computation/encodings.ts'
import {
  chooseEphemeral,
  chooseIdentity,
  type Ephemeral,
  ephemeralKeys,
  hasOrder,
  type IdentityWish,
  keyPair,
} from '../../src/classroom/exercise/computation/keys.ts'
import { Ledger } from '../../src/classroom/exercise/computation/ledger.ts'
import {
  kemOfExaminer,
  kemOfStudent,
  type Material,
  type Side,
} from '../../src/classroom/exercise/computation/material.ts'
import type { Observation } from '../../src/classroom/exercise/computation/observations.ts'
import { Random } from '../../src/classroom/exercise/computation/random.ts'
import { bytesToHex, compareBytes, hexToBytes, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import type { Party } from '../../src/protocol/keySchedule.ts'
import { safetyNumber } from '../../src/protocol/safetyNumber.ts'
import { Session } from '../../src/protocol/session.ts'
import { PictureSealer } from '../../src/protocol/stream.ts'
import { EphemeralKeys, SUITE_NAMES, SUITES, type Suite } from '../../src/protocol/suites.ts'
import { root } from '../helpers/documents.ts'
import { fixedKeys } from '../helpers/fixed-suite.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 1e6)
const PARTIES = [1, 2] as const
const SIDES = ['student', 'examiner'] as const
const ORDERS = ['plain', 'opposite'] as const

/** `src/protocol/vectors.json`, by suite. */
const examples = new Map<string, Record<string, string>>(
  JSON.parse(fs.readFileSync(path.join(root, 'src/protocol/vectors.json'), 'utf8'))
    .testGroups.filter((group: { type: string }) => group.type === 'DuetExchange')
    .map((group: { curve: string; tests: unknown[] }) => [group.curve, group.tests[0]]),
)

describe('the computation', () => {
  for (const name of SUITE_NAMES)
    it(`is that of the worked example on ${name}, whichever party the student is`, () => {
      const suite = SUITES[name]
      const example = examples.get(name) ?? {}
      const value = (field: string) => hexToBytes(example[field] ?? 'none')
      for (const party of PARTIES) {
        const other = 3 - party
        const kem = suite.kem && {
          ciphertext: value('kemCiphertext'),
          secret: value('kemSharedSecret'),
          // party 2 made it
          madeBy: party === 2 ? ('student' as const) : ('examiner' as const),
        }
        const keys = fixedKeys(suite, {
          privateKey: value(`ephemeralPrivateKey${other}`),
          seed: kem ? value(`kemSeed${other}`) : undefined,
        })
        const computed = compute({
          suite,
          examiner: {
            identity: new KeyPair(suite.curve, value(`identityPrivateKey${other}`)),
            ephemeral: keys,
          },
          student: { identity: value(`identity${party}`), publicKey: value(`publicKey${party}`) },
          kem,
          first: 'student',
        })
        assert.deepEqual(Object.fromEntries(computed.publicValues), {
          s1: example['s1'],
          s2: example['s2'],
          T: example['transcript'],
          'session id': example['session'],
        })
        const dhs = ['dhE1E2', 'dhId1E2', 'dhE1Id2'].map((dh) => example[dh])
        assert.deepEqual(
          computed.secretValues.map(([, value]) => bytesToHex(value)),
          [
            ...(kem ? [example['kemSharedSecret']] : []),
            ...dhs,
            (kem ? example['kemSharedSecret'] : '') + dhs.join(''),
            ...['prk', 'chain12', 'chain21', 'files12', 'files21', 'confirm1', 'confirm2'].map(
              (field) => example[field],
            ),
            example[`tag${party}`],
            example[`tag${other}`],
          ],
        )
        const from = party === 1 ? 'student' : 'examiner'
        for (const seq of [0, 1]) {
          const text = utf8ToBytes(example[`text${seq}`] ?? '')
          const sealed = computed.sealMessage(from, seq, text)
          assert.equal(bytesToHex(sealed), example[`ciphertext${seq}`])
          assert.deepEqual(computed.openMessage(from, seq, sealed), text)
          assert.equal(computed.openMessage(from, seq + 1, sealed), null)
        }
        const metadata = utf8ToBytes('{"type":"image/gif","bytes":12,"name":"dot.gif"}')
        const stream = computed.sealPicture(from, 0, metadata, value('picture'))
        assert.equal(bytesToHex(stream), example['stream'])
        assert.equal(computed.safetyNumber, example['safetyNumber'])
      }
    })

  it('is that of a session of the program, with three texts and chunks each way', () => {
    const random = new Random(seed, 'session')
    for (const name of SUITE_NAMES)
      for (const party of PARTIES) {
        const suite = SUITES[name]
        const identity = keyPair(random, suite)
        const own = new EphemeralKeys(suite)
        const student = { identity: identity.publicKey, publicKey: own.publicKey }
        const examiner = {
          identity: wanted(
            chooseIdentity(random, suite, student.identity, { party, order: 'plain' }),
          ),
          ephemeral: ephemeralKeys(random, suite),
        }
        const share = {
          identity: examiner.identity.publicKey,
          publicKey: examiner.ephemeral.publicKey,
        }
        const made = party === 1 ? kemOfExaminer(random, suite, own.publicKey) : null
        const session = new Session(identity, own, share, made?.ciphertext ?? null)
        session.promote()
        const { ciphertext } = session.confirm
        const kem = ciphertext ? kemOfStudent(examiner.ephemeral, ciphertext) : made
        const computed = compute({ suite, examiner, student, kem, first: 'student' })
        assert.equal(session.party, party)
        assert.equal(computed.party, party)
        assert.deepEqual(computed.sessionId, session.id)
        assert.deepEqual(computed.tag('student'), session.confirm.tag)
        assert.ok(session.isProvenBy(computed.confirm))
        for (const seq of [0, 1, 2]) {
          const text = random.bytes(random.below(100))
          const { ciphertext } = session.seal(text)
          assert.deepEqual(computed.openMessage('student', seq, ciphertext), text)
          const sealed = computed.sealMessage('examiner', seq, text)
          const message = session.receive({ session: session.id, seq, ciphertext: sealed })
          assert.deepEqual(message.open(), text)
          session.accept(message)
        }
        const picture = random.bytes(150_006)
        const metadata = { type: 'image/gif', bytes: picture.length, name: 'a' } as const
        const { header, key } = session.sealPicture()
        const sealer = new PictureSealer(header, key, metadata)
        const body = Buffer.concat([sealer.header, ...sealer.seal(picture), ...sealer.end()])
        const json = utf8ToBytes(JSON.stringify(metadata))
        assert.ok(body.equals(computed.sealPicture('student', 0, json, picture)))
        const opened = wanted(computed.openPicture('student', 0, body))
        assert.equal(opened.chunks.length, 3)
        assert.deepEqual(computed.metadataIn(opened.plaintext, picture.length), json)
        assert.equal(
          computed.safetyNumber,
          safetyNumber(suite.curve, student.identity, share.identity),
        )
      }
  })
})

describe("the examiner's keys", () => {
  it('stand in the orders that a clause wants, in all of them at once', () => {
    const random = new Random(seed, 'orders')
    for (const name of SUITE_NAMES)
      for (const party of PARTIES)
        for (const order of ORDERS) {
          const suite = SUITES[name]
          // in the middle of each order, where every wish can be met
          const student = middling(random, suite)
          const identity = wanted(
            chooseIdentity(random, suite, student, { party, order, zeroGroup: true }),
          )
          const same = { plain: 1, opposite: -1 }[order]
          const sign = party === 1 ? -1 : 1
          const [x, own] = [student, identity.publicKey].map((point) =>
            name === 'P-256' ? point.subarray(1, 33) : point,
          ) as [Uint8Array, Uint8Array]
          const compare = (of: (bytes: Uint8Array) => Uint8Array) =>
            Math.sign(compareBytes(of(x), of(own)))
          assert.equal(
            compare((bytes) => bytes),
            sign,
          )
          assert.equal(
            compare((bytes) => bytes.toReversed()),
            sign * same,
          )
          const canDiffer = (x[0] ?? 0) < 0x80 === (party === 1)
          assert.equal(
            compare((bytes) => bytes.map((byte) => byte + 0x80)),
            canDiffer ? sign * same : sign,
          )
          const [half, otherHalf] = [student, identity.publicKey].map((point) =>
            safetyNumber(suite.curve, point, point).slice(0, 35),
          ) as [string, string]
          assert.match(otherHalf, /\b0/)
          assert.equal(half < otherHalf ? -1 : 1, sign * same)

          const studentPublicKey = middlingKeys(random, suite)
          const wish = { party, order }
          const known = wanted(chooseEphemeral(random, suite, { ...wish, studentPublicKey }))
          assert.equal(Math.sign(compareBytes(studentPublicKey, known.publicKey)), sign * same)
          const { publicKey } = wanted(
            chooseEphemeral(random, suite, { ...wish, studentPublicKey: null }),
          )
          const first = publicKey[name === 'P-256' ? 1 : 0] ?? 0
          assert.ok(sign * same < 0 ? first > 0xfa : first < 5, `first byte ${first}`)
          assert.ok(hasOrder(wish, { publicKey } as Ephemeral, studentPublicKey))
        }
  })

  it('are the same for the same seed and label, and others for another one', () => {
    const publicKeyOf = (seed: number, label: string) =>
      bytesToHex(ephemeralKeys(new Random(seed, label), SUITES.X25519MLKEM768).publicKey)
    assert.equal(publicKeyOf(seed, 'keys/1'), publicKeyOf(seed, 'keys/1'))
    assert.notEqual(publicKeyOf(seed, 'keys/1'), publicKeyOf(seed, 'keys/2'))
    assert.notEqual(publicKeyOf(seed, 'keys/1'), publicKeyOf(seed + 1, 'keys/1'))
  })
})

/** What a peer with `choices` does in an agreement, and what is seen of it in one layer. */
function seenOf(material: Material, choices: Choices, layer: Layer): Observation[] {
  const computed = compute(material, choices)
  const counts = { student: 0, examiner: 0 }
  const next = (from: Side) => ({
    from,
    number: counts[from]++,
    others: counts[from === 'student' ? 'examiner' : 'student'],
  })
  switch (layer) {
    case 1:
      return [{ kind: 'session id', material, value: computed.sessionId }]
    case 2:
      return (['student', 'examiner'] as const).map((from) => ({
        kind: 'tag',
        material,
        from,
        value: computed.tag(from),
        isTaken: true,
      }))
    case 3:
      return (['student', 'student', 'examiner', 'student', 'examiner', 'examiner'] as const).map(
        (side) => {
          const { from, number: seq, others } = next(side)
          const text = utf8ToBytes(`text ${seq} of the ${from}`)
          const ciphertext = computed.sealMessage(from, seq, text, others)
          return { kind: 'text', material, from, seq, others, text, ciphertext, isTaken: true }
        },
      )
    case 4: {
      const pictures = [
        ['student', SHORT],
        ['examiner', SHORT],
        ['student', LONG],
        ['student', FULL],
      ] as const
      // long ones take their time: once is enough
      const isLong = material.first === 'student' && computed.party === 1
      const seen = isLong ? pictures : pictures.slice(0, 2)
      return seen.map(([side, picture]) => {
        const { from, number, others } = next(side)
        const body = computed.sealPicture(from, number, METADATA, picture, others)
        return { kind: 'picture', material, from, number, others, picture, body, isTaken: true }
      })
    }
    case 5:
      return [{ kind: 'safety number', material, value: computed.safetyNumber }]
  }
}

const METADATA = utf8ToBytes('{"type":"image/gif","bytes":1,"name":"a"}')
const SHORT = new Uint8Array(40).fill(1)
const LONG = new Uint8Array(150_006).fill(2)
/** Fills a chunk with its metadata. */
const FULL = new Uint8Array(65_536 - 2 - METADATA.length).fill(3)

/** One agreement in each party, order and way to begin, then some in which one order alone differs. */
function agreements(suite: Suite, seed: number): readonly Material[] {
  const key = `${suite.name} ${seed}`
  const known = made.get(key) ?? madeNow(suite, new Random(seed, 'agreements'))
  made.set(key, known)
  return known
}

/** Agreements by suite and seed: several tests look at the same ones. */
const made = new Map<string, readonly Material[]>()

function madeNow(suite: Suite, random: Random): Material[] {
  const student = middling(random, suite)
  // In the other party these bytes can't be in the opposite order.
  const isLow = (student[suite.name === 'P-256' ? 1 : 0] ?? 0) < 0x80
  const wishes: IdentityWish[] = [
    { party: 1, order: 'plain', text: 'plain', zeroGroup: true },
    { party: 2, order: 'plain', zeroGroup: true },
    { party: 1, order: 'opposite', zeroGroup: true },
    { party: 2, order: 'opposite', zeroGroup: true },
    { party: 1, order: 'plain', littleEndian: 'opposite' },
    { party: 2, order: 'plain', littleEndian: 'opposite' },
    { party: isLow ? 1 : 2, order: 'plain', signed: 'opposite' },
    // "0" stands before "A", and bytes from d0 on begin with a digit. (P-256's first digits are of 04 and the first half byte.)
    {
      party: 1,
      order: 'plain',
      text: 'opposite',
      signed: isLow && suite.name !== 'P-256' ? 'opposite' : 'plain',
    },
  ]
  return wishes.flatMap((wish) => {
    const identity = wanted(chooseIdentity(random, suite, student, wish))
    return SIDES.map((first): Material => {
      const { publicKey } = ephemeralKeys(random, suite)
      const keys = chooseEphemeral(random, suite, { ...wish, studentPublicKey: publicKey })
      return {
        suite,
        examiner: { identity, ephemeral: keys ?? ephemeralKeys(random, suite) },
        student: { identity: student, publicKey },
        kem: kemOfExaminer(random, suite, publicKey),
        first,
      }
    })
  })
}

/** The agreements in which a layer is seen: for texts and pictures both parties are enough. */
function seenIn(materials: readonly Material[], layer: Layer): readonly Material[] {
  if (layer === 1 || layer === 5) return materials
  return layer === 2 ? materials.slice(0, 8) : materials.filter((_, i) => i === 0 || i === 2)
}

function explanationOf(materials: readonly Material[], choices: Choices, layer: Layer) {
  const ledger = new Ledger()
  for (const material of seenIn(materials, layer))
    ledger.record(...seenOf(material, choices, layer))
  // Tags tell a transcript that was cut, or hashed twice, from one with the same session id.
  for (const material of layer === 1 ? materials.slice(0, 2) : [])
    ledger.record(...seenOf(material, choices, 2))
  const explanation = ledger.explain(layer)
  return { ledger, ...explanation }
}

/** Names that are said as another one, since nothing tells them apart. */
const TWINS: Readonly<Record<string, string>> = {
  'extract-hash': 'extract-none',
  // where the halves come in the same order
  'safety-no-zeros-sorted': 'safety-no-zeros',
  'chunk-1000000': 'chunk-whole',
  'chunk-1048576': 'chunk-whole',
  // it decides as the whole shares do
  'order-identities': '',
}

/** Every mistake that a suite can have: its layer, and choices with it alone. */
function mistakes(suite: Suite): { name: string; layer: Layer; choices: Choices }[] {
  return (Object.keys(DECISIONS) as Decision[]).flatMap((decision) => {
    const { layer, variants } = DECISIONS[decision]
    return Object.keys(variants)
      .filter((name) => isPossible(suite, decision, name))
      .map((name) => ({ name, layer, choices: { ...RIGHT, [decision]: name } as Choices }))
  })
}

/** All layers. */
const SETTLED = 5
const seeds = process.env['SLOW'] === '1' ? Array.from({ length: 20 }, (_, i) => seed + i) : [seed]

describe('the cause', () => {
  for (const name of SUITE_NAMES)
    it(`of each mistake alone is named, on ${name}`, () => {
      for (const seed of seeds) {
        const suite = SUITES[name]
        const random = new Random(seed, 'mistakes')
        const materials = agreements(suite, seed)
        const all = mistakes(suite)
        // What the suites have in common is planted on one of them.
        const isAll = name === 'X25519' || seeds.length > 1
        const own = mistakes(SUITES.X25519).map((one) => one.name)
        const planted = all.filter(
          (one) => isAll || !own.includes(one.name) || random.below(8) === 0,
        )
        for (const { name: mistake, layer, choices } of planted) {
          const { kind, names, sentence } = explanationOf(materials, choices, layer)
          const expected = TWINS[mistake] ?? mistake
          const said = `${mistake}, seed ${seed}: ${sentence}`
          assert.equal(names.join().replace('zeros-sorted', 'zeros'), expected, said)
          assert.equal(kind, expected === '' ? 'right' : 'certain', said)
          if (sentence !== null) assert.match(sentence, /^The cause: \w.+\w\W*\.$/s, said)
        }
      }
    })

  it('of two mistakes in one layer is both of them', () => {
    for (const seed of seeds) {
      const random = new Random(seed, 'pairs')
      const materials = agreements(SUITES.X25519, seed)
      const all = mistakes(SUITES.X25519)
      for (let i = 0; i < 8; i++) {
        const one = random.pick(all)
        const other = random.pick(all.filter(({ layer }) => layer === one.layer))
        const choices = merged(one.choices, other.choices)
        const { candidates, sentence, kind } = explanationOf(materials, choices, one.layer)
        const said = `${one.name} and ${other.name}, seed ${seed}: ${sentence}`
        assert.notEqual(kind, 'none', said)
        // Whatever is found does all that was seen, with no more mistakes.
        for (const found of candidates) {
          assert.ok(deviationsOf(found).length <= 2, said)
          for (const material of materials.slice(0, 2))
            assert.deepEqual(
              seenOf(material, found, one.layer),
              seenOf(material, choices, one.layer),
              said,
            )
        }
      }
    }
  })

  it('is one of several where too little was seen, and says what would tell them apart', () => {
    const [plain, , otherParty] = agreements(SUITES.X25519, seed)
    assert.ok(plain && otherParty)
    const choices: Choices = { ...RIGHT, ikm: 'ikm-own-first' }
    const few = party(plain) === 2 ? plain : otherParty
    const ledger = new Ledger()
    ledger.record(...seenOf(few, choices, 2))
    const before = ledger.explain(2)
    assert.equal(before.kind, 'several')
    assert.match(
      before.sentence ?? '',
      /^One of: \(1\) .+; \(2\) .+\. An agreement in which your peer is the other party would tell them apart\.$/,
    )
    ledger.settle(SETTLED)
    assert.deepEqual(ledger.choices, RIGHT)
    ledger.record(...seenOf(few === plain ? otherParty : plain, choices, 2))
    assert.deepEqual(ledger.explain(2).names, ['ikm-own-first'])
  })

  it('of a value that no usual mistake gives is not known', () => {
    const random = new Random(seed, 'none')
    const [material] = agreements(SUITES.X25519, seed)
    assert.ok(material)
    const ledger = new Ledger()
    ledger.sawSession(material, random.bytes(16))
    const { kind, sentence } = ledger.explain(1)
    assert.deepEqual([kind, sentence], ['none', 'None of the usual mistakes.'])
  })

  it('is followed from layer to layer, and its names are said once', () => {
    const materials = agreements(SUITES['P-256'], seed)
    const choices: Choices = {
      ...RIGHT,
      shareLengths: 'lengths-little-endian',
      transcriptLengths: 'lengths-little-endian',
      order: 'order-own-first',
      dh: 'dh-compressed',
      step: 'chain-stepped-first',
      fileStep: 'chain-stepped-first',
      metadata: 'lengths-little-endian',
      halves: 'safety-unsorted',
    }
    const names: string[] = []
    const ledger = new Ledger()
    for (const layer of [1, 2, 3, 4, 5] as const) {
      for (const material of seenIn(materials, layer))
        ledger.record(...seenOf(material, choices, layer))
      const { choices: before } = ledger
      const explanation = ledger.explain(layer)
      assert.equal(explanation.kind, 'certain', `seed ${seed}: ${explanation.sentence}`)
      assert.equal(ledger.choices, before, 'nothing is followed before it is settled')
      ledger.settle(layer)
      names.push(explanation.sentence ?? '')
    }
    assert.deepEqual(ledger.choices, choices)
    const settled = ledger.choices
    ledger.settle(SETTLED)
    assert.equal(ledger.choices, settled)
    assert.match(
      names[0] ?? '',
      /little-endian length prefixes before identity, public key, s1 and s2;/,
    )
    assert.match(names[2] ?? '', /two of your peers agree, and no other peer does\.$/)
    assert.match(names[3] ?? '', /the same function for lengths as in your transcript/)
    assert.match(
      ledger.remarks().join(),
      /lengths-little-endian, order-own-first, dh-compressed, chain-stepped-first, safety-unsorted/,
    )
  })

  it('of what a peer takes can be another one than of what it sends', () => {
    const materials = agreements(SUITES.X25519, seed).slice(0, 4)
    const wrong: Choices = { ...RIGHT, nonce: 'nonce-from-1' }
    const ledger = new Ledger()
    for (const material of materials)
      for (const [from, choices] of [
        ['student', RIGHT],
        ['examiner', wrong],
      ] as const)
        ledger.record(
          ...seenOf(material, choices, 3).filter((seen) => 'from' in seen && seen.from === from),
        )
    const { kind, sentence, names } = ledger.explain(3)
    assert.deepEqual([kind, names], ['certain', ['nonce-from-1']])
    assert.match(sentence ?? '', /It seals right and opens wrong\./)
    ledger.settle(SETTLED)
    const [material] = materials
    assert.ok(material)
    const computed = compute(material, ledger.choices)
    const text = utf8ToBytes('a text')
    for (const [from, choices] of [
      ['student', RIGHT],
      ['examiner', wrong],
    ] as const)
      assert.deepEqual(
        computed.sealMessage(from, 1, text),
        compute(material, choices).sealMessage(from, 1, text),
      )
  })
})

function party({ student, examiner }: Material): Party {
  return compareBytes(student.identity, examiner.identity.publicKey) < 0 ? 1 : 2
}

describe('the form of a value', () => {
  it('that is not lower-case hex is named', () => {
    const bytes = new Random(seed, 'forms').bytes(32)
    bytes[0] = 0xab
    const hex = bytesToHex(bytes)
    const buffer = Buffer.from(bytes)
    const point = `04${hex}${hex}`
    for (const [value, length, form] of [
      [hex, 32, null],
      [hex.toUpperCase(), 32, 'upper-case hex'],
      [`AB${hex.slice(2)}`, 32, 'hex in mixed case'],
      [`0x${hex}`, 32, 'hex with 0x before it'],
      [hex.slice(1), 32, 'hex without its leading zero, as of a number'],
      [`00${hex}`, 32, 'hex with a zero byte before it, as a signed big integer has'],
      [hex.replace(/..(?=.)/g, '$&:'), 32, 'hex with something between the digits'],
      [`${hex}\n`, 32, 'a text with blanks or a line feed around it'],
      [buffer.toString('base64'), 32, 'base64'],
      [`_${buffer.toString('base64url').slice(1)}`, 32, 'base64url'],
      [BigInt(`0x${hex}`).toString(), 32, 'a decimal number'],
      [`[${[...bytes].join(', ')}]`, 32, 'a list of decimal numbers'],
      [`b'\\x01'`, 32, "the text of Python's bytes (b'…')"],
      [
        `302a300506032b656e032100${hex}`,
        32,
        'hex of the key in DER (SubjectPublicKeyInfo), not of the key alone',
      ],
      [point, 65, null],
      [`02${hex}`, 65, 'hex of a compressed point (33 bytes), not of an uncompressed one'],
      [hex + hex, 65, 'hex of x and y without the byte 04 before them'],
      ['-----BEGIN PUBLIC KEY-----', 32, 'PEM'],
      ['', 32, 'an empty text'],
      ['what is this?', 32, 'no form of 32 bytes that is known'],
      [9, 32, 'a number'],
      [[...bytes], 32, 'a list'],
      [null, 32, 'null'],
    ] as const)
      assert.equal(encodingOf(value, length), form, `${value}, seed ${seed}`)
  })
})

/** Both mistakes; the second where they are ways to take one decision. */
function merged(one: Choices, other: Choices): Choices {
  const entries = Object.entries(other).filter(([, name]) => name !== 'right')
  return { ...one, ...Object.fromEntries(entries) } as Choices
}

/** An identity away from the ends of all orders. */
function middling(random: Random, suite: Suite): Uint8Array {
  for (;;) {
    const { publicKey } = keyPair(random, suite)
    const x = suite.name === 'P-256' ? publicKey.subarray(1, 33) : publicKey
    const [first = 0, last = 0] = [x[0], x[31]]
    const top = suite.name === 'P-256' ? 256 : 128
    const half = safetyNumber(suite.curve, publicKey, publicKey)
    const isBetween = Math.abs((first % 128) - 43) < 20 && last > top / 4 && last < (3 * top) / 4
    if (isBetween && /^[2-7]/.test(half)) return publicKey
  }
}

/** A public key away from the ends of the order. */
function middlingKeys(random: Random, suite: Suite): Uint8Array {
  for (;;) {
    const { publicKey } = ephemeralKeys(random, suite)
    if (Math.abs((publicKey[suite.name === 'P-256' ? 1 : 0] ?? 0) - 128) < 120) return publicKey
  }
}

function wanted<T>(value: T | null): T {
  assert.ok(value !== null, `nothing was found, seed ${seed}`)
  return value
}
