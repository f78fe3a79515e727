/** The mailbox over HTTP: what it takes and keeps, what it refuses, and that each refusal says how it is done. */

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { before, describe, it } from 'node:test'
import { MAX_WAITING } from '../../src/mailbox/maildir.ts'
import { open } from '../../src/mailbox/seal.ts'
import { CURVES, type Curve, P256, X25519 } from '../../src/protocol/curves.ts'
import { encodePublicKey, fingerprint } from '../../src/state/pem.ts'
import { JSON_TYPE, post, posting, TEXT } from '../helpers/call.ts'
import { refusal, runCommand, withCommand } from '../helpers/command.ts'
import { root } from '../helpers/documents.ts'
import { folderForAll, modeOf } from '../helpers/files.ts'
import { crowd, type MailKeys, mailboxIn, mailForm, makeKeys, sealed } from '../helpers/mail.ts'
import { assertProblem, assertSafeHeaders } from '../helpers/problem.ts'
import { sharedPeers, type TestPeer, withPeers } from '../helpers/with-peers.ts'

const KIB = 1024
const at = folderForAll()
/** Of the mailbox that the test is about. */
let dir: string

const { readdirSync } = fs
const waiting = () => readdirSync(path.join(dir, 'new')).sort()
const filesIn = () =>
  fs.readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())

/** A peer with a mailbox, for texts sealed to keys on `curve`, for all the cases of a `describe`; each finds it empty. */
function sharedMailbox(curve: Curve) {
  let place: string
  let keys: MailKeys
  before(() => {
    place = fs.mkdtempSync(at('mail-'))
    keys = makeKeys(`${place}-keys`, curve)
  })
  const withPeers = sharedPeers({ openMailbox: () => mailboxIn(place, keys.pair) })
  return (use: (peer: TestPeer, keys: MailKeys) => Promise<void>) =>
    withPeers(async (peer) => {
      dir = place
      for (const { parentPath, name } of filesIn()) fs.rmSync(path.join(parentPath, name))
      await use(peer, keys)
    })
}

for (const curve of Object.values(CURVES))
  describe(`a mailbox with a key of ${curve.name}`, () => {
    const withMailbox = sharedMailbox(curve)

    it('gives its public key, stores a sealed text, answers with its id, and tells the owner', () =>
      withMailbox(async (peer, { pair }) => {
        const given = await peer.call('/public_key')
        assert.deepEqual([given.status, given.text], [200, encodePublicKey(pair)])
        assert.equal(given.headers['content-type'], 'text/plain; charset=utf-8')
        const bytes = await sealed(pair, 'Meet me at noon')
        const id = createHash('sha256').update(bytes).digest('hex')
        const answer = await post(`${peer.url}/message`, mailForm(bytes))
        assert.deepEqual([answer.status, answer.json], [201, { stored: true, id }])
        assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
        assert.ok(answer.text.endsWith('\n'))
        for (const each of [given, answer]) assertSafeHeaders(each)
        assert.deepEqual(waiting(), [id])
        const told = peer.lines().filter((line) => line.startsWith('←'))
        assert.deepEqual(told, [`← received mail, ${bytes.length} bytes, sealed  from 127.0.0.1`])
        assert.ok(peer.lines().includes(id))
        const stored = fs.readFileSync(path.join(dir, 'new', id))
        assert.equal(Buffer.from(await open(pair, stored)).toString(), 'Meet me at noon')
      }))

    it('stores a resend once, also when it was read already, says the same, and counts its letters once', () =>
      withMailbox(async (peer, { pair }) => {
        const form = mailForm(await sealed(pair, 'x'.repeat(1000)))
        const lettersNow = async () => (await peer.call('/frequency')).json.sample
        const before = await lettersNow()
        const first = await post(`${peer.url}/message`, form)
        const { id } = first.json
        assert.equal((await post(`${peer.url}/message`, form)).text, first.text)
        fs.renameSync(path.join(dir, 'new', id), path.join(dir, 'cur', `${id}:2,S`))
        const later = await post(`${peer.url}/message`, form)
        assert.deepEqual([later.status, later.text], [201, first.text])
        assert.equal(filesIn().length, 1)
        assert.equal(peer.lines().filter((line) => line.startsWith('←')).length, 1)
        // of 64 signs of base64, 52 are letters
        const letters = (await lettersNow()) - before
        assert.ok(letters > 1000 && letters < 1300, `${letters}`)
      }))

    it('takes 64 KiB and not a byte more, and takes what JSON may do to base64 for the same', () =>
      withMailbox(async (peer, { pair }) => {
        const longest = await sealed(pair, 'x'.repeat(64 * KIB))
        const form = mailForm(longest)
        assert.equal((await post(`${peer.url}/message`, form)).status, 201)
        // as PHP writes it
        const body = ` {"message" :\n"${form.message.replaceAll('/', '\\/')}"}\n`
        const type = `${JSON_TYPE}; charset=utf-8`
        assert.equal((await peer.call('/message', posting(type, body))).status, 201)
        const longer = Buffer.concat([longest, Buffer.alloc(1)])
        assertProblem(await post(`${peer.url}/message`, mailForm(longer)), 'too_large')
        assert.equal(waiting().length, 1)
      }))
  })

