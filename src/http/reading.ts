/** Reads a body into one buffer. */

import { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'

/** A body is longer than its limit. */
export class TooLong extends Error {}

/**
 * A whole body, of at most `limit` bytes; `length`: what its headers declare. A stream that is refused is left
 * paused, and open for an answer. Each piece is copied and let go: Node makes one of each chunk, and a sender can
 * make a chunk of each byte, which then takes hundreds of bytes of memory.
 * @throws TooLong; the stream's own error where it breaks off
 */
export function readWhole(
  stream: Readable,
  limit: number,
  length: string | undefined,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const declared = length === undefined ? limit : Number(length)
    if (declared > limit) {
      reject(new TooLong())
      return
    }
    // not from Node's pool, and the system gives memory only to what is written
    const body = Buffer.allocUnsafeSlow(declared)
    let filled = 0
    const take = (piece: Uint8Array) => {
      if (piece.length > declared - filled) {
        fail(new TooLong())
        return
      }
      body.set(piece, filled)
      filled += piece.length
    }
    const end = () => {
      ignore()
      resolve(filled === declared ? body : body.subarray(0, filled))
    }
    const fail = (error: Error) => {
      ignore()
      stream.pause()
      reject(error)
    }
    const close = () => fail(stream.errored ?? new Error('The stream was closed before its end.'))
    const ignore = () => {
      stream.off('data', take).off('end', end).off('error', fail).off('close', close)
    }
    if (stream.destroyed) close()
    else stream.on('data', take).on('end', end).on('error', fail).on('close', close)
  })
}

/** A piece that is shorter waits for others, in bytes: what Node does for a piece takes longer than to copy it. */
const SMALL = 512

/**
 * A request whose short pieces become one: those that come at once, and those that come while nobody reads. A Readable
 * would keep each of them, up to a limit that counts their bytes and not what they take.
 */
export class GatheringRequest extends IncomingMessage {
  #gathered = Buffer.alloc(0)
  #filled = 0
  #giving: NodeJS.Immediate | undefined

  /** Node gives it Buffers, and Deno plain bytes. */
  override push(piece: Uint8Array | null): boolean {
    const isRead = this.readableLength === 0
    if (piece === null || (isRead && piece.length >= SMALL)) {
      this.#give()
      return super.push(piece)
    }
    this.#gather(piece)
    if (isRead) this.#giving ??= setImmediate(() => this.#give())
    return this.readableLength + this.#filled < this.readableHighWaterMark
  }

  override read(size?: number): Buffer | null {
    // with 0, Readable itself asks for more, and not whoever uses it
    if (size !== 0) this.#give()
    return super.read(size)
  }

  #gather(piece: Uint8Array): void {
    const length = this.#filled + piece.length
    if (length > this.#gathered.length) {
      const longer = Buffer.allocUnsafeSlow(2 * length)
      this.#gathered.copy(longer, 0, 0, this.#filled)
      this.#gathered = longer
    }
    this.#gathered.set(piece, this.#filled)
    this.#filled = length
  }

  #give(): void {
    clearImmediate(this.#giving)
    this.#giving = undefined
    if (this.#filled === 0) return
    super.push(this.#gathered.subarray(0, this.#filled))
    this.#gathered = Buffer.alloc(0)
    this.#filled = 0
  }
}
