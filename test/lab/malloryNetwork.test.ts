/** Mallory between two machines of a network: whom she takes, whom she calls, what a copy gets, and what she says of herself. */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify, stripVTControlCharacters } from 'node:util'
import { prepareMallory } from '../../src/classroom/lab/mallory/mallory.ts'
import { privateAddress } from '../../src/classroom/lab/mallory/privateAddress.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { paint } from '../../src/terminal/safe.ts'
import { Value } from '../../src/terminal/said.ts'
import { call, JSON_TYPE, posting, TEXT } from '../helpers/call.ts'
import { type Command, MAIN, startCommand, usage, withCommand } from '../helpers/command.ts'
import { commandsOf, documentAt, root } from '../helpers/documents.ts'
import { noNetwork, PRIVATE, withNetwork } from '../helpers/network.ts'
import { freePorts } from '../helpers/ports.ts'
import { recordingProxy } from '../helpers/recording-proxy.ts'
import { keptTerminal } from '../helpers/terminal.ts'
import { startedBy } from '../helpers/walk.ts'

const run = promisify(execFile)
const SLOW = process.env['SLOW'] === '1'
const SAMPLE = fs.readFileSync(path.join(root, 'src/sample/curve.png'))
const step = (port: number, path: string, options = {}) =>
  call(`http://127.0.0.1:${port}${path}`, options)

