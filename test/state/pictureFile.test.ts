/** A picture to send: which file it is, and what is read of it. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { concatBytes } from '../../src/protocol/bytes.ts'
import { ownPicture, pictureFile } from '../../src/state/pictureFile.ts'
import { folderForEach, handlesOpened, makePipe } from '../helpers/files.ts'
import { pictureOf, pngOf } from '../helpers/pictures.ts'

const at = folderForEach()
const READ = 256 * 1024
const write = (name: string, bytes: Uint8Array) => fs.writeFileSync(at(name), bytes)

describe('a file to send', () => {
  for (const type of ['image/png', 'image/jpeg', 'image/webp', 'image/gif'] as const)
    it(`of type ${type} is known by its first bytes, and read to its end`, async (t) => {
      const count = handlesOpened(t)
      const bytes = pictureOf(type, 600_000)
      write('a picture', bytes)
      const { content, ...rest } = await pictureFile(at('a picture'))
      assert.deepEqual(rest, { type, bytes: 600_000, name: 'a picture' })
      assert.deepEqual(count, { opened: 1, closed: 1 })
      const pieces: Uint8Array[] = []
      for await (const piece of content) pieces.push(Uint8Array.from(piece))
      const lengths = pieces.map(({ length }) => length)
      assert.deepEqual(lengths, [READ, READ, 600_000 - 2 * READ])
      assert.equal(Buffer.compare(concatBytes(...pieces), bytes), 0)
      assert.deepEqual(count, { opened: 2, closed: 2 })
    })

  it('is closed by whoever wants no more of it', async (t) => {
    write('a', pngOf(600_000))
    const count = handlesOpened(t)
    const { content } = await pictureFile(at('a'))
    for await (const piece of content) if (piece.length > 0) break
    assert.deepEqual(count, { opened: 2, closed: 2 })
  })

  it('is refused for what it is, and closed', async (t) => {
    const count = handlesOpened(t)
    write('text.png', Buffer.from('a text that is no picture'))
    write('short.png', pngOf(3))
    fs.mkdirSync(at('folder'))
    makePipe(at('pipe'))
    for (const [name, message] of Object.entries({
      'text.png': 'text.png is not a PNG, JPEG, WebP or GIF.',
      'short.png': 'short.png is not a PNG, JPEG, WebP or GIF.',
      folder: 'folder is not a file.',
      pipe: 'pipe is not a file.',
      'none.png': `There is no picture ${JSON.stringify(at('none.png'))}.`,
      'short.png/a.png': 'a.png can not be read.',
    }))
      await assert.rejects(pictureFile(at(name)), { code: 'bad_image', message })
    assert.deepEqual(count, { opened: 4, closed: 4 })
  })

  it("is the one that is named, else the original's own, else the sample", async () => {
    const home = process.cwd()
    write('named.gif', pictureOf('image/gif', 50))
    process.chdir(at())
    try {
      const nameOf = async (image?: string) => (await ownPicture(image)()).name
      assert.equal(await nameOf(), 'curve.png')
      write('imagen.jpg', pictureOf('image/jpeg', 50))
      assert.equal(await nameOf(), 'imagen.jpg')
      assert.equal(await nameOf('named.gif'), 'named.gif')
    } finally {
      process.chdir(home)
    }
  })
})
