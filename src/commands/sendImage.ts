/** `send-image`: hands a picture to the peer on this machine, with a progress bar. */

import * as v from 'valibot'
import { hasMake, programName } from '../disk/programName.ts'
import { Client, parsed, textOf, understood } from '../http/requests.ts'
import { type Failure, PeerError, type PictureSource } from '../peer/contract.ts'
import { DuetError } from '../protocol/errors.ts'
import { pictureFile } from '../state/pictureFile.ts'
import { printJson } from '../terminal/output.ts'
import { progressBar } from '../terminal/progress.ts'

/** In ms. The owner's own peer answers only when the other peer has the whole picture. */
const OWNER_TIMEOUT = 60_000

/** No value may be nested: indented, deep nesting would make a thousand times as much text. */
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
  // the answer may be that of any program on that port
  understood((body) => v.parse(PeerAnswer, body), answer.body)
  printJson(answer.body)
  return answer.status === 201 ? 0 : 1
}

/**
 * Uploads a picture to the owner's own peer at `url`, as curl would. `progress` is called with the number of bytes that were
 * sent. Returns the peer's answer.
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
      // a copy: got reads ahead, and `content` uses its buffer again for the next piece
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

/** What to do if the owner's own peer does not answer; null where the error itself says it. */
function adviceOn(failure: Failure): string | null {
  if (failure === 'connection broke') return null
  return failure === 'connection refused' || failure === 'not HTTP'
    ? `Start that peer first (${programName()} both), or name another port: --port 8000${hasMake() ? ', for make PORT_A=8000' : ''}.`
    : 'Look at its terminal, then send the picture again.'
}
