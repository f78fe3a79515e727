/** Stage 4, what the student's peer takes: whole pictures, in whatever pieces, and what it keeps of them. */

import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { equalBytes } from '../../../../protocol/bytes.ts'
import { HEADER_BYTES } from '../../../../protocol/stream.ts'
import { printable } from '../../../../terminal/printable.ts'
import { type Answer, NoAnswer } from '../../call.ts'
import { type Choices, decisionsOf, RIGHT } from '../../computation/choices.ts'
import { compute } from '../../computation/computed.ts'
import type { Context } from '../../context.ts'
import { Failure } from '../../failure.ts'
import { changedSince, contentsOf, filesUnder, shownPath } from '../../files.ts'
import { fieldsOf } from '../../forms.ts'
import { outcomeOf, Probes } from '../../probes.ts'
import type { Scene } from '../../scene.ts'
import { TYPES } from './genuine.ts'
import { probeOpening } from './probing.ts'
import { madeUp, post, seal } from './sealed.ts'

/** Between two pieces of a body, so that they don't come as one. */
const PIECE_MS = 40
/** How long a file may take to appear once the picture was taken. */
const KEPT_MS = 1_500
const LOOK_MS = 50

/** pictures/5 */
export async function everyType(context: Context): Promise<void> {
  const { scene, session } = await context.agreed()
  const probes = new Probes(scene)
  let { takes } = session
  let hasProbed = false
  let hasHung = false
  for (const type of TYPES)
    for (const bytes of [16, 150_014]) {
      // Who does not answer once is not asked seven times more.
      if (hasHung) continue
      const what = `${bytes} bytes of ${type}`
      const picture = madeUp(context.random, type, bytes)
      let sealed = seal(session, picture, { takes })
      let answer = await post(scene, session, sealed)
      if (isRefused(answer) && !hasProbed) {
        hasProbed = true
        const found = await wayOfOpening(context, takes.choices, `${what}: ${outcomeOf(answer)}`)
        if (found !== null) {
          // Its own pictures are sealed in another way; that is for the clauses on those to say.
          takes = compute(session.material, found)
          sealed = seal(session, picture, { takes })
          answer = await post(scene, session, sealed)
        }
      }
      hasHung = answer instanceof NoAnswer
      if (!probes.taken(what, answer)) continue
      const { material, picturesOfStudent: others } = session
      const { number, body } = sealed
      const seen = { number, others, picture: picture.content, body, isTaken: true }
      context.ledger.record({ kind: 'picture', from: 'examiner', material, ...seen })
      lookAtAnswer({ scene, probes }, what, answer, bytes)
    }
  // Where only the answer is wrong, what builds on it can be judged.
  const isFollowed = !probes.wrong.some((what) => /^\d/.test(what))
  const isOnlyShort = probes.wrong.every((what) => what.startsWith('16 bytes'))
  const causeOf = () => (isOnlyShort ? SHORT : probes.firstCause)
  probes.end(DID, WANTED, causeOf, { isFollowed })
}

const SHORT =
  'A picture of 16 bytes is refused. It is whole once as many bytes have come as the metadata say; what it shows is not for a peer to judge.'
const DID = 'pictures of the four types, of one chunk and of three'
const WANTED = 'each taken: 201 with accepted and bytes'

function isRefused(answer: Answer | NoAnswer): answer is Answer {
  return (
    'status' in answer &&
    answer.code !== 'not_found' &&
    answer.code !== 'unsupported_type' &&
    answer.status >= 400
  )
}

/**
 * How the student's peer opens pictures, if that is right and only what it seals is not. Null if what it refused was
 * sealed as it opens others.
 * @throws Failure if it opens them in a wrong way, or in none that is known
 */
