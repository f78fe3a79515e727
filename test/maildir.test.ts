/** Messages on the disk: stored whole, once, and for good; what a killed process leaves. */

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { PeerError } from '../src/contract.ts'
import { MAX_WAITING, Maildir } from '../src/mailbox/maildir.ts'
import { isMark, newMark } from '../src/mark.ts'
import { DuetError } from '../src/protocol/errors.ts'
import { crowd } from './helpers/mail.ts'

const TIMES = process.env['SLOW'] === '1' ? 10 : 1
const linux = process.platform === 'linux' ? false : 'only Linux tells when a process started'

let copies = 0
let dir: string
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-maildir-'))
})
afterEach(() => fs.rmSync(dir, { recursive: true }))

const message = (n: number) => Buffer.from(`message ${n} ${'x'.repeat(n % 50)}`)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const { readdirSync } = fs
const namesIn = (folder: string) => readdirSync(path.join(dir, folder)).sort()
/** Moves a message as a reader does. */
const read = (maildir: Maildir, id: string) =>
  fs.renameSync(path.join(maildir.new, id), maildir.readPlace(id))

/** Notes which file of `dir` each descriptor is. */
function placesOf(t: TestContext): ReadonlyMap<number, string> {
  const places = new Map<number, string>()
  const openSync = fs.openSync
  t.mock.method(fs, 'openSync', (...args: Parameters<typeof openSync>) => {
    const fd = openSync(...args)
    places.set(fd, path.relative(dir, String(args[0])))
    return fd
  })
  return places
}

/** Fails unless each message's name is the SHA-256 of its file. */
function assertWhole(): void {
  for (const folder of ['new', 'cur', 'failed'])
    for (const name of namesIn(folder)) {
      const content = fs.readFileSync(path.join(dir, folder, name))
      assert.equal(name.replace(/[:;]2,S$/, ''), sha256(content), `${folder}/${name}`)
    }
}

