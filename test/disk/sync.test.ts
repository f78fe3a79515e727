/** The wait for the disk that callers share, and systems that sync no folder. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { beforeEach, describe, it, type TestContext } from 'node:test'
import { sharedSync, syncFolder } from '../../src/disk/sync.ts'
import { filesOpened, folderForEach, systemError } from '../helpers/files.ts'

const at = folderForEach()
let wait: () => Promise<void>
beforeEach(() => {
  wait = sharedSync(at())
})

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Keeps each fsync that is asked for, until the test ends it. */
function heldSyncs(t: TestContext): fs.NoParamCallback[] {
  const begun: fs.NoParamCallback[] = []
  t.mock.method(fs, 'fsync', (_fd: number, done: fs.NoParamCallback) => begun.push(done))
  return begun
}

describe('a shared sync', () => {
  it('is one for all who come before it begins, and closes the folder', async (t) => {
    const { opened, open } = filesOpened(t)
    const begun = heldSyncs(t)
    const waits = [wait(), wait(), wait()]
    await nextTurn()
    assert.equal(begun.length, 1)
    begun[0]?.(null)
    await Promise.all(waits)
    assert.deepEqual([opened, open.size], [[at()], 0])
  })

  it('is the next one for who comes while one is under way, and again one for all of them', async (t) => {
    const begun = heldSyncs(t)
    const first = wait()
    await nextTurn()
    let isDone = false
    const late = [wait(), wait()].map((one) => one.then(() => (isDone = true)))
    begun[0]?.(null)
    await first
    await nextTurn()
    assert.deepEqual([isDone, begun.length], [false, 2])
    begun[1]?.(null)
    await Promise.all(late)
  })

  it('fails for those who shared it, and for nobody after them', async (t) => {
    const begun = heldSyncs(t)
    const failing = [wait(), wait()]
    await nextTurn()
    const next = wait()
    begun[0]?.(systemError('EIO'))
    for (const one of failing) await assert.rejects(one, { code: 'EIO' })
    await nextTurn()
    begun[1]?.(null)
    await next
  })
})

describe('a system', () => {
  it('that is Windows opens no folder as a file', async (t) => {
    const { platform } = process
    const opened = t.mock.method(fs, 'openSync')
    Object.defineProperty(process, 'platform', { value: 'win32' })
    try {
      syncFolder(at())
      await wait()
    } finally {
      Object.defineProperty(process, 'platform', { value: platform })
    }
    assert.equal(opened.mock.callCount(), 0)
  })

  for (const code of ['EACCES', 'EBADF', 'EINVAL', 'EISDIR', 'ENOSYS', 'ENOTSUP', 'EIO'])
    it(`that answers ${code} for a folder ${code === 'EIO' ? 'fails' : 'promises nothing, which is no error'}`, async (t) => {
      const answers = (sync: () => Promise<void>) =>
        code === 'EIO' ? assert.rejects(sync, { code }) : sync()
      const { open } = filesOpened(t)
      for (const name of ['openSync', 'fsync'] as const) {
        const fail = t.mock.method(fs, name, () => {
          throw systemError(code)
        })
        if (name === 'fsync')
          t.mock.method(fs, 'fsyncSync', () => {
            throw systemError(code)
          })
        await answers(wait)
        await answers(async () => syncFolder(at()))
        fail.mock.restore()
      }
      assert.equal(open.size, 0)
    })
})
