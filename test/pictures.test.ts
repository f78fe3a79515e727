/** Pictures from one peer to the other: what is kept, what is refused, and that a failed one leaves nothing. */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { promisify, stripVTControlCharacters } from 'node:util'
import { createClient } from '../src/http/client.ts'
import { type Launched, launch } from '../src/launch.ts'
import { concatBytes } from '../src/protocol/bytes.ts'
import { X25519 } from '../src/protocol/curves.ts'
import { CHUNK_BYTES, HEADER_BYTES, type PictureType, parseHeader } from '../src/protocol/stream.ts'
import { SUITES } from '../src/protocol/suites.ts'
import { forgetful, openMemory } from '../src/state/memory.ts'
import { openPictures, pictureFile } from '../src/state/pictures.ts'
import { createTerminal } from '../src/terminal/terminal.ts'
import { call } from './helpers/call.ts'
import { runCommand, withCommand } from './helpers/command.ts'
import { withServer } from './helpers/fakes.ts'
import { MAX_IMAGE, pair, type WiredPeer } from './helpers/pair.ts'
import { pictureOf, pngHead, pngOf, sourceOf } from './helpers/pictures.ts'
import { sharedProcess, sharedSession } from './helpers/shared.ts'
import { agree, withPeers, withSession } from './helpers/with-peers.ts'

const root = path.resolve(import.meta.dirname, '..')
const SAMPLE = path.join(root, 'src/sample/curve.png')

const run = promisify(execFile)
const version = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout
const noScript = version?.includes('util-linux')
  ? false
  : 'there is no script(1) of util-linux here'

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-pictures-'))
})
afterEach(() => fs.rmSync(folder, { recursive: true }))

/** All files below `dir`, by name. */
function filesIn(dir: string): string[] {
  if (!fs.existsSync(dir)) return []
  return fs.readdirSync(dir, { recursive: true }).map(String).sort()
}

/** Two peers without a socket and with a session; b keeps its pictures on the disk, in `folder`. */
async function talking(
  tamper?: (stream: Uint8Array) => Uint8Array,
): Promise<[WiredPeer, WiredPeer]> {
  let changes: typeof tamper
  const [a, b] = pair({
    suite: SUITES.X25519,
    tamper: (stream) => changes?.(stream) ?? stream,
    openPictures: (port) => openPictures(path.join(folder, `${port}`)),
  })
  await a.peer.sendKeys()
  await b.peer.sendKeys()
  changes = tamper
  return [a, b]
}

const picturesOfB = () => path.join(folder, '5001')

describe('a received picture', () => {
  for (const type of ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as PictureType[])
    it(`of type ${type} is kept as it was sent, readable by its owner only`, async () => {
      const [a, b] = await talking()
      const picture = pictureOf(type, 200_000)
      const sent = await a.peer.sendPicture(sourceOf(type, picture))
      assert.deepEqual(sent, { sent: true, bytes: 200_000, type })
      const kept = b.peer.lastPicture
      assert.ok(kept)
      assert.deepEqual(new Uint8Array(fs.readFileSync(kept.path)), picture)
      assert.equal(fs.statSync(kept.path).mode & 0o777, 0o600)
      assert.deepEqual(b.peer.show().image, { bytes: 200_000, type })
    })

  it('overwrites no other, whatever its name, and its name is never a path', async () => {
    const [a, b] = await talking()
    const names = ['same.png', 'same.png', '../../escape.png', '/etc/passwd', '\u001b[2J\n', '']
    for (const [i, name] of names.entries())
      await a.peer.sendPicture(sourceOf('image/png', pngOf(100 + i), { name }))
    const files = filesIn(folder)
    assert.equal(files.length, 1 + names.length)
    for (const file of files.slice(1)) assert.match(file, /^5001\/[\dTZ-]+-[0-9a-f]{16}\.png$/)
    assert.deepEqual(b.peer.show().image, { bytes: 105, type: 'image/png' })
    const told = b.events.flatMap((event) =>
      event.type === 'picture received' ? [event.picture.name] : [],
    )
    assert.deepEqual(told, names)
  })

  it('is still the last one after a restart, and what was left half written is gone', async () => {
    const [a] = await talking()
    await a.peer.sendPicture(sourceOf('image/png', pngOf(100)))
    await a.peer.sendPicture(sourceOf('image/gif', pictureOf('image/gif', 300)))
    fs.writeFileSync(path.join(picturesOfB(), `incoming-${'0'.repeat(16)}.tmp`), 'half')
    fs.writeFileSync(path.join(picturesOfB(), 'notes.txt'), "the owner's")
    const { last } = openPictures(picturesOfB())
    assert.deepEqual([last?.bytes, last?.type], [300, 'image/gif'])
    assert.equal(filesIn(picturesOfB()).filter((name) => name.endsWith('.tmp')).length, 0)
    assert.ok(fs.existsSync(path.join(picturesOfB(), 'notes.txt')))
  })

  it('completes an exchange, as a message does', async () => {
    const [a, b] = pair({ suite: SUITES.X25519 })
    await a.peer.sendKeys()
    const [one] = a.keysSent
    const answer = b.peer.receiveKeys({ ...one, publicKey: one?.publicKey })
    assert.deepEqual(answer, { accepted: true })
    // b's keys come, but a's answer to them is lost
    const [c, d] = pair({
      suite: SUITES.X25519,
      intercept: (kind) => {
        if (kind === 'keys' && d.keysSent.length === 1) {
          c.peer.receiveKeys(d.keysSent[0])
          throw new Error('the answer is lost')
        }
      },
    })
    await c.peer.sendKeys()
    await assert.rejects(d.peer.sendKeys(), /lost/)
    assert.equal(d.peer.show().session, null)
    await c.peer.sendPicture(sourceOf('image/png', pngOf(100)))
    assert.deepEqual(d.peer.show().session?.id, c.peer.show().session?.id)
  })
})

