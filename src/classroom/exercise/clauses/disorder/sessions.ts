/** Disorder: the sessions of a peer one after another, and what still arrives on them. */

import { equalBytes } from '../../../../protocol/bytes.ts'
import type { Agreement } from '../../agreement.ts'
import type { Clause } from '../../clause.ts'
import type { Context } from '../../context.ts'
import { changedSince, contentsOf, type FoundFile, filesUnder } from '../../files.ts'
import { outcomeOf, Probes } from '../../probes.ts'
import type { KeyMessage, Scene } from '../../scene.ts'
import {
  candidate,
  candidateOf,
  confirms,
  sendsText,
  shows,
  somePicture,
  someText,
  studentsKeys,
  takesText,
} from '../steps.ts'
import { paused } from './pieces.ts'
import { USUAL } from './usual.ts'

async function promotedByText(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const { session } = await candidate(scene)
  const cause =
    'A text on the candidate is refused. Who seals it has the keys: it proves as much as a tag does.'
  if (await takesText(scene, probes, 'a text on the candidate', session, { cause })) {
    const notPromoted = {
      cause: 'A text on the candidate is taken, and the candidate is not promoted.',
    }
    if (await shows(scene, probes, 'the session', session, notPromoted))
      await sendsText(scene, probes, 'a text of yours', session)
  }
  probes.end(
    'a candidate, a text on it, /send_msg',
    'the text is taken, and promotes the candidate',
  )
}

async function promotedByPicture(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const { session } = await candidate(scene)
  const answer = await scene.postPicture(session.pictureBody(pictureOf(scene, 600)))
  const cause =
    'A picture on the candidate is refused. Who seals it has the keys: it proves as much as a tag does.'
  if (probes.taken('a picture on the candidate', answer, { cause })) {
    const notPromoted = {
      cause: 'A picture on the candidate is taken, and the candidate is not promoted.',
    }
    if (await shows(scene, probes, 'the session', session, notPromoted))
      await sendsText(scene, probes, 'a text of yours', session)
  }
  probes.end(
    'a candidate, a picture on it, /send_msg',
    'the picture is taken, and promotes the candidate',
  )
}

function pictureOf(scene: Scene, length: number) {
  return { type: 'image/png', name: 'picture.png', content: somePicture(scene, length) }
}

async function previousSession(context: Context): Promise<void> {
  const { scene, session: first } = await context.agreed()
  const probes = new Probes(scene)
  const end = () =>
    probes.end(
      'two agreements, texts on both, /send_msg; a third, texts on the first and the second',
      'the previous session takes texts, the one before does not, and yours go over the newest',
    )
  const second = await scene.agree()
  const forgotten = 'The previous session is forgotten. Messages may still arrive on it.'
  const onFirst = { cause: forgotten }
  await takesText(scene, probes, 'a text on the current session', second)
  await takesText(scene, probes, 'a text on the previous session', first, onFirst)
  const back = {
    cause: 'A text on the previous session makes it the current one again. It changes nothing.',
  }
  const isBack = await scene.isOn(first)
  await shows(scene, probes, 'the second session', second, isBack ? back : {})
  const message = await sendsText(scene, probes, 'a text of yours', second, isBack ? back : {})
  if (message !== null)
    probes.holds('it has seq 0', message.seq === 0, `seq ${message.seq}`, {
      cause: 'Each session counts its messages from 0.',
    })
  if (probes.wrong.length > 0) return end()
  const third = await scene.agree()
  const text = await scene.post('/wire/message', first.messageForm(someText(scene)))
  probes.refused('a text on the session before the previous one', 'unknown_session', text, {
    cause: 'More than one previous session is kept. Promotion drops it.',
  })
  await takesText(scene, probes, 'a text on the previous session then', second, onFirst)
  await shows(scene, probes, 'the third session', third, (await scene.isOn(second)) ? back : {})
  await scene.decrypt()
  end()
}

