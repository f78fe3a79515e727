/** Messages on the disk: stored whole, once, and for good; what a killed process leaves. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { isStamp, newStamp } from '../../src/disk/stamp.ts'
import { MAX_WAITING, Maildir } from '../../src/mailbox/maildir.ts'
import { PeerError } from '../../src/peer/contract.ts'
import { endedProcess, filesOpened, folderForEach, modeOf, systemError } from '../helpers/files.ts'
import { crowd } from '../helpers/mail.ts'

const TIMES = process.env['SLOW'] === '1' ? 10 : 1

const at = folderForEach()
let maildir: Maildir
beforeEach(() => {
  maildir = new Maildir(at())
})
let copies = 0

const message = (n: number) => Buffer.from(`message ${n} ${'x'.repeat(n % 50)}`)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const { readdirSync } = fs
const namesIn = (folder: string) => readdirSync(at(folder)).sort()
/** Moves a message as a reader does. */
const read = (id: string) => fs.renameSync(at('new', id), maildir.placeInCur(id))
const setAside = (id: string) => fs.renameSync(at('new', id), at('failed', id))

/** Fails unless each message's name is the SHA-256 of its file. */
function assertWhole(): void {
  for (const folder of ['new', 'cur', 'failed'])
    for (const name of namesIn(folder)) {
      const content = fs.readFileSync(at(folder, name))
      assert.equal(name.replace(/[:;]2,S$/, ''), sha256(content), `${folder}/${name}`)
    }
}

describe('a message', () => {
  it("is a file of its owner's alone, named by the SHA-256 of its bytes, in a folder that is", async () => {
    const { id, fresh } = await maildir.deliver(message(1))
    assert.deepEqual([id, fresh], [sha256(message(1)), true])
    assert.deepEqual(fs.readFileSync(at('new', id)), message(1))
    assert.equal(modeOf(at('new', id)), '600')
    for (const folder of ['tmp', 'new', 'cur', 'failed']) assert.equal(modeOf(at(folder)), '700')
    assert.deepEqual(namesIn('tmp'), [])
  })

  it('is on the disk before it has its place, and its place before anybody is told', async (t) => {
    const steps: string[] = []
    const { open } = filesOpened(t)
    const note = (what: string, file = '') => steps.push(`${what} ${path.relative(at(), file)}`)
    const { mkdirSync, renameSync, fsyncSync } = fs
    t.mock.method(fs, 'mkdirSync', (dir: string, options: fs.MakeDirectoryOptions) => {
      note('mkdir', dir)
      return mkdirSync(dir, options)
    })
    t.mock.method(fs, 'fsyncSync', (fd: number) => {
      note('fsync', open.get(fd))
      fsyncSync(fd)
    })
    t.mock.method(fs, 'fsync', (fd: number, done: fs.NoParamCallback) => {
      const file = open.get(fd) ?? ''
      note('fsync', file === at('new') ? file : path.dirname(file))
      done(null)
    })
    t.mock.method(fs, 'renameSync', (from: string, to: string) => {
      note('rename to', path.dirname(to))
      renameSync(from, to)
    })
    // the folders themselves as well
    const maildir = new Maildir(at())
    assert.deepEqual(steps.splice(0), [
      ...['mkdir tmp', 'mkdir new', 'mkdir cur', 'mkdir failed', 'fsync '],
    ])
    await maildir.deliver(message(1))
    assert.deepEqual(steps.splice(0), ['fsync tmp', 'rename to new', 'fsync new'])
    // whoever sends it again may be told before the first one's folder is on the disk
    await maildir.deliver(message(1))
    assert.deepEqual(steps, ['fsync new'])
  })

  for (const [where, move] of [
    ['waits', () => {}],
    ['was read', read],
    ['was set aside', setAside],
  ] as const)
    it(`that ${where} is not written again when it is sent again`, async (t) => {
      move((await maildir.deliver(message(1))).id)
      const before = ['new', 'cur', 'failed'].map(namesIn)
      const writes = t.mock.method(fs, 'renameSync')
      for (const server of [maildir, new Maildir(at())])
        assert.deepEqual(await server.deliver(message(1)), { id: sha256(message(1)), fresh: false })
      assert.deepEqual(['new', 'cur', 'failed'].map(namesIn), before)
      assert.equal(writes.mock.callCount(), 0)
    })

  it('that comes twenty times at once, to two servers, is one', async () => {
    const servers = [maildir, new Maildir(at())] as const
    const sent = Array.from({ length: 20 }, (_, i) => servers[i % 2 ? 1 : 0].deliver(message(1)))
    const answers = await Promise.all(sent)
    assert.deepEqual(namesIn('new'), [sha256(message(1))])
    assert.equal(answers.filter(({ fresh }) => fresh).length, 1)
    assert.deepEqual(namesIn('tmp'), [])
  })

  it('replaces what only has its name: a file that was cut short, a link', async () => {
    const file = at('new', sha256(message(1)))
    for (const put of [
      () => fs.writeFileSync(file, ''),
      // a link is as long as the name that it leads to
      () => fs.symlinkSync('x'.repeat(message(1).length), file),
    ]) {
      put()
      assert.equal((await maildir.deliver(message(1))).fresh, true)
      assert.equal(fs.lstatSync(file).isFile(), true)
      assertWhole()
      fs.rmSync(file)
    }
  })

  it('leaves no file open, whether it is stored or not', async (t) => {
    const { opened, open } = filesOpened(t)
    await maildir.deliver(message(1))
    for (const step of ['fsync', 'fsync of the folder'] as const) {
      const mend = failing(t, step)
      await assert.rejects(maildir.deliver(message(2)), { code: 'no_space' })
      mend()
    }
    assert.deepEqual([opened.length, open.size], [5, 0])
  })
})

