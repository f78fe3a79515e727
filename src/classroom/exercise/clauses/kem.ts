/** Stage 7, on X25519MLKEM768 only: the KEM in public keys and confirmations, and whose ciphertext counts. */

import { bytesToHex, concatBytes, equalBytes, hexToBytes } from '../../../protocol/bytes.ts'
import type { Kem } from '../../../protocol/kem.ts'
import { halvesOf, type Suite } from '../../../protocol/suites.ts'
import type { Agreement, Confirm } from '../agreement.ts'
import type { Answer } from '../call.ts'
import type { Clause } from '../clause.ts'
import { ephemeralKeys } from '../computation/keys.ts'
import type { Context } from '../context.ts'
import { Failure } from '../failure.ts'
import { fieldsOf } from '../forms.ts'
import { accepted, type Reply, refusal } from '../otherPeer.ts'
import { outcomeOf, Probes } from '../probes.ts'
import type { KeyMessage, Scene } from '../scene.ts'
import { badHex } from './keys/hex.ts'
import { anyConfirm, keysOf } from './keys/shares.ts'
import { Questions } from './questions.ts'

function kemOf({ kem, name }: Suite): Kem {
  if (kem === null) throw new Error(`${name} has no KEM.`)
  return kem
}

/** `key` with number `index` of its 768 of 12 bits, which are little-endian (FIPS 203 algorithm 6). */
function withNumber(key: Uint8Array, index: number, number: number): Uint8Array {
  const at = 3 * (index >> 1)
  const [low = 0, middle = 0, high = 0] = key.subarray(at, at + 3)
  const changed =
    index % 2 === 0
      ? [number & 0xff, (middle & 0xf0) | (number >> 8), high]
      : [low, (middle & 0x0f) | ((number & 0x0f) << 4), number >> 4]
  const copy = key.slice()
  copy.set(changed, at)
  return copy
}

const NUMBERS = [0, 767, 300, 451]

async function kem1(context: Context): Promise<void> {
  const scene = await context.start()
  const ask = new Questions(scene)
  const form = scene.strangersForm()
  const { encapsulationKey, point } = halvesOf(scene.suite, hexToBytes(String(form['publicKey'])))
  const withKey = (index: number, number: number) => ({
    ...form,
    publicKey: bytesToHex(concatBytes(withNumber(encapsulationKey, index, number), point)),
  })
  const found: { index: number; when: number }[] = []
  for (const when of [0, 1]) {
    // Without a private key nothing is encapsulated, and no library looks at the key.
    if (when === 1) await keysOf(scene)
    for (const index of NUMBERS)
      for (const number of [3_329, 4_095]) {
        const what = `number ${index} is ${number}${when === 1 ? ', after /send_keys' : ''}`
        const count = ask.wrong.length
        await ask.refused(what, 'bad_point', withKey(index, number))
        if (ask.wrong[count]?.outcome === 'taken') found.push({ index, when })
      }
  }
  const isOnlyOdd = found.every(({ index }) => index % 2 === 1)
  const isOnlyEven = found.every(({ index }) => index % 2 === 0)
  let because =
    'The numbers of an encapsulation key are not looked at: each of the 768 is below 3329 (%).'
  if (found.every(({ when }) => when === 0))
    because =
      'Encapsulation keys are looked at only where a ciphertext is made. A bad one passes while there is no private key.'
  else if (isOnlyOdd || isOnlyEven)
    because = `Only the ${isOnlyOdd ? 'first' : 'second'} number of each pair in three bytes is looked at.`
  else if (found.every(({ index }) => index === 767))
    because = 'The last number of the 768 is not looked at.'
  for (const one of ask.wrong) if (one.outcome === 'taken') one.because = because
  await ask.taken('a number of 3328', withKey(451, 3_328), {
    because: 'An encapsulation key with 3328 in it is good: its numbers are below 3329.',
  })
  await ask.genuine()
  ask.end('encapsulation keys with numbers from 3329 on', '`bad_point` each; 3328 is taken')
}

