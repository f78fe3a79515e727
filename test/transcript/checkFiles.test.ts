/** `ecdh-duet check` as a teacher runs it: the table, the exit code, JSON, and files that are anything but transcripts. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import stringWidth from 'string-width'
import { MAX_FILE_BYTES } from '../../src/classroom/transcript/read.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { sharedProcess } from '../helpers/command.ts'
import { assertLines } from '../helpers/printable.ts'
import { changed, type Json, oneRun, reportsOf, wrongIn } from '../helpers/transcripts.ts'
import { turnedAt } from '../helpers/wrong-transcripts.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-check-'))
after(() => fs.rmSync(folder, { recursive: true }))

const inFolder = (name: string, content: string | Uint8Array): string => {
  fs.writeFileSync(path.join(folder, name), content)
  return name
}
const runInShared = sharedProcess()
const check = (...args: string[]) => runInShared(['check', ...args], { cwd: folder })

const SLOW = process.env['SLOW'] === '1'
const numRuns = SLOW ? 3000 : 100
const run = oneRun(SUITES.X25519)

describe('ecdh-duet check', () => {
  it('prints a table with a row for each file, what is wrong in words, and exits with 1', async () => {
    const [a, b] = await run
    inFolder('ana.json', a)
    inFolder('bob.json', b)
    inFolder(
      'bad.json',
      changed(b, (t) => {
        t.state.safetyNumber = turnedAt(t.state.safetyNumber, 0)
        t.run = turnedAt(t.run, 0)
      }),
    )
    const good = await check('ana.json', 'bob.json')
    assert.deepEqual([good.code, good.errors], [0, ''])
    const id = JSON.parse(a).state.session.id.slice(0, 8)
    assert.equal(
      good.output,
      `file      curve   session   messages  pictures  verdict
────────  ──────  ────────  ────────  ────────  ───────
ana.json  X25519  ${id}  →3 ←0     →0 ←2     ✓ good
    (a pair with bob.json: the same session, 9 requests the same on both sides)
bob.json  X25519  ${id}  →0 ←3     →2 ←0     ✓ good
    (a pair with ana.json: the same session, 9 requests the same on both sides)

2 files: 2 good
`,
    )
    const bad = await check('ana.json', 'bad.json', 'bob.json')
    assert.deepEqual([bad.code, bad.errors], [1, ''])
    assert.match(
      bad.output,
      /^\+ bad\.json .* ✗ bad\n {4}The safety number is not that of the two/m,
    )
    assert.match(bad.output, /^\+ bob\.json .* ✗ shared\n/m)
    assert.match(bad.output, /\n3 files: 1 bad, 1 shared, 1 good\n$/)
  })

  it('prints the same as JSON for scripts', async () => {
    const [a, b] = await run
    const session = JSON.parse(a).state.session.id
    inFolder('1.json', a)
    inFolder(
      '2.json',
      changed(b, (t) => {
        const { parts } = t.events.find(({ form }: Json) => form === 'sealed message')
        const tag = parts.find(({ field }: Json) => field === 'tag')
        tag.text = turnedAt(tag.text, 0)
      }),
    )
    inFolder('3.json', '[]')
    const { code, output } = await check('--json', '1.json', '2.json', '3.json')
    assert.equal(code, 1)
    const [one, two, three, ...more] = JSON.parse(output)
    assert.equal(more.length, 0)
    const [{ text }] = one.wrong
    assert.match(text, /^The message 0 is another one in 2\.json, the other side/)
    assert.deepEqual(
      { ...one, wrong: one.wrong.length, remarks: null, run: null, port: null },
      {
        file: '1.json',
        verdict: 'bad',
        curve: 'X25519',
        session,
        messages: { sent: 3, received: 0 },
        pictures: { sent: 0, received: 2 },
        run: null,
        port: null,
        pairs: ['2.json'],
        wrong: 1,
        remarks: null,
        standing: 'bad',
        alone: false,
        sameIdentity: [],
        compared: false,
        requirements: [],
        names: null,
      },
    )
    assert.deepEqual(Object.keys(two), Object.keys(one))
    assert.equal(two.verdict, 'bad')
    assert.deepEqual(three.wrong, [
      { code: 'bad_form', record: null, text: 'It is JSON, and no transcript.' },
    ])
    assert.deepEqual([three.verdict, three.curve, three.messages], ['bad', null, null])
  })

  it('exits with 2 without a file, and says how it is used', async () => {
    const none = await check('--json')
    assert.deepEqual([none.code, none.output], [2, ''])
    assert.match(none.errors, /^error: /)
    const { code, output } = await check('--help')
    assert.equal(code, 0)
    assert.match(output, / check class --roster class\.csv --require /)
  })

  it('takes the transcripts of a class that has copied', async () => {
    const [a, b] = await run
    const texts = Array.from({ length: SLOW ? 60 : 12 }, (_, i) =>
      changed(i % 2 === 0 ? a : b, (t) => {
        t.run = i.toString(16).padStart(16, '0')
      }),
    )
    const reports = reportsOf(texts)
    for (const { wrong } of reports)
      assert.deepEqual([...new Set(wrong.map(({ code }) => code))], ['shared_key'])
    assert.match(String(reports[0]?.wrong[0]?.text), / and \d+ more too, in another run/)
  })
})

describe('a file that is no transcript', () => {
  const deep = (open: string, close: string, times: number) =>
    open.repeat(times) + close.repeat(times)
  const MANY = Array(500_000).fill(0)
  const contents: [string, string | Uint8Array, RegExp][] = [
    ['empty', '', /^It is empty\.$/],
    ['a zip', 'PK\u0003\u0004\u0014', /^It is a zip\. Unpack it/],
    ['text', 'My homework\n', /not JSON/],
    ['bytes', Buffer.from([0x80, 0xff, 0]), /not text in UTF-8/],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), /UTF-16, as > writes it in PowerShell/],
    ['a byte order mark', '\ufeff{}', /byte order mark/],
    ['a number', '42', /no transcript/],
    ['null', 'null', /no transcript/],
    ['a list', '[]', /no transcript/],
    ['another object', '{"a":1}', /no "format"/],
    ['another version', '{"format":"ecdh-duet transcript","version":3}', /of version 1 or 2/],
    ['version 1e400', '{"format":"ecdh-duet transcript","version":1e400}', /of version 1 or 2/],
    ['nothing else', '{"format":"ecdh-duet transcript","version":1}', /`run` is missing/],
    ['half of one', '{"format":"ecdh-duet transcript","version":1', /not JSON/],
    ['deep lists', deep('[', ']', 100_000), /nested deeper/],
    ['deep objects', deep('{"a":', '}', 100_000), /nested deeper/],
    ['lists that never end', '['.repeat(MAX_FILE_BYTES), /nested deeper/],
    ['a string that never ends', `"${'a'.repeat(MAX_FILE_BYTES - 1)}`, /not JSON/],
    ['names that never end', '{"'.repeat(MAX_FILE_BYTES / 2), /not JSON|nested deeper/],
    ['many empty lists', `[${'[],'.repeat(500_000)}0]`, /more in it than any/],
    ['many names', `{${MANY.map((_, i) => `"${i}":0`)}}`, /more in it than any/],
    ['many numbers', `[${'1,'.repeat(500_000)}1]`, /more in it than any/],
    ['too long', new Uint8Array(MAX_FILE_BYTES + 1).fill(0x20), /more than 16 MiB/],
    ['a name twice', '{"format":1,\n"for\\u006dat":2}', /stands twice in one object in line 2/],
    ['__proto__', '{"__proto__":{"format":1}}', /a name that no transcript has/],
    ['control characters', '{"format":"\u009b31m\u202e"}', /no "format"/],
  ]
  for (const [what, content, says] of contents)
    it(`(${what}) is said in one line, and without much work`, () => {
      const begin = process.cpuUsage()
      const [report] = reportsOf([content])
      assert.equal(report?.facts, null)
      assert.equal(report?.wrong.length, 1)
      assert.match(String(report?.wrong[0]?.text), says)
      // what costs more with each byte than a look at it takes minutes for these
      const { user, system } = process.cpuUsage(begin)
      assert.ok(user + system < 10e6, `${user + system} µs of the processor`)
    })

  it('(what is no file, not there or not to be read) is said in one line', async () => {
    fs.mkdirSync(path.join(folder, 'folder'))
    const within = path.join(inFolder('not a folder', ''), 'x')
    const names = ['folder', 'missing', '*.jso?', '/dev/zero', 'folder/none', within]
    if (process.platform === 'linux') {
      spawnSync('mkfifo', [path.join(folder, 'fifo')])
      names.push('fifo')
    }
    // whoever is root reads everything
    if (process.getuid?.() !== 0) {
      names.push(inFolder('closed', '{}'))
      fs.chmodSync(path.join(folder, 'closed'), 0)
    }
    const { code, output, errors } = await check('--json', ...names)
    assert.deepEqual([code, errors], [1, ''])
    const reports: Json[] = JSON.parse(output)
    assert.equal(reports.length, names.length)
    for (const { file, wrong } of reports) {
      assert.equal(wrong.length, 1, file)
      assert.equal(wrong[0].code, 'unreadable')
      assert.match(
        wrong[0].text,
        /^It is a folder, and no transcript is in it\.$|^It is not a file\.$|^There is no such file\.|^It can't be read \(E[A-Z]+\)\.$/,
      )
    }
    const [, , pattern] = reports.map(({ wrong }) => wrong[0].text)
    if (process.platform !== 'win32') assert.match(pattern, /type it without them: \*\.jso\?$/)
  })

  it('is named in a table whose columns stay where they are, and cut between characters', async () => {
    const [a] = await run
    const names = ['漢字.json', 'Ana Pérez.json', `${'x'.repeat(43)}😀.json`]
    const { output } = await check(...names.map((name) => inFolder(name, a)))
    const rows = output.split('\n')
    const at = (row: string) => stringWidth(row.slice(0, row.indexOf('X25519')))
    const first = rows.filter((row) => row.includes('X25519'))
    assert.deepEqual(first.map(at), [32, 32, 32])
    assert.match(first[0] ?? '', /^漢字\.json \(alone\) /)
    assert.match(first[1] ?? '', /^\+ │ Ana Pérez\.json ┘/)
    assert.ok(
      rows.some((row) => /^ {2}│ x+😀\.json ┘/.test(row)),
      output,
    )
  })

  it('prints nothing raw, of its name or of what is in it', async (t) => {
    if (process.platform === 'win32') return t.skip('Windows has no such names')
    const evil = '\u001b[2J\u0085\u202eevil\n\u007f.json'
    const [a] = await run
    const hasField = changed(a, (t) => {
      t[evil] = 1
    })
    const hasValues = changed(a, (t) => {
      t.state.peer.url = evil
      t.events[0].next = evil
      t.events[0].code = evil
    })
    const names = [a, a, hasField, hasValues].map((text, i) => inFolder(`${i}${evil}`, text))
    const table = await check(...names)
    assertLines(table.output.replaceAll('\n\n', '\n'))
    assert.match(table.output, /\\u\{1b\}\[2J\\u\{85\}/)
    const { output } = await check('--json', ...names)
    assertLines(output)
    assert.deepEqual(
      JSON.parse(output).map(({ file }: Json) => file),
      names,
    )
  })

  it('never ends the check where a record has the number of another one', async () => {
    const [text] = await run
    const { events } = JSON.parse(text)
    for (const i of events.keys())
      for (const { n } of events.slice(0, i)) {
        const wrong = wrongIn(changed(text, (t) => Object.assign(t.events[i], { n })))
        assert.notDeepEqual(wrong, [])
      }
  })

  it('never ends the check, whatever stands in the place of a value', async () => {
    const [text] = await run
    const odd = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('', '00', 'zz', '\u0000', '\ud800', '__proto__', 'constructor', 'sent'),
      fc.constantFrom(-1, 0, 0.5, 2 ** 53, 1e308, 1, 7, null, true),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), odd), { minLength: 1, maxLength: 3 }), (changes) => {
        const bad = changed(text, (transcript) => {
          for (const [where, value] of changes) {
            const places = [...leaves(transcript)]
            const [holder, name] = places[where % places.length] ?? [transcript, 'run']
            holder[name] = value
          }
        })
        for (const line of wrongIn(bad)) assertLines(`${line}\n`)
      }),
      { numRuns },
    )
  })

  it('never ends the check, wherever its text was changed', async () => {
    const [text] = await run
    const pieces = fc.constantFrom(...'"\\{}[],:0-é\u0000', '1e400', 'null')
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(40), pieces, (at, cut, piece) => {
        const bad = text.slice(0, at) + piece + text.slice(at + cut)
        for (const line of wrongIn(bad)) assertLines(`${line}\n`)
      }),
      { numRuns },
    )
  })
})

/** Each value in it, by the object or list that holds it and its name there. */
function* leaves(value: Json): Generator<[Json, string]> {
  for (const name of Object.keys(value)) {
    yield [value, name]
    if (typeof value[name] === 'object' && value[name] !== null) yield* leaves(value[name])
  }
}
