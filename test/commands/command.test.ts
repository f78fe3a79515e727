/** Whole runs of the built command: the steps, restarts, an impostor, and how it ends. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import os from 'node:os'
import { describe, it } from 'node:test'
import { wrongNode } from '../../src/commands/nodeVersion.ts'
import { onOtherPorts } from '../../src/commands/otherPorts.ts'
import { programName, programWords } from '../../src/disk/programName.ts'
import { launchAll } from '../../src/launch.ts'
import { SUITES, type Suite } from '../../src/protocol/suites.ts'
import { forgetful, openMemory } from '../../src/state/openMemory.ts'
import { call, posting, TEXT } from '../helpers/call.ts'
import {
  type Command,
  hasty,
  runCommand,
  sharedProcess,
  usage,
  withCommand,
} from '../helpers/command.ts'
import { folderForEach } from '../helpers/files.ts'
import { freePorts } from '../helpers/ports.ts'
import { keptTerminal } from '../helpers/terminal.ts'
import { until } from '../helpers/until.ts'
import { linesOf, secretsOf, withOnePeer, withPeers } from '../helpers/with-peers.ts'

const at = folderForEach()

const step = (port: number, path: string, options = {}) =>
  call(`http://127.0.0.1:${port}${path}`, options)

/**
 * Ends `both` by SIGTERM while somebody is connected, and reads what is left of its output once it listens no more.
 * Returns what it printed as SECRET for each port.
 */
async function secretsAtTheEnd(both: Command, ports: [number, number]): Promise<string[][]> {
  const idle = net.connect(ports[0], '127.0.0.1')
  await once(idle, 'connect')
  idle.write('POST /wire/keys HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n')
  idle.on('error', () => {})
  both.kill('SIGTERM')
  for (const port of ports) await until(async () => !(await step(port, '/').catch(() => null)))
  both.child.stdout?.resume()
  assert.equal(await both.ended, 0)
  return ports.map((port) => secretsOf(linesOf(both.output(), port)))
}

const onlyLinux = process.platform !== 'linux' && 'only Linux has 127.0.0.2 without being told'

/** The six steps, again and in any order. Returns the safety number. */
async function sixSteps([a, b]: [number, number]): Promise<string> {
  const first = (await step(a, '/send_keys')).json
  assert.deepEqual([first.session, first.next], [null, `curl http://127.0.0.1:${b}/send_keys`])
  const { session, next } = (await step(b, '/send_keys')).json
  assert.match(session, /^[0-9a-f]{32}$/)
  assert.equal(next, `curl http://127.0.0.1:${a}/show`)
  const [one, two] = [(await step(a, '/show')).json, (await step(b, '/show')).json]
  assert.deepEqual([one.session.id, two.session.id], [session, session])
  assert.equal(one.safetyNumber, two.safetyNumber)
  const sent = (await step(a, '/send_msg')).json
  assert.deepEqual([sent.sent, sent.session, sent.seq], [true, session, 0])
  assert.equal((await step(b, '/decrypt_msg')).json.decrypted, 1)

  // the other port first, POST as well as GET, each step more than once
  for (const port of [b, b, a, a])
    assert.equal((await step(port, '/send_keys', { method: 'POST' })).status, 201)
  await step(b, '/send_keys')
  for (const port of [a, b, a, b]) await step(port, '/show')
  for (const port of [a, b, a]) assert.equal((await step(port, '/send_msg')).status, 201)
  assert.equal((await step(b, '/decrypt_msg')).json.decrypted, 2)
  assert.equal((await step(a, '/decrypt_msg')).json.decrypted, 1)

  // both sides at once
  const answers = await Promise.all([a, b, a, b].map((port) => step(port, '/send_keys')))
  for (const { status } of answers) assert.equal(status, 201)
  const ids = [(await step(a, '/show')).json.session.id, (await step(b, '/show')).json.session.id]
  assert.equal(ids[0], ids[1])
  assert.equal((await step(a, '/send_msg')).status, 201)
  assert.equal((await step(b, '/decrypt_msg')).json.decrypted, 1)
  return one.safetyNumber
}

