/** How programs end that go on and on: when they do, what they say, and what they leave behind. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import tty from 'node:tty'
import { call, post } from '../helpers/call.ts'
import { type Command, hasty, MAIN, runCommand, withCommand } from '../helpers/command.ts'
import { folderForEach } from '../helpers/files.ts'
import { mailboxInMemory, mailForm, makeKeys, sealed, storeIn } from '../helpers/mail.ts'
import { freePorts } from '../helpers/ports.ts'
import { atTerminal, noTerminal } from '../helpers/pseudo-terminal.ts'
import { agree, linesOf, startPeers } from '../helpers/with-peers.ts'

const at = folderForEach()
const BOTH = ['both', '--ports', '0,0']
const CTRL_C = '\x03'
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Signal = (typeof SIGNALS)[number]
const SLOW = process.env['SLOW'] === '1'

const step = (port: number, path: string) => call(`http://127.0.0.1:${port}${path}`)

async function sendKeys(ports: readonly number[]): Promise<void> {
  for (const port of ports) assert.equal((await step(port, '/send_keys')).status, 201)
}

/** Has the first peer read nothing of one text, and the second nothing of two. Returns their ports. */
async function leaveUnread(both: Command): Promise<[number, number]> {
  const [a = 0, b = 0] = await both.ports(2)
  await sendKeys([a, b])
  for (const port of [a, a, b]) assert.equal((await step(port, '/send_msg')).status, 201)
  return [a, b]
}

const ONE = 'not read  1 text is lost: nobody read it.'
const TWO = 'not read  2 texts are lost: nobody read them.'
/** What each port's terminal said last. */
const lastWords = (both: Command, ports: readonly number[]) =>
  ports.map((port) => linesOf(both.output().replaceAll('\r', ''), port).at(-1))

/** What is in the folder for temporary files and in those below it, where peers without a state keep pictures. */
const temporary = () => fs.readdirSync(at('tmp'), { recursive: true, encoding: 'utf8' })
const ownTemporary = () => {
  fs.mkdirSync(at('tmp'))
  return { TMPDIR: at('tmp') }
}

let copies = 0
/** Asks for the end where these of standard input, output and error are terminals. Signals go by `send`, and not to this process. */
async function asked(
  t: TestContext,
  terminals: number[],
  options: { loses?: () => boolean; alwaysAtHangup?: boolean } = {},
) {
  const { mock } = t.mock.method(tty, 'isatty', (fd: number) => terminals.includes(fd))
  const { askedToEnd }: typeof import('../../src/commands/ending.ts') = await import(
    `../../src/commands/ending.ts?copy=${copies++}`
  )
  mock.restore()
  const result = { ended: false, warnings: 0 }
  const handlers = new Map<string | symbol, () => void>()
  const on = t.mock.method(process, 'on', (event: string, handler: () => void) => {
    handlers.set(event, handler)
    return process
  })
  askedToEnd({
    alwaysAtHangup: options.alwaysAtHangup ?? false,
    wouldLose: options.loses ?? (() => true),
    warn: () => result.warnings++,
  }).then((code) => {
    assert.equal(code, 0)
    result.ended = true
  })
  on.mock.restore()
  /** Sends signals at once; what they come to, after `ms`. */
  return async (signals: Signal[], ms = 0) => {
    // behind ^C a line is ended
    const { mock } = t.mock.method(process.stdout, 'write', () => true)
    for (const signal of signals) handlers.get(signal)?.()
    mock.restore()
    await sleep(ms)
    return { ...result }
  }
}

const BOTH_WAYS = [0, 1]
const ONE_CTRL_C_MS = 250
const ENDS = { ended: true, warnings: 0 }
const WARNS = { ended: false, warnings: 1 }

