/** `lab bad-keys` against running peers: what it sends, what comes back, and that nothing is broken afterwards. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { badKeys as attackPeer } from '../src/lab/bad-keys/badKeys.ts'
import { call as labCall } from '../src/lab/call.ts'
import { SUITES, type Suite, type SuiteName } from '../src/protocol/suites.ts'
import { runCommand, withCommand } from './helpers/command.ts'
import { freePorts } from './helpers/ports.ts'
import { assertForProjector } from './helpers/projector.ts'
import { type TestPeer, withPeers } from './helpers/with-peers.ts'

/** The command, in a program of its own. */
const badKeys = (url: string) => runCommand(['lab', 'bad-keys', url])

/** What the command runs, here: its mathematics is warm after the first time. */
async function attacks(url: string) {
  const lines: string[] = []
  const asExpected = await attackPeer((...more) => lines.push(...more), url)
  return { asExpected, output: `${lines.join('\n')}\n` }
}

/** The answers in the table of each part, as they are marked. */
function answersIn(output: string): string[][] {
  return output
    .split(/^\d\. .*\n─+$/m)
    .slice(1)
    .map((part) =>
      [...part.matchAll(/ {2}([✓✗] \w+(?:, \w+)*)$/gm)].map(([, answer]) => answer ?? ''),
    )
}

const refusals = (...codes: string[]) => codes.map((code) => `✓ ${code}`)
const X25519_POINTS = refusals('bad_point', 'bad_point', 'bad_point', 'bad_point', 'bad_point')
const POINTS: Record<SuiteName, string[]> = {
  X25519: X25519_POINTS,
  'P-256': refusals(
    'bad_point',
    'bad_point',
    'bad_point',
    'bad_encoding',
    'bad_point',
    'bad_point',
  ),
  X25519MLKEM768: [...X25519_POINTS, ...refusals('bad_point', 'bad_point')],
}
const ALONE = refusals('reflection', 'stale_keys', 'confirm_failed', 'bad_message')
const REFLECTION_ON: Record<SuiteName, string[]> = {
  X25519: ALONE,
  'P-256': ALONE,
  X25519MLKEM768: refusals(
    'reflection',
    'reflection',
    'stale_keys',
    'confirm_failed',
    'bad_encoding',
  ),
}
const inPublic = (name: SuiteName) => [
  ...POINTS[name],
  ...refusals('bad_point', 'bad_point', 'bad_base_point', 'curve_mismatch', 'bad_version'),
  ...REFLECTION_ON[name],
  ...refusals(
    'replay',
    'decrypt_failed',
    'too_far_ahead',
    'unknown_session',
    'decrypt_failed',
    'too_far_ahead',
  ),
]
const ON_THE_WIRE = refusals(
  'stale_keys',
  'stale_keys',
  'stale_keys',
  'decrypt_failed',
  'decrypt_failed',
  'decrypt_failed',
  'accepted',
  'replay',
  'decrypt_failed',
  'decrypt_failed',
  'decrypt_failed',
  'decrypt_failed',
  'accepted',
  'replay',
)

async function agree(a: TestPeer, b: TestPeer): Promise<string> {
  await a.call('/send_keys')
  return (await b.call('/send_keys')).json.session
}

