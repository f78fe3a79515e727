/** Transcripts made wrong: each rule of the check broken once. */

import type { Suite } from '../../src/protocol/suites.ts'
import type { FindingCode } from '../../src/transcript/finding.ts'
import type { Json } from './transcripts.ts'

/** `text` with another hex digit at `i`. */
export function turnedAt(text: string, i: number): string {
  return text.slice(0, i) + (text[i] === '7' ? '8' : '7') + text.slice(i + 1)
}

type Change = (transcript: Json) => void
/** Finds something in a transcript. */
type Pick = (transcript: Json) => Json

/** A change to a's transcript, what is found then, and whether the documented script finds it too. */
type Wrong = [what: string, code: FindingCode, change: Change, byScript?: boolean]

/** Puts something in the place of a value, or what becomes of it. */
function put(holder: Pick, name: string, by: Json): Change {
  return (transcript) => {
    const at = holder(transcript)
    at[name] = typeof by === 'function' ? by(at[name]) : by
  }
}

/** Another digit in it. */
const turn = (holder: Pick, name: string, at = 0) =>
  put(holder, name, (text: string) => turnedAt(text, at))

const state: Pick = (t) => t.state
const session: Pick = (t) => t.state.session
const step: Pick = (t) => t.events.find(({ type }: Json) => type === 'step')

/** The `i`th event on the wire of a form and a way. */
const event =
  (form: string, way: string, type = 'request', i = 0): Pick =>
  (t) =>
    t.events.filter((one: Json) => one.form === form && one.way === way && one.type === type)[i]
const message = (i: number) => event('sealed message', 'sent', 'request', i)
const answer = event('answer to a sealed message', 'received', 'answer')
const keys = event('key message', 'received')
const keyAnswer = event('answer to a key message', 'received', 'answer')

const partOf = (of: Json, field: string): Json =>
  of.parts.find((part: Json) => part.field === field)
const part =
  (of: Pick, field: string): Pick =>
  (t) =>
    partOf(of(t), field)

/** Takes the third record out. */
const withoutOne: Change = ({ events }) => {
  events.splice(
    events.findIndex(({ n }: Json) => n === 3),
    1,
  )
}

