/** One peer at a time on a state, and the next one when that has ended, however it did. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { X25519 } from '../../src/protocol/curves.ts'
import { StateError } from '../../src/state/files.ts'
import { openLocked } from '../../src/state/lockedState.ts'
import { type Command, MAIN, runCommand, withCommand } from '../helpers/command.ts'
import { folderForAll } from '../helpers/files.ts'

/** Why there is no other PID namespace here, or false. */
const noNamespaces =
  spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0
    ? false
    : 'another PID namespace takes Linux, and rights that this user does not have'

const at = folderForAll()
/** As the command opens the state of a peer; this process has it then. */
const open = (state: string, lost: (why: string) => void = assert.fail) =>
  openLocked(at(state), X25519, undefined, lost)
const refuses = (state: string, says: RegExp) =>
  assert.throws(
    () => open(state),
    (error) => error instanceof StateError && says.test(error.message),
  )

const ofPeer = (state: string) => [
  ...['peer', '--port', '0', '--peer', 'http://127.0.0.1:9'],
  ...['--state', at(state)],
]
const withPeer = (state: string, use: (peer: Command) => Promise<void>) =>
  withCommand(ofPeer(state), {}, async (peer) => {
    await peer.ports(1)
    await use(peer)
  })

describe('a state', () => {
  it("is one peer's: a second is told whose it is, and leaves what is coming in", () => {
    open('one')
    const coming = at('one', 'pictures', `incoming-${'0'.repeat(16)}.tmp`)
    fs.mkdirSync(at('one', 'pictures'))
    fs.writeFileSync(coming, 'half')
    const says = `one: Another peer \\(process ${process.pid}\\) has this state\\. .* --state DIR$`
    refuses('one', new RegExp(says))
    assert.equal(fs.readFileSync(coming, 'utf8'), 'half')
  })

  for (const signal of ['SIGKILL', 'SIGTERM'] as const)
    it(`is free again after ${signal}`, async () => {
      await withPeer(signal, async (peer) => {
        refuses(signal, new RegExp(`Another peer \\(process ${peer.child.pid}\\)`))
        peer.kill(signal)
        await peer.ended
      })
      // what was killed could not say so
      const [holder] = fs.readdirSync(at(signal, 'running'))
      assert.equal(holder === 'free', signal === 'SIGTERM')
      open(signal)
    })

  it('is not lost without a word to a peer on another machine, which sees nothing of a process that sleeps', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const said: string[] = []
    open('asleep', (why) => said.push(why))
    const [own = ''] = fs.readdirSync(at('asleep', 'running'))
    t.mock.timers.tick(60_000)
    assert.deepEqual(fs.readdirSync(at('asleep', 'running')), [own])
    const elsewhere = `17.123.${'0'.repeat(16)}-0.elsewhere`
    fs.renameSync(at('asleep', 'running', own), at('asleep', 'running', elsewhere))
    t.mock.timers.tick(120_000)
    assert.deepEqual(said, [
      `${at('asleep')}: Another peer (process 17 on elsewhere) has this state too by now. End one of the two.`,
    ])
    assert.deepEqual(fs.readdirSync(at('asleep', 'running')), [elsewhere])
  })

  it("is not another container's, which counts processes anew, until that one is silent for two minutes", {
    skip: noNamespaces,
  }, async () => {
    const program = ['unshare', '--pid', '--fork', '--mount-proc', process.execPath, MAIN]
    // each of the two is process 1 where it is
    await withCommand(ofPeer('contained'), { program, group: true }, async (first) => {
      await first.ports(1)
      const says =
        /Another peer \(process 1 in another container\) has this state, or had it two minutes ago\./
      refuses('contained', says)
      const { code, errors } = await runCommand(ofPeer('contained'), { program })
      assert.equal(code, 1)
      assert.match(errors, says)
      first.kill('SIGKILL')
      await first.ended
    })
    refuses('contained', /if it was killed, wait for these two minutes/)
    const [holder = ''] = fs.readdirSync(at('contained', 'running'))
    const silent = new Date(Date.now() - 120_000)
    fs.utimesSync(at('contained', 'running', holder), silent, silent)
    open('contained')
  })

  it('ends well where its claim is something else now', () =>
    withPeer('changed', async (peer) => {
      fs.rmSync(at('changed', 'running'), { recursive: true })
      fs.writeFileSync(at('changed', 'running'), '')
      peer.kill('SIGINT')
      assert.equal(await peer.ended, 0)
    }))

  it('is two for the two of both, which a peer can not have meanwhile', () =>
    withCommand(['both', '--ports', '0,0', '--state', at('both')], {}, async (both) => {
      for (const port of await both.ports(2)) refuses(`both/${port}`, /Another peer/)
    }))

  it("says so if somebody else's file is in the way, and leaves it", () => {
    fs.mkdirSync(at('strange', 'running'), { recursive: true })
    fs.writeFileSync(at('strange', 'running', 'notes.txt'), '')
    refuses('strange', /running: It holds files that are of no peer\. .*remove them, and start/)
    assert.deepEqual(fs.readdirSync(at('strange', 'running')), ['notes.txt'])
  })

  it('tells git of what it keeps in a folder that was there, and of everything in one that it makes', () => {
    const ours = '/identity.*.pem*\n/peer.*.pem*\n/pictures/\n/running/\n'
    for (const [state, before, after] of [
      ['old', '', ours],
      ['told', '*.log', `*.log\n${ours}`],
      ['made', null, '*\n'],
    ] as const) {
      if (before !== null) {
        fs.mkdirSync(at(state))
        fs.writeFileSync(at(state, '.gitignore'), before)
      }
      open(state)
      assert.equal(fs.readFileSync(at(state, '.gitignore'), 'utf8'), after)
    }
    open('made/inner')
    assert.equal(fs.readFileSync(at('made', '.gitignore'), 'utf8'), '*\n')
  })
})
