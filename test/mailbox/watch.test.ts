/** Reading a mailbox: each text once, and nothing ends it but its owner. */

import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { Lock } from '../../src/disk/lock.ts'
import { idOf, Maildir } from '../../src/mailbox/maildir.ts'
import { MAX_MAIL_BYTES } from '../../src/mailbox/seal.ts'
import { watchMaildir } from '../../src/mailbox/watchMaildir.ts'
import type { WatchEvent } from '../../src/peer/contract.ts'
import { CURVES } from '../../src/protocol/curves.ts'
import { createTerminal } from '../../src/terminal/terminal.ts'
import { hasty, refusal, withCommand } from '../helpers/command.ts'
import { failingWith, filesOpened, modeOf, systemError } from '../helpers/files.ts'
import { makeKeys, sealed, textsIn } from '../helpers/mail.ts'
import { keptTerminal } from '../helpers/terminal.ts'
import { until } from '../helpers/until.ts'
import { lookAgainAfter, mailboxForEach } from '../helpers/watching.ts'

const box = mailboxForEach()
const { at, namesIn, store, watching } = box

const SEEN = process.platform === 'win32' ? ';2,S' : ':2,S'

/** Stands in for what tells of changes in a folder. */
class FakeWatch extends EventEmitter {
  isClosed = false
  ring = () => {}

  constructor(t: TestContext) {
    super()
    t.mock.method(fs, 'watch', (_folder: string, ring: () => void) => {
      this.ring = ring
      return this
    })
  }

  close(): void {
    this.isClosed = true
  }
}