describe('a picture stream that is not what was sent', () => {
  const SEALED = CHUNK_BYTES + 16
  const at = (chunk: number) => HEADER_BYTES + chunk * SEALED
  const flip = (stream: Uint8Array, i: number) =>
    stream.map((byte, at) => (at === i ? byte ^ 1 : byte))
  const rows: [string, (stream: Uint8Array) => Uint8Array, string][] = [
    ['empty', () => new Uint8Array(0), 'bad_image'],
    ['cut inside the header', (s) => s.slice(0, 20), 'bad_image'],
    ['the header alone', (s) => s.slice(0, HEADER_BYTES), 'decrypt_failed'],
    ['of another kind', (s) => flip(s, 0), 'bad_image'],
    ['of an unknown session', (s) => flip(s, 5), 'unknown_session'],
    ['under another number', (s) => flip(s, 28), 'decrypt_failed'],
    ['under a number far ahead', (s) => flip(s, 26), 'too_far_ahead'],
    ['under a number beyond the last', (s) => flip(s, 21), 'rekey_required'],
    ['of version 1', (s) => s.with(4, 0x31), 'bad_image'],
    ['with a bit flipped in its first chunk', (s) => flip(s, at(0)), 'decrypt_failed'],
    ['with a bit flipped in its last tag', (s) => flip(s, s.length - 1), 'decrypt_failed'],
    ['cut between chunks', (s) => s.slice(0, at(2)), 'decrypt_failed'],
    ['cut inside a chunk', (s) => s.slice(0, at(1) + 5), 'decrypt_failed'],
    [
      'with chunks swapped',
      (s) =>
        concatBytes(
          s.slice(0, at(0)),
          s.slice(at(1), at(2)),
          s.slice(at(0), at(1)),
          s.slice(at(2)),
        ),
      'decrypt_failed',
    ],
    [
      'with a chunk repeated',
      (s) => concatBytes(s.slice(0, at(1)), s.slice(at(0))),
      'decrypt_failed',
    ],
    ['extended', (s) => concatBytes(s, new Uint8Array(1)), 'decrypt_failed'],
  ]
  for (const [how, tamper, code] of rows)
    it(`${how} is ${code}, leaves nothing, and the next one works`, async () => {
      let changing = true
      const [a, b] = await talking((stream) => (changing ? tamper(stream) : stream))
      const source = () => sourceOf('image/png', pngOf(2 * CHUNK_BYTES + 500))
      await assert.rejects(a.peer.sendPicture(source()), { code })
      assert.deepEqual(filesIn(picturesOfB()), [])
      assert.equal(b.peer.show().image, null)
      changing = false
      await a.peer.sendPicture(source())
      assert.equal(filesIn(picturesOfB()).length, 1)
    })

  it('that comes again is replay, and leaves the first as it is', async () => {
    let recorded: Uint8Array | undefined
    const [a, b] = await talking((stream) => {
      recorded ??= stream
      return recorded
    })
    await a.peer.sendPicture(sourceOf('image/png', pngOf(500)))
    await assert.rejects(a.peer.sendPicture(sourceOf('image/png', pngOf(600))), { code: 'replay' })
    assert.equal(b.peer.lastPicture?.bytes, 500)
    assert.equal(filesIn(picturesOfB()).length, 1)
  })

  it('that arrives twice at once is kept once', async () => {
    const recorded: Uint8Array[] = []
    const [a, b] = await talking((stream) => {
      recorded.push(stream)
      return new Uint8Array(0)
    })
    await assert.rejects(a.peer.sendPicture(sourceOf('image/png', pngOf(300_000))))
    const stream = recorded[0] ?? new Uint8Array(0)
    const both = [0, 1].map(async () =>
      b.peer.receivePicture(sourceOf('image/png', stream).content),
    )
    const results = await Promise.allSettled(both)
    const refused = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason.code] : [],
    )
    assert.deepEqual(refused, ['replay'])
    assert.equal(filesIn(picturesOfB()).length, 1)
  })
})