async function kem2(context: Context): Promise<void> {
  const scene = await context.start({ curve: 'X25519' })
  const { identity } = await scene.show()
  // Whether X25519 comes to a session is for its own run to say.
  const hasAgreed = await scene.agree().then(
    () => true,
    (error: unknown) => {
      if (error instanceof Failure) return false
      throw error
    },
  )
  const { safetyNumber } = await scene.show()
  await context.restart(scene, { curve: 'X25519MLKEM768' })
  const after = await scene.show()
  const ask = new Questions(scene)
  const isOne = ask.holds(
    'one identity',
    after.identity === identity,
    'another one on X25519MLKEM768',
    'There is an identity for each suite. That of X25519MLKEM768 is the one of X25519, the same key.',
  )
  if (hasAgreed && safetyNumber !== null && isOne)
    ask.holds(
      'one safety number',
      after.safetyNumber === safetyNumber,
      after.safetyNumber === null ? 'none on X25519MLKEM768' : 'another one on X25519MLKEM768',
      after.safetyNumber === null
        ? 'The known identity of the other peer is kept for each suite. It is one for both.'
        : 'The safety number has the id of the suite in it. It has that of the curve, which is 1 on both.',
    )
  ask.end(
    'a start on X25519, then one on X25519MLKEM768 with the same {state}',
    'one identity and one safety number',
  )
}

async function kem3(context: Context): Promise<void> {
  const scene = await context.shared()
  const { publicKey } = await keysOf(scene)
  const { suite } = scene
  const kem = kemOf(suite)
  const isKey = (key: Uint8Array) => passes(() => kem.checkEncapsulationKey(key))
  const { encapsulationKey, point } = halvesOf(suite, publicKey)
  const because =
    isKey(publicKey.subarray(point.length)) && !isKey(encapsulationKey)
      ? 'The point stands first. A public key is encapsulation key ‖ point.'
      : null
  const ask = new Questions(scene)
  ask.holds(
    'the first 1,184 bytes are an encapsulation key',
    isKey(encapsulationKey),
    'a number of 3329 or more',
    because,
  )
  ask.holds(
    'the last 32 bytes are a point',
    passes(() => suite.curve.checkPoint(point)),
    'a bad point',
    because,
  )
  ask.end('/send_keys', 'a public key that is encapsulation key ‖ point')
}

function passes(check: () => void): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}

async function kem4(context: Context): Promise<void> {
  const scene = await context.start()
  const { suite } = scene
  const ask = new Questions(scene)
  const own = halvesOf(suite, (await keysOf(scene)).publicKey)
  const fresh = halvesOf(suite, ephemeralKeys(context.random, suite).publicKey)
  const halves = {
    'its encapsulation key beside a fresh point': concatBytes(own.encapsulationKey, fresh.point),
    'its point beside a fresh encapsulation key': concatBytes(fresh.encapsulationKey, own.point),
  }
  for (const [what, publicKey] of Object.entries(halves))
    await ask.refused(
      what,
      'reflection',
      { ...scene.strangersForm(), publicKey: bytesToHex(publicKey) },
      {
        because: { taken: 'One half of your own public key comes back, and passes: %.' },
      },
    )
  if (ask.wrong.length === 2)
    for (const one of ask.wrong)
      if (one.outcome === 'taken')
        one.because = 'Whole public keys are compared. One half of your own is enough.'
  await ask.genuine()
  ask.end('/send_keys, then each half of its public key beside a fresh one', '`reflection` each')
}

/** The confirmation in an answer. @throws Failure where there is none */
function confirmIn(scene: Scene, answer: Answer, did: string): Confirm {
  const confirm = scene.confirmOf(fieldsOf(answer.json)['confirm'])
  if (scene.isTaken(answer) && confirm !== null) return confirm
  const got = scene.isTaken(answer) ? 'no confirm' : outcomeOf(answer)
  throw new Failure({ did, wanted: 'an answer with a confirm', got, cause: null })
}

