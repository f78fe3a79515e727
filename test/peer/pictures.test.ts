/** Pictures from one peer to the other: what is kept, what is refused, and that a failed one leaves nothing. */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import type { RequestListener } from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { promisify, stripVTControlCharacters } from 'node:util'
import { createClient } from '../../src/http/client.ts'
import type { PictureSource } from '../../src/peer/contract.ts'
import { X25519 } from '../../src/protocol/curves.ts'
import { DuetError } from '../../src/protocol/errors.ts'
import {
  CHUNK_BYTES,
  HEADER_BYTES,
  type PictureType,
  parseHeader,
} from '../../src/protocol/stream.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { forgetful, openMemory } from '../../src/state/openMemory.ts'
import { openPictures } from '../../src/state/pictureStore.ts'
import { type Answer, beginCall, FORM, posting } from '../helpers/call.ts'
import { sharedProcess } from '../helpers/command.ts'
import { withServer } from '../helpers/fakes.ts'
import { MAX_IMAGE, pair, type WiredPeer } from '../helpers/pair.ts'
import {
  PicturesInMemory,
  pictureOf,
  piecesOf,
  pngHead,
  pngOf,
  sourceOf,
} from '../helpers/pictures.ts'
import { assertProblem } from '../helpers/problem.ts'
import { type RecordingProxy, recordingProxy } from '../helpers/recording-proxy.ts'
import { until } from '../helpers/until.ts'
import {
  agree,
  type StartedPeers,
  sharedSession,
  startPeers,
  type TestPeer,
  withPeers,
  withSession,
} from '../helpers/with-peers.ts'

const root = path.resolve(import.meta.dirname, '../..')
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

/** All files of a peer's pictures, by name. */
function filesOf(port: number): string[] {
  const dir = path.join(folder, `${port}`, 'pictures')
  return fs.existsSync(dir) ? fs.readdirSync(dir, { recursive: true }).map(String).sort() : []
}

const png = (bytes = 20) => sourceOf('image/png', pngOf(bytes))

type Tamper = (stream: Uint8Array) => Uint8Array

/** Two peers without a socket and with a session, which keep pictures on the disk; `tamper` changes each stream. */
async function talking(tamper: Tamper = (stream) => stream) {
  /** The number of each picture that went out. */
  const numbers: number[] = []
  const [a, b] = pair({
    suite: SUITES.X25519,
    tamper: (stream) => {
      numbers.push(parseHeader(stream.subarray(0, HEADER_BYTES)).number)
      return tamper(stream)
    },
    openPictures: (port) => openPictures(path.join(folder, `${port}`, 'pictures')),
  })
  await a.peer.sendKeys()
  await b.peer.sendKeys()
  return { a, b, numbers }
}

/** The pictures that a peer's terminal tells of. */
const receivedBy = ({ events }: WiredPeer) =>
  events.flatMap((event) => (event.type === 'picture received' ? [event.picture] : []))

