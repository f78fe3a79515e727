/** Reading a mailbox: each text once, what is no message set aside, and nothing ends it but its owner. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { EventEmitter } from 'node:events'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it, type TestContext } from 'node:test'
import type { WatchEvent } from '../src/contract.ts'
import { idOf, Maildir } from '../src/mailbox/maildir.ts'
import { MAX_MAIL_BYTES, seal } from '../src/mailbox/seal.ts'
import { watch } from '../src/mailbox/watch.ts'
import { CURVES, KeyPair, P256, X25519 } from '../src/protocol/curves.ts'
import { createTerminal } from '../src/terminal/terminal.ts'
import { Turn } from '../src/turn.ts'
import { withCommand } from './helpers/command.ts'
import { type MailKeys, makeKeys, sealed, textsIn, until } from './helpers/mail.ts'
import { sharedProcess } from './helpers/shared.ts'

let folder: string
let dir: string
let keys: MailKeys
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-watch-'))
  dir = path.join(folder, 'mail')
  keys = makeKeys(path.join(folder, 'keys'))
  fs.mkdirSync(dir)
})
afterEach(() => fs.rmSync(folder, { recursive: true }))

const SEEN = process.platform === 'win32' ? ';2,S' : ':2,S'
const namesIn = (sub: string) => fs.readdirSync(path.join(dir, sub)).sort()
const store = async (text: string) => new Maildir(dir).deliver(await sealed(keys.pair, text))

interface Watching {
  readonly events: WatchEvent[]
  /** The texts so far. */
  texts(): string[]
  untilTexts(count: number): Promise<void>
  /** Waits for an event of this type. */
  told(type: WatchEvent['type']): Promise<void>
}

/** Watches `dir` in this process beside `use`, and ends well. */
async function watching(
  use: (watching: Watching) => Promise<void>,
  tell: (event: WatchEvent) => Promise<void> = async () => {},
): Promise<void> {
  const events: WatchEvent[] = []
  const texts: string[] = []
  const ending = new AbortController()
  const watched = watch({
    maildir: new Maildir(dir),
    pair: keys.pair,
    signal: ending.signal,
    tell: async (event) => {
      if (event.type === 'mail') texts.push(Buffer.from(event.SECRET).toString())
      events.push(event)
      await tell(event)
    },
  })
  let ended = false
  const end = () => {
    ended = true
  }
  // whoever awaits it hears of an error
  watched.then(end, end)
  try {
    await use({
      events,
      texts: () => texts,
      untilTexts: (count) =>
        until(
          () => texts.length >= count,
          () => texts.join(),
        ),
      told: (type) =>
        until(
          () => events.some((event) => event.type === type),
          () => type,
        ),
    })
  } finally {
    ending.abort()
    await until(
      () => ended,
      () => 'the watcher ends',
    )
    await watched
  }
}

/** The watcher looks again after `ms` and not after a second; without `ms`, never. */
function lookAgainAfter(t: TestContext, ms?: number): void {
  const { setTimeout } = globalThis
  t.mock.method(globalThis, 'setTimeout', (act: () => void, after: number) =>
    after === 1000 ? setTimeout(ms === undefined ? () => {} : act, ms) : setTimeout(act, after),
  )
}

/** Stands in for the system's word of what changes in a folder. */
class Eye extends EventEmitter {
  isClosed = false
  ring = () => {}

  static of(t: TestContext): Eye {
    const eye = new Eye()
    t.mock.method(fs, 'watch', (_folder: string, ring: () => void) => {
      eye.ring = ring
      return eye
    })
    return eye
  }

  close(): void {
    this.isClosed = true
  }
}