async function kem5(context: Context): Promise<void> {
  const scene = await context.start()
  const { publicKey } = await keysOf(scene)
  const ephemeral = scene.freshKeys(publicKey)
  const session = scene.agreement(ephemeral, { publicKey }, 'student')
  const form = scene.keyForm(ephemeral.publicKey, session.confirmForm())
  const confirmed = confirmIn(
    scene,
    await scene.post('/wire/keys', form),
    'a share with its confirmation',
  )
  scene.promoted(session)
  const message = await keysOf(scene)
  const fresh = scene.freshKeys(message.publicKey)
  const share = await scene.post('/wire/keys', scene.keyForm(fresh.publicKey))
  const own = confirmIn(scene, share, 'a new share')
  const probes = new Probes(scene)
  const always =
    'The ciphertext is in every confirmation. It is there exactly if you have made the ciphertext of that session.'
  const is = (confirm: Confirm | null) =>
    confirm === null
      ? 'no confirm'
      : `session ${bytesToHex(confirm.session)}, ${confirm.ciphertext ? 'with' : 'without'} a ciphertext`
  const isBare = (confirm: Confirm | null) =>
    confirm !== null && equalBytes(confirm.session, session.id) && confirm.ciphertext === null
  probes.holds("no ciphertext in the answer's confirm", isBare(confirmed), is(confirmed), {
    cause: always,
  })
  probes.holds(
    "no ciphertext in the next key message's confirm",
    isBare(message.confirm),
    is(message.confirm),
    { cause: always },
  )
  probes.holds(
    'a ciphertext in the confirm of its own candidate',
    own.ciphertext !== null,
    is(own),
    {
      cause: 'The ciphertext that you have made is missing in your confirmation of the candidate.',
    },
  )
  probes.end(
    'an agreement with the ciphertext of the examiner, then /send_keys and a new share',
    'a ciphertext in the last confirmation only',
  )
}

/** Both have made a ciphertext for the same two shares. */
interface Both {
  /** With the student's ciphertext, and with the examiner's. */
  readonly students: Agreement
  readonly examiners: Agreement
  readonly publicKey: Uint8Array
}

async function kem6(context: Context): Promise<void> {
  const scene = await context.start()
  const { publicKey } = await keysOf(scene)
  const ephemeral = scene.freshKeys(publicKey)
  const share = await scene.post('/wire/keys', scene.keyForm(ephemeral.publicKey))
  const confirm = confirmIn(scene, share, 'a share')
  const both: Both = {
    students: scene.agreement(ephemeral, { publicKey, confirm }, 'student'),
    examiners: scene.agreement(ephemeral, { publicKey }, 'student'),
    publicKey: ephemeral.publicKey,
  }
  const answer = await scene.post(
    '/wire/keys',
    scene.keyForm(both.publicKey, both.examiners.confirmForm()),
  )
  const probes = new Probes(scene)
  const counts = context.party === 1 ? both.students : both.examiners
  const cause =
    context.party === 1
      ? 'You are party 1 here, so your own ciphertext counts. Your peer takes the other one.'
      : "You are party 2 here, so the other one's ciphertext counts. Your peer keeps its own."
  probes.taken('the same share, confirmed with the ciphertext of the examiner', answer, { cause })
  const named = scene.confirmOf(fieldsOf(answer.json)['confirm'])
  probes.holds(
    'the answer confirms the session that counts',
    counts.isRight(named),
    named === null ? 'no confirm' : bytesToHex(named.session),
    { cause },
  )
  if (context.party === 1) {
    probes.holds('no session yet', (await scene.show()).session === null, 'one in /show', { cause })
    const right = scene.keyForm(both.publicKey, both.students.confirmForm())
    probes.taken('the right confirmation of its candidate', await scene.post('/wire/keys', right), {
      cause,
    })
  }
  probes.holds('/show has the session that counts', await scene.isOn(counts), 'it has not', {
    cause,
  })
  probes.end(
    '/send_keys, a share, then the same share confirmed with a ciphertext of the examiner',
    'the ciphertext of party 1 counts',
  )
}

