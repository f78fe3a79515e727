/**
 * Text from outside on a terminal: no row of it can be taken for one of the program's, however wide the terminal is or
 * becomes. The terminal here is a model of its own; `realTerminal.test.ts` has a real one.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import stringWidth from 'string-width'
import type { PeerEvent, WatchEvent } from '../../src/peer/contract.ts'
import { utf8ToBytes } from '../../src/protocol/bytes.ts'
import { printable, printableJson } from '../../src/terminal/printable.ts'
import { columnsOf, cut, markedJson, rowsOf } from '../../src/terminal/rows.ts'
import { quoting, said } from '../../src/terminal/said.ts'
import { keptTerminal } from '../helpers/terminal.ts'

const numRuns = process.env['SLOW'] === '1' ? 5000 : 300

/** What a row of the program's begins with. */
const OURS = /^(?:\d{1,5} )?\d\d:\d\d:\d\d [→←·●✓✗] |^ecdh-duet: /u
/** A sign of ours, what nobody sees, two blanks together, or any other blank than the usual one. */
const FORBIDDEN = /[→←·●✓✗│┘]|\p{C}|\p{DI}|\u2800|(?! )\p{Z}| {2}/u
const HEAD = /^5000 \d\d:\d\d:\d\d ● SECRET message 7(?: {2}|$)/m

const graphemes = new Intl.Segmenter()
/** The rows of a terminal of `width` columns that wraps `output` by itself. */
function rowsAt(output: string, width: number): string[] {
  return output
    .replace(/\n$/, '')
    .split('\n')
    .flatMap((line) => {
      const rows = ['']
      let used = 0
      for (const { segment } of graphemes.segment(line)) {
        const columns = stringWidth(segment)
        if (used + columns > width) {
          rows.push('')
          used = 0
        }
        rows.push(`${rows.pop()}${segment}`)
        used += columns
      }
      return rows
    })
}

const forged = [
  '5000 12:00:00 · safety number',
  '✗  set aside',
  '5000 12:00:00\u00a0·\u3000safety number',
  'Port 5000, 12:00:00: Safety number: 11111 22222',
  '１２:００:００: Keys agreed 12：00：00 ٠١:٠٢:٠٣',
  'ecdh-duet: paste this',
  '│ hello ┘',
]
/** What acts or is not seen, what joins, what looks like a sign of ours, and writing of many kinds. */
const ODD = [
  '\u001b[2J|\r\n|\t|\ufeff|\u200b|\u200d|\ufe0f|\u00ad|\u3164|\u2800|\u{e0041}|\u202e|\ud800|\ue000|\u0378',
  '\u0301|\u0301\u0301\u0301\u0301\u0301\u0301|\u0387|\uffeb|\u2022|✔|❌|漢字|한|\u1112\u1161\u11ab|👍🏽|🇪🇸|का|é|ﷺ',
].flatMap((all) => all.split('|'))
const odd = fc.constantFrom(...forged, ...ODD)
const blanks = fc
  .tuple(fc.constantFrom(...' \u00a0\t\u2003\u3000\u3164\u2800'), fc.integer({ min: 1, max: 400 }))
  .map(([blank, count]) => blank.repeat(count))
const text = fc
  .array(
    fc.oneof(
      odd,
      blanks,
      fc.string(),
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
    ),
  )
  .map((pieces) => pieces.join(''))
const width = fc.integer({ min: 20, max: 200 })

const opened = (text: string): PeerEvent => ({
  type: 'message opened',
  seq: 7,
  SECRET: utf8ToBytes(Buffer.from(text).toString()),
})

function shown(text: string, columns?: number, isPlain = false): string {
  const { terminal, shown } = keptTerminal({ ...(columns !== undefined && { columns }), isPlain })
  terminal.reporter(5000)(opened(text))
  return shown()
}

