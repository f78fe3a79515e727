/** kem/8 and kem/9: confirmations that are refused, the student's and the examiner's. */

import { bytesToHex, equalBytes } from '../../../../protocol/bytes.ts'
import { halvesOf } from '../../../../protocol/suites.ts'
import type { Context } from '../../context.ts'
import { accepted, type Reply, refusal } from '../../otherPeer.ts'
import { outcomeOf } from '../../probes.ts'
import type { Scene } from '../../scene.ts'
import { badHex } from '../keys/hex.ts'
import { anyConfirm, keysOf } from '../keys/shares.ts'
import { Questions } from '../questions.ts'
import { kemOf } from './confirmations.ts'

/** More key messages than these are answered so that they end. */
const MAX_KEYS = 4

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

export async function kem8(context: Context): Promise<void> {
  const scene = await context.start()
  await scene.agree()
  const ask = new Questions(scene)
  const taken = () => accepted()
  const failed = () => refusal('confirm_failed')
  const refused = await sentTo(scene, [failed, taken])
  const [first, second] = refused.messages
  const isSent = ask.holds(
    'a second key message',
    second !== undefined,
    'none came',
    'There is no second try: after `confirm_failed` the same share goes out without `confirm`.',
  )
  if (isSent && first && second) {
    ask.holds('the first one has a confirm', first.confirm !== null, 'it has none')
    const isSame = equalBytes(first.publicKey, second.publicKey)
    ask.holds(
      'the same share',
      isSame,
      'another one',
      'The second try has fresh keys. It has the same share.',
    )
    ask.holds(
      'without confirm',
      second.fields['confirm'] === undefined,
      'with one',
      'The second try has a `confirm` again, which was refused already.',
    )
    const { status } = refused.step
    ask.holds(
      '/send_keys answers below 400 once it is taken',
      status < 400,
      `status ${status}`,
      'The second try is taken, and /send_keys fails all the same.',
    )
  }
  const twice = await sentTo(scene, [failed])
  const { length } = twice.messages
  ask.holds(
    'no third try',
    length <= 2,
    `${length} came`,
    'It tries for ever. There is one second try.',
  )
  ask.holds(
    '/send_keys answers 400 or more where both are refused',
    twice.step.status >= 400,
    `status ${twice.step.status}`,
    length > 2 ? 'It tries for ever. There is one second try.' : null,
  )
  const other = await sentTo(scene, [() => refusal('stale_keys'), taken])
  ask.holds(
    'no second try after stale_keys',
    other.messages.length === 1,
    `${other.messages.length} came`,
    'There is a second try for other codes than `confirm_failed`.',
  )
  ask.end(
    '/send_keys on a session, whose key message is refused',
    'a second try after `confirm_failed`, with the same share and without `confirm`',
  )
}

export async function kem9(context: Context): Promise<void> {
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
    // What was taken before it may have changed the state rightly.
    because:
      ask.wrong.length > 0
        ? ''
        : 'What was refused has changed the state: the right confirmation is refused afterwards.',
  })
  const isOn = await scene.isOn(session)
  if (ask.wrong.length === 0) ask.holds('a session', isOn, `none after ${outcomeOf(answer)}`)
  ask.end(
    '/send_keys, then confirmations with wrong ciphertexts, then the right one',
    '`confirm_failed`, `bad_encoding`, a session',
  )
}
