/**
 * Mail under kill -9: nothing accepted is lost, and nothing is read twice but for one kill of a watcher.
 * SLOW=1 kills ten servers and five watchers: each costs half a second of processor time.
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { post } from '../helpers/call.ts'
import { type Command, runCommand, withCommand } from '../helpers/command.ts'
import { mailboxIn, mailForm, sealed, textsIn } from '../helpers/mail.ts'
import { freePorts } from '../helpers/ports.ts'
import { until } from '../helpers/until.ts'
import { mailboxForEach } from '../helpers/watching.ts'
import { withPeers } from '../helpers/with-peers.ts'

const [SERVERS, WATCHERS] = process.env['SLOW'] === '1' ? [10, 5] : [2, 1]

const box = mailboxForEach()
const { at, namesIn, store, watching } = box

function withServer(port: number, use: (server: Command) => Promise<void>): Promise<void> {
  const args = ['peer', '--port', `${port}`, '--peer', 'http://127.0.0.1:9', '--no-state']
  const mailbox = ['--mailbox', box.dir, '--mailbox-key', box.keys.publicFile]
  return withCommand([...args, ...mailbox], {}, async (server) => {
    await server.ports(1)
    await use(server)
  })
}

const formOf = async (text: string) => mailForm(await sealed(box.keys.pair, text))
const openMailbox = () => mailboxIn(box.dir, box.keys.pair)

/** Runs a watcher beside `use`, which kills it; returns what it printed. */
async function untilKilled(use: (watcher: Command) => Promise<void>): Promise<string[]> {
  return withCommand(['watch', box.dir, '--key', box.keys.privateFile], {}, async (watcher) => {
    await use(watcher)
    watcher.kill('SIGKILL')
    await watcher.ended
    return textsIn(watcher.output())
  })
}

/** Watches in this process until nothing waits; returns the texts. */
async function readAll(): Promise<string[]> {
  let read: string[] = []
  await watching(async ({ texts }) => {
    read = texts
    await until(() => namesIn('new').length === 0)
  })
  return read
}

/** Fails unless everything that is there is whole, and nothing waits. */
function assertAllRead(count: number): void {
  assert.deepEqual(['new', 'failed', 'tmp'].map(namesIn), [[], [], []])
  const read = namesIn('cur')
  assert.equal(read.length, count)
  for (const name of read) {
    const content = fs.readFileSync(at('mail', 'cur', name))
    assert.equal(name.slice(0, 64), createHash('sha256').update(content).digest('hex'))
  }
}

/** Posts texts, each until it is answered 201 and always with the same bytes, from `width` senders at once. */
function startStream(port: number, width: number) {
  const accepted: string[] = []
  let going = true
  let number = 0
  const send = async () => {
    while (going) {
      const text = `text ${number++}`
      const form = await formOf(text)
      for (;;) {
        const answer = await post(`http://127.0.0.1:${port}/message`, form).catch(() => null)
        if (answer?.status === 201) break
        // a server that was killed has answered nothing else
        assert.equal(answer, null, answer?.text)
        await sleep(20)
      }
      accepted.push(text)
    }
  }
  const ended = Promise.all(Array.from({ length: width }, send))
  return {
    accepted,
    async stop() {
      going = false
      await ended
    },
  }
}

describe('a steady stream of messages', () => {
  it(`survives ${SERVERS} kills of the server and ${WATCHERS} of the watcher: all are read, none twice but those`, async (t) => {
    const [port = 0] = await freePorts(1)
    const { accepted, stop } = startStream(port, 4)
    /** Waits until so many more are accepted, and a little: each kill comes at another moment. */
    const more = async (count: number, round: number) => {
      const goal = accepted.length + count
      await until(() => accepted.length >= goal)
      await sleep((round * 7) % 10)
    }
    const killed: string[][] = []
    const killWatchers = async () => {
      for (let round = 0; round < WATCHERS; round++) {
        const texts = await untilKilled(async (watcher) => {
          await watcher.until(/(?:sender unverified[\s\S]*?){10}/)
          await sleep((round * 7) % 10)
        })
        killed.push(texts)
      }
    }
    const watchersKilled = killWatchers()
    const killServers = async () => {
      for (let round = 0; round < SERVERS; round++)
        await withServer(port, async (server) => {
          await more(15, round)
          server.kill('SIGKILL')
          await server.ended
        })
      // on a busy machine the watchers' kills take longer than the servers'
      await withPeers({ ports: [port, 0], openMailbox }, async () => {
        await watchersKilled
        // those that are under way come in, and what was half written goes
        await stop()
        assert.deepEqual(namesIn('tmp'), [])
      })
    }
    await Promise.all([killServers(), watchersKilled])
    const last = await readAll()

    const printed = [...killed.flat(), ...last]
    assert.deepEqual([...new Set(printed)].sort(), accepted.sort())
    const twice = printed.filter((text, i) => printed.indexOf(text) !== i)
    t.diagnostic(`${accepted.length} messages, ${killed.length} watchers killed, twice: ${twice}`)
    assert.equal(killed.length, WATCHERS)
    // each killed watcher may have printed its last one and not moved it
    const excused = killed.flatMap((texts) => texts.slice(-1))
    assert.equal(new Set(twice).size, twice.length)
    for (const text of twice) assert.ok(excused.includes(text), `${text} was read twice`)
    assertAllRead(accepted.length)
  })
})

describe('a watcher that is killed', () => {
  it('leaves the text to the next one before it has printed it, and just after', async () => {
    await store('the text')
    const node = ['--import', new URL('../helpers/dying.mjs', import.meta.url).href]
    for (const [DIE, printed] of [
      ['before', []],
      ['after', ['the text']],
    ] as const) {
      const args = ['watch', box.dir, '--key', box.keys.privateFile]
      const { code, output } = await runCommand(args, { node, env: { DIE } })
      assert.deepEqual([code, textsIn(output)], ['SIGKILL', printed])
    }
    const next = await readAll()
    assert.deepEqual(next, ['the text'])
    assertAllRead(1)
  })
})
