/** Disorder: another identity, and a restart. */

import { equalBytes } from '../../../../protocol/bytes.ts'
import { printable } from '../../../../terminal/printable.ts'
import type { Clause } from '../../clause.ts'
import { ephemeralKeys, keyPair } from '../../computation/keys.ts'
import type { Context } from '../../context.ts'
import { accepted } from '../../otherPeer.ts'
import { outcomeOf, Probes } from '../../probes.ts'
import type { Scene } from '../../scene.ts'
import { candidate, type Form, shows, someText } from '../steps.ts'
import { USUAL } from './usual.ts'

/** A key message of somebody else, with `confirm` if there is one. */
function others(scene: Scene, confirm: object | null = null): Form {
  const { random, suite } = scene
  const identity = keyPair(random, suite).publicKey
  return scene.keyForm(ephemeralKeys(random, suite).publicKey, confirm, identity)
}

async function otherIdentity(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const end = () =>
    probes.end(
      'the confirmation of a candidate under another identity; an agreement; a share of another identity; /send_keys; an agreement',
      'identity_changed for the other identity, and its share is not kept',
    )
  const { session, confirmed } = await candidate(scene)
  const stolen = await scene.post('/wire/keys', others(scene, session.confirmForm()))
  const ofCandidate =
    'A confirmation of the candidate is taken under another identity than the one that the candidate came from.'
  probes.refused('the confirmation under another identity', 'identity_changed', stolen, {
    cause: ofCandidate,
  })
  await shows(scene, probes, 'no session', null, { cause: ofCandidate })
  if (probes.wrong.length > 0) return end()
  probes.taken('the confirmation under the right one', await scene.post('/wire/keys', confirmed))
  if (!(await shows(scene, probes, 'the session', session))) return end()
  scene.promoted(session)
  await laterIdentity(scene, probes)
  end()
}

/** Once the examiner is known. */
async function laterIdentity(scene: Scene, probes: Probes): Promise<void> {
  const known = scene.identity
  scene.identity = keyPair(scene.random, scene.suite)
  const ephemeral = scene.freshKeys()
  const answer = await scene.post('/wire/keys', scene.keyForm(ephemeral.publicKey))
  const isTaken = scene.isTaken(answer)
  let isPromoted = false
  const { messages } = await scene.sendKeys((message) => {
    if (!isTaken) return scene.acceptedKeys()
    const session = scene.agreement(ephemeral, message, 'examiner')
    return accepted({ accepted: true, confirm: session.confirmForm() })
  })
  const [message] = messages
  const strangers = message && scene.agreement(ephemeral, message, 'examiner')
  if (isTaken && strangers !== undefined) isPromoted = await scene.isOn(strangers)
  scene.identity = known
  probes.refused('a share of another identity', 'identity_changed', answer, {
    cause: isPromoted
      ? 'The identity is not compared with the known one: anybody can take the place of the other peer.'
      : 'The identity is compared only when a session begins. A share of another one has to be refused, or it takes the place of the right one.',
  })
  if (isTaken) return
  // Whether it confirms the current session is for disorder/18 to say.
  const confirm = message?.confirm ?? null
  const isForgotten = probes.holds(
    'the next key message confirms no session with that share',
    confirm === null || strangers === undefined || !equalBytes(confirm.session, strangers.id),
    'it confirms that session',
    { cause: 'The share of the other identity is kept, though it is refused.' },
  )
  if (isForgotten) await shows(scene, probes, 'one more session', await scene.agree())
}

async function restarts(context: Context): Promise<void> {
  const scene = await context.start()
  const old = await scene.agree()
  const before = await scene.show()
  await context.restart(scene)
  const probes = new Probes(scene)
  const end = () =>
    probes.end(
      'an agreement, a restart; /show, /send_msg, a text of the old session, a share of another identity, an agreement',
      'the identities are the same, and there is no session',
    )
  const after = await scene.show()
  const shown = (text: string | null) => (text === null ? 'null' : printable(text.slice(0, 140)))
  const cause =
    'A restarted peer has a new identity. It is one for the life of a peer: keep it in {state}.'
  const isSame = before.identity === after.identity
  if (!probes.holds('the same identity', isSame, shown(after.identity), { cause })) return end()
  const forgotten = { cause: 'The known identity is forgotten at a restart. Keep it in {state}.' }
  probes.holds(
    'the same safety number',
    after.safetyNumber !== null && after.safetyNumber === before.safetyNumber,
    shown(after.safetyNumber),
    after.safetyNumber === null ? forgotten : {},
  )
  const onDisk = {
    cause:
      'The session outlasts the process, so its keys are on disk. Only the two identities are kept.',
  }
  probes.holds('no session', after.session === null, shown(after.session), onDisk)
  const { step, messages } = await scene.sendText(someText(scene))
  probes.holds('no message', messages.length === 0, `${messages.length} came`, onDisk)
  const isKept = after.session !== null || messages.length > 0
  probes.holds(
    '/send_msg answers 400 or more',
    step.status >= 400,
    outcomeOf(step),
    isKept ? onDisk : {},
  )
  const text = await scene.post('/wire/message', old.messageForm(someText(scene)))
  probes.refused('a text of the old session', 'unknown_session', text, onDisk)
  const other = await scene.post('/wire/keys', others(scene))
  probes.refused('a share of another identity', 'identity_changed', other, forgotten)
  if (probes.wrong.length === 0) await shows(scene, probes, 'a new session', await scene.agree())
  end()
}

export const IDENTITY: readonly Clause[] = [
  {
    ...USUAL,
    id: 'disorder/22',
    title: 'another identity',
    section: 'Key message',
    sentence:
      "if the receiver knows the peer's identity, or `confirm` names the candidate with the right tag (step 1 below), which makes one known, it is this one",
    parties: [1, 2],
    weight: 2,
    needs: ['session/7'],
    run: otherIdentity,
  },
  {
    ...USUAL,
    id: 'disorder/23',
    title: 'a restart',
    sentence: 'A restarted peer has its identity and the known identity, and no session.',
    weight: 2,
    needs: ['session/2'],
    run: restarts,
  },
]
