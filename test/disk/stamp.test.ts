/** File names that say which process made them, and whether it still runs. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import { describe, it, type TestContext } from 'node:test'
import { isOfAnotherBoot, isStamp, newStamp, processOf, stillRuns } from '../../src/disk/stamp.ts'
import { failingWith, systemError } from '../helpers/files.ts'
import { until } from '../helpers/until.ts'

type Stamps = typeof import('../../src/disk/stamp.ts')

const linux =
  process.platform === 'linux' ? false : 'only Linux tells when a process started, and where'

let copies = 0
/** The same file as another run of the program loads it, on a machine of this name, and in this PID namespace of Linux. */
async function loadedOn(t: TestContext, machine: string, namespace?: string): Promise<Stamps> {
  const mocks: { restore(): void }[] = [t.mock.method(os, 'hostname', () => machine).mock]
  if (namespace !== undefined)
    mocks.push(
      t.mock.method(fs, 'readlinkSync', (link: string) => {
        assert.equal(link, '/proc/self/ns/pid')
        return namespace
      }).mock,
    )
  try {
    return await import(`../../src/disk/stamp.ts?copy=${copies++}`)
  } finally {
    for (const mock of mocks) mock.restore()
  }
}

/** As version 1.0 made it, which knew no namespaces. */
const old = (stamp: string) => stamp.replace(/\.\d+-[0-9a-f]{8}\./, '.')

/** Lends a process to `use`, and its stamp: with its start, or as of a system that tells none. */
async function withProcess(
  use: (stamp: (start: string) => string, child: ChildProcess) => Promise<void>,
) {
  const child = spawn('sleep', ['60'])
  await use((start) => newStamp().replace(/^\d+\.\d*/, `${child.pid}.${start}`), child).finally(
    () => child.kill('SIGKILL'),
  )
}

describe('a stamp', () => {
  it('is never given twice, and is known as one', () => {
    const stamps = Array.from({ length: 100 }, newStamp)
    assert.equal(new Set(stamps).size, 100)
    assert.deepEqual(stamps.filter(isStamp), stamps)
  })

  it('is a whole name, with each of its parts', () => {
    const stamp = newStamp()
    const [pid, start, run = '', host] = old(stamp).split('.')
    for (const name of [
      ...[`x${stamp}`, `${stamp} `, `${stamp}/x`, 'free', `${start}.${run}.${host}`],
      `${pid}${'0'.repeat(10)}.${start}.${run}.${host}`,
      `${pid}.${start}.${run.replace('-', 'f-')}.${host}`,
      `${pid}.${start}.${run.replace(/\d+$/, '')}.${host}`,
      `${pid}.${start}.${run}.`,
    ])
      assert.equal(isStamp(name), false, name)
    assert.equal(isStamp(stamp.replace(/-\d+/, '-1234')), true)
  })

  it('names the machine in the signs of a file name, whatever it is called', async (t) => {
    for (const [called, named] of [
      ['my-host.example_1', 'my-host.example_1'],
      ['caf\u00e9 / bar', 'caf____bar'],
      ['', 'localhost'],
    ] as const) {
      const { newStamp, isStamp, stillRuns } = await loadedOn(t, called)
      const stamp = newStamp()
      assert.match(old(stamp), new RegExp(`-0\\.${named}$`))
      for (const each of [stamp, old(stamp)])
        assert.deepEqual([isStamp(each), stillRuns(each)], [true, true])
    }
  })
})

