/** A connection that breaks off at once, as the system tells the other side of a program that was killed. */

import type net from 'node:net'

/**
 * Resets a connection, or closes it where our end of it was sent already: Node refuses to reset that one, forgets it, and at
 * the end of the process waits for it for ever (20.20: `socket.end().resetAndDestroy()`).
 */
export function reset(socket: net.Socket | null): void {
  if (socket?.writableEnded) socket.destroy()
  else socket?.resetAndDestroy()
}
