/** What a terminal shows: aligned lines, secrets marked or hidden, and nothing from outside that acts on it. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { PeerEvent } from '../src/contract.ts'
import { hexToBytes, utf8ToBytes } from '../src/protocol/bytes.ts'
import { createTerminal, printable } from '../src/terminal.ts'

const session = hexToBytes('00'.repeat(16))
const secret = hexToBytes('ab'.repeat(32))
const text = (bytes: Uint8Array): PeerEvent => ({ type: 'message opened', seq: 7, SECRET: bytes })

function shown(
  events: PeerEvent[],
  options: { showsSecrets?: boolean; colours?: boolean } = {},
): string {
  const { showsSecrets = true, colours = false } = options
  let output = ''
  const write = (text: string) => {
    output += text
  }
  const terminal = createTerminal({ output: { write, hasColors: () => colours }, showsSecrets })
  for (const event of events) terminal.reporter(5000)(event)
  return output
}

const everyKind: PeerEvent[] = [
  {
    type: 'ready',
    reachedAt: null,
    url: 'http://127.0.0.1:5000',
    peerUrl: 'http://x',
    curve: 'X25519',
    identity: secret,
    place: '.',
    mailbox: { place: 'mail', fingerprint: 'SHA256:x' },
  },
  { type: 'keys sent', publicKey: secret },
  { type: 'keys received', publicKey: secret },
  { type: 'keys confirmed', session, kem: null, safetyNumber: '00000 11111', known: false },
  { type: 'keys confirmed', session, kem: 'ML-KEM-768', safetyNumber: '00000 11111', known: true },
  { type: 'work', SECRET: utf8ToBytes('(\necho \u001b[31m\n)') },
  { type: 'not remembered', place: '.' },
  { type: 'identity changed', identity: secret, toForget: 'remove it.' },
  { type: 'keys expired' },
  { type: 'shared secret', session, SECRET: secret },
  { type: 'no shared secret' },
  { type: 'message sent', seq: 0, ciphertext: secret },
  { type: 'message received', seq: 0, ciphertext: secret, missing: 2 },
  text(utf8ToBytes('hello')),
  { type: 'mail stored', id: 'ab'.repeat(32), bytes: 63 },
  { type: 'refused', request: 'GET /', code: 'not_found', detail: 'Nothing.' },
  { type: 'defect', where: 'TypeError at f (g.ts:1:2)' },
]

describe('the terminal', () => {
  it('begins each line with the port and aligns what it says, but for lines to be pasted', () => {
    const toPaste = ['(', 'echo \\u{1b}[31m', ')']
    const shownLines = shown(everyKind).split('\n').slice(0, -1)
    const lines = shownLines.filter((line) => !toPaste.includes(line))
    assert.equal(lines.length, shownLines.length - toPaste.length)
    for (const line of lines) assert.match(line, /^5000 {2}[→←·●✓✗] {2}.{20} {2}\S/u)
  })

  it('shows a shared secret as 64 hex digits on one line that says SECRET', () => {
    assert.equal(
      shown([{ type: 'shared secret', session, SECRET: secret }]),
      `5000  ●  SECRET shared secret  ${'ab'.repeat(32)}\n`,
    )
  })

  it('shows a text whole, on one line that says SECRET', () => {
    const long = 'a'.repeat(16 * 1024)
    assert.equal(shown([text(utf8ToBytes(long))]), `5000  ●  SECRET message 7      ${long}\n`)
  })

  it('says SECRET on no other line', () => {
    const others = everyKind.filter((event) => !('SECRET' in event))
    assert.equal(shown(others).includes('SECRET'), false)
  })

  it('hides every secret with --no-secrets, and says so', () => {
    const events: PeerEvent[] = [
      { type: 'shared secret', session, SECRET: secret },
      text(secret),
      { type: 'work', SECRET: utf8ToBytes('ab') },
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
    assert.equal(coloured.replace(/\u001b\[[\d;]*m/g, ''), plain)
  })

  it('lets no text act on it: escape sequences, lines, overprinting, direction', () => {
    const attack =
      '\u001b[2J\u001b]0;owned\u0007\r\n5000  ●  SECRET\u009b31m\u007f\u202eevil\u2028\u2066'
    const output = shown([text(utf8ToBytes(attack))])
    assert.equal(
      output,
      '5000  ●  SECRET message 7      \\u{1b}[2J\\u{1b}]0;owned\\u{7}\\r\\n5000  ●  SECRET\\u{9b}31m\\u{7f}\\u{202e}evil\\u{2028}\\u{2066}\n',
    )
  })

  it('escapes what came from outside in labels too, and cuts them', () => {
    const request = `GET /${'\u001b[31m'.repeat(40)}`
    const output = shown([{ type: 'refused', request, code: 'not_found', detail: 'Nothing.' }])
    assert.equal(output.includes('\u001b'), false)
    assert.ok(output.length < 160)
  })

  it('shows a narrator beside the events, escaped, and hides its secrets as well', () => {
    for (const showsSecrets of [true, false]) {
      let output = ''
      const write = (text: string) => {
        output += text
      }
      const { say, saySecret } = createTerminal({ output: { write }, showsSecrets }).narrator(5002)
      say('✗', 'refused', 'by \u001b[31m')
      saySecret('changed to', utf8ToBytes('one\ntwo'))
      const [first, second] = output.split('\n')
      assert.equal(first, '5002  ✗  refused               by \\u{1b}[31m')
      const hidden = '5002  ●  changed to            hidden by --no-secrets'
      assert.equal(second, showsSecrets ? '5002  ●  SECRET changed to     one\\ntwo' : hidden)
    }
  })

  it('keeps every other character as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
        const acting = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/
        assert.equal(acting.test(printable(text)), false)
        if (!acting.test(text)) assert.equal(printable(text), text)
      }),
    )
  })
})
