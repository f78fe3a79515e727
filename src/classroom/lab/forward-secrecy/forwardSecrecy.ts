/** Recorded sessions, then stolen memory: which messages open with it, and which never will again. */

import { bytesToHex } from '../../../protocol/bytes.ts'
import type { Suite } from '../../../protocol/suites.ts'
import { fact, heading, readable, type Say, table, wrap } from '../../../terminal/layout.ts'
import { step } from '../call.ts'
import { type Found, valuesIn } from '../memoryWalk.ts'
import { type OwnPeer, withOwnPair } from '../ownPair.ts'
import {
  exchangeRecorded,
  type OpenRecording,
  sendPictureRecorded,
  sendRecorded,
} from '../recorder.ts'
import { type Attempt, tryEverything } from '../theft.ts'

/** `ecdh-duet lab forward-secrecy`. */
export async function forwardSecrecy(say: Say, suite: Suite): Promise<void> {
  await withOwnPair(suite, async (a, b) => {
    const { recorded, rows, thefts } = await days(suite, a, b)
    const attempts = thefts.map((values) =>
      tryEverything(
        recorded,
        values.map(({ bytes }) => bytes),
      ),
    )
    say(...scene(suite, a, b), ...found(thefts[1] ?? []))
    say(...results(recorded, rows, attempts), ...conclusion())
  })
}

/** What a row of the table is about. */
interface Row {
  readonly day: string
  readonly way: string
  readonly what: string
}

/** The two talk, and their memory is stolen: in the order of the table, and of its columns. */
async function days(suite: Suite, a: OwnPeer, b: OwnPeer) {
  const rows: Row[] = []
  const recorded: OpenRecording[] = []
  const wayOf = (from: OwnPeer) => (from === a ? 'A → B' : 'B → A')
  const exchange = async () => {
    const recording = await exchangeRecorded(suite, a, b)
    recorded.push(recording)
    return recording
  }
  const say = async (recording: OpenRecording, from: OwnPeer, day: string, what: string) => {
    const text =
      from === a ? `${day}: where is the key to the archive?` : `${day}: under the flower pot.`
    await sendRecorded(recording, from, from === a ? b : a, text)
    rows.push({ day, way: wayOf(from), what })
  }
  const read = async () => {
    for (const { url, live } of [a, b])
      if (live.publicState().waiting.length > 0) await step(url, '/decrypt_msg')
  }

  const yesterday = await exchange()
  await say(yesterday, a, 'yesterday', 'text, read')
  await read()
  const today = await exchange()
  await say(today, a, 'today', 'text, read')
  await say(today, b, 'today', 'text, read')
  await sendPictureRecorded(today, a, b)
  rows.push({ day: 'today', way: wayOf(a), what: 'picture, received' })
  await read()
  await say(today, a, 'today', 'text, unread')

  const [ofA, ofB] = [valuesIn(a.live), valuesIn(b.live)]
  const identities = [...ofA, ...ofB].filter(({ path }) => path.endsWith('identity #privateKey'))

  await say(today, a, 'tonight', 'sent after 1 to 4')
  await say(today, b, 'tonight', 'sent after 1 to 4')
  await read()
  const tomorrow = await exchange()
  const later = [...valuesIn(a.live), ...valuesIn(b.live)]
  await say(tomorrow, a, 'tomorrow', 'sent after 5')
  await read()

  return { recorded, rows, thefts: [identities, ofA, ofB, [...ofA, ...ofB], later] }
}

function scene(suite: Suite, a: OwnPeer, b: OwnPeer): string[] {
  return [
    ...heading('1. Three sessions, recorded'),
    ...wrap(
      `The lab starts two ordinary peers on ${suite.name}, A at ${a.url} and B at ${b.url}, and records all that goes over the wire between them. They run /send_keys on both yesterday, today and tomorrow, and send texts and a picture. In between their memory is stolen: Node's own debugger walks over everything that the running peer holds, private fields included, and takes each value of 32 bytes${suite.kem === null ? '' : ' and each private key of the KEM'}.`,
    ),
  ]
}

function found(values: readonly Found[]): string[] {
  return [
    '',
    `What lies in the memory of A today, ${values.length} values, by the names that the program has for them:`,
    '',
    ...table(
      [66, 22],
      ['where', 'value'],
      values.map(({ path, bytes }) => [path, `${bytesToHex(bytes).slice(0, 20)}…`]),
    ),
  ]
}

function results(
  recorded: readonly OpenRecording[],
  rows: readonly Row[],
  attempts: readonly Attempt[],
): string[] {
  const sealed = recorded.flatMap(({ sealed }, s) => sealed.map((each, m) => ({ each, s, m })))
  return [
    ...heading('2. The thefts'),
    ...fact('theft 1', 'both identity keys'),
    ...fact('theft 2', "all that A's program holds today, while one text waits unread at B"),
    ...fact('theft 3', "all that B's program holds at that time"),
    ...fact('theft 4', 'all of both at once'),
    ...fact('theft 5', 'all of both at once, tomorrow: after one more /send_keys on both'),
    '',
    ...table(
      [9, 5, 17, 7, 5, 5, 5, 5, 5],
      ['', 'way', 'what', 'sealed', '1', '2', '3', '4', '5'],
      sealed.map(({ each, s, m }, i) => [
        rows[i]?.day === rows[i - 1]?.day ? '' : (rows[i]?.day ?? ''),
        rows[i]?.way ?? '',
        rows[i]?.what ?? '',
        `${bytesToHex(each.ciphertext).slice(0, 6)}…`,
        ...attempts.map(({ texts }) => (texts[s]?.[m] ? 'opens' : '-')),
      ]),
    ),
    '',
    ...wrap(
      `Each value was tried on each of them: as its key, as a chain of keys, as what the keys of its session come from, as a private key, and in the place of each secret that is missing then. Keys tried, for each theft: ${attempts.map(({ tries }) => tries.toLocaleString('en-US')).join(', ')}.`,
    ),
    '',
    'What theft 3 reads:',
    ...(attempts[2]?.texts.flat() ?? []).flatMap((text) => (text ? [`  ${readable(text)}`] : [])),
  ]
}

function conclusion(): string[] {
  return [
    ...heading('3. What that says'),
    ...fact(
      'identity keys',
      'open nothing. They prove who speaks; of the three shared secrets that make the keys, DH(e1, e2) needs a private key that was erased when the exchange was done. But their thief can pose as their owner from now on.',
    ),
    ...fact(
      'what was read',
      'stays closed to whoever has all of the memory of the one who sent it, or of the one who read it. Each message has its own key, which is overwritten once it has sealed, or once the text was read. The chain goes on by a hash, and no hash goes back.',
    ),
    ...fact('what waits unread', 'is held sealed, with its one key, until /decrypt_msg.'),
    ...fact(
      'what is still to come',
      'in this session opens: from the chain that she holds, she computes every key after it. So do messages of the session before that are late.',
    ),
    ...fact(
      '/send_keys again',
      'on both closes it: the next session comes from private keys that did not exist at the time of the theft.',
    ),
    ...fact(
      'both at once',
      'is more than two thefts. While a session is the current one, a peer keeps DH(e1, e2) (and the ML-KEM secret), since /show prints it. With both identities that is all that the keys come from, and the session opens from its beginning. So it is for who steals the memory of one program that is both peers. A program that has nothing to show erases it with the private keys. After /send_keys on both it is gone here too: theft 5.',
    ),
  ]
}
