/** A wait for the disk that callers share. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { shared } from '../src/mailbox/sharedSync.ts'

/** A sync whose ends the test decides. */
function syncs() {
  const begun: { resolve(): void; reject(error: Error): void }[] = []
  const sync = () =>
    new Promise<void>((resolve, reject) => {
      begun.push({ resolve, reject })
    })
  return { begun, wait: shared(sync) }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('a shared wait for the disk', () => {
  it('is one for all who come before it begins', async () => {
    const { begun, wait } = syncs()
    const waits = [wait(), wait(), wait()]
    await turn()
    assert.equal(begun.length, 1)
    begun[0]?.resolve()
    await Promise.all(waits)
  })

  it('is the next one for who comes while one is under way, and again one for all of them', async () => {
    const { begun, wait } = syncs()
    const first = wait()
    await turn()
    let isDone = false
    const late = [wait(), wait()].map((one) => one.then(() => (isDone = true)))
    begun[0]?.resolve()
    await first
    await turn()
    assert.equal(isDone, false)
    assert.equal(begun.length, 2)
    begun[1]?.resolve()
    await Promise.all(late)
  })

  it('fails for those who shared it, and for nobody after them', async () => {
    const { begun, wait } = syncs()
    const failing = [wait(), wait()]
    await turn()
    const next = wait()
    begun[0]?.reject(new Error('EIO'))
    for (const one of failing) await assert.rejects(one, /EIO/)
    await turn()
    begun[1]?.resolve()
    await next
  })
})
