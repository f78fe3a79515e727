/** Mallory between two running peers: what she reads and changes, what she can't, and what she leaves behind. */

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { loopbackOrigin } from '../src/loopback.ts'
import { MAX_WAITING } from '../src/protocol/exchange.ts'
import { MAX_TEXT_BYTES } from '../src/protocol/messages.ts'
import { SUITES } from '../src/protocol/suites.ts'
import { type Answer, call } from './helpers/call.ts'
import { type Command, runCommand, withCommand } from './helpers/command.ts'
import { documentAt, shellLines } from './helpers/documents.ts'
import { freePorts } from './helpers/ports.ts'
import { linesOf, secretsOf } from './helpers/with-peers.ts'

const root = path.resolve(import.meta.dirname, '..')
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-mallory-'))
after(() => fs.rmSync(folder, { recursive: true }))

const step = (port: number, path: string) => call(`http://127.0.0.1:${port}${path}`)
const say = (port: number, body: string): Promise<Answer> =>
  call(`http://127.0.0.1:${port}/send_msg`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body,
  })
const send = (port: number, file: string): Promise<Answer> =>
  call(`http://127.0.0.1:${port}/send_image`, {
    method: 'POST',
    headers: { 'content-type': 'image/png' },
    body: fs.readFileSync(file),
  })
const imageAt = async (port: number): Promise<Buffer> => {
  const response = await fetch(`http://127.0.0.1:${port}/image`)
  return Buffer.from(await response.arrayBuffer())
}
const SAMPLE = path.join(root, 'src/sample/curve.png')

interface Four {
  command: Command
  /** The two honest ones. */
  a: number
  b: number
  /** Hers: m faces a, n faces b. */
  m: number
  n: number
}

/** Mallory and the two between whom she sits, in one process. */
async function withFour(args: string[], use: (four: Four) => Promise<void>): Promise<void> {
  const [portA, portB] = await freePorts(2)
  const between = `http://127.0.0.1:${portA},http://127.0.0.1:${portB}`
  await withCommand(
    ['mallory', '--ports', '0,0', '--between', between, ...args],
    {},
    async (command) => {
      const [m = 0, n = 0, a = 0, b = 0] = await command.ports(4)
      await use({ command, a, b, m, n })
    },
  )
}

/** Ends the command, and returns what it printed as SECRET and otherwise, for each port. */
async function endOf(command: Command, ports: number[]) {
  command.kill('SIGINT')
  assert.equal(await command.ended, 0)
  return ports.map((port) => {
    const lines = linesOf(command.output(), port)
    return { lines, secrets: secretsOf(lines) }
  })
}

const agree = async (a: number, b: number) => {
  assert.equal((await step(a, '/send_keys')).status, 201)
  assert.equal(typeof (await step(b, '/send_keys')).json.session, 'string')
}