describe('a message', () => {
  it("is a file of its owner's alone, named by the SHA-256 of its bytes, in a folder that is", async () => {
    const { id, fresh } = await new Maildir(dir).deliver(message(1))
    assert.deepEqual([id, fresh], [sha256(message(1)), true])
    const file = path.join(dir, 'new', id)
    assert.deepEqual(fs.readFileSync(file), message(1))
    assert.equal(fs.statSync(file).mode & 0o777, 0o600)
    for (const folder of ['tmp', 'new', 'cur', 'failed'])
      assert.equal(fs.statSync(path.join(dir, folder)).mode & 0o777, 0o700)
    assert.deepEqual(namesIn('tmp'), [])
  })

  it('has a folder whose own name is on the disk', (t) => {
    const steps: string[] = []
    const { mkdirSync, fsyncSync } = fs
    const opened = placesOf(t)
    t.mock.method(fs, 'mkdirSync', (...args: Parameters<typeof mkdirSync>) => {
      steps.push(`mkdir ${path.relative(dir, String(args[0]))}`)
      return mkdirSync(...args)
    })
    t.mock.method(fs, 'fsyncSync', (fd: number) => {
      steps.push(`fsync ${opened.get(fd)}`)
      fsyncSync(fd)
    })
    new Maildir(dir)
    assert.deepEqual(steps, ['mkdir tmp', 'mkdir new', 'mkdir cur', 'mkdir failed', 'fsync '])
  })

  it('is on the disk before it has its place, and its place before anybody is told', async (t) => {
    const steps: string[] = []
    const opened = placesOf(t)
    t.mock.method(fs, 'fsync', (fd: number, done: fs.NoParamCallback) => {
      steps.push(`fsync ${opened.get(fd)?.split(path.sep)[0]}`)
      done(null)
    })
    const rename = fs.renameSync
    t.mock.method(fs, 'renameSync', (from: string, to: string) => {
      steps.push('rename')
      rename(from, to)
    })
    const maildir = new Maildir(dir)
    await maildir.deliver(message(1))
    assert.deepEqual(steps, ['fsync tmp', 'rename', 'fsync new'])
    // whoever sends it again may be told before the first one's folder is on the disk
    await maildir.deliver(message(1))
    assert.deepEqual(steps.slice(3), ['fsync new'])
  })

  for (const [where, move] of [
    ['waits', () => {}],
    ['was read', read],
    [
      'was set aside',
      (maildir: Maildir, id: string) =>
        fs.renameSync(path.join(maildir.new, id), path.join(maildir.failed, id)),
    ],
  ] as const)
    it(`that ${where} is not written again when it is sent again`, async (t) => {
      const maildir = new Maildir(dir)
      const { id } = await maildir.deliver(message(1))
      move(maildir, id)
      const before = ['new', 'cur', 'failed'].map(namesIn)
      const writes = t.mock.method(fs, 'renameSync')
      for (const server of [maildir, new Maildir(dir)])
        assert.deepEqual(await server.deliver(message(1)), { id, fresh: false })
      assert.deepEqual(['new', 'cur', 'failed'].map(namesIn), before)
      assert.equal(writes.mock.callCount(), 0)
    })

  it('that comes twenty times at once, to two servers, is one', async () => {
    const servers = [new Maildir(dir), new Maildir(dir)] as const
    const sent = Array.from({ length: 20 }, (_, i) => servers[i % 2 ? 1 : 0].deliver(message(1)))
    const answers = await Promise.all(sent)
    assert.deepEqual(namesIn('new'), [sha256(message(1))])
    assert.equal(answers.filter(({ fresh }) => fresh).length, 1)
    assert.deepEqual(namesIn('tmp'), [])
  })

  it('replaces a link that has its name', async () => {
    const maildir = new Maildir(dir)
    const file = path.join(maildir.new, sha256(message(1)))
    // a link is as long as the name that it leads to
    fs.symlinkSync('x'.repeat(message(1).length), file)
    assert.equal((await maildir.deliver(message(1))).fresh, true)
    assert.equal(fs.lstatSync(file).isFile(), true)
    assertWhole()
  })

  it('leaves no file open, whether it is stored or not', async (t) => {
    const maildir = new Maildir(dir)
    const opened = t.mock.method(fs, 'openSync')
    const closed = t.mock.method(fs, 'closeSync')
    await maildir.deliver(message(1))
    for (const step of ['fsync', 'fsync of the folder'] as const) {
      const mend = failing(t, step)
      await assert.rejects(maildir.deliver(message(2)), { code: 'no_space' })
      mend()
    }
    const results = opened.mock.calls.map(({ result }) => result)
    assert.equal(results.length, 5)
    assert.deepEqual(
      closed.mock.calls.map(({ arguments: [fd] }) => fd),
      results,
    )
  })

  it('replaces a file that has its name and was cut short', async () => {
    const maildir = new Maildir(dir)
    fs.writeFileSync(path.join(maildir.new, sha256(message(1))), '')
    assert.equal((await maildir.deliver(message(1))).fresh, true)
    assertWhole()
  })
})

describe('a full inbox', () => {
  it('takes what there is room for and no more, however many come at once', async (t) => {
    const maildir = new Maildir(dir)
    crowd(t, maildir.new, MAX_WAITING - 10)
    const answers = await Promise.allSettled(
      Array.from({ length: 30 }, (_, i) => maildir.deliver(message(i))),
    )
    const refused = answers.filter((answer) => answer.status === 'rejected')
    assert.equal(refused.length, 20)
    for (const { reason } of refused) {
      assert.ok(reason instanceof DuetError)
      assert.equal(reason.code, 'inbox_full')
    }
    assert.equal(namesIn('new').length, 10)
    assert.deepEqual(namesIn('tmp'), [])
    // one is read, one more comes in
    const [name = ''] = namesIn('new')
    read(maildir, name)
    await maildir.deliver(message(100))
    await assert.rejects(maildir.deliver(message(101)), { code: 'inbox_full' })
    // what is there already is no new message
    assert.equal((await maildir.deliver(message(100))).fresh, false)
  })

  it('is noticed whoever filled it', async (t) => {
    const maildir = new Maildir(dir)
    await maildir.deliver(message(1))
    crowd(t, maildir.new, MAX_WAITING - 1)
    await assert.rejects(maildir.deliver(message(2)), {
      code: 'inbox_full',
      message: '10000 messages wait to be read.',
    })
  })

  it('is full no more when one was read in the same tick of the clock', async (t) => {
    const maildir = new Maildir(dir)
    crowd(t, maildir.new, MAX_WAITING - 1)
    const { mtimeNs } = fs.statSync(maildir.new, { bigint: true })
    t.mock.method(fs, 'statSync', () => ({ mtimeNs }))
    const { id } = await maildir.deliver(message(1))
    await assert.rejects(maildir.deliver(message(2)), { code: 'inbox_full' })
    read(maildir, id)
    assert.equal((await maildir.deliver(message(2))).fresh, true)
  })

  it('is not counted for every message', async (t) => {
    const maildir = new Maildir(dir)
    const counts = t.mock.method(fs, 'readdirSync')
    for (let i = 0; i < 50; i++) await maildir.deliver(message(i))
    assert.ok(counts.mock.callCount() <= 2, `${counts.mock.callCount()}`)
  })
})