/** What the terminals show as SECRET after these steps: with a KEM, what it carried beside what the curve gives. */
function assertSecrets({ kem }: Suite, ports: number[], [ofA = [], ofB = []]: string[][]): void {
  const [textA, textB] = ports.map((port) => `This is a secret message from port ${port}!`)
  const perShow = kem === null ? 1 : 2
  const shared = ofA.filter((secret) => secret !== textB)
  for (const secret of shared) assert.match(secret, /^[0-9a-f]{64}$/)
  assert.equal(new Set(shared).size, 3 * perShow)
  assert.deepEqual(ofA, [shared.slice(0, 3 * perShow), textB, shared.slice(3 * perShow)].flat())
  assert.deepEqual(
    ofB.filter((secret) => secret !== textA),
    shared,
  )
  assert.equal(ofB.filter((secret) => secret === textA).length, 4)
  assert.equal(ofB[perShow], textA)
}

/** A message of 16 KiB that came, whole. */
const LONG = new RegExp(`^← received message.* [0-9a-f]{${2 * (16 * 1024 + 16)}}$`)

/** Makes `both` say more than a pipe takes ahead of its reader, who has stopped to read. */
async function sayMuch(both: Command, [a, b]: [number, number]): Promise<void> {
  for (const port of [a, b]) await step(port, '/send_keys')
  both.child.stdout?.pause()
  const body = 'x'.repeat(16 * 1024)
  for (let i = 0; i < 10; i++) {
    const { status } = await step(a, '/send_msg', posting(TEXT, body))
    assert.equal(status, 201)
  }
}

describe('the six steps, again and in any order,', () => {
  it('run by `both` on X25519MLKEM768, which ends well on SIGTERM, and loses no line if its reader is slow', () => {
    const suite = SUITES.X25519MLKEM768
    const args = ['both', '--ports', '0,0', '--no-state', '--full', '--curve', suite.name]
    return withCommand(args, {}, async (both) => {
      const [a = 0, b = 0] = await both.ports(2)
      const ports: [number, number] = [a, b]
      const safetyNumber = await sixSteps(ports)
      await both.until(new RegExp(`safety number +${safetyNumber}`))
      await sayMuch(both, ports)
      assertSecrets(suite, ports, await secretsAtTheEnd(both, ports))
      const received = linesOf(both.output(), ports[1]).filter((line) => LONG.test(line))
      assert.equal(received.length, 10)
      assert.match(both.errors(), /^ecdh-duet: secrets go to standard output[^\n]*\n$/)
    })
  })
})

describe('ecdh-duet peer', () => {
  it('is still itself after a kill, and another one on its port is an impostor', async () => {
    const [a = 0, b = 0] = await freePorts(2)
    /** The one with its state in `b`, as a process. */
    const peer = async (use: (peer: Command) => Promise<void>) => {
      const args = ['peer', '--port', `${b}`, '--peer', `http://127.0.0.1:${a}`]
      await withCommand([...args, '--state', at('b')], {}, async (command) => {
        await command.ports(1)
        await use(command)
      })
    }
    const memory = openMemory(at('a'), SUITES.X25519.curve)
    const keysOnBoth = async () => {
      for (const port of [a, b]) assert.equal((await step(port, '/send_keys')).status, 201)
      return (await step(b, '/show')).json
    }
    const honest = { port: a, peerUrl: `http://127.0.0.1:${b}`, memory }
    await withOnePeer(honest, async ({ shown }) => {
      let before = ''
      await peer(async () => {
        before = (await keysOnBoth()).safetyNumber
      })
      await peer(async () => {
        const { safetyNumber, session, peer } = (await step(b, '/show')).json
        assert.deepEqual([safetyNumber, session, peer.known], [before, null, true])
        const refused = (await step(a, '/send_msg')).json
        assert.deepEqual([refused.code, refused.peer_code], ['peer_refused', 'unknown_session'])
        const mine = await keysOnBoth()
        const others = (await step(a, '/show')).json
        assert.equal(mine.session.id, others.session.id)
        assert.deepEqual([mine.peer.known, others.peer.known], [true, true])
        assert.equal((await step(a, '/send_msg')).status, 201)
        assert.equal((await step(b, '/decrypt_msg')).json.decrypted, 1)
      })
      await withOnePeer({ port: b, peerUrl: `http://127.0.0.1:${a}` }, async () => {
        await step(a, '/send_keys')
        const { json } = await step(b, '/send_keys')
        assert.deepEqual([json.code, json.peer_code], ['peer_refused', 'identity_changed'])
        assert.equal(JSON.stringify(json).includes(at()), false, 'no path goes to a stranger')
      })
      assert.match(shown(), /remove [^ ]*peer\.X25519\.pem, and start it again/)
    })
    // the owner expects the change, and does what the terminal says
    fs.rmSync(at('a', 'peer.X25519.pem'))
    const withoutPeer = { ...honest, memory: openMemory(at('a'), SUITES.X25519.curve) }
    await withOnePeer(withoutPeer, () =>
      withOnePeer({ port: b, peerUrl: `http://127.0.0.1:${a}` }, async () =>
        assert.equal(typeof (await keysOnBoth()).session.id, 'string'),
      ),
    )
  })

  for (const host of ['127.0.0.2', '::ffff:127.0.0.2'])
    it(`that listens on ${host} is at 127.0.0.1 too, for its owner`, { skip: onlyLinux }, () =>
      withPeers({ host }, async ({ port, lines }) => {
        for (const host of ['127.0.0.1', '127.0.0.2'])
          assert.equal((await call(`http://${host}:${port}/show`)).status, 200)
        const told = new RegExp(`^for the other +http://127\\.0\\.0\\.2:${port} `)
        assert.ok(lines().some((line) => told.test(line)))
      }),
    )
})

