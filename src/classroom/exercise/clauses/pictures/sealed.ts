/** The examiner's pictures in parts: sealed as the student's peer opens them, so that each part can be left out or changed. */

import { concatBytes } from '../../../../protocol/bytes.ts'
import type { PictureType } from '../../../../protocol/stream.ts'
import { type Agreement, metadataOf, type Picture } from '../../agreement.ts'
import type { Answer, NoAnswer } from '../../call.ts'
import type { Computed } from '../../computation/computed.ts'
import type { Random } from '../../computation/random.ts'
import type { ProbeOptions, Probes } from '../../probes.ts'
import type { Scene } from '../../scene.ts'
import { pictureOf } from './genuine.ts'

/** A picture as it crosses the wire. */
export interface Sealed {
  readonly number: number
  /** "DUET2", session id, number: 29 bytes. */
  readonly head: Uint8Array
  readonly chunks: readonly Uint8Array[]
  readonly body: Uint8Array
}

/** A picture of `type` with a name that says nothing. */
export function madeUp(random: Random, type: PictureType, bytes: number): Picture {
  const name = `${Buffer.from(random.bytes(4)).toString('hex')}.${type.slice(6)}`
  return { type, name, content: pictureOf(random, type, bytes) }
}

/**
 * Seals `picture` under `number`, the next one if none is given. That number stays free until `post` sees it taken.
 * `metadata`: in place of the right ones. `takes`: in place of what the student's peer is known to take.
 */
export function seal(
  session: Agreement,
  picture: Picture,
  {
    number = session.nextPicture,
    metadata = metadataOf(picture),
    takes = session.takes,
  }: { number?: number; metadata?: Uint8Array; takes?: Computed } = {},
): Sealed {
  const plaintext = takes.picturePlaintext(metadata, picture.content)
  return sealPlaintext(session, plaintext, number, takes)
}

/** Seals any plaintext as a picture. */
export function sealPlaintext(
  session: Agreement,
  plaintext: Uint8Array,
  number = session.nextPicture,
  takes = session.takes,
): Sealed {
  const key = takes.pictureKey('examiner', number, session.picturesOfStudent)
  const cut = takes.cut(plaintext)
  const chunks = cut.map((chunk, i) => takes.sealChunk(key, i, i === cut.length - 1, chunk))
  const head = takes.pictureHead(number)
  return { number, head, chunks, body: concatBytes(head, ...chunks) }
}

/** Sends a picture whole. If it is taken, its number is used up. */
export async function post(
  scene: Scene,
  session: Agreement,
  { body, number }: Sealed,
): Promise<Answer | NoAnswer> {
  const answer = await attempt(scene, body)
  if ('status' in answer && scene.isTaken(answer))
    session.nextPicture = Math.max(session.nextPicture, number + 1)
  return answer
}

/** Any body to /wire/image. */
export function attempt(scene: Scene, body: Uint8Array): Promise<Answer | NoAnswer> {
  return scene.attempt('/wire/image', {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/octet-stream' },
  })
}

/**
 * Probes that a picture is refused as `code`. `taken`: the cause if it is not refused; `other`: if it is refused as something
 * else.
 */
export function refuses(
  probes: Probes,
  what: string,
  code: string,
  sent: Answer | NoAnswer,
  { taken, other, ...options }: { taken: string; other?: string } & Omit<ProbeOptions, 'cause'>,
): void {
  const status = 'status' in sent ? sent.status : 0
  const isBroken = status >= 500
  const cause = isBroken
    ? `The request ends with ${status}: a picture like this is not expected (${what}).`
    : status >= 400
      ? other
      : taken
  probes.refused(what, code, sent, { ...options, ...(cause === undefined ? {} : { cause }) })
}
