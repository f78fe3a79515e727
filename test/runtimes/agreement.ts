/**
 * Two peers of this process agree and talk on every suite, over JSON as the wire has it. It is bundled and run where there
 * is no Node: it asks for nothing but the door of the protocol and the language, and prints nothing.
 */

import {
  Exchange,
  encodeAnswer,
  encodeKeyMessage,
  encodeMessage,
  HEADER_BYTES,
  KeyPair,
  PictureOpener,
  PictureSealer,
  parseAnswer,
  parseHeader,
  parseKeyMessage,
  parseMessage,
  SUITES,
  type Suite,
  safetyNumber,
} from '../../src/protocol/index.ts'

const utf8ToBytes = (text: string) => new TextEncoder().encode(text)

/** Two chunks and a bit. */
const PICTURE = utf8ToBytes('GIF89a'.padEnd(150_000, 'picture'))
const TEXTS = ['', 'Meet me at noon', '¿Qué tal? 🜁'.padEnd(8_000, 'é')]

/** The names of the suites on which all of it went well. @throws Error that says what did not */
export function agreement(): string[] {
  return Object.values(SUITES).map((suite) => {
    const [a, b] = [peer(suite), peer(suite)]
    keysOf(a, b)
    keysOf(b, a)
    const [one, other] = [a, b].map(({ current, identity, peerIdentity, suite }) => ({
      id: current?.id,
      secrets: current?.exportSharedSecrets(),
      number: safetyNumber(suite.curve, identity.publicKey, peerIdentity ?? new Uint8Array(0)),
    }))
    same('sessions', one, other)
    for (const text of TEXTS) talk(a, b, text)
    talk(b, a, 'And I?')
    picture(b, a)
    return suite.name
  })
}

function peer(suite: Suite): Exchange {
  return new Exchange(suite, new KeyPair(suite.curve))
}

/** What arrives of a JSON value. */
const overTheWire = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown

function keysOf(from: Exchange, to: Exchange): void {
  const { suite } = from
  const sent = overTheWire(encodeKeyMessage(suite, from.startKeys()))
  const { confirm } = to.receiveKeys(parseKeyMessage(suite, sent))
  from.receiveAnswer(parseAnswer(suite, overTheWire(encodeAnswer(confirm))))
}

function talk(from: Exchange, to: Exchange, text: string): void {
  const sent = encodeMessage(from.sendMessage(utf8ToBytes(text)))
  const ends = sent.ciphertext.endsWith('0') ? '1' : '0'
  const changed = { ...sent, ciphertext: sent.ciphertext.slice(0, -1) + ends }
  same(
    'a text that was changed',
    codeOf(() => take(to, changed)),
    'decrypt_failed',
  )
  same(
    'capitals',
    codeOf(() => take(to, { ...sent, session: 'AB'.repeat(16) })),
    'bad_encoding',
  )
  take(to, sent)
  same(
    'a copy',
    codeOf(() => take(to, sent)),
    'replay',
  )
  from.messageAnswered('accepted')
  same('texts', new TextDecoder().decode(to.openOldest().text), text)
}

const take = (to: Exchange, form: unknown) => to.receiveMessage(parseMessage(overTheWire(form)))

function codeOf(run: () => unknown): unknown {
  try {
    run()
    return null
  } catch (error) {
    return error instanceof Error && error.name === 'DuetError' && 'code' in error && error.code
  }
}

function picture(from: Exchange, to: Exchange): void {
  const { header, key } = from.sendPicture()
  const metadata = { type: 'image/gif', bytes: PICTURE.length, name: 'p.gif' } as const
  const sealer = new PictureSealer(header, key, metadata)
  // views of one buffer that is used again, as networks give them
  const buffer = new Uint8Array(200_000)
  let filled = 0
  for (const piece of [sealer.header, ...sealer.seal(PICTURE), ...sealer.end()]) {
    buffer.set(piece, filled)
    filled += piece.length
  }
  const incoming = to.receivePicture(parseHeader(buffer.subarray(0, HEADER_BYTES)))
  const opener = new PictureOpener(incoming.key, PICTURE.length)
  const opened = [...opener.open(buffer.subarray(HEADER_BYTES, filled)), opener.end()]
  incoming.accept()
  same(
    'the picture is whole',
    opened.flatMap((piece) => [...piece]).every((byte, i) => byte === PICTURE[i]),
    true,
  )
}

function same(what: string, one: unknown, other: unknown): void {
  const [a, b] = [one, other].map((value) => JSON.stringify(value))
  if (a !== b) throw new Error(`${what}: ${a?.slice(0, 200)} is not ${b?.slice(0, 200)}`)
}
