/** What every output of the lab has to be: readable from the last row, without colour. */

import assert from 'node:assert/strict'

export function assertForProjector(output: string): void {
  for (const line of output.split('\n')) {
    assert.ok([...line].length <= 100, `${[...line].length} columns: ${line}`)
    assert.doesNotMatch(line, /\p{Cc}|\s$/u)
  }
}
