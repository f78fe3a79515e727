/** Who holds a lock: one process at a time, and the next one when that has ended. */

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
let one: Lock
let two: Lock
beforeEach(() => {
  fs.mkdirSync(at('tmp'))
  const newLock = () => new Lock(at('lock'), at('tmp'))
  ;[one, two] = [newLock(), newLock()]
})

const namesIn = (folder: string) => fs.readdirSync(at(folder)).sort()
const held = () => namesIn('lock')
/** The one file that says who holds the lock. */
const file = () => at('lock', held()[0] ?? '')
const hold = (...names: string[]) => {
  fs.mkdirSync(at('lock'), { recursive: true })
  for (const name of names) fs.writeFileSync(at('lock', name), '')
}
/** A stamp of a process on another machine. */
const elsewhere = () => newStamp().replace(/[^.]+$/, 'elsewhere')

describe('a lock', () => {
  it("is the first one's, and the next one's when that has ended", () => {
    assert.deepEqual([one.take(), two.take()], [true, false])
    assert.equal(processOf(two.holder ?? ''), `process ${process.pid}`)
    assert.equal(one.take(), true)
    one.release()
    assert.deepEqual([two.take(), one.take()], [true, false])
    two.release()
    assert.deepEqual([held(), namesIn('tmp')], [['free'], []])
    assert.deepEqual([modeOf(at('lock')), modeOf(file())], ['700', '600'])
    assert.equal(fs.statSync(file()).size, 0)
  })

  it('is taken anew when its folder was removed, or emptied', () => {
    assert.equal(one.take(), true)
    fs.rmSync(at('lock'), { recursive: true })
    assert.equal(one.take(), true)
    fs.rmSync(file())
    assert.equal(one.take(), true)
    assert.equal(held().length, 1)
  })

  it('is given back by its holder alone', () => {
    one.take()
    const stamp = held()
    two.release()
    two.take()
    two.release()
    assert.deepEqual(held(), stamp)
    one.release()
    one.release()
    assert.deepEqual(held(), ['free'])
    assert.equal(two.take(), true)
    one.release()
    assert.equal(one.take(), false)
  })

  it("is asked for without a word on the disk while it is somebody else's", (t) => {
    one.take()
    const writes = (['mkdirSync', 'renameSync', 'utimesSync'] as const).map((name) =>
      t.mock.method(fs, name),
    )
    for (let i = 0; i < 3; i++) assert.equal(two.take(), false)
    for (const { mock } of writes) assert.equal(mock.callCount(), 0)
  })

  it('has no holder once it is ours, and while nobody has it', () => {
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
    hold('.DS_Store', 'free')
    assert.equal(one.take(), true)
    one.release()
    assert.deepEqual(held(), ['.DS_Store', 'free'])
  })

  it("goes on from one of two that are dead, and the other one's stamp stays what it is", () => {
    const dead = [0, 1].map(() => newStamp().replace(/[0-9a-f]{16}-/, `${'0'.repeat(16)}-`))
    hold(...dead)
    assert.equal(one.take(), true)
    assert.equal(held().length, 2)
    assert.equal(held().filter((stamp) => dead.includes(stamp)).length, 1)
  })

  it('is not ours when what was seen has changed hands since', (t) => {
    hold('free')
    t.mock.method(fs, 'readdirSync', () => [elsewhere()])
    assert.deepEqual([one.take(), one.holder], [false, null])
    t.mock.restoreAll()
    assert.deepEqual(held(), ['free'])
  })

  it('is lost two minutes after another machine was heard of', (t) => {
    hold(elsewhere())
    const heard = 1_700_000_000
    fs.utimesSync(file(), heard, heard)
    const clock = t.mock.method(Date, 'now', () => heard * 1000 + 119_999)
    assert.equal(one.take(), false)
    assert.match(processOf(one.holder ?? ''), / on elsewhere$/)
    clock.mock.mockImplementation(() => heard * 1000 + 120_000)
    assert.equal(two.take(), true)
  })

  it('is as young as the last time that it was asked for', () => {
    for (const before of [() => one.take(), () => one.release()]) {
      before()
      fs.utimesSync(file(), 1, 1)
      assert.equal(one.take(), true)
      assert.ok(Date.now() - fs.statSync(file()).mtimeMs < 60_000)
    }
  })

  it('is made by one of two who come first at the same moment, and the other one waits', (t) => {
    const { mkdirSync } = fs
    const { mock } = t.mock.method(fs, 'mkdirSync', (...args: Parameters<typeof mkdirSync>) => {
      mock.restore()
      // a killed process's draft is swept from there
      assert.equal(path.dirname(String(args[0])), at('tmp'))
      assert.equal(two.take(), true)
      return mkdirSync(...args)
    })
    assert.equal(one.take(), false)
    assert.deepEqual([held(), namesIn('tmp')], [[one.holder], []])
  })

  for (const what of ['made', 'taken', 'kept'] as const)
    it(`that the system does not let be ${what} is its error, and leaves nothing in tmp`, (t) => {
      if (what === 'taken') hold('free')
      if (what === 'kept') one.take()
      t.mock.method(fs, what === 'kept' ? 'utimesSync' : 'renameSync', failingWith('EACCES'))
      assert.throws(() => one.take(), { code: 'EACCES' })
      assert.deepEqual(namesIn('tmp'), [])
    })

  it("is one process's, whoever tries at the same moment", async () => {
    const taker = new URL('../helpers/lock-taker.mjs', import.meta.url)
    const children = Array.from({ length: 4 }, () =>
      fork(taker, { execArgv: ['--import', './test/loader.js'] }),
    )
    const askAll = (question: object) =>
      Promise.all(
        children.map(async (child: ChildProcess) => {
          const answer = once(child, 'message')
          child.send(question)
          return (await answer)[0] as boolean
        }),
      )
    try {
      const dead = newStamp().replace(/^\d+/, `${endedProcess()}`)
      for (let round = 0; round < 40 * TIMES; round++) {
        if (round % 3 === 0) fs.rmSync(at('lock'), { recursive: true, force: true })
        if (round % 3 === 1) fs.renameSync(file(), at('lock', dead))
        const taken = await askAll({ take: [at('lock'), at('tmp')] })
        assert.equal(taken.filter(Boolean).length, 1, `round ${round}: ${taken}`)
        assert.equal(held().length, 1)
        await askAll({ release: true })
      }
    } finally {
      for (const child of children) child.kill('SIGKILL')
    }
  })
})
