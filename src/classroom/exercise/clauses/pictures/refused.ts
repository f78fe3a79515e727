/** Stage 4, what the student's peer refuses, each time as the page says, and without a trace. */

import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { concatBytes, u16, u64, utf8ToBytes } from '../../../../protocol/bytes.ts'
import { CHUNK_BYTES, HEADER_BYTES, MAGIC } from '../../../../protocol/stream.ts'
import { metadataOf, type Picture } from '../../agreement.ts'
import { type Answer, NoAnswer } from '../../call.ts'
import type { Context } from '../../context.ts'
import { changedSince, contentsOf, type FoundFile, filesUnder, shownPath } from '../../files.ts'
import { Probes } from '../../probes.ts'
import { pictureOf, pngOfSize, TYPES } from './genuine.ts'
import { attempt, madeUp, post, refuses, type Sealed, seal, sealPlaintext } from './sealed.ts'

/** What a picture may have, if its receiver was told nothing else. */
const MAX_PICTURE = 64 * 1024 * 1024
/** What is sent of a picture that is too large, and for how long its refusal is waited for. */
const SENT_OF_LARGE = 1024 * 1024
const EARLY_MS = 5_000
const MAX_AHEAD = 1_024
/** Numbers of a session. */
const MAX_NUMBER = 2 ** 20

/** After what was refused, the genuine picture. */
async function endsGenuine(
  context: Context,
  probes: Probes,
  agreed: Awaited<ReturnType<Context['agreed']>>,
): Promise<void> {
  const { scene, session } = agreed
  const sealed = seal(session, madeUp(context.random, 'image/png', 300))
  probes.taken('a genuine picture afterwards', await post(scene, session, sealed), {
    cause: 'What was refused used up the number of the picture, or its key.',
  })
}

const UNMARKED =
  'The end of a picture is not marked: the last chunk has the byte 1 at the end of its nonce, and no other chunk has it.'
const UNNUMBERED = 'The number of a chunk is not in its nonce.'
const UNCHECKED = 'The tag of a chunk is not checked.'

interface Damage {
  readonly what: string
  readonly body: Uint8Array
  /** The cause if it is taken. */
  readonly taken: string
  /** If it is refused as something else. */
  readonly other?: string
}

function damagesOf({ head, chunks, body }: Sealed): Damage[] {
  const [first = body, second = body] = chunks
  const changed = (at: number) => body.map((byte, i) => (i === at ? byte ^ 1 : byte))
  const of = (...parts: Uint8Array[]) => concatBytes(head, ...parts)
  const short = 'A picture without any chunk is taken.'
  const behind = 'What stands behind the last chunk is not looked at.'
  return [
    { what: 'last byte changed', body: changed(body.length - 1), taken: UNCHECKED },
    { what: 'first byte of the chunks changed', body: changed(HEADER_BYTES), taken: UNCHECKED },
    ...(chunks.length < 3
      ? []
      : [
          // Without a mark it is only too short, which is noticed later.
          {
            what: 'last chunk left out',
            body: of(...chunks.slice(0, -1)),
            taken: UNMARKED,
            other: UNMARKED,
          },
          {
            what: 'two chunks exchanged',
            body: of(second, first, ...chunks.slice(2)),
            taken: UNNUMBERED,
          },
          { what: 'one chunk twice', body: of(first, ...chunks), taken: UNNUMBERED },
        ]),
    { what: 'a chunk added', body: concatBytes(body, first), taken: behind },
    { what: 'a byte added', body: concatBytes(body, Uint8Array.of(0)), taken: behind },
    { what: '29 bytes', body: head, taken: short },
  ]
}

/** pictures/9 */
export async function damaged(context: Context): Promise<void> {
  const agreed = await context.agreed()
  const { scene, session } = agreed
  const probes = new Probes(scene)
  const picture = madeUp(context.random, 'image/png', 150_000)
  const genuine = seal(session, picture)
  const traces = await Traces.begin(scene.state, scene.student?.cwd, [
    ...samplesOf(picture.content),
    ...genuine.chunks.map((chunk) => Buffer.from(chunk.subarray(64, 96))),
  ])
  const keepsNothing = (what: string, left: string | null) =>
    probes.holds(what, left === null, left ?? '', {
      cause: `A picture that did not open whole is kept in a file: ${left}. One that fails leaves nothing.`,
    })
  for (const { what, body, ...causes } of damagesOf(genuine)) {
    const answer = await post(scene, session, { ...genuine, body })
    refuses(probes, what, 'decrypt_failed', answer, causes)
    // One that was taken is kept, and its number is used up.
    if ('status' in answer && scene.isTaken(answer)) break
    if (!keepsNothing(`no file after: ${what}`, await traces.inState())) break
  }
  if (session.nextPicture === genuine.number) {
    keepsNothing('no file in the folder of the peer', await traces.inFolder())
    const answer = await post(scene, session, genuine)
    probes.taken('the genuine picture under the same number', answer, {
      cause: 'What was refused used up the number of the picture, or its key.',
    })
  }
  probes.end(
    'a picture of three chunks with its last byte changed, its last chunk left out, two exchanged, …',
    'each refused as decrypt_failed, no file left, and then the genuine one is taken',
    () => probes.firstCause,
  )
}

