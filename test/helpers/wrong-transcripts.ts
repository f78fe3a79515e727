/** Transcripts made wrong: every digit of their bytes, and each rule of the check broken once. */

import type { Suite } from '../../src/protocol/suites.ts'
import type { FindingCode } from '../../src/transcript/finding.ts'
import type { Json } from './transcripts.ts'

/** `text` with another hex digit at `i`. */
export function turnedAt(text: string, i: number): string {
  return text.slice(0, i) + (text[i] === '7' ? '8' : '7') + text.slice(i + 1)
}

/** Where in a transcript bytes stand in hex, but for the explanations. */
export function* hexIn(value: Json, place: string[] = []): Generator<string[]> {
  if (typeof value === 'string') {
    if (/^(?:[0-9a-f]{2})+$/.test(value)) yield place
  } else if (typeof value === 'object' && value !== null)
    for (const name of Object.keys(value))
      if (place.length > 0 || name !== 'forms') yield* hexIn(value[name], [...place, name])
}

/**
 * What nobody can tell from one transcript, since it does not follow from what is in it: sealed bytes; a tag that
 * was sent once; the name of the run; the number of a picture that came, since those before it may be lost, unless it
 * is the last; and which session an answer confirms, if a message that opened says as much.
 */
export function isHidden(transcript: Json, [first, n, , i, kind]: string[]): boolean {
  if (first === 'run') return true
  if (first !== 'events') return false
  const event = transcript.events[Number(n)]
  const { field } = event.parts[Number(i)]
  if (event.form === 'sealed message') return field === 'ciphertext' || field === 'tag'
  if (event.form === 'picture header')
    return field === 'number' && kind === 'hex' && event.way === 'received'
  if (field === 'confirm.tag') return true
  return field === 'confirm.session' && event.type === 'answer' && event.way === 'received'
}

type Change = (transcript: Json) => void

/** Changes to a's transcript, what is found then, and whether the documented script finds it too. */
export function wrongInOneWay({ kem }: Suite): [string, FindingCode, Change, boolean][] {
  const wire = (transcript: Json, form: string, way: string, type = 'request') =>
    transcript.events.filter(
      (event: Json) => event.form === form && event.way === way && event.type === type,
    )
  const part = (event: Json, field: string) =>
    event.parts.find((part: Json) => part.field === field)
  const turn = (holder: Json, name: string, at = 0) => {
    holder[name] = turnedAt(holder[name], at)
  }
  const renumbered = (transcript: Json, n: number) => {
    const at = transcript.events.findIndex((event: Json) => event.n === n)
    transcript.events.splice(at, 1)
  }
  const messages = (t: Json) => wire(t, 'sealed message', 'sent')
  return [
    ['another session', 'bad_session', ({ state }) => turn(state.session, 'id'), true],
    [
      'another safety number',
      'bad_safety_number',
      ({ state }) => turn(state, 'safetyNumber'),
      true,
    ],
    [
      'a safety number with its halves exchanged',
      'bad_safety_number',
      ({ state }) => {
        state.safetyNumber = `${state.safetyNumber.slice(36)} ${state.safetyNumber.slice(0, 35)}`
      },
      true,
    ],
    [
      'a public key that was changed wherever it stands',
      'bad_session',
      (t) => {
        for (const event of wire(t, 'key message', 'sent'))
          turn(part(event, kem === null ? 'publicKey' : 'x25519'), 'text', 5)
      },
      true,
    ],
    ...(kem === null
      ? []
      : ([
          [
            'a ciphertext that was changed wherever it stands',
            'bad_session',
            (t) => {
              for (const event of t.events)
                for (const one of event.parts ?? [])
                  if (one.field === 'confirm.ciphertext') turn(one, 'text', 9)
            },
            true,
          ],
        ] as [string, FindingCode, Change, boolean][])),
    ['a record without its end', 'bad_record', (t) => messages(t)[0].parts.pop(), true],
    [
      'a length that is another one',
      'bad_record',
      (t) => {
        messages(t)[1].bytes++
      },
      true,
    ],
    [
      'a message under a number that is taken',
      'bad_numbers',
      (t) => {
        part(messages(t)[2], 'seq').text = '0'
      },
      true,
    ],
    [
      'a number with a gap before it',
      'bad_numbers',
      (t) => {
        part(messages(t)[2], 'seq').text = '5'
      },
      false,
    ],
    ['a record that is missing', 'bad_numbers', (t) => renumbered(t, 3), false],
    [
      'a record that is missing, and said to be dropped',
      'bad_numbers',
      (t) => {
        renumbered(t, 3)
        t.dropped = 1
      },
      false,
    ],
    [
      'the first records missing, and said to be dropped',
      'bad_numbers',
      (t) => {
        t.events.splice(0, 3)
        t.dropped = 3
      },
      false,
    ],
    [
      'records in another order',
      'bad_numbers',
      (t) => t.events.splice(4, 2, t.events[5], t.events[4]),
      false,
    ],
    [
      'a field under the name of another',
      'bad_record',
      (t) => {
        const [event] = wire(t, 'key message', 'received')
        part(event, 'identity').field = 'basePoint'
      },
      // it does not find the identity then
      true,
    ],
    [
      'a message that the state does not count',
      'bad_session',
      ({ state }) => {
        state.session.sent++
      },
      false,
    ],
    [
      'an identity that is another one in the state',
      'bad_state',
      ({ state }) => {
        const { identity } = state
        state.identity = state.peer.identity
        state.peer.identity = identity
      },
      false,
    ],
    [
      'a public key that is another one in the state',
      'bad_state',
      ({ state }) => {
        state.publicKey = state.peer.publicKey
      },
      false,
    ],
    ['another base point', 'bad_keys', ({ state }) => turn(state, 'basePoint', 2), false],
    [
      'a point that is none',
      'bad_keys',
      (t) => {
        const [event] = wire(t, 'key message', 'received')
        part(event, 'identity').text = '00'.repeat(part(event, 'identity').text.length / 2)
      },
      false,
    ],
    [
      'a picture that came last and is another one in the state',
      'bad_state',
      ({ state }) => turn(state.image, 'sealed', 47),
      false,
    ],
    [
      'a picture of another length',
      'bad_record',
      (t) => {
        const [event] = wire(t, 'picture header', 'received')
        event.bytes += 70_000
      },
      false,
    ],
    [
      'an answer to what was never asked',
      'bad_record',
      (t) => {
        const [event] = wire(t, 'answer to a sealed message', 'received', 'answer')
        event.to = 1
      },
      false,
    ],
    [
      'an answer that is a refusal in its status alone',
      'bad_record',
      (t) => {
        const [event] = wire(t, 'answer to a key message', 'received', 'answer')
        event.status = 409
      },
      false,
    ],
    [
      'a field too many',
      'bad_form',
      ({ state }) => {
        state.mark = 'A+'
      },
      false,
    ],
    [
      'a form that is none',
      'bad_form',
      ({ forms }) => {
        delete forms.refusal
      },
      false,
    ],
    [
      'a time that is none',
      'bad_form',
      ({ events }) => {
        events[0].at = 'noon'
      },
      false,
    ],
  ]
}