/** More key messages than these are answered so that they end. */
const MAX_KEYS = 4

async function kem7(context: Context): Promise<void> {
  const scene = await context.start()
  const ephemeral = scene.freshKeys()
  const taken = await scene.post('/wire/keys', scene.keyForm(ephemeral.publicKey))
  if (!scene.isTaken(taken))
    throw new Failure({ did: 'a share', wanted: '201', got: outcomeOf(taken), cause: null })
  let students: Agreement | null = null
  let examiners: Agreement | null = null
  const { step, messages } = await scene.sendKeys((message) => {
    if (examiners !== null) return accepted({ accepted: true, confirm: examiners.confirmForm() })
    students = scene.agreement(ephemeral, message, 'examiner')
    examiners = scene.agreement(ephemeral, { publicKey: message.publicKey }, 'examiner')
    return accepted({ accepted: true, confirm: examiners.confirmForm() })
  })
  const [first, second, ...more] = messages
  if (
    first === undefined ||
    students === null ||
    examiners === null ||
    first.confirm?.ciphertext == null
  )
    throw new Failure({
      did: 'a share, then /send_keys',
      wanted: 'a key message with a confirm and its ciphertext',
      got: `${messages.length} key messages, without`,
      cause: null,
    })
  const probes = new Probes(scene)
  if (context.party === 2) ofParty2(probes, { first, second, more }, examiners)
  else {
    const cause = 'You are party 1 here: your own ciphertext counts, and no key message follows.'
    probes.holds('one key message', second === undefined, `${messages.length} came`, { cause })
    probes.holds('no session yet', (await scene.show()).session === null, 'one in /show', {
      cause: 'You are party 1 here, so your own ciphertext counts. Your peer takes the other one.',
    })
    const right = scene.keyForm(ephemeral.publicKey, (students as Agreement).confirmForm())
    probes.taken('the right confirmation of its candidate', await scene.post('/wire/keys', right), {
      cause: 'You are party 1 here: your candidate stays, whatever the answer names.',
    })
  }
  probes.holds('/send_keys answers below 400', step.status < 400, `status ${step.status}`)
  const counts: Agreement = context.party === 1 ? students : examiners
  probes.holds('/show has the session that counts', await scene.isOn(counts), 'it has not')
  probes.end(
    'a share, then /send_keys, whose answer names a ciphertext of the examiner',
    context.party === 1
      ? 'nothing more; its candidate stays'
      : 'one more key message with the same share, which confirms the session of the answer',
  )
}

function ofParty2(
  probes: Probes,
  {
    first,
    second,
    more,
  }: { first: KeyMessage; second: KeyMessage | undefined; more: readonly KeyMessage[] },
  session: Agreement,
): void {
  const came = `${1 + (second ? 1 : 0) + more.length} came`
  const isSent = probes.holds('a second key message', second !== undefined, came, {
    cause:
      'No second key message comes. The other side waits for the confirmation of the session that counts.',
  })
  probes.holds('no third one', more.length === 0, came, {
    cause: 'More than one key message follows. It is sent once more, and no more than that.',
  })
  if (!isSent || second === undefined) return
  const isSame =
    equalBytes(first.publicKey, second.publicKey) && equalBytes(first.identity, second.identity)
  probes.holds('the same share', isSame, 'another one', {
    cause:
      'The second key message has fresh keys. It has the same share: the session comes from it.',
  })
  if (!isSame) return
  probes.holds(
    'it confirms the session of the answer',
    session.isRight(second.confirm),
    second.confirm === null ? 'no confirm' : `session ${bytesToHex(second.confirm.session)}`,
    {
      cause: 'The second key message does not confirm the session of the answer.',
    },
  )
  probes.holds('without a ciphertext', second.confirm?.ciphertext == null, 'with one', {
    cause: 'The ciphertext is in it, and you have not made it.',
  })
}

