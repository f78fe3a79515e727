/** What the page is fed with: each step and each body on the wire as it happens, replayed, bounded, public. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { appOf } from '../../src/http/app.ts'
import { createClient } from '../../src/http/client.ts'
import { eventStream } from '../../src/http/eventStream.ts'
import { bytesToHex } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { HEADER_BYTES } from '../../src/protocol/stream.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import type { Part } from '../../src/wirelog/annotate.ts'
import {
  type Event,
  MAX_EVENTS,
  MAX_PINNED,
  MAX_REFUSED,
  MAX_UNCONFIRMED,
} from '../../src/wirelog/events.ts'
import { Events } from '../../src/wirelog/ring.ts'
import { type CallOptions, JSON_TYPE, post, posting } from '../helpers/call.ts'
import { type Reader, type Received, readEvents } from '../helpers/events.ts'
import { withServer } from '../helpers/fakes.ts'
import { pair } from '../helpers/pair.ts'
import { sharedPeers, type TestPeer, talk, withPeers } from '../helpers/with-peers.ts'

const TEXT = 'Nobody else may read this text'
/** A sealed message of so many bytes, as it goes over the wire. */
const messageOf = (bytes: number) =>
  JSON.stringify({ v: 2, session: 'ab'.repeat(16), seq: 0, ciphertext: '00'.repeat(bytes) })

/** The bytes that an event's parts hold together. */
function bytesOf({ parts }: { parts: readonly Part[] }): Buffer {
  return Buffer.concat(
    parts.map((part) => ('text' in part ? Buffer.from(part.text) : Buffer.from(part.hex, 'hex'))),
  )
}

/** A reader of a peer's events, until the test ends. */
async function reading(t: TestContext, peer: Pick<TestPeer, 'url'>): Promise<Reader> {
  const reader = await readEvents(peer.url)
  t.after(() => reader.close())
  return reader
}

const events = (received: readonly Received[]) => received.filter(({ id }) => id !== null)

/** A wire event in a line. */
function line({ data }: Received): string {
  const { type, way, route, status, code, method } = data
  if (type === 'step') return `${method} ${route} ${status}${code === null ? '' : ` ${code}`}`
  if (type === 'request') return `${way} ${route}`
  return `${way} ${route} ${status ?? 'nothing'}${code === null ? '' : ` ${code}`}`
}

/** What a peer keeps of what happened. */
const keptBy = async (peer: TestPeer) => (await peer.call('/transcript')).json.events as Event[]