describe('a received picture', () => {
  it('is kept as it was sent, whatever its type, readable by its owner only', async () => {
    const { a, b } = await talking()
    for (const type of ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as PictureType[]) {
      const picture = pictureOf(type, 200_000)
      const sent = await a.peer.sendPicture(sourceOf(type, picture))
      assert.deepEqual(sent, { sent: true, bytes: 200_000, type })
      const { path = '' } = b.peer.lastPicture ?? {}
      assert.deepEqual(new Uint8Array(fs.readFileSync(path)), picture)
      assert.equal(fs.statSync(path).mode & 0o777, 0o600)
      assert.deepEqual(b.peer.show().image, { bytes: 200_000, type })
    }
  })

  it('overwrites no other, whatever its name, and its name is never a path', async () => {
    const { a, b } = await talking()
    const names = ['same.png', 'same.png', '../../escape.png', '/etc/passwd', '\u001b[2J\n', '']
    for (const [i, name] of names.entries())
      await a.peer.sendPicture(sourceOf('image/png', pngOf(100 + i), { name }))
    const files = filesOf(5001)
    assert.equal(files.length, names.length)
    for (const file of files) assert.match(file, /^[\dTZ-]+-[0-9a-f]{16}\.png$/)
    assert.deepEqual(b.peer.show().image, { bytes: 105, type: 'image/png' })
    assert.deepEqual(
      receivedBy(b).map(({ name }) => name),
      names,
    )
  })

  it('that arrives twice at once is kept once', async () => {
    let held = new Uint8Array(0)
    const { a, b } = await talking((stream) => {
      held = stream.slice()
      return stream.slice(0, 0)
    })
    await assert.rejects(a.peer.sendPicture(png(300_000)))
    const deliver = () => b.peer.receivePicture(piecesOf(held, 10_000))
    const results = await Promise.allSettled([deliver(), deliver()])
    const refused = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason.code] : [],
    )
    assert.deepEqual(refused, ['replay'])
    assert.equal(filesOf(5001).length, 1)
  })

  it('has its number when it goes out, one after another, as they were asked for', async () => {
    const { a, b, numbers } = await talking()
    const named = { ...png(), name: 'x'.repeat(1100) }
    await assert.rejects(a.peer.sendPicture(named), { code: 'bad_image' })
    const sizes = [300_000, 20, 100_000, 21]
    await Promise.all(sizes.map((bytes) => a.peer.sendPicture(png(bytes))))
    assert.deepEqual(numbers, [0, 1, 2, 3])
    assert.deepEqual(
      receivedBy(b).map(({ bytes }) => bytes),
      sizes,
    )
  })
})

const CUT: Tamper = (stream) => stream.slice(0, HEADER_BYTES + CHUNK_BYTES + 16)
/** A file that says what it is not. */
const HTML = Buffer.from('<html><script>alert(1)</script></html>')
const tooFew = sourceOf('image/png', pngOf(500), { declared: 501 })
const tooWide = sourceOf('image/png', pngHead(100_000, 100_000))
/** A size that is far behind what is looked at first: the frame of a JPEG behind much metadata. */
const late = new Uint8Array(200_000)
late.set([0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff])
late.set([0xff, 0xe1, 0xff, 0xff], 65_539)
late.set([0xff, 0xc0, 0, 11, 8, 0xff, 0xff, 0xff, 0xff, 1, 1, 0x11, 0], 131_076)
const REFUSED: [string, string, PictureSource, Tamper?][] = [
  ['cut inside its header', 'bad_image', png(), (s) => s.slice(0, 20)],
  ['of an unknown session', 'unknown_session', png(), (s) => s.with(5, (s[5] ?? 0) ^ 1)],
  ['cut between chunks', 'decrypt_failed', png(2 * CHUNK_BYTES), CUT],
  ['HTML that says PNG', 'bad_image', sourceOf('image/png', HTML)],
  ['of fewer bytes than it says', 'bad_image', tooFew],
  ['longer than is taken', 'too_large', png(MAX_IMAGE + 1)],
  ['of 100,000 × 100,000 pixels', 'bad_image', tooWide],
  ['of a size that it tells late', 'bad_image', sourceOf('image/jpeg', late)],
]

describe('a picture that is refused', () => {
  for (const [what, code, source, tamper] of REFUSED)
    it(`since it is ${what}, as ${code}, leaves nothing, and the next one works`, async () => {
      let change = tamper
      const { a, b } = await talking((stream) => change?.(stream) ?? stream)
      await assert.rejects(a.peer.sendPicture(source), { code })
      assert.deepEqual(filesOf(5001), [])
      assert.equal(b.peer.show().image, null)
      change = undefined
      await a.peer.sendPicture(png())
      assert.equal(filesOf(5001).length, 1)
    })
})

describe('a picture that its sender refuses', () => {
  const huge = new Uint8Array(100_000)
  huge.set(pngHead(20_000, 20_000))
  for (const [what, source] of [
    ['of 20,000 × 20,000 pixels', sourceOf('image/png', huge, { size: 5 })],
    ['of another type', sourceOf('image/png', HTML)],
  ] as const)
    it(`since it is ${what}, is not begun, and is read no further`, async () => {
      const { a, numbers } = await talking()
      await assert.rejects(a.peer.sendPicture(source), { code: 'bad_image' })
      const { done } = await source.content[Symbol.asyncIterator]().next()
      assert.equal(done, true)
      await a.peer.sendPicture(png())
      assert.deepEqual(numbers, [0])
    })
})

