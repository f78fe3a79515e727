/** Whose turn it is to read a Maildir: one watcher's, and the next one's when that has ended. */

import assert from 'node:assert/strict'
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { newMark, processOf } from '../src/mark.ts'
import { Turn } from '../src/turn.ts'

const TIMES = process.env['SLOW'] === '1' ? 10 : 1

let dir: string
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-turn-'))
  fs.mkdirSync(path.join(dir, 'tmp'))
})
afterEach(() => fs.rmSync(dir, { recursive: true }))

const namesIn = (folder: string) => fs.readdirSync(path.join(dir, folder)).sort()

describe('the turn to read', () => {
  const held = () => namesIn('watching')
  const hold = (mark: string, silentMs = 0) => {
    fs.mkdirSync(path.join(dir, 'watching'), { recursive: true })
    const file = path.join(dir, 'watching', mark)
    fs.writeFileSync(file, '')
    const then = (Date.now() - silentMs) / 1000
    fs.utimesSync(file, then, then)
  }

  it("is the first one's, and the next one's when that has ended", () => {
    const [one, two] = [new Turn(dir), new Turn(dir)]
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
  })

  it('goes on from a process that was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    const mark = newMark().replace(/^\d+\.\d*/, `${child.pid}.`)
    hold(mark)
    const turn = new Turn(dir)
    assert.equal(turn.take(), false)
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.equal(turn.take(), true)
  })

  it('goes on from another machine once that has been silent for long', () => {
    const mark = newMark().replace(/[^.]+$/, 'elsewhere')
    hold(mark, 60_000)
    const turn = new Turn(dir)
    assert.equal(turn.take(), false)
    assert.match(processOf(turn.holder ?? ''), / on elsewhere$/)
    fs.utimesSync(path.join(dir, 'watching', mark), 1, 1)
    assert.equal(turn.take(), true)
  })

  it('is taken anew when its folder was removed, or emptied', () => {
    const turn = new Turn(dir)
    assert.equal(turn.take(), true)
    fs.rmSync(path.join(dir, 'watching'), { recursive: true })
    assert.equal(turn.take(), true)
    for (const name of held()) fs.rmSync(path.join(dir, 'watching', name))
    assert.equal(turn.take(), true)
    assert.equal(held().length, 1)
  })

  it('is given back by its holder alone', () => {
    const [one, two] = [new Turn(dir), new Turn(dir)]
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

  it("is an empty file of its owner's alone, in a folder that is", () => {
    const turn = new Turn(dir)
    turn.take()
    const place = path.join(dir, 'watching')
    const { mode, size } = fs.statSync(path.join(place, held()[0] ?? ''))
    assert.deepEqual([mode & 0o777, size], [0o600, 0])
    assert.equal(fs.statSync(place).mode & 0o777, 0o700)
  })

  it("is asked for without a word on the disk while it is somebody else's", (t) => {
    const [one, two] = [new Turn(dir), new Turn(dir)]
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
    const [one, two] = [new Turn(dir), new Turn(dir)]
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
    fs.writeFileSync(path.join(dir, 'watching', 'free'), '')
    const turn = new Turn(dir)
    assert.equal(turn.take(), true)
    turn.release()
    assert.deepEqual(held(), ['.DS_Store', 'free'])
  })

  it("goes on from one of two that are dead, and the other one's mark stays what it is", () => {
    const dead = [0, 1].map(() => newMark().replace(/[0-9a-f]{16}-/, `${'0'.repeat(16)}-`))
    for (const mark of dead) hold(mark)
    assert.equal(new Turn(dir).take(), true)
    assert.equal(held().length, 2)
    assert.equal(held().filter((mark) => dead.includes(mark)).length, 1)
  })

  it('is not ours when what was seen has changed hands since', (t) => {
    const elsewhere = newMark().replace(/[^.]+$/, 'elsewhere')
    hold('free')
    t.mock.method(fs, 'readdirSync', () => [elsewhere])
    const turn = new Turn(dir)
    assert.equal(turn.take(), false)
    assert.equal(turn.holder, null)
    t.mock.restoreAll()
    assert.deepEqual(held(), ['free'])
  })

  it('is over two minutes after another machine was heard of', (t) => {
    hold(newMark().replace(/[^.]+$/, 'elsewhere'))
    const heard = 1_700_000_000
    fs.utimesSync(path.join(dir, 'watching', held()[0] ?? ''), heard, heard)
    const [one, two] = [new Turn(dir), new Turn(dir)]
    const clock = t.mock.method(Date, 'now', () => heard * 1000 + 119_999)
    assert.equal(one.take(), false)
    clock.mock.mockImplementation(() => heard * 1000 + 120_000)
    assert.equal(two.take(), true)
  })

  it('is as young as the last time that it was asked for', () => {
    const turn = new Turn(dir)
    turn.take()
    const file = path.join(dir, 'watching', held()[0] ?? '')
    fs.utimesSync(file, 1, 1)
    assert.equal(turn.take(), true)
    assert.ok(Date.now() - fs.statSync(file).mtimeMs < 60_000)
    turn.release()
    fs.utimesSync(path.join(dir, 'watching', 'free'), 1, 1)
    turn.take()
    assert.ok(
      Date.now() - fs.statSync(path.join(dir, 'watching', held()[0] ?? '')).mtimeMs < 60_000,
    )
  })

  it('is made by one of two who come first at the same moment, and the other one waits', (t) => {
    const [one, two] = [new Turn(dir), new Turn(dir)]
    const { mkdirSync } = fs
    const { mock } = t.mock.method(fs, 'mkdirSync', (...args: Parameters<typeof mkdirSync>) => {
      mock.restore()
      // a killed process's draft is swept from there
      assert.equal(path.dirname(String(args[0])), path.join(dir, 'tmp'))
      assert.equal(two.take(), true)
      return mkdirSync(...args)
    })
    assert.equal(one.take(), false)
    assert.deepEqual(
      held(),
      [two].map(() => one.holder),
    )
    assert.deepEqual(namesIn('tmp'), [])
  })

  for (const what of ['made', 'taken', 'kept'] as const)
    it(`that the system does not let be ${what} is its error, and leaves nothing in tmp`, (t) => {
      const turn = new Turn(dir)
      if (what === 'taken') hold('free')
      if (what === 'kept') turn.take()
      const fail = () => {
        throw Object.assign(new Error('denied'), { code: 'EACCES' })
      }
      t.mock.method(fs, what === 'kept' ? 'utimesSync' : 'renameSync', fail)
      assert.throws(() => turn.take(), { code: 'EACCES' })
      assert.deepEqual(namesIn('tmp'), [])
    })

  it("is one process's, whoever tries at the same moment", async () => {
    const taker = fileURLToPath(new URL('helpers/turn-taker.ts', import.meta.url))
    const children = Array.from({ length: 4 }, () => fork(taker))
    const ask = async (child: ChildProcess, question: object) => {
      const answer = once(child, 'message')
      child.send(question)
      return (await answer)[0] as boolean
    }
    try {
      const dead = newMark().replace(/^\d+/, `${spawnSync(process.execPath, ['-v']).pid}`)
      for (let round = 0; round < 40 * TIMES; round++) {
        if (round % 3 === 0) fs.rmSync(path.join(dir, 'watching'), { recursive: true, force: true })
        if (round % 3 === 1)
          fs.renameSync(
            path.join(dir, 'watching', held()[0] ?? ''),
            path.join(dir, 'watching', dead),
          )
        const taken = await Promise.all(children.map((child) => ask(child, { take: dir })))
        assert.equal(taken.filter(Boolean).length, 1, `round ${round}: ${taken}`)
        assert.equal(held().length, 1)
        await Promise.all(children.map((child) => ask(child, { release: true })))
      }
    } finally {
      for (const child of children) child.kill('SIGKILL')
    }
  })
})