describe('what is in new', () => {
  const put = (name: string, seconds: number) => {
    const file = path.join(dir, 'new', name)
    fs.writeFileSync(file, name)
    fs.utimesSync(file, seconds, seconds)
  }

  it('comes oldest first, and by name if it is of one moment', async (t) => {
    const maildir = new Maildir(dir)
    for (const [name, seconds] of [
      ['a', 1_700_000_003],
      ['d', 1_700_000_002],
      ['b', 1_700_000_002],
      ['c', 1_700_000_002],
      ['e', 1_700_000_001],
    ] as const)
      put(name, seconds)
    // a system may list a folder in any order
    t.mock.method(fs.promises, 'readdir', async () => ['c', 'a', 'd', 'b', 'e'])
    const entries = await maildir.entries()
    assert.deepEqual(
      entries.map(({ name }) => name),
      ['e', 'b', 'c', 'd', 'a'],
    )
    assert.equal(entries[4]?.path, path.join(dir, 'new', 'a'))
    assert.equal(entries[4]?.stat.mtimeMs, 1_700_000_003_000)
  })

  it('is passed over if it is gone before it is looked at', async (t) => {
    const maildir = new Maildir(dir)
    put('stays', 1)
    t.mock.method(fs.promises, 'readdir', async () => ['gone', 'stays'])
    assert.deepEqual(
      (await maildir.entries()).map(({ name }) => name),
      ['stays'],
    )
  })
})

describe('what leaves new', () => {
  const posix = process.platform === 'win32' ? 'Windows knows no colon in names' : false

  it('for cur is marked as seen', { skip: posix }, async () => {
    const maildir = new Maildir(dir)
    const { id } = await maildir.deliver(message(1))
    assert.equal(maildir.isRead(id), false)
    assert.equal(maildir.readPlace(id), path.join(dir, 'cur', `${id}:2,S`))
    read(maildir, id)
    assert.equal(maildir.isRead(id), true)
  })

  it('for failed keeps its name, and takes no place that is taken', () => {
    const maildir = new Maildir(dir)
    // as long as a name may be with a mark behind it, and a byte longer in one sign
    const mark = newMark()
    const room = 255 - 1 - mark.length
    for (const [name, isKept] of [
      ['short', true],
      ['x'.repeat(room), true],
      [`${'x'.repeat(room - 1)}\u00e9`, false],
    ] as const) {
      const entry = { name, path: path.join(dir, 'new', name), stat: fs.statSync(dir) }
      const place = path.join(dir, 'failed', name)
      assert.equal(maildir.asidePlace(entry), place)
      fs.writeFileSync(place, 'an earlier one')
      const [folder, aside] = [path.dirname, path.basename].map((of) =>
        of(maildir.asidePlace(entry)),
      )
      assert.equal(folder, path.join(dir, 'failed'))
      assert.equal(aside?.startsWith(`${name}.`), isKept)
      assert.equal(isMark(aside?.slice(isKept ? name.length + 1 : 0) ?? ''), true)
    }
  })
})

