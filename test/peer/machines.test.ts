/** Two machines: two network namespaces of Linux with a cable between them, and a peer in each. */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { open } from '../../src/mailbox/seal.ts'
import { SUITES, type SuiteName } from '../../src/protocol/suites.ts'
import type { Answer } from '../helpers/call.ts'
import { type Command, MAIN, runCommand, startCommand } from '../helpers/command.ts'
import { folderForAll } from '../helpers/files.ts'
import { type MailKeys, makeKeys } from '../helpers/mail.ts'

const run = promisify(execFile)

/** The names of this run's namespaces and of the ends of their cable. */
const NAMES = ['a', 'b'].map((end) => `duet-${process.pid}-${end}`) as [string, string]
/** Of TEST-NET-1 (RFC 5737), which is nobody's. */
const ADDRESSES = ['192.0.2.1', '192.0.2.2'] as const

/** Runs `ip WORDS`; returns what it had against it, or null. */
function ip(words: string): string | null {
  const { status, stderr, error } = spawnSync('ip', words.split(' '), { encoding: 'utf8' })
  return status === 0 ? null : (error?.message ?? stderr.trim())
}

/** Returns what stands in the way of two namespaces with a cable between them, or null: they are there. */
function connect(): string | null {
  const [a, b] = NAMES
  const steps = [
    `netns add ${a}`,
    `netns add ${b}`,
    `link add ${a} netns ${a} type veth peer name ${b} netns ${b}`,
    ...NAMES.flatMap((name, i) => [
      `-n ${name} address add ${ADDRESSES[i]}/24 dev ${name}`,
      `-n ${name} link set ${name} up`,
      `-n ${name} link set lo up`,
    ]),
  ]
  for (const step of steps) {
    const refusal = ip(step)
    if (refusal !== null) return `ip ${step}: ${refusal}`
  }
  return null
}

/** The cable goes with its ends. */
function disconnect(): void {
  for (const name of NAMES) ip(`netns delete ${name}`)
}

function reasonToSkip(): string | false {
  if (process.platform !== 'linux') return 'only Linux has network namespaces'
  if (spawnSync('curl', ['--version']).status !== 0) return 'there is no curl here'
  try {
    return connect() ?? false
  } finally {
    disconnect()
  }
}

/** What curl got for one URL. */
type CurlAnswer = Pick<Answer, 'status' | 'json'>

interface Machine {
  readonly address: string
  readonly peer: Command
  /** The folder of its mailbox, and the keys that mail for it is sealed with. */
  readonly mailbox: string
  readonly keys: MailKeys
  /** The built program on this machine. */
  readonly program: readonly string[]
  /** Curl on this machine: steps of its own peer, or URLs. */
  curl(targets: string | string[], ...options: string[]): Promise<CurlAnswer[]>
  /** The same for a step or URL that is answered with `status`; returns the JSON. */
  step(status: number, target: string, ...options: string[]): Promise<Answer['json']>
}

const PORT = 6000
const CURL = 'curl --silent --noproxy * --max-time 20 --write-out %{http_code}@'.split(' ')

/** Brings a peer up on one machine; whoever calls this ends it. */
function start(i: 0 | 1, curve: SuiteName, state: string): Machine {
  const [address, other] = [ADDRESSES[i], ADDRESSES[1 - i]]
  const under = ['ip', 'netns', 'exec', NAMES[i]]
  const mailbox = path.join(state, `mail-${address}`)
  const keys = makeKeys(path.join(state, `keys-${address}`), SUITES[curve].curve)
  const args = ['peer', '--port', `${PORT}`, '--host', address, '--curve', curve]
  args.push('--peer', `http://${other}:${PORT}`, '--state', path.join(state, address))
  args.push('--mailbox', mailbox, '--mailbox-key', keys.publicFile)
  const program = [...under, process.execPath, MAIN]
  const peer = startCommand(args, { program })
  const curl = async (targets: string | string[], ...options: string[]) => {
    const urls = [targets].flat().map((to) => new URL(to, `http://127.0.0.1:${PORT}`).href)
    const [ip = '', ...words] = [...under, ...CURL, ...urls, ...options]
    const { stdout } = await run(ip, words)
    const answers = stdout.split('@').slice(0, -1)
    return answers.map((answer) => ({
      status: Number(answer.slice(-3)),
      json: JSON.parse(answer.slice(0, -3)),
    }))
  }
  const step = async (expected: number, target: string, ...options: string[]) => {
    const [answer] = await curl(target, ...options)
    assert.equal(answer?.status, expected, JSON.stringify(answer))
    return answer?.json
  }
  return { address, peer, mailbox, keys, program, curl, step }
}

const picture = path.resolve(import.meta.dirname, '../../src/sample/curve.png')

