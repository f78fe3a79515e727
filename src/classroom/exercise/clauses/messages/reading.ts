/** Stage 3, what becomes of texts until their reader asks for them. */

import type { Clause } from '../../clause.ts'
import type { Context } from '../../context.ts'
import { outcomeOf, Probes } from '../../probes.ts'
import type { Scene } from '../../scene.ts'
import { Refusals } from './refusals.ts'
import { alone, aText, deliver, INBOX, read, sealed, type Talk, talking, USUAL } from './texts.ts'

async function messages5(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const probes = new Probes(scene)
  const texts = [aText(scene), aText(scene), aText(scene)]
  const mark = scene.outputMark
  const errorMark = scene.student?.stderr.mark ?? 0
  for (const text of texts) probes.taken('a text', await deliver(talk, sealed(session, text)))
  const did = 'three texts, /decrypt_msg twice, another text, /decrypt_msg'
  const wanted = 'the texts on standard output, the oldest first, each once'
  const firstRead = await scene.decrypt()
  const { status } = firstRead
  const cause = `/decrypt_msg answers with status ${status} though texts wait. A step that did what it says has one below 400.`
  if (!probes.holds('/decrypt_msg', status < 400, outcomeOf(firstRead), { cause }))
    probes.end(did, wanted)
  await scene.decrypt()
  // Once a later text is there, nothing of the earlier ones comes any more.
  const last = aText(scene)
  probes.taken('a text afterwards', await deliver(talk, sealed(session, last)))
  const lastRead = await scene.decrypt()
  const isThere = await scene.prints(mark, [...texts, last])
  const output = scene.student?.stdout.since(mark).toString('utf8') ?? ''
  const places = texts.map((text) => output.indexOf(text))
  const seen = places.filter((place) => place >= 0).length
  probes.holds('the texts on standard output', isThere, `${seen} of the first three came`, {
    ...causeOfSilence(
      scene,
      errorMark,
      texts,
      Buffer.concat([firstRead.body, lastRead.body]),
      places,
    ),
  })
  const inOrder = places.every((place, i) => i === 0 || place > (places[i - 1] ?? 0))
  let isFollowed = isThere
  if (isThere) {
    probes.holds('the oldest first', inOrder, 'another order', {
      cause: 'The texts come in another order. The oldest is printed first.',
    })
    // What is printed when it arrives comes twice as well, the last one too: that is for messages/6 to say.
    const count = (text: string) => output.split(text).length
    const again = texts.find((text) => count(text) > count(last))
    isFollowed = probes.holds('each once', again === undefined, 'one came again', {
      cause: 'A text is printed more than once. What was read does not wait any more.',
    })
  }
  probes.end(did, wanted, undefined, { isFollowed })
}

function causeOfSilence(
  scene: Scene,
  errorMark: number,
  texts: readonly string[],
  answers: Buffer,
  places: readonly number[],
): { cause?: string } {
  const [first, ...others] = places
  const isOnly = first !== undefined && first >= 0 && others.every((place) => place < 0)
  const errors = scene.student?.stderr.since(errorMark) ?? Buffer.alloc(0)
  const isIn = (bytes: Buffer) => texts.some((text) => bytes.includes(text))
  if (isIn(answers))
    return {
      cause:
        'The texts are in the answer of /decrypt_msg. They have to be on standard output, and nowhere else.',
    }
  if (isIn(errors))
    return { cause: 'The texts are on standard error. They have to be on standard output.' }
  // It was called three times before the last text was read.
  if (isOnly || places.every((place) => place >= 0))
    return { cause: '/decrypt_msg prints the oldest text only. It prints every waiting text.' }
  if (places.every((place) => place < 0))
    return {
      cause:
        'No text came on standard output, neither within 2 seconds nor when the peer was ended. If you print them, flush the output after each line.',
    }
  return {}
}

/** How long a text that is printed when it arrives may take to be seen. */
const ARRIVES_MS = 300

async function messages6(talk: Talk): Promise<void> {
  const { context, scene, session } = talk
  const probes = new Probes(scene)
  const text = aText(scene)
  const mark = scene.outputMark
  const isThere = (bytes: Buffer) => bytes.includes(text)
  probes.taken('a text', await deliver(talk, sealed(session, text)))
  let isEarly = (await scene.student?.stdout.waitFor(mark, isThere, ARRIVES_MS)) ?? false
  if (!isEarly) {
    await read(scene)
    const hasCome = await scene.student?.stdout.waitFor(mark, isThere, ARRIVES_MS)
    // What is held back can only be seen once the peer has ended.
    if (!hasCome) isEarly = await printsUnasked(context)
  }
  probes.holds('not on standard output before /decrypt_msg', !isEarly, 'it is there', {
    cause: 'A text is printed when it arrives. It stays sealed until its reader asks for it.',
  })
  probes.end('a text of the other peer', 'nothing of it on standard output before /decrypt_msg')
}