describe('the folders', () => {
  /** The modes of a folder that its owner can't list, write in, or enter. */
  for (const mode of [0o300, 0o500, 0o600])
    it(`can't be used with mode ${mode.toString(8)}, and that is said at once`, (t) => {
      const { tmp } = new Maildir(dir)
      fs.chmodSync(tmp, mode)
      // root may do everything: what the system tells anybody else
      t.mock.method(fs, 'accessSync', (file: string, asked: number) => {
        if (((fs.statSync(file).mode >> 6) & asked) === asked) return
        throw Object.assign(new Error(file), { code: 'EACCES' })
      })
      assert.throws(() => new Maildir(dir), { code: 'EACCES' })
      fs.chmodSync(tmp, 0o700)
      new Maildir(dir)
    })

  it('are used on Windows as far as its names and files go', async (t) => {
    const { platform } = process
    Object.defineProperty(process, 'platform', { value: 'win32' })
    try {
      const { Maildir }: typeof import('../src/mailbox/maildir.ts') = await import(
        `../src/mailbox/maildir.ts?copy=${copies++}`
      )
      const maildir = new Maildir(dir)
      assert.equal(maildir.readPlace('id'), path.join(dir, 'cur', 'id;2,S'))
      const opened = placesOf(t)
      const { id } = await maildir.deliver(message(1))
      assert.deepEqual(namesIn('new'), [id])
      assert.equal([...opened.values()].includes('new'), false, 'a folder is opened as a file')
    } finally {
      Object.defineProperty(process, 'platform', { value: platform })
    }
  })
})

