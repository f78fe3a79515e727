/** A peer at a path of somebody else's server: every route, the page and each `next` are below it. */

import assert from 'node:assert/strict'
import type { IncomingMessage, RequestListener } from 'node:http'
import { describe, it } from 'node:test'
import Router from '@koa/router'
import Koa, { type Context, type Middleware } from 'koa'
import { createApp, type LaunchedPeer, launch, type PeerApp } from '../../src/library.ts'
import { PAGE_FILES } from '../../src/page/files.ts'
import { call, posting } from '../helpers/call.ts'
import { withServer } from '../helpers/fakes.ts'

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
