/** Key chains: a key for each number, taken or looked up ahead, and nothing left of those that are gone. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import inspector from 'node:inspector'
import { describe, it, type TestContext } from 'node:test'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import type { ProtocolCode } from '../src/protocol/errors.ts'
import { KeyChain, MAX_AHEAD, MAX_KEYS } from '../src/protocol/keyChain.ts'
import { chainAt, keyOf } from './helpers/reference.ts'
import { refuses } from './helpers/refuses.ts'
import { hides } from './helpers/secrecy.ts'
import { hex, toHex } from './helpers/vectors.ts'

const SLOW = process.env['SLOW'] === '1'
const TIMES = SLOW ? 10 : 1

/** A chain, the array that it took over, and a copy of what was in it. */
function begin(start: Uint8Array = new Uint8Array(randomBytes(32))) {
  const held = start.slice()
  return { chain: new KeyChain('message', held), held, start: start.slice() }
}

/** A chain that expects `next`. */
function beginAt(next: number) {
  const begun = begin()
  for (let at = 0; at < next; at++) begun.chain.take()
  return begun
}

/** Takes a number as a receiver does. Returns its key and how many were skipped. */
function accept(chain: KeyChain, number: number): { key: string; skipped: number } {
  const ahead = chain.ahead(number)
  return { key: toHex(ahead.key), skipped: ahead.accept() }
}

const HASH = Object.getPrototypeOf(Object.getPrototypeOf(sha256.create()))
/** Counts the blocks that SHA-256 compresses from here on, whatever calls it. */
function countBlocks(t: TestContext): () => number {
  const { mock } = t.mock.method(HASH, 'process')
  return () => mock.callCount()
}

const HMAC = Object.getPrototypeOf(hmac.create(sha256, new Uint8Array(32)))
/** Every value that HMAC gives from here on: the arrays themselves. */
function recordValues(t: TestContext): Uint8Array[] {
  const values: Uint8Array[] = []
  const { digest } = HMAC
  t.mock.method(HMAC, 'digest', function (this: object) {
    const value: Uint8Array = digest.call(this)
    values.push(value)
    return value
  })
  return values
}

/** What a debugger sees of an object: all its fields, the private ones too, as text. */
function allFields(object: object): string {
  const session = new inspector.Session()
  session.connect()
  const global = globalThis as { looked?: object }
  global.looked = object
  const post = <R>(method: string, params: object): R => {
    let result: unknown
    session.post(method, params, (error, answer) => {
      assert.equal(error, null)
      result = answer
    })
    return result as R
  }
  try {
    const { result } = post<{ result: { objectId: string } }>('Runtime.evaluate', {
      expression: 'looked',
    })
    interface Field {
      name: string
      value?: { objectId?: string; value?: unknown }
    }
    const { result: plain, privateProperties = [] } = post<{
      result: Field[]
      privateProperties?: Field[]
    }>('Runtime.getProperties', { objectId: result.objectId, ownProperties: true })
    const lines = [...plain, ...privateProperties].map(({ name, value }) => {
      if (value?.objectId === undefined) return `${name} = ${value?.value}`
      const bytes = post<{ result: { value: string } }>('Runtime.callFunctionOn', {
        objectId: value.objectId,
        functionDeclaration:
          'function () { return this instanceof Uint8Array ? Buffer.from(this.buffer).toString("hex") : "" }',
        returnByValue: true,
      })
      return `${name} = ${bytes.result.value}`
    })
    return lines.join('\n')
  } finally {
    delete global.looked
    session.disconnect()
  }
}