describe('mallory --listen', () => {
  it('takes private and loopback addresses as numbers, and nothing else', async () => {
    const taken = {
      '10.0.0.1': '10.0.0.1',
      '172.16.0.1': '172.16.0.1',
      '172.31.255.254': '172.31.255.254',
      '192.168.1.5': '192.168.1.5',
      '169.254.7.7': '169.254.7.7',
      '127.0.0.1': '127.0.0.1',
      'fd00::5': 'fd00::5',
      'FC00:0::05': 'fc00::5',
      '::1': '::1',
    }
    for (const [given, usual] of Object.entries(taken)) assert.equal(privateAddress(given), usual)
    const refused = ['0.0.0.0', '::', '8.8.8.8', '172.32.0.1', '100.64.0.1', '192.0.2.1']
    refused.push('2001:db8::1', 'fe80::1', 'fe80::1%eth0', '::ffff:10.0.0.1', '::10.0.0.1')
    refused.push('localhost', 'ana.local', '192.168.1', '192.168.1.5:80', '3232235781', '')
    for (const given of refused) assert.equal(privateAddress(given), null, given)

    const between = (a: string, b: string) => ['--between', `http://${a},http://${b}`]
    const two = between('10.0.0.1:5000', '10.0.0.2:5001')
    const wrong: [RegExp, ...string[]][] = [
      [/as a number and not as a name/, '--listen', 'ana.local', ...two],
      [/as a number and not as a name/, '--listen', '0.0.0.0', ...two],
      [/goes with --between/, '--listen', '10.0.0.9'],
      [/--with starts none/, '--listen', '10.0.0.9', '--with', 'strangers', ...two],
      [/private addresses.*no names/, '--listen', '10.0.0.9', ...between('a.local', '10.0.0.2')],
      [/no names/, '--listen', '127.0.0.1', ...between('localhost:5000', '127.0.0.1:5001')],
      [/private addresses/, '--listen', '10.0.0.9', ...between('8.8.8.8', '10.0.0.2')],
      [/all three IPv6/, '--listen', '10.0.0.9', ...between('10.0.0.1', '[fd00::2]')],
      [/her own address/, '--listen', '10.0.0.1', '--ports', '5000,1', ...two],
      [/this machine only.*loopback.*--listen/, ...two],
    ]
    for (const [said, ...args] of wrong)
      assert.match((await usage(['mallory', ...args])).replaceAll(/\s+/g, ' '), said)
  })

  it('is red, and marked where nobody sees red', () => {
    for (const isPlain of [false, true]) {
      const { terminal, shown } = keptTerminal({ colours: true, columns: 80, isPlain })
      const { reporter, narrator } = terminal.of('attacker')
      narrator(5002).say('✓', 'Mallory can', `${'read everything from here on. '.repeat(4)}`)
      narrator(5002).say('·', '', new Value('0a'.repeat(32)))
      narrator(50002).saySecret('message 0', Buffer.from('Meet me '.repeat(20)))
      reporter(5002)({ type: 'refused', request: 'GET /', code: 'owner_only', detail: 'No.' })
      const rows = shown().trimEnd().split('\n')
      assert.ok(rows.length > 8)
      for (const row of rows) {
        assert.ok(row.startsWith(paint('', 'red').split('\u001b[0m')[0] ?? ''), row)
        assert.ok(row.endsWith('\u001b[0m'))
        const text = stripVTControlCharacters(row)
        assert.match(text, isPlain ? /^attacker[,:] / : /^attacker /)
        assert.ok(text.length <= 80, text)
      }
    }
  })

  it('has nothing to tell to those who never had a session with her', async () => {
    const { terminal, shown } = keptTerminal()
    const between = ['http://127.0.0.1:9', 'http://127.0.0.1:10'] as const
    const options = { ports: [0, 0], between, listen: '127.0.0.1', suite: SUITES.X25519 } as const
    const mallory = await prepareMallory({ ...options, terminal: terminal.of('attacker') })
    mallory.start()
    await mallory.takeLeave()
    await mallory.close()
    assert.equal(shown().match(/never had a session with her/g)?.length, 2)
    assert.doesNotMatch(shown(), /to forget her|not told/)
  })

  describe('between two peers here', () => {
    /** The honest ones, and hers: m faces a, n faces b. */
    let [a, b, m, n] = [0, 0, 0, 0]
    let hers: Command
    let ana: Command
    let bob: Command | undefined
    let wire: Awaited<ReturnType<typeof recordingProxy>>
    before(async () => {
      ;[a = 0, b = 0, m = 0, n = 0] = await freePorts(4)
      wire = await recordingProxy(m)
      const between = `http://127.0.0.1:${a},http://127.0.0.1:${b}`
      const args = ['--listen', '127.0.0.1', '--ports', `${m},${n}`, '--between', between]
      hers = startCommand(['mallory', ...args])
      ana = startCommand(peer(a, wire.port))
      await Promise.all([hers.until(/(?:ready[\s\S]*){2}/), ana.ports(1)])
    })
    after(async () => {
      wire.close()
      for (const command of [hers, ana, bob]) command?.kill('SIGKILL')
    })
    const peer = (port: number, other: number) => [
      'peer',
      '--port',
      `${port}`,
      '--peer',
      `http://127.0.0.1:${other}`,
      '--no-state',
    ]

    it('sends nothing to an address that has sent her no keys', async () => {
      const unasked: net.Socket[] = []
      const server = net.createServer((socket) => unasked.push(socket)).listen(b, '127.0.0.1')
      await once(server, 'listening')
      try {
        assert.equal((await step(a, '/send_keys')).json.session, null)
        await hers.until(/waits +until 127\.0\.0\.1:\d+ has sent its keys/)
        // nor if she is told to, at her own port
        const { status, json } = await step(n, '/send_keys')
        assert.deepEqual([status, json.code], [502, 'peer_unreachable'])
        assert.match(json.detail, /before it has sent her keys/)
        assert.equal(unasked.length, 0)
      } finally {
        server.close()
        await once(server, 'close')
      }
      bob = startCommand(peer(b, n))
      await bob.ports(1)
      assert.equal(typeof (await step(b, '/send_keys')).json.session, 'string')
      assert.doesNotMatch(bob.output(), /session gone/)
      assert.notEqual((await step(a, '/show')).json.session, null)
    })

    it('gives a copy the answer of its original, and passes nothing on for it', async () => {
      assert.equal((await step(a, '/send_msg', posting(TEXT, 'once'))).status, 201)
      const sent = wire.recorded().toString('latin1')
      for (const route of ['/wire/keys', '/wire/message']) {
        const body = new RegExp(`^POST ${route} [^{]*({[^}]*})`, 'm').exec(sent)?.[1] ?? ''
        const copies = [1, 2].map(() => step(m, route, posting(JSON_TYPE, body)))
        const [one, two] = await Promise.all(copies)
        assert.deepEqual([one?.status, two?.status], [201, 201], one?.text)
        assert.equal(one?.text, two?.text)
        assert.ok(sent.includes(one?.text ?? '?'), one?.text)
      }
      assert.equal((await step(b, '/decrypt_msg')).json.decrypted, 1)
      const { passed } = await stateAt(n)
      // the keys of each and the text, once
      assert.equal(passed.length, 2)
    })

    it('gives it the refusal too, and a later one is another attempt', async () => {
      // the receiver is not there for now
      bob?.kill('SIGSTOP')
      const { status, json } = await step(a, '/send_msg', posting(TEXT, 'twice'))
      assert.deepEqual([status, json.code], [504, 'in_doubt'])
      bob?.kill('SIGCONT')
      assert.equal((await step(a, '/send_msg')).status, 201)
      assert.equal((await step(b, '/decrypt_msg')).json.decrypted, 1)
      await bob?.until(/SECRET message 1 +twice\n/)
    })

    it('says in each row what she is, and in the end how to forget her', async () => {
      hers.kill('SIGINT')
      assert.equal(await hers.ended, 0)
      const rows = hers
        .output()
        .split('\n')
        .filter((row) => row !== '')
      for (const row of rows) assert.match(row, /^attacker +\S/)
      for (const [port, command] of [
        [a, ana],
        [b, bob],
      ] as const) {
        const said = hers.output().replaceAll(/\nattacker +/g, ' ')
        assert.match(said, new RegExp(`to forget her, 127.0.0.1:${port} .* \\.duet/${port}/peer`))
        await step(port, '/decrypt_msg')
        await command?.until(/SECRET message \d +I was Mallory, .* remove \.duet\/\d+\/peer/)
      }
    })

    /** The state that her page gets from one of her ports. */
    async function stateAt(port: number) {
      const abort = new AbortController()
      const { body } = await fetch(`http://127.0.0.1:${port}/mallory/1/events`, abort)
      let text = ''
      for await (const more of body ?? []) {
        text += Buffer.from(more).toString()
        const state = /^data: (.*"passed".*)\n/m.exec(text)?.[1]
        if (state !== undefined) return JSON.parse(state)
      }
    }
  })
})

