/** Pictures on the disk, without a peer: what is swept, what is kept, and what is read of a file to send. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, it, type TestContext } from 'node:test'
import { newStamp } from '../../src/disk/stamp.ts'
import type { PictureStore } from '../../src/peer/contract.ts'
import { concatBytes } from '../../src/protocol/bytes.ts'
import type { PictureType } from '../../src/protocol/stream.ts'
import { ownPicture, pictureFile } from '../../src/state/pictureFile.ts'
import { openPictures, temporaryPictures } from '../../src/state/pictureStore.ts'
import { endedProcess, folderForEach, makePipe, modeOf, systemError } from '../helpers/files.ts'
import { pictureOf, pngOf } from '../helpers/pictures.ts'

const at = folderForEach()
const MIB = 1024 * 1024
const ID = '0123456789abcdef'
const names = () => fs.readdirSync(at()).sort()
const write = (name: string, bytes: Uint8Array = pngOf(20)) => fs.writeFileSync(at(name), bytes)
const FULL = { code: 'no_space', message: 'The picture does not fit on the disk.' }
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Receives `bytes` in pieces of `size`, and keeps them. */
async function receive(bytes: Uint8Array, size = bytes.length, type: PictureType = 'image/png') {
  const draft = await openPictures(at()).create()
  for (let i = 0; i < bytes.length; i += size) await draft.write(bytes.subarray(i, i + size))
  await draft.finish(type)
  return draft.keep()
}

type Write = (this: fs.promises.FileHandle, ...args: unknown[]) => Promise<unknown>
/** Has `write` write what goes to open files; it is given how they do. Returns the mock. */
async function writing(t: TestContext, write: (real: Write) => Write) {
  const handle = await fs.promises.open(at())
  await handle.close()
  const handles: { write: Write } = Object.getPrototypeOf(handle)
  return t.mock.method(handles, 'write', write(handles.write))
}

/** How many files were opened, and how many of them closed. */
function counting(t: TestContext): { opened: number; closed: number } {
  const count = { opened: 0, closed: 0 }
  const { open } = fs.promises
  t.mock.method(fs.promises, 'open', async (...args: Parameters<typeof open>) => {
    const handle = await open(...args)
    count.opened++
    const { close } = handle
    t.mock.method(handle, 'close', () => {
      count.closed++
      return close()
    })
    return handle
  })
  return count
}

describe('the folder of pictures', () => {
  it('loses what was left half written, and nothing that only looks like it', () => {
    const others = [
      `x-incoming-${ID}.tmp`,
      `incoming-${ID}.tmp.png`,
      `incoming-${ID}0.tmp`,
      `incoming-${ID.toUpperCase()}.tmp`,
      'incoming-.tmp',
      `incoming-${ID}xtmp`,
    ].sort()
    for (const name of [...others, `incoming-${ID}.tmp`]) write(name)
    assert.equal(openPictures(at()).last, null)
    assert.deepEqual(names(), others)
  })

  for (const [extension, type] of [
    ['png', 'image/png'],
    ['jpg', 'image/jpeg'],
    ['webp', 'image/webp'],
    ['gif', 'image/gif'],
  ] as const)
    it(`tells which ${extension} came last, by a name that is one of ours`, (t) => {
      const { readdirSync } = fs
      t.mock.method(fs, 'readdirSync', (dir: string) => readdirSync(dir).sort().reverse())
      const last = `2026-02-03T04-05-06-789Z-${ID}.${extension}`
      const time = '02-03T04-05-06-789Z'
      const earlier = [`2025-${time}-${ID}.png`, `2026-01-03T04-05-06-789Z-${ID}.gif`]
      const times = ['02-03TZ', '02-03T04:05:06.789Z', '02-3T04-05-06-789Z', '2-03T04-05-06-789Z']
        .concat('xx-03T04-05-06-789Z', '02-xxT04-05-06-789Z')
        .map((wrong) => `3026-${wrong}-${ID}.png`)
      const ends = [`${ID}.${extension}.part`, `${ID}.svg`, `${ID}0.png`, '.png', `${ID}xpng`]
        .map((wrong) => `3026-${time}-${wrong}`)
        .concat(`x3026-${time}-${ID}.png`, `x026-${time}-${ID}.png`)
      for (const name of [...earlier, last, ...times, ...ends]) write(name)
      write(last, pictureOf(type, 321))
      const received = new Date(1_700_000_000_000)
      fs.utimesSync(at(last), received, received)
      const expected = { path: at(last), type, bytes: 321, received }
      assert.deepEqual(openPictures(at()).last, expected)
    })

  it('is made with its parents when the first picture comes, for its owner alone', async () => {
    const dir = at('a', 'b')
    const store = openPictures(dir)
    assert.deepEqual(names(), [])
    const draft = await store.create()
    assert.equal(modeOf(dir), '700')
    const [name = ''] = fs.readdirSync(dir)
    assert.match(name, /^incoming-[0-9a-f]{16}\.tmp$/)
    assert.equal(modeOf(path.join(dir, name)), '600')
    await draft.discard()
    assert.deepEqual(fs.readdirSync(dir), [])
  })

  it('that can not be made, or written, is said to be so', async (t) => {
    write('file')
    const refused = (code: string) => ({
      code: 'no_space',
      message: `The folder for pictures can't be written (${code}).`,
    })
    await assert.rejects(openPictures(at('file', 'a')).create(), refused('ENOTDIR'))
    t.mock.method(fs.promises, 'open', () => Promise.reject(systemError('EROFS')))
    const store = openPictures(at())
    await assert.rejects(store.create(), refused('EROFS'))
    t.mock.method(fs, 'rmSync', () => assert.fail('nothing was begun'))
    store.close()
    t.mock.restoreAll()
  })
})

