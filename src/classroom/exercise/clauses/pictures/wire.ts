/** Stage 4: what the student's peer does when the other peer is slow, refuses early, or reads nothing. */

import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { HEADER_BYTES } from '../../../../protocol/stream.ts'
import type { Context } from '../../context.ts'
import { accepted, type Received } from '../../otherPeer.ts'
import { outcomeOf, Probes } from '../../probes.ts'
import { pictureOf } from './genuine.ts'

const LARGE = 30_000_000
/** Between these an owner hears that nothing moves. */
const GIVES_UP_MS = [4_000, 9_000] as const
/** For reading and sealing what is sent too. */
const WHOLE_MS = 20_000
const FIRST_ANSWER_MS = 1_000

/** u64 in the head of what has come so far. */
async function headOf({ request }: Received): Promise<number> {
  const parts: Buffer[] = []
  let length = 0
  request.on('data', (part: Buffer) => {
    if (length < HEADER_BYTES) parts.push(part)
    length += part.length
    if (length >= HEADER_BYTES) request.pause()
  })
  while (length < HEADER_BYTES && !request.destroyed && !request.readableEnded)
    await Promise.race([once(request, 'data'), once(request, 'close')]).catch(() => {})
  const bytes = Buffer.concat(parts)
  return bytes.length < HEADER_BYTES ? -1 : Number(bytes.readBigUInt64BE(HEADER_BYTES - 8))
}

/** pictures/16 */
export async function earlyRefusal(context: Context): Promise<void> {
  const scene = await context.start()
  await scene.agree()
  const probes = new Probes(scene)
  let refused = -1
  scene.onImage = async (received) => {
    refused = await headOf(received)
    const body = JSON.stringify({
      type: 'about:blank',
      status: 409,
      title: 'refused',
      code: 'no_space',
    })
    const { socket } = received.request
    socket.end(
      `HTTP/1.1 409 Conflict\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    )
    // Whoever reads has the answer by then; whoever only writes finds the connection gone.
    setTimeout(() => socket.destroy(), 200).unref()
    return 'never' as const
  }
  const step = await scene.attempt('/send_image', {
    method: 'POST',
    body: pictureOf(context.random, 'image/png', 3_000_000),
    headers: { 'content-type': 'image/png' },
  })
  const isRefused = 'status' in step && step.status >= 400
  probes.holds('/send_image answers 400 or more', isRefused, step, {
    cause:
      'status' in step
        ? '/send_image answers below 400, although the other peer refused the picture.'
        : 'An answer that comes before all of the picture was sent is not seen. Read while you write.',
  })
  let next = -1
  scene.onImage = async (received) => {
    next = await headOf(received)
    received.request.resume()
    return accepted({ accepted: true, bytes: 2_000 })
  }
  const second = await scene.attempt('/send_image', {
    method: 'POST',
    body: pictureOf(context.random, 'image/png', 2_000),
    headers: { 'content-type': 'image/png' },
  })
  probes.holds('the next /send_image', 'status' in second && second.status < 400, second)
  probes.holds(
    `the next picture has number ${refused + 1}`,
    next === refused + 1,
    next < 0 ? 'none came' : `number ${next}`,
    {
      cause:
        next === refused
          ? 'The number of a picture that was refused is used again: one key seals two pictures.'
          : 'The number goes up by one with every picture that is begun.',
    },
  )
  probes.end(
    '/send_image with 3 MB; the examiner refuses it once its head has come, and closes',
    '/send_image answers 400 or more; the next picture has the next number',
    () => probes.firstCause,
  )
}

/** pictures/17 */
export async function nothingMoves(context: Context): Promise<void> {
  const scene = await context.start()
  await scene.agree()
  const probes = new Probes(scene)
  const [earliest, latest] = GIVES_UP_MS
  // What is read and sealed before the picture is sent is not counted: on a slow machine it takes seconds.
  let begun = performance.now()
  const tooLate = new Promise<null>((resolve) => {
    scene.onImage = () => {
      begun = performance.now()
      setTimeout(() => resolve(null), latest + 500).unref()
      return 'never'
    }
  })
  const whole = scene.attempt('/send_image', {
    method: 'POST',
    body: pictureOf(context.random, 'image/png', LARGE),
    headers: { 'content-type': 'image/png' },
    ms: WHOLE_MS,
  })
  const step = await Promise.race([whole, tooLate])
  const ms = performance.now() - begun
  const after = `after ${(ms / 1000).toFixed(1)} s`
  const isAnswered = step !== null && 'status' in step
  const isLate = !isAnswered || ms > latest
  probes.holds(
    '/send_image answers 400 or more between 4 and 9 s later',
    isAnswered && step.status >= 400 && ms >= earliest && !isLate,
    step === null ? `no answer ${after}` : `${outcomeOf(step)} ${after}`,
    {
      cause: isLate
        ? 'It waits without a limit, or too long. A caller gives up after 5 seconds in which nothing moves.'
        : step.status < 400
          ? '/send_image answers below 400, although the other peer took nothing.'
          : 'It gives up too early. A caller gives up after 5 seconds in which nothing moves.',
    },
  )
  probes.end(
    '/send_image with 30 MB; the examiner reads nothing',
    '400 or more between 4 and 9 s after the picture was begun',
    undefined,
    isLate ? { kind: 'too slow' } : {},
  )
}

/** pictures/19 */
export async function oneAtATime(context: Context): Promise<void> {
  const scene = await context.start()
  await scene.agree()
  const probes = new Probes(scene)
  let hasAnswered = false
  let isTooEarly = false
  let count = 0
  scene.onImage = async (received) => {
    const isFirst = count++ === 0
    if (!isFirst && !hasAnswered) isTooEarly = true
    await received.body()
    if (isFirst) {
      await wait(FIRST_ANSWER_MS)
      hasAnswered = true
    }
    return accepted({ accepted: true, bytes: 5_000 })
  }
  const steps = await Promise.all(
    [0, 1].map(() =>
      scene.attempt('/send_image', {
        method: 'POST',
        body: pictureOf(context.random, 'image/png', 5_000),
        headers: { 'content-type': 'image/png' },
      }),
    ),
  )
  probes.holds(
    'no second picture before the answer to the first one',
    !isTooEarly,
    'it came before',
    {
      cause:
        'Two pictures are sent at once. One may overtake the other on the way, which is refused as a replay then.',
    },
  )
  const isOneSent = steps.some((step) => 'status' in step && step.status < 400)
  probes.holds('one of the two is sent', isOneSent, steps.map(outcomeOf).join('; '))
  probes.end('/send_image twice at once; the first answer takes 1 s', 'one after the other')
}