async function textsStay(context: Context): Promise<void> {
  const { scene, session } = await context.agreed()
  const probes = new Probes(scene)
  const mark = scene.outputMark
  const texts: string[] = []
  let on: Agreement = session
  for (let i = 0; i < 3; i++) {
    const text = someText(scene)
    texts.push(text)
    const answer = await scene.post('/wire/message', on.messageForm(text))
    probes.taken(`text ${i + 1}`, answer)
    on = await scene.agree()
  }
  const step = await scene.decrypt()
  const isAll = await scene.prints(mark, texts)
  const printed = scene.student?.stdout.since(mark)
  const missing = texts.filter((text) => !printed?.includes(text)).length
  probes.holds(
    'all texts are printed',
    isAll,
    `${missing} of ${texts.length} are missing; /decrypt_msg: ${outcomeOf(step)}`,
    {
      cause:
        'Texts that wait go with their session. Each is kept with its own key until it is read.',
    },
  )
  probes.end(
    'a text and an agreement, three times; /decrypt_msg',
    'all three texts, though sessions were dropped meanwhile',
  )
}

async function goesOn(context: Context): Promise<void> {
  const { scene, session: old } = await context.agreed()
  const probes = new Probes(scene)
  const end = () =>
    probes.end(
      'a text each way, before /send_keys, after it, after a share, after the confirmation',
      'the first three on the session that there was, the last on the new one',
    )
  const ended = {
    cause: 'New keys end the session. It stays the current one until another one is confirmed.',
  }
  const bothWays = async (when: string, session: Agreement, later: Agreement | null) => {
    await takesText(scene, probes, `a text ${when}`, session, ended)
    const text = someText(scene)
    const { step, messages } = await scene.sendText(text)
    const message = messages.at(-1)
    const isOnLater =
      message !== undefined && later !== null && equalBytes(message.session, later.id)
    const isOnIt = message !== undefined && equalBytes(message.session, session.id)
    probes.holds(
      `a text of yours ${when}`,
      isOnIt,
      message === undefined ? `none came; /send_msg: ${outcomeOf(step)}` : 'on another session',
      isOnLater ? { cause: 'It sends on a candidate, which nobody confirmed yet.' } : ended,
    )
    if (message !== undefined && isOnIt)
      probes.holds(`it opens, ${when}`, session.open(message) !== null, 'it does not')
    return probes.wrong.length === 0
  }
  if (!(await bothWays('before', old, null))) return end()
  const message = await studentsKeys(scene)
  if (!(await bothWays('after /send_keys', old, null))) return end()
  const { session, confirmed } = await candidateOf(scene, message)
  if (!(await bothWays('after the share', old, session))) return end()
  probes.taken('the confirmation', await scene.post('/wire/keys', confirmed))
  scene.promoted(session)
  await bothWays('after the confirmation', session, null)
  await scene.decrypt()
  end()
}

async function repeats(context: Context): Promise<void> {
  const { scene, session } = await context.agreed()
  const message = await studentsKeys(scene)
  const probes = new Probes(scene)
  const { confirm } = message
  const isNamed = confirm !== null && equalBytes(confirm.session, session.id)
  const isOthers = isNamed && equalBytes(confirm.tag, session.tagOf('examiner'))
  const cause =
    confirm === null
      ? 'There is no `confirm`. With a current session and no candidate, it confirms the current one.'
      : isOthers
        ? "It confirms with the other party's tag. It has to be its own."
        : !isNamed && isWithShareOf(scene, session, message)
          ? 'It derives a candidate with the share of the session that was promoted. That share counts as used, and is no longer kept.'
          : null
  confirms(
    scene,
    probes,
    'the key message confirms the current session',
    message,
    session,
    cause === null ? {} : { cause },
  )
  probes.end(
    '/send_keys after an agreement',
    "`confirm` of the current session, with your peer's tag",
  )
}