describe('a key chain', () => {
  it('gives a sender the keys of the specification, one number after another', () => {
    const { chain, start } = begin()
    for (let number = 0; number < 50; number++) {
      assert.equal(chain.next, number)
      const taken = chain.take()
      assert.equal(taken.number, number)
      assert.equal(toHex(taken.key), toHex(keyOf(start, number)), `from ${toHex(start)}`)
    }
  })

  it('gives a receiver the same, in order or with some left out', () => {
    const { start } = begin()
    const [sender, receiver] = [begin(start).chain, begin(start).chain]
    const keys = Array.from({ length: 40 }, () => toHex(sender.take().key))
    let expected = 0
    for (const number of [0, 1, 2, 7, 8, 39]) {
      const { key, skipped } = accept(receiver, number)
      assert.deepEqual([key, skipped], [keys[number], number - expected], `from ${toHex(start)}`)
      expected = number + 1
      assert.equal(receiver.next, expected)
    }
  })

  it('has values of its own: 32 bytes each, no two equal, none a chain value', () => {
    const { chain, start } = begin()
    const keys = Array.from({ length: 200 }, () => chain.take().key)
    for (const key of keys) assert.equal(key.length, 32)
    const chains = Array.from({ length: 200 }, (_, number) => chainAt(start, number))
    assert.equal(new Set([...keys, ...chains].map(toHex)).size, 400)
  })

  it('does what a model does, whatever is taken, accepted, forgotten or refused', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({
        do: fc.constantFrom('accept' as const, 'forget' as const, 'open twice' as const),
        off: fc.oneof(
          { weight: 6, arbitrary: fc.integer({ min: -3, max: 6 }) },
          { weight: 1, arbitrary: fc.constantFrom(1024, 1025, 2 ** 20 - 1, 2 ** 20, 2 ** 53 - 1) },
        ),
      }),
    )
    const starts = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const codeOf = (number: number, next: number): ProtocolCode | null => {
      if (number >= 2 ** 20) return 'rekey_required'
      if (number < next) return 'replay'
      return number > next + 1024 ? 'too_far_ahead' : null
    }
    fc.assert(
      fc.property(starts, fc.array(step, { maxLength: 12 }), (start, steps) => {
        const { chain, held } = begin(start)
        let next = 0
        for (const each of steps) {
          if (each.do === 'take') {
            const { number, key } = chain.take()
            assert.deepEqual([number, toHex(key)], [next, toHex(keyOf(start, next))])
            next++
          } else {
            const number = Math.max(0, next + each.off)
            const code = codeOf(number, next)
            if (code === null) {
              const ahead = chain.ahead(number)
              assert.equal(toHex(ahead.key), toHex(keyOf(start, number)))
              if (each.do === 'accept') {
                assert.equal(ahead.accept(), number - next)
                next = number + 1
              } else if (each.do === 'forget') ahead.forget()
              else assert.deepEqual(chain.ahead(number).key, ahead.key)
            } else {
              refuses(code, () => chain.check(number))
              refuses(code, () => chain.ahead(number))
            }
          }
          assert.equal(chain.next, next)
          assert.equal(toHex(held), toHex(chainAt(start, next)))
        }
      }),
      { numRuns: 60 * TIMES },
    )
  })

  it('shows neither chain nor key to anything that prints objects', () => {
    const { chain, start } = begin()
    hides(chain, start)
    const ahead = chain.ahead(3)
    hides(chain, ahead.key)
    for (const number of [1, 3, 4]) hides(ahead, chainAt(start, number))
    ahead.accept()
    for (const number of [0, 3, 4]) {
      hides(chain, chainAt(start, number))
      hides(chain, keyOf(start, number))
    }
  })

  it('gives its last key, and ends, at 2^20: for a sender and for a receiver', (t) => {
    assert.equal(MAX_KEYS, 2 ** 20)
    const { chain } = begin()
    // what is hashed is not looked at here, and 2^20 steps of it take long
    const same = { clone: () => same, update: () => same, digest: () => new Uint8Array(32) }
    const { create } = hmac
    t.after(() => Object.assign(hmac, { create }))
    if (!SLOW) Object.assign(hmac, { create: () => same })
    // as far ahead as it goes each time
    while (chain.next < MAX_KEYS - 2)
      chain.ahead(Math.min(chain.next + MAX_AHEAD, MAX_KEYS - 3)).accept()
    chain.ahead(MAX_KEYS - 1).forget()
    assert.equal(chain.take().number, MAX_KEYS - 2)
    assert.equal(chain.ahead(MAX_KEYS - 1).accept(), 0)
    assert.equal(chain.next, MAX_KEYS)
    for (let i = 0; i < 3; i++) refuses('rekey_required', () => chain.take())
    refuses('rekey_required', () => chain.ahead(MAX_KEYS))
    refuses('replay', () => chain.ahead(MAX_KEYS - 1))
    refuses('replay', () => chain.check(0))
    assert.equal(chain.next, MAX_KEYS)
  })
})