describe('the end of peers', () => {
  it('is asked for twice at a terminal while texts are unread, and npm sends each Ctrl-C two times', async (t) => {
    const send = await asked(t, BOTH_WAYS)
    assert.deepEqual(await send(['SIGINT', 'SIGINT'], ONE_CTRL_C_MS), WARNS)
    assert.deepEqual(await send(['SIGINT']), { ...WARNS, ended: true })
  })

  it('is not asked for twice where the texts are read by then, or another signal asks as well', async (t) => {
    let unread = true
    const reading = await asked(t, BOTH_WAYS, { loses: () => unread })
    const ended = reading(['SIGINT'], ONE_CTRL_C_MS)
    unread = false
    assert.deepEqual(await ended, ENDS)
    const terminated = await asked(t, BOTH_WAYS)
    assert.deepEqual(await terminated(['SIGINT', 'SIGTERM'], ONE_CTRL_C_MS), ENDS)
  })

  it('comes with the first signal else: nothing is unread, nobody is there to ask, or it is no Ctrl-C', async (t) => {
    for (const [terminals, loses, signal] of [
      [BOTH_WAYS, false, 'SIGINT'],
      [BOTH_WAYS, true, 'SIGTERM'],
      [BOTH_WAYS, true, 'SIGHUP'],
      [[1, 2], true, 'SIGINT'],
      [[0, 2], true, 'SIGINT'],
      [[], true, 'SIGINT'],
      [[], true, 'SIGTERM'],
    ] as const) {
      const send = await asked(t, [...terminals], { loses: () => loses })
      assert.deepEqual(await send([signal]), ENDS, `${signal} at ${terminals}`)
    }
  })

  it('comes by a hangup if a stream was a terminal, or if there are files that only the end removes', async (t) => {
    for (const [terminals, alwaysAtHangup, ends] of [
      [[], false, false],
      [[], true, true],
      [[0], false, true],
      [[2], false, true],
    ] as const) {
      const send = await asked(t, [...terminals], { alwaysAtHangup })
      assert.equal((await send(['SIGHUP'])).ended, ends)
    }
  })
})

describe('peers that end with unread texts', () => {
  it('say how many, each of them, and their pictures are gone', () =>
    withCommand([...BOTH, '--no-state'], { env: ownTemporary() }, async (both) => {
      const [a, b] = await leaveUnread(both)
      assert.equal((await step(a, '/send_image')).status, 201)
      assert.match(temporary().join(), /\.png/)
      both.kill('SIGHUP')
      assert.equal(await both.ended, 0)
      assert.deepEqual(lastWords(both, [a, b]), [`✗ ${ONE}`, `✗ ${TWO}`])
      assert.deepEqual(temporary(), [])
    }))

  it('say it on standard error where nobody reads the other any more', () =>
    withCommand([...BOTH, '--no-state'], {}, async (both) => {
      const [a, b] = await leaveUnread(both)
      both.closeOutput()
      await step(a, '/show')
      assert.equal(await both.ended, 1)
      const said = both.errors().split('\n').slice(-4)
      assert.deepEqual(said, [
        'ecdh-duet: standard output was closed',
        `ecdh-duet: port ${a}: 1 text is lost: nobody read it.`,
        `ecdh-duet: port ${b}: 2 texts are lost: nobody read them.`,
        '',
      ])
    }))

  it('count neither texts that were read, nor mail, which stays', async () => {
    const key = makeKeys(at('keys')).pair
    const { peers, close } = await startPeers({ openMailbox: () => mailboxInMemory(key) })
    const [a, b] = peers
    await agree(a, b)
    const form = mailForm(await sealed(key, 'a text'))
    for (const { url } of peers) assert.equal((await post(`${url}/message`, form)).status, 201)
    for (let i = 0; i < 3; i++) {
      assert.equal((await b.call('/send_msg')).status, 201)
      if (i === 1) await a.call('/decrypt_msg')
    }
    assert.deepEqual(await close(), [{ port: a.port, texts: 1 }])
  })

  it("say it of Mallory's victims, and none asks where no terminal is", async () => {
    const ports = await freePorts(4)
    const [a = 0, b = 0] = ports.slice(2)
    const between = [a, b].map((port) => `http://127.0.0.1:${port}`).join()
    const args = ['mallory', '--ports', ports.slice(0, 2).join(), '--between', between]
    await withCommand([...args, '--with', 'strangers'], {}, async (mallory) => {
      await mallory.ports(4)
      await sendKeys([a, b])
      assert.equal((await step(a, '/send_msg')).status, 201)
      mallory.kill('SIGINT')
      assert.equal(await mallory.ended, 0)
      assert.equal(linesOf(mallory.output(), b).at(-1), `✗ ${ONE}`)
    })
  })
})