describe('/events', () => {
  it('tells each step and each body on the wire, in both directions, as it happens', (t) =>
    withPeers({}, async (a, b) => {
      const [ofA, ofB] = [await reading(t, a), await reading(t, b)]
      await talk(a, b)
      await ofA.until(({ data }) => data.route === '/send_image')
      await ofB.until(({ data }) => data.type === 'answer' && data.route === '/wire/image')
      assert.equal(
        events(ofA.received()).map(line).join(', '),
        'sent /wire/keys, received /wire/keys 201, GET /send_keys 201, ' +
          'received /wire/keys, sent /wire/keys 201, GET /show 200, ' +
          'sent /wire/message, received /wire/message 201, POST /send_msg 201, ' +
          'sent /wire/image, received /wire/image 201, GET /send_image 201',
      )
      assert.equal(
        events(ofB.received()).map(line).join(', '),
        'received /wire/keys, sent /wire/keys 201, ' +
          'sent /wire/keys, received /wire/keys 201, GET /send_keys 201, ' +
          'received /wire/message, sent /wire/message 201, GET /decrypt_msg 200, ' +
          'received /wire/image, sent /wire/image 201',
      )
      // what one has sent is what the other one received
      const bodies = (reader: Reader, way: string) =>
        events(reader.received())
          .filter(({ data }) => data.way === way)
          .map(({ data }) => bytesOf(data).toString('latin1'))
      assert.deepEqual(bodies(ofA, 'sent'), bodies(ofB, 'received'))
      assert.deepEqual(bodies(ofB, 'sent'), bodies(ofA, 'received'))
    }))

  it('tells the public state at first and whenever it is another one', (t) =>
    withPeers({}, async (a, b) => {
      const reader = await reading(t, a)
      const first = await reader.caughtUp()
      const { next: _, ...shown } = (await b.call('/show')).json
      assert.deepEqual(Object.keys(first.data), [...Object.keys(shown), 'exchange'])
      assert.equal(first.data.publicKey, null)
      await talk(a, b)
      const last = await reader.until(({ data }) => data.session?.sent === 1)
      assert.match(last.data.safetyNumber, /^(\d{5} ){11}\d{5}$/)
      const states = reader.received().filter(({ type }) => type === 'state')
      const texts = states.map(({ data }) => JSON.stringify(data))
      for (const [i, text] of texts.slice(1).entries()) assert.notEqual(text, texts[i])
    }))

  it(`keeps of what was refused the last ${MAX_REFUSED}, and everything else`, (t) =>
    withPeers({}, async (a, b) => {
      await talk(a, b)
      const before = await keptBy(a)
      for (let i = 0; i < MAX_REFUSED / 2; i++) {
        await a.call('/wire/keys')
        await a.call('/send_keys', { headers: { 'sec-fetch-site': 'cross-site' } })
      }
      await a.call('/show')
      const reader = await reading(t, a)
      await reader.caughtUp()
      const all = events(reader.received()).map(({ data }) => data)
      const transcript = (await a.call('/transcript')).json
      assert.deepEqual(transcript.events, all)
      assert.deepEqual(all.slice(0, before.length), before)
      assert.equal(all.length, before.length + MAX_REFUSED + 1)
      assert.equal(transcript.dropped, all.at(-1).n - all.length)
      // a request goes with its answer
      for (const { type, to } of all.slice(before.length + 1))
        if (type === 'answer') assert.ok(all.some(({ n }) => n === to))
    }))

  it('keeps a session that was completed, however many key messages are forged', () =>
    withPeers({}, async (a, b) => {
      await talk(a, b)
      const before = await keptBy(a)
      const { basePoint, identity } = (await b.call('/show')).json
      const forge = async (times: number) => {
        for (let i = 0; i < times; i++) {
          const publicKey = bytesToHex(new KeyPair(SUITES.X25519.curve).publicKey)
          const form = { v: 2, curve: 'X25519', basePoint, identity, publicKey }
          assert.equal((await post(`${a.url}/wire/keys`, form)).status, 201)
        }
      }
      const forged = MAX_EVENTS / 2
      await forge(forged)
      const flooded = await keptBy(a)
      assert.deepEqual(flooded.slice(0, before.length), before)
      const last = before.length + 2 * forged
      // the last of them, requests and answers
      assert.deepEqual(
        flooded.slice(before.length).map(({ n }) => n),
        Array.from({ length: MAX_UNCONFIRMED }, (_, i) => last - MAX_UNCONFIRMED + 1 + i),
      )
      // another session, its first key message from the other side: it stays as well
      await b.call('/send_keys')
      assert.notEqual((await a.call('/send_keys')).json.session, null)
      const whole = (await keptBy(a)).filter(({ n }) => n > last)
      await forge(MAX_UNCONFIRMED)
      const after = await keptBy(a)
      const end = whole.at(-1)?.n ?? 0
      assert.deepEqual(
        after.filter(({ n }) => n > last && n <= end),
        whole,
      )
      assert.deepEqual(after.slice(0, before.length), before)
    }))

  it('keeps the keys of the present session and of the one before, and of what came before them nothing', () =>
    withPeers({}, async (a, b) => {
      await b.call('/send_keys')
      const [request] = (await keptBy(a)).filter(({ type }) => type === 'request')
      assert.ok(request)
      const copy = JSON.parse(bytesOf(request as never).toString())
      // of copies, which anybody can send, it keeps the first
      for (let i = 0; i < 3; i++) assert.equal((await post(`${a.url}/wire/keys`, copy)).status, 201)
      await a.call('/send_keys')
      for (let session = 0; session < 3; session++) {
        if (session > 0) await talk(a, b)
        for (let i = 0; i < MAX_EVENTS; i++) await a.call('/show')
        const all = await keptBy(a)
        const { from } = (await a.call('/transcript')).json
        const older = all.filter(({ n }) => n < from)
        assert.equal(all.length - older.length, MAX_EVENTS)
        assert.ok(older.length <= MAX_PINNED)
        assert.equal(older.filter(({ type }) => type === 'request').length, session === 0 ? 2 : 4)
        assert.ok(older.every((event) => event.type !== 'step' && event.route === '/wire/keys'))
        assert.equal(
          older.some(({ n }) => n === request.n),
          session < 2,
        )
      }
    }))

  it('holds nothing back for a reader that does not read, who then gets what is kept', async () => {
    const told = new Events(SUITES.X25519)
    const { peer } = pair({ suite: SUITES.X25519 })[0]
    const message = messageOf(1_000)
    const stream = eventStream(told, peer, '')
    stream.setEncoding('utf8')
    for (let i = 0; i < MAX_EVENTS + 9; i++) told.request('sent', '/wire/message', message)
    await setImmediate()
    assert.ok(stream.readableLength < 5 * message.length, `${stream.readableLength}`)
    let text = ''
    for await (const more of stream) {
      text += more
      if (text.includes('event: state')) break
    }
    const numbers = [...text.matchAll(/^id: \w+-(\d+)$/gm)].map(([, n]) => Number(n))
    const expected = Array.from({ length: MAX_EVENTS }, (_, i) => 10 + i)
    assert.deepEqual(numbers.slice(-MAX_EVENTS), expected)
    assert.deepEqual([told.kept.length, told.dropped], [MAX_EVENTS, 9])
  })

  it('leaves a reader that takes nothing for long, and no other', {
    timeout: 60_000,
  }, async (t) => {
    const told = new Events(SUITES.X25519, 1_000)
    const { peer } = pair({ suite: SUITES.X25519 })[0]
    const message = messageOf(16_000)
    await withServer(appOf(peer, { events: told }).callback(), async (url, server) => {
      let left = false
      server.once('connection', (socket) => {
        socket.once('close', () => {
          left = true
        })
      })
      const stuck = await reading(t, { url })
      stuck.response.pause()
      const reader = await reading(t, { url })
      let alive = true
      reader.ended.then(() => {
        alive = false
      })
      while (!left) {
        told.request('sent', '/wire/message', message)
        await once(reader.response, 'data')
      }
      assert.equal(alive, true)
    })
  })

  it('ends with the peer', async () => {
    let reader: Reader | undefined
    await withPeers({}, async (a) => {
      reader = await readEvents(a.url)
      await reader.caughtUp()
    })
    await reader?.ended
  })
})