describe('a picture that is not what it says', () => {
  const html = Buffer.from('<html><script>alert(1)</script></html>')
  const rows: [string, Uint8Array, PictureType, number | undefined, string][] = [
    ['HTML that says PNG', html, 'image/png', undefined, 'bad_image'],
    ['SVG that says PNG', Buffer.from('<svg xmlns="x"/>'), 'image/png', undefined, 'bad_image'],
    ['a PNG that says JPEG', pngOf(500), 'image/jpeg', undefined, 'bad_image'],
    ['more than declared', pngOf(500), 'image/png', 499, 'bad_image'],
    ['fewer than declared', pngOf(500), 'image/png', 501, 'bad_image'],
    ['longer than is taken', pngOf(MAX_IMAGE + 1), 'image/png', undefined, 'too_large'],
    ['100,000 × 100,000 pixels', pngHead(100_000, 100_000), 'image/png', undefined, 'bad_image'],
  ]
  for (const [what, bytes, type, declared, code] of rows)
    it(`${what} is ${code} and leaves nothing`, async () => {
      const [a, b] = await talking()
      const source = sourceOf(type, bytes, declared === undefined ? {} : { declared })
      await assert.rejects(a.peer.sendPicture(source), { code })
      assert.deepEqual(
        filesIn(folder).filter((name) => name.includes('/')),
        [],
      )
      assert.equal(b.peer.show().image, null)
      await a.peer.sendPicture(sourceOf('image/png', pngHead(640, 480)))
      assert.deepEqual(b.peer.show().image, { bytes: 33, type: 'image/png' })
    })

  it('is refused as a file to send as well', async () => {
    const file = path.join(folder, 'page.png')
    fs.writeFileSync(file, html)
    for (const name of [file, folder, path.join(folder, 'none')])
      await assert.rejects(pictureFile(name), { code: 'bad_image' })
  })
})