describe('a full inbox', () => {
  const full = { code: 'inbox_full', message: '10000 messages wait to be read.' }

  it('takes what there is room for and no more, however many come at once', async (t) => {
    crowd(t, maildir.new, MAX_WAITING - 10)
    const answers = await Promise.allSettled(
      Array.from({ length: 30 }, (_, i) => maildir.deliver(message(i))),
    )
    const refused = answers.filter((answer) => answer.status === 'rejected')
    assert.deepEqual(
      refused.map(({ reason }) => reason.code),
      Array(20).fill('inbox_full'),
    )
    assert.equal(namesIn('new').length, 10)
    assert.deepEqual(namesIn('tmp'), [])
    // one is read, one more comes in
    read(namesIn('new')[0] ?? '')
    await maildir.deliver(message(100))
    await assert.rejects(maildir.deliver(message(101)), full)
    // what is there already is no new message
    assert.equal((await maildir.deliver(message(100))).fresh, false)
  })

  it('is noticed whoever filled it, and is full no more when one was read in the same tick of the clock', async (t) => {
    const { id } = await maildir.deliver(message(1))
    crowd(t, maildir.new, MAX_WAITING - 1)
    await assert.rejects(maildir.deliver(message(2)), full)
    const now = performance.now()
    const clock = t.mock.method(performance, 'now', () => now)
    const { mtimeNs } = fs.statSync(maildir.new, { bigint: true })
    t.mock.method(fs, 'statSync', () => ({ mtimeNs }))
    read(id)
    await assert.rejects(maildir.deliver(message(2)), full, 'it is listed again')
    clock.mock.mockImplementation(() => now + 100)
    assert.equal((await maildir.deliver(message(2))).fresh, true)
  })

  it('is not counted for every message', async (t) => {
    const counts = t.mock.method(fs, 'readdirSync')
    for (let i = 0; i < 10; i++) await maildir.deliver(message(i))
    assert.ok(counts.mock.callCount() <= 2, `${counts.mock.callCount()}`)
  })
})

describe('what is in new', () => {
  it('comes oldest first, and by name if it is of one moment, without what is gone meanwhile', async (t) => {
    for (const [name, seconds] of [
      ['a', 1_700_000_003],
      ['d', 1_700_000_002],
      ['b', 1_700_000_002],
      ['c', 1_700_000_002],
      ['e', 1_700_000_001],
    ] as const) {
      fs.writeFileSync(at('new', name), '')
      fs.utimesSync(at('new', name), seconds, seconds)
    }
    // a system may list a folder in any order
    t.mock.method(
      fs.promises,
      'readdir',
      async (_dir: string, options: fs.ObjectEncodingOptions) => {
        assert.equal(options.encoding, 'buffer')
        return ['c', 'gone', 'a', 'd', 'b', 'e'].map((name) => Buffer.from(name))
      },
    )
    const entries = await maildir.entries()
    assert.equal(entries.map(({ name }) => name).join(), 'e,b,c,d,a')
    assert.equal(entries[4]?.path, at('new', 'a'))
    assert.equal(entries[4]?.stat.mtimeMs, 1_700_000_003_000)
  })
})

/** Stamps have a number: one that has as many digits as the next twenty. */
function stampAsLongAsTheNext(): string {
  for (;;) {
    const stamp = newStamp()
    const number = Number(/-(\d+)\./.exec(stamp)?.[1])
    if (`${number}`.length === `${number + 20}`.length) return stamp
  }
}

