/** Stage 4, what the student's peer sends: the head, the metadata, the chunks, the numbers. */

import { bytesToHex, concatBytes, equalBytes, u64 } from '../../../../protocol/bytes.ts'
import {
  CHUNK_BYTES,
  HEADER_BYTES,
  MAGIC,
  SEALED_CHUNK_BYTES,
} from '../../../../protocol/stream.ts'
import { printable } from '../../../../terminal/printable.ts'
import type { Agreement } from '../../agreement.ts'
import type { Answer } from '../../call.ts'
import type { Context } from '../../context.ts'
import { Failure } from '../../failure.ts'
import { type Received, refusal } from '../../otherPeer.ts'
import { outcomeOf, Probes } from '../../probes.ts'
import type { Scene } from '../../scene.ts'
import { pictureOf, TYPES } from './genuine.ts'
import { madeUp, post, seal } from './sealed.ts'

const MAX_METADATA_BYTES = 1024
/** How often the length of the metadata is guessed from the picture before. */
const MAX_TRIES = 4

/** What the student's peer sent after one /send_image. */
interface Sent {
  readonly step: Answer
  readonly body: Buffer
  readonly received: Received
}

/** `/send_image`, and the one picture that comes of it. @throws Failure */
async function send(scene: Scene, content: Uint8Array, type: string): Promise<Sent> {
  const { step, bodies, received } = await scene.sendPicture(content, type)
  const [body] = bodies
  const [first] = received
  if (body === undefined || first === undefined || bodies.length > 1)
    throw new Failure({
      did: `/send_image with ${content.length} bytes of ${type}`,
      wanted: 'one POST to /wire/image of the other peer',
      got: `${bodies.length} came; /send_image: ${outcomeOf(step)}`,
      cause: null,
    })
  return { step, body, received: first }
}

/** u64 in the head; -1 if there is no head. */
function numberIn(body: Buffer): number {
  return body.length < HEADER_BYTES ? -1 : Number(body.readBigUInt64BE(HEADER_BYTES - 8))
}

function beginning(body: Buffer): string {
  return `${bytesToHex(body.subarray(0, HEADER_BYTES))}${body.length > HEADER_BYTES ? ' …' : ''}`
}

/** What is in place of the head, if it is one of the usual mistakes. */
function causeOfHead(body: Buffer, session: Agreement, number: number): string | null {
  const { id } = session
  const begins = (...parts: Uint8Array[]) => {
    const start = concatBytes(...parts)
    return equalBytes(body.subarray(0, start.length), start)
  }
  if (begins(MAGIC, id, u64(number).toReversed()))
    return 'The number in the head is little-endian. It is a u64 in big-endian bytes.'
  if (begins(MAGIC, id, u64(number + 1)))
    return 'Pictures are counted from 1. The first one of a session has the number 0.'
  if (begins(MAGIC, id, u64(number).subarray(4)) && !begins(MAGIC, id, new Uint8Array(8)))
    return 'The number in the head has four bytes. It is a u64: eight bytes.'
  if (begins(MAGIC, id, Buffer.from(String(number))))
    return 'The number in the head is text. It is a u64: eight bytes, big-endian.'
  if (begins(MAGIC, Buffer.from(bytesToHex(id))))
    return 'The session id in the head is hex text. It is 16 bytes there.'
  if (begins(id)) return 'The head does not begin with "DUET2".'
  if (begins(MAGIC, u64(number), id))
    return 'The number stands before the session id in the head. It comes after it.'
  return null
}

