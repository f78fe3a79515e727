/** The picture that a peer's owner sends: a file, and what of it is known without reading it all. */

import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { namedFile, orAlike } from '../disk/fileName.ts'
import { TO_READ } from '../disk/open.ts'
import { ownFile } from '../disk/ownFile.ts'
import type { PictureSource } from '../peer/contract.ts'
import { DuetError } from '../protocol/errors.ts'
import { pictureTypeOf } from '../protocol/stream.ts'

/** src/sample/draw.ts draws it. */
const SAMPLE = fileURLToPath(ownFile('src/sample/curve.png'))
const READ_BYTES = 256 * 1024

/** The picture that a peer sends when /send_image brings none: `image`, or else imagen.jpg in this folder, or else the sample. */
export function ownPicture(image?: string): () => Promise<PictureSource> {
  return () => pictureFile(image ?? (fs.existsSync('imagen.jpg') ? 'imagen.jpg' : SAMPLE))
}

/**
 * A file as a picture to send.
 * @throws DuetError `bad_image`
 */
export async function pictureFile(argument: string): Promise<PictureSource> {
  const { path: file, name: shown } = namedFile(argument)
  const name = path.basename(shown)
  const refuse = (why: string) => new DuetError('bad_image', `${name} ${why}`)
  const handle = await fs.promises.open(file, TO_READ).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw refuse('can not be read.')
    const missing = `There is no picture ${JSON.stringify(shown)}.${orAlike(shown)}`
    throw new DuetError('bad_image', missing)
  })
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw refuse('is not a file.')
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0)
    const type = pictureTypeOf(buffer.subarray(0, bytesRead))
    if (type === null) throw refuse('is not a PNG, JPEG, WebP or GIF.')
    return { type, bytes: stat.size, name, content: contentOf(file) }
  } finally {
    await handle.close()
  }
}

/** The file's content in pieces. The file is opened when the first is asked for, so a picture that is never sent leaves nothing open. */
async function* contentOf(file: string | Buffer): AsyncGenerator<Uint8Array> {
  const handle = await fs.promises.open(file, TO_READ)
  try {
    // one buffer for all pieces: to collect a fresh one for each takes longer than to seal it
    const buffer = Buffer.alloc(READ_BYTES)
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}