/** Whether the message confirms what follows from its keys and the share that `session` came from. */
function isWithShareOf(scene: Scene, session: Agreement, message: KeyMessage): boolean {
  const again = scene.agreement(session.material.examiner.ephemeral, message, 'examiner')
  return message.confirm !== null && equalBytes(message.confirm.session, again.id)
}

async function replays(context: Context): Promise<void> {
  const { scene } = await context.agreed()
  const probes = new Probes(scene)
  const seqGoesOn = 'the seq of your texts goes on'
  const anew = {
    cause: 'A chain begins anew after a replayed key message. One key seals two texts.',
  }
  const end = () =>
    probes.end(
      'a whole exchange and a text again, before and after new keys; a text each way in between',
      'stale_keys and replay; the texts go on with the next seq',
      (wrong) => (wrong.some((one) => one === seqGoesOn) ? anew.cause : null),
    )
  const { session, share, confirmed } = await candidate(scene)
  if (!probes.taken('the confirmation', await scene.post('/wire/keys', confirmed))) return end()
  scene.promoted(session)
  const text = session.messageForm(someText(scene))
  probes.taken('a text', await scene.post('/wire/message', text))
  const first = await sendsText(scene, probes, 'a text of yours', session)
  if (first === null) return end()
  for (const when of ['again', 'again after /send_keys']) {
    const stale = { cause: 'A used share is taken again.' }
    for (const [name, form] of Object.entries({ share, 'share with its confirmation': confirmed }))
      probes.refused(
        `the ${name} ${when}`,
        'stale_keys',
        await scene.post('/wire/keys', form),
        stale,
      )
    probes.refused(`the text ${when}`, 'replay', await scene.post('/wire/message', text), anew)
    await takesText(scene, probes, `the next text, ${when}`, session)
    const message = await sendsText(scene, probes, `the next text of yours, ${when}`, session)
    const wanted = session.textsOfStudent - 1
    if (message !== null)
      probes.holds(
        seqGoesOn,
        message.seq >= wanted && message.seq > first.seq,
        `seq ${message.seq}`,
        anew,
      )
    if (probes.wrong.length > 0) return end()
    if (when === 'again') await studentsKeys(scene)
  }
  await scene.decrypt()
  end()
}

/** Several chunks, of which the first piece has more than one. */
const LONG_PICTURE = 150_000
const FIRST_PIECE = 70_000

/** How many files under {state} are new or changed since `before`, and have the beginning of one of `bodies`, or nothing yet. */
async function filesWith(
  scene: Scene,
  before: readonly FoundFile[],
  bodies: readonly Uint8Array[],
): Promise<number> {
  const samples = bodies.map((body) => Buffer.from(body.subarray(0, 64)))
  let count = 0
  const changed = changedSince(before, await filesUnder(scene.state ?? ''))
  for await (const { content } of contentsOf(changed))
    if (content.length === 0 || samples.some((sample) => content.includes(sample))) count++
  return count
}

/** Within this a peer has removed what it wrote of a picture that it refused. */
const REMOVED_MS = 300