/** pictures/1 */
export async function headAndMetadata(context: Context): Promise<void> {
  const { scene, session } = await context.agreed()
  const probes = new Probes(scene)
  let isReadable = true
  let isFramed = true
  for (const [number, type] of TYPES.entries()) {
    const content = pictureOf(context.random, type, 60 + context.random.below(40))
    const { step, body, received } = await send(scene, content, type)
    const contentType = received.headers['content-type'] ?? ''
    probes.holds(
      'Content-Type',
      /^application\/octet-stream$/i.test(contentType),
      printable(contentType.slice(0, 80)) || 'none',
      {
        cause: 'A picture goes over the wire as `application/octet-stream`, whatever its type is.',
      },
    )
    probes.holds(
      'no Content-Encoding',
      received.headers['content-encoding'] === undefined,
      'there is one',
    )
    const head = concatBytes(MAGIC, session.id, u64(number))
    const isHead = equalBytes(body.subarray(0, HEADER_BYTES), head)
    isReadable &&= isHead
    probes.holds(`the head of picture ${number}`, isHead, beginning(body), {
      ...optional(causeOfHead(body, session, number)),
    })
    if (isHead && !lookAtMetadata({ context, probes, session, body, content, type, number }))
      isFramed = false
    probes.holds('/send_image answers below 400', step.status < 400, outcomeOf(step))
  }
  const did = '/send_image with a PNG, a JPEG, a WebP and a GIF'
  const wanted = '"DUET2" ‖ session id ‖ u64 number ‖ chunks; metadata with type, bytes and name'
  // A wrong prefix of the metadata is a value: all that was seen of pictures tells which one it is.
  const options = { isFollowed: isReadable, ...(isFramed ? {} : { layer: 4 as const }) }
  probes.end(did, wanted, () => probes.firstCause, options)
}

const optional = (cause: string | null) => (cause === null ? {} : { cause })

/** Returns false if what stands around the metadata is not as it should be. */
function lookAtMetadata(seen: {
  context: Context
  probes: Probes
  session: Agreement
  body: Buffer
  content: Uint8Array
  type: string
  number: number
}): boolean {
  const { context, probes, session, body, content, type, number } = seen
  const opened = session.computed.openPicture('student', number, body, session.nextPicture)
  // Whether it opens is for pictures/2 to say.
  if (opened === null) return true
  saw(context, session, body, content)
  const picture = session.openPicture(body, content)
  if (picture === null) {
    const end = opened.plaintext.subarray(opened.plaintext.length - content.length)
    const isThere = equalBytes(end, content)
    const shown = printable(Buffer.from(opened.plaintext.subarray(0, 24)).toString('latin1'))
    probes.holds(
      isThere ? 'lp(metadata) before the picture' : 'the plaintext ends with the picture',
      false,
      `it begins with ${shown}`,
    )
    return !isThere
  }
  const { fields, metadata } = picture
  const names = Object.keys(fields).sort().join(', ')
  probes.holds('the fields of the metadata', names === 'bytes, name, type', printable(names), {
    cause:
      names === ''
        ? 'The metadata are no JSON object.'
        : 'The metadata have exactly the fields `type`, `bytes` and `name`.',
  })
  const shown = (value: unknown) => printable((JSON.stringify(value) ?? 'none').slice(0, 80))
  probes.holds('`type`', fields['type'] === type, shown(fields['type']), {
    cause:
      '`type` is not the `Content-Type` that /send_image got. A picture has the type that its owner gives, and its first bytes show.',
  })
  probes.holds('`bytes`', fields['bytes'] === content.length, shown(fields['bytes']), {
    cause: '`bytes` is the length of the picture alone, as a number.',
  })
  probes.holds('`name`', typeof fields['name'] === 'string', shown(fields['name']), {
    cause: '`name` is a text.',
  })
  probes.holds(
    'the length of the metadata',
    metadata.length <= MAX_METADATA_BYTES,
    `${metadata.length} bytes`,
  )
  return true
}

/** pictures/2 and pictures/3: a picture of `bytes` bytes opens, in `count` chunks. */
export async function opens(context: Context, bytes: number, count: number): Promise<void> {
  const { scene, session } = await context.agreed()
  const type = context.random.pick(TYPES)
  const content = pictureOf(context.random, type, bytes)
  const { body } = await send(scene, content, type)
  const number = numberIn(body)
  saw(context, session, body, content)
  const opened = session.computed.openPicture('student', number, body, session.nextPicture)
  session.picturesOfStudent = number + 1
  if (opened !== null && opened.chunks.length === chunkCount(session, opened.plaintext)) return
  const { computed } = session
  throw new Failure(
    {
      did: `/send_image with ${bytes} bytes`,
      wanted: count === 1 ? 'one chunk, which opens' : `${count} chunks, each of which opens`,
      got: opened === null ? firstClosed(session, number, body) : `${opened.chunks.length} chunks`,
      cause: null,
      values: [
        ...computed.publicValues,
        ['nonce of chunk 0', count === 1 ? `${'00'.repeat(11)}01` : '00'.repeat(12)],
      ],
      secrets: [
        ...computed.secretValues.filter(([name]) => name.includes('files')),
        [`key of picture ${number}`, computed.pictureKey('student', number, session.nextPicture)],
      ],
    },
    { layer: 4 },
  )
}

