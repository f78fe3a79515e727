/** `peer --identity`: a key of one's own in place of the one in the state, and no start with a wrong one. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { run } from '../src/commands/run.ts'
import { launch } from '../src/launch.ts'
import { bytesToHex } from '../src/protocol/bytes.ts'
import { KeyPair, P256, X25519 } from '../src/protocol/curves.ts'
import { SUITES, type SuiteName } from '../src/protocol/suites.ts'
import { readPrivateKey } from '../src/state/keyFiles.ts'
import { forgetful } from '../src/state/memory.ts'
import { decodePublicKey, encodePrivateKey, encodePublicKey } from '../src/state/pem.ts'
import { createTerminal } from '../src/terminal/terminal.ts'
import { call } from './helpers/call.ts'
import { type Command, runCommand, withCommand } from './helpers/command.ts'
import { GENPKEY, noOpenssl, openssl } from './helpers/openssl.ts'
import { freePorts } from './helpers/ports.ts'

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-identity-'))
})
afterEach(() => fs.rmSync(folder, { recursive: true }))

const step = (port: number, path: string) => call(`http://127.0.0.1:${port}${path}`)

/** A peer in `folder` until `use` is done. */
function withPeer(
  port: number,
  other: number,
  args: string[],
  use: (peer: Command) => Promise<void>,
): Promise<void> {
  const all = ['peer', '--port', `${port}`, '--peer', `http://127.0.0.1:${other}`, ...args]
  return withCommand(all, { cwd: folder }, async (peer) => {
    await peer.ports(1)
    await use(peer)
  })
}

/** Its other peer, in this process. */
function launchOther(port: number, peerPort: number, curve: SuiteName) {
  const suite = SUITES[curve]
  return launch({
    suite,
    plans: [{ host: '127.0.0.1', port, peerUrl: `http://127.0.0.1:${peerPort}` }],
    openMemory: () => forgetful(suite.curve),
    terminal: createTerminal({ output: { write: () => {} }, showsSecrets: true }),
    showsSecrets: true,
  })
}

/** What `peer --identity` does before it listens. */
const start = (identity: string, curve?: SuiteName) =>
  run(
    [{ host: '127.0.0.1', port: 0, peerUrl: 'http://127.0.0.1:9' }],
    { identity, secrets: true, state: path.join(folder, '.duet'), ...(curve && { curve }) },
    () => path.join(folder, '.duet'),
  )

/** Starts `peer --identity mine.pem ARGS`, whose key `command` makes, and has it exchange keys, texts and pictures. */
async function exchange(command: string, curve: SuiteName, args: string[], says: RegExp) {
  const [a = 0, b = 0] = await freePorts(2)
  openssl(`${command} -out ${folder}/mine.pem`)
  const { publicKey } = decodePublicKey(openssl(`pkey -in ${folder}/mine.pem -pubout`))
  const other = await launchOther(b, a, curve)
  try {
    await withPeer(a, b, ['--identity', 'mine.pem', ...args], async (peer) => {
      await peer.until(says)
      for (const port of [a, b]) assert.equal((await step(port, '/send_keys')).status, 201)
      const [one, two] = [(await step(a, '/show')).json, (await step(b, '/show')).json]
      assert.deepEqual([one.curve, one.identity], [curve, bytesToHex(publicKey)])
      assert.equal(two.peer.identity, one.identity)
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        assert.equal((await step(from, '/send_msg')).status, 201)
        assert.equal((await step(to, '/decrypt_msg')).status, 200)
        assert.equal((await step(from, '/send_image')).status, 201)
        assert.equal((await step(to, '/image')).status, 200)
      }
    })
  } finally {
    await other.close()
  }
}

