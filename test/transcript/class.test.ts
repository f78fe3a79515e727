/** `check` of a class: rows of pairs, folders of a learning platform, a roster, requirements, and a table for a spreadsheet. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import stringWidth from 'string-width'
import { parseCsv } from '../../src/classroom/csv.ts'
import { callRoll } from '../../src/classroom/transcript/roster.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { classOf } from '../helpers/class.ts'
import { sharedProcess, usage } from '../helpers/command.ts'
import { folderForEach, makePipe, modeOf } from '../helpers/files.ts'
import { honestRun, type Step } from '../helpers/honest.ts'
import { assertLines } from '../helpers/printable.ts'
import { changed, type Json } from '../helpers/transcripts.ts'
import { turnedAt } from '../helpers/wrong-transcripts.ts'

const at = folderForEach()
const run = sharedProcess()
const check = (...args: string[]) => run(['check', ...args], { cwd: at() })
const PAIRS = classOf(30)

/** Writes files below the test's folder. */
function write(files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(at(name)), { recursive: true })
    fs.writeFileSync(at(name), content)
  }
}

/** The transcripts of pair `i`. */
const pair = (i: number): [string, string] => PAIRS[i] ?? assert.fail()

const asOtherRun = (text: string) =>
  changed(text, (t) => {
    t.run = turnedAt(t.run, 0)
  })
const withWrongNumber = (text: string) =>
  changed(text, (t) => {
    t.state.safetyNumber = turnedAt(t.state.safetyNumber, 0)
  })
const withOtherTag = (text: string) =>
  changed(text, ({ events }) => {
    const { parts } = events.find(({ form }: Json) => form === 'sealed message')
    const tag = parts.find(({ field }: Json) => field === 'tag')
    tag.text = turnedAt(tag.text, 0)
  })
const withPeerCompared = (text: string) =>
  changed(text, ({ state }) => {
    state.peer.compared = true
  })