describe('what is in tmp', () => {
  const leave = (name: string, ageInHours = 0) => {
    const file = path.join(dir, 'tmp', name)
    fs.writeFileSync(file, 'half')
    const then = Date.now() / 1000 - ageInHours * 3600
    fs.utimesSync(file, then, then)
    return name
  }
  /** A mark of a process that has ended. */
  const deadMark = () => {
    const { pid } = spawnSync(process.execPath, ['--version'])
    return newMark().replace(/^\d+/, `${pid}`)
  }

  it('is removed if its process is gone, and stays if it runs or nobody knows', async () => {
    const maildir = new Maildir(dir)
    leave(deadMark())
    leave("another program's, old", 37)
    const stays = [
      leave(newMark()),
      leave("another program's", 35),
      leave(deadMark().replace(/[^.]+$/, 'another-machine')),
    ]
    maildir.sweep()
    assert.deepEqual(namesIn('tmp'), stays.sort())
  })

  it('is removed with all that is in it', () => {
    const maildir = new Maildir(dir)
    const draft = path.join(maildir.tmp, deadMark())
    fs.mkdirSync(draft)
    fs.writeFileSync(path.join(draft, 'free'), '')
    maildir.sweep()
    assert.deepEqual(namesIn('tmp'), [])
  })

  it("stays if it is another program's folder, or has its last day and a half behind it just now", (t) => {
    const maildir = new Maildir(dir)
    const old = path.join(maildir.tmp, 'a folder')
    fs.mkdirSync(old)
    fs.utimesSync(old, 1, 1)
    const file = path.join(dir, 'tmp', leave('a file'))
    const then = 1_700_000_000
    fs.utimesSync(file, then, then)
    const age = 36 * 3600
    const clock = t.mock.method(Date, 'now', () => (then + age) * 1000)
    maildir.sweep()
    assert.deepEqual(namesIn('tmp'), ['a file', 'a folder'])
    clock.mock.mockImplementation(() => (then + age) * 1000 + 1)
    maildir.sweep()
    assert.deepEqual(namesIn('tmp'), ['a folder'])
  })

  it('may be swept by two at once', (t) => {
    const maildir = new Maildir(dir)
    leave('old', 37)
    t.mock.method(fs, 'readdirSync', () => ['gone', 'old'])
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

  it('stays while another live process writes it', async () => {
    const maildir = new Maildir(dir)
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    try {
      // its start is not known here
      const stays = leave(newMark().replace(/^\d+\.\d*/, `${child.pid}.`))
      maildir.sweep()
      assert.deepEqual(namesIn('tmp'), [stays])
      child.kill('SIGKILL')
      await once(child, 'exit')
      maildir.sweep()
      assert.deepEqual(namesIn('tmp'), [])
    } finally {
      child.kill('SIGKILL')
    }
  })

  it('is removed if another process has the number by now', { skip: linux }, () => {
    const maildir = new Maildir(dir)
    leave(newMark().replace(/^\d+\.\d+/, `${process.ppid}.1`))
    leave(newMark().replace(/\.[0-9a-f]{16}-/, `.${'0'.repeat(16)}-`))
    maildir.sweep()
    assert.deepEqual(namesIn('tmp'), [])
  })
})

describe('a disk', () => {
  const root = process.platform === 'linux' && process.getuid?.() === 0
  it('that is full is no_space, leaves nothing, and takes messages again once there is room', {
    skip: root ? false : 'only root can mount a small disk',
  }, async () => {
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', dir])
    assert.equal(mounted.status, 0, mounted.stderr.toString())
    try {
      const maildir = new Maildir(dir)
      const sent = await Promise.allSettled(
        Array.from({ length: 10 }, () => maildir.deliver(randomBytes(60_000))),
      )
      const [stored, refused] = ['fulfilled', 'rejected'].map((status) =>
        sent.filter((answer) => answer.status === status),
      )
      assert.ok(stored?.length && refused?.length)
      for (const answer of refused as PromiseRejectedResult[]) {
        assert.ok(answer.reason instanceof PeerError, answer.reason)
        assert.deepEqual(
          [answer.reason.code, answer.reason.message],
          ['no_space', 'The message does not fit on the disk.'],
        )
      }
      assert.equal(namesIn('new').length, stored.length)
      assert.deepEqual(namesIn('tmp'), [])
      assertWhole()
      fs.rmSync(path.join(dir, 'new', namesIn('new')[0] ?? ''))
      await maildir.deliver(randomBytes(60_000))
    } finally {
      spawnSync('umount', [dir])
    }
  })

  it('that takes no writing is no_space too', async () => {
    const maildir = new Maildir(dir)
    fs.rmSync(maildir.tmp, { recursive: true })
    await assert.rejects(maildir.deliver(message(1)), {
      code: 'no_space',
      message: "The folder for messages can't be written (ENOENT).",
    })
    assert.deepEqual(namesIn('new'), [])
  })

  it('that fails anywhere loses no message that was accepted, and leaves none half written', async (t) => {
    const faults = fc.constantFrom(null, null, null, ...STEPS)
    const step = fc.record({
      do: fc.constantFrom('deliver', 'deliver', 'deliver', 'read', 'set aside', 'restart', 'sweep'),
      pick: fc.nat({ max: 7 }),
      fault: faults,
    })
    const runs = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const accepted = new Set<string>()
      const servers = [new Maildir(dir), new Maildir(dir)]
      for (const { do: what, pick, fault } of steps) {
        const maildir = servers[pick % 2] as Maildir
        const id = namesIn('new')[pick]
        if (what === 'sweep') maildir.sweep()
        if (what === 'restart') servers[pick % 2] = new Maildir(dir)
        if (what === 'read' && id) read(maildir, id)
        if (what === 'set aside' && id)
          fs.renameSync(path.join(maildir.new, id), path.join(maildir.failed, id))
        if (what === 'deliver') {
          const mend = fault === null ? () => {} : failing(t, fault)
          try {
            accepted.add((await maildir.deliver(message(pick))).id)
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
      for (const folder of ['new', 'cur', 'failed'])
        fs.rmSync(path.join(dir, folder), { recursive: true })
    })
    await fc.assert(runs, { numRuns: 100 * TIMES })
  })
})

const STEPS = ['open', 'write', 'fsync', 'rename', 'fsync of the folder'] as const

/** Makes one step of writing fail, until the returned function is called. */
function failing(t: TestContext, step: (typeof STEPS)[number]): () => void {
  const fail = () => {
    throw Object.assign(new Error(step), { code: step === 'write' ? 'ENOSPC' : 'EIO' })
  }
  if (step === 'rename') {
    const { mock } = t.mock.method(fs, 'renameSync', fail)
    return () => mock.restore()
  }
  if (step === 'open' || step === 'write') {
    const method = step === 'open' ? 'openSync' : 'writeFileSync'
    const { mock } = t.mock.method(fs, method, fail)
    return () => mock.restore()
  }
  const fsync = fs.fsync
  const { mock } = t.mock.method(fs, 'fsync', (fd: number, done: fs.NoParamCallback) => {
    if (fs.fstatSync(fd).isDirectory() === (step === 'fsync of the folder')) fail()
    fsync(fd, done)
  })
  return () => mock.restore()
}
