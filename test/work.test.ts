/** `--show-work`: what it prints is run as it stands, by a real shell and OpenSSL. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { bytesToHex, hexToBytes } from '../src/protocol/bytes.ts'
import { CURVES, KeyPair } from '../src/protocol/curves.ts'
import { Exchange } from '../src/protocol/exchange.ts'
import { call } from './helpers/call.ts'
import { runCommand, withCommand } from './helpers/command.ts'
import { linesOf, secretsOf } from './helpers/with-peers.ts'

const noOpenssl =
  spawnSync('openssl', ['pkeyutl', '-help']).status === 0 ? false : 'there is no OpenSSL here'

/** Standard output and error of `sh` with `script` typed into it, and what it leaves in its folder for temporary files. */
function paste(script: string) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-work-'))
  try {
    const env = { ...process.env, TMPDIR: folder }
    const { stdout, stderr } = spawnSync('sh', { input: `${script}\n`, env, encoding: 'utf8' })
    return { stdout, stderr, left: fs.readdirSync(folder) }
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

/** The blocks that a terminal shows to be pasted, oldest first, each with the port that it follows. */
function blocksOf(output: string): { port: number; block: string }[] {
  const blocks = output.matchAll(/^(\d+) {2}·.*\n(\(\n[\s\S]*?\n\))\n/gm)
  return [...blocks].map(([, port, block]) => ({ port: Number(port), block: block ?? '' }))
}

for (const curve of Object.values(CURVES))
  describe(`--show-work on ${curve.name}`, () => {
    it('prints what OpenSSL computes the shared secret from', { skip: noOpenssl }, () =>
      withCommand(
        ['both', '--ports', '0,0', '--no-state', '--curve', curve.name, '--show-work'],
        {},
        async (both) => {
          const ports = await both.ports(2)
          for (let exchange = 0; exchange < 2; exchange++)
            for (const step of ['/send_keys', '/show'])
              for (const port of ports)
                assert.ok((await call(`http://127.0.0.1:${port}${step}`)).status < 300)
          both.kill()
          await both.ended
          const blocks = blocksOf(both.output())
          assert.equal(blocks.length, 4)
          for (const port of ports) {
            const shown = secretsOf(linesOf(both.output(), port)).filter((text) =>
              /^[0-9a-f]{64}$/.test(text),
            )
            const computed = blocks
              .filter((each) => each.port === port)
              .map(({ block }) => paste(block))
            assert.deepEqual(
              computed,
              shown.map((secret) => ({ stdout: `${secret}\n`, stderr: '', left: [] })),
            )
          }
        },
      ),
    )

    it('says before each block what it gives away', () =>
      withCommand(
        ['both', '--ports', '0,0', '--no-state', '--curve', curve.name, '--show-work'],
        {},
        async (both) => {
          for (const port of await both.ports(2)) await call(`http://127.0.0.1:${port}/send_keys`)
          both.kill()
          await both.ended
          const warned =
            /private key that would be gone[^\n]*\n[^\n]* shell keeps a history[^\n]*\n[^\n]*\n\(\n/g
          assert.equal(both.output().match(warned)?.length, 2)
        },
      ))

    it('is the only way out of an exchange for a fresh private key, and the last moment', () => {
      const seen: { privateKey: string; shared: string }[] = []
      const pairs: KeyPair[] = []
      const a = new Exchange(new KeyPair(curve), null, (own, peerPublicKey) => {
        pairs.push(own)
        seen.push({
          privateKey: bytesToHex(own.exportPrivateKey()),
          shared: bytesToHex(own.sharedSecret(peerPublicKey)),
        })
      })
      const b = new Exchange(new KeyPair(curve))
      b.receiveKeys(a.startKeys())
      assert.deepEqual(seen, [], 'nothing is shown before both sides agree')
      const { confirm } = a.receiveKeys(b.startKeys())
      assert.ok(b.receiveAnswer(confirm))
      assert.equal(seen.length, 1)
      const [{ privateKey = '', shared = '' } = {}] = seen
      assert.equal(shared, bytesToHex(a.current?.exportSharedSecret() ?? new Uint8Array()))
      const again = new KeyPair(curve, hexToBytes(privateKey))
      assert.deepEqual(again.publicKey, a.publicKey)
      assert.throws(() => pairs[0]?.sharedSecret(curve.basePoint), /erased/)
    })
  })

describe('--show-work', () => {
  it('is refused together with --no-secrets', async () => {
    const { code, output, errors } = await runCommand(['both', '--show-work', '--no-secrets'])
    assert.deepEqual([code, output], [2, ''])
    assert.match(errors, /--show-work.*--no-secrets/)
  })
})