export function wrongInOneWay({ kem }: Suite): Wrong[] {
  const changedKeys = kem === null ? ['publicKey'] : ['publicKey', 'x25519', 'confirm.ciphertext']
  const halfOfKey = kem === null ? 'publicKey' : 'x25519'
  return [
    ['another session', 'bad_session', turn(session, 'id'), true],
    ['another safety number', 'bad_safety_number', turn(state, 'safetyNumber'), true],
    [
      'a safety number with its halves exchanged',
      'bad_safety_number',
      put(state, 'safetyNumber', (text: string) => `${text.slice(36)} ${text.slice(0, 35)}`),
      true,
    ],
    ...changedKeys.map(
      (field): Wrong => [
        `a ${field} that was changed wherever it stands`,
        'bad_session',
        // the fifth digit: another number in an encapsulation key, and none that is too large
        (t) => {
          for (const { form, way, parts } of t.events)
            if (field === 'confirm.ciphertext' || (form === 'key message' && way === 'sent'))
              for (const one of parts ?? [])
                if (one.field === field) one.text = turnedAt(one.text, 4)
        },
        true,
      ],
    ),
    ['a record without its end', 'bad_record', (t) => message(0)(t).parts.pop(), true],
    [
      'a length that is another one',
      'bad_record',
      put(message(1), 'bytes', (n: number) => n + 1),
      true,
    ],
    [
      'a message under a number that is taken',
      'bad_numbers',
      put(part(message(2), 'seq'), 'text', '0'),
      true,
    ],
    ['a number with a gap before it', 'bad_numbers', put(part(message(2), 'seq'), 'text', '5')],
    ['a record that is missing', 'bad_numbers', withoutOne],
    [
      'a record that is missing, and said to be dropped',
      'bad_numbers',
      (t) => {
        withoutOne(t)
        t.dropped = 1
      },
    ],
    [
      'the first records missing, and said to be dropped',
      'bad_numbers',
      (t) => {
        t.events.splice(0, 3)
        t.dropped = 3
      },
    ],
    [
      'records in another order',
      'bad_numbers',
      (t) => t.events.splice(4, 2, t.events[5], t.events[4]),
    ],
    [
      'a field under the name of another',
      'bad_record',
      put(part(keys, 'identity'), 'field', 'basePoint'),
      // it does not find the identity then
      true,
    ],
    [
      'a message that the state does not count',
      'bad_session',
      put(session, 'sent', (n: number) => n + 1),
    ],
    [
      'an identity that is another one in the state',
      'bad_state',
      ({ state }) => {
        const { identity } = state
        state.identity = state.peer.identity
        state.peer.identity = identity
      },
    ],
    [
      'a public key that is another one in the state',
      'bad_state',
      ({ state }) => {
        state.publicKey = state.peer.publicKey
      },
    ],
    ['another base point', 'bad_keys', turn(state, 'basePoint', 2)],
    [
      'a point that is none',
      'bad_keys',
      put(part(keys, 'identity'), 'text', (text: string) => '0'.repeat(text.length)),
    ],
    [
      'a picture that came last and is another one in the state',
      'bad_state',
      turn((t) => t.state.image, 'sealed', 47),
    ],
    [
      'a picture of another length',
      'bad_record',
      put(event('picture header', 'received'), 'bytes', (n: number) => n + 70_000),
    ],
    ['an answer to what was never asked', 'bad_record', put(answer, 'to', 1)],
    [
      'an answer that is a refusal in its status alone',
      'bad_record',
      put(keyAnswer, 'status', 409),
    ],
    [
      'a message that waits and never came',
      'bad_state',
      ({ state }) => state.waiting.push({ session: state.session.id, seq: 0, bytes: 56 }),
    ],
    [
      'an answer that is missing, with the records numbered anew',
      'bad_record',
      (t) => {
        const answer = keyAnswer(t)
        t.events.splice(t.events.indexOf(answer), 1)
        for (const event of t.events) {
          if (event.n > answer.n) event.n--
          if (event.to > answer.n) event.to--
        }
      },
    ],
    [
      "a key of the other side's that is this one's own",
      'bad_keys',
      (t) => {
        const own = partOf(event('key message', 'sent', 'request', 1)(t), halfOfKey)
        partOf(event('key message', 'received', 'request', 1)(t), halfOfKey).text = own.text
      },
      true,
    ],
    [
      "a confirmation of the other side's with this one's tag",
      'bad_session',
      (t) => {
        const own = event('answer to a key message', 'sent', 'answer')(t)
        partOf(keys(t), 'confirm.tag').text = partOf(own, 'confirm.tag').text
      },
    ],
    ['a step that failed and has no code', 'bad_record', put(step, 'status', 409)],
    [
      'a message that nobody answered, and yet with an answer',
      'bad_record',
      put(answer, 'status', null),
    ],
    [
      'a session in a message that is too short',
      'bad_record',
      (t) => {
        const one = message(0)(t)
        partOf(one, 'session').text = partOf(one, 'session').text.slice(2)
        one.bytes -= 2
      },
    ],
    [
      'a safety number of one identity',
      'bad_safety_number',
      put((t) => t.state.peer, 'identity', null),
      // it ends with an error then
      true,
    ],
    [
      'an answer to a step',
      'bad_record',
      (t) => {
        answer(t).to = step(t).n
      },
    ],
    ['a field too many', 'bad_form', put(state, 'mark', 'A+')],
    ['a form that is none', 'bad_form', (t) => delete t.forms.refusal],
    ['a time that is none', 'bad_form', put((t) => t.events[0], 'at', 'noon')],
  ]
}