/** Something at another port that answers as `peer` does, but for what `instead` answers to a path. */
async function withFront(
  peer: TestPeer,
  instead: (path: string) => Promise<{ status: number; text: string } | null>,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const server = http.createServer(async (request, response) => {
    const { method = '', url = '' } = request
    const headers = { 'content-type': request.headers['content-type'] ?? '' }
    const body = Buffer.concat(await request.toArray())
    const answer = (await instead(url)) ?? (await peer.call(url, { method, headers, body }))
    response.writeHead(answer.status).end(answer.text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.close()
  }
}

const sessionOf = async (peer: TestPeer) => (await peer.call('/show')).json.session?.id

for (const [name, suite] of Object.entries(SUITES) as [SuiteName, Suite][])
  describe(`ecdh-duet lab bad-keys, on ${name}`, () => {
    const others = (Object.keys(SUITES) as SuiteName[]).filter((other) => other !== name)

    it('has everything refused with its code, and leaves the session and what waits as they were', () =>
      withPeers({ suite }, async (a, b) => {
        const session = await agree(a, b)
        await b.call('/send_msg')
        const { code, output, errors } = await badKeys(a.url)
        assert.deepEqual([code, errors], [0, ''], output)
        assertForProjector(output)
        assert.deepEqual(answersIn(output), [
          inPublic(name),
          ON_THE_WIRE,
          ...others.map((other) => [...inPublic(other), ...ON_THE_WIRE]),
        ])
        assert.match(output, new RegExp(`^✓ the session is still ${session}, on both sides$`, 'm'))
        assert.doesNotMatch(output, /✗/)
        assert.deepEqual([await sessionOf(a), await sessionOf(b)], [session, session])
        // the owner's message, and those of the lab: one to attack, one to prove
        assert.equal((await a.call('/decrypt_msg')).json.decrypted, 3)
        assert.equal((await b.call('/decrypt_msg')).json.decrypted, 1)
        const text = `This is a secret message from port ${b.port}!`
        assert.deepEqual(
          a.secrets().filter((secret) => secret === text),
          [text],
        )
        const refused = a.lines().filter((line) => line.startsWith('✗'))
        assert.ok(refused.length > 15 && a.lines().every((line) => !line.includes('DEFECT')))
      }))

    it('makes a session where there is none, or where an exchange is under way', () =>
      withPeers({ suite }, async (a, b) => {
        assert.ok((await attacks(b.url)).asExpected)
        const session = await sessionOf(a)
        assert.ok(session)
        // the other side's next key has come, and is not used yet
        await a.call('/send_keys')
        const { asExpected, output } = await attacks(b.url)
        assert.ok(asExpected, output)
        assert.match(output, /an exchange is under way: the lab runs/)
        assert.notEqual(await sessionOf(a), session)
        assert.equal(await sessionOf(a), await sessionOf(b))
      }))
  })

describe('ecdh-duet lab bad-keys', () => {
  it('marks what it did not expect, and fails', () =>
    withPeers({}, async (a, b) => {
      await agree(a, b)
      // takes whatever comes over the wire
      const careless = async (path: string) =>
        path.startsWith('/wire/') ? { status: 201, text: '{"accepted":true}' } : null
      await withFront(a, careless, async (url) => {
        const { code, output } = await badKeys(url)
        assert.equal(code, 1)
        assertForProjector(output)
        const [first = [], second] = answersIn(output)
        assert.deepEqual(first, Array(first.length).fill('✗ accepted'))
        assert.deepEqual(second, ON_THE_WIRE)
        assert.match(
          output,
          /^ {2}the public key that is all zero: accepted in place of bad_point$/m,
        )
      })
    }))

  it('marks a session that did not survive, and fails', () =>
    withPeers({}, async (a, b) => {
      const session = await agree(a, b)
      let upset = false
      const upsetting = async (path: string) => {
        if (path === '/wire/keys' && !upset) {
          upset = true
          await agree(a, b)
        }
        return null
      }
      await withFront(a, upsetting, async (url) => {
        const { asExpected, output } = await attacks(url)
        assert.equal(asExpected, false)
        assert.match(output, new RegExp(`^✗ the session is still ${session}, on both sides$`, 'm'))
        assert.match(output, /^ {2}not true: the session is still/m)
      })
    }))

  it('attacks this machine and no other', async () => {
    for (const url of [
      'http://192.0.2.1:5000',
      'http://example.org',
      'http://0.0.0.0:5000',
      'http://[::ffff:7f00:1]:1',
    ]) {
      const { code, output, errors } = await badKeys(url)
      assert.deepEqual([code, output], [2, ''], url)
      assert.match(errors, /Attacks go to this machine only/)
    }
    for (const url of [
      'https://127.0.0.1',
      'http://127.0.0.1:5000/show',
      '127.0.0.1:5000',
      'http://a@127.0.0.1',
    ])
      assert.equal((await badKeys(url)).code, 2, url)
    await assert.rejects(labCall('http://192.0.2.1', '/show'), /stays on this machine/)
  })

  it('leaves a peer alone whose counterpart is elsewhere', async () => {
    const [port = 0] = await freePorts(1)
    const args = ['peer', '--port', `${port}`, '--peer', 'http://192.0.2.1:5001', '--no-state']
    await withCommand(args, {}, async (peer) => {
      await peer.ports(1)
      const { code, output, errors } = await badKeys(`http://127.0.0.1:${port}`)
      assert.deepEqual([code, output], [1, ''])
      assert.match(
        errors,
        /^ecdh-duet: .* is at http:\/\/192\.0\.2\.1:5001, and the lab stays on this machine\.$/m,
      )
      assert.doesNotMatch(peer.output(), /[→←✗]/)
    })
  })

  it('says in one line what is missing: a peer, its counterpart, room for messages', () =>
    withPeers({}, async (a, b) => {
      const [nobody = 0] = await freePorts(1)
      const oneLine = async (url: string, line: RegExp) => {
        const { code, errors } = await badKeys(url)
        assert.equal(code, 1)
        assert.match(errors, /^ecdh-duet: [^\n]*\n$/)
        assert.match(errors, line)
      }
      await oneLine(`http://127.0.0.1:${nobody}`, /Nobody answers .* make run-both/)
      const page = http.createServer((_, response) => response.end('Hello'))
      page.listen(0, '127.0.0.1')
      await once(page, 'listening')
      await oneLine(`http://127.0.0.1:${(page.address() as AddressInfo).port}`, /is not a peer/)
      page.close()
      const greeting = net.createServer((socket) => socket.end('SSH-2.0-somebody\r\n'))
      greeting.listen(0, '127.0.0.1')
      await once(greeting, 'listening')
      const { port } = greeting.address() as AddressInfo
      await oneLine(`http://127.0.0.1:${port}`, /is not a peer, or the connection to it broke/)
      greeting.close()
      const alone = ['peer', '--port', `${nobody}`, '--peer', 'http://127.0.0.1:1', '--no-state']
      await withCommand(alone, {}, async (peer) => {
        await peer.ports(1)
        await oneLine(`http://127.0.0.1:${nobody}`, /Nobody answers at http:\/\/127\.0\.0\.1:1\. /)
      })
      await agree(a, b)
      for (let i = 0; i < 29; i++) await b.call('/send_msg')
      await oneLine(a.url, /29 messages wait .* curl http:\/\/127\.0\.0\.1:\d+\/decrypt_msg/)
      assert.equal((await a.call('/decrypt_msg')).json.decrypted, 29)
    }))
})
