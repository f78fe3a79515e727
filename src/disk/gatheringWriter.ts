/** Writing a large file in long pieces, which the system takes much faster than many short ones. */

import type fs from 'node:fs'

/** Gathers one piece while the one before is being written. */
export class GatheringWriter {
  readonly #handle: fs.promises.FileHandle
  #gathering: Buffer
  #spare: Buffer
  #filled = 0
  #position = 0
  #writing: Promise<void> = Promise.resolve()

  /** `length`: how many bytes are gathered for one write. */
  constructor(handle: fs.promises.FileHandle, length: number) {
    this.#handle = handle
    this.#gathering = Buffer.allocUnsafeSlow(length)
    this.#spare = Buffer.allocUnsafeSlow(length)
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let taken = 0; taken < bytes.length; ) {
      const part = bytes.subarray(taken, taken + this.#gathering.length - this.#filled)
      this.#gathering.set(part, this.#filled)
      this.#filled += part.length
      taken += part.length
      if (this.#filled === this.#gathering.length) await this.#next()
    }
  }

  /** Writes what is left, and waits until all of it is written. */
  async flush(): Promise<void> {
    await this.#next()
    await this.#writing
  }

  /** Waits until no write is under way, whether the last one failed or not. */
  async idle(): Promise<void> {
    await this.#writing.catch(() => {})
  }

  async #next(): Promise<void> {
    await this.#writing
    const full = this.#gathering
    this.#writing = writeAt(this.#handle, full.subarray(0, this.#filled), this.#position)
    // whoever calls us next sees the error; until then nobody handles it, and Node would end the process
    this.#writing.catch(() => {})
    this.#position += this.#filled
    this.#gathering = this.#spare
    this.#spare = full
    this.#filled = 0
  }
}

/** Writes all of `bytes` at `position`: the system may take fewer at a time. */
async function writeAt(
  handle: fs.promises.FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const rest = bytes.subarray(done)
    const { bytesWritten } = await handle.write(rest, 0, rest.length, position + done)
    done += bytesWritten
  }
}
