/** Transcripts made wrong: each rule of the check broken once. */

import type { Suite } from '../../src/protocol/suites.ts'
import type { FindingCode } from '../../src/transcript/finding.ts'
import type { Json } from './transcripts.ts'

/** `text` with another hex digit at `i`. */
export function turnedAt(text: string, i: number): string {
  return text.slice(0, i) + (text[i] === '7' ? '8' : '7') + text.slice(i + 1)
}

type Change = (transcript: Json) => void

/** A change to a's transcript, what is found then, and whether the documented script finds it too. */
type Wrong = [what: string, code: FindingCode, change: Change, byScript: boolean]

export function wrongInOneWay({ kem }: Suite): Wrong[] {
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
    ...(kem === null ? ['publicKey'] : ['publicKey', 'x25519', 'confirm.ciphertext']).map(
      (field): Wrong => [
        `a ${field} that was changed wherever it stands`,
        'bad_session',
        // the fifth digit: another number in an encapsulation key, and none that is too large
        (t) => {
          for (const { form, way, parts } of t.events)
            if (field === 'confirm.ciphertext' || (form === 'key message' && way === 'sent'))
              for (const one of parts ?? []) if (one.field === field) turn(one, 'text', 4)
        },
        true,
      ],
    ),
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
      'a message that waits and never came',
      'bad_state',
      ({ state }) => {
        state.waiting.push({ session: state.session.id, seq: 0, bytes: 56 })
      },
      false,
    ],
    [
      'an answer that is missing, with the records numbered anew',
      'bad_record',
      (t) => {
        const [answer] = wire(t, 'answer to a key message', 'received', 'answer')
        t.events.splice(t.events.indexOf(answer), 1)
        for (const event of t.events) {
          if (event.n > answer.n) event.n--
          if (event.to > answer.n) event.to--
        }
      },
      false,
    ],
    [
      "a key of the other side's that is this one's own",
      'bad_keys',
      (t) => {
        const field = kem === null ? 'publicKey' : 'x25519'
        const [, own] = wire(t, 'key message', 'sent')
        const [, others] = wire(t, 'key message', 'received')
        part(others, field).text = part(own, field).text
      },
      true,
    ],
    [
      "a confirmation of the other side's with this one's tag",
      'bad_session',
      (t) => {
        const [own] = wire(t, 'answer to a key message', 'sent', 'answer')
        const [others] = wire(t, 'key message', 'received')
        part(others, 'confirm.tag').text = part(own, 'confirm.tag').text
      },
      false,
    ],
    [
      'a step that failed and has no code',
      'bad_record',
      (t) => {
        t.events.find(({ type }: Json) => type === 'step').status = 409
      },
      false,
    ],
    [
      'a message that nobody answered, and yet with an answer',
      'bad_record',
      (t) => {
        const [answer] = wire(t, 'answer to a sealed message', 'received', 'answer')
        answer.status = null
      },
      false,
    ],
    [
      'a session in a message that is too short',
      'bad_record',
      (t) => {
        const [event] = messages(t)
        const session = part(event, 'session')
        session.text = session.text.slice(2)
        event.bytes -= 2
      },
      false,
    ],
    [
      'a safety number of one identity',
      'bad_safety_number',
      ({ state }) => {
        state.peer.identity = null
      },
      // it ends with an error then
      true,
    ],
    [
      'an answer to a step',
      'bad_record',
      (t) => {
        const [answer] = wire(t, 'answer to a sealed message', 'received', 'answer')
        answer.to = t.events.find(({ type }: Json) => type === 'step').n
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