describe('check of a class', () => {
  it('has a row for each of thirty pairs, and with --all one for each file', async () => {
    for (const [i, [a, b]] of PAIRS.entries())
      write({ [`class/${i}/a.json`]: a, [`class/${i}/b.json`]: b })
    const { code, output, errors } = await check('class')
    assert.deepEqual([code, errors], [0, ''])
    const rows = output.split('\n')
    const [, , heading, ...pairs] = rows
    assert.equal(heading, 'good (30 pairs)')
    for (let i = 0; i < 30; i++) {
      const own = pairs.filter((row) => row.startsWith(`${i}/a.json + ${i}/b.json `))
      assert.match(`${own}`, /^\S+ \+ \S+ +X25519 {2}[0-9a-f]{8} {2}→1 ←1 {5}→0 ←1 {5}✓ good$/)
    }
    assert.deepEqual(pairs.slice(30), ['', '60 files: 60 good', ''])
    const all = (await check('class', '--all')).output
    assert.equal(all.match(/^\d+\/[ab]\.json {2}/gm)?.length, 60)
    assert.match(all, /\n\d+\/a\.json .*\n {4}\(a pair with \d+\/b\.json: the same session, /)
  })

  it('has the bad first, then what is shared, then the good, and blames no other side', async () => {
    const [a, b] = pair(1)
    write({
      'ana.json': pair(0)[0],
      'ben.json': pair(0)[1],
      'carl.json': a,
      'copy.json': asOtherRun(a),
      'dora.json': b,
      'eve.json': withWrongNumber(pair(2)[0]),
      'fay.json': pair(2)[1],
      'gus.json': pair(3)[0],
      'hal.json': withOtherTag(pair(3)[1]),
      'ida.json': pair(4)[0],
    })
    const { code, output } = await check('.')
    assert.equal(code, 1)
    assert.deepEqual(output.match(/^[a-z][a-z ]* \(.*\)$/gm), [
      'bad (2 pairs)',
      'shared (1 larger group)',
      'good (1 pair, 1 single file)',
    ])
    const standing = (name: string) =>
      new RegExp(`^(?:\\+ )?${name}\\.json .*[✓✗] (\\w+)$`, 'm').exec(output)?.[1]
    const names = ['eve', 'fay', 'gus', 'hal', 'carl', 'copy', 'dora']
    assert.deepEqual(names.map(standing), 'bad good bad bad shared shared good'.split(' '))
    assert.match(output, /^eve\.json .*\n {4}The safety number is not .*\n\+ fay\.json /m)
    assert.match(output, /\n\+ hal.*\n {4}\(the files do not say which of them was changed\)\n/)
    assert.equal(output.match(/is another one in/g)?.length, 1, 'what differs is said once')
    assert.match(output, /^ana\.json \+ ben\.json .* ✓ good$/m)
    assert.match(output, /^ida\.json \(alone\) .* ✓ good$/m)
    assert.match(output, /\n10 files: 3 bad, 2 shared, 5 good\n$/)
    const reports: Json[] = JSON.parse((await check('.', '--json')).output)
    const found = (name: string): Json => reports.find(({ file }) => file === `./${name}.json`)
    assert.deepEqual(
      ['carl', 'dora', 'gus', 'ida'].map((name) => found(name).verdict),
      ['copy', 'good', 'bad', 'good'],
    )
    assert.deepEqual([found('carl').standing, found('dora').standing], ['shared', 'good'])
    assert.deepEqual([found('ida').alone, found('dora').alone], [true, false])
  })

  it('holds nothing against whoever differs from a copy that was changed, or from a file that is wrong itself', async () => {
    const [a, b] = pair(0)
    const [c, d] = pair(1)
    write({
      'ana.json': a,
      'ben.json': b,
      'changed.json': withOtherTag(asOtherRun(b)),
      'carl.json': c,
      'dora.json': withOtherTag(withWrongNumber(d)),
    })
    const reports: Json[] = JSON.parse((await check('.', '--json')).output)
    assert.deepEqual(
      reports.map(({ verdict, standing }) => `${verdict} ${standing}`),
      ['bad good', 'copy shared', 'bad differs', 'bad bad', 'bad bad'],
    )
    const { output } = await check('.')
    assert.match(output, /^carl\.json .* · differs\n[^+]*\(the other file is wrong by itself/m)
  })

  it('counts an identity that two rows share, and explains it', async () => {
    const steps = (['agree', 'restart', 'restart', 'agree'] as const).map((kind, i): Step => {
      return { do: kind, side: i === 2 ? 1 : 0, pick: 0 }
    })
    const texts = honestRun(SUITES.X25519, steps)
    assert.equal(texts.length, 4)
    write(Object.fromEntries(texts.map((text, i) => [`${i}.json`, text])))
    const { code, output } = await check('.')
    assert.equal(code, 0)
    assert.match(output, /^same identity \(2 pairs\)\n {4}Nothing is wrong .* \.duet, which/ms)
    assert.match(output, /^0\.json .* ✓ good\n {4}Its identity is that of 2\.json\.\n\+ 1\.json/m)
    assert.match(output, /\n4 files: 4 good; 4 with the identity of another\n$/)
    const [one]: Json[] = JSON.parse((await check('.', '--json')).output)
    assert.deepEqual(one.sameIdentity, ['./2.json'])
  })

  it('joins one pair that three files say to be of, and never ends for files that are all the same', async () => {
    const [a, b] = pair(0)
    write({ 'a.json': a, 'b.json': b, 'c.json': a })
    assert.match((await check('.')).output, /^shared \(1 larger group\)$/m)
    write(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`same/${i}.json`, a])))
    const { output } = await check('same')
    assert.match(output, /\n200 files: 200 shared\n$/)
    assert.match(output, / and 196 more, byte by byte\./)
    assert.ok(output.split('\n').length < 250)
  })

  it('shows names as they are, at 80 columns, aligned and with nothing of them raw', async () => {
    const names = [
      'Ana',
      '王小明',
      'كريم',
      'Zoë\u0308',
      'x'.repeat(90),
      'good (9 pairs)',
      '\u001b[31m✓ good',
    ]
    for (const [i, name] of names.entries()) {
      const [a, b] = pair(i)
      write({ [`${name}/${name.slice(0, 20)}-a.json`]: a, [`${name}/b.json`]: b })
    }
    const { output } = await check('.')
    assertLines(output.replaceAll('\n\n', '\n'))
    const rows = output.split('\n')
    for (const row of rows) assert.ok(stringWidth(row) <= 80, row)
    const cells = rows.filter((row) => row.includes('X25519'))
    assert.equal(new Set(cells.map((row) => stringWidth(row.split('X25519')[0] ?? ''))).size, 1)
    assert.match(output, /^王小明\/b\.json +X25519 .*\n\+ 王小明\/王小明-a\.json$/m)
    assert.doesNotMatch(output, /^good \(9/m)
    const spoken = (await check('.', '--plain')).output
    assert.match(spoken, /^files: ?\n? *Ana\/Ana-a\.json \+ Ana\/b\.json\n/m)
    assert.doesNotMatch(spoken, /[✓✗→←]/)
  })
})

