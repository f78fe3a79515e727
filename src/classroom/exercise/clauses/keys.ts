/** Stage 1: a key message, to and from a stranger. */

import { bytesToHex, equalBytes } from '../../../protocol/bytes.ts'
import { publicKeyBytes } from '../../../protocol/suites.ts'
import { printable } from '../../../terminal/printable.ts'
import type { Clause } from '../clause.ts'
import { encodingOf } from '../computation/encodings.ts'
import type { Context } from '../context.ts'
import { fieldsOf, pointOf } from '../forms.ts'
import { Probes } from '../probes.ts'
import type { KeyMessage, Scene } from '../scene.ts'
import { keys5, keys6 } from './keys/body.ts'
import { keys7, keys8, keys9 } from './keys/fields.ts'
import { keys10 } from './keys/hex.ts'
import { keys18, keys19, keys20, keys21 } from './keys/notes.ts'
import { keys17 } from './keys/order.ts'
import { keys11, keys12, keys13, keys14 } from './keys/points.ts'
import { keys15, keys16 } from './keys/state.ts'
import { Questions } from './questions.ts'

/** What all clauses of this stage have in common. */
const USUAL = { stage: 1, section: 'Key message', start: 'shared', parties: null } as const

const CONTRACT = 'contract'

/** A text of the student's for a report. */
function shown(value: unknown): string {
  return printable(
    (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')).slice(0, 100),
  )
}

async function keys1(context: Context): Promise<void> {
  const scene = await context.start()
  const { shown: answer, suite } = scene
  const { identity, session, safetyNumber } = fieldsOf(answer.json)
  const probes = new Probes(scene)
  const { json } = answer
  const cause = /^\s*</.test(answer.body.toString('latin1', 0, 100))
    ? '/show answers with HTML. It has to answer with JSON.'
    : 'The body is no JSON.'
  if (
    probes.holds('JSON', typeof json === 'object' && json !== null, 'no JSON object', { cause })
  ) {
    const isHex = typeof identity === 'string' && /^[0-9a-f]*$/.test(identity)
    const length = 2 * suite.curve.pointBytes
    probes.holds('identity', isHex && identity.length === length, shown(identity), {
      cause: `\`identity\` is lower-case hex of ${length} digits.`,
    })
    const isNull = {
      cause:
        'A peer that has met nobody has no session and no safety number: both fields are null.',
    }
    probes.holds('session', session === null, shown(session), isNull)
    probes.holds('safetyNumber', safetyNumber === null, shown(safetyNumber), isNull)
  }
  // Where its identity can be read all the same, what builds on it can be judged.
  const isFollowed = scene.studentIdentity !== null
  const wanted = 'JSON with identity, session null and safetyNumber null'
  probes.end('GET /show', wanted, undefined, { isFollowed })
}

async function keys2(context: Context): Promise<void> {
  const scene = await context.shared()
  const { step, messages } = await scene.sendKeys()
  const [message] = messages
  const ask = new Questions(scene)
  ask.holds('one key message', messages.length === 1, `${messages.length} came`)
  if (message) lookAt(message, scene, ask)
  ask.holds('/send_keys answers below 400', step.status < 400, `status ${step.status}`)
  ask.end('GET /send_keys', 'one POST to /wire/keys with exactly the five fields', {
    isFollowed: message !== undefined,
  })
}

/** The form of a key message of a peer that has nothing to confirm. */
function lookAt(
  { received, body, fields, identity }: KeyMessage,
  scene: Scene,
  ask: Questions,
): void {
  const { suite, studentIdentity } = scene
  const { pointBytes, basePoint } = suite.curve
  const type = received.headers['content-type'] ?? 'none'
  const isJson = /^application\/json(?: *; *charset="?utf-8"?)?$/i.test(type)
  ask.holds(
    'Content-Type',
    isJson,
    printable(type),
    'The body is JSON: Content-Type is application/json.',
  )
  const coding = received.headers['content-encoding']
  ask.holds('no content encoding', coding === undefined, shown(coding))
  const limit = suite.kem === null ? 4_096 : 8_192
  ask.holds(`at most ${limit} bytes`, body.length <= limit, `${body.length} bytes`)
  const { v, curve, confirm, ...rest } = fields
  ask.holds('v is the number 2', v === 2, shown(v))
  ask.holds('curve', curve === suite.name, shown(curve))
  ask.holds(
    'no confirm',
    confirm === undefined,
    shown(confirm),
    '`confirm` is absent while there is no session to confirm; null is not absent.',
  )
  const others = Object.keys(rest).filter(
    (name) => !['basePoint', 'identity', 'publicKey'].includes(name),
  )
  ask.holds('no other field', others.length === 0, shown(others.join(', ')))
  const lengths = { basePoint: pointBytes, identity: pointBytes, publicKey: publicKeyBytes(suite) }
  for (const [name, length] of Object.entries(lengths)) {
    const value = fields[name]
    const isRight =
      typeof value === 'string' && value.length === 2 * length && /^[0-9a-f]+$/.test(value)
    const form = encodingOf(value, length)
    const because = `Bytes are lower-case hex. Yours are ${form}: %.`
    ask.holds(name, isRight, shown(value), form === null ? null : because)
  }
  const value = pointOf(fields['basePoint'], suite.curve)
  const isBase = value !== null && equalBytes(value, basePoint)
  ask.holds('basePoint is that of the curve', isBase, shown(fields['basePoint']))
  const isShown = studentIdentity !== null && equalBytes(identity, studentIdentity)
  ask.holds(
    'identity is that of /show',
    isShown,
    shown(fields['identity']),
    'A peer has one identity: `identity` of /show is the one of every key message.',
  )
}

async function keys3(context: Context): Promise<void> {
  const scene = await context.shared()
  const seen: KeyMessage[] = []
  for (let i = 0; i < 4; i++) seen.push(...(await scene.sendKeys()).messages)
  const values = new Set(seen.map(({ publicKey }) => bytesToHex(publicKey)))
  const identities = new Set(seen.map(({ identity }) => bytesToHex(identity)))
  const probes = new Probes(scene)
  probes.holds(
    'four public keys',
    values.size === 4,
    `${values.size} different in ${seen.length} key messages`,
    {
      cause: 'One key pair serves for several key messages. Each needs a fresh one.',
    },
  )
  probes.holds('one identity', identities.size === 1, `${identities.size} different`, {
    cause: 'The identity is made anew. It is one for the life of a peer.',
  })
  probes.end('GET /send_keys, four times', 'four different public keys, one identity')
}

async function keys4(context: Context): Promise<void> {
  // One that has sent keys has a candidate with the stranger to confirm: only another one shows what stands there without.
  const scene = await context.idle()
  const answer = await scene.post('/wire/keys', scene.strangersForm())
  const { status, json, headers } = answer
  const isOk = status === 200
  if (isOk) scene.ledger.habits.acceptedStatus = 200
  const probes = new Probes(scene)
  probes.holds(
    'status 201',
    status === 201,
    `status ${status}`,
    isOk ? { cause: 'The answer has status 200. It has to be 201.' } : {},
  )
  probes.holds(
    'application/json',
    /^application\/json/i.test(headers['content-type'] ?? ''),
    shown(headers['content-type']),
  )
  // With --attach it may have sent keys before.
  const confirm = fieldsOf(json)['confirm']
  const others = Object.keys(fieldsOf(json)).filter(
    (name) => name !== 'accepted' && (name !== 'confirm' || scene.confirmOf(confirm) === null),
  )
  probes.holds('accepted is true', fieldsOf(json)['accepted'] === true, shown(json))
  probes.holds('no other field', others.length === 0, shown(others.join(', ')), {
    cause:
      confirm === null
        ? '`confirm` is absent while there is nothing to confirm; null is not absent.'
        : 'The answer has more fields than the page gives.',
  })
  probes.end('a genuine key message', '201 with exactly {"accepted":true}', undefined, {
    isFollowed: status === 201 || isOk,
  })
}

export const KEYS: readonly Clause[] = [
  {
    ...USUAL,
    id: 'keys/1',
    title: 'it starts, and shows its identity',
    section: CONTRACT,
    sentence: 'It listens on 127.0.0.1, is ready once `/show` answers 200, and ends on SIGTERM.',
    weight: 1,
    start: 'own',
    needs: [],
    run: keys1,
  },
  {
    ...USUAL,
    id: 'keys/2',
    title: 'the form of your key message',
    sentence: '`POST /wire/keys`, a body of at most 4,096 bytes, exactly these fields',
    weight: 2,
    needs: ['keys/1'],
    run: keys2,
  },
  {
    ...USUAL,
    id: 'keys/3',
    title: 'each key message has fresh keys',
    section: 'Keys of a peer',
    sentence: '**ephemeral key pair**: fresh for every key message.',
    weight: 1,
    needs: ['keys/2'],
    run: keys3,
  },
  {
    ...USUAL,
    id: 'keys/4',
    title: 'the answer to a key message',
    sentence: 'The answer is 201 with exactly',
    weight: 1,
    needs: ['keys/1'],
    run: keys4,
  },
  {
    ...USUAL,
    id: 'keys/5',
    title: 'genuine key messages in other clothes',
    section: 'Transport',
    sentence: 'a `charset` parameter may say utf-8.',
    weight: 1,
    needs: ['keys/4'],
    run: keys5,
  },
  {
    ...USUAL,
    id: 'keys/6',
    title: 'what is no JSON',
    section: 'Notation',
    sentence:
      'A name that stands twice in one object is no JSON here: two readers might take two values of it.',
    weight: 1,
    needs: ['keys/4'],
    run: keys6,
  },
  {
    ...USUAL,
    id: 'keys/7',
    title: 'the version',
    sentence: 'JSON, an object; if `v` is a number, it is 2',
    weight: 1,
    needs: ['keys/4'],
    run: keys7,
  },
  {
    ...USUAL,
    id: 'keys/8',
    title: 'fields and their types',
    sentence:
      "the fields above with those of `confirm`, no other but the KEM's `ciphertext`, each of its type (`null` is none)",
    weight: 1,
    needs: ['keys/4'],
    run: keys8,
  },
  {
    ...USUAL,
    id: 'keys/9',
    title: 'another curve',
    sentence: "`curve`, any string, is the receiver's",
    weight: 1,
    needs: ['keys/4'],
    run: keys9,
  },
  {
    ...USUAL,
    id: 'keys/10',
    title: 'hex in its one form',
    section: 'Notation',
    sentence:
      'In JSON, bytes are lower-case hex, two digits a byte. There is no other form of them: upper case, spaces and odd lengths are refused.',
    weight: 1,
    needs: ['keys/4'],
    run: keys10,
  },
  {
    ...USUAL,
    id: 'keys/11',
    title: 'another base point',
    sentence: '`basePoint` is that of the curve (it is compared and never used)',
    weight: 1,
    needs: ['keys/4'],
    run: keys11,
  },
  {
    ...USUAL,
    id: 'keys/12',
    title: 'bad points',
    section: 'Suites',
    sentence: 'A point is **bad** (`bad_point`) if',
    weight: 2,
    needs: ['keys/4'],
    run: keys12,
  },
  {
    ...USUAL,
    id: 'keys/13',
    title: 'one point as identity and public key',
    sentence: '`identity`, then `publicKey`, is not bad; the two are not the same',
    weight: 1,
    needs: ['keys/4'],
    run: keys13,
  },
  {
    ...USUAL,
    id: 'keys/14',
    title: 'your own keys come back',
    sentence: "neither of the two is one of the receiver's own",
    weight: 2,
    needs: ['keys/2', 'keys/4'],
    run: keys14,
  },
  {
    ...USUAL,
    id: 'keys/15',
    title: 'the size of a key message',
    sentence: '`POST /wire/keys`, a body of at most 4,096 bytes',
    weight: 1,
    needs: ['keys/4'],
    run: keys15,
  },
  {
    ...USUAL,
    id: 'keys/16',
    title: 'a refusal changes nothing',
    section: 'Notation',
    sentence: "Whatever is refused leaves the receiver's state exactly as it was.",
    weight: 1,
    start: 'own',
    needs: ['session/5', 'session/7'],
    run: keys16,
  },
  {
    ...USUAL,
    id: 'keys/17',
    title: 'the order of the checks',
    sentence: 'The receiver checks in this order',
    weight: 1,
    needs: ['keys/6', 'keys/7', 'keys/8', 'keys/9', 'keys/10', 'keys/11', 'keys/12'],
    run: keys17,
  },
  {
    ...USUAL,
    id: 'keys/18',
    title: 'other methods, other paths',
    section: 'Transport',
    sentence: 'Before the checks that follow, a peer may refuse with a code of HTTP',
    weight: 0,
    needs: ['keys/4'],
    run: keys18,
  },
  {
    ...USUAL,
    id: 'keys/19',
    title: 'key messages of another type',
    section: 'Transport',
    sentence: 'There is no content encoding.',
    weight: 0,
    needs: ['keys/4'],
    run: keys19,
  },
  {
    ...USUAL,
    id: 'keys/20',
    title: 'the form of a refusal',
    section: 'Transport',
    sentence: 'A refusal has a status of 400 or more and a problem whose `code` is what counts.',
    weight: 0,
    needs: ['keys/4'],
    run: keys20,
  },
  {
    ...USUAL,
    id: 'keys/21',
    title: 'numbers of JSON in other forms',
    sentence: 'JSON, an object; if `v` is a number, it is 2',
    weight: 0,
    start: 'agreed',
    needs: ['agreement'],
    run: keys21,
  },
]
