/** Whose turn it is to read a Maildir: one watcher's, and the next one's when that has ended. */

import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, it } from 'node:test'
import { Lock } from '../../src/disk/lock.ts'
import { newStamp, processOf } from '../../src/disk/stamp.ts'
import { endedProcess, failingWith, folderForEach, modeOf } from '../helpers/files.ts'

const TIMES = process.env['SLOW'] === '1' ? 10 : 1

const at = folderForEach()
beforeEach(() => fs.mkdirSync(at('tmp')))

const newLock = () => new Lock(at('watching'), at('tmp'))
const namesIn = (folder: string) => fs.readdirSync(at(folder)).sort()
const held = () => namesIn('watching')
/** The one file that says whose turn it is. */
const holding = () => at('watching', held()[0] ?? '')
const hold = (mark: string) => {
  fs.mkdirSync(at('watching'), { recursive: true })
  fs.writeFileSync(at('watching', mark), '')
}
/** A mark of a process on another machine. */
const elsewhere = () => newStamp().replace(/[^.]+$/, 'elsewhere')

describe('the turn to read', () => {
  it("is the first one's, and the next one's when that has ended", () => {
    const [one, two] = [newLock(), newLock()]
    assert.equal(one.take(), true)
    assert.equal(two.take(), false)
    assert.equal(processOf(two.holder ?? ''), `process ${process.pid}`)
    assert.equal(one.take(), true)
    one.release()
    assert.equal(two.take(), true)
    assert.equal(one.take(), false)
    two.release()
    assert.deepEqual(held(), ['free'])
    assert.deepEqual(namesIn('tmp'), [])
    assert.deepEqual([modeOf(at('watching')), modeOf(holding())], ['700', '600'])
    assert.equal(fs.statSync(holding()).size, 0)
  })

  it('is taken anew when its folder was removed, or emptied', () => {
    const lock = newLock()
    assert.equal(lock.take(), true)
    fs.rmSync(at('watching'), { recursive: true })
    assert.equal(lock.take(), true)
    fs.rmSync(holding())
    assert.equal(lock.take(), true)
    assert.equal(held().length, 1)
  })

  it('is given back by its holder alone', () => {
    const [one, two] = [newLock(), newLock()]
    one.take()
    const mark = held()
    two.release()
    two.take()
    two.release()
    assert.deepEqual(held(), mark)
    one.release()
    one.release()
    assert.deepEqual(held(), ['free'])
    assert.equal(two.take(), true)
    one.release()
    assert.equal(one.take(), false)
  })

  it("is asked for without a word on the disk while it is somebody else's", (t) => {
    const [one, two] = [newLock(), newLock()]
    one.take()
    const writes = (['mkdirSync', 'renameSync', 'utimesSync'] as const).map((name) =>
      t.mock.method(fs, name),
    )
    for (let i = 0; i < 3; i++) assert.equal(two.take(), false)
    assert.deepEqual(
      writes.map(({ mock }) => mock.callCount()),
      [0, 0, 0],
    )
  })

  it('has no holder once it is ours, and while nobody has it', () => {
    const [one, two] = [newLock(), newLock()]
    assert.equal(one.holder, null)
    one.take()
    assert.equal(one.holder, null)
    two.take()
    assert.notEqual(two.holder, null)
    one.release()
    two.take()
    assert.equal(two.holder, null)
  })

  it('is no business of a file that another program puts beside it', () => {
    hold('.DS_Store')
    hold('free')
    const lock = newLock()
    assert.equal(lock.take(), true)
    lock.release()
    assert.deepEqual(held(), ['.DS_Store', 'free'])
  })

  it("goes on from one of two that are dead, and the other one's mark stays what it is", () => {
    const dead = [0, 1].map(() => newStamp().replace(/[0-9a-f]{16}-/, `${'0'.repeat(16)}-`))
    for (const mark of dead) hold(mark)
    assert.equal(newLock().take(), true)
    assert.equal(held().length, 2)
    assert.equal(held().filter((mark) => dead.includes(mark)).length, 1)
  })

  it('is not ours when what was seen has changed hands since', (t) => {
    hold('free')
    t.mock.method(fs, 'readdirSync', () => [elsewhere()])
    const lock = newLock()
    assert.equal(lock.take(), false)
    assert.equal(lock.holder, null)
    t.mock.restoreAll()
    assert.deepEqual(held(), ['free'])
  })

  it('is over two minutes after another machine was heard of', (t) => {
    hold(elsewhere())
    const heard = 1_700_000_000
    fs.utimesSync(holding(), heard, heard)
    const [one, two] = [newLock(), newLock()]
    const clock = t.mock.method(Date, 'now', () => heard * 1000 + 119_999)
    assert.equal(one.take(), false)
    assert.match(processOf(one.holder ?? ''), / on elsewhere$/)
    clock.mock.mockImplementation(() => heard * 1000 + 120_000)
    assert.equal(two.take(), true)
  })

  it('is as young as the last time that it was asked for', () => {
    const lock = newLock()
    const isYoung = () => Date.now() - fs.statSync(holding()).mtimeMs < 60_000
    for (const before of [() => lock.take(), () => lock.release()]) {
      before()
      fs.utimesSync(holding(), 1, 1)
      assert.equal(lock.take(), true)
      assert.ok(isYoung())
    }
  })

  it('is made by one of two who come first at the same moment, and the other one waits', (t) => {
    const [one, two] = [newLock(), newLock()]
    const { mkdirSync } = fs
    const { mock } = t.mock.method(fs, 'mkdirSync', (...args: Parameters<typeof mkdirSync>) => {
      mock.restore()
      // a killed process's draft is swept from there
      assert.equal(path.dirname(String(args[0])), at('tmp'))
      assert.equal(two.take(), true)
      return mkdirSync(...args)
    })
    assert.equal(one.take(), false)
    assert.deepEqual(held(), [one.holder])
    assert.deepEqual(namesIn('tmp'), [])
  })

  for (const what of ['made', 'taken', 'kept'] as const)
    it(`that the system does not let be ${what} is its error, and leaves nothing in tmp`, (t) => {
      const lock = newLock()
      if (what === 'taken') hold('free')
      if (what === 'kept') lock.take()
      t.mock.method(fs, what === 'kept' ? 'utimesSync' : 'renameSync', failingWith('EACCES'))
      assert.throws(() => lock.take(), { code: 'EACCES' })
      assert.deepEqual(namesIn('tmp'), [])
    })

  it("is one process's, whoever tries at the same moment", async () => {
    const taker = new URL('../helpers/lock-taker.mjs', import.meta.url)
    const children = Array.from({ length: 4 }, () => fork(taker, { execArgv: [] }))
    const ask = async (child: ChildProcess, question: object) => {
      const answer = once(child, 'message')
      child.send(question)
      return (await answer)[0] as boolean
    }
    try {
      const dead = newStamp().replace(/^\d+/, `${endedProcess()}`)
      for (let round = 0; round < 40 * TIMES; round++) {
        if (round % 3 === 0) fs.rmSync(at('watching'), { recursive: true, force: true })
        if (round % 3 === 1) fs.renameSync(holding(), at('watching', dead))
        const taken = await Promise.all(children.map((child) => ask(child, { take: at() })))
        assert.equal(taken.filter(Boolean).length, 1, `round ${round}: ${taken}`)
        assert.equal(held().length, 1)
        await Promise.all(children.map((child) => ask(child, { release: true })))
      }
    } finally {
      for (const child of children) child.kill('SIGKILL')
    }
  })
})
