/** `/other/...`: the steps of the other peer of one launch, by the routes of this one. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { launchAll } from '../../src/launch.ts'
import { X25519 } from '../../src/protocol/curves.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { forgetful } from '../../src/state/openMemory.ts'
import { beginCall, call, FORM, posting, TEXT } from '../helpers/call.ts'
import { readEvents } from '../helpers/events.ts'
import { find } from '../helpers/leaks.ts'
import { pngOf } from '../helpers/pictures.ts'
import { assertProblem } from '../helpers/problem.ts'
import { keptTerminal } from '../helpers/terminal.ts'
import { assertGood, transcriptsOf } from '../helpers/transcripts.ts'
import { type TestPeer, withOnePeer, withPeers, withSession } from '../helpers/with-peers.ts'

const STEPS = ['/send_keys', '/show', '/send_msg', '/decrypt_msg', '/send_image']
const TOLD = 'The fox is in the henhouse, tell nobody'

const stepsOf = async (peer: TestPeer): Promise<string[]> =>
  (await peer.call('/transcript')).json.events
    .filter(({ type }: { type: string }) => type === 'step')
    .map(({ route, status }: { route: string; status: number }) => `${route} ${status}`)

describe('/other/...', () => {
  it('runs the step on the other peer: its terminal, its transcript, its answer', () =>
    withPeers({}, async (a, b) => {
      // the whole round from one side
      const asked: [path: string, next: string][] = [
        ['/send_keys', `curl ${b.url}/send_keys`],
        ['/other/send_keys', `curl ${a.url}/show`],
        ['/show', `curl ${b.url}/show`],
        ['/other/show', `curl ${a.url}/send_msg`],
        ['/other/send_msg', `curl ${a.url}/decrypt_msg`],
        ['/decrypt_msg', `curl ${a.url}/send_msg`],
        ['/send_msg', `curl ${b.url}/decrypt_msg`],
        ['/other/decrypt_msg', `curl ${b.url}/send_msg`],
        ['/other/send_image', `curl ${a.url}/`],
      ]
      for (const [path, next] of asked) {
        const { status, json } = await a.call(path)
        assert.ok(status < 300, path)
        assert.equal(json.next, next, path)
      }
      assert.equal((await a.call('/other/show')).json.port, b.port)
      const of = (prefix: string) =>
        asked.flatMap(([path]) => (path.startsWith(prefix) ? [path.slice(prefix.length)] : []))
      assert.deepEqual(
        (await stepsOf(b)).map((step) => step.split(' ')[0]),
        [...of('/other'), '/show'],
      )
      assert.deepEqual(await stepsOf(a), [
        '/send_keys 201',
        '/show 200',
        '/decrypt_msg 200',
        '/send_msg 201',
      ])
      assert.ok(b.secrets().includes(`This is a secret message from port ${a.port}!`))
      assert.equal((await a.call('/show')).json.image.type, 'image/png')
      assertGood(await transcriptsOf(a, b))
    }))

  it('refuses as the other peer does, in its transcript and on its terminal', () =>
    withSession({}, async (a, b) => {
      const before = await stepsOf(a)
      for (const [code, path, options] of [
        ['text_in_url', '/other/send_msg?text=x', {}],
        ['bad_message', '/other/send_msg', posting(FORM, 'tekst=x')],
        ['too_large', '/other/send_msg', posting(TEXT, 'x'.repeat(16 * 1024 + 1))],
        ['nothing_waiting', '/other/decrypt_msg', {}],
        ['method_not_allowed', '/other/show', { method: 'PUT' }],
        ['cross_site', '/other/show', { headers: { 'sec-fetch-site': 'cross-site' } }],
      ] as const) {
        const { next } = assertProblem(await a.call(path, options), code)
        assert.ok(!next.includes('/other'), next)
        assert.match(
          b.lines().at(-1) ?? '',
          new RegExp(`^✗ +refused .* ${path.split(/[?]/)[0]?.slice(6)} {2}${code} `),
        )
      }
      assert.deepEqual(await stepsOf(a), before)
      assert.equal((await stepsOf(b)).length, before.length + 6)
    }))

  it('has no secret and no text in any answer, event or page, of either peer', () =>
    withPeers({}, async (a, b) => {
      const readers = await Promise.all([a, b].map(({ url }) => readEvents(url)))
      const answers = []
      for (const path of ['/send_keys', '/other/send_keys', '/other/show', '/show'])
        answers.push(await a.call(path))
      answers.push(await a.call('/other/send_msg', posting(TEXT, TOLD)))
      answers.push(await a.call('/other/send_msg', posting('text/html', TOLD)))
      answers.push(
        await a.call('/other/send_msg', posting(FORM, `tekst=${encodeURIComponent(TOLD)}`)),
      )
      answers.push(await a.call('/compare', posting(FORM, `number=${encodeURIComponent(TOLD)}`)))
      answers.push(await a.call('/compare', posting(TEXT, TOLD)), await a.call('/decrypt_msg'))
      answers.push(
        await a.call('/send_msg', posting(TEXT, TOLD)),
        await a.call('/other/decrypt_msg'),
      )
      for (const peer of [a, b])
        answers.push(
          await peer.call('/', { headers: { accept: 'text/html' } }),
          await peer.call('/transcript'),
        )
      for (const [i, reader] of readers.entries()) {
        const last = answers.at(2 * i - 3)?.json.events.at(-1).n
        await reader.until(({ data }) => data.n === last)
        reader.close()
      }
      const secrets = [...a.secrets(), ...b.secrets()]
      assert.equal(secrets.filter((text) => text === TOLD).length, 2)
      const hidden = secrets.map((text) => Buffer.from(text, text === TOLD ? 'utf8' : 'hex'))
      const said = answers.map(({ headers, text }) => JSON.stringify(headers) + text).join('\n')
      const places = { said, events: readers.map((reader) => reader.text()).join('\n') }
      const bytes = Object.entries(places).map(([place, text]) => [place, Buffer.from(text)])
      assert.deepEqual(find(hidden, Object.fromEntries(bytes)), [])
      assert.ok(places.said.includes('"compared": false') && places.events.includes('/send_msg'))
    }))

  it('lets a picture take its time, as long as it keeps coming', () =>
    withPeers({ patience: { headers: 1_000, request: 800 } }, async (a, b) => {
      await a.call('/send_keys')
      await a.call('/other/send_keys')
      const picture = pngOf(800_000)
      const headers = { 'content-type': 'image/png', 'content-length': `${picture.length}` }
      const { request, answer } = beginCall(`${a.url}/other/send_image`, {
        method: 'POST',
        headers,
      })
      for (let at = 0; at < picture.length; at += 40_000) {
        request.write(picture.subarray(at, at + 40_000))
        await setTimeout(60)
      }
      request.end()
      assert.equal((await answer).status, 201)
      assert.equal((await a.call('/show')).json.image.bytes, picture.length)
      assert.equal((await b.call('/show')).json.image, null)
    }))

  it('is in the list where it is there', async () => {
    const isTold = async (peer: TestPeer) => (await peer.call('/')).text.includes('\n/other/... ')
    await withPeers({}, async (a, b) => {
      for (const peer of [a, b]) assert.equal(await isTold(peer), true)
    })
    await withOnePeer({ peerUrl: 'http://127.0.0.1:1' }, async (peer) =>
      assert.equal(await isTold(peer), false),
    )
  })

  it("is not_found between two of one launch that are not each other's, as Mallory's are", async () => {
    const { terminal, shown } = keptTerminal()
    const { ports, close } = await launchAll({
      suite: SUITES.X25519,
      plans: [1, 2].map((port) => ({
        host: '127.0.0.1',
        port: 0,
        peerUrl: `http://127.0.0.1:${port}`,
      })),
      openMemory: () => forgetful(X25519),
      terminal,
      showsSecrets: true,
    })
    try {
      for (const port of ports)
        assertProblem(await call(`http://127.0.0.1:${port}/other/show`), 'not_found')
      assert.doesNotMatch(shown(), /no secret yet/)
    } finally {
      await close()
    }
  })

  for (const peerUrl of ['http://127.0.0.1:5001', 'http://192.0.2.7:5001'])
    it(`is not_found where the other peer was started elsewhere, as at ${peerUrl}`, () =>
      withOnePeer({ peerUrl }, async (peer) => {
        for (const step of STEPS)
          for (const method of ['GET', 'POST']) {
            const { next } = assertProblem(
              await peer.call(`/other${step}`, { method }),
              'not_found',
            )
            assert.ok(next.startsWith(`curl http://127.0.0.1:5001${step}`), next)
          }
        assert.deepEqual(await stepsOf(peer), [])
      }))
})