describe('check of folders', () => {
  it('takes each transcript below them, and counts and names what is none', async () => {
    const deep = `${'d/'.repeat(60)}transcript`
    write({
      'in/Müller_Anna_1_assignsubmission_file_/transcript.json': pair(0)[0],
      'in/Ito_Ben_2_assignsubmission_file_/my homework.txt': pair(0)[1],
      [`in/${deep}`]: pair(1)[0],
      'in/.hidden/x.JSON': pair(1)[1],
      'in/Zip/all.zip': 'PK\u0003\u0004',
      'in/Zip/all.json': 'PK\u0003\u0004',
      'in/notes.md': 'the format is "ecdh-duet", says the transcript',
      'in/package.json': '{"name":"x"}',
      'in/node_modules/a/t.json': pair(2)[0],
      'in/broken.json': pair(3)[0].slice(0, 900),
      'in/utf16.json': Buffer.from(`\ufeff${pair(4)[0]}`, 'utf16le'),
      'in/empty.json': '',
      'alone/deeper/none.txt': '',
    })
    if (process.platform !== 'win32') {
      fs.symlinkSync(at('in'), at('in/again'))
      fs.symlinkSync('/dev/zero', at('in/zero.json'))
      makePipe(at('in/pipe.json'))
    }
    // what is named, and lies in a folder that is, is there once
    const { code, output } = await check('in', 'in/d', 'alone', '--json')
    assert.equal(code, 1)
    const found: Json[] = JSON.parse(output)
    assert.deepEqual(
      found.map(({ file, verdict }) => `${verdict} ${file}`),
      [
        'good in/.hidden/x.JSON',
        'good in/Ito_Ben_2_assignsubmission_file_/my homework.txt',
        'good in/Müller_Anna_1_assignsubmission_file_/transcript.json',
        'bad in/broken.json',
        `good in/${deep}`,
        'bad in/utf16.json',
        'bad alone',
      ],
    )
    assert.match(found.at(-1).wrong[0].text, /^It is a folder, and no transcript is in it\.$/)
    const text = (await check('in')).output
    const left = process.platform === 'win32' ? 6 : 9
    assert.match(text, new RegExp(`\\n${left} other files in the folders were left out\\.\\n`))
    assert.match(
      text,
      /\n {4}1 is an archive; unpack it, and check what was in it: Zip\/all\.zip\n/,
    )
    assert.match(
      text,
      /\n {4}3 are called \.json, and no transcripts: Zip\/all\.json, empty\.json,\n/,
    )
  })

  it('says what it did not look at', async () => {
    write({ [`in/${'d/'.repeat(70)}t.json`]: pair(0)[0] })
    const deep = await check('in')
    assert.equal(deep.code, 1)
    assert.match(deep.output, /It is the 64th folder in another one\./)
  })

  const readsAll =
    process.platform === 'win32' || process.getuid?.() === 0 ? 'whoever is root reads all' : false
  it('says of a folder that it can not be read', { skip: readsAll }, async () => {
    write({ 'closed/a/t.json': pair(0)[1] })
    fs.chmodSync(at('closed/a'), 0)
    const closed = await check('closed')
    fs.chmodSync(at('closed/a'), 0o700)
    assert.match(closed.output, /It is a folder that can't be read \(EACCES\)/)
  })

  it('opens paths as long as the system takes, and names that are not UTF-8', async (t) => {
    if (process.platform !== 'linux') return t.skip('only Linux has such names for sure')
    const folder = Buffer.concat([Buffer.from(`${at()}/`), Buffer.from('Mu\xf1oz', 'latin1')])
    fs.mkdirSync(folder)
    fs.writeFileSync(Buffer.concat([folder, Buffer.from('/t.json')]), pair(0)[0])
    // 4,095 bytes are the most: what is in the last folder can't be named
    const long = 'x'.repeat(200)
    const script = `for i in $(seq 22); do mkdir ${long} && cd -P ${long} || exit; echo '{}' > t.json; done`
    spawnSync('sh', ['-c', script], { cwd: at() })
    write({ 'roster.csv': 'name\nMuñoz' })
    const { code, output } = await check('.', '--json', '--roster', 'roster.csv')
    assert.equal(code, 1)
    const found: Json[] = JSON.parse(output)
    const [named] = found.filter(({ verdict }) => verdict === 'good')
    assert.deepEqual([named.file, named.names], ['./Mu\\xf1oz/t.json', ['Muñoz']])
    assert.match(found.find(({ verdict }) => verdict === 'bad').wrong[0].text, /\(ENAMETOOLONG\)/)
    spawnSync('rm', ['-r', long], { cwd: at() })
  })
})

describe('check --require', () => {
  it('says what is missing, of both sides once, and marks what a file only says of itself', async () => {
    const [a, b] = pair(0)
    const [c, d] = pair(1)
    write({
      'a.json': withPeerCompared(a),
      'b.json': withPeerCompared(b),
      'c.json': c,
      'd.json': d,
    })
    const all = 'messages>=1 each way, pictures >= 1,CURVE=x25519,compared'
    const { code, output } = await check('.', '--require', all)
    assert.equal(code, 1)
    assert.match(output, /^unmet \(1 pair\)$/m)
    assert.match(output, /^c\.json \+ d\.json .* ✗ unmet\n {4}compared: it does not say that/m)
    assert.match(output, /^a\.json \+ b\.json .* ✓ good$/m)
    assert.match(output, /^compared: 2 files say so, and nothing else in a transcript shows it\.$/m)
    const [one]: Json[] = JSON.parse((await check('.', '--json', '--require', all)).output)
    assert.deepEqual(
      one.requirements.map(({ require, met, said }: Json) => [require, met, said]),
      [
        ['messages>=1 each way', true, false],
        ['pictures>=1', true, false],
        ['curve=X25519', true, false],
        ['compared', true, true],
      ],
    )
    const unmet = ['messages>=2 each way', 'messages>=3', 'pictures>=1 each way', 'curve=hybrid']
    for (const require of unmet) {
      const { code, output } = await check('c.json', 'd.json', '--require', require)
      assert.equal(code, 1, require)
      assert.match(output, /2 files: 2 unmet\n$/)
    }
    for (const require of ['messages>=2', 'curve=X25519', 'messages>=1 EACH  WAY'])
      assert.equal((await check('c.json', '--require', require)).code, 0, require)
  })

  it('counts what gave way to newer records, since the numbers of the last ones tell', async () => {
    const [long] = classOf(1, { plan: [['agree'], ...Array(8).fill(['talk', 0, 44])] })[0] ?? []
    write({ 'long.json': long ?? '' })
    const [{ messages }]: Json[] = JSON.parse((await check('long.json', '--json')).output)
    assert.ok(messages.sent < 100)
    assert.equal((await check('long.json', '--require', 'messages>=350 each way')).code, 0)
    assert.equal((await check('long.json', '--require', 'messages>=353 each way')).code, 1)
  })

  it('refuses what it does not know, with what to type', async () => {
    const refused: [string, RegExp][] = [
      ['', /What can be required is messages>=1, pictures>=1/],
      ['messages', /messages needs >= and a number.* --require '?"?messages>=1 each way/s],
      ['messages>1', /messages needs >= and a number/],
      ['messages>=1 both ways', /messages needs >= and a number/],
      ['messages>=0', /From 1 to 1048576 messages/],
      [`pictures>=${'9'.repeat(100_000)}`, /From 1 to 1048576 pictures/],
      ['curve', /curve=X25519/],
      ['curve=p521', /The curves are/],
      ['curve=p256,curve=x25519', /No transcript is on P-256 and on X25519/],
      ['compared=true', /What can be required is/],
      ['messages>=1,,compared', /What can be required is/],
    ]
    for (const [require, says] of refused) {
      const text = await usage(['check', 'a.json', `--require=${require}`])
      assert.match(text.replaceAll(/\s+/g, ' '), says, require.slice(0, 40))
    }
  })
})

describe('check --roster', () => {
  const found = (names: string[], ...places: string[]) => callRoll(names, places).namesOf

  it('finds names whatever their case, accents, order and separators are', () => {
    const pairs: [name: string, place: string][] = [
      ['Anna Müller', 'Müller_Anna_12345_assignsubmission_file_/transcript.json'],
      ['Anna Müller', 'Mu\u0308ller Anna_1_assignsubmission_file_/t.json'],
      ['anna muller', 'x/ANNA-MÜLLER.json'],
      ['Anna Müller', 'mueller.anna.json'],
      ['Anna Mueller', 'Müller-Anna.json'],
      ['Müller, Anna', 'anna_muller2.json'],
      ['Ana Pérez', 'AnaPerez.json'],
      ['Jean-Luc O’Neil', "O'Neil_Jean Luc_7/t.json"],
      ['José María García López', 'García López_José María_9/t.json'],
      ['Eva Groß', 'GROSS_EVA.json'],
      ['Jørgen Østergård', 'oestergaard jorgen.json'],
      ['Łukasz Żak', 'zak-lukasz.json'],
      ['王小明', '王小明_123_assignsubmission_file_/t.json'],
      ['דוד כהן', 'כהן דוד_4_/t.json'],
      ['Zeynep Işık', 'isik_zeynep.json'],
      ['Ana', 'ana.json'],
    ]
    for (const [name, place] of pairs) assert.deepEqual(found([name], place), [[name]], place)
  })

  it('finds no name in a part of a word, in two parts of a path, or in what all files lie in', () => {
    assert.deepEqual(found(['Ana', 'Al'], 'Anastasia Alvarez.json'), [[]])
    assert.deepEqual(found(['Berg Anna'], 'Berg/Anna Schmidt.json'), [[]])
    const all = ['class of Ana/a.json', 'class of Ana/b.json', 'class of Ana/c.json']
    assert.deepEqual(found(['Ana'], ...all), [[], [], []])
  })

  it('takes the longer of two names, and both names of a pair', () => {
    const names = ['Ana', 'Ana García', 'Ana García López', 'Ben Ito']
    assert.deepEqual(found(names, 'García López_Ana_1/t.json'), [['Ana García López']])
    assert.deepEqual(found(names, 'ana-garcia.json'), [['Ana García']])
    assert.deepEqual(found(names, 'ana-garcia_ben-ito.json'), [['Ana García', 'Ben Ito']])
  })

  it('says who handed in nothing, who has two files, and which files are nobody’s', async () => {
    const [a, b] = pair(0)
    write({
      'in/ana.json': a,
      'in/ben.json': b,
      'in/ben (2).json': pair(1)[0],
      'in/x.json': pair(1)[1],
      'roster.csv': '\ufeffsep=;\r\nid;Name;mail\r\n1;ANA;\r\n2;"Ben";x\r\n3;Zoë Óg;\r\n;;\r\n',
    })
    const { code, output } = await check('in', '--roster', 'roster.csv', '--csv', 'out.csv')
    assert.equal(code, 1)
    assert.match(output, /^Roster: 2 of 3 handed in\.$/m)
    assert.match(output, /^1 handed in nothing, .*:\n {4}│ Zoë Óg ┘$/m)
    assert.match(output, /^1 has more than one file:\n {4}Ben: │ ben \(2\)\.json ┘, ben\.json$/m)
    assert.match(output, /^1 file with no name of the roster in its path:\n {4}x\.json$/m)
    const reports: Json[] = JSON.parse(
      (await check('in', '--json', '--roster', 'roster.csv')).output,
    )
    assert.deepEqual(
      reports.map(({ file, verdict, names }) => [file, verdict, names]),
      [
        ['in/ana.json', 'good', ['ANA']],
        ['in/ben (2).json', 'good', ['Ben']],
        ['in/ben.json', 'good', ['Ben']],
        ['in/x.json', 'good', []],
        [null, 'missing', ['Zoë Óg']],
      ],
    )
    const rows = parseCsv(fs.readFileSync(at('out.csv'), 'utf8'), ',')
    assert.deepEqual(
      rows.map(([file, name, , , , , , verdict]) => [file, name, verdict]).slice(1),
      [
        ['in/ana.json', 'ANA', 'good'],
        ['in/ben (2).json', 'Ben', 'good'],
        ['in/ben.json', 'Ben', 'good'],
        ['in/x.json', '', 'good'],
        ['', 'Zoë Óg', 'missing'],
      ],
    )
    write({ 'all.csv': 'name\nana\nben\n' })
    assert.equal((await check('in', '--roster', 'all.csv')).code, 0)
  })

  it('reads a roster as spreadsheets save it, and says what is wrong with any other', async () => {
    write({ 'müller.json': pair(0)[0] })
    const text = 'nr\tname\n1\tMüller\n'
    const good: [string, string | Buffer][] = [
      ['UTF-16', Buffer.from(`\ufeff${text}`, 'utf16le')],
      ['UTF-16, the other way round', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
      ['Windows-1252', Buffer.from(text, 'latin1')],
      ['quotes', '"a ""b"", c","NAME "\r"x\ny","Müller"'],
      ['decomposed', 'name\nMu\u0308ller'],
    ]
    for (const [what, content] of good) {
      write({ 'roster.csv': content })
      assert.equal((await check('müller.json', '--roster', 'roster.csv')).code, 0, what)
    }
    const bad: [string | Buffer, RegExp][] = [
      ['', /roster\.csv: It has no column "name"/],
      ['vorname,nachname\na,b\n', /no column "name"/],
      ['PK\u0003\u0004', /workbook or an archive.* save the roster as CSV/],
      [`name\n"${'x'.repeat(300)}`, /more than 200 characters\. Is a quote missing\?/],
      ['name\n---\n', /neither a letter nor a digit/],
      [Buffer.alloc(4 * 2 ** 20 + 1, 'a'), /more than 4 MiB/],
    ]
    for (const [content, says] of bad) {
      write({ 'roster.csv': content })
      const { code, errors, output } = await check('müller.json', '--roster', 'roster.csv')
      assert.deepEqual([code, output], [1, ''])
      assert.match(errors, says)
    }
    for (const file of ['none.csv', '.', '/dev/zero'])
      assert.match(
        (await check('müller.json', '--roster', file)).errors,
        /^ecdh-duet: .*: (?:There is no such|It is not a) file/,
      )
  })

  const letters = (i: number) =>
    i.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)] ?? '')

  it('finds ten thousand names among two thousand files in little time', () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `Person X${letters(i)}`)
    const places = names
      .slice(0, 2000)
      .map((name, i) => `${name}_${i}_assignsubmission_file_/t.json`)
    const begin = process.cpuUsage()
    const { namesOf, people } = callRoll(names, places)
    const { user, system } = process.cpuUsage(begin)
    assert.equal(people.filter(({ files }) => files.length === 0).length, 8000)
    for (const [i, own] of namesOf.entries()) assert.deepEqual(own, [names[i]])
    assert.ok(user + system < 10e6, `${user + system} µs of the processor`)
  })
})

