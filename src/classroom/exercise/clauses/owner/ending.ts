/** Stage 6: the end of a peer. */

import type { Context } from '../../context.ts'
import { Failure } from '../../failure.ts'

/** owner/9 */
export async function ends(context: Context): Promise<void> {
  // On Windows a process is ended, and hears of no signal.
  if (process.platform === 'win32') {
    context.note('not looked at on Windows')
    return
  }
  const scene = context.take('ends') ?? (await context.start())
  const session = scene.current ?? (await scene.agree())
  await scene.sendText('the last text')
  await scene.post('/wire/message', session.messageForm('the last text'))
  if (await context.stop(scene)) return
  const how = scene.student?.ending
  const hasChild = how !== 'SIGKILL'
  throw new Failure({
    did: 'an agreement, a text each way, SIGTERM',
    wanted: 'within 3 seconds it has ended, with all its children',
    got: hasChild ? 'it ended, and a child of it did not' : 'it had to be killed',
    cause: hasChild
      ? 'A child process goes on after the peer has ended.'
      : 'SIGTERM does not end it: the signal is ignored, or something keeps the program waiting.',
  })
}