describe('the process of a stamp', () => {
  it('runs if it is this one, and not if this one only has its number', async (t) => {
    const earlier = await loadedOn(t, os.hostname())
    assert.equal(stillRuns(newStamp()), true)
    assert.equal(stillRuns(earlier.newStamp()), false)
    assert.equal(processOf(newStamp()), `process ${process.pid}`)
  })

  it('is not for this machine to judge if it is of another one, or of none', async (t) => {
    const elsewhere = (await loadedOn(t, 'elsewhere')).newStamp()
    assert.deepEqual([stillRuns(elsewhere), stillRuns('a name')], [null, null])
    assert.equal(processOf(elsewhere), `process ${process.pid} on elsewhere`)
    assert.equal(isOfAnotherBoot(elsewhere.replace(/-[0-9a-f]{8}\./, '-00000000.')), false)
  })

  it('is not to be seen from another container, whatever number it has, nor after another boot', {
    skip: linux,
  }, async (t) => {
    const here = os.hostname()
    const [one, other] = [await loadedOn(t, here, 'pid:[1]'), await loadedOn(t, here, 'pid:[2]')]
    const { readFileSync } = fs
    t.mock.method(fs, 'readFileSync', (...args: Parameters<typeof readFileSync>) =>
      String(args[0]).endsWith('boot_id') ? '00000000-' : readFileSync(...args),
    )
    const later = await loadedOn(t, here, 'pid:[1]')
    t.mock.restoreAll()
    for (const { newStamp, stillRuns } of [one, other, later])
      assert.deepEqual([isStamp(newStamp()), stillRuns(newStamp())], [true, true])
    const reboot = new RegExp(`on another machine called ${here}, or before this one started$`)
    for (const [judge, { newStamp }, says] of [
      [one, other, / in another container$/],
      [other, one, / in another container$/],
      [one, later, reboot],
      [later, one, reboot],
    ] as const) {
      assert.equal(judge.stillRuns(newStamp()), null)
      assert.match(judge.processOf(newStamp()), says)
    }
  })

  it('runs until it ends, and so does one of version 1.0, whichever user it belongs to', (t) =>
    withProcess(async (stamp, child) => {
      const stamps = [stamp(''), old(stamp(''))]
      const run = () => stamps.map(stillRuns)
      assert.deepEqual(run(), [true, true])
      for (const [code, runs] of [
        ['EPERM', true],
        ['ESRCH', false],
      ] as const) {
        const { mock } = t.mock.method(process, 'kill', failingWith(code))
        assert.deepEqual(run(), [runs, runs])
        mock.restore()
      }
      child.kill('SIGKILL')
      await once(child, 'exit')
      assert.deepEqual(run(), [false, false])
    }))

  it('is the one that started then, not a later one with its number', { skip: linux }, () =>
    withProcess(async (stamp, { pid }) => {
      // the program is called sleep, without a blank, so that the 22nd word is the 22nd field
      const start = fs.readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ')[21] ?? ''
      assert.match(start, /^\d+$/)
      assert.equal(stillRuns(stamp(start)), true)
      assert.equal(stillRuns(stamp(`${Number(start) - 1}`)), false)
      assert.equal(newStamp().split('.')[1]?.length, start.length)
    }),
  )

  it('is known by its number alone where nobody tells when it started', (t) =>
    withProcess(async (stamp) => {
      const { readFileSync } = fs
      t.mock.method(fs, 'readFileSync', (...args: Parameters<typeof readFileSync>) => {
        if (!String(args[0]).startsWith('/proc/')) return readFileSync(...args)
        throw systemError('ENOENT')
      })
      const { newStamp, isStamp } = await loadedOn(t, 'mac')
      assert.match(old(newStamp()), new RegExp(`^${process.pid}\\.\\.[0-9a-f]{16}-0\\.mac$`))
      assert.equal(isStamp(newStamp()), true)
      assert.equal(stillRuns(stamp('5')), true)
    }))

  it('has ended even if its parent has not noticed', { skip: linux }, async () => {
    // `sleep` takes the shell's place, and never waits for the child that it was given; a shell might
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'])
    try {
      const [said] = await once(parent.stdout, 'data')
      const pid = String(said).trim()
      const stamp = newStamp().replace(/^\d+\.\d+/, `${pid}.`)
      await until(() => fs.readFileSync(`/proc/${parent.pid}/comm`, 'latin1') === 'sleep\n')
      process.kill(Number(pid))
      await until(() => /\) Z /.test(fs.readFileSync(`/proc/${pid}/stat`, 'latin1')))
      assert.equal(stillRuns(stamp), false)
    } finally {
      parent.kill('SIGKILL')
    }
  })
})
