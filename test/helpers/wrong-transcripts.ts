/** Transcripts made wrong: each rule of the check broken once. */

import type { FindingCode } from '../../src/classroom/transcript/finding.ts'
import type { Suite } from '../../src/protocol/suites.ts'
import type { Json } from './transcripts.ts'

/** `text` with another hex digit at `i`. */
export function turnedAt(text: string, i: number): string {
  return text.slice(0, i) + (text[i] === '7' ? '8' : '7') + text.slice(i + 1)
}

type Change = (transcript: Json) => unknown

/** A change to a's transcript, what is found then, and whether the documented script finds it too. */
type Wrong = [what: string, code: FindingCode, change: Change, byScript: boolean]
type Changes = Partial<Record<FindingCode, Record<string, Change>>>

const eventsOf = (transcript: Json, form: string, way: string, type = 'request') =>
  transcript.events.filter(
    (event: Json) => event.form === form && event.way === way && event.type === type,
  )
const part = (event: Json, field: string) => event.parts.find((part: Json) => part.field === field)
const put = (holder: Json, name: string, value: unknown) => Object.assign(holder, { [name]: value })
const turn = (holder: Json, name: string, at = 0) => put(holder, name, turnedAt(holder[name], at))
const copy = (from: Json, to: Json, field: string) =>
  put(part(to, field), 'text', part(from, field).text)
const drop = (transcript: Json, event: Json) =>
  transcript.events.splice(transcript.events.indexOf(event), 1)
const numbered = ({ events }: Json, n: number) => events.find((event: Json) => event.n === n)
const aStep = ({ events }: Json) => events.find(({ type }: Json) => type === 'step')
const messages = (t: Json) => eventsOf(t, 'sealed message', 'sent')
const answerTo = (t: Json, form: string, way = 'received') =>
  eventsOf(t, `answer to a ${form}`, way, 'answer')[0]

export function wrongInOneWay({ kem }: Suite): Wrong[] {
  const turned = (field: string): Change => {
    // the fifth digit: another number in an encapsulation key, and none that is too large
    return (t) => {
      for (const { form, way, parts } of t.events)
        if (field === 'confirm.ciphertext' || (form === 'key message' && way === 'sent'))
          for (const one of parts ?? []) if (one.field === field) turn(one, 'text', 4)
    }
  }
  const keys = kem === null ? ['publicKey'] : ['publicKey', 'x25519', 'confirm.ciphertext']
  const foundByBoth: Changes = {
    bad_session: {
      'another session': ({ state }) => turn(state.session, 'id'),
      ...Object.fromEntries(
        keys.map((field) => [`a ${field} that was changed wherever it stands`, turned(field)]),
      ),
    },
    bad_safety_number: {
      'another safety number': ({ state }) => turn(state, 'safetyNumber'),
      'a safety number with its halves exchanged': ({ state }) =>
        put(state, 'safetyNumber', state.safetyNumber.replace(/^(.{35}) (.{35})$/, '$2 $1')),
      // the script ends with an error then
      'a safety number of one identity': ({ state }) => put(state.peer, 'identity', null),
    },
    bad_record: {
      'a record without its end': (t) => messages(t)[0].parts.pop(),
      'a length that is another one': (t) => messages(t)[1].bytes++,
      // the script does not find the identity then
      'a field under the name of another': (t) =>
        put(part(eventsOf(t, 'key message', 'received')[0], 'identity'), 'field', 'basePoint'),
    },
    bad_numbers: {
      'a message under a number that is taken': (t) =>
        put(part(messages(t)[2], 'seq'), 'text', '0'),
    },
    bad_keys: {
      "a key of the other side's that is this one's own": (t) => {
        const field = kem === null ? 'publicKey' : 'x25519'
        const own = eventsOf(t, 'key message', 'sent')[1]
        copy(own, eventsOf(t, 'key message', 'received')[1], field)
      },
    },
  }
  return [...wrongs(foundByBoth, true), ...wrongs(NOT_BY_SCRIPT, false)]
}

function wrongs(changes: Changes, byScript: boolean): Wrong[] {
  return (Object.entries(changes) as [FindingCode, Record<string, Change>][]).flatMap(
    ([code, rows]) =>
      Object.entries(rows).map(([what, change]): Wrong => [what, code, change, byScript]),
  )
}

const NOT_BY_SCRIPT: Changes = {
  bad_numbers: {
    'a number with a gap before it': (t) => put(part(messages(t)[2], 'seq'), 'text', '5'),
    'a record that is missing': (t) => drop(t, numbered(t, 3)),
    'a record that is missing, and said to be dropped': (t) => {
      drop(t, numbered(t, 3))
      t.dropped = 1
    },
    'the first records missing, and said to be dropped': (t) => {
      t.events.splice(0, 3)
      t.dropped = 3
    },
    'records in another order': (t) => t.events.splice(4, 2, t.events[5], t.events[4]),
  },
  bad_session: {
    'a message that the state does not count': ({ state }) => state.session.sent++,
    "a confirmation of the other side's with this one's tag": (t) => {
      const own = answerTo(t, 'key message', 'sent')
      copy(own, eventsOf(t, 'key message', 'received')[0], 'confirm.tag')
    },
  },
  bad_safety_number: {
    'a number that was compared, and none': ({ state }) =>
      (Object.assign(state, { session: null, safetyNumber: null }).peer.compared = true),
  },
  bad_state: {
    'an identity that is another one in the state': ({ state }) => {
      const { identity } = state
      state.identity = state.peer.identity
      state.peer.identity = identity
    },
    'a public key that is another one in the state': ({ state }) =>
      put(state, 'publicKey', state.peer.publicKey),
    'a picture that came last and is another one in the state': ({ state }) =>
      turn(state.image, 'sealed', 47),
    'a message that waits and never came': ({ state }) =>
      state.waiting.push({ session: state.session.id, seq: 0, bytes: 56 }),
  },
  bad_keys: {
    'another base point': ({ state }) => turn(state, 'basePoint', 2),
    'a point that is none': (t) => {
      const identity = part(eventsOf(t, 'key message', 'received')[0], 'identity')
      identity.text = '00'.repeat(identity.text.length / 2)
    },
  },
  bad_record: {
    'a picture of another length': (t) => {
      eventsOf(t, 'picture header', 'received')[0].bytes += 70_000
    },
    'an answer to what was never asked': (t) => put(answerTo(t, 'sealed message'), 'to', 1),
    'an answer that is a refusal in its status alone': (t) =>
      put(answerTo(t, 'key message'), 'status', 409),
    'an answer that is missing, with the records numbered anew': (t) => {
      const answer = answerTo(t, 'key message')
      drop(t, answer)
      for (const event of t.events) {
        if (event.n > answer.n) event.n--
        if (event.to > answer.n) event.to--
      }
    },
    'a step that failed and has no code': (t) => put(aStep(t), 'status', 409),
    'a message that nobody answered, and yet with an answer': (t) =>
      put(answerTo(t, 'sealed message'), 'status', null),
    'a session in a message that is too short': (t) => {
      const [event] = messages(t)
      const session = part(event, 'session')
      session.text = session.text.slice(2)
      event.bytes -= 2
    },
    'an answer to a step': (t) => put(answerTo(t, 'sealed message'), 'to', aStep(t).n),
  },
  bad_form: {
    'a field too many': ({ state }) => put(state, 'mark', 'A+'),
    'a form that is none': ({ forms }) => delete forms.refusal,
    'a time that is none': ({ events }) => put(events[0], 'at', 'noon'),
  },
}