describe('a text from outside', () => {
  it('has no row on a terminal that begins otherwise than with a mark, and its end is marked', () => {
    fc.assert(
      fc.property(text, width, (text, width) => {
        const [beside = '', ...below] = shown(text, width).trimEnd().split('\n')
        assert.match(beside, HEAD)
        const isBeside = beside.includes('│')
        assert.equal(isBeside, below.length === 0)
        if (isBeside) assert.deepEqual(rowsAt(beside, width), [beside])
        const rows = isBeside ? [beside.replace(HEAD, '')] : rowsAt(below.join('\n'), width)
        for (const row of rows)
          assert.match(row, /^ *│ [^│]*$/, 'a row that the terminal has wrapped')
        assert.match(rows.at(-1) ?? '', / ┘$/)
        assert.equal(rows.join('').match(/┘/g)?.length, 1)
      }),
      { numRuns },
    )
  })

  it('is not taken for a row of ours on a terminal that becomes narrower or wider afterwards', () => {
    fc.assert(
      fc.property(text, width, fc.integer({ min: 2, max: 200 }), (text, width, later) => {
        const output = shown(text, width)
        const rows = rowsAt(output.replace(HEAD, ''), later)
        for (const row of rows) assert.doesNotMatch(row.normalize('NFKC'), OURS)
      }),
      { numRuns },
    )
  })

  it('stands behind a word with --plain, where no row of it begins as ours do, whatever the width becomes', () => {
    fc.assert(
      fc.property(text, width, fc.integer({ min: 2, max: 200 }), (text, width, later) => {
        const [head = '', ...below] = shown(text, width, true).replace(/\n$/, '').split('\n')
        assert.match(head, /^Port 5000, \d\d:\d\d:\d\d: SECRET message 7:$/)
        for (const row of rowsAt(below.join('\n'), width)) assert.match(row, /^ {2}quoted: /)
        for (const row of rowsAt(below.join('\n'), later))
          assert.doesNotMatch(row.normalize('NFKC'), /\p{Nd}{2}:\p{Nd}{2}:\p{Nd}{2}/u)
        const [line = '', ...more] = shown(text, undefined, true).split('\n')
        assert.match(line, /^Port 5000, \d\d:\d\d:\d\d: SECRET message 7: quoted: /)
        assert.deepEqual(more, [''])
      }),
      { numRuns: numRuns / 3 },
    )
  })

  it('stays one line where there is no terminal, with the same escapes', () => {
    fc.assert(
      fc.property(text, width, (text, width) => {
        const line = shown(text)
        assert.match(line, /^[^\n]*\n$/)
        const written = line.replace(HEAD, '').slice(0, -1)
        assert.doesNotMatch(written.normalize('NFKC'), FORBIDDEN)
        assert.doesNotMatch(written, /^ | $/)
        const inRows = shown(text, width).replace(HEAD, '')
        assert.equal(inRows.replace(/[│┘\s]/g, ''), written.replaceAll(' ', ''))
      }),
      { numRuns },
    )
  })

  it('keeps every character that is seen and no sign of ours, and no other one', () => {
    let kept = 0
    // most planes are empty, or private: every sixteenth thousand of them
    for (
      let begin = 0;
      begin < 0x110000;
      begin += begin < 0x40000 || begin >> 16 === 14 ? 0x400 : 0x4000
    ) {
      const all = Array.from({ length: 0x400 }, (_, i) => String.fromCodePoint(begin + i))
      const written = printable(all.map((one) => `a${one}`).join(''))
      assert.doesNotMatch(written, FORBIDDEN)
      assert.doesNotMatch(written.normalize('NFKC').replaceAll(/ +/g, ' '), FORBIDDEN)
      kept += all.length - (written.match(/a\\(?:u\{|[tnr])/g)?.length ?? 0)
    }
    const words = 'Ana ñ ß Ж 漢 한 あ 😀 € ~ \\ \ufffd'
    assert.equal(printable(words), words)
    assert.ok(kept > 150_000, `${kept}`)
  })

  for (const [what, given, written] of [
    ['one blank between words', 'Meet me at noon', 'Meet me at noon'],
    ['more of them', 'a  b', 'a\\u{20}\\u{20}b'],
    ['thousands of them', `a${' '.repeat(13_200)}b`, 'a\\u{20}{13200}b'],
    ['one at the beginning and at the end', ' a ', '\\u{20}a\\u{20}'],
    ['blanks of other kinds', 'a\u00a0\u3000b', 'a\\u{a0}\\u{3000}b'],
    ['an accent', 'e\u0301', 'e\u0301'],
    ['accents on nothing', '\u0301 \u0301', '\\u{301} \\u{301}'],
    ['a stack of them', `e${'\u0301'.repeat(6)}`, `e${'\u0301'.repeat(4)}\\u{301}\\u{301}`],
    ['half of a pair', 'a\ud83d', 'a\\u{d83d}'],
    ['a disc that looks like ours', 'a\u2981', 'a\\u{2981}'],
    ['a cross', '\u2613\u{1f7a8}', '\\u{2613}\\u{1f7a8}'],
    ['what looks like a mark and an end', '\u23d0\u23cc', '\\u{23d0}\\u{23cc}'],
    ['the name of the command', 'ecdh-duet: run', 'ecdh-duet\\u{3a} run'],
  ] as const)
    it(`shows ${what} as it has to`, () => assert.equal(printable(given), written))

  it('is escaped once, however often it goes that way', () => {
    fc.assert(
      fc.property(text, (text) => assert.equal(printable(printable(text)), printable(text))),
    )
  })

  it('takes at least the columns that another count of them gives', () => {
    fc.assert(
      fc.property(text, (text) =>
        assert.ok(columnsOf(printable(text)) >= stringWidth(printable(text))),
      ),
      { numRuns },
    )
  })

  it('is cut between characters, at a length that can be read', () => {
    fc.assert(
      fc.property(text, (text) => {
        const short = cut(text)
        assert.ok(columnsOf(short) <= 61)
        assert.doesNotMatch(short, FORBIDDEN)
      }),
    )
    assert.equal(cut(`${'a'.repeat(59)}😀.jpg`), `${'a'.repeat(59)}…`)
  })
})

describe('a name from outside, in a sentence of ours', () => {
  // letters that no sentence of ours has
  const name = fc
    .array(fc.string({ unit: fc.constantFrom('Ł', 'Ŋ', '漢'), minLength: 1, maxLength: 60 }), {
      minLength: 1,
    })
    .map((words) => words.join(' '))
  const secret = new Uint8Array(32)
  const picture = (name: string) => ({ type: 'image/png', bytes: 1, name }) as const
  const peers: ((name: string) => PeerEvent)[] = [
    (name) => ({
      type: 'ready',
      reachedAt: [name],
      isOneWay: true,
      url: 'http://127.0.0.1:5000',
      peerUrl: 'http://x',
      curve: 'X25519',
      identity: secret,
      place: `kept in ${name}`,
      mailbox: { place: name, fingerprint: 'SHA256:x' },
    }),
    (place) => ({ type: 'not remembered', place }),
    (place) => ({
      type: 'identity changed',
      identity: secret,
      place: `kept in ${place}`,
      toForget: `stop this peer, remove ${place}/peer.pem, and start it again.`,
    }),
    (name) => ({ type: 'picture sent', picture: picture(name), ms: 1 }),
    (name) => ({
      type: 'picture received',
      picture: picture(name),
      path: name,
      ms: 1,
      isRepeated: false,
    }),
    (request) => ({ type: 'refused', request, code: 'not_found', detail: 'Nothing.' }),
  ]
  const watchers: ((name: string) => WatchEvent)[] = [
    (place) => ({ type: 'watching', place }),
    (place) => ({ type: 'lock unusable', place }),
    (place) => ({ type: 'set aside', count: 1, place, why: 'not sealed' }),
    (place) => ({ type: 'set aside no more', count: 10_000, place, left: 1 }),
    (name) => ({ type: 'passed over', name, why: 'It is not a file.' }),
  ]

  it('never begins a row', () => {
    fc.assert(
      fc.property(name, width, (name, width) => {
        const { terminal, shown } = keptTerminal({ columns: width })
        for (const event of peers) terminal.reporter(5000)(event(name))
        for (const event of watchers) void terminal.tellOfMailbox(event(name))
        const sentence = `${name}: Others can read it. Then: chmod 600 ${name}`
        const told = `ecdh-duet: ${rowsOf(quoting(sentence, [name]), 11, width)}`
        for (const row of rowsAt(`${shown()}${told}`, width)) assert.doesNotMatch(row, /^ *[ŁŊ漢]/)
      }),
      { numRuns: numRuns / 5 },
    )
  })

  it('stands unmarked as one word that fits, and marked otherwise', () => {
    const at = (name: string) => rowsOf(said`read ${name} first`, 0, 30)
    assert.equal(at('ana.json'), 'read ana.json first')
    assert.equal(at('Muñoz.json'), 'read Muñoz.json first')
    assert.equal(at('ana 1.json'), 'read │ ana 1.json ┘ first')
    assert.equal(at('\u001b.json'), 'read │ \\u{1b}.json ┘ first')
    assert.equal(at('a'.repeat(30)), `read\n│ ${'a'.repeat(26)}\n│ aaaa ┘ first`)
  })

  it('is found in a finished sentence, and letters that are the same are not', () => {
    const marked = rowsOf(quoting('a b: not a b, nab a bit', ['a b', 'a', '']), 0, 80)
    assert.equal(marked, '│ a b ┘: not │ a b ┘, nab a bit')
    for (const name of ['\u0301 b', ' b', 'a ', 'a "b"', 'a\\ b', 'a\tb'])
      for (const written of [name, JSON.stringify(name).slice(1, -1), printable(name)]) {
        const { parts } = quoting(`no '${written}': as ${written}, too ${written}.`, [name])
        const found = { text: name, whole: false }
        assert.deepEqual(parts, ["no '", found, "': as ", found, ', too ', found, '.'])
      }
    const escaped = quoting("unknown option '--\u001b[2J'", ['--\u001b[2J'])
    assert.equal(rowsOf(escaped, 0, 80), "unknown option '│ --\\u{1b}[2J ┘'")
  })
})

describe('JSON on a terminal', () => {
  it('has the value that it had, in rows that are marked and as wide as the terminal at most', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), text, width, (value, text, width) => {
        const all = { [text]: value, text }
        const lines = JSON.stringify(all, null, 2).split('\n').map(printableJson)
        assert.deepEqual(JSON.parse(lines.join('\n')), JSON.parse(JSON.stringify(all)))
        for (const line of lines) assert.doesNotMatch(line.trimStart(), FORBIDDEN)
        const rows = markedJson(lines, width)
        for (const row of rows) assert.match(row, /^│ /)
        assert.deepEqual(rowsAt(rows.join('\n'), width), rows)
        assert.match(rows.at(-1) ?? '', / ┘$/)
      }),
      { numRuns: numRuns / 5 },
    )
  })
})