const sending = (bytes: number) => posting('image/png', pngOf(bytes))

/** Fails unless the other peer refused it, with that code. */
function assertPeerRefused(answer: Answer, code: string): void {
  assert.equal(assertProblem(answer, 'peer_refused').peer_code, code)
}

describe('/send_image and /image', () => {
  const withSharedSession = sharedSession()

  it('carry the sample where there is no other picture, byte by byte', () =>
    withSharedSession(async (a, b) => {
      assertProblem(await b.call('/image'), 'no_image')
      const sent = await a.call('/send_image')
      const bytes = fs.statSync(SAMPLE).size
      const expected = { sent: true, bytes, type: 'image/png', next: `curl ${b.url}/` }
      assert.deepEqual([sent.status, sent.json], [201, expected])
      const shown = await b.call('/image')
      assert.equal(shown.headers['content-type'], 'image/png')
      assert.equal(shown.headers['x-content-type-options'], 'nosniff')
      assert.deepEqual(shown.bytes, fs.readFileSync(SAMPLE))
    }))

  it("carry the peer's own picture, and a body in its place", () => {
    const own = path.join(folder, 'own.gif')
    fs.writeFileSync(own, pictureOf('image/gif', 77))
    return withSession({ image: own }, async (a, b) => {
      assert.equal((await a.call('/send_image')).json.bytes, 77)
      assert.deepEqual((await b.call('/show')).json.image, { bytes: 77, type: 'image/gif' })
      assert.equal((await a.call('/send_image', sending(99))).json.bytes, 99)
      assert.deepEqual((await b.call('/show')).json.image, { bytes: 99, type: 'image/png' })
    })
  })

  it('refuse other types, a body that is empty or without its length, and more than --max-image, sent or received', () =>
    withSession({ maxImage: 1000 }, async (a, b) => {
      const chunked = { 'transfer-encoding': 'chunked' }
      for (const [code, options] of [
        ['unsupported_type', posting('image/svg+xml', '<svg/>')],
        ['bad_image', posting('image/png', pngOf(100), chunked)],
        // curl sends this for a file that it does not find
        ['bad_image', posting('image/png', '')],
        ['too_large', sending(1001)],
      ] as const)
        assertProblem(await a.call('/send_image', options), code)
      const stream = posting('application/octet-stream', Buffer.alloc(50_000))
      assertProblem(await b.call('/wire/image', stream), 'too_large')
      assert.equal((await b.call('/show')).json.image, null)
      assert.equal((await a.call('/send_image', sending(1000))).status, 201)
    }))

  it('take the other names of a type, and what is said of a charset means nothing', () =>
    withSharedSession(async (a) => {
      for (const [named, type] of [
        ['image/jpg', 'image/jpeg'],
        ['image/pjpeg', 'image/jpeg'],
        ['IMAGE/JPG; charset=binary', 'image/jpeg'],
        ['image/x-png', 'image/png'],
        ['image/apng;charset=iso-8859-1', 'image/png'],
      ] as const) {
        const answer = await a.call('/send_image', posting(named, pictureOf(type, 100)))
        assert.deepEqual([answer.status, answer.json.type], [201, type], named)
      }
    }))

  it('name the type that a picture really has, and how it is sent', () =>
    withSharedSession(async (a, b) => {
      const jpeg = pictureOf('image/jpeg', 5000)
      for (const [code, type, body, really, file] of [
        ['bad_image', 'image/png', jpeg, 'image/jpeg', 'picture.jpg'],
        ['unsupported_type', FORM, jpeg, 'image/jpeg', 'picture.jpg'],
        ['unsupported_type', 'image/heic', 'none', 'image/png', 'picture.png'],
        // as curl -d sends it, up to the first byte that is 0
        ['bad_image', 'image/jpeg', jpeg.subarray(0, 4), 'image/jpeg', 'picture.jpg'],
        ['bad_image', 'image/gif', Buffer.from('GIF89a\x01'), 'image/gif', 'picture.gif'],
      ] as const) {
        const { next } = assertProblem(await a.call('/send_image', posting(type, body)), code)
        const how = `-H 'Content-Type: ${really}' --data-binary @${file}`
        assert.equal(next, `curl ${a.url}/send_image ${how}`)
      }
      // a short one is looked at before anything is sent
      assert.doesNotMatch(b.lines().join('\n'), /refused/)
    }))

  it('refuse a long picture that is not whole at its end, and nothing of it is kept', () =>
    withSharedSession(async (a, b) => {
      const { image } = (await b.call('/show')).json
      const cut = pngOf(300_000)
      // a chunk that is longer than the file
      cut.set([0, 15, 0, 0], 8)
      const problem = assertProblem(
        await a.call('/send_image', posting('image/png', cut)),
        'bad_image',
      )
      assert.match(problem.detail, /ends before/)
      assert.deepEqual((await b.call('/show')).json.image, image)
      assert.equal((await a.call('/send_image', sending(1000))).status, 201)
    }))

  it('tell both terminals: path, type, size, time and rate', () =>
    withSharedSession(async (a, b) => {
      await a.call('/send_image', { headers: { 'picture-name': '..%2Fme%1B.png' } })
      const facts =
        /^. (?:sent|received) picture +image\/png {2}26591 bytes in \d+\.\d s {2}[\d.]+ MB\/s {2}"curve\.png"/
      assert.match(a.lines().findLast((line) => line.includes('picture')) ?? '', facts)
      const received = b.lines()
      assert.match(received.findLast((line) => line.includes('picture')) ?? '', facts)
      assert.match(received.at(-1) ?? '', /decrypted to .*\.png$/)
    }))

  for (const [what, code, bytes, detail, next] of [
    [
      'and what the sender can do',
      'bad_image',
      1000,
      /bad_image\. Not a picture that can be sent\.$/,
      /^curl \S+\/send_image .*--data-binary/,
    ],
    ['while much of the picture is still to come', 'no_space', 12_000_000, /no_space/, /disk/],
  ] as const)
    it(`carry the receiver's refusal, ${what}`, () => {
      const pictures = new PicturesInMemory()
      const create = pictures.create.bind(pictures)
      pictures.create = () => Promise.reject(new DuetError(code, 'Not this one.'))
      return withSession({ openMemory: () => ({ ...forgetful(X25519), pictures }) }, async (a) => {
        const answer = await a.call('/send_image', sending(bytes))
        assertPeerRefused(answer, code)
        assert.match(answer.json.detail, detail)
        assert.match(answer.json.next, next)
        pictures.create = create
        assert.equal((await a.call('/send_image', sending(1000))).status, 201)
      })
    })

  it('blame nobody while the owner is slow, and the other peer when it is', () =>
    // a peer that takes all of a picture and says nothing
    withServer(
      (request) => request.resume(),
      async (url) => {
        const { image } = createClient(url, SUITES.X25519, undefined, 300)
        let pieces = 0
        async function* slow() {
          for (; pieces < 2; pieces++) {
            yield new Uint8Array(100)
            // longer than the client's patience with the other peer
            await setTimeout(400)
          }
        }
        await assert.rejects(image({ bytes: 200, content: slow() }), { code: 'peer_timeout' })
        assert.equal(pieces, 2, 'all of it was sent before the wait for the answer was too long')
      },
    ))
})

