/** `lab bad-keys` against running peers: what it sends, what comes back, and that nothing is broken afterwards. The lesson runs the command. */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { badKeys } from '../../src/classroom/lab/bad-keys/badKeys.ts'
import { call as labCall } from '../../src/classroom/lab/call.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { answersIn, inPublic, inPublicAlone, ON_THE_WIRE } from '../helpers/bad-keys.ts'
import { sharedProcess } from '../helpers/command.ts'
import { documentAt, shellLines } from '../helpers/documents.ts'
import { withServer } from '../helpers/fakes.ts'
import { assertForProjector, labSays } from '../helpers/lab.ts'
import { freePorts } from '../helpers/ports.ts'
import { agree, type TestPeer, withOnePeer, withPeers, withSession } from '../helpers/with-peers.ts'

/** What the command says of the peer at `url`, without the lab's own peers. */
async function attacks(url: string) {
  const { output, result } = await labSays((say) => badKeys(say, url, { own: [] }))
  return { output, asExpected: result }
}

const run = sharedProcess()
const noCurl = spawnSync('curl', ['--version']).status === 0 ? false : 'there is no curl here'

/** Something at another port that answers as `peer` does, but for what `instead` answers to a path. */
function withFront(
  peer: TestPeer,
  instead: (path: string) => Promise<{ status: number; text: string } | null>,
  use: (url: string) => Promise<void>,
): Promise<void> {
  return withServer(async (request, response) => {
    const { method = '', url = '' } = request
    const headers = { 'content-type': request.headers['content-type'] ?? '' }
    const body = Buffer.concat(await request.toArray())
    const answer = (await instead(url)) ?? (await peer.call(url, { method, headers, body }))
    response.writeHead(answer.status).end(answer.text)
  }, use)
}

const sessionOf = async (peer: TestPeer) => (await peer.call('/show')).json.session?.id