describe('a picture that is being received', () => {
  it('is kept under the time and a number of its own, as it came, and closed', async (t) => {
    const count = counting(t)
    const from = Date.now()
    const bytes = pictureOf('image/jpeg', 1000)
    const kept = await receive(bytes, 100, 'image/jpeg')
    const match = /^(.{10}T..)-(..)-(..)-(...Z)-[0-9a-f]{16}\.jpg$/.exec(path.basename(kept.path))
    const time = Date.parse(match ? `${match[1]}:${match[2]}:${match[3]}.${match[4]}` : '')
    assert.ok(time >= from && time <= Date.now(), kept.path)
    assert.deepEqual([kept.type, kept.bytes], ['image/jpeg', 1000])
    assert.deepEqual(names(), [path.basename(kept.path)])
    const { isRepeated, removed, ...last } = kept
    assert.deepEqual([isRepeated, removed], [false, []])
    assert.deepEqual(openPictures(at()).last, last)
    assert.deepEqual(count, { opened: 1, closed: 1 })
  })

  for (const size of [MIB / 2, MIB - 1, MIB, MIB + 1, 3 * MIB])
    it(`is written whole in pieces of ${size} bytes, in few and long writes`, async (t) => {
      const bytes = pngOf(3 * MIB + 5)
      const write = await writing(t, (real) => real)
      const { path: file } = await receive(bytes, size)
      assert.equal(Buffer.compare(fs.readFileSync(file), bytes), 0)
      assert.equal(write.mock.callCount(), 4)
    })

  it('is written whole by a system that takes few bytes at a time', async (t) => {
    await writing(t, (real) => {
      return function (bytes, offset, length, position) {
        return real.call(this, bytes, offset, Math.min(Number(length), 300_000), position)
      }
    })
    const bytes = pngOf(2 * MIB + 5)
    const { path: file } = await receive(bytes, 700_000)
    assert.equal(Buffer.compare(fs.readFileSync(file), bytes), 0)
  })

  it('tells whoever waits that the disk is full, and nobody before', async (t) => {
    await writing(t, () => () => Promise.reject(systemError('ENOSPC')))
    const create = () => openPictures(at()).create()
    const draft = await create()
    await draft.write(pngOf(MIB))
    // the write that failed has nobody who waits for it yet, and ends no program
    await turn()
    await assert.rejects(draft.write(pngOf(MIB)), FULL)
    await draft.discard()
    assert.deepEqual(names(), [])
    const small = await create()
    await small.write(pngOf(10))
    await assert.rejects(small.finish('image/png'), FULL)
    await small.discard()
    t.mock.restoreAll()
    // or that there is no room for its name
    t.mock.method(fs.promises, 'rename', () => Promise.reject(systemError('ENOSPC')))
    const nameless = await create()
    await assert.rejects(nameless.finish('image/png'), FULL)
    await nameless.discard()
    assert.deepEqual(names(), [])
  })

  it('is discarded only when what is under way is written', async (t) => {
    let goOn = () => {}
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    await writing(t, (real) => {
      return async function (...args) {
        await held
        return real.apply(this, args)
      }
    })
    const count = counting(t)
    const draft = await openPictures(at()).create()
    await draft.write(pngOf(MIB))
    const gone = draft.discard()
    await turn()
    const before = { ...count, files: names().length }
    goOn()
    await gone
    assert.deepEqual(before, { opened: 1, closed: 0, files: 1 })
    assert.equal(count.closed, 1)
    assert.deepEqual(names(), [])
  })

  it('goes with the store that is closed, unless it was kept', async () => {
    const store = openPictures(at())
    const create = () => store.create()
    const [kept, begun, finished] = [await create(), await create(), await create()]
    for (const draft of [kept, finished]) {
      await draft.write(pngOf(100))
      await draft.finish('image/png')
    }
    const { path: file } = kept.keep()
    assert.equal(store.last?.path, file)
    assert.equal(names().length, 3)
    store.close()
    assert.deepEqual(names(), [path.basename(file)])
    for (const draft of [begun, finished]) await draft.discard()
    assert.deepEqual(names(), [path.basename(file)])
  })

  it('is no more where the store was closed while its file was made', async (t) => {
    const count = counting(t)
    const store = openPictures(at())
    const draft = store.create()
    // its name is known once the folder is there
    await Promise.resolve()
    await Promise.resolve()
    store.close()
    await assert.rejects(draft, { code: 'no_space', message: 'This peer has ended.' })
    assert.deepEqual(names(), [])
    assert.deepEqual(count, { opened: 1, closed: 1 })
  })

  it('may be one of which nothing can be drawn, or of another kind inside', async () => {
    const svg = Buffer.from('<svg width="99999" height="1"/>')
    for (const bytes of [new Uint8Array(0), pngOf(20), svg])
      assert.equal((await receive(bytes)).bytes, bytes.length)
  })
})

