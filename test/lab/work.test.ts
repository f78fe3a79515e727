/** `--show-work`: what it prints is run as it stands, by a real shell and OpenSSL. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { before, describe, it } from 'node:test'
import { createMlKem768 } from 'mlkem'
import { opensslWork } from '../../src/classroom/lab/show-work/work.ts'
import { bytesToHex } from '../../src/protocol/bytes.ts'
import { SUITES, type Suite } from '../../src/protocol/suites.ts'
import { call } from '../helpers/call.ts'
import { runCommand, withCommand } from '../helpers/command.ts'
import { assertShows } from '../helpers/documents.ts'
import { linesOf, secretsOf, startPeers } from '../helpers/with-peers.ts'

const noOpenssl =
  spawnSync('openssl', ['pkeyutl', '-help']).status === 0 ? false : 'there is no OpenSSL here'

/** Those before 3.5 compute the half on the curve, and say so. */
const hasMlKem = spawnSync('openssl', ['list', '-kem-algorithms'], {
  encoding: 'utf8',
}).stdout?.includes('ML-KEM-768')

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
  const blocks = output.matchAll(/^(\d+) [^\n]* SECRET work .*\n(?: .*\n)*(\(\n[\s\S]*?\n\))\n/gm)
  return [...blocks].map(([, port, block]) => ({ port: Number(port), block: block ?? '' }))
}

/** What stands between two marks of a block, from base64. */
function base64In(block: string, begin: string, end: string): Buffer {
  const [, text] = new RegExp(`${begin}\n([^]*?)\n${end}\n`).exec(block) ?? []
  assert.ok(text, `there is a ${begin}`)
  return Buffer.from(text.replaceAll('\n', ''), 'base64')
}

/** What terminals show once their two peers have sent and shown keys on both sides, twice over. */
async function outputOf(suite: Suite): Promise<{ ports: readonly number[]; output: string }> {
  const exchange = async (ports: readonly number[]) => {
    for (const step of ['/send_keys', '/show', '/send_keys', '/show'])
      for (const port of ports)
        assert.ok((await call(`http://127.0.0.1:${port}${step}`)).status < 300)
    return ports
  }
  if (suite === SUITES.X25519) {
    const args = ['both', '--ports', '0,0', '--no-state', '--show-work']
    return withCommand(args, {}, async (both) => {
      const ports = await exchange(await both.ports(2))
      both.kill()
      await both.ended
      return { ports, output: both.output() }
    })
  }
  const { peers, output, close } = await startPeers({ suite, showWork: opensslWork })
  try {
    return { ports: await exchange(peers.map(({ port }) => port)), output: output() }
  } finally {
    await close()
  }
}

for (const suite of Object.values(SUITES))
  describe(`--show-work on ${suite.name}`, () => {
    let output = ''
    let ports: readonly number[] = []
    /** By whose it is, and exchange by exchange: what the terminal had to be pasted, and what it showed. */
    let worked: { block: string; shown: string[] }[][] = []
    before(async () => {
      ;({ output, ports } = await outputOf(suite))
      const blocks = blocksOf(output)
      assert.equal(blocks.length, 4)
      worked = ports.map((port) => {
        const secrets = secretsOf(linesOf(output, port)).filter((text) => /^\w{64}$/.test(text))
        const own = blocks.filter((each) => each.port === port)
        assert.equal(own.length, 2)
        const each = secrets.length / 2
        return own.map(({ block }, i) => ({ block, shown: secrets.slice(i * each, ++i * each) }))
      })
    })

    if (suite === SUITES.X25519)
      it('shows what its README shows', () => {
        assertShows(
          'src/classroom/lab/show-work/README.md',
          output.replaceAll(new RegExp(`^${ports[1]} `, 'gm'), '5001 '),
        )
      })

    it('prints what OpenSSL computes the shared secret from', { skip: noOpenssl }, () => {
      for (const [of, each] of worked.entries())
        for (const { block, shown } of each) {
          const [ecdh = '', kem = ''] = shown
          const right = { stderr: '', left: [] }
          if (suite.kem === null) {
            assert.deepEqual(paste(block), { stdout: `${ecdh}\n`, ...right })
            continue
          }
          assert.match(kem, /^[0-9a-f]{64}$/)
          // who sent its keys second had the other's, and made the ciphertext
          const carried =
            of === 1
              ? 'This side made the ciphertext: the lines of the other terminal open it.'
              : hasMlKem
                ? kem
                : 'This OpenSSL has no ML-KEM: it takes 3.5 or later.'
          const stdout = `shared secret  ${ecdh}\nML-KEM secret  ${carried}\n`
          assert.deepEqual(paste(block), { stdout, ...right })
        }
    })

    if (suite.kem !== null)
      it('prints the seed and the ciphertext that another ML-KEM gives the shown secret for', async () => {
        const [first = [], second = []] = worked
        const other = await createMlKem768()
        for (const { block, shown } of first) {
          const [, own = ''] = block.split('own-mlkem.pem" <<')
          const der = base64In(own, '-----BEGIN PRIVATE KEY-----', '-----END PRIVATE KEY-----')
          // RFC 9935: a seed alone, in [0]
          assert.equal(
            der.subarray(0, -64).toString('hex'),
            '3054020100300b060960864801650304040204428040',
          )
          const [, privateKey] = other.deriveKeyPair(Uint8Array.from(der.subarray(-64)))
          const ciphertext = Uint8Array.from(base64In(block, "<<'BASE64'", 'BASE64'))
          assert.equal(bytesToHex(other.decap(ciphertext, privateKey)), shown[1])
        }
        for (const { block } of second) assert.doesNotMatch(block, /mlkem|BASE64/)
      })

    it('says before each block what it gives away', () => {
      const warned = /private key that would be gone.*?shell keeps a history.*? \( /g
      assert.equal(output.replaceAll(/\s+/g, ' ').match(warned)?.length, 4)
    })
  })

describe('--show-work', () => {
  it('is refused together with --no-secrets', async () => {
    const { code, output, errors } = await runCommand(['both', '--show-work', '--no-secrets'])
    assert.deepEqual([code, output], [2, ''])
    assert.match(errors, /--show-work.*--no-secrets/)
  })
})
