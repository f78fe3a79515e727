/** Two machines: two network namespaces of Linux with a cable between them, and a peer in each. */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { SUITES, type SuiteName } from '../src/protocol/suites.ts'
import { type Command, runCommand, withCommand } from './helpers/command.ts'
import { type MailKeys, makeKeys, textsIn } from './helpers/mail.ts'

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

interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test names the fields that it expects
  json: any
}

interface Machine {
  readonly address: string
  readonly port: number
  readonly peer: Command
  /** The folder of its mailbox, and the keys that mail for it is sealed with. */
  readonly mailbox: string
  readonly keys: MailKeys
  /** How a command is run on this machine. */
  readonly under: readonly string[]
  /** Curl on this machine: a step of its own peer, or a URL. */
  curl(target: string, ...options: string[]): Promise<Answer>
}

const PORT = 6000

/** Two machines with a peer on each, on `curve`. */
async function withMachines(
  curve: SuiteName,
  use: (a: Machine, b: Machine) => Promise<void>,
): Promise<void> {
  const state = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-machines-'))
  const start = (i: 0 | 1, then: (machine: Machine) => Promise<void>) => {
    const [address, other] = [ADDRESSES[i], ADDRESSES[1 - i]]
    const under = ['ip', 'netns', 'exec', NAMES[i]]
    const args = ['peer', '--port', `${PORT}`, '--host', address, '--curve', curve]
    args.push('--peer', `http://${other}:${PORT}`, '--state', path.join(state, address))
    const mailbox = path.join(state, `mail-${address}`)
    const keys = makeKeys(path.join(state, `keys-${address}`), SUITES[curve].curve)
    args.push('--mailbox', mailbox, '--mailbox-key', keys.publicFile)
    const curl = async (target: string, ...options: string[]) => {
      const url = target.startsWith('/') ? `http://127.0.0.1:${PORT}${target}` : target
      const words = [
        'curl',
        '--silent',
        '--noproxy',
        '*',
        '--max-time',
        '20',
        '--write-out',
        '%{http_code}',
        url,
      ]
      const [program = '', ...rest] = [...under, ...words, ...options]
      const { stdout } = await run(program, rest)
      return { status: Number(stdout.slice(-3)), json: JSON.parse(stdout.slice(0, -3)) }
    }
    return withCommand(args, { under }, async (peer) => {
      await peer.ports(1)
      await then({ address, port: PORT, peer, mailbox, keys, under, curl })
    })
  }
  try {
    assert.equal(connect(), null)
    await start(0, (a) => start(1, (b) => use(a, b)))
  } finally {
    disconnect()
    fs.rmSync(state, { recursive: true })
  }
}

const picture = path.resolve(import.meta.dirname, '../src/sample/curve.png')

describe('two machines', { skip: reasonToSkip() }, () => {
  for (const curve of Object.keys(SUITES) as SuiteName[]) {
    it(`exchange keys, texts and pictures in both directions on ${curve}`, () =>
      withMachines(curve, async (a, b) => {
        const first = await a.curl('/send_keys')
        assert.deepEqual([first.status, first.json.session], [201, null])
        assert.equal(
          first.json.next,
          `curl http://127.0.0.1:${PORT}/send_keys   # on the other machine`,
        )
        const { session } = (await b.curl('/send_keys')).json
        const [one, two] = [(await a.curl('/show')).json, (await b.curl('/show')).json]
        assert.deepEqual([one.session.id, two.session.id], [session, session])
        assert.equal(one.safetyNumber, two.safetyNumber)
        assert.equal(two.peer.url, `http://${a.address}:${PORT}`)
        const secret = /SECRET shared secret +([0-9a-f]{64})\n/
        const [, ofA = ''] = await a.peer.until(secret)
        assert.equal((await b.peer.until(secret))[1], ofA)

        for (const [from, to] of [
          [a, b],
          [b, a],
        ] as const) {
          const text = `From ${from.address}`
          const sent = await from.curl('/send_msg', '--data-urlencode', `text=${text}`)
          assert.equal(sent.status, 201)
          assert.equal((await to.curl('/decrypt_msg')).json.decrypted, 1)
          await to.peer.until(new RegExp(`SECRET message 0 +${text}\n`))
          const body = ['--header', 'Content-Type: image/png', '--data-binary', `@${picture}`]
          assert.equal((await from.curl('/send_image', ...body)).status, 201)
          const [, file = ''] = await to.peer.until(/decrypted to (\S+)\n/)
          assert.deepEqual(fs.readFileSync(file), fs.readFileSync(picture))
          assert.equal((await to.curl('/show')).json.image.type, 'image/png')
        }
      }))

    it(`send mail to each other, sealed to keys of ${curve}`, () =>
      withMachines(curve, async (a, b) => {
        for (const [from, to] of [
          [a, b],
          [b, a],
        ] as const) {
          const text = `Mail from ${from.address}`
          const send = ['send', '--to', `http://${to.address}:${PORT}`]
          // by the key that the other machine gives, and by the one in a file
          for (const more of [[], ['--recipient', to.keys.publicFile]]) {
            const { code, errors } = await runCommand([...send, ...more, text], from)
            assert.equal(code, 0, errors)
          }
          const watch = ['watch', to.mailbox, '--key', to.keys.privateFile]
          await withCommand(watch, to, async (watcher) => {
            await watcher.until(/(?:SECRET mail[\s\S]*){2}\n/)
            assert.deepEqual(textsIn(watcher.output()), [text, text])
          })
        }
      }))
  }

  it('run no step for each other', () =>
    withMachines('X25519', async (a, b) => {
      const steps = ['/send_keys', '/show', '/send_msg', '/decrypt_msg', '/send_image']
      for (const [owner, stranger] of [
        [a, b],
        [b, a],
      ] as const) {
        const before = owner.peer.output()
        const asked = [...steps, '/image', '/frequency', '/', '/nothing']
        for (const route of asked)
          for (const method of ['GET', 'POST']) {
            const url = `http://${owner.address}:${PORT}${route}`
            const { status, json } = await stranger.curl(url, '--request', method)
            assert.deepEqual([status, json.code], [403, 'owner_only'], `${method} ${route}`)
          }
        // the owner's own step comes last on the terminal: all that came before is there too
        assert.equal((await owner.curl('/show')).status, 200)
        await owner.peer.until(/no secret yet/)
        const lines = owner.peer.output().slice(before.length).trim().split('\n')
        assert.equal(lines.length, 2 * asked.length + 1)
        for (const line of lines.slice(0, -1)) assert.match(line, /✗ {2}refused .*owner_only/)
        // what the other peer calls is open to it, and nothing of the owner's is behind it
        const wire = `http://${owner.address}:${PORT}/wire/keys`
        const json = ['--header', 'Content-Type: application/json', '--data', '{}']
        assert.equal((await stranger.curl(wire, ...json)).json.code, 'bad_message')
      }
    }))
})