/** Begins a picture in `store` with `bytes`. */
async function begin(store: PictureStore, bytes: Uint8Array) {
  const draft = await store.create()
  await draft.write(bytes)
  return draft
}

/** Receives all of it into `store`. */
async function take(store: PictureStore, bytes: Uint8Array, type: PictureType = 'image/png') {
  const draft = await begin(store, bytes)
  await draft.finish(type)
  return draft.keep()
}

/** A PNG that no other number gives, of so many blocks of the disk. */
const numbered = (n: number, blocks = 1) => pngOf(blocks * BLOCK).fill(n, 100, 120)
const BLOCK = 4096
const nameOf = ({ path: file }: { path: string }) => path.basename(file)
const LIMIT = 4 * BLOCK

describe('the limit on kept pictures', () => {
  it('has the oldest go first, and never the last one, however large it is', async () => {
    const store = openPictures(at(), LIMIT)
    const kept = []
    for (let i = 0; i < 4; i++) kept.push(await take(store, numbered(i)))
    assert.deepEqual(names(), kept.map(nameOf))
    const { removed, ...fifth } = await take(store, numbered(4, 2))
    const gone = kept.slice(0, 2).map((each) => ({ path: each.path, bytes: BLOCK }))
    assert.deepEqual(removed, gone)
    assert.deepEqual(names(), [...kept.slice(2), fifth].map(nameOf))
    const large = await take(store, numbered(5, 9))
    assert.deepEqual(names(), [nameOf(large)])
    assert.equal(large.removed.length, 3)
    const small = await take(store, numbered(6))
    assert.deepEqual(names(), [nameOf(small)])
    assert.equal(store.last?.path, small.path)
  })

  it('counts whole blocks of the disk, and may be none', async () => {
    const store = openPictures(at(), LIMIT)
    for (let i = 0; i < 5; i++) await take(store, pngOf(12 + i))
    assert.equal(names().length, 4)
    const none = openPictures(at(), 0)
    await take(none, pngOf(30))
    assert.equal(names().length, 1)
  })

  it('is said, and not enforced, when a peer starts; what was left counts from the next picture on', async () => {
    const old = ['2024', '2025', '2026'].map((year) => `${year}-02-03T04-05-06-789Z-${ID}.png`)
    for (const name of old) write(name, pngOf(2 * BLOCK))
    const others = ['mine.png', '2024-02-03T04-05-06-789Z-mine.png'].sort()
    for (const name of others) write(name, pngOf(9 * BLOCK))
    fs.mkdirSync(at(`2023-02-03T04-05-06-789Z-${ID}.png`))
    const before = names()
    const store = openPictures(at(), LIMIT)
    assert.deepEqual(store.left, { count: 3, bytes: 6 * BLOCK, limit: LIMIT })
    assert.deepEqual(names(), before)
    const draft = await begin(store, pngOf(100))
    await draft.discard()
    assert.deepEqual(names(), before)
    const { removed } = await take(store, pngOf(BLOCK))
    assert.deepEqual(removed.map(nameOf), old.slice(0, 2))
    assert.deepEqual(names().length, before.length - 1)
    assert.equal(openPictures(at(), LIMIT).left, null)
  })

  it('is not exceeded by those that can not be removed: they go the next time', async (t) => {
    const store = openPictures(at(), LIMIT)
    const first = await take(store, numbered(0, 4))
    const stuck = t.mock.method(fs, 'rmSync', () => {
      throw systemError('EPERM')
    })
    assert.deepEqual((await take(store, numbered(1))).removed, [])
    stuck.mock.restore()
    assert.deepEqual((await take(store, numbered(2))).removed.map(nameOf), [nameOf(first)])
  })

  it('holds for those on their way too: of several, what has waited longest gives way', async () => {
    const store = openPictures(at(), LIMIT)
    const kept = await take(store, numbered(0, 3))
    const [a, b] = [await begin(store, numbered(1)), await begin(store, numbered(2, 5))]
    // a is within the limit beside what is kept, and the largest is not counted
    assert.equal(names().length, 3)
    await b.write(pngOf(BLOCK))
    const c = await begin(store, numbered(3))
    const dropped = { code: 'no_space', message: /^There is no room for several pictures/ }
    await assert.rejects(a.write(pngOf(1)), dropped)
    await assert.rejects(a.finish('image/png'), dropped)
    await a.discard()
    assert.equal(names().length, 3)
    for (const each of [b, c]) await each.finish('image/png')
    b.keep()
    const last = c.keep()
    assert.deepEqual(names(), [nameOf(last)])
    assert.ok(!names().includes(nameOf(kept)))
  })

  it('never holds more than the limit and one picture, whoever sends at the same time', async () => {
    const [limit, longest] = [4 * MIB, 6 * MIB]
    const store = openPictures(at(), limit)
    const roomNow = () => names().reduce((all, name) => all + fs.statSync(at(name)).size, 0)
    for (let i = 0; i < 4; i++) await take(store, pngOf(MIB).fill(i, 100, 120))
    assert.equal(roomNow(), limit)
    const drafts = await Promise.all(Array.from({ length: 10 }, () => store.create()))
    let most = 0
    for (let written = 0; written < longest; written += MIB)
      for (const draft of drafts) {
        await draft.write(pngOf(MIB)).catch((error) => assert.equal(error.code, 'no_space'))
        most = Math.max(most, roomNow())
      }
    const ends = await Promise.allSettled(drafts.map((draft) => draft.finish('image/png')))
    most = Math.max(most, roomNow())
    assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.ok(most > limit && most <= limit + longest, `${most}`)
  })

  it('is none for a picture that fails: no other one goes for it', async () => {
    const store = openPictures(at(), LIMIT)
    for (let i = 0; i < 4; i++) await take(store, numbered(i))
    const before = names()
    const draft = await begin(store, numbered(9, 4))
    assert.equal(names().length, 5)
    await draft.discard()
    assert.deepEqual(names(), before)
  })
})

