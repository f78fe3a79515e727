/**
 * What a terminal shows: aligned lines, secrets marked or hidden, and nothing from outside that acts on it; and
 * when it shows it.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import type { PeerEvent } from '../../src/peer/contract.ts'
import { hexToBytes, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { said } from '../../src/terminal/said.ts'
import { createTerminal } from '../../src/terminal/terminal.ts'
import { folderForAll } from '../helpers/files.ts'
import { keptTerminal } from '../helpers/terminal.ts'

const at = folderForAll()

const session = hexToBytes('00'.repeat(16))
const secret = hexToBytes('ab'.repeat(32))
const confirmed = { session, own: secret, peer: secret, safetyNumber: '00000 11111' }
const text = (bytes: Uint8Array): PeerEvent => ({ type: 'message opened', seq: 7, SECRET: bytes })

function shown(events: PeerEvent[], options?: Parameters<typeof keptTerminal>[0]): string {
  const { terminal, shown } = keptTerminal(options)
  for (const event of events) terminal.reporter(5000)(event)
  return shown()
}

/** Without the time. */
const timeless = (output: string) => output.replaceAll(/^(\d+) \d\d:\d\d:\d\d /gm, '$1 ')

const PICTURE = { type: 'image/png', bytes: 1000, name: 'a.png' } as const
const gone = (count: number): PeerEvent => ({
  type: 'pictures removed',
  removed: Array.from({ length: count }, (_, i) => ({ path: `p/${i}\n.png`, bytes: 200_000 })),
})

const everyKind: PeerEvent[] = [
  {
    type: 'ready',
    reachedAt: [],
    isOneWay: false,
    url: 'http://127.0.0.1:5000',
    peerUrl: 'http://x',
    curve: 'X25519',
    identity: secret,
    place: 'kept in .duet/5000',
    mailbox: { place: 'mail', fingerprint: 'SHA256:x' },
  },
  { type: 'keys sent', publicKey: secret },
  { type: 'keys received', publicKey: secret },
  { type: 'proof sent', proof: { session, tag: secret } },
  { type: 'proof received', proof: { session, tag: secret, ciphertext: new Uint8Array(1088) } },
  { type: 'another session', named: secret, given: secret },
  { type: 'keys confirmed', ...confirmed, kem: null, known: false, compared: false },
  { type: 'keys confirmed', ...confirmed, kem: 'ML-KEM-768', known: true, compared: true },
  { type: 'work', SECRET: utf8ToBytes('(\necho \u001b[31m\n)') },
  { type: 'not remembered', place: '.' },
  { type: 'number compared', isKept: false, place: '.' },
  { type: 'number differs', different: 1 },
  { type: 'identity changed', identity: secret, place: '.', toForget: 'remove it.' },
  { type: 'keys expired' },
  { type: 'shared secret', session, SECRET: secret },
  { type: 'no shared secret' },
  { type: 'message sent', seq: 0, ciphertext: secret },
  { type: 'message received', seq: 0, ciphertext: secret, missing: 2 },
  text(utf8ToBytes('hello')),
  { type: 'picture received', picture: PICTURE, path: 'p/1.png', ms: 1, isRepeated: true },
  gone(1),
  gone(7),
  { type: 'pictures left', count: 1, bytes: 400_000_000, limit: 256 * 2 ** 20 },
  { type: 'mail stored', id: 'ab'.repeat(32), bytes: 63, from: '10.0.0.7' },
  { type: 'refused', request: 'GET /', code: 'not_found', detail: 'Nothing.' },
  { type: 'defect', where: 'TypeError at f (g.ts:1:2)' },
]

