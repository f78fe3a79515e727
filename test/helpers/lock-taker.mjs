/** A process that tries to take a lock when it is told to, and says whether it has it. */

import path from 'node:path'
import { Lock } from '../../dist/disk/lock.js'

let lock
process.on('message', ({ take }) => {
  if (take === undefined) lock?.release()
  else lock = new Lock(path.join(take, 'watching'), path.join(take, 'tmp'))
  process.send?.(take === undefined || lock?.take())
})