/** In how many chunks a student's peer with known choices cuts it. */
function chunkCount(session: Agreement, plaintext: Uint8Array): number {
  return session.computed.cut(plaintext).length
}

/** Which chunk does not open, if the body is cut as the page says. */
function firstClosed(session: Agreement, number: number, body: Buffer): string {
  const { computed } = session
  const key = computed.pictureKey('student', number, session.nextPicture)
  for (let at = HEADER_BYTES, i = 0; at < body.length; at += SEALED_CHUNK_BYTES, i++) {
    const isLast = at + SEALED_CHUNK_BYTES >= body.length
    if (computed.openChunk(key, i, isLast, body.subarray(at, at + SEALED_CHUNK_BYTES)) === null)
      return `chunk ${i}${isLast ? ', the last one,' : ''} does not open; the body has ${body.length} bytes`
  }
  return `chunk 0 does not open; the body has ${body.length} bytes`
}

/** What the student's peer sealed goes into the ledger, which tells its mistakes apart. */
function saw(context: Context, session: Agreement, body: Buffer, picture: Uint8Array): void {
  const { material, nextPicture: others } = session
  const seen = { number: numberIn(body), others, picture, body, isTaken: true }
  context.ledger.record({ kind: 'picture', from: 'student', material, ...seen })
}

/** pictures/4 */
export async function fullChunks(context: Context): Promise<void> {
  const { scene, session } = await context.agreed()
  const probes = new Probes(scene)
  let isSealedRight = true
  for (const count of [1, 2]) {
    const seen = await filling(context, scene, session, count)
    if (seen === null) {
      context.note(
        'the metadata of your pictures change their length, so no chunk was filled exactly',
      )
      continue
    }
    const { body, content, number } = seen
    saw(context, session, body, content)
    const opened = session.computed.openPicture('student', number, body, session.nextPicture)
    const isRight =
      opened !== null && opened.chunks.length === session.computed.cut(opened.plaintext).length
    isSealedRight &&= isRight
    const hasMore = body.length > HEADER_BYTES + count * SEALED_CHUNK_BYTES
    probes.holds(
      `a picture of yours that fills ${count === 1 ? 'one chunk' : 'two chunks'}`,
      isRight,
      hasMore ? 'an empty chunk behind the full one' : 'its last chunk does not open',
      {
        cause: hasMore
          ? 'A full last chunk has an empty one behind it. It is the last one itself: every chunk has plaintext.'
          : 'A last chunk that is full is not marked as the last one.',
      },
    )
  }
  for (const count of [1, 2]) {
    const picture = full(context, count)
    const answer = await post(scene, session, seal(session, picture))
    probes.taken(
      `a picture of the examiner's that fills ${count === 1 ? 'one chunk' : 'two chunks'}`,
      answer,
      {
        cause:
          'A picture that fills its last chunk is refused: a full chunk is the last one too if the body ends with it.',
      },
    )
  }
  probes.end(
    'pictures whose plaintext fills one chunk, and two chunks, each way',
    'the full chunk is marked as the last one, and nothing comes behind it',
    undefined,
    isSealedRight ? {} : { layer: 4 },
  )
}

/** A picture of the examiner's whose plaintext fills `count` chunks. */
function full(context: Context, count: number) {
  const type = 'image/png'
  const draft = madeUp(context.random, type, CHUNK_BYTES)
  const metadata = JSON.stringify({
    type: draft.type,
    bytes: count * CHUNK_BYTES,
    name: draft.name,
  })
  // The length is that with two bytes of prefix; it has as many digits with them as without.
  const bytes = count * CHUNK_BYTES - 2 - Buffer.byteLength(metadata)
  return { ...draft, content: pictureOf(context.random, type, bytes) }
}