describe('lab bad-keys', () => {
  const SLOW = process.env['SLOW'] === '1'
  const skip = !SLOW && 'it takes seconds a suite: SLOW=1 has all of them'
  // X25519, and the lab's own peers on every suite: the lesson has them
  for (const name of ['X25519MLKEM768', 'P-256'] as const)
    it(
      `has everything refused with its code, and leaves the session and what waits as they were, on ${name}`,
      {
        skip: name === 'P-256' && skip,
      },
      () =>
        withSession({ suite: SUITES[name] }, async (a, b) => {
          const session = await sessionOf(a)
          await b.call('/send_msg')
          const { asExpected, output } = await attacks(a.url)
          assert.ok(asExpected, output)
          assert.deepEqual(answersIn(output), [inPublic(name)])
          assert.match(
            output,
            new RegExp(`^✓ the session is still ${session}, on both sides$`, 'm'),
          )
          assert.doesNotMatch(output, /✗/)
          assert.deepEqual([await sessionOf(a), await sessionOf(b)], [session, session])
          // the owner's message, and those of the lab: one to attack, one to prove
          assert.equal((await a.call('/decrypt_msg')).json.decrypted, 3)
          assert.equal((await b.call('/decrypt_msg')).json.decrypted, 1)
          const text = `This is a secret message from port ${b.port}!`
          assert.equal(a.secrets().filter((secret) => secret === text).length, 1)
          const refused = a.lines().filter((line) => line.startsWith('✗'))
          assert.ok(refused.length > 15 && a.lines().every((line) => !line.includes('DEFECT')))
        }),
    )

  it('says the rest with --all, on every suite', { skip }, () =>
    withPeers({}, async (a) => {
      const { result, output } = await labSays((say) => badKeys(say, a.url, { all: true }))
      const others = (['P-256', 'X25519MLKEM768'] as const).map((name) => [
        ...inPublic(name),
        ...ON_THE_WIRE,
      ])
      const own = [inPublic('X25519'), ON_THE_WIRE]
      assert.deepEqual([result, answersIn(output)], [true, [...own, ...others]])
      assert.match(output, /nothing: it is genuine/)
      assertForProjector(output)
    }),
  )

  it('makes a session where there is none, or where an exchange is under way', () =>
    withPeers({}, async (a, b) => {
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

  for (const name of ['X25519', 'X25519MLKEM768'] as const)
    it(
      `asks no more of a peer than the specification does, on ${name}`,
      {
        skip: name === 'X25519MLKEM768' && skip,
      },
      () =>
        withPeers({ suite: SUITES[name] }, async (a, b) => {
          const asked = new Set<string>()
          const bare = async (path: string) => {
            if (!path.startsWith('/wire/')) asked.add(path)
            if (path !== '/show') return path === '/transcript' ? { status: 404, text: '' } : null
            const { identity, safetyNumber, session } = (await a.call('/show')).json
            const id = session && { id: session.id }
            // what it shows beyond that is as it likes
            const more = { curve: 25519, peer: b.url, waiting: 0, publicKey: [] }
            const shown = { identity, safetyNumber, session: id, ...more }
            return { status: 200, text: JSON.stringify(shown) }
          }
          await withFront(a, bare, async (url) => {
            const without = await attacks(url)
            assert.ok(without.asExpected, without.output)
            assert.match(
              without.output,
              /no session, so none is attacked.*^✓ there is no session, as/ms,
            )
            await agree(a, b)
            const { asExpected, output } = await attacks(url)
            assert.ok(asExpected, output)
            assert.deepEqual(answersIn(output), [inPublicAlone(name)])
            const session = await sessionOf(a)
            assert.match(output, new RegExp(`^✓ the session is still ${session}$`, 'm'))
            const last = output.trim().split('\n').at(-1)
            assert.equal(last, `The peer at ${url}: every attack was refused as it has to be.`)
          })
          assert.deepEqual(
            [...asked].sort(),
            name === 'X25519' ? ['/show'] : ['/show', '/transcript'],
          )
          // the lab left nothing there to read
          assert.deepEqual((await a.call('/show')).json.waiting, [])
        }),
    )

  it('marks what it did not expect, and fails', () =>
    withSession({}, async (a) => {
      // takes whatever comes over the wire
      const careless = async (path: string) =>
        path.startsWith('/wire/') ? { status: 201, text: '{"accepted":true}' } : null
      await withFront(a, careless, async (url) => {
        const { asExpected, output } = await attacks(url)
        assert.equal(asExpected, false)
        const [first = []] = answersIn(output)
        assert.ok(first.length > 15)
        assert.deepEqual(first, Array(first.length).fill('✗ accepted'))
        assert.match(output, /^ {2}the public key that is all zero: accepted in place of bad_/m)
      })
    }))

  it('marks a session that did not survive, and fails', () =>
    withSession({}, async (a, b) => {
      const session = await sessionOf(a)
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
        assert.match(
          output,
          new RegExp(`^✗ not true: the session is still ${session}, on both sides$`, 'm'),
        )
        assert.match(output, /^ {2}not true: the session is still/m)
      })
    }))

  it('can be done by hand with curl, as its README has it', { skip: noCurl }, () =>
    withPeers({}, async (a, b) => {
      const readme = documentAt('src/classroom/lab/bad-keys/README.md').text
      const lines = shellLines(readme, 'A replay by hand')
      assert.equal(lines.length, 4)
      const [, detail = ''] = /"detail": "(.*)"/.exec(readme) ?? []
      /** Types a line, with what its own terminal shows in the place of what the README has. */
      const type = async (line: string) => {
        const seen = [...a.lines(), ...b.lines()].join('\n')
        const own = line
          .replace(':5000/', `:${a.port}/`)
          .replace(':5001/', `:${b.port}/`)
          .replace(/[0-9a-f]{32}(?=")/, seen.match(/(?<=session )[0-9a-f]{32}/)?.[0] ?? '$&')
          .replace(/[0-9a-f]{112}/, seen.match(/(?<=message 0 +)[0-9a-f]{112}/)?.[0] ?? '$&')
          .replace('curl ', 'curl --silent ')
        return JSON.parse((await promisify(execFile)('sh', ['-c', own])).stdout)
      }
      const answers = []
      for (const line of lines) answers.push(await type(line))
      const [, , sent, replayed] = answers
      assert.equal(sent.sent, true)
      assert.deepEqual([replayed.status, replayed.code, replayed.detail], [409, 'replay', detail])
      const moved = await type(lines[3]?.replace('"seq":0', '"seq":1') ?? '')
      assert.equal(moved.code, 'decrypt_failed')
      assert.equal((await b.call('/decrypt_msg')).json.decrypted, 1)
    }),
  )

  it('attacks this machine and no other', async () => {
    const { code, output, errors } = await run(['lab', 'bad-keys', 'http://192.0.2.1:5000'])
    assert.deepEqual([code, output], [2, ''])
    assert.match(errors, /Attacks go to this machine only/)
    await assert.rejects(labCall('http://192.0.2.1', '/show'), /stays on this machine/)
  })

  it('leaves a peer alone whose counterpart is elsewhere', () =>
    withOnePeer({ peerUrl: 'http://192.0.2.1:5001' }, async (peer) => {
      peer.forget()
      await assert.rejects(attacks(peer.url), {
        code: 'peer_refused',
        message: `The other peer of ${peer.url} is at http://192.0.2.1:5001, and the lab stays on this machine.`,
      })
      // it was asked for /show, and for nothing else
      const [line = '', ...more] = peer.lines()
      assert.match(line, /no secret yet/)
      assert.deepEqual(more, [])
    }))

  it('says in one line what is missing: a peer, its counterpart, room for messages', async () => {
    const [nobody] = await freePorts(1)
    const missing = `http://127.0.0.1:${nobody}`
    const oneLine = (url: string, line: RegExp) =>
      assert.rejects(attacks(url), ({ message }) => line.test(message) && !message.includes('\n'))
    const { code, errors } = await run(['lab', 'bad-keys', missing])
    assert.equal(code, 1)
    assert.match(
      errors,
      /^ecdh-duet: No connection [^\n]* Start both peers first: node dist\/main\.js both\n$/,
    )
    await withServer(
      (_, response) => response.end('Hello'),
      (url) => oneLine(url, /is not a peer/),
    )
    await withOnePeer({ peerUrl: missing }, ({ url }) =>
      oneLine(url, new RegExp(`at 127.0.0.1:${nobody}: it was refused\\. `)),
    )
    await withSession({}, async (a, b) => {
      for (let i = 0; i < 29; i++) await b.call('/send_msg')
      await oneLine(a.url, /29 messages wait .* curl http:\/\/127\.0\.0\.1:\d+\/decrypt_msg/)
      assert.equal((await a.call('/decrypt_msg')).json.decrypted, 29)
    })
  })
})
