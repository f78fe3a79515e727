/** What a watcher finds in a mailbox that is no message: set aside, passed over, or left in peace. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import { beforeEach, describe, it, type TestContext } from 'node:test'
import { isStamp } from '../../src/disk/stamp.ts'
import { idOf, MAX_SET_ASIDE, Maildir } from '../../src/mailbox/maildir.ts'
import { seal } from '../../src/mailbox/seal.ts'
import { KeyPair, X25519 } from '../../src/protocol/curves.ts'
import { makePipe } from '../helpers/files.ts'
import { makeKeys, sealed } from '../helpers/mail.ts'
import { until } from '../helpers/until.ts'
import { lookAgainAfter, mailboxForEach } from '../helpers/watching.ts'

const box = mailboxForEach()
const { at, namesIn, store, watching } = box

describe('what is in new and is no message', () => {
  beforeEach(() => new Maildir(box.dir))
  const inbox = (name: string) => at('mail', 'new', name)
  /** Puts a file there as a server would: whole, and not just now. */
  const put = (name: string, content: Uint8Array | string) => {
    fs.writeFileSync(inbox(name), content)
    fs.utimesSync(inbox(name), 1_700_000_000, 1_700_000_000)
  }

  it('is set aside and said, whatever it is, and the next message is read', async () => {
    const odd = new Map<string, Uint8Array | string>([
      ['a, empty', ''],
      ['b, in clear', 'Hey Bud'],
      ['c, of 1 MiB', Buffer.alloc(2 ** 20)],
      ["d, Carol's", await sealed(new KeyPair(X25519), 'for Carol')],
      ['e, no UTF-8', await seal(box.keys.pair, Uint8Array.of(0xff, 0xfe))],
    ])
    for (const [name, content] of odd) put(name, content)
    await store('after it')
    await watching(async ({ events, untilTexts, texts }) => {
      await untilTexts(1)
      assert.deepEqual(texts, ['after it'])
      await until(() => namesIn('new').length === 0)
      const said = events.flatMap((event) =>
        event.type === 'set aside' ? [[event.count, event.place, event.why]] : [],
      )
      const failed = (name: string) => at('mail', 'failed', name)
      assert.deepEqual(said, [
        [1, failed('a, empty'), 'empty'],
        [3, failed('b, in clear'), 'not sealed'],
        [1, failed('e, no UTF-8'), 'no text'],
      ])
    })
    for (const [name, content] of odd)
      assert.deepEqual(fs.readFileSync(at('mail', 'failed', name)), Buffer.from(content))
  })

  it('is set aside over no other, and opens once it is back and the key is the right one', async () => {
    const right = box.keys
    put('one', await sealed(right.pair, 'for the right key'))
    box.keys = makeKeys(at('wrong'))
    await watching(({ told }) => told('set aside'))
    put('one', 'another')
    await watching(({ told }) => told('set aside'))
    assert.equal(namesIn('failed').length, 2)
    for (const name of namesIn('failed')) fs.renameSync(at('mail', 'failed', name), inbox(name))
    box.keys = right
    await watching(async ({ untilTexts, texts, told }) => {
      await untilTexts(1)
      assert.deepEqual(texts, ['for the right key'])
      await told('set aside')
    })
  })

  const posix = process.platform === 'win32' ? 'Windows has no such files' : false

  it('is read, set aside or passed over as its content says, where its name is not UTF-8', {
    skip: process.platform !== 'linux' && 'only Linux has such names for sure',
  }, async () => {
    const inbox = (name: string) => Buffer.from(at('mail', 'new', name), 'latin1')
    fs.writeFileSync(inbox('mail\xf1'), await sealed(box.keys.pair, 'read'))
    const odd = [`odd\xf1${'x'.repeat(100)}`, '\xf1'.repeat(255)]
    for (const name of odd) {
      fs.writeFileSync(inbox(name), 'x')
      fs.utimesSync(inbox(name), 1_700_000_000, 1_700_000_000)
    }
    fs.mkdirSync(inbox('folder\xf1'))
    await watching(async ({ events, texts, told }) => {
      await told('mail')
      await told('passed over')
      assert.deepEqual(texts, ['read'])
      const passedOver = events.find((event) => event.type === 'passed over')
      assert.equal(passedOver?.name, 'folder\\xf1')
    })
    assert.equal(namesIn('new').length, 1)
    const [kept, renamed = ''] = namesIn('failed').sort().reverse()
    // shown by its bytes, a name may be too long for a file
    assert.deepEqual([kept, isStamp(renamed)], [`odd\\xf1${'x'.repeat(100)}`, true])
  })
  it('and no file is passed over, said once and why, and never touched', {
    skip: posix,
  }, async () => {
    const hidden = await sealed(box.keys.pair, 'not in the mailbox')
    fs.writeFileSync(at('elsewhere'), hidden)
    fs.mkdirSync(inbox('a folder'))
    fs.writeFileSync(inbox('a folder/in it'), 'x')
    fs.symlinkSync(at('elsewhere'), inbox('a link'))
    fs.symlinkSync('nowhere', inbox('a link to nothing'))
    fs.mkdirSync(inbox('at its end.'))
    makePipe(inbox('a pipe'))
    fs.writeFileSync(inbox('.dotfile'), hidden)
    const before = namesIn('new')
    await watching(async ({ events, texts, untilTexts }) => {
      for (const [i, text] of ['one', 'two', 'three'].entries()) {
        await store(text)
        await untilTexts(i + 1)
      }
      const said = events.flatMap((event) =>
        event.type === 'passed over' ? [[event.name, event.why] as const] : [],
      )
      assert.deepEqual(said.map(([name]) => name).sort(), before)
      for (const [name, why] of said)
        assert.equal(
          why,
          name === '.dotfile'
            ? 'A name that begins with a dot is not a message.'
            : 'It is not a file.',
        )
      assert.deepEqual(texts, ['one', 'two', 'three'])
    })
    assert.deepEqual(namesIn('new'), before)
    assert.deepEqual(namesIn('failed'), [])
  })

  /** `happens` to the file `odd` after it was looked at and before it is opened. */
  const beforeItOpens = (t: TestContext, happens: (file: string) => void) => {
    put('odd', 'x')
    const { openSync } = fs
    return t.mock.method(fs, 'openSync', (...args: Parameters<typeof openSync>) => {
      if (args[0] === inbox('odd') && args[1] !== 'w') happens(inbox('odd'))
      return openSync(...args)
    })
  }

  it('since somebody took it, or the copy of what was read, is nothing to speak of', async (t) => {
    const bytes = await sealed(box.keys.pair, 'once')
    await new Maildir(box.dir).deliver(bytes)
    await watching(({ untilTexts }) => untilTexts(1))
    beforeItOpens(t, (file) => fs.rmSync(file))
    fs.writeFileSync(inbox('copy'), bytes)
    const { isRead } = Maildir.prototype
    t.mock.method(Maildir.prototype, 'isRead', function (this: Maildir, id: string) {
      fs.rmSync(inbox('copy'), { force: true })
      return isRead.call(this, id)
    })
    await watching(async ({ events, untilTexts }) => {
      await store('after it')
      await untilTexts(1)
      assert.deepEqual(
        events.map(({ type }) => type),
        ['watching', 'mail'],
      )
    })
  })

  it("but a link or a pipe that took a file's place is not followed, or waited for", {
    skip: posix,
  }, async (t) => {
    fs.writeFileSync(at('elsewhere'), await sealed(box.keys.pair, 'not in the mailbox'))
    let writer: ChildProcess | undefined
    for (const [put, event] of [
      [
        (file: string) => fs.symlinkSync(at('elsewhere'), file),
        { type: 'passed over', name: 'odd', why: "It can't be read (ELOOP)." },
      ],
      [
        (file: string) => {
          makePipe(file)
          // whoever waits gets something after all, and a test that fails
          writer = spawn('sh', ['-c', 'sleep 1; echo late > "$0"', file])
        },
        { type: 'set aside', count: 1, place: at('mail', 'failed', 'odd'), why: 'empty' },
      ],
    ] as const) {
      const opened = beforeItOpens(t, (file) => {
        fs.rmSync(file)
        put(file)
      })
      await watching(async ({ events, told }) => {
        await told(event.type)
        assert.deepEqual(events.slice(1), [event])
      }).finally(() => writer?.kill('SIGKILL'))
      opened.mock.restore()
      fs.rmSync(inbox('odd'), { force: true })
    }
  })

  it('is set aside a second after it was last written to, and not before', async (t) => {
    put('odd', 'x')
    const written = 1_700_000_000_000
    const clock = t.mock.method(Date, 'now', () => written + 999)
    lookAgainAfter(t, 1)
    const looks = t.mock.method(Maildir.prototype, 'entries')
    await watching(async ({ events, told }) => {
      await until(() => looks.mock.callCount() > 5)
      assert.deepEqual(events, [{ type: 'watching', place: box.dir }])
      clock.mock.mockImplementation(() => written + 1000)
      await told('set aside')
    })
  })

  it('is told in one line with its count while it floods in, when it ends or after ten seconds of it, and opened once', async (t) => {
    const start = 1_700_000_000_000
    let now = start
    t.mock.method(Date, 'now', () => now)
    lookAgainAfter(t, 1)
    const reads = t.mock.method(fs, 'openSync')
    /** As it comes from a server: whole, and a moment ago. */
    const come = async (text: string) => {
      const bytes = await sealed(new KeyPair(X25519), text)
      const draft = at('mail', 'tmp', 'draft')
      fs.writeFileSync(draft, bytes)
      fs.utimesSync(draft, now / 1000, now / 1000)
      fs.renameSync(draft, inbox(idOf(bytes)))
    }
    const looks = t.mock.method(Maildir.prototype, 'entries')
    const look = () => {
      const seen = looks.mock.callCount()
      return until(() => looks.mock.callCount() > seen + 2)
    }
    await watching(async ({ events }) => {
      const told = () => events.flatMap((event) => ('count' in event ? [event.count] : []))
      for (; now < start + 9_900; now += 900) {
        await come(`${now}`)
        await look()
        assert.deepEqual(told(), [])
      }
      now = start + 9_600
      await come('a moment ago')
      await look()
      now = start + 10_000
      reads.mock.resetCalls()
      await until(() => told().length === 1)
      await come('one more')
      await look()
      assert.deepEqual(told(), [11])
      now += 1_000
      await until(() => told().length === 2)
      assert.deepEqual([told(), namesIn('new')], [[11, 2], []])
    })
    const opened = reads.mock.calls.filter(({ arguments: [file] }) =>
      `${file}`.startsWith(inbox('')),
    )
    assert.equal(opened.length, 1, 'only what came later')
  })

  it('stays where it is while failed/ is full, is told once, and goes there when there is room', async (t) => {
    lookAgainAfter(t, 1)
    for (const name of ['a', 'b', 'c']) put(name, 'x')
    await store('after it')
    const { readdir } = fs.promises
    let others = MAX_SET_ASIDE - 1
    t.mock.method(fs.promises, 'readdir', async (...args: Parameters<typeof readdir>) => {
      const names = await readdir(...args)
      return args[0] === at('mail', 'failed') ? [...Array(others).fill('x'), ...names] : names
    })
    const counted = t.mock.method(Maildir.prototype, 'setAside')
    await watching(async ({ events, texts, told }) => {
      await told('set aside no more')
      await until(() => counted.mock.callCount() > 3)
      const place = at('mail', 'failed')
      assert.deepEqual(texts, ['after it'])
      assert.deepEqual(events.slice(-2), [
        { type: 'set aside', count: 1, place: at('mail', 'failed', 'a'), why: 'not sealed' },
        { type: 'set aside no more', count: MAX_SET_ASIDE, place, left: 2 },
      ])
      assert.deepEqual(namesIn('new'), ['b', 'c'])
      others = 0
      await until(() => namesIn('new').length === 0)
      assert.deepEqual(namesIn('failed'), ['a', 'b', 'c'])
    })
  })

  it('but was written a moment ahead of the clock is left in peace, and read once it is whole', async (t) => {
    const bytes = await sealed(box.keys.pair, 'ahead')
    // however long it takes, no second passes
    const now = Date.now()
    t.mock.method(Date, 'now', () => now)
    await watching(async ({ events, untilTexts }) => {
      fs.writeFileSync(inbox('copy'), bytes.subarray(0, 50))
      // the system's clock of files is finer than the one of programs
      const ahead = (now + 900) / 1000
      fs.utimesSync(inbox('copy'), ahead, ahead)
      await store('after it')
      await untilTexts(1)
      fs.writeFileSync(inbox('copy'), bytes)
      await untilTexts(2)
      assert.ok(events.every(({ type }) => type !== 'set aside'))
    })
  })

  it('is not what is left when the program itself fails: that ends it', async () => {
    await store('one')
    let asked = 0
    const { publicKey } = box.keys.pair
    const pair = {
      publicKey,
      get curve() {
        if (asked++ > 0) throw new TypeError('broken')
        return X25519
      },
    }
    box.keys = { ...box.keys, pair: pair as KeyPair }
    await assert.rejects(
      watching(() => until(() => asked > 1)),
      /broken/,
    )
    assert.deepEqual([namesIn('new').length, namesIn('failed').length], [1, 0])
  })
})