describe('the same picture', () => {
  it('is stored once, by its content, and becomes the last one', async () => {
    const store = openPictures(at())
    const [first, other] = [await take(store, numbered(1)), await take(store, numbered(2))]
    const again = await take(store, numbered(1))
    assert.deepEqual([first.isRepeated, other.isRepeated, again.isRepeated], [false, false, true])
    assert.deepEqual(again.removed, [])
    assert.equal(store.last?.path, again.path)
    assert.deepEqual(names(), [nameOf(other), nameOf(again)])
    assert.deepEqual(new Uint8Array(fs.readFileSync(again.path)), numbered(1))
  })

  it("is known after a restart, and takes no other's room", async () => {
    for (let i = 0; i < 4; i++) await take(openPictures(at(), LIMIT), numbered(i))
    const again = await take(openPictures(at(), LIMIT), numbered(0))
    assert.deepEqual([again.isRepeated, again.removed], [true, []])
    assert.equal(names().length, 4)
    assert.equal(names().at(-1), nameOf(again))
  })

  it('is known when it comes several times at once', async () => {
    const store = openPictures(at())
    const drafts = await Promise.all([1, 1, 2, 1].map((n) => begin(store, numbered(n))))
    await Promise.all(drafts.map((draft) => draft.finish('image/png')))
    assert.deepEqual(
      drafts.map((draft) => draft.keep().isRepeated),
      [false, true, false, true],
    )
    assert.equal(names().length, 2)
  })

  it('is another one under another type, or once the owner has changed the file', async () => {
    const store = openPictures(at())
    const { path: file } = await take(store, numbered(1))
    assert.equal((await take(store, numbered(1), 'image/gif')).isRepeated, false)
    fs.rmSync(file)
    assert.equal((await take(openPictures(at()), numbered(1))).isRepeated, false)
  })
})