for (const { name, kem } of Object.values(SUITES))
  describe(`Mallory between strangers on ${name}`, () => {
    /** So many secrets a session shows. */
    const shared = kem === null ? 1 : 2
    const strangers = ['--with', 'strangers', '--curve', name]

    it('lets every step succeed, and has each text in clear', () =>
      withFour(strangers, async ({ command, a, b, m, n }) => {
        const first = await step(a, '/send_keys')
        const next = `curl http://127.0.0.1:${b}/send_keys`
        assert.deepEqual(first.json, { sent: true, session: null, next })
        const second = await step(b, '/send_keys')
        assert.equal(typeof second.json.session, 'string')
        const shown = [(await step(a, '/show')).json, (await step(b, '/show')).json]
        assert.equal(shown[1].session.id, second.json.session)
        assert.equal(shown[0].peer.url, `http://127.0.0.1:${b}`)
        for (const [from, to] of [[a, b] as const, [b, a] as const]) {
          assert.equal((await step(from, '/send_msg')).status, 201)
          assert.equal((await say(from, `from ${from}, with $& and ümlauts`)).json.seq, 1)
          assert.equal((await step(to, '/decrypt_msg')).json.decrypted, 2)
        }
        const [ofA, ofB, ofM, ofN] = await endOf(command, [a, b, m, n])
        const texts = (port: number) => [
          `This is a secret message from port ${port}!`,
          `from ${port}, with $& and ümlauts`,
        ]
        const withA = ofM?.secrets.slice(0, shared) ?? []
        const withB = ofN?.secrets.slice(0, shared) ?? []
        assert.deepEqual(ofM?.secrets, [...withA, ...texts(a)])
        assert.deepEqual(ofN?.secrets, [...withB, ...texts(b)])
        assert.deepEqual(ofA?.secrets, [...withA, ...texts(b)])
        assert.deepEqual(ofB?.secrets, [...withB, ...texts(a)])
        for (const secret of [...withA, ...withB]) assert.match(secret, /^[0-9a-f]{64}$/)
        assert.equal(new Set([...withA, ...withB]).size, 2 * shared)
        assert.match(command.errors(), /^ecdh-duet: secrets go to standard output[^\n]*\n$/)
      }))

    it('is given away by the safety numbers, and knows it', () =>
      withFour(strangers, async ({ command, a, b, m, n }) => {
        await agree(a, b)
        await agree(b, a)
        const [ofA, ofB] = [(await step(a, '/show')).json, (await step(b, '/show')).json]
        assert.notEqual(ofA.safetyNumber, ofB.safetyNumber)
        const [toA, toB] = [(await step(m, '/show')).json, (await step(n, '/show')).json]
        assert.deepEqual([ofA.peer.identity, ofB.peer.identity], [toA.identity, toB.identity])
        for (const lines of await endOf(command, [m, n]).then((ends) =>
          ends.map((end) => end.lines),
        ))
          assert.equal(lines.filter((line) => line.startsWith('·  safety number')).length, 1)
        const numbers = command.output().matchAll(/^(\d+) {2}· {2}safety number +([\d ]+\d)/gm)
        const shown = new Map([...numbers].map(([, port, number]) => [Number(port), number]))
        assert.deepEqual([shown.get(m), shown.get(n)], [ofA.safetyNumber, ofB.safetyNumber])
        assert.deepEqual([shown.get(a), shown.get(b)], [ofA.safetyNumber, ofB.safetyNumber])
      }))

    it('changes a text on its way, and nothing shows it', () =>
      withFour([...strangers, '--alter', 'noon=$&midnight'], async ({ command, a, b, m, n }) => {
        await agree(a, b)
        assert.equal((await say(a, 'Meet me at noon. At noon!')).status, 201)
        assert.equal((await say(a, 'Bring the key')).status, 201)
        assert.equal((await step(b, '/decrypt_msg')).json.decrypted, 2)
        const [ofB, ofM, ofN] = await endOf(command, [b, m, n])
        const changed = 'Meet me at $&midnight. At $&midnight!'
        assert.deepEqual(ofB?.secrets, [changed, 'Bring the key'])
        assert.deepEqual(ofM?.secrets.slice(shared), ['Meet me at noon. At noon!', 'Bring the key'])
        assert.deepEqual(ofN?.secrets.slice(shared), [changed])
      }))

    it('passes pictures on as they are, and has a copy while she runs', () =>
      withFour(strangers, async ({ command, a, b, m, n }) => {
        await agree(a, b)
        const large = path.join(folder, `large-${name}.png`)
        const content = Buffer.alloc(3_000_001, fs.readFileSync(SAMPLE))
        fs.writeFileSync(large, content)
        assert.equal((await send(a, large)).status, 201)
        assert.equal((await step(b, '/send_image')).status, 201)
        for (const port of [m, b]) assert.deepEqual(await imageAt(port), content)
        for (const port of [n, a]) assert.deepEqual(await imageAt(port), fs.readFileSync(SAMPLE))
        const copies = [...command.output().matchAll(/decrypted to (\S+)/g)].map(([, file]) => file)
        assert.equal(copies.length, 4)
        for (const file of copies) assert.ok(fs.existsSync(file ?? ''))
        const [, ofB] = await endOf(command, [a, b])
        assert.ok(ofB?.lines.some((line) => line.startsWith('←  picture')))
        for (const file of copies) assert.equal(fs.existsSync(file ?? ''), false)
      }))

    it('keeps up with both sides sending their keys at once, eight times each', () =>
      withFour(strangers, async ({ a, b }) => {
        const ports = Array.from({ length: 8 }, () => [a, b]).flat()
        const answers = await Promise.all(ports.map((port) => step(port, '/send_keys')))
        assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]))
        for (const port of [a, b]) assert.equal((await step(port, '/send_msg')).status, 201)
        for (const port of [a, b])
          assert.equal((await step(port, '/decrypt_msg')).json.decrypted, 1)
      }))
  })

