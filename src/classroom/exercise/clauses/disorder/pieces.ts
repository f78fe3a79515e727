/** A picture that stops on its way. */

import { Readable } from 'node:stream'
import type { CallOptions } from '../../call.ts'

/** What a peer may take until it has read what came of a picture. */
const UNDER_WAY_MS = 400

/** A picture whose first `bytes` are sent at once, and the rest after `goOn`. */
export function paused(
  body: Uint8Array,
  bytes: number,
): { options: CallOptions; isUnderWay: Promise<void>; goOn: () => void } {
  let goOn = () => {}
  const going = new Promise<void>((resolve) => {
    goOn = resolve
  })
  async function* pieces() {
    yield body.subarray(0, bytes)
    await going
    yield body.subarray(bytes)
  }
  return {
    options: {
      method: 'POST',
      body: Readable.from(pieces()),
      headers: { 'content-type': 'application/octet-stream', 'content-length': body.length },
    },
    isUnderWay: new Promise((resolve) => setTimeout(resolve, UNDER_WAY_MS)),
    goOn,
  }
}
