/** One peer at a time on a state, and the next one when that has ended, however it did. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { type Command, runCommand, withCommand } from './helpers/command.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-claim-'))
after(() => fs.rmSync(folder, { recursive: true }))

const ofPeer = (state: string) => [
  ...['peer', '--port', '0', '--peer', 'http://127.0.0.1:9'],
  ...['--state', path.join(folder, state)],
]
const withPeer = (state: string, use: (peer: Command) => Promise<void>) =>
  withCommand(ofPeer(state), {}, async (peer) => {
    await peer.ports(1)
    await use(peer)
  })

describe('a state', () => {
  it("is one peer's: a second says whose it is, ends, and leaves what is coming in", () =>
    withPeer('one', async (first) => {
      const pictures = path.join(folder, 'one', 'pictures')
      fs.mkdirSync(pictures)
      const coming = path.join(pictures, `incoming-${'0'.repeat(16)}.tmp`)
      fs.writeFileSync(coming, 'half')
      const { code, output, errors } = await runCommand(ofPeer('one'))
      assert.deepEqual([code, output], [1, ''])
      assert.match(
        errors,
        new RegExp(
          `^ecdh-duet: [^\\n]*one: Another peer \\(process ${first.child.pid}\\)[^\\n]* --state DIR\\n$`,
        ),
      )
      assert.equal(fs.readFileSync(coming, 'utf8'), 'half')
    }))

  for (const signal of ['SIGKILL', 'SIGTERM'] as const)
    it(`is free again after ${signal}`, async () => {
      await withPeer(signal, async (peer) => {
        peer.kill(signal)
        await peer.ended
      })
      await withPeer(signal, async () => {})
    })

  it('ends well where its claim was removed meanwhile, or is something else now', async () => {
    for (const change of ['removed', 'a file'] as const)
      await withPeer(change, async (peer) => {
        const running = path.join(folder, change, 'running')
        fs.rmSync(running, { recursive: true })
        if (change === 'a file') fs.writeFileSync(running, '')
        peer.kill('SIGINT')
        assert.equal(await peer.ended, 0)
      })
  })

  it('is two for the two of both, which a peer can not have meanwhile', async () => {
    const state = path.join(folder, 'both')
    await withCommand(['both', '--ports', '0,0', '--state', state], {}, async (both) => {
      const ports = await both.ports(2)
      for (const port of ports) {
        const { code, errors } = await runCommand(ofPeer(path.join('both', `${port}`)))
        assert.equal(code, 1)
        assert.match(errors, /Another peer/)
      }
    })
  })

  it("says so if somebody else's file is in the way, and leaves it", async () => {
    const running = path.join(folder, 'strange', 'running')
    fs.mkdirSync(running, { recursive: true })
    fs.writeFileSync(path.join(running, 'notes.txt'), '')
    const { code, errors } = await runCommand(ofPeer('strange'))
    assert.equal(code, 1)
    assert.match(errors, /running: It holds files that are of no peer\. .*remove them, and start/)
    assert.deepEqual(fs.readdirSync(running), ['notes.txt'])
  })

  const ignored = (state: string) => fs.readFileSync(path.join(folder, state, '.gitignore'), 'utf8')
  const OURS = '/identity.*.pem*\n/peer.*.pem*\n/pictures/\n/running/\n'

  it('that was a folder before gets its .gitignore, once, and what it says stays', async () => {
    for (const [state, before] of [
      ['old', null],
      ['told', '*.log'],
    ] as const) {
      fs.mkdirSync(path.join(folder, state))
      if (before !== null) fs.writeFileSync(path.join(folder, state, '.gitignore'), before)
      for (const _ of [1, 2]) await withPeer(state, async () => {})
      assert.equal(ignored(state), before === null ? OURS : `${before}\n${OURS}`)
    }
  })

  it('that is made, or in a folder that git takes nothing of, has no more than *', async () => {
    for (const _ of [1, 2]) await withPeer('made', async () => {})
    assert.equal(ignored('made'), '*\n')
    for (const _ of [1, 2]) await withPeer(path.join('made', 'inner'), async () => {})
    assert.equal(ignored('made'), '*\n')
  })
})
