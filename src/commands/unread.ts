/** What is said when peers end while texts are there that nobody has read. */

import { curlName } from '../disk/shell.ts'
import type { Launched } from '../launch.ts'
import { isOutputRead, tell } from '../terminal/output.ts'
import { Value } from '../terminal/said.ts'
import type { Terminal } from '../terminal/terminal.ts'
import type { EndOptions } from './ending.ts'

/** Warns while the end of `peers` would lose texts, and says how to read them first. Peers may be added to the list later. */
export function savingUnread(peers: readonly Launched[], terminal: Terminal): EndOptions {
  const unread = () => peers.flatMap((peer) => peer.unread())
  return {
    wouldLose: () => unread().length > 0,
    warn: () => {
      for (const { port, texts } of unread()) {
        const { say } = terminal.narrator(port)
        const { count, are, them } = wordsFor(texts)
        say('✗', 'not read yet', `${count} ${are} lost if you press Ctrl-C again.`)
        say(
          '·',
          '',
          new Value(`To read ${them} first: ${curlName()} http://127.0.0.1:${port}/decrypt_msg`),
        )
      }
    },
  }
}

/** Ends `peers`, the last one first, and says how many texts are lost. If nobody reads standard output any more, it uses standard error. */
export async function endPeers(peers: readonly Launched[], terminal: Terminal): Promise<void> {
  for (const peer of peers.toReversed())
    for (const { port, texts } of await peer.close()) {
      const { count, are, them } = wordsFor(texts)
      const lost = `${count} ${are} lost: nobody read ${them}.`
      if (isOutputRead()) terminal.narrator(port).say('✗', 'not read', lost)
      else tell(`port ${port}: ${lost}`)
    }
}

const wordsFor = (texts: number) =>
  texts === 1
    ? { count: '1 text', are: 'is', them: 'it' }
    : { count: `${texts} texts`, are: 'are', them: 'them' }
