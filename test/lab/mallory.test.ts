/** Mallory between two running peers: what she reads and changes, what she can't, and what she leaves behind. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parseAlteration } from '../../src/commands/arguments.ts'
import { MAX_WAITING } from '../../src/protocol/exchange.ts'
import { MAX_TEXT_BYTES } from '../../src/protocol/messages.ts'
import { SUITES, type Suite, type SuiteName } from '../../src/protocol/suites.ts'
import { call, posting, TEXT } from '../helpers/call.ts'
import {
  type Command,
  runCommand,
  sharedProcess,
  startCommand,
  usage,
  withCommand,
} from '../helpers/command.ts'
import { documentAt, root, shellLines } from '../helpers/documents.ts'
import { folderForAll } from '../helpers/files.ts'
import { freePorts } from '../helpers/ports.ts'
import { linesOf, secretsOf } from '../helpers/with-peers.ts'

const SLOW = process.env['SLOW'] === '1'
const at = folderForAll()

const step = (port: number, path: string, options = {}) =>
  call(`http://127.0.0.1:${port}${path}`, options)
const say = (port: number, body: string) => step(port, '/send_msg', posting(TEXT, body))
const imageAt = async (port: number) => (await step(port, '/image')).bytes
const SAMPLE = fs.readFileSync(path.join(root, 'src/sample/curve.png'))

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

/** What she is told to change: `from=to`, both as they stand there. */
const ALTER = 'noon=$&midnight'
const SAID = 'Meet me at noon. At noon!'
const CHANGED = 'Meet me at $&midnight. At $&midnight!'
/** The change would make it too long. */
const KEPT = `noon${'.'.repeat(MAX_TEXT_BYTES - 4)}`

for (const [name, { kem }] of Object.entries(SUITES) as [SuiteName, Suite][]) {
  // with a KEM she has to do all that she does without one
  const skip = kem === null && !SLOW && 'the lesson has her on X25519; all of it on each: SLOW=1'
  describe(`Mallory between strangers on ${name}`, { skip }, () => {
    const ownText = (port: number) => `This is a secret message from port ${port}!`
    const marked = (port: number) => `from ${port}, with $& and ümlauts`
    let command: Command
    /** The two honest ones, and hers: m faces a, n faces b. */
    let [a, b, m, n] = [0, 0, 0, 0]
    before(async () => {
      const between = (await freePorts(2)).map((port) => `http://127.0.0.1:${port}`).join()
      const args = ['--with', 'strangers', '--curve', name, '--alter', ALTER]
      command = startCommand(['mallory', '--ports', '0,0', '--between', between, ...args])
      ;[m = 0, n = 0, a = 0, b = 0] = await command.ports(4)
    })
    after(() => command.kill('SIGKILL'))

    it('lets every step succeed', async () => {
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
        assert.equal((await say(from, marked(from))).json.seq, 1)
        assert.equal((await step(to, '/decrypt_msg')).json.decrypted, 2)
      }
    })

    it('changes a text on its way, and nothing shows it', async () => {
      assert.equal((await say(a, SAID)).status, 201)
      assert.equal((await say(a, KEPT)).status, 201)
      assert.equal((await step(b, '/decrypt_msg')).json.decrypted, 2)
    })

    it('passes pictures on as they are, and has a copy', async () => {
      const large = Buffer.alloc(1_000_001, SAMPLE)
      assert.equal((await step(a, '/send_image', posting('image/png', large))).status, 201)
      assert.equal((await step(b, '/send_image')).status, 201)
      for (const port of [m, b]) assert.deepEqual(await imageAt(port), large)
      for (const port of [n, a]) assert.deepEqual(await imageAt(port), SAMPLE)
      await command.until(/(?:decrypted to [\s\S]*){4}/)
      assert.equal(copiesIn(command).length, 4)
      for (const file of copiesIn(command)) assert.ok(fs.existsSync(file))
    })

    it('is given away by the safety numbers', async () => {
      await agree(b, a)
      const [ofA, ofB] = [(await step(a, '/show')).json, (await step(b, '/show')).json]
      assert.notEqual(ofA.safetyNumber, ofB.safetyNumber)
      const [toA, toB] = [(await step(m, '/show')).json, (await step(n, '/show')).json]
      assert.deepEqual([ofA.peer.identity, ofB.peer.identity], [toA.identity, toB.identity])
      assert.deepEqual([ofA.safetyNumber, ofB.safetyNumber], [toA.safetyNumber, toB.safetyNumber])
    })

    it('keeps up with both sides sending their keys at once, four times each', async () => {
      const ports = Array.from({ length: 4 }, () => [a, b]).flat()
      const answers = await Promise.all(ports.map((port) => step(port, '/send_keys')))
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]))
      for (const port of [a, b]) assert.equal((await step(port, '/send_msg')).status, 201)
      for (const port of [a, b]) assert.equal((await step(port, '/decrypt_msg')).json.decrypted, 1)
    })

    it('passes refusals back, with the code that the far end gave', async () => {
      for (let i = 0; i < MAX_WAITING; i++) assert.equal((await say(a, `${i}`)).status, 201)
      const { status, json } = await say(a, 'one too many')
      assert.deepEqual([status, json.code, json.peer_code], [504, 'in_doubt', 'inbox_full'])
      assert.equal((await step(b, '/decrypt_msg')).json.decrypted, MAX_WAITING)
      // the same text again is the same message, for her too
      assert.equal((await say(a, 'one too many')).status, 201)
      assert.equal((await step(b, '/decrypt_msg')).json.decrypted, 1)
    })

    it('has had each text in clear, knew what gives her away, and leaves no copy', async () => {
      const copies = copiesIn(command)
      const [ofA, ofB, ofM, ofN] = await endOf(command, [a, b, m, n])
      assert.ok(ofA && ofB && ofM && ofN)
      for (const file of copies) assert.equal(fs.existsSync(file), false)
      assert.ok(ofB.lines.some((line) => line.startsWith('← received picture')))
      assert.match(command.errors(), /^ecdh-duet: secrets go to standard output[^\n]*\n$/)

      const numbers = Array.from({ length: MAX_WAITING }, (_, i) => `${i}`)
      const more = [ownText(a), ...numbers, 'one too many']
      const textsOf = ({ secrets }: { secrets: string[] }) =>
        secrets.filter((text) => !isShared(text))
      assert.deepEqual(textsOf(ofB), [ownText(a), marked(a), CHANGED, KEPT, ...more])
      assert.deepEqual(textsOf(ofM), [ownText(a), marked(a), SAID, KEPT, ...more])
      assert.deepEqual(textsOf(ofA), [ownText(b), marked(b), ownText(b)])
      assert.deepEqual(textsOf(ofN), [ownText(b), marked(b), CHANGED, ownText(b)])

      // the secrets of the first session, which each of the two has with her
      const shared = kem === null ? 1 : 2
      const [withA, withB, fromA, fromB] = [ofM, ofN, ofA, ofB].map(({ secrets }) =>
        secrets.filter(isShared).slice(0, shared),
      )
      assert.deepEqual([withA, withB], [fromA, fromB])
      assert.equal(new Set([withA, withB].flat()).size, 2 * shared)

      for (const { lines } of [ofM, ofN])
        assert.equal(lines.filter((line) => line.startsWith('· safety number')).length, 1)
      const told = command.output().matchAll(/^(\d+) \S+ · safety number(?:, \d+)? +([\d ]+\d)/gm)
      const shown = new Map([...told].map(([, port, number]) => [Number(port), number]))
      assert.deepEqual([shown.get(m), shown.get(n)], [shown.get(a), shown.get(b)])
      assert.notEqual(shown.get(a), shown.get(b))
    })
  })
}

