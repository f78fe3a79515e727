/** Small files with keys in them: what is read, what is written, and what is said when the system refuses. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, it } from 'node:test'
import {
  keepsPermissions,
  makeDirectory,
  orStateError,
  readPrivate,
  readPublic,
  writeOnce,
} from '../../src/state/files.ts'
import { isInRepository, keepFromGit } from '../../src/state/gitignore.ts'
import { failingWith, filesOpened, folderForEach, modeOf, systemError } from '../helpers/files.ts'

const at = folderForEach()
let file: string
beforeEach(() => {
  file = at('key.pem')
})

describe('a small file', () => {
  it('is read with 4096 bytes, and refused with one more', () => {
    const text = 'x'.repeat(4096)
    fs.writeFileSync(file, text)
    assert.equal(readPublic(file), text)
    fs.appendFileSync(file, 'x')
    assert.throws(() => readPublic(file), { message: `${file}: It is too long.` })
  })

  it('is to be closed by chmod if others can read it, also where that can not be tried', (t) => {
    fs.writeFileSync(file, 'a key')
    fs.chmodSync(file, 0o644)
    const closable = { message: /then: chmod 600 [^ ]*key\.pem$/ }
    const { closeSync, openSync } = fs
    const close = t.mock.method(fs, 'closeSync', (fd: number) => {
      closeSync(fd)
      // somebody else takes away what it is tried with
      for (const name of fs.readdirSync(at())) if (name.endsWith('.tmp')) fs.rmSync(at(name))
    })
    assert.equal(keepsPermissions(at()), true)
    close.mock.restore()
    assert.throws(() => readPrivate(file), closable)
    t.mock.method(fs, 'openSync', (...args: Parameters<typeof openSync>) => {
      if (args[1] === 'wx') throw systemError('EACCES')
      return openSync(...args)
    })
    assert.throws(() => readPrivate(file), closable)
  })

  it('is closed again, whether it is taken or refused', (t) => {
    fs.writeFileSync(file, 'a key', { mode: 0o600 })
    const { opened, open } = filesOpened(t)
    assert.equal(readPrivate(file), 'a key')
    const refuse = () => assert.fail('not that one')
    assert.throws(() => readPrivate(file, refuse), /not that one/)
    assert.deepEqual([opened, open.size], [[file, file], 0])
  })

  it('is read whatever its mode says on Windows, which has no such modes', () => {
    fs.writeFileSync(file, 'a key')
    fs.chmodSync(file, 0o666)
    const platform = Object.getOwnPropertyDescriptor(process, 'platform') ?? {}
    const readOn = (value: string) => {
      Object.defineProperty(process, 'platform', { ...platform, value })
      try {
        return readPrivate(file)
      } finally {
        Object.defineProperty(process, 'platform', platform)
      }
    }
    assert.equal(readOn('win32'), 'a key')
    assert.throws(() => readOn('linux'), /Others can read it/)
  })

  it('is UTF-8 unless its first two bytes say otherwise', () => {
    for (const bytes of [
      [0xff, 0x41],
      [0x41, 0xfe],
      [0xfe, 0x41],
      [0x41, 0xff],
      [0, 0],
    ]) {
      fs.writeFileSync(file, Buffer.from(bytes))
      assert.equal(readPublic(file), new TextDecoder().decode(Buffer.from(bytes)))
    }
  })

  it('is no open one because its name ends like that, or begins so', () => {
    fs.mkdirSync(at('dev', 'fd'), { recursive: true })
    fs.writeFileSync(at('dev', 'fd', '999'), 'a key')
    assert.equal(readPublic(at('dev', 'fd', '999')), 'a key')
    assert.equal(readPublic('/dev/fd/999x'), null)
  })

  it('is waited for where it is a pipe that is empty, and no other error of the system is', (t) => {
    fs.writeFileSync(file, 'a key')
    const { readSync } = fs
    const codes = ['EAGAIN', 'EAGAIN', null, null, 'EIO']
    t.mock.method(fs, 'readSync', (fd: number, into: Buffer) => {
      const code = codes.shift()
      if (code) throw systemError(code)
      return readSync(fd, into)
    })
    assert.equal(readPublic(file), 'a key')
    assert.throws(() => readPublic(file), { code: 'EIO' })
  })
})

describe('a file that is written once', () => {
  it('is there although somebody else sweeps its temporary name meanwhile', (t) => {
    const { linkSync } = fs
    t.mock.method(fs, 'linkSync', (from: string, to: string) => {
      linkSync(from, to)
      fs.rmSync(from)
    })
    writeOnce(file, 'a key')
    assert.equal(fs.readFileSync(file, 'utf8'), 'a key')
  })

  it('is a copy where the disk knows no links, and replaces nothing there either', (t) => {
    t.mock.method(fs, 'linkSync', failingWith('EPERM'))
    writeOnce(file, 'a key')
    assert.equal(fs.readFileSync(file, 'utf8'), 'a key')
    assert.equal(modeOf(file), '600')
    assert.throws(() => writeOnce(file, 'another key'), { code: 'EEXIST' })
    assert.equal(fs.readFileSync(file, 'utf8'), 'a key')
    assert.deepEqual(fs.readdirSync(at()), ['key.pem'])
  })
})

describe('a folder that is made', () => {
  for (const code of ['ENOSPC', 'EEXIST'])
    it(`and is not there after it tells of the ${code} that was in the way`, (t) => {
      t.mock.method(fs, 'mkdirSync', failingWith(code))
      assert.throws(() => makeDirectory(at('a', 'b')), { code })
      assert.deepEqual(fs.readdirSync(at()), [])
    })
})

describe('an error', () => {
  const taken = (of: object) => Object.assign(systemError('EEXIST'), of)
  for (const [what, error, remedy, says] of [
    ['of a form', new Error('It is no key.'), '', 'key.pem: It is no key.'],
    [
      'of a form, and how to mend it',
      new Error('No key.'),
      ' Make one.',
      'key.pem: No key. Make one.',
    ],
    [
      'of our own',
      Object.assign(new Error('It is no point.'), { code: 'bad_point' }),
      ' Make one.',
      'key.pem: It is no point. Make one.',
    ],
    ["of the system's", systemError('EIO'), ' Make one.', "key.pem: It can't be used (EIO)."],
    ['of a name that is taken', taken({}), '', 'key.pem: Something else is there (EEXIST).'],
    ['of another such name', taken({ path: 'a' }), '', 'a: Something else is there (EEXIST).'],
    ['of two', taken({ path: 'a', dest: 'b' }), '', 'b: Something else is there (EEXIST).'],
  ] as const)
    it(`is one line with the file's name: ${what}`, () => {
      const fail = () => {
        throw error
      }
      const named = () =>
        remedy === '' ? orStateError('key.pem', fail) : orStateError('key.pem', fail, remedy)
      assert.throws(named, { message: says })
    })
})

describe('what git is told', () => {
  const LINES = ['/a.pem', '/b/']
  const folderIn = (...names: string[]) => {
    fs.mkdirSync(at(...names), { recursive: true })
    return at(...names)
  }
  const ignore = (dir: string, text?: string) => {
    const file = path.join(dir, '.gitignore')
    if (text !== undefined) fs.writeFileSync(file, text)
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null
  }

  it('is added behind what is there, and once', () => {
    for (const [name, before, after] of [
      ['none', undefined, '/a.pem\n/b/\n'],
      ['empty', '', '/a.pem\n/b/\n'],
      ['ended', '*.log\n', '*.log\n/a.pem\n/b/\n'],
      ['not ended', '*.log', '*.log\n/a.pem\n/b/\n'],
      ['one', '/b/ \n', '/b/ \n/a.pem\n'],
      ['all but some', '*\n!*.pem\n', '*\n!*.pem\n/a.pem\n/b/\n'],
      ['taken back', '/a.pem\n/b/\n!*.pem\n', '/a.pem\n/b/\n!*.pem\n/a.pem\n/b/\n'],
      ['one taken back', '/a.pem\n!*.pem\n/b/\n', '/a.pem\n!*.pem\n/b/\n/a.pem\n'],
      ['part of a line', '/a.pem.old\n x*\n', '/a.pem.old\n x*\n/a.pem\n/b/\n'],
    ] as const) {
      const dir = folderIn('lines', name)
      ignore(dir, before)
      assert.equal(keepFromGit(dir, LINES), true, name)
      assert.equal(ignore(dir), after, name)
      assert.equal(keepFromGit(dir, LINES), false, name)
      assert.equal(ignore(dir), after, name)
    }
  })

  it('is nothing where all is kept from it, there or above, as far as the repository goes', () => {
    const repository = folderIn('covered', 'repository')
    fs.mkdirSync(path.join(repository, '.git'))
    const dir = folderIn('covered', 'repository', 'in', 'it')
    ignore(path.join(repository, 'in'), '*\n')
    assert.equal(keepFromGit(dir, LINES), false)
    assert.equal(ignore(dir), null)
    ignore(path.join(repository, 'in'), '# all is taken\n')
    // git does not look above the repository
    ignore(folderIn('covered'), '*\n')
    assert.equal(keepFromGit(dir, LINES), true)
    const own = folderIn('covered', 'repository', 'own')
    ignore(own, '*\n')
    assert.equal(keepFromGit(own, LINES), false)
    assert.equal(keepFromGit(repository, LINES), true)
  })

  it('is asked for in a repository, by a folder or, of a worktree, a file that is called .git', () => {
    const inside = folderIn('repositories', 'a', 'b')
    assert.equal(isInRepository(inside), false)
    fs.writeFileSync(path.join(folderIn('repositories', 'a'), '.git'), 'gitdir: elsewhere\n')
    assert.equal(isInRepository(inside), true)
    assert.equal(isInRepository(path.dirname(inside)), true)
    assert.equal(isInRepository(folderIn('repositories')), false)
  })

  it('is not written through a link', {
    skip: process.platform === 'win32' && 'a link takes rights on Windows',
  }, () => {
    const dir = folderIn('linked')
    const theirs = at('theirs')
    fs.writeFileSync(theirs, 'theirs')
    fs.symlinkSync(theirs, path.join(dir, '.gitignore'))
    assert.throws(
      () => keepFromGit(dir, LINES),
      /\.gitignore: It is a link, and git reads no such file/,
    )
    assert.equal(fs.readFileSync(theirs, 'utf8'), 'theirs')
  })
})