describe('/events of two who have talked', () => {
  const withTalk = sharedPeers({}, async (a, b) => {
    await talk(a, b)
    await a.call('/send_msg')
  })

  it('tells how many messages wait and how long they are', (t) =>
    withTalk(async (_, b) => {
      const { data } = await (await reading(t, b)).caughtUp()
      assert.equal(data.waiting.length, 1)
      assert.deepEqual(Object.keys(data.waiting[0]), ['session', 'seq', 'bytes'])
      assert.equal(data.image.sealed.length, 2 * (16 + 8))
    }))

  it('replays to a newcomer what happened before, and tells two the same', (t) =>
    withTalk(async (a) => {
      const [one, two] = [await reading(t, a), await reading(t, a)]
      for (const reader of [one, two]) await reader.caughtUp()
      assert.equal(events(one.received()).length, 15)
      assert.equal(one.text(), two.text())
    }))

  it('goes on where a reader left off, and from the start if that was another run', () =>
    withTalk(async (a) => {
      const idsFrom = async (lastEventId?: string) => {
        const reader = await readEvents(a.url, lastEventId)
        await reader.caughtUp()
        reader.close()
        assert.equal(reader.received()[0]?.type, 'run')
        return events(reader.received()).map(({ id }) => id ?? '')
      }
      const ids = await idsFrom()
      assert.deepEqual(await idsFrom(ids[4]), ids.slice(5))
      assert.deepEqual(await idsFrom(ids.at(-1)), [])
      for (const other of ['0123456789abcdef-5', 'x', '', '-', `${ids[0]?.split('-')[0]}-x`])
        assert.deepEqual(await idsFrom(other), ids, other)
    }))

  it('is the stream that browsers take', (t) =>
    withTalk(async (a) => {
      const { response, caughtUp, received } = await reading(t, a)
      await caughtUp()
      assert.equal(response.statusCode, 200)
      assert.match(response.headers['content-type'] ?? '', /^text\/event-stream/)
      assert.equal(response.headers['cache-control'], 'no-store')
      const [run] = received()
      assert.equal(run?.type, 'run')
      assert.match(run?.data.run, /^[0-9a-f]{16}$/)
      const answers = ['a key message', 'a picture', 'a sealed message'].map(
        (to) => `answer to ${to}`,
      )
      const forms = [...answers, 'key message', 'picture header', 'refusal', 'sealed message']
      assert.deepEqual(Object.keys(run?.data.forms).sort(), forms)
    }))
})

