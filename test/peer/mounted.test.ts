/** A peer at a path of somebody else's server: every route, the page and each `next` are below it. */

import assert from 'node:assert/strict'
import type { IncomingMessage, RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import Router from '@koa/router'
import Koa, { type Context, type Middleware } from 'koa'
import { baseUrlOf } from '../../src/http/baseUrl.ts'
import {
  type AppSettings,
  createApp,
  type LaunchedPeer,
  launch,
  type PeerApp,
  type PublicEvent,
  type SecretEvent,
} from '../../src/library.ts'
import { PAGE_FILES } from '../../src/page/files.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { StateError } from '../../src/state/files.ts'
import { call, posting } from '../helpers/call.ts'
import { withServer } from '../helpers/fakes.ts'
import { folderForAll } from '../helpers/files.ts'
import { freePorts } from '../helpers/ports.ts'

const at = folderForAll()

/** As Koa's own function for this has it: the app's middleware gets the context of the host, without the path. */
const mounted =
  (prefix: string, app: Koa): Middleware =>
  async (ctx, next) => {
    const { path } = ctx
    if (!path.startsWith(prefix)) return next()
    ctx.path = path.slice(prefix.length) || '/'
    for (const middleware of app.middleware) await middleware(ctx as Context, next)
    ctx.path = path
  }

const koa = (use: (host: Koa, app: PeerApp) => void) => (app: PeerApp) => {
  const host = new Koa()
  use(host, app)
  return host.use((ctx) => {
    ctx.body = "the host's own\n"
  })
}

/** As Express has it: the path is taken off `url`, and `originalUrl` has all of it. */
const express = (path: string, app: PeerApp): RequestListener => {
  const answer = app.callback()
  return (request: IncomingMessage & { originalUrl?: string }, response) => {
    const { url = '' } = request
    if (!url.startsWith(path)) return response.end("the host's own\n")
    request.originalUrl = url
    request.url = url.slice(path.length).replace(/^(?!\/)/, '/')
    return answer(request, response)
  }
}

const HOSTS: Readonly<Record<string, (app: PeerApp) => RequestListener>> = {
  'a Koa app': (app) => koa((host, app) => host.use(app.routes()))(app).callback(),
  'a Koa app by koa-mount': (app) =>
    koa((host, app) => host.use(mounted('/class/duet', app as object as Koa)))(app).callback(),
  "a router of Koa's": (app) =>
    koa((host, app) => {
      const router = new Router({ prefix: '/class' })
      host.use(router.all('/duet{/*path}', app.routes()).routes())
    })(app).callback(),
  Express: (app) => express('/class/duet', app),
}

/** Runs a peer in a host at /class/duet, and another one on a port of its own. */
async function withMounted(
  host: (app: PeerApp) => RequestListener,
  use: (
    mounted: { app: PeerApp; url: string; origin: string },
    other: LaunchedPeer,
  ) => Promise<void>,
): Promise<void> {
  let answer: RequestListener = () => {}
  await withServer(
    (request, response) => answer(request, response),
    async (origin) => {
      const url = `${origin}/class/duet`
      const onSecret = () => {}
      const other = await launch({ peer: url, onSecret })
      const app = createApp({ url: `${url}/`, peer: other.url, onSecret })
      try {
        answer = host(app)
        await use({ app, url, origin }, other)
      } finally {
        app.peer.close()
        await other.close()
      }
    },
  )
}

const curl = (next: string) => {
  const [, url = assert.fail(next)] = /^curl (\S+)$/.exec(next) ?? []
  return call(url)
}

for (const [name, host] of Object.entries(HOSTS))
  describe(`a peer in ${name}`, () => {
    it('runs all steps by its `next`, and leaves the rest to its host', () =>
      withMounted(host, async ({ url, origin }, other) => {
        assert.equal((await call(`${origin}/show`)).text, "the host's own\n")
        const list = await call(`${url}/`)
        let [, next = ''] = /next: (.*)\n$/.exec(list.text) ?? []
        const seen: string[] = []
        while (seen.length < 6) {
          seen.push(next.replace(url, 'here').replace(other.url, 'there'))
          const answer = await curl(next)
          assert.ok(answer.status < 300, answer.text)
          next = answer.json.next
        }
        assert.deepEqual(seen, [
          'curl here/send_keys',
          'curl there/send_keys',
          'curl here/show',
          'curl there/show',
          'curl here/send_msg',
          'curl there/decrypt_msg',
        ])
        const picture = await call(`${other.url}/send_image`)
        assert.equal(picture.json.next, `curl ${url}/`)
        assert.equal((await call(`${url}/image`)).bytes.length, picture.json.bytes)
      }))

    it('has its page, and sends a reader without the slash there', () =>
      withMounted(host, async ({ url }, other) => {
        const { headers, status } = await call(`${url}?lang=es`)
        assert.deepEqual([status, headers.location], [308, '/class/duet/?lang=es'])
        const { text } = await call(`${url}/`, { headers: { accept: 'text/html' } })
        assert.match(text, new RegExp(`curl ${url}/send_keys`))
        assert.doesNotMatch(text, /(?:src|href)="\//)
        for (const file of PAGE_FILES) assert.equal((await call(url + file)).status, 200, file)
        const page = await call(`${other.url}/`, { headers: { accept: 'text/html' } })
        assert.ok(page.text.includes(`${url}/`))
      }))

    it('refuses with a `next` that is below its path, and takes texts and pictures', () =>
      withMounted(host, async ({ app, url }, other) => {
        const refused = await call(`${url}/nothing`)
        assert.equal(refused.json.next, `curl ${url}/`)
        await call(`${url}/send_keys`)
        await other.peer.sendKeys()
        const sent = await call(`${url}/send_msg`, posting('text/plain', 'Hello'))
        assert.equal(sent.status, 201)
        assert.deepEqual(
          other.peer.readMessages().map(({ text }) => text),
          ['Hello'],
        )
        await other.peer.sendMessage('And you?')
        assert.equal(app.peer.readMessages()[0]?.text, 'And you?')
        assert.deepEqual(app.peer.readMessages(), [])
      }))
  })

describe('the URL of a peer', () => {
  it('may have a plain path, and nothing else', () => {
    for (const [text, url] of [
      ['http://127.0.0.1:5001', 'http://127.0.0.1:5001'],
      ['http://[::1]:5001/', 'http://[::1]:5001'],
      ['HTTP://Ana.local/a/../duet-2/~b/', 'http://ana.local/duet-2/~b'],
    ] as const)
      assert.equal(baseUrlOf(text), url)
    for (const rest of ['?a', '#a', '//a', '/a//', '/a b', '/%61', "/'a", '/a;b', '/a$(b)', '/`a`'])
      assert.equal(baseUrlOf(`http://127.0.0.1:5001${rest}`), null, rest)
    for (const text of ['127.0.0.1:5001', 'https://a/b', 'http://a@b/c', '', 'http://'])
      assert.equal(baseUrlOf(text), null, text)
  })
})

describe('a peer behind a proxy', () => {
  for (const name of ['Forwarded', 'Via', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Real-IP'])
    it(`takes no step with the header ${name}, and what comes over the wire all the same`, () =>
      withMounted(HOSTS['Express'] ?? assert.fail(), async ({ url }) => {
        const headers = { [name]: '127.0.0.1' }
        for (const path of ['/', '/show', '/transcript', '/page.js']) {
          const { status, json } = await call(url + path, { headers })
          assert.deepEqual([status, json.code], [403, 'owner_only'])
          assert.equal(json.next, `On the machine that this peer runs on: curl ${url}/`)
        }
        const { json } = await call(`${url}/wire/keys`, { method: 'POST', headers })
        assert.equal(json.code, 'unsupported_type')
      }))
})

describe('a peer that a program has', () => {
  const X25519 = new KeyPair(SUITES.X25519.curve)

  for (const [what, settings, message] of [
    ['another suite', { suite: 'constructor' }, /^suite: one of X25519/],
    ['an identity of another suite', { suite: 'P-256', identity: X25519 }, /^identity: on P-256/],
    ['a URL that is none', { peer: 'localhost:5001' }, /^peer: http:/],
    ['a URL with more than a path', { peer: 'http://127.0.0.1:5001/?a' }, /^peer: http:/],
    ['no URL', { peer: undefined }, /^peer: http:/],
  ] as const)
    it(`is not made with ${what}`, async () => {
      const all = { peer: 'http://127.0.0.1:5001', ...settings } as object as AppSettings
      await assert.rejects(launch(all), { name: 'TypeError', message })
      const made = () => createApp({ ...all, url: 'http://127.0.0.1:5000' })
      assert.throws(made, { name: 'TypeError', message })
    })

  it('has the state of its folder alone, until it is closed', async () => {
    const listeners = process.listenerCount('exit')
    const settings = { peer: 'http://127.0.0.1:5001', state: at('state') }
    const one = createApp({ ...settings, url: 'http://127.0.0.1:5000' })
    await assert.rejects(launch(settings), StateError)
    const { identity } = one.peer.publicState()
    one.peer.close()
    const two = await launch(settings)
    assert.equal(two.peer.publicState().identity, identity)
    await two.close()
    assert.equal(process.listenerCount('exit'), listeners)
  })

  it('shows no secret by HTTP and opens no text there, but for a program that takes them', async () => {
    const events: PublicEvent[] = []
    const secrets: SecretEvent[] = []
    const [port = 0] = await freePorts(1)
    const onEvent = (event: PublicEvent) => events.push(event)
    const a = await launch({ peer: `http://127.0.0.1:${port}`, onEvent })
    const onSecret = (event: SecretEvent) => secrets.push(event)
    const b = await launch({ peer: a.url, port, onEvent, onSecret })
    try {
      await a.peer.sendKeys()
      await b.peer.sendKeys()
      await b.peer.sendMessage('For the program')
      await a.peer.sendMessage('For whoever asks by HTTP')
      const refused = await call(`${a.url}/decrypt_msg`)
      assert.equal(refused.json.code, 'secrets_hidden')
      assert.equal((await call(`${a.url}/show`)).status, 200)
      assert.equal(a.peer.readMessages()[0]?.text, 'For the program')
      assert.equal((await call(`${b.url}/decrypt_msg`)).json.decrypted, 1)
      await call(`${b.url}/show`)
      assert.deepEqual(
        secrets.map(({ type }) => type),
        ['message opened', 'shared secret'],
      )
      assert.equal(new TextDecoder().decode(secrets[0]?.SECRET), 'For whoever asks by HTTP')
      assert.ok(events.length > 10)
      for (const event of events) assert.doesNotMatch(inspect(event), /SECRET|For the|For who/)
    } finally {
      await a.close()
      await b.close()
    }
  })

  it('tells a host that has read the body before it', () =>
    withMounted(
      (app) => {
        const answer = HOSTS['Express']?.(app) ?? assert.fail()
        return async (request, response) => {
          await text(request)
          answer(request, response)
        }
      },
      async ({ url }) => {
        const { json } = await call(`${url}/send_msg`, posting('text/plain', 'Hello'))
        assert.equal(json.code, 'bad_request')
        assert.match(json.detail, /mounted before what parses bodies/)
      },
    ))
})
