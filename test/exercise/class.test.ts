/** `exercise class`: copies of folders that strangers made, and rows that a spreadsheet reads. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { asCsv, type ClassRow, examineClass } from '../../src/classroom/exercise/classRun.ts'
import { clauseOf, reportOf, rowOf } from '../helpers/exercise-report.ts'
import { folderForEach } from '../helpers/files.ts'

const at = folderForEach()
const report = reportOf([rowOf(clauseOf('keys/1'))])

/** Writes files below the test's folder. */
function write(files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(at(file)), { recursive: true })
    fs.writeFileSync(at(file), text)
  }
}

/** What is below a folder: the path of each file or link, and what it says. */
function contentOf(folder: string): Record<string, string> {
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true })
  return Object.fromEntries(
    entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => {
        const file = path.join(entry.parentPath, entry.name)
        const text = entry.isSymbolicLink() ? fs.readlinkSync(file) : fs.readFileSync(file, 'utf8')
        return [path.relative(folder, file), text]
      }),
  )
}

describe('a class', () => {
  it('is run in copies, which are gone afterwards, four at a time', async () => {
    const names = Array.from({ length: 9 }, (_, i) => `peer ${i}`)
    write(Object.fromEntries(names.map((name) => [`${name}/start`, `run '${name}' {port}\r\n`])))
    write({ 'peer 0/lib/a.py': 'a' })
    const copies: string[] = []
    let running = 0
    let most = 0
    let areFour = () => {}
    const four = new Promise<void>((resolve) => {
      areFour = resolve
    })
    const told: string[] = []
    const rows = await examineClass(
      names.map((name) => at(name)),
      async (words, cwd, subject) => {
        most = Math.max(most, ++running)
        copies.push(cwd)
        const [, name = ''] = words
        assert.deepEqual(words, ['run', name, '{port}'])
        assert.equal(subject, `run '${name}' {port}`)
        const content = { start: `run '${name}' {port}\r\n` }
        const lib = name === 'peer 0' ? { [path.join('lib', 'a.py')]: 'a' } : {}
        assert.deepEqual(contentOf(cwd), { ...lib, ...content })
        fs.writeFileSync(path.join(cwd, 'start'), 'changed')
        if (running === 4) areFour()
        await four
        running--
        return report
      },
      ({ folder }) => told.push(folder),
    )
    assert.equal(most, 4)
    assert.deepEqual(
      rows.map(({ folder }) => folder),
      names.map((name) => at(name)),
    )
    assert.deepEqual(
      told.sort(),
      names.map((name) => at(name)),
    )
    assert.ok(rows.every((row) => row.report === report && row.error === null))
    assert.equal(new Set(copies).size, 9)
    assert.deepEqual(
      copies.filter((copy) => fs.existsSync(copy)),
      [],
    )
    assert.equal(fs.readFileSync(at('peer 0/start'), 'utf8'), "run 'peer 0' {port}\r\n")
  })

  it('follows no link out of a folder', { skip: os.platform() === 'win32' }, async () => {
    write({ secret: 'of the teacher', 'peer/start': 'x', 'peer/src/main.py': 'main' })
    for (const [link, target] of [
      ['out', at('secret')],
      ['up', '..'],
      ['src/far', '../../secret'],
      ['gone', 'nowhere'],
      ['main', 'src/main.py'],
      ['src/whole', at('peer/src/main.py')],
      ['again', 'main'],
    ] as const)
      fs.symlinkSync(target, at('peer', link))
    let content = {}
    const copy = async (_: readonly string[], cwd: string) => {
      content = contentOf(cwd)
      return report
    }
    await examineClass([at('peer')], copy)
    assert.deepEqual(content, {
      start: 'x',
      'src/main.py': 'main',
      main: 'src/main.py',
      'src/whole': 'main.py',
      again: 'src/main.py',
    })
    fs.rmSync(at('peer/start'))
    fs.symlinkSync(at('secret'), at('peer/start'))
    const [row] = await examineClass([at('peer')], copy)
    assert.equal(row?.error, 'no file start (ELOOP)')
  })

  it('has a row that says why a folder was not examined', async () => {
    const wrong: Record<string, [start: string | null, error: RegExp]> = {
      none: [null, /^no file start \(ENOENT\)$/],
      empty: ['\n', /one line/],
      two: ['a\nb\n', /one line/],
      long: ['x'.repeat(5000), /one line/],
      quote: ["python3 'peer.py", /^It has a ' too many\.$/],
    }
    for (const [name, [start]] of Object.entries(wrong))
      write(start === null ? { [`${name}/x`]: '' } : { [`${name}/start`]: start })
    write({ 'large/start': 'x', 'large/picture': '' })
    fs.truncateSync(at('large/picture'), 513 * 2 ** 20)
    const names = [...Object.keys(wrong), 'large', 'missing']
    const rows = await examineClass(
      names.map((name) => at(name)),
      () => assert.fail('it was examined'),
    )
    const errors = [
      ...Object.values(wrong).map(([, error]) => error),
      /^more than 512 MiB$/,
      /ENOENT/,
    ]
    for (const [i, { report, error }] of rows.entries()) {
      assert.equal(report, null)
      assert.match(error ?? '', errors[i] ?? /$^/, names[i])
    }
  })
})

describe('the rows of a class as CSV', () => {
  it('have the points of each stage, and no cell that a spreadsheet computes', () => {
    const failed = reportOf([
      rowOf(clauseOf('keys/1')),
      rowOf(clauseOf('session/1', { stage: 2 }), { result: 'fail', kind: 'wrong' }),
      rowOf(clauseOf('session/2', { stage: 2 }), { result: 'blocked' }),
    ])
    const rows: ClassRow[] = [
      { folder: 'ana', report: failed, error: null },
      { folder: '=HYPERLINK("http://x","y")', report: null, error: '@SUM(1), "2"' },
      { folder: '-1+1', report: null, error: '+x\r\n=y' },
      { folder: '\t=1', report: null, error: '\u0000\u202e' },
    ]
    assert.deepEqual(asCsv(rows).split('\r\n'), [
      'folder,points,of,stage1,stage2,stage3,stage4,stage5,stage6,blocked,first_failed,seconds,error',
      'ana,20,45,20,0,,,,,1,session/1,12.35,',
      `"'=HYPERLINK(""http://x"",""y"")",0,,,,,,,,,,,"'@SUM(1), ""2"""`,
      "'-1+1,0,,,,,,,,,,,'+x =y",
      '\\u{9}=1,0,,,,,,,,,,,\\u{0}\\u{202e}',
      '',
    ])
  })

  it('have a seventh stage where a suite with a KEM has one', () => {
    const row = rowOf(clauseOf('kem/1', { stage: 7 }))
    const csv = asCsv([{ folder: 'ana', report: reportOf([row]), error: null }])
    assert.match(csv, /,stage6,stage7,blocked,/)
    assert.match(csv, /\nana,20,20,,,,,,,20,0,,/)
  })
})
