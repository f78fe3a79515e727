/** `send-image`: hands a picture to the peer on this machine, with a progress bar. */

import * as v from 'valibot'
import { calledAs } from '../disk/called.ts'
import { Client, parsed, textOf, understood } from '../http/requests.ts'
import { type Failure, PeerError, type PictureSource } from '../peer/contract.ts'
import { DuetError } from '../protocol/errors.ts'
import { pictureFile } from '../state/pictures.ts'
import { printJson } from '../terminal/output.ts'
import { progressBar } from '../terminal/progress.ts'

/** The owner's own peer answers once the other one has the whole picture. In ms. */
const OWNER_TIMEOUT = 60_000

/** Flat: to indent what is nested would make a thousand times as much of it. */
const PeerAnswer = v.objectWithRest(
  { next: v.string() },
  v.nullable(v.union([v.string(), v.number(), v.boolean()])),
)

/**
 * Sends the picture in `file` and prints what the peer on `port` answers. Returns the exit code.
 * @throws DuetError
 */
export async function sendImage(port: number, file: string): Promise<number> {
  const picture = await pictureFile(file)
  const bar = await progressBar(picture.bytes)
  let answer: Awaited<ReturnType<typeof sendPictureTo>>
  try {
    answer = await sendPictureTo(`http://127.0.0.1:${port}`, picture, bar.update)
  } catch (error) {
    const advice = error instanceof PeerError && error.failure && adviceOn(error.failure)
    if (!advice) throw error
    throw new DuetError(error.code, `${error.message} ${advice}`)
  } finally {
    bar.stop()
  }
  // whatever listens there may have answered
  understood((body) => v.parse(PeerAnswer, body), answer.body)
  printJson(answer.body)
  return answer.status === 201 ? 0 : 1
}

/**
 * Hands a picture to the owner's own peer at `url`, as a curl would. `progress` is told how many
 * bytes went out. Returns what the peer answers.
 * @throws PeerError
 */
async function sendPictureTo(
  url: string,
  { type, bytes, name, content }: PictureSource,
  progress: (bytes: number) => void,
): Promise<{ status: number; body: unknown }> {
  async function* watched() {
    let sent = 0
    for await (const piece of content) {
      // got reads ahead, and a piece is good until the next one is asked for
      yield Uint8Array.from(piece)
      sent += piece.length
      progress(sent)
    }
  }
  const client = new Client(url, { timeout: OWNER_TIMEOUT })
  const headers = {
    'content-type': type,
    'content-length': `${bytes}`,
    'picture-name': encodeURIComponent(name),
  }
  const answer = await client.upload('/send_image', headers, watched())
  return { status: answer.status, body: parsed(textOf(answer)) }
}

/** What to do about the owner's own peer; null where the error says it. */
function adviceOn(failure: Failure): string | null {
  if (failure === 'connection broke') return null
  return failure === 'connection refused' || failure === 'not HTTP'
    ? `Start that peer first (${calledAs()} both), or name another port: --port 8000, for make PORT_A=8000.`
    : 'Look at its terminal, then send the picture again.'
}