for (const { name } of Object.values(SUITES))
  describe(`Mallory between two who have met on ${name}`, () => {
    const state = path.join(folder, `met-${name}`)
    const honest = async (ports: [number, number]) => {
      const [a, b] = ports
      const args = ['both', '--ports', `${a},${b}`, '--state', state, '--curve', name]
      let number = ''
      await withCommand(args, {}, async (both) => {
        await both.ports(2)
        await agree(a, b)
        const shown = [(await step(a, '/show')).json, (await step(b, '/show')).json]
        assert.equal(shown[0].safetyNumber, shown[1].safetyNumber)
        number = shown[0].safetyNumber
        both.kill()
        await both.ended
      })
      return number
    }
    const between = async (use: (four: Four) => Promise<void>) => {
      const [a = 0, b = 0] = await freePorts(2)
      const number = await honest([a, b])
      const before = contentsOf(state)
      const urls = `http://127.0.0.1:${a},http://127.0.0.1:${b}`
      const args = ['--ports', '0,0', '--between', urls, '--with', 'known', '--state', state]
      await withCommand(['mallory', ...args, '--curve', name], {}, async (command) => {
        const [m = 0, n = 0] = await command.ports(4)
        await use({ command, a, b, m, n })
      })
      assert.deepEqual(contentsOf(state), before, 'what they remember is as it was')
      assert.equal(await honest([a, b]), number)
    }

    it('gets identity_changed, then confirm_failed, and they get no session', () =>
      between(async ({ command, a, b, m, n }) => {
        for (const port of [a, b, a]) {
          const { status, json } = await step(port, '/send_keys')
          assert.deepEqual([status, json.session], [201, null])
        }
        for (const port of [a, b]) {
          assert.equal((await step(port, '/show')).json.session, null)
          assert.equal((await say(port, 'psst')).json.code, 'no_session')
          assert.equal((await step(port, '/decrypt_msg')).json.code, 'nothing_waiting')
        }
        const [ofM, ofN, ofA, ofB] = await endOf(command, [m, n, a, b])
        for (const [hers, victim] of [
          [ofM, a],
          [ofN, b],
        ] as const) {
          const refused = hers?.lines.filter((line) => line.startsWith('✗  refused')) ?? []
          assert.match(refused[0] ?? '', new RegExp(`by ${victim}: identity_changed$`))
          assert.match(refused.at(-1) ?? '', new RegExp(`by ${victim}: confirm_failed$`))
          assert.deepEqual(hers?.secrets, [])
        }
        for (const victim of [ofA, ofB])
          for (const code of ['identity_changed', 'confirm_failed'])
            assert.ok(victim?.lines.some((line) => line.includes(`POST /wire/keys  ${code}`)))
      }))
  })

describe('a loopback address', () => {
  const here = {
    '127.0.0.1': '127.0.0.1',
    '127.9.8.7': '127.9.8.7',
    '127.1': '127.0.0.1',
    '2130706433': '127.0.0.1',
    '0x7f.1': '127.0.0.1',
    '127.0.0.1.': '127.0.0.1',
    // a name, which somebody's resolver may have elsewhere
    localhost: '127.0.0.1',
    '[::1]': '[::1]',
    '[0:0::1]': '[::1]',
  }
  const elsewhere = [
    '192.168.1.10',
    '0.0.0.0',
    '[::2]',
    '[::]',
    '128.0.0.1',
    '127.0.0.1.example.com',
    'localhost.',
    'localhost.example.com',
    '127.0.0.1@example.com',
    '[::ffff:127.0.0.1]',
  ]
  for (const [host, address] of Object.entries(here))
    it(`may be ${host}`, () =>
      assert.equal(loopbackOrigin(`http://${host}:5000`), `http://${address}:5000`))
  for (const host of elsewhere)
    it(`is not ${host}`, () => assert.equal(loopbackOrigin(`http://${host}:5000`), null))
})