const skip =
  spawnSync('curl', ['--version']).status === 0 ? noNetwork() : ('there is no curl here' as const)

describe('Mallory on a network', { skip }, () => {
  const recipe = commandsOf(documentAt('src/classroom/lab/mallory/README.md').text).filter((line) =>
    /HOST=|LISTEN=/.test(line),
  )

  for (const family of ['IPv4', 'IPv6'] as const)
    it(
      `sits between two machines that name her, and lets nobody else in, on ${family}`,
      {
        skip:
          family === 'IPv6' && !SLOW && 'starts three programs once more, for IPv6: SLOW=1 runs it',
      },
      () =>
        withNetwork(
          4,
          async ({ under, address, address6 }) => {
            const is4 = family === 'IPv4'
            const at = (i: number) => (is4 ? address(i) : address6(i))
            const url = (i: number, port: number) =>
              is4 ? `http://${at(i)}:${port}` : `http://[${at(i)}]:${port}`
            // the README's machines, and what its lines start there
            const [first = '', ...rest] = recipe
            const there = { '192.168.1.5': 2, '192.168.1.10': 0, '192.168.1.11': 1 }
            const placed = (word: string) =>
              word
                .replaceAll(/http:\/\/([\d.]+):/g, (_, each: keyof typeof there) =>
                  url(there[each], 0).replace(/0$/, ''),
                )
                .replace(/^(?:\d+\.){3}\d+$/, (each) => at(there[each as keyof typeof there]))
            const args = (line: string) => startedBy(line, [5000, 5001, 5002, 5003]).map(placed)
            assert.equal(rest.length, 2)
            const started = (i: number, line: string, more: string[] = []) => ({
              args: [...args(line), ...more],
              options: { program: [...under(i), process.execPath, MAIN] },
            })
            const [mallory, one, two] = [
              started(2, first, ['--alter', 'noon=midnight']),
              started(0, rest[0] ?? ''),
              started(1, rest[1] ?? ''),
            ] as const
            const curl = async (i: number, to: string, ...options: string[]) => {
              const words = [
                'curl',
                '-s',
                '-g',
                '--max-time',
                '20',
                '--noproxy',
                '*',
                to,
                ...options,
              ]
              const [program = '', ...more] = [...under(i), ...words]
              return JSON.parse((await run(program, more)).stdout)
            }
            const own = (i: 0 | 1, path: string, ...options: string[]) =>
              curl(i, `http://127.0.0.1:${5000 + i}${path}`, ...options)
            await withCommand(mallory.args, mallory.options, (hers) =>
              withCommand(one.args, one.options, (ana) =>
                withCommand(two.args, two.options, async (bob) => {
                  for (const each of [ana, bob]) await each.ports(1)
                  await hers.until(/(?:to bring in[\s\S]*){2}/)

                  // a third machine: by every route, and as if it were one of the two
                  const json = ['-H', 'Content-Type: application/json', '-d', '{}']
                  for (const port of [5000, 5001]) {
                    for (const route of ['/wire/keys', '/wire/message', '/wire/image']) {
                      const { code, detail } = await curl(3, url(2, port) + route, ...json)
                      assert.equal(code, 'not_between')
                      assert.ok(!detail.includes(at(0)) && !detail.includes(at(1)), detail)
                    }
                    for (const route of ['/', '/show', '/mallory/0/events', '/mallory/page.js'])
                      assert.equal((await curl(3, url(2, port) + route)).code, 'owner_only')
                  }
                  const as = (host: string) => ['-H', `Host: ${host}`, ...json]
                  for (const [i, host, code] of [
                    [3, new URL(url(0, 5000)).host, 'not_between'],
                    [3, '127.0.0.1:5001', 'not_between'],
                    [0, 'attacker.example', 'bad_host'],
                    // one of the two, at the port of the other one
                    [1, new URL(url(2, 5001)).host, 'not_between'],
                  ] as const)
                    assert.equal(
                      (await curl(i, `${url(2, 5001)}/wire/keys`, ...as(host))).code,
                      code,
                    )
                  assert.doesNotMatch(hers.output(), /named her/)

                  const { next, session } = await own(0, '/send_keys')
                  assert.deepEqual(
                    [session, next],
                    [null, 'curl http://127.0.0.1:5001/send_keys   # on the other machine'],
                  )
                  assert.doesNotMatch(bob.output(), /received/)
                  assert.equal(typeof (await own(1, '/send_keys')).session, 'string')
                  const [ofA, ofB] = [await own(0, '/show'), await own(1, '/show')]
                  assert.notEqual(ofA.safetyNumber, ofB.safetyNumber)
                  const number = `number=${ofB.safetyNumber}`
                  const compared = await own(0, '/compare', '--data-urlencode', number)
                  assert.equal(compared.code, 'number_differs')
                  await own(0, '/send_msg', '--data-urlencode', 'text=Meet me at noon')
                  assert.equal((await own(1, '/decrypt_msg')).decrypted, 1)
                  await bob.until(/SECRET message 0 +Meet me at midnight\n/)
                  assert.equal((await own(1, '/send_image')).sent, true)
                  const [, file = ''] = await ana.until(/decrypted to (\S+)\n/)
                  assert.deepEqual(fs.readFileSync(file), SAMPLE)

                  hers.kill('SIGINT')
                  assert.equal(await hers.ended, 0, hers.errors())
                  assert.match(hers.output(), /SECRET message 0 +Meet me at noon\n/)
                  assert.ok(!fs.existsSync(/decrypted to (\S+)\n/.exec(hers.output())?.[1] ?? '/'))
                  for (const [i, each] of [ana, bob].entries()) {
                    await own(i as 0 | 1, '/decrypt_msg')
                    await each.until(/SECRET message \d +I was Mallory, an attacker of the lab/)
                  }
                }),
              ),
            )
          },
          PRIVATE,
        ),
    )
})
