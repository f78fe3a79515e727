/** A process that tries to take the turn to read a Maildir when it is told to, and says whether it has it. */

import { Turn } from '../../dist/disk/turn.js'

let turn
process.on('message', ({ take }) => {
  if (take === undefined) turn?.release()
  else turn = new Turn(take)
  process.send?.(take === undefined || turn?.take())
})