describe('Mallory', () => {
  it('goes between two that were started with her in the place of the other, as her README has it', async () => {
    const readme = documentAt('src/lab/mallory/README.md').text
    const commands = shellLines(readme, 'In three terminals')
    assert.equal(commands.length, 3)
    const ports = await freePorts(4)
    const [a = 0, b = 0, m = 0, n = 0] = ports
    const [peerA = [], peerB = [], mallory = []] = commands.map((line) =>
      line
        .replace('node dist/main.js ', '')
        .replaceAll(/\b500([0-3])\b/g, (_, i) => `${ports[i]}`)
        .split(' '),
    )
    await withCommand(mallory, {}, async (hers) => {
      await hers.ports(2)
      await hers.until(
        new RegExp(`to bring in ${a} .*--peer http://127.0.0.1:${m} --curve X25519 --no-state`),
      )
      await hers.until(new RegExp(`not there .*http://127.0.0.1:${b} yet`))
      await withCommand(peerA, {}, (one) =>
        withCommand(peerB, {}, async (two) => {
          await Promise.all([one.ports(1), two.ports(1)])
          await agree(a, b)
          assert.equal((await say(a, 'psst')).status, 201)
          assert.equal((await step(b, '/decrypt_msg')).json.decrypted, 1)
          await two.until(/SECRET message 0 +psst\n/)
          await hers.until(new RegExp(`^${m} .*SECRET message 0 +psst\n`, 'm'))

          two.kill()
          await two.ended
          const { status, json } = await say(a, 'are you there?')
          assert.deepEqual(
            [status, json.code, json.peer_code],
            [502, 'peer_refused', 'peer_unreachable'],
          )
        }),
      )
      assert.equal(hers.errors().includes('psst'), false)
      const [ofM] = await endOf(hers, [m, n])
      assert.equal(ofM?.secrets.at(-1), 'are you there?', 'she has read it all the same')
    })
  })

  it('passes refusals back, with the code that the far end gave', () =>
    withFour(['--with', 'strangers'], async ({ a, b }) => {
      const early = (await step(a, '/send_msg')).json
      assert.equal(early.code, 'no_session')
      await agree(a, b)
      for (let i = 0; i < MAX_WAITING; i++) assert.equal((await say(a, `${i}`)).status, 201)
      const { status, json } = await say(a, 'one too many')
      assert.deepEqual([status, json.code, json.peer_code], [502, 'peer_refused', 'inbox_full'])
      assert.equal((await step(b, '/decrypt_msg')).json.decrypted, MAX_WAITING)
      assert.equal((await say(a, 'again')).status, 201)
      assert.equal((await step(b, '/decrypt_msg')).json.decrypted, 1)
    }))

  for (const [alteration, changed] of [
    ['not =', ['Do go', '!']],
    ['not ==x=', ['Do =x=go', '=x=!']],
  ] as const)
    it(`takes what is before the first = as what to change: ${alteration}`, () =>
      withFour(['--with', 'strangers', '--alter', alteration], async ({ command, a, b }) => {
        await agree(a, b)
        for (const text of ['Do not go', 'not !']) assert.equal((await say(a, text)).status, 201)
        assert.equal((await step(b, '/decrypt_msg')).json.decrypted, 2)
        const [ofB] = await endOf(command, [b])
        assert.deepEqual(ofB?.secrets, changed)
      }))

  it('passes a text on as it is if the change makes it too long', () =>
    withFour(
      ['--with', 'strangers', '--alter', `x=${'y'.repeat(MAX_TEXT_BYTES)}`],
      async ({ command, a, b }) => {
        await agree(a, b)
        assert.equal((await say(a, '-x-')).status, 201)
        assert.equal((await step(b, '/decrypt_msg')).json.decrypted, 1)
        const [ofB] = await endOf(command, [b])
        assert.deepEqual(ofB?.secrets, ['-x-'])
      },
    ))

  it('starts no known ones that have not met, who would remember her', async () => {
    const state = path.join(folder, 'nobody')
    const { code, output, errors } = await runCommand([
      ...['mallory', '--with', 'known', '--state', state, '--ports', '0,0'],
    ])
    assert.deepEqual([code, output], [1, ''])
    assert.match(errors, /^ecdh-duet: .*5000: This peer has met nobody on X25519 yet\..*\n$/)
    assert.equal(fs.existsSync(state), false)
  })

  for (const [i, whose] of [
    'hers, to the first',
    'hers, to the second',
    'the first',
    'the second',
  ].entries())
    it(`says that a port is taken before anybody is ready, and leaves nothing running: ${whose}`, async () => {
      const ports = await freePorts(4)
      const [m, n, a, b] = ports
      const other = net.createServer().listen(ports[i], '127.0.0.1')
      await once(other, 'listening')
      try {
        const between = `http://127.0.0.1:${a},http://127.0.0.1:${b}`
        const args = ['--ports', `${m},${n}`, '--between', between, '--with', 'strangers']
        const { code, output, errors } = await runCommand(['mallory', ...args])
        assert.deepEqual([code, output], [1, ''])
        assert.match(errors, new RegExp(`^ecdh-duet: port ${ports[i]} is taken; .*PORT_M=.*\\n$`))
      } finally {
        other.close()
        await once(other, 'close')
      }
    })

  it('attacks nobody on another machine, and says why', async () => {
    const between = 'http://127.0.0.1:5001,http://192.168.1.10:5000'
    const { code, output, errors } = await runCommand(['mallory', '--between', between])
    assert.deepEqual([code, output], [2, ''])
    assert.match(errors, /Attacks go to this machine only.*loopback/)
  })

  for (const [what, ...args] of [
    ['one URL', '--between', 'http://127.0.0.1:5000'],
    ['the same URL twice', '--between', 'http://127.0.0.1:5000,http://127.0.0.1:5000'],
    ['a change of nothing', '--alter', '=midnight'],
    ['a change into nothing said', '--alter', 'noon'],
    ['unknown company', '--with', 'friends'],
  ])
    it(`exits with 2 on ${what}`, async () => {
      const { code, output } = await runCommand(['mallory', ...args])
      assert.deepEqual([code, output], [2, ''])
    })
})