describe('what leaves new', () => {
  const posix = process.platform === 'win32' ? 'Windows knows no colon in names' : false

  it('for cur is marked as seen', { skip: posix }, async () => {
    const { id } = await maildir.deliver(message(1))
    assert.equal(maildir.isRead(id), false)
    assert.equal(maildir.placeInCur(id), at('cur', `${id}:2,S`))
    read(id)
    assert.equal(maildir.isRead(id), true)
  })

  it('for failed keeps its name, and takes no place that is taken, or that no file may have', () => {
    const placeOf = (name: string) =>
      maildir.placeInFailed({ name, path: at('new', name), stat: fs.statSync(at()) })
    // as long as a name may be with a stamp behind it, and a byte longer in one sign
    const room = 255 - 1 - stampAsLongAsTheNext().length
    for (const [name, isKept] of [
      ['short', true],
      ['x'.repeat(room), true],
      [`${'x'.repeat(room - 1)}\u00e9`, false],
      ['x'.repeat(255), false],
    ] as const) {
      assert.equal(placeOf(name), at('failed', name))
      fs.writeFileSync(at('failed', name), 'an earlier one')
      const { dir, base } = path.parse(placeOf(name))
      assert.equal(dir, at('failed'))
      assert.equal(base.startsWith(`${name}.`), isKept)
      assert.equal(isStamp(base.slice(isKept ? name.length + 1 : 0)), true)
    }
    assert.equal(isStamp(path.basename(placeOf('x'.repeat(256)))), true)
  })
})

describe('the folders', () => {
  /** The modes of a folder that its owner can't list, write in, or enter. */
  for (const mode of [0o300, 0o500, 0o600])
    it(`can't be used with mode ${mode.toString(8)}, and that is said at once`, (t) => {
      fs.chmodSync(maildir.tmp, mode)
      // root may do everything: what the system tells anybody else
      t.mock.method(fs, 'accessSync', (file: string, asked: number) => {
        if (((fs.statSync(file).mode >> 6) & asked) !== asked) throw systemError('EACCES')
      })
      assert.throws(() => new Maildir(at()), { code: 'EACCES' })
      fs.chmodSync(maildir.tmp, 0o700)
      new Maildir(at())
    })

  it('are used on Windows as far as its names and files go', async (t) => {
    const { platform } = process
    Object.defineProperty(process, 'platform', { value: 'win32' })
    try {
      const { Maildir }: typeof import('../../src/mailbox/maildir.ts') = await import(
        `../../src/mailbox/maildir.ts?copy=${copies++}`
      )
      const maildir = new Maildir(at())
      assert.equal(maildir.placeInCur('id'), at('cur', 'id;2,S'))
      const { opened } = filesOpened(t)
      const { id } = await maildir.deliver(message(1))
      assert.deepEqual(namesIn('new'), [id])
      assert.equal(opened.includes(at('new')), false, 'a folder is opened as a file')
    } finally {
      Object.defineProperty(process, 'platform', { value: platform })
    }
  })
})

describe('what is in tmp', () => {
  const leave = (name: string, ageInHours = 0) => {
    const then = Date.now() / 1000 - ageInHours * 3600
    fs.writeFileSync(at('tmp', name), 'half')
    fs.utimesSync(at('tmp', name), then, then)
    return name
  }
  /** A mark of a process that has ended. */
  const deadMark = () => newStamp().replace(/^\d+/, `${endedProcess()}`)

  it('is removed if its process is gone, and stays if it runs or nobody knows', () => {
    leave(deadMark())
    leave("another program's, old", 37)
    const draft = deadMark()
    fs.mkdirSync(at('tmp', draft))
    fs.writeFileSync(at('tmp', draft, 'free'), '')
    const stays = [
      leave(newStamp()),
      leave("another program's", 35),
      leave(deadMark().replace(/[^.]+$/, 'another-machine')),
    ]
    maildir.sweep()
    assert.deepEqual(namesIn('tmp'), stays.sort())
  })

  it('is removed if it is abandoned and its name is not UTF-8', {
    skip: process.platform !== 'linux' && 'only Linux has such names for sure',
  }, () => {
    const file = Buffer.from(at('tmp', 'odd\xf1'), 'latin1')
    fs.writeFileSync(file, 'half')
    fs.utimesSync(file, 1_700_000_000, 1_700_000_000)
    maildir.sweep()
    assert.deepEqual(namesIn('tmp'), [])
  })

  it("stays if it is another program's folder, or has its last day and a half behind it just now", (t) => {
    fs.mkdirSync(at('tmp', 'a folder'))
    fs.utimesSync(at('tmp', 'a folder'), 1, 1)
    const then = 1_700_000_000
    fs.utimesSync(at('tmp', leave('a file')), then, then)
    const age = 36 * 3600
    const clock = t.mock.method(Date, 'now', () => (then + age) * 1000)
    maildir.sweep()
    assert.deepEqual(namesIn('tmp'), ['a file', 'a folder'])
    clock.mock.mockImplementation(() => (then + age) * 1000 + 1)
    maildir.sweep()
    assert.deepEqual(namesIn('tmp'), ['a folder'])
  })

  it('may be swept by two at once', (t) => {
    leave('old', 37)
    t.mock.method(fs, 'readdirSync', () => ['gone', 'old'].map((name) => Buffer.from(name)))
    const { lstatSync } = fs
    // the other one is quicker each time
    t.mock.method(fs, 'lstatSync', (...args: Parameters<typeof lstatSync>) => {
      const stat = lstatSync(...args)
      if (stat?.isFile()) fs.unlinkSync(args[0])
      return stat
    })
    maildir.sweep()
    t.mock.restoreAll()
    assert.deepEqual(namesIn('tmp'), [])
  })
})