async function wayOfOpening(
  context: Context,
  tried: Choices,
  got: string,
): Promise<Choices | null> {
  const { found, count, opensOwn } = await probeOpening(context)
  const isAs = (one: Choices, other: Choices) =>
    decisionsOf(4).every((decision) => one[decision] === other[decision])
  if (found.some((one) => isAs(one, tried))) return null
  const right = found.find((one) => isAs(one, RIGHT))
  if (right !== undefined) return right
  const agrees =
    ' It opens what it seals itself, so two of your peers agree, and no other peer does.'
  const cause = `None of the ${count} usual ways to seal it is taken either.`
  const isKnown = found.length > 0
  throw new Failure(
    { did: DID, wanted: WANTED, got: opensOwn ? got + agrees : got, cause: isKnown ? null : cause },
    isKnown ? { layer: 4 } : {},
  )
}

function lookAtAnswer(
  { scene, probes }: { scene: Scene; probes: Probes },
  what: string,
  answer: Answer | NoAnswer,
  bytes: number,
) {
  if (answer instanceof NoAnswer) return
  probes.holds(`the status of the answer to ${what}`, scene.isTaken(answer), `${answer.status}`, {
    cause: `The answer has status ${answer.status}. A picture that is taken has 201.`,
  })
  const fields = fieldsOf(answer.json)
  const names = Object.keys(fields).sort().join(', ')
  const isRight = names === 'accepted, bytes' && fields['accepted'] === true
  probes.holds(`the answer to ${what}`, isRight, printable(answer.body.toString('utf8', 0, 120)), {
    cause: 'The answer has exactly the fields `accepted`, which is true, and `bytes`.',
  })
  if (isRight)
    probes.holds(
      `bytes in the answer to ${what}`,
      fields['bytes'] === bytes,
      printable(JSON.stringify(fields['bytes']).slice(0, 40)),
      { cause: '`bytes` in the answer is the length of the picture alone, as a number.' },
    )
}

/** pictures/6 */
export async function keeps(context: Context): Promise<void> {
  const { scene, session } = await context.agreed()
  const { state } = scene
  if (state === null) return
  const cwd = scene.student?.cwd
  const probes = new Probes(scene)
  for (const type of ['image/png', 'image/webp'] as const) {
    const picture = madeUp(context.random, type, 2_000 + context.random.below(1_000))
    const before = cwd === undefined ? [] : await filesUnder(cwd)
    const answer = await post(scene, session, seal(session, picture))
    if (!probes.taken(`a picture of ${type}`, answer)) continue
    const isKept = await within(
      KEPT_MS,
      async () => (await howKept(state, picture.content)) === 'whole',
    )
    const how = isKept ? 'whole' : await howKept(state, picture.content)
    const elsewhere =
      how === 'not' && cwd !== undefined ? await keptIn(cwd, before, picture.content) : null
    probes.holds(`a file with the ${picture.content.length} bytes of a picture`, isKept, GOT[how], {
      cause:
        elsewhere === null
          ? CAUSES[how]
          : `The picture is kept outside of {state}: ${shownPath(elsewhere, state, cwd)}.`,
    })
  }
  probes.end(
    'two pictures',
    'a file with exactly these bytes somewhere under {state}',
    () => probes.firstCause,
  )
}

type Kept = 'whole' | 'cut' | 'more' | 'not'
const GOT: Readonly<Record<Kept, string>> = {
  whole: 'there is one',
  cut: 'a file with a part of them',
  more: 'a file with them and more',
  not: 'no file has them',
}
const CAUSES: Readonly<Record<Kept, string>> = {
  whole: '',
  cut: 'The picture is cut: the file ends before the picture does.',
  more: 'The file has more than the picture: the metadata stay in front of it, or something was added.',
  not: 'A picture that was taken is not kept as a file under {state}.',
}

async function howKept(root: string, content: Uint8Array): Promise<Kept> {
  let kept: Kept = 'not'
  for await (const { content: found } of contentsOf(await filesUnder(root))) {
    if (equalBytes(found, content)) return 'whole'
    if (found.includes(Buffer.from(content))) kept = 'more'
    else if (found.length > 32 && equalBytes(found, content.subarray(0, found.length))) kept = 'cut'
  }
  return kept
}