describe('check --csv', () => {
  const HEAD = 'file,name,curve,session,sent,received,pictures,verdict,why\r\n'

  it('has a row for each file, and no cell that a spreadsheet computes', async (t) => {
    if (process.platform === 'win32') return t.skip('Windows has no such names')
    const name = '=cmd|"x";+1,\n@SUM(1).json'
    write({ [name]: withWrongNumber(pair(0)[0]), 'roster.csv': 'name\n"=HYPERLINK(""x"")"\n' })
    const { code, output } = await check(name, '--csv', '-', '--roster', 'roster.csv')
    assert.equal(code, 1)
    assert.ok(output.startsWith(HEAD), output)
    const [, row, missing, ...more] = parseCsv(output, ',')
    assert.deepEqual(more, [])
    const id = JSON.parse(pair(0)[0]).state.session.id
    assert.deepEqual(row?.slice(0, 8), [
      `'=cmd|"x";'+1,\\n@SUM(1).json`,
      ...['', 'X25519', id, '1', '1', '1', 'bad'],
    ])
    assert.match(
      row?.[8] ?? '',
      /^The safety number is not .* No file of its other side is here\.$/,
    )
    assert.deepEqual(missing?.slice(0, 2), ['', `'=HYPERLINK("x")`])
  })

  it('is written whole, for its owner alone, and only over what it has written', async () => {
    write({ 'a.json': pair(0)[0], 'b.json': pair(0)[1] })
    const first = await check('a.json', 'b.json', '--csv', 'out.csv')
    assert.equal(first.code, 0)
    assert.match(first.output, /2 files: 2 good/)
    if (process.platform !== 'win32') assert.equal(modeOf(at('out.csv')), '600')
    assert.equal((await check('a.json', '--csv', 'out.csv')).code, 0)
    assert.match(fs.readFileSync(at('out.csv'), 'utf8'), /^[^\n]*\r\na\.json,[^\n]*\r\n$/)
    fs.mkdirSync(at('folder'))
    fs.symlinkSync(at('out.csv'), at('link.csv'))
    for (const [file, says] of [
      ['b.json', /b\.json: It is there already, and no table of this command\. Name a file/],
      ['folder', /folder: It is not a file/],
      ['link.csv', /link\.csv: It is not a file/],
      ['none/out.csv', /\(ENOENT\)/],
    ] as const) {
      const { code, errors, output } = await check('a.json', '--csv', file)
      assert.deepEqual([code, output], [1, ''], file)
      assert.match(errors, says)
    }
    assert.equal(fs.readFileSync(at('b.json'), 'utf8'), pair(0)[1])
    assert.deepEqual(fs.readdirSync(at()).sort(), [
      'a.json',
      'b.json',
      'folder',
      'link.csv',
      'out.csv',
    ])
    assert.match(await usage(['check', 'a.json', '--json', '--csv', '-']), /exclude each other/)
  })
})