describe('a mailbox refuses', () => {
  const withMailbox = sharedMailbox(X25519)
  const withP256 = sharedMailbox(P256)
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  /** Whatever is sealed, this long. */
  const noise = (length: number) => {
    const bytes = randomBytes(length)
    bytes[31] = 0
    return base64(bytes)
  }
  const ZERO = Buffer.alloc(100)
  /** What is said to be a message, and what that is for a key of X25519. */
  const messages: [string, unknown, string][] = [
    ["the original's text in clear", 'Hey Bud', 'bad_encoding'],
    ['a text in clear that happens to be base64', 'HeyBuddy', 'bad_encoding'],
    ['a number', 5, 'bad_message'],
    ['a list', [noise(100)], 'bad_message'],
    ['an empty string', '', 'bad_message'],
    ['base64 without padding', noise(100).replace(/=+$/, ''), 'bad_encoding'],
    ['base64 with too much padding', `${noise(102)}=`, 'bad_encoding'],
    ['base64 with a line end', `${noise(102)}\n`, 'bad_encoding'],
    ['base64 with a blank', ` ${noise(102)}`, 'bad_encoding'],
    ["base64url's alphabet", `${noise(102).slice(0, -2)}-_`, 'bad_encoding'],
    ['base64 with bits behind its end', base64(ZERO).replace('A==', 'B=='), 'bad_encoding'],
    ['too few bytes for X25519', noise(47), 'bad_encoding'],
    ['a point of low order', base64(ZERO), 'bad_point'],
    ['a point that is not canonical', base64(Buffer.alloc(100, 0xff)), 'bad_point'],
    ['65 KiB', noise(32 + 65 * KIB + 16), 'too_large'],
  ]
  const onP256: [string, unknown, string][] = [
    ['too few bytes for P-256', { message: base64(ZERO.subarray(0, 80)) }, 'bad_encoding'],
    ['garbage that decodes, for P-256', { message: noise(100) }, 'bad_point'],
  ]
  const bodies: [string, unknown, string][] = [
    ['nothing in it', {}, 'bad_message'],
    ['a bare string', noise(100), 'bad_message'],
    ['one more field', { message: noise(100), from: 'Bob' }, 'bad_message'],
    ['another field', { text: noise(100) }, 'bad_message'],
    ...messages.map(([what, message, code]): (typeof messages)[0] => [what, { message }, code]),
  ]
  const command = (peer: TestPeer) => `echo 'your text' | npx ecdh-duet send --to ${peer.url} -`

  for (const [what, body, code] of [...bodies, ...onP256])
    it(`${what} as ${code}, says how it is done, and keeps nothing`, () =>
      (what.endsWith('P-256') ? withP256 : withMailbox)(async (peer) => {
        const answer = await post(`${peer.url}/message`, body)
        const { next } = assertProblem(answer, code)
        assert.equal(next.includes(code === 'too_large' ? '64 KiB' : command(peer)), true, next)
        assertSafeHeaders(answer)
        assert.equal(/Hey|Bob/.test(answer.text), false, 'a text is not repeated')
        assert.deepEqual(filesIn(), [])
      }))

  const zipped = posting(JSON_TYPE, '{}', { 'content-encoding': 'gzip' })
  for (const [what, options, code] of [
    ['what is no JSON', posting(JSON_TYPE, 'Hey Bud'), 'bad_message'],
    ['JSON with a byte order mark', posting(JSON_TYPE, '\ufeff{"message":"x"}'), 'bad_message'],
    ['a form, as a page could send it', posting(undefined, 'message=Hey'), 'unsupported_type'],
    ['another type', posting(TEXT, '{}'), 'unsupported_type'],
    ['a compressed body', zipped, 'unsupported_type'],
    ['GET', { method: 'GET' }, 'method_not_allowed'],
  ] as const)
    it(`${what} as ${code}, and says how it is done`, () =>
      withMailbox(async (peer) => {
        const answer = await peer.call('/message', options)
        assert.equal(assertProblem(answer, code).next, command(peer))
        assert.deepEqual(filesIn(), [])
      }))

  it(
    'a text in clear with a next step that works as it stands there',
    {
      skip: process.platform === 'win32' && 'needs a POSIX shell',
    },
    () =>
      withMailbox(async (peer, { pair }) => {
        const refused = await post(`${peer.url}/message`, { message: 'Hey Bud' })
        // what was started here is a test
        const line = refused.json.next.replace('npx ecdh-duet', 'node dist/main.js')
        const { output } = await runCommand([line], { program: ['sh', '-c'], cwd: root })
        const stored = fs.readFileSync(path.join(dir, 'new', JSON.parse(output).id))
        assert.equal(Buffer.from(await open(pair, stored)).toString(), 'your text')
      }),
  )

  it('more than may wait as inbox_full, but takes a resend of what waits', (t) =>
    withMailbox(async (peer, { pair }) => {
      const form = mailForm(await sealed(pair, 'the last one'))
      const inbox = path.join(dir, 'new')
      crowd(t, inbox, MAX_WAITING - 1)
      assert.equal((await post(`${peer.url}/message`, form)).status, 201)
      const more = mailForm(await sealed(pair, 'one too many'))
      const { next } = assertProblem(await post(`${peer.url}/message`, more), 'inbox_full')
      assert.match(next, /Tell its owner/)
      assert.match(peer.lines().join('\n'), /inbox_full .*\n.*To make room, read them: .* watch/)
      assert.equal((await post(`${peer.url}/message`, form)).status, 201)
      for (const name of waiting()) fs.rmSync(path.join(inbox, name))
      assert.equal((await post(`${peer.url}/message`, more)).status, 201)
    }))

  it('to store what the disk does not take, as no_space, and keeps nothing of it', () =>
    withMailbox(async (peer, { pair }) => {
      fs.rmdirSync(path.join(dir, 'tmp'))
      const form = mailForm(await sealed(pair, 'x'))
      const { next } = assertProblem(await post(`${peer.url}/message`, form), 'no_space')
      assert.doesNotMatch(next, /picture/)
      assert.deepEqual(filesIn(), [])
      fs.mkdirSync(path.join(dir, 'tmp'))
      assert.equal((await post(`${peer.url}/message`, form)).status, 201)
    }))
})