/** Two peers with a session that keep what they have in `folder`, and a relay from the first to the second. */
async function withKept(
  run: (a: TestPeer, b: TestPeer, started: StartedPeers, relay: RecordingProxy) => Promise<void>,
): Promise<void> {
  let portB = 0
  const relay = await recordingProxy(() => portB)
  const started = await startPeers({
    via: `http://127.0.0.1:${relay.port}`,
    openMemory: (port) => openMemory(path.join(folder, `${port}`), X25519),
  })
  const [a, b] = started.peers
  portB = b.port
  try {
    await agree(a, b)
    await run(a, b, started, relay)
  } finally {
    await started.close()
    relay.close()
  }
}

/** Begins to send five megabytes, of which the receiver has the first. */
async function beginSending(a: TestPeer, b: TestPeer) {
  const headers = { 'content-type': 'image/png', 'content-length': '5000000' }
  const { request, answer } = beginCall(`${a.url}/send_image`, { method: 'POST', headers })
  answer.catch(() => {})
  request.write(pngOf(1_000_000))
  await until(() => filesOf(b.port).length === 1)
  return request
}

const brokeOff = (peer: TestPeer) =>
  until(() => peer.lines().some((line) => /POST \/wire\/image.*broke off/.test(line)))

describe('a peer with a limit on pictures', () => {
  it('says what went, what came again, and at its start what is too much', async () => {
    const keeping = (limit: number) => {
      let peers = 0
      const openNext = () => openMemory(path.join(folder, `${peers++}`), X25519, undefined, limit)
      return { openMemory: openNext }
    }
    const said = (peer: TestPeer, label: string) =>
      peer.lines().filter((line) => line.includes(label))
    await withSession(keeping(2 ** 20), async (a, b) => {
      const pictures = [1, 2, 3].map((n) => Buffer.from(pngOf(400_000)).fill(n, 50, 90))
      const send = (n: number) => a.call('/send_image', posting('image/png', pictures[n] ?? ''))
      for (const n of [0, 1, 1, 2]) assert.equal((await send(n)).status, 201)
      assert.equal(said(b, 'received picture').length, 4)
      assert.equal(said(b, 'The same as before').length, 1)
      const [removed = '', ...more] = said(b, 'removed')
      assert.match(removed, /^· removed +1 picture \(0\.4 MB\), the oldest/)
      assert.deepEqual(more, [])
      assert.deepEqual((await b.call('/image')).bytes, pictures[2])
      assert.deepEqual(said(b, 'much kept'), [])
    })
    await withPeers(keeping(0), async (a, b) => {
      assert.deepEqual(said(a, 'much kept'), [])
      assert.match(said(b, 'much kept')[0] ?? '', /2 pictures from before \(0\.8 MB\): .* 0 MiB/)
    })
    assert.equal(filesOf(1).length, 2)
  })
})