/** A key message of the KEM is longer than a packet. */
const slow =
  process.env['SLOW'] !== '1' &&
  'takes seconds, and shows what the suite with the longer keys does: SLOW=1 runs it'

describe('two machines', { skip: reasonToSkip() }, () => {
  before(() => assert.equal(connect(), null))
  after(disconnect)

  for (const [curve, skip] of [
    ['X25519MLKEM768', false],
    ['X25519', slow],
  ] as const)
    describe(`on ${curve}`, { skip }, () => {
      const at = folderForAll()
      const machines: Machine[] = []
      before(async () => {
        for (const i of [0, 1] as const) machines.push(start(i, curve, at()))
        for (const { peer } of machines) await peer.ports(1)
      })
      after(async () => {
        for (const { peer } of machines) {
          peer.kill('SIGKILL')
          await peer.ended
        }
      })
      const both = () => machines as [Machine, Machine]
      const ways = () => [both(), both().toReversed() as [Machine, Machine]] as const

      it('exchange keys, texts and pictures in both directions', async () => {
        const [a, b] = both()
        const first = await a.step(201, '/send_keys')
        assert.equal(first.session, null)
        assert.equal(first.next, `curl http://127.0.0.1:${PORT}/send_keys   # on the other machine`)
        const { session } = await b.step(201, '/send_keys')
        const [one, two] = [await a.step(200, '/show'), await b.step(200, '/show')]
        assert.deepEqual([one.session.id, two.session.id], [session, session])
        assert.equal(one.safetyNumber, two.safetyNumber)
        assert.equal(two.peer.url, `http://${a.address}:${PORT}`)
        const secret = /SECRET shared secret +([0-9a-f]{64})\n/
        const [, ofA = ''] = await a.peer.until(secret)
        assert.equal((await b.peer.until(secret))[1], ofA)

        for (const [from, to] of ways()) {
          const text = `From ${from.address}`
          await from.step(201, '/send_msg', '--data-urlencode', `text=${text}`)
          assert.equal((await to.step(200, '/decrypt_msg')).decrypted, 1)
          await to.peer.until(new RegExp(`SECRET message 0 +${text}\n`))
          const body = ['--header', 'Content-Type: image/png', '--data-binary', `@${picture}`]
          await from.step(201, '/send_image', ...body)
          const [, file = ''] = await to.peer.until(/decrypted to (\S+)\n/)
          assert.deepEqual(fs.readFileSync(file), fs.readFileSync(picture))
          assert.equal((await to.step(200, '/show')).image.type, 'image/png')
        }
      })

      it('send mail to each other', async () => {
        for (const [i, [from, to]] of ways().entries()) {
          // by the key that the other machine gives, and by the one in a file
          const recipient = i === 0 ? [] : ['--recipient', to.keys.publicFile]
          const send = ['send', '--to', `http://${to.address}:${PORT}`, ...recipient]
          const { code, errors } = await runCommand([...send, `Mail from ${from.address}`], from)
          assert.equal(code, 0, errors)
          const inbox = path.join(to.mailbox, 'new')
          const mail = fs.readdirSync(inbox).map((name) => fs.readFileSync(path.join(inbox, name)))
          assert.equal(mail.length, 1)
          const text = await open(to.keys.pair, mail[0] ?? Buffer.of())
          assert.equal(Buffer.from(text).toString(), `Mail from ${from.address}`)
        }
      })

      it('run no step for each other', async () => {
        const steps = ['/send_keys', '/show', '/send_msg', '/decrypt_msg', '/send_image']
        const routes = [...steps, '/image', '/frequency', '/', '/nothing']
        for (const [owner, stranger] of ways()) {
          // the owner's own step comes first and last on the terminal, between what came before it and what comes after
          await owner.step(404, '/begin')
          const urls = routes.map((route) => `http://${owner.address}:${PORT}${route}`)
          for (const method of ['GET', 'POST']) {
            const answers = await stranger.curl(urls, '--request', method)
            assert.equal(answers.length, routes.length)
            for (const { status, json } of answers)
              assert.deepEqual([status, json.code], [403, 'owner_only'])
          }
          assert.equal((await owner.step(200, '/frequency?letter=e')).letter, 'e')
          await owner.step(404, '/nothing')
          await owner.peer.until(/refused .*\/nothing +not_found/)
          const [, since = ''] = owner.peer.output().split(/^.*\/begin +not_found.*\n/m)
          const lines = since.trim().split('\n')
          assert.equal(lines.length, 2 * routes.length + 1)
          for (const line of lines.slice(0, -1)) assert.match(line, /✗ refused .*owner_only/)
          // what the other peer calls is open to it, and nothing of the owner's is behind it
          const wire = `http://${owner.address}:${PORT}/wire/keys`
          const json = ['--header', 'Content-Type: application/json', '--data', '{}']
          assert.equal((await stranger.step(400, wire, ...json)).code, 'bad_message')
        }
      })
    })
})