/** Pieces of a picture, from all its chunks. */
function samplesOf(content: Uint8Array): Buffer[] {
  return [100, 30_000, 70_000, 140_000].map((at) => Buffer.from(content.subarray(at, at + 32)))
}

/** Looks for files with parts of a picture. */
class Traces {
  readonly #state: string | null
  readonly #cwd: string | undefined
  readonly #samples: readonly Buffer[]
  readonly #before: readonly FoundFile[]
  readonly #beforeIn: readonly FoundFile[]

  private constructor(
    state: string | null,
    cwd: string | undefined,
    samples: readonly Buffer[],
    before: readonly [FoundFile[], FoundFile[]],
  ) {
    this.#state = state
    this.#cwd = cwd
    this.#samples = samples
    ;[this.#before, this.#beforeIn] = before
  }

  static async begin(state: string | null, cwd: string | undefined, samples: readonly Buffer[]) {
    const look = async (root: string | null | undefined) => (root ? filesUnder(root) : [])
    return new Traces(state, cwd, samples, [await look(state), await look(cwd)])
  }

  /** A file under {state} that was not there before, or was changed, and has a part of the picture; null if there is none. */
  async inState(): Promise<string | null> {
    return this.#state === null ? null : this.#find(this.#state, this.#before)
  }

  /** The same in the folder in which the peer runs. */
  async inFolder(): Promise<string | null> {
    return this.#cwd === undefined ? null : this.#find(this.#cwd, this.#beforeIn)
  }

  async #find(root: string, before: readonly FoundFile[]): Promise<string | null> {
    const look = async () => {
      for await (const { file, content } of contentsOf(
        changedSince(before, await filesUnder(root)),
      ))
        if (content.length === 0 || this.#samples.some((sample) => content.includes(sample)))
          return file.path
      return null
    }
    // What a peer removes once it has answered leaves nothing either.
    if ((await look()) === null) return null
    await wait(300)
    const left = await look()
    return left === null ? null : shownPath(left, this.#state, this.#cwd)
  }
}

/** pictures/10 */
export async function heads(context: Context): Promise<void> {
  const { scene, session } = await context.agreed()
  const { random } = context
  const probes = new Probes(scene)
  const fresh = () => madeUp(random, 'image/gif', 90)
  const { head, body, chunks, number } = seal(session, fresh())
  const otherHead = (...parts: Uint8Array[]) => concatBytes(...parts, ...chunks)
  const short = {
    taken: 'A body that is shorter than the head is not looked at.',
    http: ['bad_request'],
  }
  refuses(probes, '28 bytes', 'bad_image', await attempt(scene, head.subarray(0, 28)), short)
  refuses(probes, 'nothing', 'bad_image', await attempt(scene, new Uint8Array(0)), short)
  const magic = otherHead(utf8ToBytes('DUET1'), body.subarray(5, HEADER_BYTES))
  refuses(
    probes,
    'another magic',
    'bad_image',
    await post(scene, session, { number, head, chunks, body: magic }),
    { taken: 'That a picture begins with "DUET2" is not looked at.' },
  )
  const stranger = otherHead(MAGIC, random.bytes(16), u64(session.nextPicture))
  refuses(
    probes,
    'another session',
    'unknown_session',
    await post(scene, session, { number, head, chunks, body: stranger }),
    {
      taken: 'The session in the head is not looked at.',
      other: 'The row on the session stands above all that looks at numbers and chunks.',
    },
  )
  const far = seal(session, fresh(), { number: session.nextPicture + MAX_AHEAD + 1 })
  refuses(probes, '1,025 beyond the next one', 'too_far_ahead', await post(scene, session, far), {
    taken: 'A number that is too far ahead is taken: at most 1,024 beyond the next one expected.',
  })
  const never = otherHead(MAGIC, session.id, u64(MAX_NUMBER))
  refuses(probes, 'the number 2^20', 'rekey_required', await attempt(scene, never), {
    taken: 'Numbers of 2^20 and more are taken.',
    other:
      'The row on numbers of 2^20 and more stands above the one on numbers that are too far ahead.',
  })
  const once = seal(session, fresh())
  probes.taken('a genuine picture', await post(scene, session, once))
  refuses(probes, 'the same once more', 'replay', await attempt(scene, once.body), {
    taken: 'A picture is taken twice: a number below the next one expected is a replay.',
  })
  const ahead = seal(session, fresh(), { number: session.nextPicture + MAX_AHEAD })
  probes.taken('exactly 1,024 beyond the next one', await post(scene, session, ahead), {
    cause: 'A number that is 1,024 beyond the next one expected is not too far ahead yet.',
  })
  probes.end(
    'pictures with other heads: 28 bytes, another magic, another session, numbers far ahead, a copy',
    'bad_image, unknown_session, too_far_ahead, rekey_required, replay; exactly 1,024 beyond is taken',
    () => probes.firstCause,
  )
}

/** pictures/11 */
export async function metadata(context: Context): Promise<void> {
  const agreed = await context.agreed()
  const { scene, session } = agreed
  const { random } = context
  const probes = new Probes(scene)
  const content = pictureOf(random, 'image/png', 120)
  const type = '"type":"image/png"'
  const bytes = '"bytes":120'
  const name = '"name":"a.png"'
  const json = (...fields: string[]) => `{${fields.join(',')}}`
  const forms: Readonly<Record<string, string | Uint8Array>> = {
    'one field more': json(type, bytes, name, '"width":16'),
    'without name': json(type, bytes),
    'without type': json(bytes, name),
    'without bytes': json(type, name),
    'another type': json('"type":"image/svg+xml"', bytes, name),
    'type in upper case': json('"type":"IMAGE/PNG"', bytes, name),
    'bytes 0': json(type, '"bytes":0', name),
    'bytes -1': json(type, '"bytes":-1', name),
    'bytes 120.5': json(type, '"bytes":120.5', name),
    'bytes "120"': json(type, '"bytes":"120"', name),
    'bytes true': json(type, '"bytes":true', name),
    'bytes 1e999': json(type, '"bytes":1e999', name),
    'name 7': json(type, bytes, '"name":7'),
    'name null': json(type, bytes, '"name":null'),
    'a name twice': json(type, bytes, name, '"name":"b.png"'),
    'bytes twice': json(type, '"bytes":120', bytes, name),
    'a list': '[]',
    nothing: '',
    'no UTF-8': concatBytes(
      utf8ToBytes('{"name":"'),
      Uint8Array.of(0xff, 0xfe),
      utf8ToBytes(`",${type},${bytes}}`),
    ),
    '1,100 bytes': json(type, bytes, `"name":"${'n'.repeat(1_100 - 46)}"`),
  }
  const probe = async (what: string, sealed: Sealed) =>
    refuses(probes, what, 'bad_image', await post(scene, session, sealed), {
      taken: `Metadata that are not as the page has them pass: ${what}.`,
    })
  for (const [what, form] of Object.entries(forms))
    await probe(
      what,
      seal(
        session,
        { type: 'image/png', name: '', content },
        { metadata: typeof form === 'string' ? utf8ToBytes(form) : form },
      ),
    )
  if (session.takes.choices.metadata === 'right')
    await probe(
      'a length beyond the end',
      sealPlaintext(session, concatBytes(u16(900), utf8ToBytes(json(type, bytes, name)), content)),
    )
  await endsGenuine(context, probes, agreed)
  probes.end(
    'metadata that are not as the page has them',
    'each refused as bad_image',
    (wrong) => causeOfMetadata(wrong) ?? probes.firstCause,
  )
}

/** One rule that all that passed has broken, if there is one. */
function causeOfMetadata(wrong: readonly string[]): string | null {
  const all = (...names: string[]) => wrong.every((what) => names.includes(what))
  if (all('a name twice', 'bytes twice'))
    return 'Of two fields of one name the last counts. A name that stands twice is no JSON here.'
  if (all('1,100 bytes')) return 'Metadata of more than 1,024 bytes pass.'
  if (all('bytes true')) return '`true` counts as a number.'
  return null
}

/** pictures/12 */
export async function signatures(context: Context): Promise<void> {
  const agreed = await context.agreed()
  const { scene, session } = agreed
  const { random } = context
  const probes = new Probes(scene)
  const send = async (picture: Picture) => post(scene, session, seal(session, picture))
  const byMetadata =
    'The type of a picture is taken from its metadata. Its first bytes have to be those of the type.'
  for (const [i, type] of TYPES.entries()) {
    const claimed = TYPES[(i + 1) % TYPES.length] ?? type
    const picture = { type: claimed, name: 'x', content: pictureOf(random, type, 200) }
    refuses(probes, `${type} as ${claimed}`, 'bad_image', await send(picture), {
      taken: byMetadata,
    })
  }
  const wave = pictureOf(random, 'image/webp', 200)
  wave.set(utf8ToBytes('WAVE'), 8)
  const asWebp = { type: 'image/webp', name: 'x', content: wave }
  refuses(probes, 'RIFF that is WAVE as image/webp', 'bad_image', await send(asWebp), {
    taken: 'Of a WebP only "RIFF" is looked at. "WEBP" stands four bytes behind it.',
  })
  const svg = utf8ToBytes('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
  for (const type of ['image/png', 'image/svg+xml'])
    refuses(
      probes,
      `SVG as ${type}`,
      'bad_image',
      await send({ type, name: 'x.svg', content: svg }),
      { taken: 'An SVG passes. It is none of the four types, and can run scripts.' },
    )
  for (const version of ['GIF87a', 'GIF89a']) {
    const content = pictureOf(random, 'image/gif', 200)
    content.set(utf8ToBytes(version))
    probes.taken(version, await send({ type: 'image/gif', name: 'x.gif', content }), {
      cause: `A GIF that begins with ${version} is refused. Both GIF87a and GIF89a are a GIF.`,
    })
  }
  probes.end(
    'pictures under the name of another type',
    'each refused as bad_image; GIF87a and GIF89a are taken',
    () => probes.firstCause,
  )
}

/** pictures/13 */
export async function declared(context: Context): Promise<void> {
  const agreed = await context.agreed()
  const { scene, session } = agreed
  const probes = new Probes(scene)
  const picture = madeUp(context.random, 'image/png', 70_000)
  for (const [what, bytes] of [
    ['one byte less than declared', 70_001],
    ['one byte more than declared', 69_999],
    ['5,000 bytes more than declared', 65_000],
  ] as const) {
    const sealed = seal(session, picture, { metadata: metadataOf(picture, bytes) })
    refuses(probes, what, 'bad_image', await post(scene, session, sealed), {
      taken: 'The length of the picture is not compared with `bytes` in its metadata.',
    })
  }
  const { answer, hasEnded } = await tooLarge(agreed, context)
  probes.refused('64 MiB and one byte declared, before the rest comes', 'too_large', answer, {
    mayBreak: true,
    cause: hasEnded
      ? 'A picture that is too large is not refused while it comes, and perhaps at its end. Its metadata say it in the first chunk.'
      : 'A picture that is too large is not refused as such.',
  })
  await endsGenuine(context, probes, agreed)
  probes.end(
    'pictures that are longer or shorter than their metadata say, and one that is too large',
    'bad_image; too_large before the rest has come',
    () => probes.firstCause,
  )
}

/** Sends the beginning of a picture of 64 MiB and one byte, and then nothing more. */
async function tooLarge(
  { scene, session }: Awaited<ReturnType<Context['agreed']>>,
  { random }: Context,
): Promise<{ answer: Answer | NoAnswer; hasEnded: boolean }> {
  const { takes: computed, nextPicture, picturesOfStudent } = session
  const bytes = MAX_PICTURE + 1
  const metadata = utf8ToBytes(JSON.stringify({ type: 'image/png', bytes, name: 'large.png' }))
  const beginning = pictureOf(random, 'image/png', SENT_OF_LARGE)
  const plaintext = computed.picturePlaintext(metadata, beginning)
  const key = computed.pictureKey('examiner', nextPicture, picturesOfStudent)
  const cut = computed.cut(plaintext)
  const sent = concatBytes(
    computed.pictureHead(nextPicture),
    ...cut.slice(0, -1).map((chunk, i) => computed.sealChunk(key, i, false, chunk)),
  )
  const length = bytes + plaintext.length - beginning.length
  const whole = HEADER_BYTES + length + 16 * Math.ceil(length / CHUNK_BYTES)
  const body = new Readable({ read() {} })
  body.push(sent)
  const answer = await scene.attempt('/wire/image', {
    method: 'POST',
    body,
    ms: EARLY_MS,
    headers: { 'content-type': 'application/octet-stream', 'content-length': whole },
  })
  body.destroy()
  return { answer, hasEnded: answer instanceof NoAnswer && answer.kind === 'slow' }
}

/** pictures/14 */
export async function pixels(context: Context): Promise<void> {
  const agreed = await context.agreed()
  const { scene, session } = agreed
  const probes = new Probes(scene)
  for (const [width, height] of [
    [65_536, 1],
    [1, 65_536],
  ] as const) {
    const content = pngOfSize(context.random, width, height)
    const sealed = seal(session, { type: 'image/png', name: 'wide.png', content })
    const what = `a PNG that says ${width} × ${height} pixels`
    refuses(probes, what, 'bad_image', await post(scene, session, sealed), {
      taken:
        'The size that the picture tells is not looked at. What draws it takes memory for each pixel.',
    })
  }
  await endsGenuine(context, probes, agreed)
  probes.end(
    'pictures that say a side of 65,536 pixels',
    'each refused as bad_image',
    () => probes.firstCause,
  )
}
