/** `talk` through pipes: every line arrives once and in order, or it is said that nobody knows. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, hasty, MAIN, withCommand } from '../helpers/command.ts'
import { folderForAll } from '../helpers/files.ts'
import { freePorts } from '../helpers/ports.ts'
import { arriving } from '../helpers/texts.ts'

const at = folderForAll()

interface Side {
  readonly port: number
  /** Where it looks for the other one. */
  readonly peer: number
  /** The folder of its state. */
  readonly state: string
}

/** Runs a talk whose clock runs `times` as fast beside `use`. `say`: a line on its standard input. */
function talk(
  { port, peer, state }: Side,
  use: (command: Command, say: (line: string) => void) => Promise<void>,
  times = 10,
): Promise<void> {
  const program = [process.execPath, ...hasty(times), MAIN]
  const args = ['talk', '--port', `${port}`, '--peer', `http://127.0.0.1:${peer}`]
  return withCommand([...args, '--state', at(state)], { program, open: true }, (command) =>
    use(command, (line) => command.child.stdin?.write(`${line}\n`)),
  )
}

/** The texts that came, oldest first. */
const heard = (command: Command) =>
  [...command.output().matchAll(/^\d\d:\d\d {2}← {2}other: (.*)$/gm)].map(([, text]) => text)

/** Passes what comes on to `target`, as `treat` says: it may lose the request, or the answer, or take its time. */
async function withWire(
  target: number,
  treat: (url: string) => { loses?: 'request' | 'answer'; ms?: number },
  use: (port: number) => Promise<void>,
): Promise<void> {
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(request)
    const { loses, ms = 0 } = treat(request.url ?? '')
    await sleep(ms)
    if (loses === 'request') return
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`http://127.0.0.1:${target}${request.url}`, {
      ...{ method: 'POST', headers, body },
    })
    const text = await answer.text()
    await sleep(ms)
    if (loses === undefined) response.writeHead(answer.status, headers).end(text)
  }
  const server = http.createServer((request, response) => {
    pass(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use((server.address() as { port: number }).port)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

describe('talk through pipes', () => {
  it('brings lines as they are, of which none is a command and two may be equal', async () => {
    const [a = 0, b = 0] = await freePorts(2)
    const long = '語'.repeat(6000)
    const lines = ['/quit', 'same', 'same', ' Ä 😀 ', '//x', long]
    await talk({ port: a, peer: b, state: 'a' }, (left) =>
      talk({ port: b, peer: a, state: 'b' }, async (right) => {
        left.child.stdin?.end(`${lines.join('\n')}\r\n\n`)
        assert.equal(await left.ended, 0, left.errors())
        assert.match(left.output(), /A text has at most 16 KiB: this one goes as 2 texts\./)
        const texts = () => heard(right)
        await right.until(/語\n.*語\n/)
        assert.equal(texts().slice(5).join(''), long)
        assert.deepEqual(texts().slice(0, 5), [...lines.slice(0, 3), '\\u{20}Ä 😀\\u{20}', '//x'])
        // the steps of the peer beside it
        const step = (path: string) => fetch(`http://127.0.0.1:${b}${path}`, { method: 'POST' })
        assert.equal((await step('/decrypt_msg')).status, 409)
        right.child.stdin?.end()
        assert.equal(await right.ended, 0)
        assert.doesNotMatch(left.output() + right.output(), /SECRET/)
      }),
    )
  })

  it('brings each once over a wire that loses requests and answers and is slow', async () => {
    const [a = 0, b = 0] = await freePorts(2)
    const lines = Array.from({ length: 7 }, (_, i) => `line ${i % 3 === 0 ? 'same' : i}`)
    let count = 0
    const treat = (url: string) => {
      const ms = 20
      if (url !== '/wire/message') return { ms }
      // the first three copies of one text too, so that its step leaves it in doubt
      const losses = ['answer', 'answer', 'answer', undefined, 'request', undefined] as const
      const loses = losses[count++ % losses.length]
      return loses ? { ms, loses } : { ms }
    }
    await withWire(b, treat, (via) =>
      talk({ port: a, peer: via, state: 'c' }, (left) =>
        talk({ port: b, peer: a, state: 'd' }, async (right) => {
          left.child.stdin?.end(`${lines.join('\n')}\n`)
          assert.equal(await left.ended, 0, left.output() + left.errors())
          assert.match(left.output(), /\? {2}line same\n/)
          await right.until(/(?:line same\n(?:.*\n)*?.*){3}/)
          assert.deepEqual(heard(right), lines)
          assert.equal(left.output().match(/✓ {2}line/g)?.length, lines.length)
        }),
      ),
    )
  })

  it('goes on with one that was killed and started anew, and with one that slept', async () => {
    const [a = 0, b = 0] = await freePorts(2)
    const right = { port: b, peer: a, state: 'f' }
    await talk({ port: a, peer: b, state: 'e' }, async (left, say) => {
      const arrived: string[] = []
      await talk(right, async (first) => {
        arrived.push(await arriving(left, say, 'one'))
        first.kill('SIGSTOP')
        say('two')
        await left.until(/\? {2}two\n/)
        first.kill('SIGCONT')
        await first.until(/other: two\n/)
        await left.until(/✓ {2}two\n/)
        assert.deepEqual(heard(first).slice(-2), [...arrived, 'two'])
        first.kill('SIGKILL')
        await first.ended
      })
      const three = arriving(left, say, 'three')
      await talk(right, async (second, answer) => {
        const last = await three
        await second.until(/other: three/)
        assert.match(second.output(), /Keys agreed with the other one, the same one as last time\./)
        await arriving(second, answer, 'four')
        await left.until(/other: four/)
        assert.equal(heard(second).at(-1), last)
        left.child.stdin?.end()
        // with 1 if it could not tell of one
        assert.equal(await left.ended, last === 'three' && arrived[0] === 'one' ? 0 : 1)
      })
    })
  })

  it('ends with 1, and says what was not sent or may have arrived', async () => {
    const [a = 0, b = 0, nobody = 0] = await freePorts(3)
    await talk(
      { port: a, peer: nobody, state: 'g' },
      async (left) => {
        left.child.stdin?.end('never\n')
        assert.equal(await left.ended, 1)
        assert.match(left.output(), /… {2}never\n.*✗ {2}Not sent: 1 text\.\n$/)
      },
      60,
    )
    const treat = (url: string) => (url === '/wire/message' ? { loses: 'answer' as const } : {})
    await withWire(b, treat, (via) =>
      talk({ port: a, peer: via, state: 'h' }, (left) =>
        talk({ port: b, peer: a, state: 'i' }, async (right) => {
          left.child.stdin?.end('perhaps\n')
          await right.until(/other: perhaps\n/)
          await left.until(/\? {2}perhaps\n/)
          left.kill('SIGTERM')
          assert.equal(await left.ended, 1)
          assert.match(left.output(), /Nobody can tell whether the text with \? arrived\.\n$/)
          assert.deepEqual(heard(right), ['perhaps'])
        }),
      ),
    )
  })

  it('asks nobody through a pipe', async () => {
    await withCommand(['talk'], { input: 'hello\n' }, async (command) => {
      assert.equal(await command.ended, 2)
      assert.match(command.errors(), /nobody can be asked: --peer names the other one/)
    })
  })
})
