/** `make demo` (CURVE): starts both peers on free ports, runs every step by real HTTP, checks the outcome, stops. */

import assert from 'node:assert/strict'
import { call } from './helpers/call.ts'
import { withCommand } from './helpers/command.ts'
import { environmentSuite } from './helpers/environment.ts'
import { linesOf, secretsOf } from './helpers/with-peers.ts'

const say = (text: string) => process.stdout.write(`${text}\n`)

const curve = ['--curve', environmentSuite()]

await withCommand(['both', '--ports', '0,0', '--no-state', ...curve], {}, async (both) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      both.kill()
      process.exit(1)
    })
  const [a = 0, b = 0] = await both.ports(2)
  let shown = 0
  // `last`: the terminal comes by another way than the answer, and with this line it has all of the step
  const step = async (port: number, path: string, status: number, last: string) => {
    const answer = await call(`http://127.0.0.1:${port}${path}`)
    if (answer.status === status) await both.until(new RegExp(`${last}[^\\n]*\\n`, 'm'))
    say(`\n$ curl http://127.0.0.1:${port}${path}\n${answer.text.trimEnd()}\n`)
    say(both.output().slice(shown).trimEnd())
    shown = both.output().length
    assert.equal(answer.status, status)
    return answer.json
  }
  say(both.output().trimEnd())
  shown = both.output().length
  await step(a, '/send_keys', 201, `^${b} \\S+ ← received public key`)
  await step(b, '/send_keys', 201, `^${b} \\S+ ✓ keys agreed`)
  const one = await step(a, '/show', 200, `^${a} \\S+ ● SECRET`)
  const two = await step(b, '/show', 200, `^${b} \\S+ ● SECRET`)
  await step(a, '/send_msg', 201, `^${b} \\S+ ← received message`)
  assert.equal((await step(b, '/decrypt_msg', 200, `^${b} \\S+ ● SECRET message`)).decrypted, 1)
  both.kill()
  assert.equal(await both.ended, 0)

  const [ofA, ofB] = [a, b].map((port) => secretsOf(linesOf(both.output(), port)))
  assert.equal(one.session.id, two.session.id)
  assert.equal(one.safetyNumber, two.safetyNumber)
  assert.ok(ofA && ofA.length > 0)
  for (const secret of ofA) assert.match(secret, /^[0-9a-f]{64}$/)
  assert.deepEqual(ofB, [...ofA, `This is a secret message from port ${a}!`])
  const secrets = ofA.length > 1 ? 'secrets' : 'secret'
  say(`\nBoth terminals show the same shared ${secrets}, and only the receiver the text.`)
})
