/** How programs end that go on and on: what they say, and what they leave behind. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { call } from '../helpers/call.ts'
import { type Command, MAIN, runCommand, withCommand } from '../helpers/command.ts'
import { folderForEach } from '../helpers/files.ts'
import { freePorts } from '../helpers/ports.ts'
import { atTerminal, noTerminal } from '../helpers/pseudo-terminal.ts'
import { linesOf } from '../helpers/with-peers.ts'

const at = folderForEach()
const BOTH = ['both', '--ports', '0,0']
const CTRL_C = '\x03'
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const SLOW = process.env['SLOW'] === '1'

const step = (port: number, path: string) => call(`http://127.0.0.1:${port}${path}`)

async function agree(ports: readonly number[]): Promise<void> {
  for (const port of ports) assert.equal((await step(port, '/send_keys')).status, 201)
}

/** Has the first peer read nothing of one text, and the second nothing of two. Returns their ports. */
async function leaveUnread(both: Command): Promise<[number, number]> {
  const [a = 0, b = 0] = await both.ports(2)
  await agree([a, b])
  for (const port of [a, a, b]) assert.equal((await step(port, '/send_msg')).status, 201)
  return [a, b]
}

const ONE = 'not read              1 text is lost: nobody read it.'
const TWO = 'not read              2 texts are lost: nobody read them.'
/** What each port's terminal said last. */
const lastWords = (both: Command, ports: readonly number[]) =>
  ports.map((port) => linesOf(both.output().replaceAll('\r', ''), port).at(-1))

/** What is in the folder for temporary files and in those below it, where peers without a state keep pictures. */
const temporary = () => fs.readdirSync(at('tmp'), { recursive: true, encoding: 'utf8' })
const ownTemporary = () => {
  fs.mkdirSync(at('tmp'))
  return { TMPDIR: at('tmp') }
}