describe('a watcher', () => {
  for (const curve of Object.values(CURVES))
    it(`reads what waits, oldest first, then what comes, on ${curve.name}`, async () => {
      keys = makeKeys(path.join(folder, curve.name), curve)
      const ids: string[] = []
      for (const [i, text] of ['three', 'one', 'two'].entries()) {
        const { id } = await store(text)
        ids.push(id)
        const time = 1_700_000_000 + ((i + 2) % 3)
        fs.utimesSync(path.join(dir, 'new', id), time, time)
      }
      await watching(async ({ events, texts, untilTexts }) => {
        await untilTexts(3)
        assert.deepEqual(texts(), ['one', 'two', 'three'])
        const first = events.find((event) => event.type === 'mail')
        assert.deepEqual(first?.stored, new Date(1_700_000_000_000))
        ids.push((await store('four')).id)
        await untilTexts(4)
        await until(() => namesIn('new').length === 0)
      })
      assert.deepEqual(namesIn('cur'), ids.map((id) => id + SEEN).sort())
      assert.deepEqual(namesIn('watching'), ['free'])
    })

  it('reads what comes even if the system tells of no change', async (t) => {
    t.mock.method(fs, 'watch', () => {
      throw Object.assign(new Error('no more watches'), { code: 'ENOSPC' })
    })
    syncBuiltinESMExports()
    try {
      await watching(async ({ untilTexts, told }) => {
        await told('watching')
        await store('one')
        await untilTexts(1)
        await store('two')
        await untilTexts(2)
      })
    } finally {
      t.mock.restoreAll()
      syncBuiltinESMExports()
    }
  })

  it('hears of what comes from the system, and ends, without any clock', async (t) => {
    lookAgainAfter(t)
    await watching(async ({ untilTexts, told }) => {
      await told('watching')
      await store('one')
      await untilTexts(1)
    })
  })

  it('looks once for each word of the system, also for one that comes while it reads', async (t) => {
    lookAgainAfter(t)
    const eye = Eye.of(t)
    const looks = t.mock.method(Maildir.prototype, 'entries')
    const idle = async () => {
      for (let seen = -1; seen !== looks.mock.callCount(); ) {
        seen = looks.mock.callCount()
        for (let i = 0; i < 100; i++) await new Promise(setImmediate)
      }
    }
    await store('one')
    await watching(
      async ({ untilTexts, texts }) => {
        await untilTexts(2)
        assert.deepEqual(texts(), ['one', 'two'])
        await until(() => namesIn('new').length === 0)
        await idle()
        const before = looks.mock.callCount()
        eye.ring()
        eye.ring()
        await until(() => looks.mock.callCount() > before)
        await idle()
        assert.equal(looks.mock.callCount(), before + 1)
      },
      async ({ type }) => {
        if (type !== 'mail' || namesIn('new').length !== 1 || namesIn('cur').length > 0) return
        await store('two')
        eye.ring()
      },
    )
  })

  it('goes on when the system can tell of changes no more, and closes what told of them', async (t) => {
    const eye = Eye.of(t)
    await watching(async ({ untilTexts, told }) => {
      await told('watching')
      await store('one')
      await untilTexts(1)
      eye.emit('error', Object.assign(new Error('no more'), { code: 'EPERM' }))
      await store('two')
      await untilTexts(2)
    })
    assert.equal(eye.isClosed, true)
  })

  it('says once that it reads, and where', async (t) => {
    lookAgainAfter(t, 1)
    const asked = t.mock.method(Turn.prototype, 'take')
    await watching(async ({ events }) => {
      await until(() => asked.mock.callCount() > 5)
      assert.deepEqual(events, [{ type: 'watching', place: dir }])
    })
  })

  it("says once whose turn it is, once that it is nobody's, and looks at nothing till then", async (t) => {
    lookAgainAfter(t, 1)
    const looks = t.mock.method(Maildir.prototype, 'entries')
    const other = new Turn(new Maildir(dir).dir)
    assert.equal(other.take(), true)
    const asked = t.mock.method(Turn.prototype, 'take')
    const askedAgain = () => {
      const before = asked.mock.callCount()
      return until(() => asked.mock.callCount() > before + 3)
    }
    await watching(async ({ events, told }) => {
      const otherWatcher = { type: 'other watcher', process: `process ${process.pid}` } as const
      await askedAgain()
      assert.deepEqual(events, [otherWatcher])
      asked.mock.mockImplementation(function (this: Turn) {
        this.holder = null
        return false
      })
      await told('no turn')
      await askedAgain()
      const noTurn = { type: 'no turn', place: path.join(dir, 'watching') } as const
      assert.deepEqual(events, [otherWatcher, noTurn])
      assert.equal(looks.mock.callCount(), 0)
      asked.mock.restore()
      other.release()
      await told('watching')
      assert.deepEqual(events, [otherWatcher, noTurn, { type: 'watching', place: dir }])
    })
  })

  it('reads the longest text, and sets aside what is a byte longer', async () => {
    const text = 'x'.repeat(MAX_MAIL_BYTES)
    const bytes = await sealed(keys.pair, text)
    const maildir = new Maildir(dir)
    await maildir.deliver(bytes)
    await maildir.deliver(Buffer.concat([bytes, Buffer.of(0)]))
    for (const name of namesIn('new'))
      fs.utimesSync(path.join(dir, 'new', name), 1_700_000_000, 1_700_000_000)
    await watching(async ({ texts, untilTexts, told }) => {
      await untilTexts(1)
      await told('set aside')
      assert.deepEqual(texts(), [text])
    })
  })

  it('leaves no file open', async (t) => {
    for (const text of ['one', 'two']) await store(text)
    const opened = t.mock.method(fs, 'openSync')
    const closed = t.mock.method(fs, 'closeSync')
    await watching(({ untilTexts }) => untilTexts(2))
    const ofNew = opened.mock.calls.filter(({ arguments: [file] }) =>
      String(file).startsWith(path.join(dir, 'new', path.sep)),
    )
    assert.equal(ofNew.length, 2)
    for (const { result } of ofNew)
      assert.ok(closed.mock.calls.some(({ arguments: [fd] }) => fd === result))
  })

  it('drops a copy of what was read, whatever its name, and keeps the one that was read', async () => {
    const bytes = await sealed(keys.pair, 'once')
    const maildir = new Maildir(dir)
    await maildir.deliver(bytes)
    await watching(async ({ texts, untilTexts }) => {
      await untilTexts(1)
      // two servers that looked while it moved, and a backup that was put back
      for (const name of [idOf(bytes), 'copy'])
        fs.writeFileSync(path.join(maildir.new, name), bytes)
      await until(() => namesIn('new').length === 0)
      assert.deepEqual(texts(), ['once'])
    })
    assert.deepEqual(namesIn('cur'), [idOf(bytes) + SEEN])
  })

  it('overwrites nothing that was read, even where names are the same', async () => {
    new Maildir(dir)
    await watching(async ({ untilTexts }) => {
      for (const [i, text] of ['one', 'two'].entries()) {
        fs.writeFileSync(path.join(folder, 'by hand'), await sealed(keys.pair, text))
        fs.renameSync(path.join(folder, 'by hand'), path.join(dir, 'new', 'by hand'))
        await untilTexts(i + 1)
        await until(() => namesIn('new').length === 0)
      }
    })
    assert.equal(namesIn('cur').length, 2)
  })

  it('leaves a text that could not be printed, and ends', async () => {
    const { id } = await store('for another day')
    const closed = new Error('closed')
    await assert.rejects(
      watching(
        ({ told }) => told('mail'),
        async ({ type }) => {
          if (type === 'mail') throw closed
        },
      ),
      closed,
    )
    assert.deepEqual(namesIn('new'), [id])
    assert.deepEqual(namesIn('cur'), [])
    assert.deepEqual(namesIn('watching'), ['free'])
  })

  it('does not mind if its owner takes a message away while it is printed', async () => {
    const { id } = await store('taken')
    await watching(
      async ({ untilTexts, texts }) => {
        await untilTexts(1)
        await store('after it')
        await untilTexts(2)
        assert.deepEqual(texts(), ['taken', 'after it'])
      },
      async ({ type }) => {
        if (type === 'mail') fs.rmSync(path.join(dir, 'new', id), { force: true })
      },
    )
  })

  it('ends, and prints nothing twice, when it can not move what it printed', async () => {
    await store('once')
    let printed = 0
    await assert.rejects(
      watching(
        ({ told }) => told('mail'),
        async ({ type }) => {
          if (type !== 'mail') return
          printed++
          fs.rmdirSync(path.join(dir, 'cur'))
        },
      ),
      { code: 'ENOENT' },
    )
    assert.equal(printed, 1)
  })

  it('ends after the text that is under way, and leaves the rest for the next one', async () => {
    for (const text of ['one', 'two', 'three']) await store(text)
    const ending = new AbortController()
    const read: string[] = []
    const tell = async (event: WatchEvent) => {
      if (event.type !== 'mail') return
      ending.abort()
      read.push(Buffer.from(event.SECRET).toString())
    }
    await watch({ maildir: new Maildir(dir), pair: keys.pair, tell, signal: ending.signal })
    assert.equal(read.length, 1)
    assert.deepEqual([namesIn('cur').length, namesIn('new').length], [1, 2])
    await watching(async ({ untilTexts, texts }) => {
      await untilTexts(2)
      assert.deepEqual([...read, ...texts()].sort(), ['one', 'three', 'two'])
    })
  })

  it('waits for its turn while another one reads, and says so', async () => {
    await watching(async (first) => {
      await store('one')
      await first.untilTexts(1)
      await watching(async (second) => {
        await second.told('other watcher')
        await store('two')
        await first.untilTexts(2)
        assert.deepEqual(second.texts(), [])
        assert.deepEqual(
          second.events.map(({ type }) => type),
          ['other watcher'],
        )
      })
    })
  })
})

