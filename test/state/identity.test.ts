/** `peer --identity`: a key of one's own in place of the one in the state, and no start with a wrong one. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { bytesToHex } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { SUITES, type Suite } from '../../src/protocol/suites.ts'
import { decodePublicKey, encodePrivateKey } from '../../src/state/pem.ts'
import { call } from '../helpers/call.ts'
import { MAIN, refusal, withCommand } from '../helpers/command.ts'
import { folderForEach } from '../helpers/files.ts'
import { GENPKEY, noOpenssl, openssl } from '../helpers/openssl.ts'
import { freePorts } from '../helpers/ports.ts'
import { withOnePeer } from '../helpers/with-peers.ts'

const at = folderForEach()
const noBash = spawnSync('bash', ['--version']).status === 0 ? false : 'there is no bash here'
const step = (port: number, path: string) => call(`http://127.0.0.1:${port}${path}`)

/** Has `peer --identity mine.pem ARGS`, whose key `command` makes, exchange keys, texts and a picture. */
async function exchange(command: string, suite: Suite, args: string[], says: RegExp) {
  openssl(`${command} -out ${at('mine.pem')}`)
  const { publicKey } = decodePublicKey(openssl(`pkey -in ${at('mine.pem')} -pubout`))
  const [a = 0, b = 0] = await freePorts(2)
  const peer = ['peer', '--port', `${a}`, '--peer', `http://127.0.0.1:${b}`]
  const options = ['--identity', 'mine.pem', ...args]
  await withOnePeer({ port: b, peerUrl: `http://127.0.0.1:${a}`, suite }, () =>
    withCommand([...peer, ...options], { cwd: at() }, async (peer) => {
      await peer.ports(1)
      await peer.until(says)
      for (const port of [a, b]) assert.equal((await step(port, '/send_keys')).status, 201)
      const [one, two] = [(await step(a, '/show')).json, (await step(b, '/show')).json]
      assert.deepEqual([one.curve, one.identity], [suite.name, bytesToHex(publicKey)])
      assert.equal(two.peer.identity, one.identity)
      assert.equal((await step(a, '/send_msg')).status, 201)
      assert.equal((await step(b, '/decrypt_msg')).status, 200)
      assert.equal((await step(b, '/send_image')).status, 201)
    }),
  )
}

describe('peer --identity', { skip: noOpenssl }, () => {
  it('is who OpenSSL says, beside a KEM, and leaves the identity in the state alone, whatever it is', async () => {
    fs.mkdirSync(at('state'))
    fs.writeFileSync(at('state', 'identity.X25519.pem'), 'not a key')
    await exchange(
      GENPKEY.X25519,
      SUITES.X25519MLKEM768,
      ['--curve', 'X25519MLKEM768', '--state', 'state'],
      /identity .*\(by --identity; the rest is kept in state\)/,
    )
    assert.equal(fs.readFileSync(at('state', 'identity.X25519.pem'), 'utf8'), 'not a key')
    // the known peer and the picture are there too
    const kept = ['.gitignore', 'identity.X25519.pem', 'peer.X25519.pem', 'pictures', 'running']
    assert.deepEqual(fs.readdirSync(at('state')).sort(), kept)
  })

  // its file: SEC 1 behind the parameters of the curve
  it('is on the curve of the key if no other is asked for, and goes with --no-state', async () => {
    await exchange(
      'ecparam -name prime256v1 -genkey',
      SUITES['P-256'],
      ['--no-state'],
      /identity .*\(by --identity; the rest is kept nowhere\)/,
    )
    assert.deepEqual(fs.readdirSync(at()), ['mine.pem'])
  })

  it('is read from a pipe, and as a shell names one', { skip: noBash }, async () => {
    const pair = new KeyPair(SUITES.X25519.curve)
    const key = encodePrivateKey(pair)
    fs.writeFileSync(at('mine.pem'), key, { mode: 0o600 })
    for (const [script, input] of [
      ['--identity /dev/stdin', key],
      ['--identity <(cat mine.pem)', ''],
    ] as const) {
      const command = `exec "$0" "$1" peer --port 0 --peer http://127.0.0.1:9 --no-state ${script}`
      const program = ['bash', '-c', command, process.execPath, MAIN]
      await withCommand([], { cwd: at(), program, input }, (peer) =>
        peer.until(new RegExp(`identity [^\\n]*\\n +${bytesToHex(pair.publicKey)}\\n`)),
      )
    }
  })
})

describe('peer with a wrong --identity', () => {
  it('does not start with a key of another curve than --curve says, and says why', async () => {
    for (const [of, curve] of [
      ['X25519', 'P-256'],
      ['P-256', 'X25519'],
      ['P-256', 'X25519MLKEM768'],
    ] as const) {
      const key = encodePrivateKey(new KeyPair(SUITES[of].curve))
      fs.writeFileSync(at('mine.pem'), key, { mode: 0o600 })
      const peer = ['peer', '--port', '0', '--peer', 'http://127.0.0.1:9', '--state', at('.duet')]
      assert.equal(
        await refusal([...peer, '--identity', at('mine.pem'), '--curve', curve]),
        `${at('mine.pem')}: It is a key of ${of}, and not a key of ${SUITES[curve].curve.name}.`,
      )
      assert.equal(fs.existsSync(at('.duet')), false)
    }
  })
})