describe('pictures of a session', () => {
  /** The number in the header of each stream that came to b, and how many bytes it has. */
  async function numbered(tamper: (stream: Uint8Array, number: number) => Uint8Array = (s) => s) {
    const numbers: number[] = []
    const [a, b] = await talking((stream) => {
      const { number } = parseHeader(stream.subarray(0, HEADER_BYTES))
      numbers.push(number)
      return tamper(stream, number)
    })
    return { a, b, numbers }
  }
  const small = (bytes = 12) => sourceOf('image/png', pngOf(bytes))

  it('are counted, and none is that was refused before it was sealed', async () => {
    const { a, numbers } = await numbered()
    await a.peer.sendPicture(small())
    await assert.rejects(a.peer.sendPicture({ ...small(), name: 'x'.repeat(1100) }), {
      code: 'bad_image',
    })
    await a.peer.sendPicture(small())
    assert.deepEqual(numbers, [0, 1])
  })

  it('go out one after another, in the order in which they were asked for', async () => {
    const { a, b, numbers } = await numbered()
    const sizes = [300_000, 12, 100_000, 13]
    await Promise.all(sizes.map((bytes) => a.peer.sendPicture(small(bytes))))
    assert.deepEqual(numbers, [0, 1, 2, 3])
    const came = b.events.flatMap((event) =>
      event.type === 'picture received' ? [event.picture.bytes] : [],
    )
    assert.deepEqual(came, sizes)
  })

  it('that fail on their way use up their number, and the next one is taken', async () => {
    const { a, b, numbers } = await numbered((stream, number) =>
      number < 2 ? stream.slice(0, -1) : stream,
    )
    for (let i = 0; i < 2; i++)
      await assert.rejects(a.peer.sendPicture(small()), { code: 'decrypt_failed' })
    await a.peer.sendPicture(small(77))
    assert.deepEqual(numbers, [0, 1, 2])
    assert.equal(b.peer.lastPicture?.bytes, 77)
  })

  it('that were overtaken by a later one are replay, and leave no file', async () => {
    const held: Uint8Array[] = []
    const { a, b } = await numbered((stream, number) => {
      if (number > 0) return stream
      held.push(stream)
      return new Uint8Array(0)
    })
    await assert.rejects(a.peer.sendPicture(small(500)), { code: 'bad_image' })
    await a.peer.sendPicture(small(600))
    const late = sourceOf('image/png', held[0] ?? new Uint8Array(0)).content
    await assert.rejects(b.peer.receivePicture(late), { code: 'replay' })
    assert.equal(filesIn(picturesOfB()).length, 1)
    assert.equal(b.peer.lastPicture?.bytes, 600)
  })

  it('that are overtaken while they arrive are replay too', async () => {
    const streams: Uint8Array[] = []
    const { a, b } = await numbered((stream) => {
      streams.push(stream)
      return new Uint8Array(0)
    })
    for (const bytes of [300_000, 12])
      await assert.rejects(a.peer.sendPicture(small(bytes)), { code: 'bad_image' })
    const [slow = new Uint8Array(0), fast = new Uint8Array(0)] = streams
    let goOn = () => {}
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    async function* inTwoPieces() {
      yield slow.subarray(0, 100_000)
      await held
      yield slow.subarray(100_000)
    }
    const first = b.peer.receivePicture(inTwoPieces())
    await b.peer.receivePicture(sourceOf('image/png', fast).content)
    goOn()
    await assert.rejects(first, { code: 'replay' })
    assert.equal(filesIn(picturesOfB()).length, 1)
  })
})

const sending = (body: Uint8Array, type = 'image/png') => ({
  method: 'POST',
  headers: { 'content-type': type },
  body,
})

