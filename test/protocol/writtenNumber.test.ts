/** A safety number as somebody types, pastes or sends it: which groups are found in it, and when none may be. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { groupsIn } from '../../src/protocol/writtenNumber.ts'

const GROUPS = '64460 03442 72989 44332 80521 71799 95463 25475 11660 92131 19681 52981'.split(' ')
const NUMBER = GROUPS.join(' ')
const WHOLE = { groups: GROUPS, fault: null }
const numRuns = process.env['SLOW'] ? 5000 : 500

describe('a safety number', () => {
  for (const [what, text] of [
    ['as the page has it', NUMBER],
    ['with spaces around', `\n\t ${NUMBER} \n`],
    ['with marks that nobody sees', `\u202a${GROUPS.join('\u200b \u2060')}\u202c\ufeff`],
    ['in cells of a table', `| ${GROUPS.join(' | ')} |`],
    ['in a sentence', `Mine is ${NUMBER}. And yours?`],
    ['in a sentence with other figures', `At 5 pm on 127.0.0.1:5001 I had ${NUMBER}, ok? 12345`],
    ['as a terminal prints it', `5001  ·  safety number         ${NUMBER}`],
    [
      'as two terminals print it',
      `5000  ·  safety number  ${NUMBER}\n5001  ·  safety number  ${NUMBER}\n`,
    ],
    ['as /show answers it', `  "safetyNumber": "${NUMBER}",\n  "peer": {`],
    ['as /show answers it, with an identity', `"identity": "8dd4097ed6e5e3e8", "n": "${NUMBER}"`],
    [
      'in digits of full width',
      NUMBER.replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    ],
  ] as const)
    it(`is found ${what}`, () => assert.deepEqual(groupsIn(text), WHOLE))

  it('is found whatever stands between its digits, as long as it is no digit and no letter', () => {
    const gap = fc.string({ unit: fc.constantFrom(...' \r\n\t-.,\u00a0'), maxLength: 3 })
    fc.assert(
      fc.property(fc.array(gap, { minLength: 59, maxLength: 59 }), (gaps) => {
        const text = [...GROUPS.join('')].map((digit, i) => digit + (gaps[i] ?? '')).join('')
        assert.deepEqual(groupsIn(text), WHOLE)
      }),
      { numRuns },
    )
  })

  it('is not whole while a digit is missing, and is what it is up to there', () => {
    for (let length = 1; length < NUMBER.length; length++) {
      const { groups, fault } = groupsIn(NUMBER.slice(0, length))
      assert.equal(fault, null)
      assert.equal(groups.join(' '), NUMBER.slice(0, length).trim())
      assert.ok(groups.length < 12 || groups[11]?.length !== 5)
    }
  })

  it('keeps its other groups where a digit was left out of one', () => {
    const { groups } = groupsIn(NUMBER.replace('03442', '0344'))
    assert.deepEqual(groups, GROUPS.with(1, '0344'))
  })

  it('is none where there are no digits, too many of them, or two numbers', () => {
    const other = GROUPS.toReversed().join(' ')
    for (const [text, fault] of [
      ['the same as yours', 'none'],
      ['…', 'none'],
      [`${NUMBER} 12345`, 'long'],
      [`${NUMBER}, 12345 · 1${'-1'.repeat(99)}`, 'long'],
      [`12345 ${NUMBER}`, 'long'],
      [`${GROUPS.join('')}1`, 'long'],
      [NUMBER.replace('64460', '644600'), 'long'],
      [`${NUMBER}\nor was it\n${other}`, 'several'],
      [`5000 · safety number ${NUMBER}\n5001 · safety number ${other}`, 'several'],
    ] as const)
      assert.deepEqual(groupsIn(text), { groups: [], fault }, text)
  })

  it('is never found in what is another one, and nothing makes it fail', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'0123456789 -\nx·'), maxLength: 200 }),
        (text) => {
          const { groups, fault } = groupsIn(text)
          const digits = groups.join('')
          // what it gives stands in the text, digit by digit
          assert.ok(text.replaceAll(/\D/g, '').includes(digits))
          assert.ok(fault === null || groups.length === 0)
          assert.ok(groups.length <= 12 && groups.every((group) => /^\d{1,5}$/.test(group)))
        },
      ),
      { numRuns },
    )
  })

  it('is looked for one character after another, since a text of accents takes the square of its length to normalise', (t) => {
    const { mock } = t.mock.method(String.prototype, 'normalize')
    for (const text of [
      `1${'\u0301'.repeat(500)}${'\u0316'.repeat(500)}`,
      '\uff11\u{1d7d8}'.repeat(100),
    ])
      groupsIn(text)
    assert.ok(mock.calls.length > 0)
    for (const { this: text } of mock.calls) assert.equal([...`${text}`].length, 1)
  })
})