/** What `/send_keys` does when the answers to its key messages are these; later ones are as the last. */
async function sentTo(scene: Scene, replies: readonly (() => Reply)[]) {
  let count = 0
  return scene.sendKeys(() => {
    const reply =
      count < MAX_KEYS ? replies[Math.min(count, replies.length - 1)] : () => scene.acceptedKeys()
    count++
    return reply?.() ?? 'close'
  })
}

async function kem8(context: Context): Promise<void> {
  const scene = await context.start()
  await scene.agree()
  const probes = new Probes(scene)
  const taken = () => accepted()
  const failed = () => refusal('confirm_failed')
  const refused = await sentTo(scene, [failed, taken])
  const [first, second] = refused.messages
  const isSent = probes.holds('a second key message', second !== undefined, 'none came', {
    cause:
      'There is no second try: after `confirm_failed` the same share goes out without `confirm`.',
  })
  if (isSent && first && second) {
    probes.holds('the first one has a confirm', first.confirm !== null, 'it has none')
    const isSame = equalBytes(first.publicKey, second.publicKey)
    probes.holds('the same share', isSame, 'another one', {
      cause: 'The second try has fresh keys. It has the same share.',
    })
    probes.holds('without confirm', second.fields['confirm'] === undefined, 'with one', {
      cause: 'The second try has a `confirm` again, which was refused already.',
    })
    const { status } = refused.step
    probes.holds(
      '/send_keys answers below 400 once it is taken',
      status < 400,
      `status ${status}`,
      { cause: 'The second try is taken, and /send_keys fails all the same.' },
    )
  }
  const twice = await sentTo(scene, [failed])
  const { length } = twice.messages
  probes.holds('no third try', length <= 2, `${length} came`, {
    cause: 'It tries for ever. There is one second try.',
  })
  probes.holds(
    '/send_keys answers 400 or more where both are refused',
    twice.step.status >= 400,
    `status ${twice.step.status}`,
    length > 2 ? { cause: 'It tries for ever. There is one second try.' } : {},
  )
  const other = await sentTo(scene, [() => refusal('stale_keys'), taken])
  probes.holds(
    'no second try after stale_keys',
    other.messages.length === 1,
    `${other.messages.length} came`,
    { cause: 'There is a second try for other codes than `confirm_failed`.' },
  )
  probes.end(
    '/send_keys on a session, whose key message is refused',
    'a second try after `confirm_failed`, with the same share and without `confirm`',
  )
}

async function kem9(context: Context): Promise<void> {
  const scene = await context.start()
  const { suite, random } = scene
  const ask = new Questions(scene)
  const { publicKey } = await keysOf(scene)
  const ephemeral = scene.freshKeys(publicKey)
  const session = scene.agreement(ephemeral, { publicKey }, 'student')
  const { ciphertext: right = '', ...confirm } = session.confirmForm()
  const { encapsulationKey } = halvesOf(suite, publicKey)
  const another = kemOf(suite).encapsulate(encapsulationKey, random.bytes(32)).ciphertext
  const form = (value: object) => scene.keyForm(ephemeral.publicKey, value)
  const failed = (what: string, value: object, taken: string) =>
    ask.refused(what, 'confirm_failed', form(value), {
      because: { taken, crash: `An exception is not caught: %.` },
    })
  await failed(
    'a confirmation of nothing known',
    anyConfirm(context),
    'A confirmation of nothing known is taken. With a private key that waits, it is `confirm_failed`.',
  )
  await failed(
    'the right one without its ciphertext',
    confirm,
    'A confirmation without the ciphertext of its session is taken.',
  )
  await failed(
    'the right one with another ciphertext',
    { ...confirm, ciphertext: bytesToHex(another) },
    'A confirmation with another ciphertext than that of its session is taken.',
  )
  const forms = badHex(right)
  const names = ['with a byte less', 'with a byte more', 'in upper case']
  for (const name of names)
    await ask.refused(
      `a ciphertext ${name}`,
      'bad_encoding',
      form({ ...confirm, ciphertext: forms[name] }),
      {
        because: {
          taken: 'Hex and length of the ciphertext are not looked at: % passes.',
          'other code': 'Hex and length of the ciphertext are not looked at before it is used: %.',
          crash:
            'The length of the ciphertext is left to the library, whose exception is not caught: %.',
        },
      },
    )
  const answer = await ask.taken('the right one', form(session.confirmForm()), {
    because:
      'What was refused has changed the state: the right confirmation is refused afterwards.',
  })
  const isOn = await scene.isOn(session)
  if (ask.wrong.length === 0) ask.holds('a session', isOn, `none after ${outcomeOf(answer)}`)
  ask.end(
    '/send_keys, then confirmations with wrong ciphertexts, then the right one',
    '`confirm_failed`, `bad_encoding`, a session',
  )
}