describe('a picture on its way', () => {
  it('survives a connection that breaks half way: one clear answer, and the next picture works', () =>
    withKept(async (a, b, _, relay) => {
      relay.cutAfter(300_000)
      assertProblem(await a.call('/send_image', sending(1_000_000)), 'peer_unreachable')
      await brokeOff(b)
      assert.deepEqual(filesOf(b.port), [])
      assert.equal((await a.call('/send_image', sending(1_000_000))).status, 201)
      assert.equal(filesOf(b.port).length, 1)
    }))

  it('leaves nothing when its receiver is ended', () =>
    withKept(async (a, b, { close }) => {
      const request = await beginSending(a, b)
      await close()
      assert.deepEqual(filesOf(b.port), [])
      request.destroy()
    }))

  it('leaves nothing when its sender is interrupted, and the next picture works', () =>
    withKept(async (a, b) => {
      const request = await beginSending(a, b)
      request.destroy()
      await brokeOff(b)
      assert.deepEqual(filesOf(b.port), [])
      assert.equal((await a.call('/send_image', sending(1000))).status, 201)
    }))

  it('is no_image once the owner has removed the file', () =>
    withKept(async (a, b) => {
      assert.equal((await a.call('/send_image')).status, 201)
      assert.equal((await b.call('/image')).status, 200)
      fs.rmSync(path.join(folder, `${b.port}`, 'pictures'), { recursive: true })
      assertProblem(await b.call('/image'), 'no_image')
    }))

  const isRoot = process.platform === 'linux' && process.getuid?.() === 0
  it(
    'is no_space when the disk is full, leaves nothing, and is taken when there is room',
    {
      skip: !isRoot && 'only root can mount a small disk',
    },
    () =>
      withKept(async (a, b) => {
        const disk = path.join(folder, `${b.port}`, 'pictures')
        fs.mkdirSync(disk, { mode: 0o700 })
        const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
        assert.equal(mounted.status, 0, mounted.stderr.toString())
        try {
          assertPeerRefused(await a.call('/send_image', sending(2_000_000)), 'no_space')
          assert.deepEqual(filesOf(b.port), [])
          assert.equal((await a.call('/send_image', sending(900_000))).status, 201)
        } finally {
          spawnSync('umount', [disk])
        }
      }),
  )
})

