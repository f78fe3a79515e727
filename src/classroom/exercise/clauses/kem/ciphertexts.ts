/** kem/5 to kem/7: when a ciphertext stands in a confirmation, and which one counts. */

import { bytesToHex, equalBytes } from '../../../../protocol/bytes.ts'
import type { Agreement, Confirm } from '../../agreement.ts'
import type { Context } from '../../context.ts'
import { Failure } from '../../failure.ts'
import { fieldsOf } from '../../forms.ts'
import { accepted } from '../../otherPeer.ts'
import { outcomeOf } from '../../probes.ts'
import type { KeyMessage } from '../../scene.ts'
import { keysOf } from '../keys/shares.ts'
import { Questions } from '../questions.ts'
import { confirmIn, takenIn } from './confirmations.ts'

export async function kem5(context: Context): Promise<void> {
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
  const ask = new Questions(scene)
  const always =
    'The ciphertext is in every confirmation. It is there exactly if you have made the ciphertext of that session.'
  const is = (confirm: Confirm | null) =>
    confirm === null
      ? 'no confirm'
      : `session ${bytesToHex(confirm.session)}, ${confirm.ciphertext ? 'with' : 'without'} a ciphertext`
  const isBare = (confirm: Confirm | null) =>
    confirm !== null && equalBytes(confirm.session, session.id) && confirm.ciphertext === null
  ask.holds("no ciphertext in the answer's confirm", isBare(confirmed), is(confirmed), always)
  ask.holds(
    "no ciphertext in the next key message's confirm",
    isBare(message.confirm),
    is(message.confirm),
    always,
  )
  ask.holds(
    'a ciphertext in the confirm of its own candidate',
    own.ciphertext !== null,
    is(own),
    'The ciphertext that you have made is missing in your confirmation of the candidate.',
  )
  ask.end(
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

export async function kem6(context: Context): Promise<void> {
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
  const ask = new Questions(scene)
  const counts = context.party === 1 ? both.students : both.examiners
  const cause =
    context.party === 1
      ? 'You are party 1 here, so your own ciphertext counts. Your peer takes the other one.'
      : "You are party 2 here, so the other one's ciphertext counts. Your peer keeps its own."
  takenIn(
    ask,
    scene,
    'the same share, confirmed with the ciphertext of the examiner',
    answer,
    cause,
  )
  const named = scene.confirmOf(fieldsOf(answer.json)['confirm'])
  ask.holds(
    'the answer confirms the session that counts',
    counts.isRight(named),
    named === null ? 'no confirm' : bytesToHex(named.session),
    cause,
  )
  if (context.party === 1) {
    ask.holds('no session yet', (await scene.show()).session === null, 'one in /show', cause)
    const right = scene.keyForm(both.publicKey, both.students.confirmForm())
    takenIn(
      ask,
      scene,
      'the right confirmation of its candidate',
      await scene.post('/wire/keys', right),
      cause,
    )
  }
  ask.holds('/show has the session that counts', await scene.isOn(counts), 'it has not', cause)
  ask.end(
    '/send_keys, a share, then the same share confirmed with a ciphertext of the examiner',
    'the ciphertext of party 1 counts',
  )
}

export async function kem7(context: Context): Promise<void> {
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
  const ask = new Questions(scene)
  if (context.party === 2) ofParty2(ask, { first, second, more }, examiners)
  else {
    const cause = 'You are party 1 here: your own ciphertext counts, and no key message follows.'
    ask.holds('one key message', second === undefined, `${messages.length} came`, cause)
    ask.holds(
      'no session yet',
      (await scene.show()).session === null,
      'one in /show',
      'You are party 1 here, so your own ciphertext counts. Your peer takes the other one.',
    )
    const right = scene.keyForm(ephemeral.publicKey, (students as Agreement).confirmForm())
    takenIn(
      ask,
      scene,
      'the right confirmation of its candidate',
      await scene.post('/wire/keys', right),
      'You are party 1 here: your candidate stays, whatever the answer names.',
    )
  }
  ask.holds('/send_keys answers below 400', step.status < 400, `status ${step.status}`)
  const counts: Agreement = context.party === 1 ? students : examiners
  ask.holds('/show has the session that counts', await scene.isOn(counts), 'it has not')
  ask.end(
    'a share, then /send_keys, whose answer names a ciphertext of the examiner',
    context.party === 1
      ? 'nothing more; its candidate stays'
      : 'one more key message with the same share, which confirms the session of the answer',
  )
}

function ofParty2(
  ask: Questions,
  {
    first,
    second,
    more,
  }: { first: KeyMessage; second: KeyMessage | undefined; more: readonly KeyMessage[] },
  session: Agreement,
): void {
  const came = `${1 + (second ? 1 : 0) + more.length} came`
  const isSent = ask.holds(
    'a second key message',
    second !== undefined,
    came,
    'No second key message comes. The other side waits for the confirmation of the session that counts.',
  )
  ask.holds(
    'no third one',
    more.length === 0,
    came,
    'More than one key message follows. It is sent once more, and no more than that.',
  )
  if (!isSent || second === undefined) return
  const isSame =
    equalBytes(first.publicKey, second.publicKey) && equalBytes(first.identity, second.identity)
  ask.holds(
    'the same share',
    isSame,
    'another one',
    'The second key message has fresh keys. It has the same share: the session comes from it.',
  )
  if (!isSame) return
  ask.holds(
    'it confirms the session of the answer',
    session.isRight(second.confirm),
    second.confirm === null ? 'no confirm' : `session ${bytesToHex(second.confirm.session)}`,
    'The second key message does not confirm the session of the answer.',
  )
  ask.holds(
    'without a ciphertext',
    second.confirm?.ciphertext == null,
    'with one',
    'The ciphertext is in it, and you have not made it.',
  )
}