describe('a peer says at its start', () => {
  const saidBy = async (host: string, peerUrl: string) => {
    const { terminal, shown } = keptTerminal()
    const { close } = await launchAll({
      suite: SUITES.X25519,
      plans: [{ host, port: 0, peerUrl }],
      openMemory: () => forgetful(SUITES.X25519.curve),
      terminal,
      showsSecrets: true,
    })
    await close()
    return shown()
  }
  // an address of TEST-NET-1 (RFC 5737), which nobody is asked for
  const ANOTHER = 'http://192.0.2.1:5001'

  it('that the other one, on another machine, cannot call it, if it listens on loopback alone', async () => {
    for (const url of [ANOTHER, 'http://127.evil.example:5001'])
      assert.match(await saidBy('127.0.0.1', url), /one way [\s\S]*--host ADDRESS/)
    for (const url of ['http://localhost:5001', 'http://[::1]:5001', 'http://127.9.9.9:5001'])
      assert.doesNotMatch(await saidBy('127.0.0.1', url), /one way/)
    if (!onlyLinux) assert.match(await saidBy('127.0.0.2', ANOTHER), /one way/)
  })

  it('each address by which other machines reach it, if it listens on all', async () => {
    const addresses = Object.values(os.networkInterfaces())
      .flat()
      .flatMap((one) => (one?.internal === false && one.family === 'IPv4' ? one.address : []))
    const said = await saidBy('0.0.0.0', ANOTHER)
    const shown = [...said.matchAll(/for the other +http:\/\/([\d.]+):\d+/g)].map(([, at]) => at)
    assert.deepEqual(shown, addresses)
    assert.equal(/one way/.test(said), addresses.length === 0)
  })

  it('which port is meant by a URL without one', async () => {
    const said = await saidBy('127.0.0.1', 'http://localhost')
    assert.match(said, /other peer +http:\/\/localhost +\(port 80\)/)
  })
})

