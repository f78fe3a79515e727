/** The page about Wireshark: each of its filters, and its searches, on a capture of the six steps. */

import assert from 'node:assert/strict'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { MAIN, startCommand } from '../helpers/command.ts'
import { chaptersOf, documentAt } from '../helpers/documents.ts'
import { folderForAll } from '../helpers/files.ts'
import { until } from '../helpers/until.ts'
import { secretsOf } from '../helpers/with-peers.ts'

const run = promisify(execFile)
/** Without a blank, so that curl's form of it is the text itself. */
const TEXT = 'Nobody-finds-this-between-the-peers'
const NEEDED = [
  ['curl', '--version'],
  ['tshark', '--version'],
  // in a network of its own, ports 5000 and 5001 are free and nothing else is captured
  ['unshare', '--net', 'ip', 'link', 'set', 'lo', 'up'],
] as const

function reasonToSkip(): string | false {
  const missing = NEEDED.find(([program, ...words]) => spawnSync(program, words).status !== 0)
  return missing ? `this does not run here: ${missing.join(' ')}` : false
}

const CHAPTER = chaptersOf(documentAt('src/http/README.md').text).get('The wire in Wireshark')
/** The page's filters, from top to bottom. */
const [BETWEEN = '', KEYS = '', TEXTS = '', OWN = ''] = [
  ...(CHAPTER?.matchAll(/^\| `([^`]+)` \|/gm) ?? []),
].map(([, filter]) => filter)

describe('the page about Wireshark', { skip: reasonToSkip() }, () => {
  const at = folderForAll()
  let said: string

  /** What tshark prints of each packet that `filter` leaves: the fields, or its number. */
  async function packets(filter: string, ...fields: string[]): Promise<string[]> {
    const shown = (fields.length > 0 ? fields : ['frame.number']).flatMap((field) => ['-e', field])
    const { stdout } = await run('tshark', [
      ...['-r', at('six.pcapng'), '-Y', filter, '-T', 'fields', ...shown],
    ])
    return stdout.split('\n').slice(0, -1)
  }

  /** How many packets of `filter` have the text in their bytes, as Find Packet looks for it. */
  const found = async (text: string, filter: string) =>
    (await packets(`(${filter}) and frame contains "${text}"`)).length

  before(async () => {
    const up = 'ip link set lo up && exec "$0" "$@"'
    const peers = startCommand(['both', '--no-state'], {
      cwd: at(),
      program: ['unshare', '--net', 'sh', '-c', up, process.execPath, MAIN],
    })
    // the capture and curl enter the network of the program, which ends with it
    const inside = ['--target', `${peers.child.pid}`, '--net', '--']
    await peers.ports(2)
    const capture = spawn('nsenter', [
      ...inside,
      ...['tshark', '-i', 'lo', '-w', at('six.pcapng'), '-q'],
    ])
    const captured = once(capture, 'close')
    try {
      let told = ''
      capture.stderr.on('data', (more) => {
        told += more
      })
      await until(() => told.includes('Capture started') || told.includes('File:'))
      for (const [path, ...body] of [
        ['5000/send_keys'],
        ['5001/send_keys'],
        ['5000/show'],
        ['5001/show'],
        ['5000/send_msg', '--data-urlencode', `text=${TEXT}`],
        ['5001/decrypt_msg'],
      ])
        await run('nsenter', [...inside, 'curl', '-sf', `http://127.0.0.1:${path}`, ...body])
      const last = 'http.response_for.uri contains "/decrypt_msg"'
      await until(async () => (await packets(last).catch(() => [])).length > 0)
    } finally {
      capture.kill('SIGINT')
      await captured
      peers.kill()
      await peers.ended
    }
    said = peers.output()
  })

  it('leaves the two key messages, with the fields to look at', async () => {
    const shown = (await packets(KEYS, 'json.key')).map((fields) => fields.split(','))
    assert.equal(shown.length, 2)
    for (const fields of shown)
      assert.ok(fields.includes('identity') && fields.includes('publicKey'))
    assert.ok(shown[1]?.includes('session') && shown[1].includes('tag'))
  })

  it('leaves the sealed text, with the fields to look at', async () => {
    assert.deepEqual(await packets(TEXTS, 'json.key'), ['v,session,seq,ciphertext'])
  })

  it('leaves each request between the peers and its answer, and nothing else', async () => {
    assert.equal((await packets(BETWEEN)).length, 6)
  })

  it('shows the text on the way from curl to its own peer, and nowhere between the peers', async () => {
    assert.equal(await found(TEXT, OWN), 1)
    assert.equal(await found(TEXT, BETWEEN), 0)
  })

  it('has a public key of the terminal between the peers, and the shared secret nowhere', async () => {
    const [, publicKey = ''] = /→ sent public key +([0-9a-f]{64})/.exec(said) ?? []
    const [secret = '', same] = secretsOf(
      said.split('\n').map((line) => line.replace(/^\d+ \S+ /, '')),
    )
    assert.equal(secret.length, 64)
    assert.equal(same, secret)
    assert.equal(await found(publicKey, BETWEEN), 1)
    assert.equal(await found(secret, 'frame'), 0)
  })
})