describe('a number', () => {
  for (const next of [0, 1, 700]) {
    it(`exactly 1,024 beyond the next one is taken, with 1,024 skipped (next: ${next})`, () => {
      assert.equal(MAX_AHEAD, 1024)
      const { chain, start } = beginAt(next)
      const expected = { key: toHex(keyOf(start, next + 1024)), skipped: 1024 }
      assert.deepEqual(accept(chain, next + 1024), expected)
      assert.equal(chain.next, next + 1025)
      assert.equal(toHex(chain.take().key), toHex(keyOf(start, next + 1025)))
    })

    it(`1,025 beyond the next one is too_far_ahead, and costs no hashing (next: ${next})`, (t) => {
      const { chain, start, held } = beginAt(next)
      const blocks = countBlocks(t)
      for (const number of [next + 1025, next + 1026, 2 ** 19, 2 ** 20 - 1]) {
        refuses('too_far_ahead', () => chain.check(number))
        refuses('too_far_ahead', () => chain.ahead(number))
      }
      assert.equal(blocks(), 0)
      // the count is one of what is hashed
      const ahead = chain.ahead(next)
      const one = blocks()
      assert.ok(one > 0)
      ahead.forget()
      chain.ahead(next + 1024).forget()
      // of each number in between the next chain alone: its two pads, what is hashed, and the outer hash
      assert.equal(blocks() - one, 1024 * 4 + one)
      assert.equal(toHex(held), toHex(chainAt(start, next)))
    })
  }

  it('below the next one is replay, without hashing', (t) => {
    const { chain, held } = beginAt(10)
    accept(chain, 15)
    const before = toHex(held)
    const blocks = countBlocks(t)
    for (let number = 0; number <= 15; number++) {
      refuses('replay', () => chain.check(number))
      refuses('replay', () => chain.ahead(number))
    }
    assert.equal(blocks(), 0)
    assert.deepEqual([chain.next, toHex(held)], [16, before])
  })

  it('from 2^20 on is rekey_required, without hashing, wherever the chain is', (t) => {
    for (const { chain, held } of [begin(), beginAt(5)]) {
      const before = [chain.next, toHex(held)]
      const blocks = countBlocks(t)
      // the last one is what a picture's header may say
      for (const number of [2 ** 20, 2 ** 20 + 1, 2 ** 32, 2 ** 53 - 1, 2 ** 64]) {
        refuses('rekey_required', () => chain.check(number))
        refuses('rekey_required', () => chain.ahead(number))
      }
      assert.equal(blocks(), 0)
      assert.deepEqual([chain.next, toHex(held)], before)
    }
  })

  it('is named for what it counts', () => {
    for (const what of ['message', 'picture'] as const) {
      const chain = new KeyChain(what, new Uint8Array(32))
      chain.take()
      assert.match(refuses('replay', () => chain.check(0)).message, new RegExp(`A ${what} `))
      assert.match(
        refuses('rekey_required', () => chain.check(2 ** 20)).message,
        new RegExp(`2\\^20 ${what}s`),
      )
    }
  })
})

describe('a key that was looked up ahead', () => {
  it('changes nothing of the chain until it is accepted', () => {
    const { chain, start, held } = begin()
    const ahead = chain.ahead(5)
    assert.deepEqual([chain.next, toHex(held)], [0, toHex(start)])
    assert.equal(toHex(chain.ahead(0).key), toHex(keyOf(start, 0)))
    ahead.forget()
    assert.deepEqual([chain.next, toHex(held)], [0, toHex(start)])
    assert.deepEqual(accept(chain, 5), { key: toHex(keyOf(start, 5)), skipped: 5 })
  })

  it('is replay at accept() if it or a later one was accepted in the meantime', () => {
    for (const later of [5, 6, 900]) {
      const { chain, start, held } = begin()
      const ahead = chain.ahead(5)
      accept(chain, later)
      refuses('replay', () => ahead.accept())
      ahead.forget()
      assert.deepEqual([chain.next, toHex(held)], [later + 1, toHex(chainAt(start, later + 1))])
    }
  })

  it('is accepted after an earlier one was, with fewer skipped', () => {
    const { chain, start } = begin()
    const ahead = chain.ahead(9)
    accept(chain, 4)
    assert.equal(ahead.accept(), 4)
    assert.equal(chain.next, 10)
    assert.equal(toHex(chain.take().key), toHex(keyOf(start, 10)))
  })

  it('is accepted once', () => {
    const { chain, start, held } = begin()
    const ahead = chain.ahead(2)
    ahead.accept()
    refuses('replay', () => ahead.accept())
    assert.deepEqual([chain.next, toHex(held)], [3, toHex(chainAt(start, 3))])
  })

  it('may be forgotten after it was accepted, which does nothing', () => {
    const { chain, start } = begin()
    const ahead = chain.ahead(2)
    ahead.accept()
    ahead.forget()
    assert.equal(toHex(ahead.key), toHex(keyOf(start, 2)))
    assert.equal(toHex(chain.take().key), toHex(keyOf(start, 3)))
  })

  it('is not accepted once it was forgotten: the chain would go on from zeros', () => {
    const { chain, start, held } = begin()
    const ahead = chain.ahead(2)
    ahead.forget()
    assert.throws(() => ahead.accept(), /It was forgotten/)
    assert.deepEqual([chain.next, toHex(held)], [0, toHex(start)])
  })

  it('has a key of its own, which its owner may erase', () => {
    const { chain, start } = begin()
    const [one, two] = [chain.ahead(2), chain.ahead(2)]
    one.key.fill(0)
    assert.equal(toHex(two.key), toHex(keyOf(start, 2)))
    two.accept()
    assert.equal(toHex(chain.take().key), toHex(keyOf(start, 3)))
  })
})

