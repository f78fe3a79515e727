/** The strict reader of JSON: what JSON.parse makes of it, and what it refuses beyond that. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type JsonLimits, parseJson } from '../../src/protocol/json.ts'

const numRuns = process.env['SLOW'] === '1' ? 2_000 : 100

/** The fault and the line that `text` is refused with. */
function faultOf(text: string, limits?: JsonLimits): unknown[] {
  try {
    parseJson(text, limits)
  } catch (error) {
    assert.ok(error instanceof SyntaxError)
    const { fault, line } = error as SyntaxError & { fault?: string; line?: number | null }
    return [fault, line]
  }
  return []
}

describe('the reader of JSON', () => {
  it('returns what JSON.parse makes of a text, however it is written', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom(undefined, 2, '\t'), (text, space) => {
        const value = JSON.parse(text)
        assert.deepEqual(parseJson(JSON.stringify(value, null, space)), value)
      }),
      { numRuns },
    )
    const odd = String.raw`{"\u0061\"":"\\","b":["\"",{"__proto__":"","}":"b","b":"\\\""}]}`
    assert.deepEqual(parseJson(odd), JSON.parse(odd))
  })

  it('refuses a name twice in one object, wherever that is and whatever it holds', () => {
    fc.assert(
      fc.property(fc.string(), fc.json(), fc.json(), fc.json(), (name, one, two, around) => {
        const member = (value: string) => `${JSON.stringify(name)}:${value}`
        for (const text of [
          `{${member(one)},${member(two)}}`,
          `[${around},{"":[{${member(one)},${member(two)}}]}]`,
        ])
          assert.deepEqual(faultOf(text), ['name twice', 1], text)
        assert.deepEqual(faultOf(`[{${member('1')}},{${member('1')}}]`), [])
      }),
      { numRuns },
    )
  })

  for (const [text, fault, line = null] of [
    ['', 'syntax'],
    ['{', 'syntax'],
    ['"', 'syntax'],
    ['null null', 'syntax'],
    ["{'a':1}", 'syntax'],
    ['\ufeff{}', 'syntax'],
    ['{"a":1,}', 'syntax'],
    // what is no JSON is that and nothing else
    ['{"a":1,"a":1', 'syntax'],
    [String.raw`{"\x":1,"\x":1}`, 'syntax'],
    [String.raw`{"v":2,"\u0076":2}`, 'name twice', 1],
    ['{"v"\t:2,\n"w":{"v":1},\n"v"\r\n :2,"v":3}', 'name twice', 3],
  ] as const)
    it(`refuses ${JSON.stringify(text)}`, () => assert.deepEqual(faultOf(text), [fault, line]))

  it('takes as much as the limits say, and refuses more before JSON.parse sees it', () => {
    assert.deepEqual(faultOf('[[{}],[{}]]', { depth: 3 }), [])
    assert.deepEqual(faultOf('[[{}],[[[]]]]', { depth: 3 }), ['depth', null])
    assert.deepEqual(faultOf('['.repeat(4), { depth: 3 }), ['depth', null])
    // two objects, one array, two names and two commas; what stands in strings does not count
    const text = '{"a":["[,","{"],"b":{}}'
    assert.deepEqual(faultOf(text, { items: 7 }), [])
    assert.deepEqual(faultOf(text, { items: 6 }), ['items', null])
    assert.deepEqual(faultOf('[,', { items: 1 }), ['items', null])
    const named = '[{"a":"b"},\n{"\\u0062":1}]'
    assert.deepEqual(faultOf(named, { badName: 'b' }), ['bad name', 2])
    assert.deepEqual(faultOf(named, { badName: 'c' }), [])
  })

  it('is no end of the program where a text is very deep and has no limit', () => {
    const deep = '['.repeat(30_000) + ']'.repeat(30_000)
    assert.ok(['syntax', undefined].includes(faultOf(deep)[0] as string | undefined))
  })
})