async function keptIn(
  root: string,
  before: Awaited<ReturnType<typeof filesUnder>>,
  content: Uint8Array,
): Promise<string | null> {
  for await (const { file, content: found } of contentsOf(
    changedSince(before, await filesUnder(root)),
  ))
    if (found.includes(Buffer.from(content))) return file.path
  return null
}

async function within(ms: number, isSo: () => Promise<boolean>): Promise<boolean> {
  const until = performance.now() + ms
  for (;;) {
    if (await isSo()) return true
    if (performance.now() > until) return false
    await wait(LOOK_MS)
  }
}

/** `body` in pieces that come apart from one another. */
function inPieces(body: Uint8Array, ...cuts: number[]): Readable {
  const starts = [0, ...cuts]
  const pieces = starts.map((at, i) => body.subarray(at, starts[i + 1] ?? body.length))
  async function* slowly() {
    for (const [i, piece] of pieces.entries()) {
      if (i > 0) await wait(PIECE_MS)
      yield piece
    }
  }
  return Readable.from(slowly(), { objectMode: false })
}

/** pictures/8 */
export async function pieces(context: Context): Promise<void> {
  const { scene, session } = await context.agreed()
  const probes = new Probes(scene)
  const send = async (what: string, cause: string, cuts: number[], hasLength: boolean) => {
    const sealed = seal(session, madeUp(context.random, 'image/png', 70_000))
    const answer = await scene.attempt('/wire/image', {
      method: 'POST',
      body: inPieces(sealed.body, ...cuts),
      headers: {
        'content-type': 'application/octet-stream',
        ...(hasLength ? { 'content-length': sealed.body.length } : {}),
      },
    })
    if (probes.taken(what, answer, { cause })) session.nextPicture = sealed.number + 1
  }
  const head = 'The head has to come in one piece. TCP cuts a body wherever it likes.'
  await send('cut inside the head', head, [10, HEADER_BYTES + 5], true)
  const chunked =
    'A body in chunks, without `Content-Length`, is not read. HTTP/1.1 has both (RFC 9112 section 7.1).'
  await send('in chunks without a length', chunked, [40_000], false)
  const both = probes.wrong.length > 0 ? chunked : head
  await send('in chunks without a length, cut inside the head', both, [3, 20, 50_000], false)
  probes.end('a picture in pieces', 'taken', () => probes.firstCause)
}

/** pictures/18 */
export async function twiceAtOnce(context: Context): Promise<void> {
  const { scene, session } = await context.agreed()
  const probes = new Probes(scene)
  const sealed = seal(session, madeUp(context.random, 'image/jpeg', 140_000))
  const both = await Promise.all(
    [0, 1].map(() =>
      scene.attempt('/wire/image', {
        method: 'POST',
        body: inPieces(sealed.body, 66_000, 66_100, 66_200, 66_300),
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': sealed.body.length,
        },
      }),
    ),
  )
  const isTaken = both.map((one) => !(one instanceof NoAnswer) && scene.isTaken(one))
  const [first = false, second = false] = isTaken
  if (first || second) session.nextPicture = sealed.number + 1
  if (first && second)
    probes.holds('one of the two copies is refused', false, 'both are taken', {
      cause:
        'Both are kept. That a number was used is looked at again once the picture has come, since another one may have come meanwhile.',
    })
  else {
    const [taken, other] = second ? [both[1], both[0]] : both
    probes.taken('one of the two copies', taken as Answer)
    probes.refused('the other one', 'replay', other as Answer)
  }
  const next = await post(scene, session, seal(session, madeUp(context.random, 'image/jpeg', 100)))
  probes.taken('the next picture', next)
  probes.end('one picture twice at the same time, in pieces', 'one 201, one refused as replay')
}
