/** A process that tries to take a lock when it is told to, and says whether it has it. */

import { Lock } from '../../src/disk/lock.ts'

let lock
process.on('message', ({ take }) => {
  if (take === undefined) lock?.release()
  else lock = new Lock(...take)
  process.send?.(take === undefined || lock?.take())
})