describe('/send_image and /image', () => {
  const withSharedSession = sharedSession()

  it('carry the sample where there is no other picture, byte by byte, and show it to a browser', () =>
    withSharedSession(async (a, b) => {
      const html = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } }
      assert.equal((await b.call('/image')).json.code, 'no_image')
      assert.match((await b.call('/', html)).text, /No picture has come yet/)
      const sent = await a.call('/send_image')
      const bytes = fs.statSync(SAMPLE).size
      const expected = { sent: true, bytes, type: 'image/png', next: `curl ${b.url}/` }
      assert.deepEqual([sent.status, sent.json], [201, expected])
      const shown = await fetch(`${b.url}/image`)
      assert.equal(shown.headers.get('content-type'), 'image/png')
      assert.equal(shown.headers.get('x-content-type-options'), 'nosniff')
      assert.deepEqual(Buffer.from(await shown.arrayBuffer()), fs.readFileSync(SAMPLE))
      const page = await b.call('/', html)
      assert.match(page.headers['content-type'] ?? '', /^text\/html/)
      assert.match(page.text, /<img src="\/image"/)
      assert.match(String(page.headers['content-security-policy']), /img-src 'self';/)
      const list = await b.call('/', { headers: { accept: '*/*' } })
      assert.match(list.headers['content-type'] ?? '', /^text\/plain/)
    }))

  it("carry the peer's own picture, and a body in its place", () => {
    const own = path.join(folder, 'own.gif')
    fs.writeFileSync(own, pictureOf('image/gif', 77))
    return withSession({ image: own }, async (a, b) => {
      assert.equal((await a.call('/send_image')).json.bytes, 77)
      assert.deepEqual((await b.call('/show')).json.image, { bytes: 77, type: 'image/gif' })
      assert.equal((await a.call('/send_image', sending(pngOf(99)))).json.bytes, 99)
      assert.deepEqual((await b.call('/show')).json.image, { bytes: 99, type: 'image/png' })
    })
  })

  it('refuse other types, a body without its length, and more than --max-image', () =>
    withSession({ maxImage: 1000 }, async (a) => {
      const svg = await a.call('/send_image', sending(Buffer.from('<svg/>'), 'image/svg+xml'))
      assert.deepEqual([svg.status, svg.json.code], [415, 'unsupported_type'])
      const headers = { 'content-type': 'image/png', 'transfer-encoding': 'chunked' }
      const chunked = await a.call('/send_image', { method: 'POST', headers })
      assert.deepEqual([chunked.status, chunked.json.code], [400, 'bad_image'])
      const long = await a.call('/send_image', sending(pngOf(1001)))
      assert.deepEqual([long.status, long.json.code], [413, 'too_large'])
      assert.equal((await a.call('/send_image', sending(pngOf(1000)))).status, 201)
    }))

  it('tell both terminals: path, type, size, time and rate', () =>
    withSharedSession(async (a, b) => {
      await a.call('/send_image', { headers: { 'picture-name': '..%2Fme%1B.png' } })
      const facts =
        /^. {2}picture +image\/png {2}26591 bytes in \d+\.\d s {2}[\d.]+ MB\/s {2}"curve\.png"/
      assert.match(a.lines().findLast((line) => line.includes('picture')) ?? '', facts)
      const received = b.lines().slice(-2)
      assert.match(received[0] ?? '', facts)
      assert.match(received[1] ?? '', /decrypted to .*\.png$/)
    }))

  it('are not sent where the body is empty, as curl sends a file that it does not find', () =>
    withSharedSession(async (a, b) => {
      const headers = { 'content-type': 'image/png', 'content-length': '0' }
      const { image } = (await b.call('/show')).json
      const { status, json } = await a.call('/send_image', { method: 'POST', headers })
      assert.deepEqual([status, json.code], [400, 'bad_image'])
      assert.deepEqual((await b.call('/show')).json.image, image)
    }))

  it("tell the sender the receiver's refusal, while much of the picture is still to come", () =>
    withTwo({ maxImageOfB: 1000 }, async (a) => {
      const refused = await call(`${a}/send_image`, sending(pngOf(20_000_000)))
      assert.deepEqual(
        [refused.status, refused.json.code, refused.json.peer_code],
        [502, 'peer_refused', 'too_large'],
      )
      assert.equal((await call(`${a}/send_image`, sending(pngOf(1000)))).status, 201)
    }))

  it('survive a receiver that dies half way: one clear answer, and the next picture works', () =>
    withTwo({ cutOnce: 300_000 }, async (a, output) => {
      const broken = await call(`${a}/send_image`, sending(pngOf(1_000_000)))
      assert.deepEqual([broken.status, broken.json.code], [502, 'peer_unreachable'])
      await output.until((text) => /POST \/wire\/image.*broke off/.test(text))
      assert.deepEqual(filesIn(path.join(folder, 'b', 'pictures')), [])
      assert.equal((await call(`${a}/send_image`, sending(pngOf(1_000_000)))).status, 201)
      assert.equal(filesIn(path.join(folder, 'b', 'pictures')).length, 1)
    }))

  it('leave nothing when the receiver is ended in the middle of one', () =>
    withTwo({}, async (a, output, b) => {
      const headers = { 'content-type': 'image/png', 'content-length': '5000000' }
      const request = http.request(`${a}/send_image`, { method: 'POST', headers })
      request.on('error', () => {})
      request.write(pngOf(1_000_000))
      const drafts = () => filesIn(path.join(folder, 'b', 'pictures'))
      await output.until(() => drafts().length === 1)
      await b.close()
      assert.deepEqual(drafts(), [])
      request.destroy()
    }))

  it('blame nobody while the owner is slow, and the other peer when it is', async () => {
    // a peer that answers keys and never a picture
    const stuck = http.createServer((request, response) => {
      if (request.url === '/wire/keys') response.writeHead(201).end('{"accepted":true}')
      else request.resume()
    })
    stuck.listen(0, '127.0.0.1')
    await once(stuck, 'listening')
    const { image } = createClient(
      `http://127.0.0.1:${(stuck.address() as AddressInfo).port}`,
      SUITES.X25519,
      undefined,
      200,
    )
    let pieces = 0
    async function* slow() {
      for (; pieces < 4; pieces++) {
        yield new Uint8Array(100)
        // longer than the client's patience with the other peer
        await new Promise((resolve) => setTimeout(resolve, 300))
      }
    }
    await assert.rejects(image({ bytes: 400, content: slow() }), { code: 'peer_timeout' })
    assert.equal(pieces, 4, 'all of it was sent before the wait for the answer was too long')
    stuck.closeAllConnections()
    stuck.close()
  })

  it('say no_image once the owner has removed the file', () =>
    withTwo({}, async (a, _output, b) => {
      assert.equal((await call(`${a}/send_image`)).status, 201)
      const url = `http://127.0.0.1:${b.ports[0]}/image`
      assert.equal((await call(url)).status, 200)
      fs.rmSync(path.join(folder, 'b', 'pictures'), { recursive: true })
      const gone = await call(url)
      assert.deepEqual([gone.status, gone.json.code], [404, 'no_image'])
    }))

  it('survive a sender that is interrupted: nothing stays, and the next picture works', () =>
    withTwo({}, async (a, output) => {
      const headers = { 'content-type': 'image/png', 'content-length': '5000000' }
      const request = http.request(`${a}/send_image`, { method: 'POST', headers })
      request.on('error', () => {})
      request.write(pngOf(1_000_000))
      await output.until(() => fs.existsSync(path.join(folder, 'b', 'pictures')))
      request.destroy()
      await output.until((text) => /POST \/wire\/image.*broke off/.test(text))
      assert.deepEqual(filesIn(path.join(folder, 'b', 'pictures')), [])
      assert.equal((await call(`${a}/send_image`, sending(pngOf(1000)))).status, 201)
    }))

  const tmpfs = process.platform === 'linux' && process.getuid?.() === 0
  it('say no_space when the disk is full, leave nothing, and go on when there is room', {
    skip: tmpfs ? false : 'only root can mount a small disk',
  }, async () => {
    const disk = path.join(folder, 'b', 'pictures')
    fs.mkdirSync(disk, { recursive: true, mode: 0o700 })
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
    assert.equal(mounted.status, 0, mounted.stderr.toString())
    try {
      await withTwo({}, async (a) => {
        const full = await call(`${a}/send_image`, sending(pngOf(2_000_000)))
        assert.deepEqual(
          [full.status, full.json.code, full.json.peer_code],
          [502, 'peer_refused', 'no_space'],
        )
        assert.deepEqual(filesIn(disk), [])
        assert.equal((await call(`${a}/send_image`, sending(pngOf(900_000)))).status, 201)
      })
    } finally {
      spawnSync('umount', [disk])
    }
  })
})

