/** The share of a mailbox's places that each sender has: one who floods it keeps nobody else out. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { senderAt } from '../../src/http/senders.ts'
import { MAX_OF_ONE, MAX_WAITING, Maildir } from '../../src/mailbox/maildir.ts'
import { MAX_KNOWN, Shares } from '../../src/mailbox/shares.ts'
import { post } from '../helpers/call.ts'
import { folderForEach } from '../helpers/files.ts'
import { mailboxIn, mailForm, makeKeys } from '../helpers/mail.ts'
import { assertProblem } from '../helpers/problem.ts'
import { withPeers } from '../helpers/with-peers.ts'

const at = folderForEach()
const message = (n: number) => Buffer.from(`message ${n}`)
const ALICE = '10.0.0.7'
const used = {
  code: 'mailbox_share_full',
  message: `500 messages from ${ALICE} wait to be read or did not open, and no address may have more.`,
}

/** Hundreds of messages take seconds to be on the disk, and the clock of shares goes on as told. */
function quickly(t: TestContext) {
  t.mock.method(fs, 'fsync', (_fd: number, done: fs.NoParamCallback) => done(null))
  let now = 0
  t.mock.method(performance, 'now', () => now)
  return { wait: (ms: number) => (now += ms) }
}

const deliver = (maildir: Maildir, from: number, to: number, sender: string | null) =>
  Promise.allSettled(
    Array.from({ length: to - from }, (_, i) => maildir.deliver(message(from + i), sender)),
  )

describe('the share of a sender', () => {
  it('is a twentieth of the places, however many come at once, and all others still get in', async (t) => {
    quickly(t)
    assert.equal(MAX_OF_ONE, MAX_WAITING / 20)
    const maildir = new Maildir(at())
    const answers = await deliver(maildir, 0, MAX_OF_ONE + 10, ALICE)
    const refused = answers.filter((answer) => answer.status === 'rejected')
    assert.equal(refused.length, 10)
    assert.deepEqual(
      [refused[0]?.reason.code, refused[0]?.reason.message],
      [used.code, used.message],
    )
    assert.equal(fs.readdirSync(maildir.new).length, MAX_OF_ONE)
    assert.deepEqual(fs.readdirSync(maildir.tmp), [])
    for (const sender of ['10.0.0.8', null])
      assert.equal((await maildir.deliver(message(1000), sender)).id.length, 64)
    assert.equal((await maildir.deliver(message(0), ALICE)).fresh, false, 'a resend takes no place')
    // whoever starts it again knows nobody
    assert.equal((await new Maildir(at()).deliver(message(1001), ALICE)).fresh, true)
  })

  it('has a place again when one was read, or removed from failed, and not when one was set aside', async (t) => {
    const { wait } = quickly(t)
    const maildir = new Maildir(at())
    await deliver(maildir, 0, MAX_OF_ONE, ALICE)
    const [a = '', b = ''] = fs.readdirSync(maildir.new)
    const more = (n: number) => maildir.deliver(message(MAX_OF_ONE + n), ALICE)
    fs.renameSync(path.join(maildir.new, a), path.join(maildir.failed, a))
    await assert.rejects(more(0), used)
    wait(100)
    await assert.rejects(more(0), used)
    fs.renameSync(path.join(maildir.new, b), maildir.placeInCur(b))
    await assert.rejects(more(0), used, 'the folders are not listed for each')
    wait(100)
    assert.equal((await more(0)).fresh, true)
    await assert.rejects(more(1), used)
    fs.rmSync(path.join(maildir.failed, a))
    wait(100)
    assert.equal((await more(1)).fresh, true)
  })

  it('is forgotten, the oldest first, before more is kept in mind than a mailbox holds', () => {
    const shares = new Shares(2)
    for (const id of ['a', 'b']) shares.take(ALICE, id)
    shares.take(ALICE, 'b')
    assert.equal(shares.isUsed(ALICE), true)
    for (let i = 2; i < MAX_KNOWN; i++) shares.take(`${i}`, `${i}`)
    assert.deepEqual([shares.isUsed(ALICE), shares.areMany], [true, true])
    shares.take('another', 'one more')
    assert.equal(shares.isUsed(ALICE), false)
    shares.keep(new Set(['b', 'c']))
    shares.take(ALICE, 'c')
    assert.deepEqual([shares.isUsed(ALICE), shares.areMany], [true, false])
  })
})

describe('a sender', () => {
  for (const [remote, address, sharing] of [
    ['127.0.0.1', '127.0.0.1', null],
    ['::ffff:127.8.0.1', '127.8.0.1', null],
    ['::1', '::1', null],
    ['192.0.2.7', '192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1:2:3:4', '2001:db8::1:2:3:4', '2001:db8:0:0::/64'],
    ['2001:db8:1::2:3:4:5', '2001:db8:1::2:3:4:5', '2001:db8:1:0::/64'],
    ['fe80::1%eth0', 'fe80::1%eth0', 'fe80:0:0:0::/64%eth0'],
    ['::5', '::5', '0:0:0:0::/64'],
    // of a socket that is closed already
    ['', '', ''],
  ] as const)
    it(`at ${remote || 'no known address'} shares with ${sharing ?? 'nobody, and has no limit'}`, () =>
      assert.deepEqual(senderAt(remote), { address, sharing }))
})

describe('POST /message', () => {
  it('tells whoever has used up a share what to do, its owner the address, and takes the mail of others', async (t) => {
    quickly(t)
    const { pair } = makeKeys(at('keys'))
    fs.mkdirSync(at('mail'))
    const mailbox = mailboxIn(at('mail'), pair)
    /** Whatever is sealed. */
    const junk = () => {
      const bytes = randomBytes(100)
      bytes[31] = 0
      return bytes
    }
    const from = senderAt('2001:db8:1::7')
    await Promise.all(Array.from({ length: MAX_OF_ONE }, () => mailbox.store(junk(), from)))
    let remote = '2001:db8:1::8'
    const { emit } = net.Server.prototype
    t.mock.method(net.Server.prototype, 'emit', function (this: net.Server, ...words: unknown[]) {
      const [event, socket] = words
      if (event === 'connection') Object.defineProperty(socket, 'remoteAddress', { value: remote })
      return Reflect.apply(emit, this, words)
    })
    await withPeers({ openMailbox: () => mailbox }, async (peer) => {
      const send = () => post(`${peer.url}/message`, mailForm(junk()))
      const { next, detail } = assertProblem(await send(), 'mailbox_share_full')
      assert.match(detail, /^500 messages from 2001:db8:1:0::\/64 wait/)
      assert.match(next, /Send it again once its owner has read/)
      assert.doesNotMatch(next, /watch/)
      remote = '::ffff:192.0.2.9'
      assert.equal((await send()).status, 201)
      const lines = peer.lines().join('\n')
      assert.match(
        lines,
        /✗ refused {2}POST \/message {2}mailbox_share_full {2}500 messages from 2001:db8:1:0::/,
      )
      assert.match(lines, /← received mail, 100 bytes, sealed {2}from 192\.0\.2\.9\n/)
    })
  })
})
