/** Received pictures on the disk, without a peer: what is swept, what is kept, and which go when there is no room. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, it, type TestContext } from 'node:test'
import { newStamp } from '../../src/disk/stamp.ts'
import type { PictureStore } from '../../src/peer/contract.ts'
import type { PictureType } from '../../src/protocol/stream.ts'
import { openPictures, temporaryPictures } from '../../src/state/pictureStore.ts'
import {
  endedProcess,
  folderForEach,
  handlesOpened,
  modeOf,
  systemError,
} from '../helpers/files.ts'
import { pictureOf, pngOf } from '../helpers/pictures.ts'

const at = folderForEach()
const MIB = 1024 * 1024
const BLOCK = 4096
const LIMIT = 4 * BLOCK
const ID = '0123456789abcdef'
const TIME = '02-03T04-05-06-789Z'
const FULL = { code: 'no_space', message: 'The picture does not fit on the disk.' }

const names = () => fs.readdirSync(at()).sort()
const nameOf = ({ path: file }: { path: string }) => path.basename(file)
const write = (name: string, bytes: Uint8Array = pngOf(20)) => fs.writeFileSync(at(name), bytes)
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))
/** A PNG that no other number gives, of so many blocks of the disk. */
const numbered = (n: number, blocks = 1) => pngOf(blocks * BLOCK).fill(n, 100, 120)

/** Begins to receive a picture, with `bytes` in pieces of `size`. */
async function begin(store: PictureStore, bytes: Uint8Array, size = bytes.length) {
  const draft = await store.create()
  for (let i = 0; i < bytes.length; i += size) await draft.write(bytes.subarray(i, i + size))
  return draft
}

/** Receives all of it, and keeps it. */
async function take(
  store: PictureStore,
  bytes: Uint8Array,
  type: PictureType = 'image/png',
  size?: number,
) {
  const draft = await begin(store, bytes, size)
  await draft.finish(type)
  return draft.keep()
}

type Write = (this: fs.promises.FileHandle, ...args: unknown[]) => Promise<unknown>
/** Replaces how open files are written. Returns the mock. */
async function writing(t: TestContext, write: (real: Write) => Write) {
  const handle = await fs.promises.open(at())
  await handle.close()
  const handles: { write: Write } = Object.getPrototypeOf(handle)
  return t.mock.method(handles, 'write', write(handles.write))
}

describe('the folder of pictures', () => {
  it('loses what was left half written, and nothing that only looks like it', () => {
    const others = ['', '.tmp.png', '0.tmp', 'xtmp'].map((end) => `incoming-${ID}${end}`)
    others.push(`x-incoming-${ID}.tmp`, `incoming-${ID.toUpperCase()}.tmp`, 'incoming-.tmp')
    for (const name of [...others, `incoming-${ID}.tmp`]) write(name)
    assert.equal(openPictures(at()).last, null)
    assert.deepEqual(names(), others.sort())
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
      const last = `2026-${TIME}-${ID}.${extension}`
      const times = ['02-03TZ', '02-03T04:05:06.789Z', '02-3T04-05-06-789Z', '2-03T04-05-06-789Z']
        .concat('xx-03T04-05-06-789Z', '02-xxT04-05-06-789Z')
        .map((wrong) => `3026-${wrong}-${ID}.png`)
      const ends = [`${ID}.${extension}.part`, `${ID}.svg`, `${ID}0.png`, '.png', `${ID}xpng`]
        .map((wrong) => `3026-${TIME}-${wrong}`)
        .concat(`x3026-${TIME}-${ID}.png`, `x026-${TIME}-${ID}.png`)
      for (const name of [`2025-${TIME}-${ID}.png`, last, ...times, ...ends]) write(name)
      write(`2026-01-03T04-05-06-789Z-${ID}.gif`)
      write(last, pictureOf(type, 321))
      const received = new Date(1_700_000_000_000)
      fs.utimesSync(at(last), received, received)
      assert.deepEqual(openPictures(at()).last, { path: at(last), type, bytes: 321, received })
    })

  it('is made with its parents when the first picture comes, for its owner alone', async () => {
    const dir = at('a', 'b')
    const store = openPictures(dir)
    assert.deepEqual(names(), [])
    const draft = await store.create()
    const [name = ''] = fs.readdirSync(dir)
    assert.match(name, /^incoming-[0-9a-f]{16}\.tmp$/)
    assert.deepEqual([modeOf(dir), modeOf(path.join(dir, name))], ['700', '600'])
    await draft.discard()
    assert.deepEqual(fs.readdirSync(dir), [])
  })

  it('that can not be made, or written, is said to be so', async (t) => {
    write('file')
    const refuses = (store: PictureStore, code: string) =>
      assert.rejects(store.create(), {
        code: 'no_space',
        message: `The folder for pictures can't be written (${code}).`,
      })
    await refuses(openPictures(at('file', 'a')), 'ENOTDIR')
    t.mock.method(fs.promises, 'open', () => Promise.reject(systemError('EROFS')))
    const store = openPictures(at())
    await refuses(store, 'EROFS')
    t.mock.method(fs, 'rmSync', () => assert.fail('nothing was begun'))
    store.close()
    t.mock.restoreAll()
  })
})

