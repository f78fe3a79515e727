/** Disorder: wrong tags, in key messages and in answers. */

import type { Agreement } from '../../agreement.ts'
import type { Clause } from '../../clause.ts'
import type { Context } from '../../context.ts'
import { accepted } from '../../otherPeer.ts'
import { outcomeOf, Probes } from '../../probes.ts'
import type { Scene } from '../../scene.ts'
import {
  answeredKeys,
  candidate,
  causeOfTags,
  type Form,
  invite,
  shows,
  studentsKeys,
  WRONG_TAGS,
} from '../steps.ts'
import { USUAL } from './usual.ts'

/** A session, and the key message that confirms it under a tag, the right one if none is given. */
interface Situation {
  readonly session: Agreement
  readonly form: (tag?: Uint8Array) => Form
}

/** What a tag confirms, and how the student's peer comes to it. */
const SITUATIONS: Readonly<Record<string, (scene: Scene) => Promise<Situation>>> = {
  'a new session': async (scene) => {
    const message = await studentsKeys(scene)
    const ephemeral = scene.freshKeys(message.publicKey)
    const session = scene.agreement(ephemeral, { publicKey: message.publicKey }, 'student')
    return confirming(scene, session, ephemeral.publicKey)
  },
  'the candidate': async (scene) => {
    const { session, ephemeral } = await candidate(scene)
    return confirming(scene, session, ephemeral.publicKey)
  },
  'the current session': async (scene) => {
    const session = scene.current ?? (await scene.agree())
    return confirming(scene, session, scene.freshKeys().publicKey)
  },
}

function confirming(scene: Scene, session: Agreement, publicKey: Uint8Array): Situation {
  return { session, form: (tag) => scene.keyForm(publicKey, session.confirmForm(tag)) }
}

async function inKeyMessages(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const taken = new Map<string, string[]>()
  const lost: string[] = []
  const ignored: string[] = []
  for (const [which, make] of Object.entries(SITUATIONS)) {
    let situation = await make(scene)
    const passed: string[] = []
    for (const [name, of] of WRONG_TAGS) {
      const tag = of(situation.session)
      if (tag === undefined) continue
      const answer = await scene.post('/wire/keys', situation.form(tag))
      probes.refused(`${which}, ${name}`, 'confirm_failed', answer)
      const isOn = situation.session !== scene.current && (await scene.isOn(situation.session))
      if (!isOn && !scene.isTaken(answer)) continue
      if (!isOn && situation.session !== scene.current) {
        ignored.push(which)
        continue
      }
      passed.push(name)
      if (isOn) scene.promoted(situation.session)
      situation = await make(scene)
    }
    if (passed.length > 0) taken.set(which, passed)
    const what = `${which}, the right tag afterwards`
    const answer = await scene.post('/wire/keys', situation.form())
    const isTaken = probes.taken(what, answer)
    if (!isTaken || !(await shows(scene, probes, what, situation.session))) lost.push(which)
    else if (situation.session !== scene.current) scene.promoted(situation.session)
  }
  probes.end(
    'confirmations with wrong tags: of a new session, of the candidate, of the current session',
    'confirm_failed; the right tag is taken afterwards',
    () => causeOf(taken, lost, ignored),
  )
}

/** `taken`: the wrong tags that promoted; `lost`: after which the right one is none; `ignored`: what was a share alone with a wrong tag. */
function causeOf(
  taken: ReadonlyMap<string, readonly string[]>,
  lost: readonly string[],
  ignored: readonly string[],
): string | null {
  if (taken.size === 0 && lost.length === 0 && ignored.length > 0)
    return `A wrong tag is ignored, and the share taken without it (${[...new Set(ignored)].join(', ')}). It has to be refused.`
  if (taken.size === 0)
    return lost.length > 0
      ? `A wrong tag costs the keys: the right one is refused afterwards (${lost.join(', ')}). What is refused changes nothing.`
      : null
  const names = [...taken.values()].flat()
  return causeOfTags(names, `in a key message that confirms ${[...taken.keys()].join(', ')}`)
}

async function inAnswers(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const taken: string[] = []
  let last: Situation | null = null
  let ephemeral = await invite(scene)
  for (const [name, of] of WRONG_TAGS) {
    let isSkipped = false
    const { step, session } = await answeredKeys(scene, ephemeral, (one) => {
      const tag = of(one)
      isSkipped = tag === undefined
      return accepted({ accepted: true, ...(tag && { confirm: one.confirmForm(tag) }) })
    })
    last = confirming(scene, session, ephemeral.publicKey)
    const isOn = await scene.isOn(session)
    if (isOn) {
      scene.promoted(session)
      ephemeral = await invite(scene)
    }
    if (isSkipped) continue
    const what = `the candidate, ${name}`
    probes.holds(`${what}: /send_keys is refused`, step.status >= 400, outcomeOf(step))
    if (!probes.holds(`${what}: no such session`, !isOn, '/show has it')) {
      taken.push(name)
      last = null
    }
  }
  const lost = last !== null && !(await rightAfterwards(scene, probes, last))
  if (probes.wrong.length === 0) {
    const session = scene.current as Agreement
    for (const [name, of] of WRONG_TAGS) {
      const tag = of(session)
      if (tag === undefined) continue
      const { step } = await scene.sendKeys(() =>
        accepted({ accepted: true, confirm: session.confirmForm(tag) }),
      )
      probes.holds(`the current session, ${name}`, step.status >= 400, outcomeOf(step))
    }
    await shows(scene, probes, 'the current session', session)
  }
  probes.end(
    'a share; /send_keys, whose answer confirms the session with a wrong tag; the right one in a key message',
    '/send_keys answers 400 or more, and no session; then a session',
    (wrong) => {
      if (taken.length > 0) return causeOfTags(taken, 'in the answer to your key message')
      if (lost) return 'A wrong tag in an answer costs the keys. It changes nothing.'
      if (wrong.every((name) => name.startsWith('the current session')))
        return 'A wrong tag of the current session in an answer is not noticed.'
      return wrong.every((name) => name.endsWith('is refused'))
        ? '/send_keys says that all is well, though the tag in the answer is wrong.'
        : null
    },
  )
}

async function rightAfterwards(scene: Scene, probes: Probes, { session, form }: Situation) {
  const what = 'the right tag in a key message'
  const isTaken = probes.taken(what, await scene.post('/wire/keys', form()))
  const isOn = isTaken && (await shows(scene, probes, what, session))
  if (isOn) scene.promoted(session)
  return isOn
}

export const TAGS: readonly Clause[] = [
  {
    ...USUAL,
    id: 'disorder/10',
    title: 'wrong tags in a key message',
    section: 'Key message',
    sentence:
      "if `confirm` names the candidate, the current session, or the session of the receiver's ephemeral key pair and this share: its tag is that of the other party",
    parties: [1, 2],
    weight: 3,
    needs: ['session/7'],
    run: inKeyMessages,
  },
  {
    ...USUAL,
    id: 'disorder/19',
    title: 'wrong tags in an answer',
    sentence:
      'names the candidate: that is promoted. A wrong tag is `confirm_failed`, and changes nothing;',
    parties: [1, 2],
    weight: 2,
    needs: ['session/4', 'session/7'],
    run: inAnswers,
  },
]