describe('a refusal', () => {
  const lines = (all: readonly Event[]) => all.map((data) => line({ id: '', type: '', data }))
  const withPair = sharedPeers()
  /** What a peer tells of these requests. */
  const toldOf = async (...requests: [path: string, options?: CallOptions][]) => {
    let all: Event[] = []
    await withPair(async (a) => {
      const before = (await keptBy(a)).length
      for (const [path, options] of requests) await a.call(path, options)
      all = (await keptBy(a)).slice(before)
    })
    return all
  }

  it('is told with the step that it refused, and why', async () => {
    const all = await toldOf(
      ['/decrypt_msg'],
      [`/send_msg?text=${TEXT.replaceAll(' ', '+')}`],
      ['/send_msg', { method: 'PUT' }],
    )
    assert.deepEqual(lines(all), [
      'GET /decrypt_msg 409 nothing_waiting',
      'GET /send_msg 400 text_in_url',
      'PUT /send_msg 405 method_not_allowed',
    ])
    assert.ok(!JSON.stringify(all).includes(TEXT.slice(0, 10)))
  })

  it('on the wire is told with all that was sent, if it has the form', async () => {
    const body = `{ "v": 2, "session": "${'ab'.repeat(16)}", "seq": 3, "ciphertext": "${'00'.repeat(16)}" }`
    const [request, answer] = await toldOf(['/wire/message', posting(JSON_TYPE, body)])
    assert.ok(request?.type === 'request' && answer?.type === 'answer')
    assert.equal(bytesOf(request).toString(), body)
    assert.deepEqual([answer.status, answer.code], [409, 'unknown_session'])
    assert.match(bytesOf(answer).toString(), /^\{\n {2}"status": 409[^}]+\}\n$/)
  })

  it('on the wire of what has no form of ours is told without it: it may be a text', async () => {
    const form = { v: 2, session: '', seq: 0, ciphertext: TEXT }
    const messages = [JSON.stringify(form), TEXT, JSON.stringify(TEXT), '{"v":2,"v":2}', '\xff', '']
    const pictures = [TEXT, TEXT.repeat(2), 'DUET2', `DUET2${TEXT.slice(0, 20)}`]
    const all = await toldOf(
      ...messages.map((body): [string, CallOptions] => [
        '/wire/message',
        posting(JSON_TYPE, Buffer.from(body, 'latin1')),
      ]),
      ...pictures.map((body): [string, CallOptions] => [
        '/wire/image',
        posting('application/octet-stream', body),
      ]),
    )
    assert.ok(!JSON.stringify(all).includes(TEXT.slice(0, 20)))
    for (const event of all) if (event.type === 'answer') assert.equal(event.status, 400)
    const requests = all.filter((event) => event.type === 'request')
    assert.equal(requests.length, messages.length + pictures.length)
    for (const [i, { form, parts, bytes }] of requests.entries()) {
      assert.deepEqual([form, parts], [null, []])
      assert.equal(bytes, [...messages, ...pictures][i]?.length)
    }
  })

  it('before anyone read the body is told without it', async () => {
    const all = await toldOf(
      ['/wire/keys', posting(undefined, 'text=x')],
      ['/wire/keys', posting(JSON_TYPE, JSON.stringify({ v: 'x'.repeat(5000) }))],
      ['/wire/image', posting(undefined, 'x')],
      ['/wire/keys'],
    )
    assert.deepEqual(lines(all), [
      'received /wire/keys',
      'sent /wire/keys 415 unsupported_type',
      'received /wire/keys',
      'sent /wire/keys 413 too_large',
      'received /wire/image',
      'sent /wire/image 415 unsupported_type',
      'received /wire/keys',
      'sent /wire/keys 405 method_not_allowed',
    ])
    const requests = all.filter((event) => event.type === 'request')
    assert.deepEqual(
      requests.map(({ method, parts }) => [method, parts]),
      ['POST', 'POST', 'POST', 'GET'].map((method) => [method, []]),
    )
  })

  it('by the other peer, or its silence, is told by the one that called', async () => {
    const told = new Events(SUITES.X25519)
    const problem =
      '{"status":409,"code":"stale_keys","title":"Used","detail":"It was.","next":"Send others."}'
    await withServer(
      (_, response) => response.writeHead(409).end(problem),
      async (url) => {
        await assert.rejects(createClient(url, SUITES.X25519, told).keys(keyForm))
      },
    )
    await assert.rejects(createClient('http://127.0.0.1:1', SUITES.X25519, told).keys(keyForm))
    assert.deepEqual(lines([...told.kept]), [
      'sent /wire/keys',
      'received /wire/keys 409 stale_keys',
      'sent /wire/keys',
      'received /wire/keys nothing peer_unreachable',
    ])
    assert.equal(bytesOf(told.kept[1] as never).toString(), problem)
  })
})