describe('a picture that is being received', () => {
  it('is kept under the time and a number of its own, as it came, and closed', async (t) => {
    const count = handlesOpened(t)
    const from = Date.now()
    const kept = await take(openPictures(at()), pictureOf('image/jpeg', 1000), 'image/jpeg', 100)
    const match = /^(.{10}T..)-(..)-(..)-(...Z)-[0-9a-f]{16}\.jpg$/.exec(nameOf(kept))
    const time = Date.parse(match ? `${match[1]}:${match[2]}:${match[3]}.${match[4]}` : '')
    assert.ok(time >= from && time <= Date.now(), kept.path)
    const { isRepeated, removed, ...last } = kept
    assert.deepEqual([last.type, last.bytes, isRepeated, removed], ['image/jpeg', 1000, false, []])
    assert.deepEqual(names(), [nameOf(kept)])
    assert.deepEqual(openPictures(at()).last, last)
    assert.deepEqual(count, { opened: 1, closed: 1 })
  })

  for (const [size, most, writes] of [
    ...[MIB / 2, MIB - 1, MIB, MIB + 1, 3 * MIB].map((size) => [size, 3 * MIB, 4] as const),
    // a system that takes few bytes at a time
    [700_000, 300_000, 13],
  ])
    it(`is written whole in pieces of ${size} bytes, of which the system takes ${most}`, async (t) => {
      const bytes = pngOf(3 * MIB + 5)
      const write = await writing(
        t,
        (real) =>
          function (piece, offset, length, position) {
            return real.call(this, piece, offset, Math.min(Number(length), most ?? 0), position)
          },
      )
      const { path: file } = await take(openPictures(at()), bytes, 'image/png', size)
      assert.equal(Buffer.compare(fs.readFileSync(file), bytes), 0)
      assert.equal(write.mock.callCount(), writes)
    })

  it('tells whoever waits that the disk is full, and nobody before', async (t) => {
    const full = () => Promise.reject(systemError('ENOSPC'))
    const store = openPictures(at())
    await writing(t, () => full)
    const large = await begin(store, pngOf(MIB))
    // the write that failed has nobody who waits for it yet, and ends no program
    await nextTurn()
    await assert.rejects(large.write(pngOf(MIB)), FULL)
    const small = await begin(store, pngOf(10))
    await assert.rejects(small.finish('image/png'), FULL)
    t.mock.restoreAll()
    // or there is no room for its name
    t.mock.method(fs.promises, 'rename', full)
    const nameless = await store.create()
    await assert.rejects(nameless.finish('image/png'), FULL)
    for (const draft of [large, small, nameless]) await draft.discard()
    assert.deepEqual(names(), [])
  })

  it('is discarded only when what is under way is written', async (t) => {
    let goOn = () => {}
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    await writing(
      t,
      (real) =>
        async function (...args) {
          await held
          return real.apply(this, args)
        },
    )
    const count = handlesOpened(t)
    const draft = await begin(openPictures(at()), pngOf(MIB))
    const gone = draft.discard()
    await nextTurn()
    assert.deepEqual([count.opened, count.closed, names().length], [1, 0, 1])
    goOn()
    await gone
    assert.deepEqual([count.closed, names()], [1, []])
  })

  it('goes with the store that is closed, unless it was kept', async () => {
    const store = openPictures(at())
    const kept = await take(store, numbered(1))
    const [begun, finished] = [await begin(store, numbered(2)), await begin(store, numbered(3))]
    await finished.finish('image/png')
    assert.equal(store.last?.path, kept.path)
    assert.equal(names().length, 3)
    store.close()
    assert.deepEqual(names(), [nameOf(kept)])
    for (const draft of [begun, finished]) await draft.discard()
    assert.deepEqual(names(), [nameOf(kept)])
  })

  it('is no more where the store was closed while its file was made', async (t) => {
    const count = handlesOpened(t)
    const store = openPictures(at())
    const draft = store.create()
    // its name is known once the folder is there
    await Promise.resolve()
    await Promise.resolve()
    store.close()
    await assert.rejects(draft, { code: 'no_space', message: 'This peer has ended.' })
    assert.deepEqual([names(), count], [[], { opened: 1, closed: 1 }])
  })

  it('may be one of which nothing can be drawn, or of another kind inside', async () => {
    const svg = Buffer.from('<svg width="99999" height="1"/>')
    for (const bytes of [new Uint8Array(0), pngOf(20), svg])
      assert.equal((await take(openPictures(at()), bytes)).bytes, bytes.length)
  })
})

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
    assert.deepEqual([names(), large.removed.length], [[nameOf(large)], 3])
    const small = await take(store, numbered(6))
    assert.deepEqual([names(), store.last?.path], [[nameOf(small)], small.path])
  })

  it('counts whole blocks of the disk, and may be none', async () => {
    const store = openPictures(at(), LIMIT)
    for (let i = 0; i < 5; i++) await take(store, pngOf(12 + i))
    assert.equal(names().length, 4)
    await take(openPictures(at(), 0), pngOf(30))
    assert.equal(names().length, 1)
  })

  it('is said, and not enforced, when a peer starts; what was left counts from the next picture on', async () => {
    const old = [2024, 2025, 2026].map((year) => `${year}-${TIME}-${ID}.png`)
    for (const name of old) write(name, pngOf(2 * BLOCK))
    for (const name of ['mine.png', `2024-${TIME}-mine.png`]) write(name, pngOf(9 * BLOCK))
    fs.mkdirSync(at(`2023-${TIME}-${ID}.png`))
    const before = names()
    const store = openPictures(at(), LIMIT)
    assert.deepEqual(store.left, { count: 3, bytes: 6 * BLOCK, limit: LIMIT })
    const draft = await begin(store, pngOf(100))
    await draft.discard()
    assert.deepEqual(names(), before)
    const { removed } = await take(store, pngOf(BLOCK))
    assert.deepEqual(removed.map(nameOf), old.slice(0, 2))
    assert.equal(names().length, before.length - 1)
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
    await take(store, numbered(0, 3))
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
  })

  it('never holds more than the limit and one picture, whoever sends at the same time', async () => {
    const [limit, longest] = [2 * MIB, 3 * MIB]
    const store = openPictures(at(), limit)
    const roomNow = () => names().reduce((all, name) => all + fs.statSync(at(name)).size, 0)
    for (let i = 0; i < 4; i++) await take(store, numbered(i, 128))
    assert.equal(roomNow(), limit)
    const drafts = await Promise.all(Array.from({ length: 10 }, () => store.create()))
    let most = 0
    for (let written = 0; written < longest; written += MIB / 2)
      for (const draft of drafts) {
        await draft.write(pngOf(MIB / 2)).catch((error) => assert.equal(error.code, 'no_space'))
        most = Math.max(most, roomNow())
      }
    const ends = await Promise.allSettled(drafts.map((draft) => draft.finish('image/png')))
    most = Math.max(most, roomNow())
    assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.ok(most > limit && most <= limit + longest, `${most}`)
  })
})