describe('the last picture', () => {
  it('is the one that came last, even if the clock was ahead before', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2099-01-01T00:00:00Z') })
    await take(openPictures(at()), numbered(1))
    t.mock.timers.setTime(Date.parse('2026-01-01T00:00:00Z'))
    const store = openPictures(at())
    const kept = [await take(store, numbered(2)), await take(store, numbered(3))]
    assert.equal(store.last?.path, kept[1]?.path)
    assert.equal(openPictures(at()).last?.path, kept[1]?.path)
    assert.deepEqual(names().slice(1), kept.map(nameOf))
  })

  it('has a name that is one of ours even at the end of time', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.parse('9999-12-31T23:59:59.999Z') })
    for (const n of [1, 2]) {
      await take(openPictures(at()), numbered(n))
      assert.notEqual(openPictures(at()).last, null)
    }
    assert.equal(names().length, 2)
  })
})

describe('the pictures of a peer that keeps nothing', () => {
  let before: string | undefined
  beforeEach(() => {
    before = process.env['TMPDIR']
    process.env['TMPDIR'] = at()
  })
  afterEach(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  })

  it('are in one private folder, from the first one until it is closed', async () => {
    const store = temporaryPictures()
    store.close()
    assert.deepEqual(names(), [])
    assert.equal(store.last, null)
    for (let i = 0; i < 2; i++) {
      await take(store, numbered(i))
    }
    const [name = '', ...more] = names()
    assert.deepEqual(more, [])
    assert.match(name, new RegExp(`^ecdh-duet-${process.pid}-[\\w.-]+$`))
    assert.equal(modeOf(at(name)), '700')
    assert.equal(fs.readdirSync(at(name)).length, 2)
    store.close()
    assert.deepEqual(names(), [])
    store.close()
  })

  it('are swept where their process is gone, and no other folder is', () => {
    const gone = endedProcess()
    const others = [
      `ecdh-duet-${process.pid}-abc`,
      `x-ecdh-duet-${gone}-abc`,
      `ecdh-duet-${gone}-abc.old`,
      `ecdh-duet-${gone}-`,
      `ecdh-duet--abc`,
      `ecdh-duet-${gone}x-abc`,
    ].sort()
    const live = `ecdh-duet-${gone}-${newStamp()}`
    const dead = [
      `ecdh-duet-${gone}-${newStamp().replace(/^\d+/, `${gone}`)}`,
      `ecdh-duet-${gone}-${newStamp().replace(/-(\d+)\.(\d+-[0-9a-f]{8}\.)?/, '-$1.1-00000000.')}`,
    ]
    // a process of another container has a number that says nothing here
    const elsewhere = `ecdh-duet-${gone}-${newStamp().replace(/^\d+(.*)\..*$/, `${gone}$1.elsewhere`)}`
    others.push(live, elsewhere)
    others.sort()
    for (const name of [...others, `ecdh-duet-${gone}-abc`, ...dead]) {
      fs.mkdirSync(at(name))
      write(`${name}/picture.png`)
    }
    write(`ecdh-duet-${gone}-file`)
    fs.symlinkSync(others[0] ?? '', at(`ecdh-duet-${gone}-link`))
    temporaryPictures()
    const files = ['file', 'link'].map((name) => `ecdh-duet-${gone}-${name}`)
    assert.deepEqual(names(), [...others, ...files].sort())
    for (const name of others) assert.deepEqual(fs.readdirSync(at(name)), ['picture.png'])
  })

  it('are not swept where they are of somebody else', (t) => {
    const gone = endedProcess()
    fs.mkdirSync(at(`ecdh-duet-${gone}-abc`))
    const system = process as Required<Pick<NodeJS.Process, 'getuid'>>
    const { getuid } = system
    const another = t.mock.method(system, 'getuid', () => getuid() + 1)
    temporaryPictures()
    another.mock.restore()
    assert.deepEqual(names(), [`ecdh-duet-${gone}-abc`])
    // on Windows nobody can tell
    const setGetuid = (value: unknown) =>
      Object.defineProperty(process, 'getuid', { value, configurable: true })
    t.after(() => setGetuid(getuid))
    setGetuid(undefined)
    temporaryPictures()
    assert.deepEqual(names(), [`ecdh-duet-${gone}-abc`])
  })

  it('may be swept by two at once', (t) => {
    const gone = endedProcess()
    const name = `ecdh-duet-${gone}-abc`
    const { readdirSync, lstatSync } = fs
    const listed = t.mock.method(fs, 'readdirSync', () => [name])
    temporaryPictures()
    listed.mock.restore()
    fs.mkdirSync(at(name))
    t.mock.method(fs, 'lstatSync', (dir: string) => {
      const stat = lstatSync(dir)
      fs.rmdirSync(dir)
      return stat
    })
    temporaryPictures()
    assert.deepEqual(readdirSync(at()), [])
  })
})

