/** Stage 0: values that a student's own tests can compare with. */

import fs from 'node:fs'
import { ownFile } from '../../disk/ownFile.ts'

/** The published vectors as JSON: for each suite keys and all that follows from them, and what has to be refused. */
export function vectors(): string {
  return fs.readFileSync(ownFile('src/protocol/vectors.json'), 'utf8')
}