describe('the same picture', () => {
  it('is stored once, by its content, and becomes the last one', async () => {
    const store = openPictures(at())
    const [first, other] = [await take(store, numbered(1)), await take(store, numbered(2))]
    const again = await take(store, numbered(1))
    assert.deepEqual([first.isRepeated, other.isRepeated, again.isRepeated], [false, false, true])
    assert.deepEqual([again.removed, store.last?.path], [[], again.path])
    assert.deepEqual(names(), [nameOf(other), nameOf(again)])
    assert.deepEqual(new Uint8Array(fs.readFileSync(again.path)), numbered(1))
  })

  it("is known after a restart, and takes no other's room", async () => {
    for (let i = 0; i < 4; i++) await take(openPictures(at(), LIMIT), numbered(i))
    const again = await take(openPictures(at(), LIMIT), numbered(0))
    assert.deepEqual([again.isRepeated, again.removed], [true, []])
    assert.deepEqual([names().length, names().at(-1)], [4, nameOf(again)])
  })

  it('is known when it comes several times at once', async () => {
    const store = openPictures(at())
    const drafts = await Promise.all([1, 1, 2, 1].map((n) => begin(store, numbered(n))))
    await Promise.all(drafts.map((draft) => draft.finish('image/png')))
    const repeated = drafts.map((draft) => draft.keep().isRepeated)
    assert.deepEqual(repeated, [false, true, false, true])
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
    for (const each of [store, openPictures(at())]) assert.equal(each.last?.path, kept[1]?.path)
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
  /** A folder as version 1.0 called it, of a process that has ended. */
  const leftBehind = (end = 'abc') => `ecdh-duet-${endedProcess()}-${end}`

  it('are in one private folder, from the first one until it is closed', async () => {
    const store = temporaryPictures()
    store.close()
    assert.deepEqual([names(), store.last], [[], null])
    for (let i = 0; i < 2; i++) await take(store, numbered(i))
    const [name = '', ...more] = names()
    assert.deepEqual(more, [])
    assert.match(name, new RegExp(`^ecdh-duet-${process.pid}-[\\w.-]+$`))
    assert.deepEqual([modeOf(at(name)), fs.readdirSync(at(name)).length], ['700', 2])
    store.close()
    assert.deepEqual(names(), [])
    store.close()
  })

  it('are swept where their process is gone, and no other folder is', () => {
    const gone = `${endedProcess()}`
    const left = [
      leftBehind(),
      leftBehind(newStamp().replace(/^\d+/, gone)),
      leftBehind(newStamp().replace(/-(\d+)\.(\d+-[0-9a-f]{8}\.)?/, '-$1.1-00000000.')),
    ]
    const stays = [
      `ecdh-duet-${process.pid}-abc`,
      `x-${leftBehind()}`,
      leftBehind('abc.old'),
      leftBehind(''),
      'ecdh-duet--abc',
      `ecdh-duet-${gone}x-abc`,
      leftBehind(newStamp()),
      // a process of another container has a number that says nothing here
      leftBehind(newStamp().replace(/^\d+(.*)\..*$/, `${gone}$1.elsewhere`)),
    ]
    for (const name of [...stays, ...left]) {
      fs.mkdirSync(at(name))
      write(`${name}/picture.png`)
    }
    write(leftBehind('file'))
    fs.symlinkSync(stays[0] ?? '', at(leftBehind('link')))
    temporaryPictures()
    assert.deepEqual(names(), [...stays, leftBehind('file'), leftBehind('link')].sort())
    for (const name of stays) assert.deepEqual(fs.readdirSync(at(name)), ['picture.png'])
  })

  it('are not swept where they are of somebody else', (t) => {
    fs.mkdirSync(at(leftBehind()))
    const { getuid } = process
    const setGetuid = (value: unknown) =>
      Object.defineProperty(process, 'getuid', { value, configurable: true })
    t.after(() => setGetuid(getuid))
    // the second of them is Windows, where nobody can tell
    for (const other of [() => (getuid?.() ?? 0) + 1, undefined]) {
      setGetuid(other)
      temporaryPictures()
      assert.deepEqual(names(), [leftBehind()])
    }
  })

  it('may be swept by two at once', (t) => {
    const listed = t.mock.method(fs, 'readdirSync', () => [leftBehind()])
    temporaryPictures()
    listed.mock.restore()
    fs.mkdirSync(at(leftBehind()))
    const { lstatSync } = fs
    t.mock.method(fs, 'lstatSync', (dir: string) => {
      const stat = lstatSync(dir)
      fs.rmdirSync(dir)
      return stat
    })
    temporaryPictures()
    assert.deepEqual(names(), [])
  })
})