describe('the command', () => {
  const run = sharedProcess()

  it('is refused in one line where the address to listen on is none of this machine', async () => {
    // a link-local one without its interface, and what is too long for a name
    for (const host of ['fe80::1', 'x'.repeat(300)]) {
      const peer = ['peer', '--port', '0', '--peer', 'http://127.0.0.1:9', '--no-state']
      const { code, errors } = await run([...peer, '--host', host])
      assert.equal(code, 1)
      assert.equal(errors, `ecdh-duet: ${host} is not an address of this machine; see --host\n`)
    }
  })

  it('says that a port is taken and what to type, which works, and takes none', async () => {
    const server = net.createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const [free = 0] = await freePorts(1)
    try {
      const ports = `${free},${port}`
      const { code, output, errors } = await run(['both', '--ports', ports, '--no-state'])
      assert.deepEqual([code, output], [1, ''])
      const said = /^ecdh-duet: port (\d+) is taken; .*\n {4}node dist\/main\.js (.*)\n$/
      const [, taken, line = ''] = said.exec(errors) ?? []
      assert.equal(taken, `${port}`)
      const args = line.split(' ')
      assert.deepEqual([args[0], args[1], ...args.slice(3)], ['both', '--ports', '--no-state'])
      await withCommand(args, {}, async (both) => assert.equal(`${await both.ports(2)}`, args[2]))
    } finally {
      server.close()
    }
  })

  it('is shown with other ports as a shell takes it, and without its texts', async () => {
    const shown = (...args: string[]) => onOtherPorts(args, '/x/node_modules/.bin/ecdh-duet')
    const peer = await shown('peer', '--port=5000', '--message', 'psst', '--state', "it's here")
    assert.match(peer, /^npx ecdh-duet peer --port 8\d{3} --message '…' --state 'it'\\''s here'$/)
    assert.match(await shown('both', '--state', 'a\n  b'), / --state '…'$/)
    const between = ['--between', 'http://127.0.0.1:5000,http://127.0.0.1:5001']
    const alone = await shown('mallory', '--ports', '5000,5001', ...between, '--alter=psst=hush')
    const rest = `--alter '…' ${between.join(' ')}`
    assert.match(alone, new RegExp(`^npx ecdh-duet mallory --ports 8\\d{3},8\\d{3} ${rest}$`))
    assert.match(await shown('talk', '--port', '5000'), /^npx ecdh-duet talk --port 8\d{3}$/)
  })

  it('says that no browser opens the port, and ends although nobody reads what it said', () => {
    const args = ['both', '--ports', '6697,0', '--no-state']
    return withCommand(args, { node: hasty(20) }, async (both) => {
      const [a = 0, b = 0] = await both.ports(2)
      await sayMuch(both, [a, b])
      both.kill()
      if (both.child.exitCode === null) await once(both.child, 'exit')
      assert.equal(both.child.exitCode, 0)
      assert.match(both.errors(), /no browser opens port 6697; for the page take another one/)
      both.child.stdout?.resume()
    })
  })

  it('exits with 2 on nothing, and with 0 on --help and --version', async () => {
    const { code, output, errors } = await run([])
    assert.deepEqual([code, output], [2, ''])
    assert.match(errors, /^Usage: node dist\/main\.js /)
    for (const flag of ['--help', '--version']) assert.equal((await run([flag])).code, 0)
  })

  it('names itself as it was started: in the project, in a package, or by what npm put in place', () => {
    const [own, npx] = ['node dist/main.js', 'npx ecdh-duet']
    for (const file of ['/duet/dist/main.js', '/duet/dist/main'])
      assert.equal(programName(file), own)
    const elsewhere = ['/usr/bin/ecdh-duet', '/a/node_modules/ecdh-duet/dist/main.js', '']
    for (const file of elsewhere) assert.equal(programName(file), npx)
    const words = (cwd: string) => programWords(cwd, '/duet/dist/main.js').join(' ')
    assert.equal(words('/duet'), own)
    assert.equal(words('/peer'), 'node /duet/dist/main.js')
    const on = (runtime: 'bun' | 'deno') =>
      ['/duet/dist/main.js', ''].map((file) => programName(file, runtime))
    assert.deepEqual(on('bun'), ['bun dist/main.js', 'bunx --bun ecdh-duet'])
    assert.deepEqual(on('deno'), ['deno run -A dist/main.js', 'deno run -A npm:ecdh-duet'])
  })

  it('tells of a defect by a stack that names the sources', async () => {
    const broken = `import { Server } from 'node:net'
      Server.prototype.listen = () => { throw new TypeError('A defect.') }`
    const node = ['--import', `data:text/javascript,${encodeURIComponent(broken)}`]
    const { code, errors } = await runCommand(['both', '--ports', '0,0', '--no-state'], { node })
    assert.equal(code, 1)
    assert.match(errors, /^TypeError: A defect\.\n/)
    const frames = [...errors.matchAll(/ at (?:async )?(\w+) \((\S+):(\d+):\d+\)$/gm)]
    assert.deepEqual(
      frames.map(([, called]) => called),
      ['listen', 'prepare', 'launchAll', 'runPeers', 'untilTheEnd'],
    )
    // each of these lines is one of a source, in the function that the frame names
    for (const [frame, called, file = '', line] of frames) {
      assert.ok(!frame.includes('dist'), frame)
      const above = fs.readFileSync(file, 'utf8').split('\n').slice(0, Number(line)).join('\n')
      const functions = [...above.matchAll(/^(?:export )?(?:async )?function (\w+)/gm)]
      assert.equal(functions.at(-1)?.[1], called, frame)
    }
  })

  it('does nothing on a Node that is too old but say which it needs', async () => {
    const old = "Object.defineProperty(process, 'versions', { value: { node: '18.20.8' } })"
    const program = [process.execPath, '--import', `data:text/javascript,${old}`, 'dist/main.js']
    const { code, output, errors } = await runCommand(['both', '--ports', '0,0', '--no-state'], {
      program,
    })
    assert.deepEqual([code, output], [1, ''])
    assert.match(
      errors,
      /^ecdh-duet: This is Node 18\.20\.8, and this program needs 20\.19 or later: /,
    )
    for (const version of ['0.10.48', '14.21.3', '20.18.9'])
      assert.notEqual(wrongNode(version), null)
    for (const version of ['20.19.0', '20.20.2', '22.0.0', '24.11.1', '100.0.0'])
      assert.equal(wrongNode(version), null)
  })
})

describe('wrong usage', () => {
  const both = 'both --ports 0,0'
  const peer = 'peer --port 0 --peer http://127.0.0.1:9'
  const to = 'send --to http://127.0.0.1:5000'
  const wrong: [string, string][] = [
    ['an unknown command', 'trio'],
    ['an unknown option', 'both --loud'],
    ['one port', 'both --ports 5000'],
    ['the same port twice', 'both --ports 5000,5000'],
    ['a port too high', 'both --ports 5000,65536'],
    ['an unknown curve', 'both --curve P-384'],
    ['a text too long', `both --message ${'x'.repeat(16 * 1024 + 1)}`],
    ['something left over', 'both more'],
    ...['', '-1', '1.5', '1e3', '9007199254740992'].map((mib): [string, string] => [
      `"${mib}" MiB of pictures`,
      `${both} --keep-pictures ${mib}`,
    ]),
    ['a state to keep and none', `${both} --state x --no-state`],
    ['a mailbox for both', 'both --mailbox mail --mailbox-key k.pem'],
    ['a peer without its peer', 'peer --port 5000'],
    ['another protocol', 'peer --port 5000 --peer https://127.0.0.1:5001'],
    ['itself as the peer', 'peer --port 5000 --peer http://localhost:5000'],
    ['a query in the peer', 'peer --port 5000 --peer http://127.0.0.1:5001/?x'],
    ['a password in the peer', 'peer --port 5000 --peer http://me:pw@127.0.0.1'],
    ['an identity without a name', `${peer} --identity `],
    ['no state and one to keep', `${peer} --no-state --state x`],
    ['a mailbox without its key', `${peer} --mailbox mail`],
    ['a mailbox key without a mailbox', `${peer} --mailbox-key k.pem`],
    ['a mailbox without a name', `${peer} --mailbox  --mailbox-key `],
    ['keys in a folder without a name', 'keygen '],
    ['keys in two folders', 'keygen . more'],
    ['keys on no curve', 'keygen --curve ML-KEM-768'],
    ['a text to nobody', 'send x'],
    ['a text over another protocol', 'send --to https://127.0.0.1:5000 x'],
    ['a text to a path', 'send --to http://127.0.0.1:5000/message x'],
    ['a text to a password', 'send --to http://me:secret@127.0.0.1:5000 x'],
    ['a recipient without a name', `${to} --recipient  x`],
    ['two texts', `${to} x y`],
    ['a mailbox and no key to read it', 'watch mail'],
    ['a key and no mailbox', 'watch --key k.pem'],
    ['two mailboxes to read', 'watch mail more --key x'],
  ]
  for (const [what, line] of wrong)
    it(`is ${what}, and the help is named`, async () => {
      const args = line.split(' ')
      const said = await usage(args)
      assert.match(said, /^error: /)
      // in this process it is called as a package would be
      const help =
        args[0] === 'trio'
          ? '(npx ecdh-duet --help shows the commands)\n'
          : `(npx ecdh-duet ${args[0]} --help shows what it takes)\n`
      assert.equal(said.slice(-help.length), help)
    })
})