async function dropped(context: Context): Promise<void> {
  const scene = await context.start()
  const probes = new Probes(scene)
  const end = () =>
    probes.end(
      'a picture on a candidate, and another share while it comes; a picture on the current session, and two agreements while it comes',
      'unknown_session, and no file; the second is taken',
    )
  const old = await candidate(scene)
  const before = await filesUnder(scene.state ?? '')
  const shown = pictureOf(scene, LONG_PICTURE)
  const body = old.session.pictureBody(shown)
  const picture = paused(body, FIRST_PIECE)
  const coming = scene.attempt('/wire/image', picture.options)
  await picture.isUnderWay
  const next = await candidateOf(scene, old.message)
  picture.goOn()
  const answer = await coming
  const kept = {
    cause:
      'A picture on a candidate is kept though that was replaced while it came. It may be a stranger’s.',
  }
  const left = { cause: 'A picture is written before it is whole. One that fails leaves nothing.' }
  const what = 'a picture on a candidate that was replaced'
  const isRefused = probes.refused(what, 'unknown_session', answer, kept)
  await new Promise((resolve) => setTimeout(resolve, REMOVED_MS))
  const added = await filesWith(scene, before, [shown.content, body])
  probes.holds(
    'it leaves no file',
    added === 0,
    `${added} files have some of it`,
    isRefused ? left : kept,
  )
  probes.taken('the confirmation', await scene.post('/wire/keys', next.confirmed))
  if (!(await shows(scene, probes, 'the session', next.session))) return end()
  scene.promoted(next.session)
  const second = paused(next.session.pictureBody(pictureOf(scene, LONG_PICTURE)), FIRST_PIECE)
  const coming2 = scene.attempt('/wire/image', second.options)
  await second.isUnderWay
  await scene.agree()
  await scene.agree()
  second.goOn()
  probes.taken('a picture on a session that was dropped while it came', await coming2, {
    cause:
      'A picture is refused since its session was dropped while it came. A confirmed session counts as it was when the picture began.',
  })
  end()
}

export const SESSIONS: readonly Clause[] = [
  {
    ...USUAL,
    id: 'disorder/13',
    title: 'a text on the candidate',
    sentence:
      'A message or a picture that is accepted under the candidate promotes it too: it proves as much as a tag does.',
    parties: [1, 2],
    weight: 2,
    needs: ['session/5', 'messages/4'],
    run: promotedByText,
  },
  {
    ...USUAL,
    id: 'disorder/14',
    title: 'a picture on the candidate',
    sentence:
      'A message or a picture that is accepted under the candidate promotes it too: it proves as much as a tag does.',
    weight: 1,
    needs: ['session/5', 'pictures/5'],
    run: promotedByPicture,
  },
  {
    ...USUAL,
    id: 'disorder/15',
    title: 'the previous session',
    sentence: 'a **previous** session: the one before; messages may still arrive on it;',
    parties: [1, 2],
    weight: 2,
    start: 'agreed',
    needs: ['session/8', 'messages/4'],
    run: previousSession,
  },
  {
    ...USUAL,
    id: 'disorder/16',
    title: 'texts whose session was dropped',
    section: 'Messages',
    sentence:
      'A message is kept sealed until its reader asks for it, with its own key and no other, even if its session is dropped meanwhile;',
    weight: 1,
    start: 'agreed',
    needs: ['disorder/15'],
    needsStart: true,
    run: textsStay,
  },
  {
    ...USUAL,
    id: 'disorder/17',
    title: 'texts while keys are under way',
    sentence: 'a **current** session: confirmed; messages are sent on it and on no other;',
    weight: 1,
    start: 'agreed',
    needs: ['session/8', 'messages/4', 'session/7'],
    run: goesOn,
  },
  {
    ...USUAL,
    id: 'disorder/18',
    title: 'keys repeat the confirmation',
    sentence: 'So every key message repeats what the other side may have missed.',
    parties: [1, 2],
    weight: 1,
    start: 'agreed',
    needs: ['session/2'],
    run: repeats,
  },
  {
    ...USUAL,
    id: 'disorder/21',
    title: 'a whole exchange again',
    sentence: 'So no replayed key message can ever set a chain back, and no key seals twice.',
    parties: [1, 2],
    weight: 1,
    start: 'agreed',
    needs: ['session/2', 'messages/2', 'session/7'],
    run: replays,
  },
  {
    ...USUAL,
    id: 'disorder/27',
    title: 'a picture whose session goes while it comes',
    section: 'Pictures',
    sentence:
      "It keeps the picture, and steps the chain behind its number, once all of this holds, even if a confirmed session was dropped meanwhile (a candidate that was replaced is nobody's, and may be a stranger's); one that fails leaves nothing, and the chain as it was.",
    weight: 1,
    needs: ['session/7', 'disorder/8', 'disorder/14', 'disorder/15'],
    run: dropped,
  },
]