const isShared = (text: string) => /^[0-9a-f]{64}$/.test(text)

/** Her copies of pictures, and what the two have received. */
const copiesIn = (command: Command) =>
  [...command.output().matchAll(/decrypted to (\S+)\n/g)].map(([, file = '']) => file)

describe('Mallory', () => {
  const run = sharedProcess()

  it('goes between two that were started with her in the place of the other, as her README has it', async () => {
    const readme = documentAt('src/classroom/lab/mallory/README.md').text
    const commands = shellLines(readme, 'In three terminals')
    assert.equal(commands.length, 3)
    const ports = await freePorts(4)
    const [a = 0, b = 0, m = 0, n = 0] = ports
    const [peerA = [], peerB = [], mallory = []] = commands.map((line) =>
      line
        .replaceAll(/\b500([0-3])\b/g, (_, i) => `${ports[i]}`)
        .split(' ')
        .slice(2),
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
          const codes = ['in_doubt', 'peer_unreachable']
          assert.deepEqual([status, json.code, json.peer_code], [504, ...codes])
        }),
      )
      assert.equal(hers.errors().includes('psst'), false)
      const [ofM] = await endOf(hers, [m, n])
      assert.equal(ofM?.secrets.at(-1), 'are you there?', 'she has read it all the same')
    })
  })

  it('starts no known ones that have not met, who would remember her', async () => {
    const state = at('nobody')
    const args = ['--with', 'known', '--state', state, '--ports', '0,0']
    const { code, output, errors } = await run(['mallory', ...args])
    assert.deepEqual([code, output], [1, ''])
    assert.match(errors, /^ecdh-duet: .*5000: This peer has met nobody on X25519 yet\..*\n$/)
    assert.equal(fs.existsSync(state), false)
  })

  it('says that a port is taken before anybody is ready, and leaves nothing running', async () => {
    // the last of them comes up when all others have
    const [m, n, a, b] = await freePorts(4)
    const other = net.createServer().listen(b, '127.0.0.1')
    await once(other, 'listening')
    try {
      const between = `http://127.0.0.1:${a},http://127.0.0.1:${b}`
      const args = ['--ports', `${m},${n}`, '--between', between, '--with', 'strangers']
      const { code, output, errors } = await runCommand(['mallory', ...args])
      assert.deepEqual([code, output], [1, ''])
      const line =
        / {4}node dist\/main\.js mallory --ports \d+,\d+ --between (\S+) --with strangers\n$/
      assert.match(errors, new RegExp(`^ecdh-duet: port ${b} is taken; [^\n]+\\n`))
      assert.notEqual(line.exec(errors)?.[1], between)
    } finally {
      other.close()
    }
  })

  it('takes two URLs of this machine, and a change of something into anything', async () => {
    const elsewhere = 'http://127.0.0.1:5001,http://192.168.1.10:5000'
    const said = await usage(['mallory', '--between', elsewhere])
    assert.match(said, /Attacks go to this machine only.*loopback/)
    const twice = 'http://127.0.0.1:5000,http://127.0.0.1:5000'
    await usage(['mallory', '--between', twice])
    await usage(['mallory', '--alter', '=midnight'])
    // the first = is the one between the two
    assert.deepEqual(parseAlteration('not ==x='), { from: 'not ', to: '=x=' })
    assert.deepEqual(parseAlteration('not ='), { from: 'not ', to: '' })
  })
})