describe('Ctrl-C at a terminal', { skip: noTerminal }, () => {
  it('asks for a second one while texts are unread, says how to read them, and goes on', () =>
    atTerminal([...BOTH, '--no-state'], at(), {}, async ({ command, kill, type, ended }) => {
      const [a, b] = await leaveUnread(command)
      // as npm does
      for (let i = 0; i < 2; i++) kill('SIGINT')
      await command.until(new RegExp(`To read them first: curl http://127.0.0.1:${b}/`))
      assert.deepEqual(linesOf(command.output().replaceAll('\r', ''), a).slice(-2), [
        '✗ not read yet  1 text is lost if you press Ctrl-C again.',
        `To read it first: curl http://127.0.0.1:${a}/decrypt_msg`,
      ])
      assert.equal((await step(a, '/decrypt_msg')).json.decrypted, 1)
      type(CTRL_C)
      assert.equal(await ended(), 0)
      assert.deepEqual(lastWords(command, [b]), [`✗ ${TWO}`])
      assert.doesNotMatch(command.output(), /1 text is lost: /)
    }))

  it('ends peers whose texts nobody can read, with --no-secrets, which show none and open none', () => {
    const args = ['--no-state', '--no-secrets', '--message', 'psst']
    return atTerminal([...BOTH, ...args], at(), {}, async ({ command, type, ended }) => {
      const [a, b] = await leaveUnread(command)
      await step(a, '/show')
      const refused = await step(b, '/decrypt_msg')
      assert.deepEqual([refused.status, refused.json.code], [409, 'secrets_hidden'])
      assert.equal((await step(b, '/show')).json.waiting.length, 2)
      type(CTRL_C)
      assert.equal(await ended(), 0)
      assert.match(command.output(), /2 texts are lost: /)
      assert.doesNotMatch(command.output(), /SECRET|psst|secrets go to/)
    })
  })
})

describe('a hangup', () => {
  it('ends everything at its terminal, which is gone then', { skip: noTerminal }, async () => {
    const { privateFile } = makeKeys(at('keys'))
    for (const [args, says, lock] of [
      [[...BOTH, '--state', at('state')], /ready[\s\S]*ready/, ['state', '%', 'running']],
      [['watch', at('mail'), '--key', privateFile], /watching/, ['mail', 'watching']],
    ] as const)
      await atTerminal(args, at(), {}, async ({ command, hangUp, ended }) => {
        await command.until(says)
        const [port = ''] = /^\d+/.exec(command.output()) ?? []
        hangUp()
        assert.equal(await ended(), 0)
        const names = lock.map((name) => name.replace('%', port))
        assert.deepEqual(fs.readdirSync(at(...names)), ['free'])
      })
  })

  // each of them takes a second
  for (const signal of SLOW ? SIGNALS : (['SIGINT'] as const))
    it(`that ends an attack of the lab leaves no picture of its peers, as any signal: ${signal}`, async () => {
      const stop = `import fs from 'node:fs'
        const { mkdirSync } = fs
        fs.mkdirSync = (dir, ...rest) => {
          mkdirSync(dir, ...rest)
          if (dir.includes('ecdh-duet-')) process.kill(process.pid, '${signal}')
        }`
      const node = ['--import', `data:text/javascript,${encodeURIComponent(stop)}`]
      const { code } = await runCommand(['lab', 'quantum'], { node, env: ownTemporary() })
      assert.equal(code, { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal])
      assert.deepEqual(temporary(), [])
    })
})

describe('a command whose standard output nobody reads', () => {
  for (const args of [['--help'], ['keygen', 'keys']])
    it(`ends in one line: ecdh-duet ${args.join(' ')}`, () =>
      withCommand(args, { cwd: at() }, async (command) => {
        // before it has begun
        command.closeOutput()
        assert.equal(await command.ended, 1)
        assert.equal(command.errors(), 'ecdh-duet: standard output was closed\n')
      }))
})

describe('a full disk behind standard output', {
  skip: fs.existsSync('/dev/full') ? false : 'only Linux and BSD have a device that is always full',
}, () => {
  /** Runs a command in a hurry, and returns the last line that it says. */
  const lastLine = async (args: string[]) => {
    const script = 'exec "$0" "$@" >/dev/full'
    const program = ['sh', '-c', script, process.execPath, ...hasty(20), MAIN]
    const { code, errors } = await runCommand(args, { program, cwd: at() })
    assert.equal(code, 1)
    return errors.split('\n').at(-2)
  }
  const FULL = "ecdh-duet: standard output can't be written (ENOSPC)"

  it('ends a command with one line that says so, however much it had to say', async () =>
    assert.equal(await lastLine(['lab', 'original']), FULL))

  it('ends peers in order', async () => {
    assert.equal(await lastLine([...BOTH, '--state', 'state']), FULL)
    for (const port of fs.readdirSync(at('state')).filter((name) => /^\d+$/.test(name)))
      assert.deepEqual(fs.readdirSync(at('state', port, 'running')), ['free'])
  })

  it('ends a watcher, and the mail that it could not print stays', async () => {
    const { pair, privateFile } = makeKeys(at('keys'))
    await storeIn(at('mail'), pair, 'a text')
    assert.equal(await lastLine(['watch', at('mail'), '--key', privateFile]), FULL)
    assert.equal(fs.readdirSync(at('mail', 'new')).length, 1)
  })
})