describe('what a chain leaves behind', () => {
  it('is nothing in the object after take(): neither the old value nor the key', () => {
    const { chain, start } = begin()
    const before = allFields(chain)
    assert.ok(before.includes(toHex(start)), 'the debugger sees private fields')
    for (let number = 0; number < 5; number++) {
      const { key } = chain.take()
      const fields = allFields(chain)
      assert.ok(fields.includes(toHex(chainAt(start, number + 1))))
      for (let old = 0; old <= number; old++) {
        assert.ok(!fields.includes(toHex(chainAt(start, old))), `chain_${old} is there`)
        assert.ok(!fields.includes(toHex(keyOf(start, old))), `key_${old} is there`)
      }
      assert.ok(!fields.includes(toHex(key)))
    }
  })

  it('is nothing in the object after accept(): neither what was skipped nor what was accepted', () => {
    const { chain, start } = begin()
    chain.ahead(6).accept()
    const fields = allFields(chain)
    assert.ok(fields.includes(toHex(chainAt(start, 7))))
    for (let old = 0; old <= 6; old++) {
      assert.ok(!fields.includes(toHex(chainAt(start, old))), `chain_${old} is there`)
      assert.ok(!fields.includes(toHex(keyOf(start, old))), `key_${old} is there`)
    }
  })

  it('is zero in every array that it used, but for the key that it gave', (t) => {
    const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0)
    const uses: [string, (chain: KeyChain) => Uint8Array][] = [
      ['take', (chain) => chain.take().key],
      [
        'accept',
        (chain) => {
          const ahead = chain.ahead(20)
          ahead.accept()
          return ahead.key
        },
      ],
      [
        'forget',
        (chain) => {
          const ahead = chain.ahead(20)
          ahead.forget()
          return ahead.key
        },
      ],
    ]
    const values = recordValues(t)
    for (const [what, use] of uses) {
      values.length = 0
      const key = use(begin().chain)
      assert.equal(values.length, what === 'take' ? 2 : 22, what)
      assert.ok(values.includes(key) && !isZero(key), what)
      for (const value of values) assert.equal(isZero(value), value !== key, what)
    }
  })

  it('is nothing at all after erase(), which ends it', () => {
    const { chain, held, start } = begin()
    const ahead = chain.ahead(4)
    chain.take()
    chain.erase()
    assert.deepEqual(held, new Uint8Array(32))
    assert.throws(() => chain.take(), /erased/)
    assert.throws(() => chain.ahead(4), /erased/)
    // a picture that was coming is whole, and brings no chain back
    assert.equal(ahead.accept(), 3)
    assert.deepEqual(held, new Uint8Array(32))
    assert.throws(() => chain.take(), /erased/)
    for (const number of [0, 1, 4, 5])
      assert.ok(!allFields(chain).includes(toHex(chainAt(start, number))))
  })
})

describe('the values of a chain', () => {
  it('are those of a chain of zeros, by OpenSSL', () => {
    // printf '\001' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0000…
    const { chain } = begin(new Uint8Array(32))
    const known = [
      '3d7afb663124ecbf2c953f863d4fc8796eeb2d372b64aad58697ec5264649cdb',
      'e43cd1fae55cf944828336e277738f684c1e221777e6ea5f036642c10053f158',
    ]
    for (const key of known) assert.equal(toHex(chain.take().key), toHex(hex(key)))
  })
})
