/** The built command on Deno and on Bun: the six steps, a picture, mail, and what can't work there. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { before, describe, it } from 'node:test'
import { type CallOptions, call, FORM } from '../helpers/call.ts'
import { type Command, MAIN, runCommand, withCommand } from '../helpers/command.ts'
import { folderForAll } from '../helpers/files.ts'
import { pngOf } from '../helpers/pictures.ts'
import { RUNTIMES } from '../helpers/runtimes.ts'
import { linesOf, secretsOf } from '../helpers/with-peers.ts'

const at = folderForAll()
/** All that a command without a terminal says on standard error. */
const NO_TERMINAL = 'ecdh-duet: secrets go to standard output, which is not a terminal\n'

for (const { name, typed, full, skip } of RUNTIMES)
  describe(`the command on ${name}`, { skip, concurrency: true }, () => {
    before(() => fs.mkdirSync(at(name)))
    const program = [...full, MAIN]
    const beside = <T>(args: readonly string[], use: (command: Command) => Promise<T>) =>
      withCommand(args, { program, cwd: at(name), group: true }, use)
    const run = (...args: string[]) => runCommand(args, { program, cwd: at(name) })
    /** Ends it as Ctrl-C does, after which it has said nothing else. */
    const end = async ({ kill, ended, errors, output }: Command, said = NO_TERMINAL) => {
      kill('SIGINT')
      assert.deepEqual([await ended, errors()], [0, said])
      assert.ok(!/DEFECT/.test(output()) && !output().includes('\u001b'), output())
    }

    it('runs the six steps, and sends a picture of several chunks', () =>
      beside(['both', '--ports', '0,0', '--no-state'], async (both) => {
        const [a = 0, b = 0] = await both.ports(2)
        const ask = async (port: number, path: string, status: number, options?: CallOptions) => {
          const answer = await call(`http://127.0.0.1:${port}${path}`, options)
          assert.equal(answer.status, status, answer.text)
          return answer
        }
        await ask(a, '/send_keys', 201)
        await ask(b, '/send_keys', 201)
        const [one, other] = [await ask(a, '/show', 200), await ask(b, '/show', 200)]
        assert.equal(one.json.safetyNumber, other.json.safetyNumber)
        await ask(a, '/send_msg', 201, {
          method: 'POST',
          headers: { 'content-type': FORM },
          body: 'text=At+noon',
        })
        await ask(b, '/decrypt_msg', 200)
        const picture = pngOf(200_000)
        const headers = { 'content-type': 'image/png' }
        await ask(a, '/send_image', 201, { method: 'POST', headers, body: picture })
        assert.deepEqual(new Uint8Array((await ask(b, '/image', 200)).bytes), picture)
        assert.match(
          (await ask(a, '/', 200, { headers: { accept: 'text/html' } })).text,
          /^<!doctype html>/i,
        )
        await ask(a, '/wire/keys', 415, { method: 'POST', body: 'text=a' })
        await ask(a, '/nowhere', 404)
        const [secretsOfA, secretsOfB] = [a, b].map((port) =>
          secretsOf(linesOf(both.output(), port)),
        )
        assert.equal(secretsOfB?.[0], secretsOfA?.[0])
        assert.equal(secretsOfB?.[1], 'At noon')
        const taken = await run(
          'peer',
          '--port',
          `${a}`,
          '--peer',
          'http://127.0.0.1:9',
          '--no-state',
        )
        assert.deepEqual([taken.code, taken.output], [1, ''])
        assert.match(
          taken.errors,
          new RegExp(
            `^ecdh-duet: port ${a} is taken; .*\n {4}${typed} dist/main\\.js peer --port 8`,
          ),
        )
        await end(both)
      }))

    it('seals mail, stores it and prints it', async () => {
      assert.equal((await run('keygen', 'mail')).code, 0)
      const keys = ['--mailbox', 'box', '--mailbox-key', 'mail/key.public.pem']
      const peer = [
        'peer',
        '--port',
        '0',
        '--peer',
        'http://127.0.0.1:9',
        '--state',
        'state',
        ...keys,
      ]
      await beside(peer, async (peer) => {
        const [port = 0] = await peer.ports(1)
        const sent = await run('send', '--to', `http://127.0.0.1:${port}`, 'Meet me at noon')
        assert.deepEqual([sent.code, JSON.parse(sent.output).stored], [0, true])
        await beside(['watch', 'box', '--key', 'mail/key.private.pem'], async (watch) => {
          await watch.until(/ SECRET mail .* Meet me at noon/)
          await end(watch)
        })
        await end(peer)
      })
    })

    for (const lab of ['forward-secrecy', 'quantum'])
      it(`says in one line where lab ${lab} runs, which needs Node's debugger`, async () => {
        const errors = `ecdh-duet: this lab needs Node's debugger: node dist/main.js lab ${lab}\n`
        assert.deepEqual(await run('lab', lab), { code: 1, output: '', errors })
      })
  })