/** Whether a fresh start prints a text that nobody asked for, at the latest when it ends. */
async function printsUnasked(context: Context): Promise<boolean> {
  const scene = await context.start()
  const session = await scene.agree()
  const text = aText(scene)
  const mark = scene.outputMark
  await deliver({ scene, session }, sealed(session, text))
  await context.stop(scene)
  return scene.student?.stdout.since(mark).includes(text) ?? false
}

/** How many texts wait before the new agreement. */
const BEFORE = 20

async function messages15(talk: Talk): Promise<void> {
  const { scene, session } = talk
  const probes = new Probes(scene)
  const texts: string[] = []
  const mark = scene.outputMark
  /** Sends one more. Null: it is taken, else what came. */
  const put = async (on: typeof session, text: string): Promise<string | null> => {
    const answer = await deliver({ scene, session: on }, sealed(on, text))
    if (!scene.isTaken(answer)) return outcomeOf(answer)
    texts.push(text)
    return null
  }
  const did = '20 texts, a new agreement, 12 texts, one more, /decrypt_msg, the last one again'
  const wanted = '`inbox_full` for the 33rd, which is taken once the others were read'
  const fill = async (on: typeof session, count: number): Promise<void> => {
    while (texts.length < count) {
      const got = await put(on, aText(scene))
      const which = texts.length + 1
      if (
        probes.holds(`text ${which} of 32`, got === null, got ?? '', { cause: causeOfFull(which) })
      )
        continue
      probes.end(did, wanted)
    }
  }
  await fill(session, BEFORE)
  const next = await scene.agree()
  await fill(next, INBOX)
  const extra = aText(scene)
  const form = sealed(next, extra)
  const answer = await deliver({ scene, session: next }, form)
  if (answer.code !== 'inbox_full') new Refusals(talk).missed.add('inbox_full')
  if (!probes.refused('text 33', 'inbox_full', answer)) {
    const hasLimit = scene.isTaken(answer) && (await isFullAlone({ scene, session: next }))
    probes.end(
      did,
      wanted,
      () =>
        hasLimit
          ? 'The limit is one of each session. It is one for the texts of all sessions.'
          : 'There is no limit to the texts that wait: whoever sends enough of them fills your memory.',
      { isFollowed: true },
    )
  }
  await read(scene)
  const again = await deliver({ scene, session: next }, form)
  if (!scene.isTaken(again)) new Refusals(talk).missed.add('inbox_full')
  probes.taken('text 33 again, once the others were read', again, {
    cause:
      again.code === 'inbox_full'
        ? 'Reading the texts makes no room for others.'
        : 'The text that was refused has used up its key. Whatever is refused leaves the chain as it was.',
  })
  await read(scene)
  if (scene.student !== null) {
    const isThere = await scene.prints(mark, texts)
    probes.holds('all 32 texts on standard output', isThere, 'not all of them', {
      cause: 'Not all waiting texts are printed.',
    })
  }
  probes.end(did, wanted, undefined, { isFollowed: true })
}

function causeOfFull(which: number): string {
  return which === INBOX
    ? 'The 32nd text is refused. Fewer than 32 wait then, so it is taken.'
    : `Text ${which} is refused, though fewer than 32 wait.`
}

/** Whether a session whose 13th text was just taken is full after 32. */
async function isFullAlone(talk: Pick<Talk, 'scene' | 'session'>): Promise<boolean> {
  const { scene, session } = talk
  while (session.nextText < INBOX) {
    const answer = await deliver(talk, sealed(session, aText(scene)))
    if (!scene.isTaken(answer)) return false
  }
  return (await deliver(talk, sealed(session, aText(scene)))).code === 'inbox_full'
}

export const READING: readonly Clause[] = [
  {
    ...USUAL,
    id: 'messages/5',
    title: '/decrypt_msg prints the texts',
    section: 'contract',
    sentence: 'prints every waiting text on standard output, oldest first',
    weight: 1,
    needs: ['messages/4'],
    start: 'own',
    run: alone(messages5),
  },
  {
    ...USUAL,
    id: 'messages/6',
    title: 'a text waits for its reader',
    sentence:
      'A message is kept sealed until its reader asks for it, with its own key and no other, even if its session is dropped meanwhile;',
    weight: 1,
    needs: ['messages/4'],
    needsStart: true,
    run: talking(messages6),
  },
  {
    ...USUAL,
    id: 'messages/15',
    title: 'at most 32 texts wait',
    sentence: 'fewer than 32 messages, of all sessions, wait to be read',
    weight: 2,
    parties: [1, 2],
    needs: ['messages/5'],
    start: 'own',
    run: alone(messages15),
  },
]
