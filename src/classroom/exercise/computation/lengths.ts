/** Length prefixes, right and as students write them. */

import { concatBytes, lp } from '../../../protocol/bytes.ts'
import type { Choices } from './choices.ts'

/** lp(`bytes`) under a choice. */
export function withLength(choice: Choices['shareLengths'], bytes: Uint8Array): Uint8Array {
  if (choice === 'lengths-none') return bytes
  if (choice === 'right') return lp(bytes)
  const prefix = new Uint8Array(choice === 'lengths-u32' ? 4 : choice === 'lengths-u8' ? 1 : 2)
  const view = new DataView(prefix.buffer)
  if (choice === 'lengths-u32') view.setUint32(0, bytes.length)
  else if (choice === 'lengths-u8') view.setUint8(0, bytes.length)
  else view.setUint16(0, bytes.length, true)
  return concatBytes(prefix, bytes)
}