describe('the terminal', () => {
  it('begins each block with the port and the time, and what is below with blanks, but for lines to be pasted', () => {
    const toPaste = ['(', 'echo \\u{1b}[31m', ')']
    const shownLines = shown(everyKind).split('\n').slice(0, -1)
    const lines = shownLines.filter((line) => !toPaste.includes(line))
    assert.equal(lines.length, shownLines.length - toPaste.length)
    for (const line of lines) assert.match(line, /^5000 \d\d:\d\d:\d\d [→←·●✓✗] \w|^ {5}\S/u)
  })

  it('wraps its sentences between words, and leaves whole what somebody may copy', () => {
    for (const columns of [80, 102]) {
      const rows = shown(everyKind, { columns }).split('\n')
      for (const row of rows) if (row.length > columns) assert.match(row, /[\da-f]{64}/)
      assert.ok(rows.some((row) => row.includes('(kept')))
    }
    assert.match(shown(everyKind, { columns: 40 }), /curl http:\/\/127\.0\.0\.1:5000\/send_keys\n/)
  })

  it('shows a shared secret as 64 hex digits and a text whole, each on one line that says SECRET', () => {
    const long = 'a'.repeat(16 * 1024)
    assert.equal(
      timeless(
        shown([{ type: 'shared secret', session, SECRET: secret }, text(utf8ToBytes(long))]),
      ),
      `5000 ● SECRET shared secret  ${'ab'.repeat(32)}\n5000 ● SECRET message 7  ${long}\n`,
    )
  })

  it('says of removed pictures how many went, and names the first five', () => {
    const texts = (count: number) =>
      shown([gone(count)])
        .split('\n')
        .map((line) => line.trim())
    assert.match(texts(1)[0] ?? '', /removed {2}1 picture \(0\.2 MB\), the oldest: more than$/)
    assert.deepEqual(texts(1).slice(1), ['--keep-pictures lets it keep.', '- p/0\\n.png', ''])
    assert.match(texts(7)[0] ?? '', /7 pictures \(1\.4 MB\)/)
    assert.deepEqual(texts(7).slice(6), ['- p/4\\n.png', 'and 2 more', ''])
    assert.equal(texts(5).length, 8)
  })

  it('says of who only listens, and of nobody else, what she has and what she lacks', () => {
    const output = shown([
      { type: 'keys confirmed', ...confirmed, kem: null, known: true, compared: false },
    ])
    const sentence = output.replaceAll(/\s+/g, ' ')
    for (const has of ['both public keys', 'both identities', "the session's id", 'the tags'])
      assert.match(sentence, new RegExp(`An eavesdropper has .*${has}`))
    assert.match(sentence, /She lacks both private keys, and so the shared secret and the texts\./)
  })

  it('says SECRET on no other line', () => {
    assert.equal(shown(everyKind.filter((event) => !('SECRET' in event))).includes('SECRET'), false)
  })

  it('hides every secret with --no-secrets, and says so', () => {
    const work: PeerEvent = { type: 'work', SECRET: utf8ToBytes('ab') }
    const events: PeerEvent[] = [
      { type: 'shared secret', session, SECRET: secret },
      text(secret),
      work,
    ]
    const output = shown(events, { showsSecrets: false })
    assert.equal(output.includes('ab'), false)
    assert.equal(output.match(/hidden by --no-secrets/g)?.length, 3)
  })

  it('uses colour only where there is some, and loses nothing without it', () => {
    const plain = shown(everyKind)
    assert.equal(plain.includes('\u001b'), false)
    const coloured = shown(everyKind, { colours: true })
    assert.notEqual(coloured, plain)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours themselves
    assert.equal(timeless(coloured.replace(/\u001b\[[\d;]*m/g, '')), timeless(plain))
  })

  it('says what both peers have alike once, and only if it is: where anything differs, each says its own', () => {
    const [own, peer] = [hexToBytes('aa'.repeat(32)), hexToBytes('bb'.repeat(32))]
    const agreed = {
      type: 'keys confirmed',
      session,
      kem: null,
      safetyNumber: '00000 11111',
    } as const
    const first = { ...agreed, own, peer, known: false, compared: false }
    const second = { ...first, own: peer, peer: own }
    const shownOf = (...events: [number, PeerEvent][]) => {
      const { terminal, shown } = keptTerminal()
      for (const [port, event] of events) terminal.reporter(port)(event)
      return timeless(shown())
    }
    const alike = shownOf([5000, first], [5001, second])
    assert.match(alike, /\n5001 ✓ keys agreed {2}the same session and number\n$/)
    assert.equal(alike.match(/00000 11111/g)?.length, 1)
    for (const other of [
      { session: secret },
      { safetyNumber: '00000 11112' },
      { own: own },
      { peer: peer },
      { known: true },
      { compared: true },
    ]) {
      const said = shownOf([5000, first], [5001, { ...second, ...other }])
      assert.doesNotMatch(said, /the same session/)
      assert.equal(said.match(/safety number/g)?.length, 2)
    }
    const keys = (port: number, type: 'keys sent' | 'keys received', publicKey: Uint8Array) =>
      [port, { type, publicKey }] as [number, PeerEvent]
    assert.match(
      shownOf(keys(5000, 'keys sent', own), keys(5001, 'keys received', own)),
      /5001 ← received public key {2}as 5000 sent it/,
    )
    for (const [port, received] of [
      [5001, peer],
      [5000, own],
    ] as const)
      assert.match(
        shownOf(keys(5000, 'keys sent', own), keys(port, 'keys received', received)),
        /received public key {2}[0-9a-f]{64}\n$/,
      )
  })

  it('shows a refusal once, and then how often it came again; not one of another kind', () => {
    const { terminal, shown } = keptTerminal()
    const refused = (request: string): PeerEvent => ({
      type: 'refused',
      request,
      code: 'not_found',
      detail: 'Nothing.',
    })
    for (let i = 0; i < 76; i++) terminal.reporter(5000)(refused('GET /a'))
    terminal.reporter(5001)(refused('GET /a'))
    terminal.reporter(5000)(refused('GET /b'))
    terminal.flush()
    assert.deepEqual(timeless(shown()).trimEnd().split('\n'), [
      '5000 ✗ refused  GET /a  not_found  Nothing.',
      '5001 ✗ refused  GET /a  not_found  Nothing.',
      '5000 ✗ refused  GET /b  not_found  Nothing.',
      // `The same` behind GET /b would be that one
      '5000 ✗ refused  GET /a  not_found  Nothing.',
      '     The same 74 times more.',
    ])
  })

  it('counts a refusal below itself, and takes a time in a path for no time of ours', () => {
    const { terminal, shown } = keptTerminal()
    const time = new Date().toTimeString().slice(0, 8)
    for (const request of ['GET /', 'GET /', `GET /${time}`])
      terminal.reporter(5000)({ type: 'refused', request, code: 'not_found', detail: 'Nothing.' })
    terminal.flush()
    assert.deepEqual(timeless(shown()).trimEnd().split('\n'), [
      '5000 ✗ refused  GET /  not_found  Nothing.',
      `5000 ✗ refused  GET /${time}  not_found  Nothing.`,
      '5000 ✗ refused  GET /  not_found  Nothing.',
    ])
    terminal.narrator(5000).say('✗', 'refused', 'twice')
    terminal.narrator(5000).say('✗', 'refused', 'twice')
    terminal.flush()
    assert.match(shown(), /twice\n.* refused {2}The same once more\.\n$/)
  })

  it('shows the ends of a long public value, with --full all of it', () => {
    for (const isFull of [false, true]) {
      let output = ''
      const terminal = createTerminal({
        output: {
          write: (text) => {
            output += text
          },
        },
        showsSecrets: true,
        isFull,
      })
      terminal.reporter(5000)({ type: 'keys sent', publicKey: new Uint8Array(1216).fill(0xab) })
      const ciphertext = new Uint8Array(1088).fill(0xcd)
      terminal.reporter(5000)({ type: 'proof sent', proof: { session, tag: secret, ciphertext } })
      terminal.flush()
      assert.equal(/[0-9a-f]{2368}/.test(output), isFull)
      assert.equal(/(?:cd){1088}/.test(output), isFull)
      // /show has keys, and no ciphertexts
      assert.equal(/1088 bytes \(whole: the page, --full\)/.test(output), !isFull)
      assert.match(output, /1216 bytes: ML-KEM, X25519\n/)
      assert.match(output, /^ {5}[0-9a-f]{64}$/m)
    }
  })

  it('lets no text act on it, nor a label, which is cut', () => {
    const attack =
      '\u001b[2J\u001b]0;owned\u0007\r\n5000  ●  SECRET\u009b31m\u007f\u202eevil\u2028\u2066'
    assert.equal(
      timeless(shown([text(utf8ToBytes(attack))])),
      '5000 ● SECRET message 7  \\u{1b}[2J\\u{1b}]0;owned\\u{7}\\r\\n5000\\u{20}\\u{20}\\u{25cf}\\u{20}\\u{20}SECRET\\u{9b}31m\\u{7f}\\u{202e}evil\\u{2028}\\u{2066}\n',
    )
    const request = `GET /${'\u001b[31m'.repeat(40)}`
    const output = shown([{ type: 'refused', request, code: 'not_found', detail: 'Nothing.' }])
    assert.equal(output.includes('\u001b'), false)
    assert.ok(output.length < 160)
  })

  it('shows a narrator beside the events, escaped, and hides its secrets as well', () => {
    for (const showsSecrets of [true, false]) {
      const { terminal, shown } = keptTerminal({ showsSecrets })
      const { say, saySecret } = terminal.narrator(5002)
      say('✗', 'refused', said`by ${'\u001b[31m'}`)
      saySecret('changed to', utf8ToBytes('one\ntwo'))
      const [first, second] = timeless(shown()).split('\n')
      assert.equal(first, '5002 ✗ refused  by \\u{1b}[31m')
      const hidden = '5002 ● changed to  hidden by --no-secrets'
      assert.equal(second, showsSecrets ? '5002 ● SECRET changed to  one\\ntwo' : hidden)
    }
  })
})

describe('the lines of a terminal', () => {
  const received = (seq: number, bytes = secret): PeerEvent => ({
    type: 'message received',
    seq,
    ciphertext: bytes,
    missing: 0,
  })
  const seqs = (output: string) =>
    [...output.matchAll(/^(\d+) .* message (\d+)\b/gm)].map(([, port, seq]) => `${port} ${seq}`)

  /** A terminal whose output takes nothing, as a pipe whose reader stopped, until `read`. */
  function stalled() {
    const output = {
      writes: [] as string[],
      writableLength: 0,
      write(text: Buffer) {
        output.writes.push(text.toString())
        output.writableLength += text.length
      },
    }
    const read = () => {
      output.writableLength = 0
      return output.writes.splice(0).join('')
    }
    return { output, read, terminal: createTerminal({ output, showsSecrets: true, isFull: true }) }
  }

  it('of one turn of the event loop go out in one write, both peers in the order of time', async () => {
    const { output, read, terminal } = stalled()
    const [a, b] = [terminal.reporter(5000), terminal.reporter(5001)]
    for (let seq = 0; seq < 10; seq++) {
      a(received(seq))
      await null
      b(received(seq))
    }
    assert.deepEqual(output.writes, [])
    await new Promise(setImmediate)
    assert.equal(output.writes.length, 1)
    const expected = Array.from({ length: 10 }, (_, seq) => [`5000 ${seq}`, `5001 ${seq}`]).flat()
    assert.deepEqual(seqs(read()), expected)
    a(received(10))
    await new Promise(setImmediate)
    assert.deepEqual(seqs(read()), ['5000 10'])
  })

  it('do not wait for the end of a turn that has many of them', () => {
    const { output, read, terminal } = stalled()
    const a = terminal.reporter(5000)
    for (let seq = 0; seq < 30; seq++) a(received(seq, new Uint8Array(16 * 1024)))
    const waiting = 30 - seqs(output.writes.join('')).length
    assert.ok(waiting < 3, `${waiting} lines wait`)
    terminal.flush()
    assert.equal(seqs(read()).length, 30)
  })

  it('stand before what is told of a mailbox after them', () => {
    const { read, terminal } = stalled()
    terminal.narrator(5000).say('·', 'first', 'said')
    void terminal.tellOfMailbox({ type: 'watching', place: 'second' })
    assert.match(read(), /first.*\n.*second\n$/)
  })

  it('are left out while nobody reads, but for secrets, and it says so once', () => {
    const { read, terminal } = stalled()
    const a = terminal.reporter(5000)
    const long = new Uint8Array(16 * 1024)
    for (let seq = 0; seq < 200; seq++) {
      a(received(seq, long))
      a(text(utf8ToBytes(`text ${seq}`)))
    }
    terminal.flush()
    const shown = read()
    assert.ok(shown.length < 1.2 * 1024 * 1024)
    assert.equal(shown.match(/left out/g)?.length, 1)
    assert.equal(shown.match(/SECRET message 7 +text \d+\n/g)?.length, 200)
    const before = seqs(shown.slice(0, shown.indexOf('left out'))).filter((one) => one !== '5000 7')
    assert.ok(before.length > 20, `${before.length} before it`)
    a(received(1000))
    terminal.flush()
    assert.deepEqual(seqs(read()), ['5000 1000'])
  })

  it('are not said to be the same as one that was left out', () => {
    const { read, terminal } = stalled()
    const agreed: PeerEvent = {
      type: 'keys confirmed',
      ...confirmed,
      kem: null,
      known: false,
      compared: false,
    }
    const a = terminal.reporter(5000)
    for (let seq = 0; seq < 100; seq++) a(received(seq, new Uint8Array(16 * 1024)))
    a(agreed)
    terminal.flush()
    assert.doesNotMatch(read(), /keys agreed/)
    terminal.reporter(5001)(agreed)
    terminal.flush()
    assert.match(read(), /5001 .* safety number {2}00000 11111\n/)
  })

  /** What a process, ended by `end` right after its lines, writes to its two outputs, which are one file. */
  function written(end: string): string {
    const terminal = new URL('../../src/terminal/', import.meta.url)
    const script = `
      import { createTerminal } from '${terminal}terminal.ts'
      import { tell } from '${terminal}output.ts'
      const { say } = createTerminal({ output: process.stdout, showsSecrets: true }).narrator(5000)
      say('·', 'one', 'said'); say('·', 'two', 'said')
      ${end}`
    const file = at('output')
    const fd = fs.openSync(file, 'w')
    const node = ['--import', './test/loader.js', '--input-type=module', '--eval', script]
    spawnSync(process.execPath, node, { stdio: ['ignore', fd, fd] })
    fs.closeSync(fd)
    return fs.readFileSync(file, 'utf8')
  }

  for (const [what, end, then] of [
    ['the process exits', 'process.exit(0)', '$'],
    ['an error that nobody caught', "throw new Error('nobody caught this')", '[^]*caught this'],
    ['what is said on standard error', "tell('third'); process.exit(1)", 'ecdh-duet: third\\n$'],
  ] as const)
    it(`are out before ${what}`, () =>
      assert.match(written(end), new RegExp(`^5000 .* one +said\\n5000 .* two +said\\n${then}`)))
})
