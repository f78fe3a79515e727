/** `send-image`: hands a picture to the peer on this machine, with a progress bar. */

import { PeerError } from '../contract.ts'
import { sendPictureTo } from '../http/client.ts'
import { DuetError } from '../protocol/errors.ts'
import { pictureFile } from '../state/pictures.ts'
import { print } from '../terminal/output.ts'
import { progressBar } from '../terminal/progress.ts'
import { printable } from '../terminal/safe.ts'

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
    if (!(error instanceof PeerError) || error.code !== 'peer_unreachable') throw error
    throw new DuetError(
      error.code,
      `No connection to the peer on port ${port}, or it broke. Start that peer first (make run-both), or name another port: --port 6000, or make send-image PORT_A=6000.`,
    )
  } finally {
    bar.stop()
  }
  // whatever listens there may have answered
  print(JSON.stringify(answer.body, null, 2).split('\n').map(printable).join('\n'))
  return answer.status === 201 ? 0 : 1
}