/** A picture of the student's whose plaintext fills `count` chunks; null if the metadata never have the length of those before. */
async function filling(context: Context, scene: Scene, session: Agreement, count: number) {
  let bytes = count * CHUNK_BYTES - 100
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const content = pictureOf(context.random, 'image/png', bytes)
    const { body } = await send(scene, content, 'image/png')
    const number = numberIn(body)
    session.picturesOfStudent = number + 1
    const sealedBytes = body.length - HEADER_BYTES
    const isFull = sealedBytes === count * SEALED_CHUNK_BYTES
    const isFollowed = sealedBytes === count * SEALED_CHUNK_BYTES + 16
    if (tries > 0 && (isFull || isFollowed)) return { body, content, number }
    const chunks = Math.ceil(sealedBytes / SEALED_CHUNK_BYTES)
    const around = sealedBytes - 16 * chunks - bytes
    bytes = count * CHUNK_BYTES - around
  }
  return null
}

/** pictures/7 */
export async function numbers(context: Context): Promise<void> {
  const { scene, session } = await context.agreed()
  const { random } = context
  const probes = new Probes(scene)
  const numbersSeen: number[] = []
  const bodies: Buffer[] = []

  const text = async (count: number) => {
    const { messages } = await scene.sendText(`text ${count} of picture clause 7`)
    const [message] = messages
    probes.holds(
      `text ${count} has seq ${count}`,
      message?.seq === count,
      message === undefined ? 'no text came' : `seq ${message.seq}`,
      { cause: 'Texts and pictures have one counter. Each has its own, from 0 on.' },
    )
    if (message !== undefined)
      probes.holds(`your text ${count} opens`, session.open(message) !== null, 'it does not', {
        cause: 'A picture steps the chain of the texts. Pictures have chains of their own.',
      })
    const answer = await scene.post('/wire/message', session.messageForm(`text ${count}`))
    probes.taken(`text ${count} of the examiner's`, answer, {
      cause: 'A picture steps the chain of the texts. Pictures have chains of their own.',
    })
  }
  const sendOne = async (isRefused = false) => {
    const content = pictureOf(random, 'image/gif', 80)
    const { body, step } = await sendWith(scene, content, isRefused)
    const number = numberIn(body)
    const expected = numbersSeen.length
    const wasUsed = numbersSeen.includes(number)
    numbersSeen.push(number)
    probes.holds(
      `your picture ${expected} has number ${expected}`,
      number === expected,
      `number ${number}`,
      {
        cause: wasUsed
          ? `The number ${number} comes twice: one key sealed two pictures. It goes up with every picture that is begun, refused or not.`
          : 'Texts and pictures have one counter. Each has its own, from 0 on.',
      },
    )
    bodies.push(body)
    if (number === expected)
      probes.holds(
        `your picture ${expected} opens`,
        session.openPicture(body, content) !== null,
        'it does not',
        { cause: 'A text steps the chain of the pictures. Texts have chains of their own.' },
      )
    if (isRefused)
      probes.holds(
        '/send_image of a picture that is refused answers 400 or more',
        step.status >= 400,
        outcomeOf(step),
      )
  }
  const receiveOne = async () => {
    const answer = await post(scene, session, seal(session, madeUp(random, 'image/gif', 80)))
    probes.taken("a picture of the examiner's", answer, {
      cause: 'Texts steps the chain of the pictures. Texts have chains of their own.',
    })
  }

  await text(0)
  for (let i = 0; i < 2; i++) {
    await sendOne()
    await receiveOne()
  }
  await text(1)
  await sendOne(true)
  await sendOne()
  await scene.decrypt()
  const twice = numbersSeen.findIndex((number, at) => numbersSeen.indexOf(number) < at)
  probes.end(
    'a text each way, two pictures each way, a text each way, a picture that is refused, and one more',
    'pictures with the numbers 0, 1, 2, 3, texts with 0 and 1, all of which open',
    () =>
      twice < 0
        ? probes.firstCause
        : `The number ${numbersSeen[twice]} comes twice: one key sealed two pictures.`,
  )
}

async function sendWith(scene: Scene, content: Uint8Array, isRefused: boolean): Promise<Sent> {
  const usual = scene.onImage
  if (isRefused)
    scene.onImage = async (received) => {
      await received.body()
      return refusal('bad_image', 400)
    }
  const sent = await send(scene, content, 'image/gif')
  scene.onImage = usual
  return sent
}
