/** The rules of a talk without a network: lines on their way out, whom to ask, names, packets, and what was typed. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { labelOf, ownLabel, skeletonOf } from '../../src/nearby/labels.ts'
import { type Other, shownAs } from '../../src/nearby/nearby.ts'
import { placeOf } from '../../src/nearby/networks.ts'
import { decode, encodeAnnouncement, encodeQuery, isOurs } from '../../src/nearby/packets.ts'
import { PeerError, type Wire } from '../../src/peer/contract.ts'
import { hexToBytes } from '../../src/protocol/bytes.ts'
import type { KeyForm, MessageForm } from '../../src/protocol/messages.ts'
import { wishOf } from '../../src/talk/commandLine.ts'
import { Finding } from '../../src/talk/finding.ts'
import { Following } from '../../src/talk/following.ts'
import { MovingWire } from '../../src/talk/movingWire.ts'
import { type Mark, Outbox, type Outcome } from '../../src/talk/outbox.ts'
import { piecesOf } from '../../src/talk/pieces.ts'
import { pipedLines } from '../../src/talk/pipedLines.ts'
import { printable } from '../../src/terminal/printable.ts'
import { columnsOf } from '../../src/terminal/rows.ts'
import { typedRows } from '../../src/terminal/typedLine.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const other = (host: number, label = 'Bob', more: Partial<Other> = {}): Other => {
  const address = `192.0.2.${host}`
  const url = `http://${address}:5000`
  return { id: `id ${host}`, label, suite: 'X25519', address, port: 5000, url, ...more }
}

describe('the lines on their way out', () => {
  it('go one after another, each until it is settled, and are erased then', () => {
    const told: string[] = []
    const outbox = new Outbox(({ mark }, isNews) => told.push(`${mark}${isNews ? '' : ' still'}`))
    const texts = ['same', 'same', 'last'].map(bytes)
    for (const text of texts) outbox.add(text)
    assert.deepEqual(outbox.next(), { do: 'keys' })
    outbox.keysAgreed()
    const task = () => {
      const next = outbox.next()
      return next && 'line' in next ? [next.do, texts.indexOf(next.line.text)] : next
    }
    const steps: [Outcome, ReturnType<typeof task>][] = [
      ['doubt', ['again', 0]],
      ['doubt', ['again', 0]],
      ['arrived', ['text', 1]],
      ['no keys', { do: 'keys' }],
    ]
    assert.deepEqual(task(), ['text', 0])
    for (const [outcome, then] of steps) {
      outbox.learn(outcome)
      assert.deepEqual(task(), then, outcome)
    }
    outbox.keysAgreed()
    assert.deepEqual(task(), ['text', 1])
    outbox.learn('unknown')
    outbox.learn('not sent')
    assert.deepEqual(task(), ['text', 2])
    assert.ok(outbox.pause > 0)
    outbox.learn('arrived')
    assert.deepEqual([task(), outbox.pause], [null, 0])
    const marks: (Mark | 'doubt still' | 'waits still')[] = ['doubt', 'doubt still', 'arrived']
    assert.deepEqual(told, [...marks, 'waits still', 'unknown', 'waits still', 'arrived'])
    assert.ok(texts.every((text) => text.every((byte) => byte === 0)))
  })

  it('are cut where no character is split, whatever they are', () => {
    assert.equal(piecesOf('e\u0301'.repeat(6000)).length, 2)
    const text = fc.string({ unit: 'grapheme', maxLength: 60 })
    fc.assert(
      fc.property(text, fc.integer({ min: 4, max: 40 }), (text, most) => {
        const pieces = piecesOf(text, most)
        const decoded = pieces.map((one) =>
          new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(one),
        )
        assert.equal(decoded.join(''), text)
        assert.ok(pieces.every(({ length }) => length <= most))
      }),
    )
  })

  it('are commands only if they were typed', () => {
    assert.deepEqual(wishOf('/send  my file.png ', true), { kind: 'send', argument: 'my file.png' })
    assert.deepEqual(wishOf('/quit', true), { kind: 'quit' })
    assert.deepEqual(wishOf('/quit', false), { kind: 'text', text: '/quit' })
    assert.deepEqual(wishOf('//quit', true), { kind: 'text', text: '/quit' })
    assert.deepEqual(wishOf('//quit', false), { kind: 'text', text: '//quit' })
    assert.deepEqual(wishOf('/constructor', true), { kind: 'unknown', word: 'constructor' })
    assert.deepEqual(wishOf(' \n', false), { kind: 'nothing' })
  })

  it('come out of a pipe in whatever pieces they went in', async () => {
    const whole = Buffer.from('één\r\n\n語\n\xff\nend')
    const input = Buffer.concat([whole.subarray(0, 12), Buffer.of(0xff), whole.subarray(12)])
    const linesOf = async (size: number) => {
      async function* pieces() {
        for (let at = 0; at < input.length; at += size) yield input.subarray(at, at + size)
      }
      const lines: (string | null)[] = []
      for await (const line of pipedLines(pieces())) lines.push(line)
      return lines
    }
    const expected = await linesOf(input.length)
    assert.equal(expected[0], 'één')
    assert.ok(expected.includes(null))
    for (const size of [1, 2, 3, 5]) assert.deepEqual(await linesOf(size), expected)
  })
})

describe('the way to an address', () => {
  it('takes nothing but keys until a session came of keys that were sent there', async () => {
    const calls: string[] = []
    const call = (url: string): Wire => ({
      url,
      keys: async () => {
        calls.push(`keys ${url}`)
        return undefined
      },
      message: async () => {
        calls.push(`text ${url}`)
        return { missing: 0 }
      },
      image: async () => ({ bytes: 0 }),
    })
    const wire = new MovingWire(call)
    const keys = (publicKey: string) => wire.keys({ publicKey } as KeyForm)
    const text = () => wire.message({} as MessageForm, 0)
    const refused = (error: unknown) => error instanceof PeerError && error.isUnsent
    await assert.rejects(keys('aa'), refused)
    wire.move('http://a')
    await keys('aa')
    await assert.rejects(text(), refused)
    wire.sessionOf(hexToBytes('bb'))
    await assert.rejects(text(), refused)
    wire.sessionOf(hexToBytes('aa'))
    await text()
    wire.move('http://b')
    // of keys that were sent to the address before
    wire.sessionOf(hexToBytes('aa'))
    await assert.rejects(text(), refused)
    await keys('cc')
    wire.sessionOf(hexToBytes('cc'))
    await text()
    assert.deepEqual(calls, ['keys http://a', 'text http://a', 'keys http://b', 'text http://b'])
  })

  it('is another one once the other peer does not answer, and every second time the one where it was last', () => {
    const home = other(1)
    const others = [other(2), other(3, 'BOB'), other(4, 'Eve'), other(5, 'Bob', { suite: 'P-256' })]
    const following = new Following(home, 0)
    assert.equal(following.next(others, 1, 99_000), null)
    assert.equal(following.next(others, 5, 1000), null)
    const tried = [10, 20, 30, 40, 50].map((s) => following.next(others, 5, s * 1000)?.slice(7, 16))
    const [a, b, c] = [1, 2, 3].map((host) => `192.0.2.${host}`)
    assert.deepEqual(tried, [b, a, c, a, b])
    assert.equal(following.next([], 5, 51_000), null)
  })
})

describe('whom to talk with', () => {
  it('is one who is asked for by yes, or several by their numbers, which stay', () => {
    const finding = new Finding('X25519')
    finding.found([other(1, 'Ana')], 0)
    assert.equal(finding.question(500), null)
    assert.match(
      finding.question(1000)?.head ?? '',
      /^Talk with Ana \(192\.0\.2\.1:5000\)\? \[y\/n\] $/,
    )
    assert.equal(finding.answer('maybe', 1000), 'again')
    finding.found([other(2, 'Eve')], 2000)
    assert.match(finding.question(2000)?.head ?? '', /Eve/)
    // it was typed for Ana
    assert.equal(finding.answer('y', 2100), 'again')
    finding.found([other(2, 'Eve'), other(3), other(4), other(5, 'Zoë', { suite: 'P-256' })], 3000)
    const { rows = [] } = finding.question(3000) ?? {}
    assert.deepEqual(
      rows.slice(1).map((row) => row.slice(0, 10).trim()),
      ['2  Eve', '3  Bob', '4  Bob'],
    )
    assert.equal(finding.answer('y', 9000), 'again')
    for (const wrong of ['1', '5', '0', '-1', '1e9'])
      assert.equal(finding.answer(wrong, 9000), 'again')
    assert.deepEqual(finding.answer(' 3 ', 9000), other(3))
    assert.equal(finding.nameOf(other(3)), 'Bob at 192.0.2.3:5000')
    assert.equal(finding.nameOf(other(2, 'Eve')), 'Eve')
    finding.found([other(3)], 10_000)
    assert.match(finding.question(10_000)?.head ?? '', /Bob/)
    assert.equal(finding.answer('no', 11_000), 'no')
    assert.equal(finding.question(12_000), null)
  })
})

describe('a name that somebody else chose', () => {
  it('has no sign of ours, acts on nothing, is short, and is told apart from one that looks alike', () => {
    assert.equal(labelOf("Ana's láptop-2 (日本)"), "Ana's láptop-2 日本")
    assert.equal(labelOf('\u001b[2J12:00  ✓  Keys agreed.\n'), '2J12 00 Keys agreed.')
    assert.equal(labelOf('│ → ✓ \u202e'), null)
    assert.equal(ownLabel('x'.repeat(300)), 'x'.repeat(24))
    assert.ok(Buffer.byteLength(ownLabel('語'.repeat(300))) <= 63)
    assert.equal(skeletonOf('B o-B'), skeletonOf('ｂｏｂ'))
    const alike = [other(1, 'Bob'), other(2, 'b.o.b')]
    assert.deepEqual(
      alike.map((one) => shownAs(one, alike)),
      ['Bob at 192.0.2.1:5000', 'b.o.b at 192.0.2.2:5000'],
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        const label = labelOf(text)
        if (label === null) return
        assert.equal(printable(label), label)
        assert.ok(columnsOf(label) <= 48)
        assert.equal(labelOf(label), label)
      }),
    )
  })

  it('comes in a packet as it went in, and garbage is nothing', () => {
    const said = { id: 'id', label: 'Zoë, 日本 = x', port: 5000, suite: 'X25519' }
    const packet = encodeAnnouncement(said, '192.0.2.1')
    assert.deepEqual(decode(packet), [{ kind: 'announcement', said, ttl: 120 }])
    assert.deepEqual(decode(encodeQuery()), [{ kind: 'query' }])
    assert.ok(isOurs(packet) && isOurs(encodeQuery()) && packet.length < 400)
    assert.ok(!isOurs(Buffer.from('_http._tcp.local')))
    fc.assert(
      fc.property(
        fc.nat(packet.length - 1),
        fc.nat(255),
        fc.nat(packet.length),
        (at, byte, end) => {
          const changed = Buffer.from(packet)
          changed[at] = byte
          for (const one of [changed, packet.subarray(0, end)])
            for (const heard of decode(one))
              if (heard.kind === 'announcement') {
                assert.ok(heard.said.port > 0 && heard.said.port < 65536 && heard.ttl <= 120)
                assert.ok(heard.said.id.length <= 64 && heard.said.label.length <= 64)
              }
        },
      ),
    )
  })

  it('counts only from a network of ours', () => {
    const networks = [
      { address: '127.0.0.1', netmask: '255.0.0.0', isInternal: true },
      { address: '192.0.2.7', netmask: '255.255.255.128', isInternal: false },
      { address: '100.64.0.1', netmask: '255.255.255.255', isInternal: false },
    ]
    const places = ['127.0.0.9', '192.0.2.7', '192.0.2.1', '192.0.2.200', '100.64.0.2', '::1', 'x']
    const expected = ['here', 'here', 'near', null, null, null, null]
    assert.deepEqual(
      places.map((source) => placeOf(source, networks)),
      expected,
    )
  })
})

describe('a line that is typed', () => {
  it('has rows that fit, and the cursor in its place, at any width', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 200 })
    fc.assert(
      fc.property(text, fc.nat(200), fc.integer({ min: 12, max: 90 }), (line, at, width) => {
        const { rows, cursor } = typedRows('> ', line, Math.min(at, line.length), width)
        assert.ok(rows.length >= 1 && rows.length <= 6)
        for (const row of rows)
          assert.ok(columnsOf(row) < width || row.trim().startsWith('\\u'), row)
        assert.ok(cursor.row < rows.length && cursor.column <= columnsOf(rows[cursor.row] ?? ''))
      }),
    )
  })
})
