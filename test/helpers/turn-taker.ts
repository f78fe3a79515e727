/** A process that tries to take the turn to read a Maildir when it is told to, and says whether it has it. */

import { Turn } from '../../src/turn.ts'

let turn: Turn | undefined
process.on('message', ({ take }: { take?: string }) => {
  if (take === undefined) turn?.release()
  else turn = new Turn(take)
  process.send?.(take === undefined || turn?.take())
})