describe('a watcher', () => {
  for (const curve of Object.values(CURVES))
    it(`reads what waits, oldest first, then what comes, on ${curve.name}`, async () => {
      box.keys = makeKeys(at(curve.name), curve)
      const ids: string[] = []
      for (const [i, text] of ['three', 'one', 'two'].entries()) {
        const { id } = await store(text)
        ids.push(id)
        const time = 1_700_000_000 + ((i + 2) % 3)
        fs.utimesSync(at('mail', 'new', id), time, time)
      }
      await watching(async ({ events, texts, untilTexts }) => {
        await untilTexts(3)
        assert.deepEqual(texts, ['one', 'two', 'three'])
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
    lookAgainAfter(t, 1)
    t.mock.method(fs, 'watch', failingWith('ENOSPC'))
    syncBuiltinESMExports()
    try {
      await watching(async ({ untilTexts, told }) => {
        await told('watching')
        for (const [i, text] of ['one', 'two'].entries()) {
          await store(text)
          await untilTexts(i + 1)
        }
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
    const changes = new FakeWatch(t)
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
        assert.deepEqual(texts, ['one', 'two'])
        await until(() => namesIn('new').length === 0)
        await idle()
        const before = looks.mock.callCount()
        changes.ring()
        changes.ring()
        await until(() => looks.mock.callCount() > before)
        await idle()
        assert.equal(looks.mock.callCount(), before + 1)
      },
      async ({ type }) => {
        if (type !== 'mail' || namesIn('new').length !== 1 || namesIn('cur').length > 0) return
        await store('two')
        changes.ring()
      },
    )
  })

  it('goes on when the system can tell of changes no more, and closes what told of them', async (t) => {
    lookAgainAfter(t, 1)
    const changes = new FakeWatch(t)
    await watching(async ({ untilTexts }) => {
      await store('one')
      await untilTexts(1)
      changes.emit('error', systemError('EPERM'))
      await store('two')
      await untilTexts(2)
    })
    assert.equal(changes.isClosed, true)
  })

  it("says once whose turn it is, that it is nobody's, that it reads, and looks at nothing till then", async (t) => {
    lookAgainAfter(t, 1)
    const looks = t.mock.method(Maildir.prototype, 'entries')
    const other = new Lock(at('mail', 'watching'), new Maildir(box.dir).tmp)
    assert.equal(other.take(), true)
    const asked = t.mock.method(Lock.prototype, 'take')
    const askedAgain = () => {
      const before = asked.mock.callCount()
      return until(() => asked.mock.callCount() > before + 3)
    }
    await watching(async ({ events, told }) => {
      const otherWatcher = { type: 'other watcher', process: `process ${process.pid}` } as const
      await askedAgain()
      assert.deepEqual(events, [otherWatcher])
      asked.mock.mockImplementation(function (this: Lock) {
        this.holder = null
        return false
      })
      await told('lock unusable')
      await askedAgain()
      const noTurn = { type: 'lock unusable', place: at('mail', 'watching') } as const
      assert.deepEqual(events, [otherWatcher, noTurn])
      assert.equal(looks.mock.callCount(), 0)
      asked.mock.restore()
      other.release()
      await until(() => looks.mock.callCount() > 5)
      assert.deepEqual(events, [otherWatcher, noTurn, { type: 'watching', place: box.dir }])
    })
  })

  it('reads the longest text, sets aside what is a byte longer, and leaves no file open', async (t) => {
    const text = 'x'.repeat(MAX_MAIL_BYTES)
    const bytes = await sealed(box.keys.pair, text)
    for (const stored of [bytes, Buffer.concat([bytes, Buffer.of(0)])]) {
      const { id } = await new Maildir(box.dir).deliver(stored)
      fs.utimesSync(at('mail', 'new', id), 1_700_000_000, 1_700_000_000)
    }
    const { opened, open } = filesOpened(t)
    await watching(async ({ texts, untilTexts, told }) => {
      await untilTexts(1)
      await told('set aside')
      assert.deepEqual(texts, [text])
    })
    const isOfNew = (file: string) => file.startsWith(at('mail', 'new', path.sep))
    assert.ok(opened.some(isOfNew))
    assert.equal([...open.values()].some(isOfNew), false)
  })

  it('drops a copy of what was read, whatever its name, and keeps that under its id', async () => {
    const bytes = await sealed(box.keys.pair, 'once')
    const maildir = new Maildir(box.dir)
    fs.writeFileSync(at('mail', 'new', 'by hand'), bytes)
    await watching(async ({ texts, untilTexts }) => {
      await untilTexts(1)
      // two servers that looked while it moved, and a backup that was put back
      for (const name of [idOf(bytes), 'copy'])
        fs.writeFileSync(path.join(maildir.new, name), bytes)
      await until(() => namesIn('new').length === 0)
      assert.deepEqual(texts, ['once'])
    })
    assert.deepEqual(namesIn('cur'), [idOf(bytes) + SEEN])
  })

  it('leaves a text that could not be printed, and ends', async () => {
    const { id } = await store('for another day')
    const closed = new Error('closed')
    const failing = watching(
      ({ told }) => told('mail'),
      async ({ type }) => {
        if (type === 'mail') throw closed
      },
    )
    await assert.rejects(failing, closed)
    assert.deepEqual(['new', 'cur', 'watching'].map(namesIn), [[id], [], ['free']])
  })

  it('ends, and prints nothing twice, when it can not move what it printed', async () => {
    await store('once')
    const printed: string[] = []
    const failing = watching(
      ({ told }) => told('mail'),
      async ({ type }) => {
        printed.push(type)
        if (type === 'mail') fs.rmdirSync(at('mail', 'cur'))
      },
    )
    await assert.rejects(failing, { code: 'ENOENT' })
    assert.deepEqual(printed, ['watching', 'mail'])
  })

  it('does not mind if its owner takes a message away while it is printed', async () => {
    const { id } = await store('taken')
    await watching(
      async ({ untilTexts, texts }) => {
        await untilTexts(1)
        await store('after it')
        await untilTexts(2)
        assert.deepEqual(texts, ['taken', 'after it'])
      },
      async ({ type }) => {
        if (type === 'mail') fs.rmSync(at('mail', 'new', id), { force: true })
      },
    )
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
    const { pair } = box.keys
    await watchMaildir({ maildir: new Maildir(box.dir), pair, tell, signal: ending.signal })
    assert.deepEqual([read.length, namesIn('cur').length, namesIn('new').length], [1, 1, 2])
    await watching(async ({ untilTexts, texts }) => {
      await untilTexts(2)
      assert.deepEqual([...read, ...texts].sort(), ['one', 'three', 'two'])
    })
  })
})

describe('the terminal of a watcher', () => {
  it('shows each text escaped, with its time, marked before anything that it says', async () => {
    const { terminal, shown } = keptTerminal()
    const mail = (time: number, text: string): WatchEvent => {
      return { type: 'mail', stored: new Date(time), SECRET: Buffer.from(text) }
    }
    const name = `\u001b[31m${'x'.repeat(200)}`
    for (const event of [
      mail(1_700_000_000_123, 'hello\u001b[2J\n12:00:00 ● SECRET mail  sender verified\u202e'),
      mail(Number.NaN, 'hello'),
      { type: 'passed over', name, why: 'It is not a file.' } as const,
    ])
      await terminal.tellOfMailbox(event)
    const MAIL = '● SECRET mail  '
    const escaped =
      'hello\\u{1b}[2J\\n12:00:00 \\u{25cf} SECRET mail\\u{20}\\u{20}sender verified\\u{202e}'
    const timeless = shown().replaceAll(/^\d\d:\d\d:\d\d /gm, '')
    assert.deepEqual(timeless.split('\n'), [
      `${MAIL}2023-11-14T22:13:20Z  sender unverified  ${escaped}`,
      `${MAIL}at no known time  sender unverified  hello`,
      `✗ passed over  \\u{1b}[31m${'x'.repeat(50)}…  It is not a file.`,
      '',
    ])
  })

  it('has told only when the system has taken it', async () => {
    let taken: (error?: Error) => void = () => {}
    const write = (_text: Buffer, done?: (error?: Error | null) => void) => {
      taken = done as typeof taken
    }
    const terminal = createTerminal({ output: { write }, showsSecrets: true })
    let told = false
    const tell = () => terminal.tellOfMailbox({ type: 'watching', place: 'x' })
    const telling = tell().then(() => {
      told = true
    })
    await new Promise(setImmediate)
    assert.equal(told, false)
    taken()
    await telling
    const failing = tell()
    taken(new Error('closed'))
    await assert.rejects(failing, /closed/)
  })
})

describe('ecdh-duet watch', () => {
  const args = () => ['watch', box.dir, '--key', box.keys.privateFile]
  const NOT_A_TERMINAL = 'ecdh-duet: secrets go to standard output, which is not a terminal\n'

  it('makes the mailbox, reads it, and ends well on SIGINT, whatever would keep it going', async () => {
    fs.rmdirSync(box.dir)
    const timer = 'data:text/javascript,setInterval(() => {}, 60_000)'
    await withCommand(args(), { node: ['--import', timer] }, async (watcher) => {
      await watcher.until(/watching/)
      for (const name of ['', 'tmp', 'new', 'cur', 'failed'])
        assert.equal(modeOf(at('mail', name)), '700', name)
      assert.equal(fs.readFileSync(at('mail', '.gitignore'), 'utf8'), '*\n')
      await store('Meet me at noon')
      await watcher.until(/sender unverified {2}Meet me at noon\n/)
      watcher.kill('SIGINT')
      assert.equal(await watcher.ended, 0)
      assert.deepEqual(textsIn(watcher.output()), ['Meet me at noon'])
      const made = `ecdh-duet: there was no ${box.dir}: it is a new mailbox, and empty\n`
      assert.equal(watcher.errors(), made + NOT_A_TERMINAL)
    })
  })

  it('ends on one signal while nobody reads on, and keeps what it could not show', () =>
    withCommand(args(), { node: hasty(20) }, async (watcher) => {
      await watcher.until(/watching/)
      watcher.child.stdout?.pause()
      // several times what a pipe holds
      const texts = Array.from({ length: 12 }, (_, i) => `${i}`.repeat(30_000))
      for (const text of texts) await store(text)
      await until(() => namesIn('cur').length > 1)
      watcher.kill('SIGTERM')
      await until(() => watcher.child.exitCode !== null)
      assert.equal(watcher.child.exitCode, 0)
      assert.notDeepEqual(namesIn('new'), [])
      assert.equal(namesIn('new').length + namesIn('cur').length, texts.length)
    }))

  it('does not begin without its key, or with something else in the place of a folder', async () => {
    assert.match(
      await refusal(['watch', box.dir, '--key', 'none.pem']),
      /none\.pem: There is no such file/,
    )
    fs.writeFileSync(at('mail', 'new'), 'x')
    assert.match(await refusal(args()), /mail\/new: Something else is there \(EEXIST\)/)
    fs.rmSync(box.dir, { recursive: true })
    fs.writeFileSync(box.dir, 'x')
    assert.match(await refusal(args()), /mail: It can't be used \(ENOTDIR\)/)
  })

  it("says so while somebody else's file keeps it from its turn, goes on without it, and ends in one line when its folder is taken away", () => {
    const strange = at('mail', 'watching', 'notes.txt')
    fs.mkdirSync(path.dirname(strange), { recursive: true })
    fs.writeFileSync(strange, '')
    return withCommand(args(), { node: hasty(100) }, async (watcher) => {
      await watcher.until(/waiting +[^\n]*watching holds files that are of no watcher/)
      fs.rmSync(strange)
      await watcher.until(/· watching/)
      assert.equal(watcher.output().match(/waiting/g)?.length, 1)
      fs.rmSync(at('mail', 'new'), { recursive: true })
      assert.equal(await watcher.ended, 1)
      assert.match(
        watcher.errors(),
        /^ecdh-duet: [^\n]*mail\/new: It can't be used \(ENOENT\)\.\n$/m,
      )
      fs.mkdirSync(at('mail', 'new'))
    })
  })
})