describe('a peer without a mailbox', () => {
  it('says not_found on both routes whatever the method, and how to switch it on', () =>
    withPeers({}, async (peer) => {
      const asked = ['/public_key', '/message'].flatMap((path) =>
        ['GET', 'POST', 'PUT'].map((method) => peer.call(path, { method })),
      )
      asked.push(post(`${peer.url}/message`, { message: 'Hey Bud' }))
      for (const answer of await Promise.all(asked)) {
        const { detail, next } = assertProblem(answer, 'not_found')
        assert.equal(detail, 'This peer has no mailbox.')
        assert.match(next, /--mailbox DIR --mailbox-key FILE\.public\.pem/)
        assert.equal(answer.headers['allow'], undefined)
      }
    }))
})

describe('ecdh-duet peer --mailbox', () => {
  let keys: MailKeys
  before(() => {
    keys = makeKeys(at('keys'))
  })
  const args = (mailbox: string, key: string, ...more: string[]) => [
    ...['peer', '--port', '0', '--peer', 'http://127.0.0.1:9', '--no-state'],
    ...['--mailbox', mailbox, '--mailbox-key', key, ...more],
  ]

  it('makes the mailbox, shows where it is and the fingerprint, and removes what a crash left', async () => {
    const { pair, publicFile } = keys
    const mail = at('new', 'mail')
    const pid = await withCommand(args(mail, publicFile), {}, async (peer) => {
      const [, shown] = await peer.until(/mailbox key {2}(\S+) /)
      assert.equal(shown, fingerprint(pair))
      assert.match(peer.output(), new RegExp(`mailbox {2}${mail}\n`))
      peer.kill('SIGKILL')
      await peer.ended
      return peer.child.pid
    })
    assert.equal(modeOf(mail), '700')
    assert.equal(fs.readFileSync(at('new', '.gitignore'), 'utf8'), '*\n')
    const half = path.join(mail, 'tmp', `${pid}..${'0'.repeat(16)}-0.${os.hostname()}`)
    fs.writeFileSync(half, 'half a mess')
    mailboxIn(mail, pair)
    assert.equal(fs.existsSync(half), false)
  })

  it('does not start without a key, a folder, and an identity that is another key', async () => {
    const { privateFile, publicFile } = keys
    for (const [given, line] of [
      [args(at('mail'), privateFile), /It is a private key, which belongs/],
      [args(at('mail'), 'none.pem'), /none\.pem: There is no such file/],
      [args(publicFile, publicFile), /key\.public\.pem: It can't be used \(ENOTDIR\)/],
      [args(at('mail'), publicFile, '--identity', privateFile), /is the identity of this peer/],
    ] as const)
      assert.match(await refusal(given), line)
  })
})