const keyForm = { v: 2, curve: 'X25519', basePoint: '09', identity: '', publicKey: '' } as const

describe('the annotated bytes of a picture', () => {
  it("are its header's, with the length of what follows", async () => {
    let arrived = Buffer.alloc(0)
    const told = new Events(SUITES.X25519)
    const stream = Buffer.concat([Buffer.from('DUET2'), Buffer.alloc(70_024, 7)])
    async function* content() {
      yield stream.subarray(0, 10)
      yield stream.subarray(10)
    }
    await withServer(
      async (request, response) => {
        for await (const piece of request) arrived = Buffer.concat([arrived, piece])
        response.writeHead(201).end('{"accepted":true,"bytes":3}')
      },
      (url) =>
        createClient(url, SUITES.X25519, told).image({ bytes: stream.length, content: content() }),
    )
    assert.deepEqual(arrived, stream)
    const [request, answer] = told.kept
    assert.ok(request?.type === 'request' && answer?.type === 'answer')
    assert.deepEqual(bytesOf(request), stream.subarray(0, HEADER_BYTES))
    assert.deepEqual(
      [request.bytes, request.chunks],
      [70_029, { count: 2, each: 65_552, last: 4448 }],
    )
    assert.equal(bytesOf(answer).toString(), '{"accepted":true,"bytes":3}')
  })
})