describe('peers that end with unread texts', () => {
  for (const signal of SIGNALS)
    it(`say how many, each of them, after ${signal}`, () =>
      withCommand([...BOTH, '--no-state'], {}, async (both) => {
        const ports = await leaveUnread(both)
        both.kill(signal)
        assert.equal(await both.ended, 0)
        assert.deepEqual(lastWords(both, ports), [`✗  ${ONE}`, `✗  ${TWO}`])
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

  it('say nothing of texts that were read, nor of mail, which stays', async () => {
    const [a = 0, b = 0] = await freePorts(2)
    const { code } = await runCommand(['keygen', at('keys')])
    assert.equal(code, 0)
    const peer = (port: number, other: number, ...more: string[]) => [
      'peer',
      '--port',
      `${port}`,
      '--peer',
      `http://127.0.0.1:${other}`,
      '--no-state',
      ...more,
    ]
    const mailbox = ['--mailbox', at('mail'), '--mailbox-key', at('keys', 'key.public.pem')]
    await withCommand(peer(a, b, ...mailbox), {}, (one) =>
      withCommand(peer(b, a), {}, async (other) => {
        for (const each of [one, other]) await each.ports(1)
        await agree([a, b])
        const to = `http://127.0.0.1:${a}`
        const sent = await runCommand(['send', '--to', to], { input: 'a text' })
        assert.equal(sent.code, 0)
        for (let i = 0; i < 3; i++) {
          assert.equal((await step(b, '/send_msg')).status, 201)
          if (i === 1) await step(a, '/decrypt_msg')
        }
        for (const each of [one, other]) each.kill()
        assert.deepEqual([await one.ended, await other.ended], [0, 0])
        assert.deepEqual(lastWords(one, [a]), [`✗  ${ONE}`])
        assert.doesNotMatch(other.output(), /not read/)
      }),
    )
  })

  it("say it of Mallory's victims, and none asks where no terminal is", async () => {
    const ports = await freePorts(4)
    const [a = 0, b = 0] = ports.slice(2)
    const between = [a, b].map((port) => `http://127.0.0.1:${port}`).join()
    const args = ['mallory', '--ports', ports.slice(0, 2).join(), '--between', between]
    await withCommand([...args, '--with', 'strangers'], {}, async (mallory) => {
      await mallory.ports(4)
      await agree([a, b])
      assert.equal((await step(a, '/send_msg')).status, 201)
      mallory.kill('SIGINT')
      assert.equal(await mallory.ended, 0)
      assert.equal(linesOf(mallory.output(), b).at(-1), `✗  ${ONE}`)
    })
  })
})

describe('Ctrl-C at a terminal', { skip: noTerminal }, () => {
  const withBoth = (use: Parameters<typeof atTerminal>[3]) =>
    atTerminal([...BOTH, '--no-state'], at(), {}, use)

  it('asks for a second one while texts are unread, says how to read them, and goes on', () =>
    withBoth(async ({ command, type, ended }) => {
      const [a, b] = await leaveUnread(command)
      type(CTRL_C)
      await command.until(new RegExp(`To read them first: curl http://127.0.0.1:${b}/`))
      assert.deepEqual(linesOf(command.output().replaceAll('\r', ''), a).slice(-2), [
        '✗  not read yet          1 text is lost if you press Ctrl-C again.',
        `·                        To read it first: curl http://127.0.0.1:${a}/decrypt_msg`,
      ])
      assert.equal((await step(a, '/decrypt_msg')).json.decrypted, 1)
      type(CTRL_C)
      assert.equal(await ended(), 0)
      assert.deepEqual(lastWords(command, [b]), [`✗  ${TWO}`])
      assert.doesNotMatch(command.output(), /1 text is lost: /)
    }))

  it('is one, although npm sends the same signal once more', () =>
    withBoth(async ({ command, kill, type, ended }) => {
      await leaveUnread(command)
      for (let i = 0; i < 2; i++) kill('SIGINT')
      await command.until(/2 texts are lost if/)
      type(CTRL_C)
      assert.equal(await ended(), 0)
      assert.match(command.output(), /2 texts are lost: /)
    }))

  it('ends peers that have nothing to read, and SIGTERM any of them', () =>
    withBoth(async ({ command, type, ended }) => {
      await command.ports(2)
      type(CTRL_C)
      assert.equal(await ended(), 0)
      assert.doesNotMatch(command.output(), /lost/)
      await withBoth(async ({ command, kill, ended }) => {
        await leaveUnread(command)
        kill('SIGTERM')
        assert.equal(await ended(), 0)
        assert.match(command.output(), /2 texts are lost: /)
        assert.doesNotMatch(command.output(), /Ctrl-C/)
      })
    }))

  it('ends peers whose texts nobody can read, with --no-secrets', () =>
    atTerminal(
      [...BOTH, '--no-state', '--no-secrets'],
      at(),
      {},
      async ({ command, type, ended }) => {
        await leaveUnread(command)
        type(CTRL_C)
        assert.equal(await ended(), 0)
        assert.match(command.output(), /2 texts are lost: /)
      },
    ))
})

describe('a hangup', () => {
  it('ends peers without a state, wherever their streams go, and their pictures are gone', () =>
    withCommand([...BOTH, '--no-state'], { env: ownTemporary() }, async (both) => {
      const ports = await both.ports(2)
      await agree(ports)
      assert.equal((await step(ports[0] ?? 0, '/send_image')).status, 201)
      assert.match(temporary().join(), /\.png/)
      both.kill('SIGHUP')
      assert.equal(await both.ended, 0)
      assert.deepEqual(temporary(), [])
    }))

  it('does not end peers with a state that are at no terminal: nohup keeps them', () =>
    withCommand(BOTH, { cwd: at() }, async (both) => {
      const [a = 0, b = 0] = await both.ports(2)
      both.kill('SIGHUP')
      await agree([a, b])
      both.kill('SIGTERM')
      assert.equal(await both.ended, 0)
    }))

  it('ends everything else at its terminal, which is gone then', { skip: noTerminal }, async () => {
    const env = ownTemporary()
    await atTerminal([...BOTH, '--no-state'], at(), env, async ({ command, hangUp, ended }) => {
      const [a] = await leaveUnread(command)
      assert.equal((await step(a, '/send_image')).status, 201)
      assert.match(temporary().join(), /\.png/)
      hangUp()
      assert.equal(await ended(), 0)
      assert.deepEqual(temporary(), [])
    })
    const keys = ['--key', at('keys', 'key.private.pem')]
    assert.equal((await runCommand(['keygen', at('keys')])).code, 0)
    for (const [args, says, turn] of [
      [[...BOTH, '--state', at('state')], /ready[\s\S]*ready/, ['state', '%', 'running']],
      [['watch', at('mail'), ...keys], /watching/, ['mail', 'watching']],
    ] as const)
      await atTerminal(args, at(), env, async ({ command, hangUp, ended }) => {
        await command.until(says)
        const [port = ''] = /^\d+/.exec(command.output()) ?? []
        hangUp()
        assert.equal(await ended(), 0)
        const names = turn.map((name) => name.replace('%', port))
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

describe('a full disk behind standard output', {
  skip: fs.existsSync('/dev/full') ? false : 'only Linux and BSD have a device that is always full',
}, () => {
  const program = ['sh', '-c', 'exec "$0" "$@" >/dev/full', process.execPath, MAIN]
  const FULL = "ecdh-duet: standard output can't be written (ENOSPC)\n"

  for (const args of [['--help'], ['check', 'none.json'], ['lab', 'original']])
    it(`ends ecdh-duet ${args.join(' ')} with one line that says so`, async () => {
      const { code, errors } = await runCommand(args, { program, cwd: at() })
      assert.deepEqual([code, errors], [1, FULL])
    })

  it('ends peers in order', async () => {
    const { code, errors } = await runCommand([...BOTH, '--state', at('state')], { program })
    assert.equal(code, 1)
    assert.equal(errors.endsWith(FULL), true)
    for (const port of fs.readdirSync(at('state')).filter((name) => /^\d+$/.test(name)))
      assert.deepEqual(fs.readdirSync(at('state', port, 'running')), ['free'])
  })

  it('ends a watcher, and the mail that it could not print stays', async () => {
    const key = (which: string) => at('keys', `key.${which}.pem`)
    assert.equal((await runCommand(['keygen', at('keys')])).code, 0)
    const mail = ['--mailbox', at('mail'), '--mailbox-key', key('public')]
    const peer = ['peer', '--port', '0', '--peer', 'http://127.0.0.1:9', '--no-state', ...mail]
    await withCommand(peer, {}, async (server) => {
      const [port] = await server.ports(1)
      const to = ['send', '--to', `http://127.0.0.1:${port}`]
      assert.equal((await runCommand(to, { input: 'a text' })).code, 0)
    })
    const { code, errors } = await runCommand(['watch', at('mail'), '--key', key('private')], {
      program,
    })
    assert.equal(code, 1)
    assert.equal(errors.endsWith(FULL), true)
    assert.equal(fs.readdirSync(at('mail', 'new')).length, 1)
  })
})