describe('a disk', () => {
  it('that takes no writing is no_space, and leaves nothing', async (t) => {
    const refuses = (message: string) =>
      assert.rejects(maildir.deliver(Buffer.from('a text')), { code: 'no_space', message })
    const mend = failing(t, 'write')
    await refuses('The message does not fit on the disk.')
    assert.deepEqual(namesIn('tmp'), [])
    mend()
    fs.rmSync(maildir.tmp, { recursive: true })
    await refuses("The folder for messages can't be written (ENOENT).")
    assert.deepEqual(namesIn('new'), [])
  })

  it('that fails anywhere loses no message that was accepted, and leaves none half written', async (t) => {
    const step = fc.record({
      do: fc.constantFrom('deliver', 'deliver', 'deliver', 'read', 'set aside', 'restart', 'sweep'),
      pick: fc.nat({ max: 7 }),
      fault: fc.constantFrom(null, null, null, ...STEPS),
    })
    // what is told of it, and not the disk itself
    t.mock.method(fs, 'fsync', (_fd: number, done: fs.NoParamCallback) => done(null))
    t.mock.method(fs, 'fsyncSync', () => {})
    const runs = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const accepted = new Set<string>()
      const servers = [new Maildir(at()), new Maildir(at())]
      for (const { do: what, pick, fault } of steps) {
        const server = servers[pick % 2] as Maildir
        const id = namesIn('new')[pick]
        if (what === 'sweep') server.sweep()
        if (what === 'restart') servers[pick % 2] = new Maildir(at())
        if (what === 'read' && id) read(id)
        if (what === 'set aside' && id) setAside(id)
        if (what === 'deliver') {
          const mend = fault === null ? () => {} : failing(t, fault)
          try {
            accepted.add((await server.deliver(message(pick))).id)
          } catch (error) {
            assert.ok(error instanceof PeerError && error.code === 'no_space', String(error))
            assert.notEqual(fault, null)
          } finally {
            mend()
          }
        }
        assert.deepEqual(namesIn('tmp'), [])
        assertWhole()
        const all = ['new', 'cur', 'failed'].flatMap(namesIn).map((name) => name.slice(0, 64))
        assert.equal(new Set(all).size, all.length, 'a message is in one place')
        for (const id of accepted) assert.ok(all.includes(id), 'an accepted message is gone')
      }
      for (const folder of ['new', 'cur', 'failed']) fs.rmSync(at(folder), { recursive: true })
    })
    await fc.assert(runs, { numRuns: 100 * TIMES })
  })
})

const STEPS = ['open', 'write', 'rename', 'fsync', 'fsync of the folder'] as const

/** Makes one step of writing fail, until the returned function is called. */
function failing(t: TestContext, step: (typeof STEPS)[number]): () => void {
  const fail = () => {
    throw systemError(step === 'write' ? 'ENOSPC' : 'EIO')
  }
  const methods = { open: 'open', write: 'writeFileSync', rename: 'renameSync' } as const
  if (step in methods) {
    const { mock } = t.mock.method(fs, methods[step as keyof typeof methods], fail)
    return () => mock.restore()
  }
  const fsync = fs.fsync
  const { mock } = t.mock.method(fs, 'fsync', (fd: number, done: fs.NoParamCallback) => {
    if (fs.fstatSync(fd).isDirectory() === (step === 'fsync of the folder')) fail()
    fsync(fd, done)
  })
  return () => mock.restore()
}