const USUAL = {
  stage: 7,
  section: 'The KEM',
  start: 'own',
  parties: null,
  weight: 2,
  suites: ['X25519MLKEM768'],
} as const

export const KEM: readonly Clause[] = [
  {
    ...USUAL,
    id: 'kem/1',
    title: 'bad encapsulation keys',
    weight: 3,
    sentence:
      'An encapsulation key is bad (`bad_point`) if one of its first 768 numbers of 12 bits is 3329 or more (the modulus check of FIPS 203 section 7.2).',
    needs: ['keys/4'],
    run: kem1,
  },
  {
    ...USUAL,
    id: 'kem/2',
    title: 'one identity on X25519 and here',
    sentence: 'The identity is that of X25519, the same key.',
    needs: ['keys/1'],
    run: kem2,
    needsStart: true,
  },
  {
    ...USUAL,
    id: 'kem/3',
    title: 'encapsulation key ‖ point',
    start: 'shared',
    sentence: 'its public key is encapsulation key ‖ point, 1,216 bytes.',
    needs: ['keys/2'],
    run: kem3,
  },
  {
    ...USUAL,
    id: 'kem/4',
    title: 'a half of your own public key',
    sentence:
      "neither the identity nor a half of the public key is the receiver's identity or a half of one of its public keys, of the same as above",
    needs: ['keys/14'],
    run: kem4,
  },
  {
    ...USUAL,
    id: 'kem/5',
    title: 'when a ciphertext is in a confirmation',
    parties: [1, 2],
    sentence:
      '`confirm` has the field `ciphertext` exactly if its sender made the ciphertext of that session, in key messages and in answers.',
    needs: ['session/2'],
    run: kem5,
  },
  {
    ...USUAL,
    id: 'kem/6',
    title: 'two ciphertexts for the same two shares',
    parties: [1, 2],
    weight: 3,
    sentence: 'If both made one for the same two shares, that of party 1 counts.',
    needs: ['kem/5'],
    run: kem6,
  },
  {
    ...USUAL,
    id: 'kem/7',
    title: 'two ciphertexts, in an answer',
    parties: [1, 2],
    sentence:
      'Party 2 derives that session and checks its tag (`confirm_failed`); it is the candidate now, in place of its own.',
    needs: ['kem/5'],
    run: kem7,
  },
  {
    ...USUAL,
    id: 'kem/8',
    title: 'a second try without confirm',
    sentence: 'the peer sends the same share without `confirm` and takes the answer.',
    needs: ['session/8'],
    run: kem8,
  },
  {
    ...USUAL,
    id: 'kem/9',
    title: 'wrong ciphertexts',
    sentence:
      'if there is an ephemeral private key: `confirm` names the candidate, the current or the previous session, or the one of this key, the share in the message and the `ciphertext` in it',
    needs: ['session/2'],
    run: kem9,
  },
]