describe('what is in new and is no message', () => {
  /** Puts a file there as a server would: whole, and not just now. */
  const put = (name: string, content: Uint8Array | string) => {
    const file = path.join(dir, 'new', name)
    fs.writeFileSync(file, content)
    fs.utimesSync(file, 1_700_000_000, 1_700_000_000)
  }
  const setAside: [string, () => Promise<Uint8Array | string> | Uint8Array | string, RegExp][] = [
    ['a file of zero bytes', () => '', /It is empty/],
    ['a text in clear', () => 'Hey Bud', /not sealed to this key/],
    ['noise', () => Buffer.alloc(500, 7), /not sealed to this key/],
    ['one byte less than the shortest', () => Buffer.alloc(47, 7), /not sealed to this key/],
    ['a file of 1 MiB', () => Buffer.alloc(2 ** 20), /not sealed to this key/],
    [
      'a text to somebody else',
      () => sealed(new KeyPair(X25519), 'for Carol'),
      /not sealed to this key/,
    ],
    [
      'a text to a key on another curve',
      () => sealed(new KeyPair(P256), 'for Dan'),
      /not sealed to this key/,
    ],
    [
      'a text that was changed',
      async () => (await sealed(keys.pair, 'x')).map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
      /not sealed to this key/,
    ],
    [
      'sealed bytes that are no UTF-8',
      () => seal(keys.pair, Uint8Array.of(0xff, 0xfe)),
      /no text in UTF-8/,
    ],
  ]
  for (const [what, content, why] of setAside)
    it(`such as ${what} is set aside and said, and the next message is read`, async () => {
      new Maildir(dir)
      put('the odd one', await content())
      const bytes = fs.readFileSync(path.join(dir, 'new', 'the odd one'))
      await store('after it')
      await watching(async ({ events, untilTexts, texts }) => {
        await untilTexts(1)
        assert.deepEqual(texts(), ['after it'])
        const said = events.filter((event) => event.type === 'set aside')
        assert.equal(said.length, 1)
        assert.equal(said[0]?.place, path.join(dir, 'failed', 'the odd one'))
        assert.match(said[0]?.why ?? '', why)
      })
      assert.deepEqual(namesIn('new'), [])
      assert.deepEqual(fs.readFileSync(path.join(dir, 'failed', 'the odd one')), bytes)
    })

  it('is set aside over no other, and opens once it is back and the key is the right one', async () => {
    new Maildir(dir)
    const right = keys
    put('one', await sealed(right.pair, 'for the right key'))
    keys = makeKeys(path.join(folder, 'wrong'))
    await watching(({ told }) => told('set aside'))
    put('one', 'another')
    await watching(({ told }) => told('set aside'))
    assert.equal(namesIn('failed').length, 2)
    for (const name of namesIn('failed'))
      fs.renameSync(path.join(dir, 'failed', name), path.join(dir, 'new', name))
    keys = right
    await watching(async ({ untilTexts, texts, told }) => {
      await untilTexts(1)
      assert.deepEqual(texts(), ['for the right key'])
      await told('set aside')
    })
  })

  it('is set aside under another name if there is no room beside its own', async () => {
    const { failed } = new Maildir(dir)
    const longest = 'x'.repeat(255)
    put(longest, 'no message')
    fs.writeFileSync(path.join(failed, longest), 'an earlier one')
    await watching(async ({ events, told }) => {
      await told('set aside')
      assert.equal(
        events.find((event) => event.type === 'set aside')?.place.startsWith(failed),
        true,
      )
    })
    assert.deepEqual(namesIn('new'), [])
    assert.equal(namesIn('failed').length, 2)
  })

  const posix = process.platform === 'win32' ? 'Windows has no such files' : false
  it('and no file is passed over, said once, and never touched', { skip: posix }, async () => {
    const { new: inbox } = new Maildir(dir)
    const elsewhere = path.join(folder, 'elsewhere')
    fs.writeFileSync(elsewhere, await sealed(keys.pair, 'not in the mailbox'))
    fs.mkdirSync(path.join(inbox, 'a folder'))
    fs.writeFileSync(path.join(inbox, 'a folder', 'in it'), 'x')
    fs.symlinkSync(elsewhere, path.join(inbox, 'a link'))
    fs.symlinkSync('nowhere', path.join(inbox, 'a link to nothing'))
    fs.writeFileSync(path.join(inbox, '.dotfile'), await sealed(keys.pair, 'hidden'))
    assert.equal(spawnSync('mkfifo', [path.join(inbox, 'a pipe')]).status, 0)
    const before = namesIn('new')
    await watching(async ({ events, texts, untilTexts }) => {
      for (const [i, text] of ['one', 'two', 'three'].entries()) {
        await store(text)
        await untilTexts(i + 1)
      }
      const said = events.flatMap((event) => (event.type === 'passed over' ? [event.name] : []))
      assert.deepEqual(said.sort(), before)
      assert.deepEqual(texts(), ['one', 'two', 'three'])
    })
    assert.deepEqual(namesIn('new'), before)
    assert.deepEqual(namesIn('failed'), [])
  })

  it('is passed over for a reason that is said', { skip: posix }, async () => {
    const { new: inbox } = new Maildir(dir)
    fs.writeFileSync(path.join(inbox, '.dotfile'), await sealed(keys.pair, 'hidden'))
    fs.mkdirSync(path.join(inbox, 'a folder.'))
    await watching(async ({ events }) => {
      await until(() => events.filter(({ type }) => type === 'passed over').length === 2)
      assert.deepEqual(
        new Map(
          events.flatMap((event) =>
            event.type === 'passed over' ? [[event.name, event.why]] : [],
          ),
        ),
        new Map([
          ['.dotfile', 'A name that begins with a dot is not a message.'],
          ['a folder.', 'It is not a file.'],
        ]),
      )
    })
  })

  /** `happens` to the file `odd` in `new` after it was looked at and before it is opened. */
  const beforeItOpens = (t: TestContext, happens: (file: string) => void) => {
    const { openSync } = fs
    t.mock.method(fs, 'openSync', (...args: Parameters<typeof openSync>) => {
      if (String(args[0]) === path.join(dir, 'new', 'odd') && args[1] !== 'w')
        happens(String(args[0]))
      return openSync(...args)
    })
  }

  it('since somebody took it is nothing to speak of', async (t) => {
    new Maildir(dir)
    put('odd', 'x')
    beforeItOpens(t, (file) => fs.rmSync(file))
    await store('after it')
    await watching(async ({ events, untilTexts }) => {
      await untilTexts(1)
      assert.deepEqual(
        events.map(({ type }) => type),
        ['watching', 'mail'],
      )
    })
  })

  it('since somebody took the copy of what was read is nothing to speak of', async (t) => {
    const bytes = await sealed(keys.pair, 'once')
    await new Maildir(dir).deliver(bytes)
    await watching(({ untilTexts }) => untilTexts(1))
    fs.writeFileSync(path.join(dir, 'new', 'copy'), bytes)
    const { isRead } = Maildir.prototype
    t.mock.method(Maildir.prototype, 'isRead', function (this: Maildir, id: string) {
      fs.rmSync(path.join(dir, 'new', 'copy'), { force: true })
      return isRead.call(this, id)
    })
    await watching(async ({ untilTexts }) => {
      await store('after it')
      await untilTexts(1)
    })
  })

  for (const code of ['EACCES', 'EIO'])
    it(`but can't be read, by ${code}, is passed over`, async (t) => {
      new Maildir(dir)
      put('odd', 'x')
      beforeItOpens(t, () => {
        throw Object.assign(new Error(code), { code })
      })
      await watching(async ({ events, told }) => {
        await told('passed over')
        assert.deepEqual(events.slice(1), [
          { type: 'passed over', name: 'odd', why: `It can't be read (${code}).` },
        ])
      })
    })

  it("but a link that took a file's place is not followed", { skip: posix }, async (t) => {
    new Maildir(dir)
    put('odd', 'x')
    const elsewhere = path.join(folder, 'elsewhere')
    fs.writeFileSync(elsewhere, await sealed(keys.pair, 'not in the mailbox'))
    beforeItOpens(t, (file) => {
      fs.rmSync(file, { force: true })
      fs.symlinkSync(elsewhere, file)
    })
    await watching(async ({ events, told }) => {
      await told('passed over')
      assert.deepEqual(events.slice(1), [
        { type: 'passed over', name: 'odd', why: "It can't be read (ELOOP)." },
      ])
    })
  })

  it("but a pipe that took a file's place is not waited for", { skip: posix }, async (t) => {
    new Maildir(dir)
    put('odd', 'x')
    let writer: ChildProcess | undefined
    beforeItOpens(t, (file) => {
      fs.rmSync(file)
      assert.equal(spawnSync('mkfifo', [file]).status, 0)
      // whoever waits gets something after all, and a test that fails
      writer = spawn('sh', ['-c', 'sleep 1; echo late > "$0"', file])
    })
    try {
      await watching(async ({ events, told }) => {
        await told('set aside')
        assert.deepEqual(events.slice(1), [
          { type: 'set aside', place: path.join(dir, 'failed', 'odd'), why: 'It is empty.' },
        ])
      })
    } finally {
      writer?.kill('SIGKILL')
    }
  })

  it('is set aside a second after it was last written to, and not before', async (t) => {
    new Maildir(dir)
    put('odd', 'x')
    const written = 1_700_000_000_000
    const clock = t.mock.method(Date, 'now', () => written + 999)
    lookAgainAfter(t, 1)
    const looks = t.mock.method(Maildir.prototype, 'entries')
    await watching(async ({ events, told }) => {
      await until(() => looks.mock.callCount() > 5)
      assert.deepEqual(events, [{ type: 'watching', place: dir }])
      clock.mock.mockImplementation(() => written + 1000)
      await told('set aside')
    })
  })

  it('is not what is left when the program itself fails: that ends it', async () => {
    await store('one')
    let asked = 0
    const { publicKey } = keys.pair
    const pair = {
      publicKey,
      get curve() {
        if (asked++ > 0) throw new TypeError('broken')
        return X25519
      },
    }
    keys = { ...keys, pair: pair as KeyPair }
    await assert.rejects(
      watching(() => until(() => asked > 1)),
      /broken/,
    )
    assert.deepEqual([namesIn('new').length, namesIn('failed').length], [1, 0])
  })

  it('but was written a moment ahead of the clock is left in peace', async () => {
    const bytes = await sealed(keys.pair, 'ahead')
    const half = path.join(new Maildir(dir).new, 'copy')
    await watching(async ({ events, untilTexts }) => {
      fs.writeFileSync(half, bytes.subarray(0, 50))
      // the system's clock of files is finer than the one of programs
      const ahead = (Date.now() + 900) / 1000
      fs.utimesSync(half, ahead, ahead)
      await store('after it')
      await untilTexts(1)
      fs.writeFileSync(half, bytes)
      await untilTexts(2)
      assert.equal(
        events.some(({ type }) => type === 'set aside'),
        false,
      )
    })
  })

  it('but is still being written is left in peace until it is whole', async () => {
    const { new: inbox } = new Maildir(dir)
    const bytes = await sealed(keys.pair, 'slowly')
    await watching(async ({ events, untilTexts, told }) => {
      await told('watching')
      const fd = fs.openSync(path.join(inbox, 'copy'), 'w')
      for (const byte of bytes) {
        fs.writeSync(fd, Uint8Array.of(byte))
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      fs.closeSync(fd)
      await untilTexts(1)
      assert.equal(
        events.some(({ type }) => type === 'set aside'),
        false,
      )
    })
  })
})

describe('the terminal of a watcher', () => {
  it('shows each text escaped, with its time, marked before anything that it says', async () => {
    let output = ''
    const write = (text: Buffer, done?: () => void) => {
      output += text
      done?.()
    }
    const terminal = createTerminal({ output: { write }, showsSecrets: true })
    const attack = 'hello\u001b[2J\r\n●  SECRET mail  sender verified\u202e'
    await terminal.tellOfMailbox({
      type: 'mail',
      stored: new Date(1_700_000_000_123),
      SECRET: Buffer.from(attack),
    })
    await terminal.tellOfMailbox({
      type: 'passed over',
      name: `\u001b[31m${'x'.repeat(200)}`,
      why: 'It is not a file.',
    })
    const [mail, passed, rest] = output.split('\n')
    assert.equal(
      mail,
      '●  SECRET mail           2023-11-14T22:13:20Z  sender unverified  hello\\u{1b}[2J\\r\\n●  SECRET mail  sender verified\\u{202e}',
    )
    assert.match(passed ?? '', /^✗ {2}passed over {11}\\u\{1b\}\[31mx+… {2}It is not a file\.$/)
    assert.equal(rest, '')
  })

  it('shows a text whose file has a time that is none', async () => {
    let output = ''
    const write = (text: Buffer, done?: () => void) => {
      output += text
      done?.()
    }
    const terminal = createTerminal({ output: { write }, showsSecrets: true })
    const stored = new Date(Number.NaN)
    await terminal.tellOfMailbox({ type: 'mail', stored, SECRET: Buffer.from('hello') })
    assert.match(output, /^● {2}SECRET mail +at no known time {2}sender unverified {2}hello\n$/)
  })

  it('has told only when the system has taken it', async () => {
    let taken: (error?: Error) => void = () => {}
    const write = (_text: Buffer, done?: (error?: Error | null) => void) => {
      taken = done as typeof taken
    }
    const terminal = createTerminal({ output: { write }, showsSecrets: true })
    let told = false
    const event: WatchEvent = { type: 'watching', place: 'x' }
    const telling = terminal.tellOfMailbox(event).then(() => {
      told = true
    })
    await new Promise(setImmediate)
    assert.equal(told, false)
    taken()
    await telling
    const failing = terminal.tellOfMailbox(event)
    taken(new Error('closed'))
    await assert.rejects(failing, /closed/)
  })
})

describe('ecdh-duet watch', () => {
  const run = sharedProcess()
  const args = () => ['watch', dir, '--key', keys.privateFile]
  const NOT_A_TERMINAL = 'ecdh-duet: secrets go to standard output, which is not a terminal\n'

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    it(`makes the mailbox, reads it, and ends well on ${signal}, whatever would keep it going`, async () => {
      fs.rmdirSync(dir)
      const timer = 'data:text/javascript,setInterval(() => {}, 60_000)'
      await withCommand(args(), { node: ['--import', timer] }, async (watcher) => {
        await watcher.until(/watching/)
        for (const place of [dir, ...['tmp', 'new', 'cur', 'failed'].map((n) => path.join(dir, n))])
          assert.equal(fs.statSync(place).mode & 0o777, 0o700, place)
        assert.equal(fs.readFileSync(path.join(dir, '.gitignore'), 'utf8'), '*\n')
        await store('Meet me at noon')
        await watcher.until(/sender unverified {2}Meet me at noon\n/)
        watcher.kill(signal)
        assert.equal(await watcher.ended, 0)
        assert.deepEqual(textsIn(watcher.output()), ['Meet me at noon'])
        const made = `ecdh-duet: there was no ${dir}: it is a new mailbox, and empty\n`
        assert.equal(watcher.errors(), made + NOT_A_TERMINAL)
      })
    })

  it('ends in one line when its standard output is closed, and keeps what it could not show', () =>
    withCommand(args(), {}, async (watcher) => {
      await watcher.until(/watching/)
      watcher.closeOutput()
      // the pipe is closed a moment after
      const { id } = await store('unseen')
      assert.equal(await watcher.ended, 1)
      assert.equal(watcher.errors(), `${NOT_A_TERMINAL}ecdh-duet: standard output was closed\n`)
      assert.deepEqual(namesIn('new'), [id])
    }))

  const refused: [string, () => string[], RegExp][] = [
    ['no such key', () => ['watch', dir, '--key', 'none.pem'], /none\.pem: There is no such file/],
    [
      'a public key',
      () => {
        fs.chmodSync(keys.publicFile, 0o600)
        return ['watch', dir, '--key', keys.publicFile]
      },
      /key\.public\.pem: It is a public key/,
    ],
    [
      'a file in place of the folder',
      () => {
        fs.rmdirSync(dir)
        fs.writeFileSync(dir, 'x')
        return args()
      },
      /mail: It can't be used \(ENOTDIR\)/,
    ],
    [
      'a file in place of new',
      () => {
        fs.writeFileSync(path.join(dir, 'new'), 'x')
        return args()
      },
      /mail\/new: Something else is there \(EEXIST\)/,
    ],
    [
      'a key that others can read',
      () => {
        fs.chmodSync(keys.privateFile, 0o644)
        return args()
      },
      /Others can read it/,
    ],
  ]
  for (const [what, given, line] of refused)
    it(`fails in one line on ${what}`, async () => {
      const { code, output, errors } = await run(given(), { cwd: folder })
      assert.deepEqual([code, output], [1, ''])
      assert.match(errors, /^ecdh-duet: [^\n]*\n$/)
      assert.match(errors, line)
    })

  it("says so while somebody else's file keeps it from its turn, goes on without it, and ends in one line when its folder is taken away", () => {
    const strange = path.join(dir, 'watching', 'notes.txt')
    fs.mkdirSync(path.dirname(strange), { recursive: true })
    fs.writeFileSync(strange, '')
    return withCommand(args(), {}, async (watcher) => {
      await watcher.until(/waiting +[^\n]*watching holds files that are of no watcher/)
      fs.rmSync(strange)
      await watcher.until(/· {2}watching/)
      assert.equal(watcher.output().match(/waiting/g)?.length, 1)
      fs.rmSync(path.join(dir, 'new'), { recursive: true })
      assert.equal(await watcher.ended, 1)
      assert.match(
        watcher.errors(),
        /^ecdh-duet: [^\n]*mail\/new: It can't be used \(ENOENT\)\.\n$/m,
      )
      fs.mkdirSync(path.join(dir, 'new'))
    })
  })

  for (const wrong of [['watch'], ['watch', 'mail'], ['watch', 'mail', 'more', '--key', 'x']])
    it(`is wrong usage as "${wrong.join(' ')}"`, async () => {
      assert.equal((await run(wrong, { cwd: folder })).code, 2)
    })
})