const noMake = spawnSync('make', ['--version']).status === 0 ? false : 'there is no make here'

describe('make run-mallory', () => {
  it('brings up all four in one terminal, and Ctrl-C ends all', { skip: noMake }, async () => {
    const [a = 0, b = 0, m = 0, n = 0] = await freePorts(4)
    const names = { PORT_A: a, PORT_B: b, PORT_M: m, PORT_N: n, CURVE: 'P-256' }
    const variables = Object.entries(names).map(([name, value]) => `${name}=${value}`)
    // what was built is what is tested
    const make = ['-o', 'dist/main.js', 'run-mallory', "ALTER=o'clock=at night", ...variables]
    const child = spawn('make', make, {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const closed = once(child, 'close')
    let output = ''
    try {
      for await (const text of child.stdout.setEncoding('utf8')) {
        output += text
        if (output.includes(`${b}  ·  to begin`)) break
      }
      assert.match(output, /P-256/)
    } finally {
      process.kill(-(child.pid ?? 0), 'SIGINT')
      await closed
    }
    for (const port of [a, b, m, n]) await assert.rejects(step(port, '/'), { code: 'ECONNREFUSED' })
  })
})

/** Every file below `dir`, with what is in it. */
function contentsOf(dir: string): Record<string, string> {
  const files = fs.readdirSync(dir, { recursive: true, withFileTypes: true })
  const paths = files
    .filter((file) => file.isFile())
    .map((file) => path.join(file.parentPath, file.name))
  return Object.fromEntries(paths.sort().map((file) => [file, fs.readFileSync(file, 'utf8')]))
}