describe('a file to send', () => {
  for (const type of ['image/png', 'image/jpeg', 'image/webp', 'image/gif'] as const)
    it(`of type ${type} is known by its first bytes, and read to its end`, async (t) => {
      const count = counting(t)
      const bytes = pictureOf(type, 600_000)
      write('a picture', bytes)
      const { content, ...rest } = await pictureFile(at('a picture'))
      assert.deepEqual(rest, { type, bytes: 600_000, name: 'a picture' })
      assert.deepEqual(count, { opened: 1, closed: 1 })
      const pieces: Uint8Array[] = []
      for await (const piece of content) pieces.push(Uint8Array.from(piece))
      const lengths = pieces.map(({ length }) => length)
      assert.deepEqual(lengths, [MIB / 4, MIB / 4, 600_000 - MIB / 2])
      assert.equal(Buffer.compare(concatBytes(...pieces), bytes), 0)
      assert.deepEqual(count, { opened: 2, closed: 2 })
    })

  it('is closed by whoever wants no more of it', async (t) => {
    write('a', pngOf(600_000))
    const count = counting(t)
    const { content } = await pictureFile(at('a'))
    for await (const piece of content) if (piece.length > 0) break
    assert.deepEqual(count, { opened: 2, closed: 2 })
  })

  it('is refused for what it is, and closed', async (t) => {
    const count = counting(t)
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