interface Output {
  /** Waits until `holds` of all that was printed. */
  until(holds: (text: string) => boolean): Promise<void>
}

/**
 * Two peers of one session, b with its state in `folder`/b. Between a and b is a relay
 * that, with `cutOnce`, breaks the first connection that carries so many bytes.
 */
async function withTwo(
  { maxImageOfB, cutOnce = Number.POSITIVE_INFINITY }: { maxImageOfB?: number; cutOnce?: number },
  run: (a: string, output: Output, b: Launched) => Promise<void>,
): Promise<void> {
  let output = ''
  const terminal = createTerminal({
    output: {
      write: (text) => {
        output += text
      },
    },
    showsSecrets: true,
  })
  let limit = cutOnce
  let portB = 0
  const relay = net.createServer((from) => {
    const to = net.connect(portB, '127.0.0.1')
    let passed = 0
    from.on('data', (chunk) => {
      passed += chunk.length
      if (passed > limit) {
        limit = Number.POSITIVE_INFINITY
        from.resetAndDestroy()
        to.resetAndDestroy()
      } else to.write(chunk)
    })
    to.pipe(from)
    from.on('end', () => to.end())
    for (const socket of [from, to]) socket.on('error', () => {})
    from.on('close', () => to.destroy())
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  const { port } = relay.address() as AddressInfo
  const common = { suite: SUITES.X25519, terminal, showsSecrets: true }
  const host = '127.0.0.1'
  const a = await launch({
    ...common,
    plans: [{ host, port: 0, peerUrl: `http://127.0.0.1:${port}` }],
    openMemory: () => forgetful(X25519),
  })
  const b = await launch({
    ...common,
    plans: [{ host, port: 0, peerUrl: `http://127.0.0.1:${a.ports[0]}` }],
    openMemory: () => openMemory(path.join(folder, 'b'), X25519),
    maxImage: maxImageOfB,
  })
  portB = b.ports[0] ?? 0
  try {
    for (const port of [a.ports[0], b.ports[0]])
      assert.equal((await call(`http://127.0.0.1:${port}/send_keys`)).status, 201)
    await run(
      `http://127.0.0.1:${a.ports[0]}`,
      {
        async until(holds) {
          const late = AbortSignal.timeout(60_000)
          while (!holds(output)) {
            late.throwIfAborted()
            await new Promise((resolve) => setTimeout(resolve, 10))
          }
        },
      },
      b,
    )
  } finally {
    await Promise.all([a.close(), b.close()])
    relay.close()
  }
}

describe('ecdh-duet send-image', () => {
  const runInShared = sharedProcess()

  it('sends a file, prints the answer, and shows no bar where there is no terminal', () =>
    withPeers({}, async (a, b) => {
      const args = ['send-image', '--port', `${a.port}`, SAMPLE]
      const early = await runInShared(args)
      assert.deepEqual([early.code, JSON.parse(early.output).code], [1, 'no_session'])
      await agree(a, b)
      const { code, output, errors } = await runCommand(args)
      assert.deepEqual([code, JSON.parse(output).sent, errors], [0, true, ''])
      assert.match(b.lines().join(), /"curve\.png"/)
    }))

  it('shows a bar on a terminal: percent, bytes, rate and time left', { skip: noScript }, () =>
    withSession({}, async ({ port }) => {
      const file = path.join(folder, 'large.png')
      fs.writeFileSync(file, pngOf(5_000_000))
      const command = `'${process.execPath}' dist/main.js send-image --port ${port} '${file}'`
      // script(1) runs it on a terminal of its own, and hands on what that shows
      const { stdout } = await run('script', ['-qec', command, '/dev/null'], {
        cwd: root,
        env: { ...process.env, TERM: 'xterm' },
      })
      const shown = stripVTControlCharacters(stdout)
      assert.match(
        shown,
        /█+ 100 % {2}5\.0 MB of 5\.0 MB {2}\d+\.\d MB\/s {2}\d+s left\r?\n\{\s+"sent": true/,
      )
      assert.match(shown, /░+ 0 % {2}0 bytes of 5\.0 MB/)
    }),
  )

  it('fails in one line on what is no picture, and where no peer is', async () => {
    const file = path.join(folder, 'text.png')
    fs.writeFileSync(file, 'a text')
    for (const [name, line] of [
      [file, /^ecdh-duet: text\.png is not a PNG, JPEG, WebP or GIF\.\n$/],
      [SAMPLE, /^ecdh-duet: [^\n]*port 9[^\n]*Start that peer first[^\n]*\n$/],
      ['none.png', /^ecdh-duet: There is no picture "none\.png"\.\n$/],
    ] as const) {
      const { code, errors } = await runInShared(['send-image', '--port', '9', name])
      assert.equal(code, 1)
      assert.match(errors, line)
    }
  })

  it('prints nothing that acts on the terminal, whatever listens there', () =>
    withServer(
      (_request, response) => response.writeHead(500).end('{"code":"\u009b31m\u202e\u007f"}'),
      async (url) => {
        const args = ['send-image', '--port', new URL(url).port, SAMPLE]
        const { code, output } = await runInShared(args)
        assert.deepEqual([code, output], [1, '{\n  "code": "\\u{9b}31m\\u{202e}\\u{7f}"\n}\n'])
      },
    ))

  it('is a usage error without a port', async () => {
    assert.equal((await runInShared(['send-image', SAMPLE])).code, 2)
  })
})

describe('the pictures of a peer without a state', () => {
  it('are in a private folder that goes with the next one after a kill', async (t) => {
    const folders = () => filesIn(folder).filter((name) => name.startsWith('ecdh-duet-'))
    const env = { TMPDIR: folder }
    await withCommand(['both', '--ports', '0,0', '--no-state'], { env }, async (both) => {
      const [a = 0, b = 0] = await both.ports(2)
      for (const port of [a, b]) await call(`http://127.0.0.1:${port}/send_keys`)
      assert.equal((await call(`http://127.0.0.1:${a}/send_image`)).status, 201)
      both.kill('SIGKILL')
      await both.ended
    })
    assert.equal(folders().length, 2, 'the folder and its picture')
    assert.equal(fs.statSync(path.join(folder, folders()[0] ?? '')).mode & 0o777, 0o700)
    t.mock.method(os, 'tmpdir', () => folder)
    await withPeers({}, async () => assert.deepEqual(folders(), []))
  })
})
