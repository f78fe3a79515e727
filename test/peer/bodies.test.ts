/** What a body takes in memory: its bytes, and not what each of its pieces takes. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import type { IncomingMessage } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { GatheringRequest, readWhole, TooLong } from '../../src/http/reading.ts'
import { listen } from '../../src/http/server.ts'
import { utf8ToBytes } from '../../src/protocol/bytes.ts'
import { openPictures } from '../../src/state/pictureStore.ts'
import { call, FORM, JSON_TYPE, TEXT } from '../helpers/call.ts'
import { type Command, PATIENT, startCommand } from '../helpers/command.ts'
import { folderForAll } from '../helpers/files.ts'
import { makeKeys } from '../helpers/mail.ts'
import { freePorts } from '../helpers/ports.ts'
import { lines } from '../helpers/raw.ts'
import { until } from '../helpers/until.ts'

const notLinux = process.platform !== 'linux' && 'only Linux tells the most that a process had'
const slow =
  process.env['SLOW'] !== '1' && 'it takes seconds, and shares its reader: SLOW=1 runs it'
/** As many as strangers may have. */
const CONNECTIONS = 48
/** How much of a body comes: what it takes shows long before a limit that is higher, and each chunk takes time. */
const LENGTH = 16_385
const MIB = 1024

/** KiB: what a process has in memory now, or the most that it had since it was last forgotten. */
function memory(pid: number | 'self', which: 'VmRSS' | 'VmHWM'): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`${which}:\\s+(\\d+) kB`).exec(status)?.[1])
}

/** Runs `act`, and expects that process to take at most 64 MiB more for it. */
async function assertTakesLittle(pid: number | 'self', act: () => Promise<void>): Promise<void> {
  fs.writeFileSync(`/proc/${pid}/clear_refs`, '5')
  const idle = memory(pid, 'VmRSS')
  await act()
  const more = memory(pid, 'VmHWM') - idle
  assert.ok(more <= 64 * MIB, `${Math.round(more / MIB)} MiB more`)
}

/** `count` bytes, in a chunk each. */
const ones = (count: number) => Buffer.from('1\r\na\r\n'.repeat(count))
const END = '0\r\n\r\n'

/** Whether the other side has read all that was sent to `port`, as far as the system knows. */
function isRead(port: number): boolean {
  const hex = port.toString(16).padStart(4, '0').toUpperCase()
  const sockets = fs.readFileSync('/proc/net/tcp', 'utf8').match(new RegExp(`^.*:${hex} .*$`, 'gm'))
  return sockets?.every((line) => line.includes(' 00000000:00000000 ')) ?? false
}

/** All that comes until the connection ends: a reset behind the answer is the server's right. */
function received(socket: net.Socket): Promise<string> {
  let text = ''
  socket.setEncoding('latin1').on('data', (more) => {
    text += more
  })
  return new Promise((resolve) => socket.on('error', () => {}).on('close', () => resolve(text)))
}

/** Sends `head` and then `body` on all connections, and ends it on each once all of it is read; resolves with the statuses of the last answers. */
async function sendAll(port: number, head: Buffer, body: Buffer, afterwards = () => {}) {
  const sockets = Array.from({ length: CONNECTIONS }, () => net.connect(port, '127.0.0.1'))
  const answers = sockets.map(received)
  for (const bytes of [head, body]) {
    for (const socket of sockets) socket.write(bytes)
    await until(() => sockets.every((socket) => socket.writableLength === 0) && isRead(port))
  }
  afterwards()
  for (const socket of sockets) socket.write(END)
  const statuses = (await Promise.all(answers)).map((all) => all.match(/(?<=^HTTP\/1\.1 )\d{3}/gm))
  return statuses.map((each) => each?.at(-1) ?? 'none')
}

