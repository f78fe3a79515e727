/** Stage 0: values that a student's own tests can compare with. */

import fs from 'node:fs'

/** From this file's folder below `src/` or `dist/`. */
const FILE = new URL('../../../src/protocol/vectors.json', import.meta.url)

/** The published vectors as JSON: for each suite keys and all that follows from them, and what has to be refused. */
export function vectors(): string {
  return fs.readFileSync(FILE, 'utf8')
}