describe('peer --identity', { skip: noOpenssl }, () => {
  it('is who OpenSSL says, beside a KEM, and leaves the identity in the state alone, whatever it is', async () => {
    fs.mkdirSync(path.join(folder, 'state'))
    const damaged = path.join(folder, 'state', 'identity.X25519.pem')
    fs.writeFileSync(damaged, 'not a key')
    await exchange(
      GENPKEY.X25519,
      'X25519MLKEM768',
      ['--curve', 'X25519MLKEM768', '--state', 'state'],
      /identity .*\(by --identity; the rest is kept in state\)/,
    )
    assert.equal(fs.readFileSync(damaged, 'utf8'), 'not a key')
    // the known peer and the picture are there too
    assert.deepEqual(fs.readdirSync(path.join(folder, 'state')).sort(), [
      '.gitignore',
      'identity.X25519.pem',
      'peer.X25519.pem',
      'pictures',
      'running',
    ])
  })

  // its file: SEC 1 behind the parameters of the curve
  it('is on the curve of the key if no other is asked for, and goes with --no-state', async () => {
    await exchange(
      'ecparam -name prime256v1 -genkey',
      'P-256',
      ['--no-state'],
      /identity .*\(by --identity; the rest is kept nowhere\)/,
    )
    assert.deepEqual(fs.readdirSync(folder), ['mine.pem'])
  })
})

describe('peer --identity', () => {
  const write = (text: string, mode: number) => (file: string) =>
    fs.writeFileSync(file, text, { mode })
  const refused: [string, (file: string) => void, SuiteName | undefined, RegExp][] = [
    ['is not there', () => {}, undefined, /There is no such file/],
    [
      'others can read',
      write(encodePrivateKey(new KeyPair(X25519)), 0o644),
      undefined,
      /Others can read/,
    ],
    [
      'holds a public key',
      write(encodePublicKey(new KeyPair(X25519)), 0o600),
      undefined,
      /public key/,
    ],
    ['holds no key', write('a key', 0o600), undefined, /not a PEM key/],
    ['is a link', (file) => fs.symlinkSync('elsewhere', file), undefined, /It is a link/],
    ...(['X25519', 'P-256'] as const).map((name): (typeof refused)[number] => {
      const other = name === 'X25519' ? 'P-256' : 'X25519'
      const make = write(encodePrivateKey(new KeyPair(SUITES[name].curve)), 0o600)
      const says = new RegExp(`a key of ${name}, and not a key of ${other}`)
      return [`is of ${name} beside --curve ${other}`, make, other, says]
    }),
    [
      'is of P-256 beside --curve X25519MLKEM768',
      write(encodePrivateKey(new KeyPair(P256)), 0o600),
      'X25519MLKEM768',
      /a key of P-256, and not a key of X25519/,
    ],
  ]
  for (const [what, make, curve, says] of refused)
    it(`does not start, and says why in one line, with a file that ${what}`, async () => {
      const file = path.join(folder, 'mine.pem')
      make(file)
      await assert.rejects(start(file, curve), ({ message }: Error) => {
        assert.ok(message.startsWith(`${file}: `) && !message.includes('\n'), message)
        assert.match(message, says)
        return true
      })
      assert.equal(fs.existsSync(path.join(folder, '.duet')), false)
    })

  it('ends with 1 where it does not start', async () => {
    const args = ['peer', '--port', '0', '--peer', 'http://127.0.0.1:9', '--identity', 'mine.pem']
    const { code, output, errors } = await runCommand(args, { cwd: folder })
    assert.deepEqual([code, output], [1, ''])
    assert.match(errors, /^ecdh-duet: mine\.pem: There is no such file[^\n]*\n$/)
    assert.deepEqual(fs.readdirSync(folder), [])
  })

  it('does not ask for the passphrase of an encrypted file', { skip: noOpenssl }, async () => {
    const [file, plain] = [path.join(folder, 'mine.pem'), path.join(folder, 'plain.pem')]
    for (const encrypted of [
      openssl('pkey -aes256 -passout pass:x', openssl(GENPKEY.X25519)),
      openssl('ec -aes256 -passout pass:x', openssl(GENPKEY['P-256'])),
    ]) {
      fs.writeFileSync(file, encrypted, { mode: 0o600 })
      await assert.rejects(start(file), /It is encrypted.*openssl pkey -in FILE -out NEW_FILE$/)
      // what it says to do, done
      openssl(`pkey -in ${file} -passin pass:x -out ${plain}`)
      readPrivateKey(plain)
      fs.rmSync(plain)
    }
  })
})