describe('bodies in chunks of one byte, on as many connections as strangers may have', {
  skip: notLinux,
}, () => {
  const place = folderForAll()
  const peers: Command[] = []
  let port = 0
  let session = ''

  // the first has a mailbox
  before(async () => {
    const [one = 0, other = 0] = await freePorts(2)
    const { publicFile } = makeKeys(place())
    const mail = ['--mailbox', place('mail'), '--mailbox-key', publicFile]
    const start = (port: number, other: number, ...more: string[]) => {
      const args = [
        'peer',
        '--no-state',
        '--port',
        `${port}`,
        '--peer',
        `http://127.0.0.1:${other}`,
      ]
      // that a machine is slow is not what is looked at
      return startCommand([...args, ...more], { node: PATIENT })
    }
    peers.push(start(one, other, ...mail), start(other, one))
    for (const peer of peers) await peer.ports(1)
    await call(`http://127.0.0.1:${one}/send_keys`)
    session = (await call(`http://127.0.0.1:${other}/send_keys`)).json.session
    port = one
  })
  after(async () => {
    for (const peer of peers) {
      peer.kill('SIGKILL')
      await peer.ended
    }
  })

  const head = (route: string, type: string) =>
    lines(
      ...[`POST ${route} HTTP/1.1`, 'Host: 127.0.0.1', `Content-Type: ${type}`],
      ...['Transfer-Encoding: chunked', 'Connection: close'],
    )

  /** Expects the peer to take little for `length` bytes behind `begin`, and to answer with `status`. */
  function takesLittle(begin: string, length: number, status: string, afterwards?: () => void) {
    const [head, body] = [Buffer.from(begin, 'latin1'), ones(length)]
    return assertTakesLittle(peers[0]?.child.pid ?? 0, async () => {
      assert.deepEqual(new Set(await sendAll(port, head, body, afterwards)), new Set([status]))
    })
  }

  for (const [isQuick, route, type, status, length = LENGTH] of [
    [true, '/wire/message', JSON_TYPE, '400'],
    // nobody reads this one
    [true, '/nothing', JSON_TYPE, '404', 8000],
    // as the first two
    [false, '/wire/keys', JSON_TYPE, '400', 300],
    [false, '/message', JSON_TYPE, '400'],
    [false, '/send_msg', TEXT, '413'],
    [false, '/send_msg', FORM, '400'],
    [false, '/send_image', 'image/png', '400', 8000],
  ] as const)
    it(`to ${route} take at most 64 MiB, as ${type}`, { skip: !isQuick && slow }, () =>
      takesLittle(head(route, type), length, status),
    )

  it('of pictures take at most 64 MiB', () => {
    const header = `DUET2${Buffer.from(session, 'hex').toString('latin1')}${'\0'.repeat(8)}`
    const chunk = `${header.length.toString(16)}\r\n${header}\r\n`
    return takesLittle(head('/wire/image', 'application/octet-stream') + chunk, LENGTH, '400')
  })

  it('take at most 64 MiB behind requests that wait for the other peer', () => {
    peers[1]?.kill('SIGSTOP')
    const begin = lines('GET /send_msg HTTP/1.1', 'Host: 127.0.0.1') + head('/message', JSON_TYPE)
    return takesLittle(begin, 16_000, '400', () => peers[1]?.kill('SIGCONT'))
  })
})

describe('a body', () => {
  const at = folderForAll()

  it('is a copy: what came is let go', async () => {
    const piece = Buffer.alloc(1)
    async function* content() {
      for (const letter of 'Hello') {
        piece.write(letter)
        yield piece
      }
    }
    const body = await readWhole(Readable.from(content(), { objectMode: false }), 5, undefined)
    assert.equal(body.toString(), 'Hello')
    assert.equal(body.buffer.byteLength, 5)
  })

  it('may come as plain bytes, as Deno gives them', async () => {
    const request = new GatheringRequest(new net.Socket())
    for (const piece of ['Hel', 'lo']) request.push(utf8ToBytes(piece))
    request.push(null)
    assert.equal((await readWhole(request, 5, '5')).toString(), 'Hello')
  })

  it('that is too long leaves the stream paused and open', async () => {
    for (const length of [undefined, '6']) {
      const stream = new Readable({ read() {} })
      stream.push('Hello!')
      await assert.rejects(readWhole(stream, 5, length), TooLong)
      assert.deepEqual([stream.readableFlowing !== true, stream.destroyed], [true, false])
    }
  })

  it('that breaks off is an error', async () => {
    for (const fault of [undefined, new Error('fault')]) {
      const stream = new Readable({ read() {} })
      stream.push('Hell')
      const reading = readWhole(stream, 5, '5')
      stream.destroy(fault)
      await assert.rejects(reading, fault)
      await assert.rejects(readWhole(stream, 5, '5'), fault)
    }
  })

  it('that nobody reads yet comes whole and in order, in few pieces', async () => {
    const length = 300_000
    const chunks = Array.from({ length }, (_, i) => `1\r\n${i % 10}\r\n`)
    let pieces = 0
    let answer = (_: IncomingMessage) => {}
    const came = new Promise<IncomingMessage>((resolve) => {
      answer = resolve
    })
    const server = await listen(
      { host: '127.0.0.1', port: 0 },
      Promise.resolve((request) => answer(request)),
    )
    const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
    try {
      socket.write(lines('POST / HTTP/1.1', 'Transfer-Encoding: chunked'))
      socket.write(`${chunks.join('')}${END}`)
      const request = await came
      const read = []
      for await (const piece of request) {
        pieces++
        read.push(piece)
        // as long as whoever reads is busy, more comes
        await setImmediate()
      }
      assert.equal(Buffer.concat(read).toString(), '0123456789'.repeat(length / 10))
      assert.ok(pieces < 1000, `${pieces} pieces`)
    } finally {
      socket.destroy()
      server.close()
    }
  })

  it('that is a picture takes little, however many come at once', { skip: notLinux }, () =>
    assertTakesLittle('self', async () => {
      const store = openPictures(at('pictures'))
      const drafts = await Promise.all(Array.from({ length: CONNECTIONS }, () => store.create()))
      const piece = new Uint8Array(64 * 1024)
      for (const { write } of drafts) for (let i = 0; i < 31; i++) await write(piece)
      for (const { discard } of drafts) await discard()
    }),
  )
})
