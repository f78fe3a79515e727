/** `send-image`: hands a picture to the peer on this machine, with a progress bar. */

import { sendPictureTo } from '../http/client.ts'
import { pictureFile } from '../state/pictures.ts'
import { print, progressBar } from '../terminal.ts'

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
  } finally {
    bar.stop()
  }
  print(JSON.stringify(answer.body, null, 2))
  return answer.status === 201 ? 0 : 1
}
