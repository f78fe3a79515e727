/** One peer at a time on a state, and the next one when that has ended, however it did. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { X25519 } from '../../src/protocol/curves.ts'
import { openLocked } from '../../src/state/lockedState.ts'
import { call } from '../helpers/call.ts'
import { MAIN, withCommand } from '../helpers/command.ts'
import { folderForAll, saysOf } from '../helpers/files.ts'

/** Why there is no other PID namespace here, or false. */
const noNamespaces =
  spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0
    ? false
    : 'another PID namespace takes Linux, and rights that this user does not have'

const at = folderForAll()
const namesIn = (...names: string[]) => fs.readdirSync(at(...names))
/** Opens the state of a peer as the command does; this process has it then. */
const open = (state: string, lost: (why: string) => void = assert.fail) =>
  openLocked(at(state), X25519, undefined, lost)
const refuses = (state: string, says: RegExp, file = state) =>
  assert.throws(() => open(state), saysOf(at(file), says))
const ofPeer = (state: string) => [
  ...['peer', '--port', '0', '--peer', 'http://127.0.0.1:9'],
  ...['--state', at(state)],
]

describe('a state', () => {
  it("is one peer's: a second is told whose it is, and leaves what is coming in", () => {
    open('one')
    const coming = at('one', 'pictures', `incoming-${'0'.repeat(16)}.tmp`)
    fs.mkdirSync(at('one', 'pictures'))
    fs.writeFileSync(coming, 'half')
    const says = `Another peer \\(process ${process.pid}\\) has this state\\. .* --state DIR$`
    refuses('one', new RegExp(says))
    assert.equal(fs.readFileSync(coming, 'utf8'), 'half')
  })

  it('is free again after SIGKILL', async () => {
    await withCommand(ofPeer('killed'), {}, async (peer) => {
      await peer.ports(1)
      refuses('killed', new RegExp(`Another peer \\(process ${peer.child.pid}\\)`))
    })
    // what was killed could not say so
    assert.notDeepEqual(namesIn('killed', 'running'), ['free'])
    open('killed')
  })

  it('is two for the two of both, which a peer can have only after they have ended', () =>
    withCommand(['both', '--ports', '0,0', '--state', at('both')], {}, async (both) => {
      const ports = await both.ports(2)
      const states = ports.map((port) => `both/${port}`)
      // no terminal is gone, so that a hangup ends nothing: nohup keeps them
      both.kill('SIGHUP')
      for (const port of ports)
        assert.equal((await call(`http://127.0.0.1:${port}/show`)).status, 200)
      for (const state of states) refuses(state, /Another peer/)
      both.kill('SIGTERM')
      assert.equal(await both.ended, 0)
      for (const state of states) assert.deepEqual(namesIn(state, 'running'), ['free'])
    }))

  it('is not lost without a word to a peer on another machine, which sees nothing of a process that sleeps', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const said: string[] = []
    open('asleep', (why) => said.push(why))
    const running = () => namesIn('asleep', 'running')
    const [own = ''] = running()
    t.mock.timers.tick(60_000)
    assert.deepEqual(running(), [own])
    const elsewhere = `17.123.${'0'.repeat(16)}-0.elsewhere`
    fs.renameSync(at('asleep', 'running', own), at('asleep', 'running', elsewhere))
    t.mock.timers.tick(120_000)
    assert.deepEqual(said, [
      `${at('asleep')}: Another peer (process 17 on elsewhere) has this state too by now. End one of the two.`,
    ])
    assert.deepEqual(running(), [elsewhere])
  })

  it("is not another container's, which counts processes anew, until that one is silent for two minutes", {
    skip: noNamespaces,
  }, async () => {
    const program = ['unshare', '--pid', '--fork', '--mount-proc', process.execPath, MAIN]
    await withCommand(ofPeer('contained'), { program, group: true }, async (first) => {
      await first.ports(1)
      const says =
        /Another peer \(process 1 in another container\) has this state, or had it two minutes ago\./
      refuses('contained', says)
    })
    refuses('contained', /if it was killed, wait for these two minutes/)
    const [holder = ''] = namesIn('contained', 'running')
    const silent = new Date(Date.now() - 120_000)
    fs.utimesSync(at('contained', 'running', holder), silent, silent)
    open('contained')
  })

  it('lets its peer run on and end well where its lock is something else now', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const { mock } = t.mock.method(process, 'once')
    open('changed')
    const [, atExit] =
      mock.calls.find(({ arguments: [event] }) => event === 'exit')?.arguments ?? []
    assert.ok(atExit)
    fs.rmSync(at('changed', 'running'), { recursive: true })
    fs.writeFileSync(at('changed', 'running'), '')
    t.mock.timers.tick(60_000)
    atExit()
    assert.equal(fs.readFileSync(at('changed', 'running'), 'utf8'), '')
  })

  it("says so if somebody else's file is in the way, and leaves it", () => {
    fs.mkdirSync(at('strange', 'running'), { recursive: true })
    fs.writeFileSync(at('strange', 'running', 'notes.txt'), '')
    const says = /It holds files that are of no peer\. .*remove them, and start/
    refuses('strange', says, 'strange/running')
    assert.deepEqual(namesIn('strange', 'running'), ['notes.txt'])
  })

  it('tells git of what it keeps in a folder that was there, and of everything in one that it makes', () => {
    const ours = '/identity.*.pem*\n/peer.*.pem*\n/compared.*.txt*\n/pictures/\n/running/\n'
    for (const [state, before, after] of [
      ['old', '', ours],
      ['told', '*.log', `*.log\n${ours}`],
      ['made', null, '*\n'],
      ['made/inner', null, null],
    ] as const) {
      if (before !== null) {
        fs.mkdirSync(at(state))
        fs.writeFileSync(at(state, '.gitignore'), before)
      }
      open(state)
      if (after !== null) assert.equal(fs.readFileSync(at(state, '.gitignore'), 'utf8'), after)
    }
    assert.equal(fs.readFileSync(at('made', '.gitignore'), 'utf8'), '*\n')
  })
})