describe('ecdh-duet send-image', () => {
  const runInShared = sharedProcess()

  it('sends a file, prints the answer, and shows no bar where there is no terminal', () =>
    withPeers({}, async (a, b) => {
      const args = ['send-image', '--port', `${a.port}`, SAMPLE]
      const early = await runInShared(args)
      assert.deepEqual([early.code, JSON.parse(early.output).code], [1, 'no_session'])
      await agree(a, b)
      const { code, output, errors } = await runInShared(args)
      assert.deepEqual([code, JSON.parse(output).sent, errors], [0, true, ''])
      assert.match(b.lines().join(), /"curve\.png"/)
    }))

  it('shows a bar on a terminal: percent, bytes, rate and time left', { skip: noScript }, () =>
    withSession({}, async ({ port }) => {
      const file = path.join(folder, 'large.png')
      fs.writeFileSync(file, pngOf(5_000_000))
      const command = `'${process.execPath}' dist/main.js send-image --port ${port} '${file}'`
      // script(1) runs it on a terminal of its own, and hands on what that shows
      const { stdout } = await run('script', ['-qec', `stty cols 80; ${command}`, '/dev/null'], {
        cwd: root,
        env: { ...process.env, TERM: 'xterm' },
      })
      const shown = stripVTControlCharacters(stdout)
      assert.match(
        shown,
        /[^█]█{24} 100 % {2}5\.0 MB of 5\.0 MB {2}\d+\.\d MB\/s {2}\d+s left\r?\n\{\s+"sent": true/,
      )
      assert.match(shown, /░+ 0 % {2}0 bytes of 5\.0 MB/)
    }),
  )

  /** Runs it on the sample, at a port where `listener` is. */
  const runAt = (listener: RequestListener) =>
    withServer(listener, (url) => runInShared(['send-image', '--port', new URL(url).port, SAMPLE]))

  it('fails in one line on what is no picture, and where no peer is', async () => {
    const file = path.join(folder, 'text.png')
    fs.writeFileSync(file, 'a text')
    for (const [name, line] of [
      [file, /^ecdh-duet: text\.png is not a PNG, JPEG, WebP or GIF\.\n$/],
      [SAMPLE, /^ecdh-duet: No connection [^\n]*:9: [^\n]* Start that peer first[^\n]*\n$/],
      ['none.png', /^ecdh-duet: There is no picture "none\.png"\.\n$/],
    ] as const) {
      const { code, errors } = await runInShared(['send-image', '--port', '9', name])
      assert.equal(code, 1)
      assert.match(errors, line)
    }
  })

  for (const [what, listener, line] of [
    ['is no peer', ({ socket }) => socket.end('SSH-2.0-x\r\n'), / speak HTTP .* Start that peer/],
    ['hangs up', ({ socket }) => socket.destroy(), /broke .* refused the picture .* says why\.\n$/],
  ] as [string, RequestListener, RegExp][])
    it(`says in one line what to do where what listens there ${what}`, async () => {
      const { code, errors } = await runAt(listener)
      assert.equal(code, 1)
      assert.match(errors, /^ecdh-duet: [^\n]*\n$/)
      assert.match(errors, line)
    })

  it('prints nothing that acts on the terminal, whatever listens there', async () => {
    const { code, output } = await runAt((_request, response) =>
      response.writeHead(500).end('{"next":"\u009b31m\u202e\u007f"}'),
    )
    assert.deepEqual([code, output], [1, '{\n  "next": "\\u009b31m\\u202e\\u007f"\n}\n'])
  })

  it('prints nothing of an answer that no peer gives: indented, it is a thousand times as long', async () => {
    const deep = '['.repeat(2000) + ']'.repeat(2000)
    for (const said of [deep, `{"next":"","more":${deep}}`, '{"sent":true}', 'x'.repeat(20_000)]) {
      const { code, output, errors } = await runAt((_request, response) =>
        response.writeHead(201).end(said),
      )
      assert.deepEqual([code, output], [1, ''])
      assert.match(errors, /^ecdh-duet: What answers [^\n]* is not a peer[^\n]*\n$/)
    }
  })

  it('is a usage error without a port', async () => {
    assert.equal((await runInShared(['send-image', SAMPLE])).code, 2)
  })
})
