/** Secrets appear on the terminal and nowhere else: the whole program, with everything that leaves it searched. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { PAGE_FILES } from '../../src/page/files.ts'
import { hexToBytes } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { SUITES, type Suite } from '../../src/protocol/suites.ts'
import { decodePrivateKey } from '../../src/state/pem.ts'
import {
  type Answer,
  type CallOptions,
  call,
  FORM,
  JSON_TYPE,
  TEXT as PLAIN,
  post,
  posting,
} from '../helpers/call.ts'
import { type Command, sharedProcess, withCommand } from '../helpers/command.ts'
import { type Reader, readEvents } from '../helpers/events.ts'
import { folderForEach } from '../helpers/files.ts'
import { filesBelow, find } from '../helpers/leaks.ts'
import { mailForm, makeKeys, sealed, textsIn } from '../helpers/mail.ts'
import { der } from '../helpers/pem.ts'
import { freePorts } from '../helpers/ports.ts'
import { recordingProxy } from '../helpers/recording-proxy.ts'
import { linesOf, secretsOf } from '../helpers/with-peers.ts'

const at = folderForEach()
const run = sharedProcess()
const SLOW = process.env['SLOW'] === '1'
const TEXT = 'The fox is in the henhouse, tell nobody'
const PERCENT_TEXT = 'At midnight & by the old bridge'
const MAIL = ['The keys are under the flower pot', 'Wear a red hat & carry a newspaper']

describe('the search', () => {
  it('finds a secret in each of its forms, wherever it stands', () => {
    const secret = Buffer.from('0123456789abcdef0123456789abcdef', 'hex')
    for (const before of [0, 1, 2, 3]) {
      const bytes = Buffer.concat([Buffer.alloc(before, 0xee), secret, Buffer.alloc(5, 0xee)])
      for (const encoding of ['latin1', 'hex', 'base64', 'base64url'] as const) {
        const planted = Buffer.from(bytes.toString(encoding), 'latin1')
        assert.notDeepEqual(find([secret], { planted }), [], `${encoding}, ${before}`)
      }
    }
  })
})

for (const suite of Object.values(SUITES)) {
  const skip =
    suite.kem === null &&
    !SLOW &&
    'every kind of secret of it is in the run with a KEM too: SLOW=1 runs it'
  it(
    `two programs on ${suite.name}, and a watcher, have their secrets on their terminals alone`,
    {
      skip,
    },
    () => inThreePrograms(suite),
  )
}

/** One of the peers has a mailbox, which the watcher reads, and one of them --show-work. */
async function inThreePrograms(suite: Suite): Promise<void> {
  const keys = makeKeys(at('keys'), suite.curve)
  const [portA = 0, portB = 0] = await freePorts(2)
  const proxies = [await recordingProxy(portA), await recordingProxy(portB)] as const
  const peer = (port: number, other: number, ...more: string[]) => [
    ...['peer', '--port', `${port}`, '--peer', urlOf(other), '--curve', suite.name],
    ...['--state', at('state', `${port}`), ...more],
  ]
  const mailbox = ['--mailbox', at('mail'), '--mailbox-key', keys.publicFile]
  try {
    await withCommand(peer(portA, proxies[1].port, '--show-work', ...mailbox), {}, (a) =>
      withCommand(peer(portB, proxies[0].port), {}, (b) =>
        withCommand(['watch', at('mail'), '--key', keys.privateFile], {}, async (watcher) => {
          await Promise.all([a.ports(1), b.ports(1)])
          const streams = await Promise.all([portA, portB].map((port) => readEvents(urlOf(port))))
          const said = await sendMail(urlOf(proxies[0].port), urlOf(portA), keys)
          await watcher.until(/set aside/)
          for (const text of MAIL) await watcher.until(new RegExp(`  ${text}\n`))
          const answers = await everything(portA, portB)
          const pages = await Promise.all([portA, portB].map((port, i) => pageOf(port, streams[i])))
          for (const program of [watcher, a, b]) {
            program.kill()
            assert.equal(await program.ended, 0)
          }
          assert.deepEqual(textsIn(watcher.output()).sort(), MAIL)
          assertKept(suite, [a, b], [portA, portB], keys.pair, answers, {
            'wire to a': proxies[0].recorded(),
            'wire to b': proxies[1].recorded(),
            'answers to the owners': Buffer.from(answers.map(whole).join('\n')),
            'page of a': Buffer.from(pages[0] ?? ''),
            'page of b': Buffer.from(pages[1] ?? ''),
            'standard errors': Buffer.from([a, b, watcher].map((each) => each.errors()).join('\n')),
            'what send said': Buffer.from(said),
            ...filesBelow(at()),
          })
        }),
      ),
    )
  } finally {
    for (const proxy of proxies) proxy.close()
  }
}

/** Fails unless each secret is on its terminal and in no place, but for the files of keys and of a received picture. */
function assertKept(
  { kem }: Suite,
  programs: Command[],
  ports: number[],
  mailKey: KeyPair,
  answers: Answer[],
  places: Record<string, Buffer>,
): void {
  const secrets = programs.flatMap((each, i) => secretsOf(linesOf(each.output(), ports[i] ?? 0)))
  const shared = secrets.filter((text) => /^[0-9a-f]{64}$/.test(text))
  // what the curve gives, and what the KEM carried
  const each = kem === null ? 1 : 2
  assert.equal(new Set(shared).size, 2 * each, 'two exchanges, each on both terminals')
  assert.equal(shared.length, 4 * each)
  for (const text of [TEXT, PERCENT_TEXT, `This is a secret message from port ${ports[1]}!`])
    assert.ok(secrets.includes(text), text)
  const [ephemerals = [], none] = programs.map((program) => privateKeysOn(program.output()))
  // those of both exchanges on the curve, and the seeds, since this one decapsulates
  assert.equal(ephemerals.length, 2 * each)
  assert.deepEqual(none, [])
  const hidden = secrets.map((text) =>
    shared.includes(text) ? Buffer.from(text, 'hex') : Buffer.from(text),
  )
  const mail = MAIL.map((text) => Buffer.from(text))
  assert.deepEqual(find([...hidden, ...ephemerals, ...mail], places), [])
  // a server never has the texts of its mail
  const terminals = Buffer.from(programs.map((program) => program.output()).join('\n'))
  assert.deepEqual(find(mail, { terminals }), [])

  const own = /^keys\/key\.private|identity\..*\.pem$/
  const keyFiles = Object.entries(places).filter(([place]) => own.test(place))
  const others = Object.entries(places).filter(([place]) => !own.test(place))
  assert.equal(keyFiles.length, 3)
  const pairs = keyFiles.map(([, pem]) => decodePrivateKey(pem.toString()))
  assert.deepEqual(pairs.at(0)?.publicKey, mailKey.publicKey)
  const privateKeys = pairs.map((pair) => Buffer.from(pair.exportPrivateKey()))
  assert.deepEqual(find(privateKeys, { ...Object.fromEntries(others), terminals }), [])

  // a picture is on the disk of the receiver, as it should be, and nowhere outside
  const outside = Object.fromEntries(
    others.filter(([place]) => !/^(state|mail|keys)\//.test(place)),
  )
  const picture = fs.readFileSync(new URL('../../src/sample/curve.png', import.meta.url))
  for (const at of [0, 10_000, picture.length - 40])
    assert.deepEqual(find([picture.subarray(at, at + 40)], outside), [])

  // the same search finds what is public
  const shown = answers.findLast(({ text }) => text.includes('safetyNumber'))?.json
  const found = find([Buffer.from(hexToBytes(shown.publicKey))], places)
  for (const place of ['wire to a', 'answers to the owners', 'page of a', 'page of b'])
    assert.ok(found.includes(`${place} (hex)`), place)
  const stored = others.find(([place]) => place.startsWith('mail/cur/'))
  assert.notDeepEqual(find([stored?.[1] as Buffer], { wire: places['wire to a'] as Buffer }), [])
}

/** The private keys that a terminal shows as PEM. */
function privateKeysOn(output: string): Buffer[] {
  const pems = output.match(/-----BEGIN PRIVATE KEY-----[\s\S]*?-----END PRIVATE KEY-----/g) ?? []
  return pems.map((pem) => {
    const key = der(pem)
    // id-alg-ml-kem-768, and behind it the seed
    const isKem = key.includes(Buffer.from('0609608648016503040402', 'hex'))
    return isKem ? key.subarray(-64) : Buffer.from(decodePrivateKey(pem).exportPrivateKey())
  })
}

const urlOf = (port: number) => `http://127.0.0.1:${port}`

/** All that a page got: its files, what it calls, and the events from the first to the last. */
async function pageOf(port: number, stream: Reader | undefined): Promise<string> {
  const paths = [...PAGE_FILES, '/toy', '/sealed_image', '/frequency', '/transcript']
  const html = await call(urlOf(port), { headers: { accept: 'text/html' } })
  const answers = await Promise.all(paths.map((path) => call(urlOf(port) + path)))
  for (const answer of [html, ...answers]) assert.equal(answer.status, 200)
  const last = answers.at(-1)?.json.events.at(-1).n
  await stream?.until(({ data }) => data.n === last)
  stream?.close()
  return [html, ...answers].map(whole).join('\n') + stream?.text()
}

/**
 * Sends both texts `by` the proxy, and past it to `url` one that is set aside and texts in clear where none belong. Returns
 * what was said.
 */
async function sendMail(
  by: string,
  url: string,
  keys: ReturnType<typeof makeKeys>,
): Promise<string> {
  const [one = '', other = ''] = MAIL
  const to = ['send', '--to', by]
  const sent = [
    await run(to, { input: one }),
    await run([...to, '--recipient', keys.publicFile, '-'], { input: other }),
  ]
  for (const { code, errors } of sent) assert.equal(code, 0, errors)
  sent.push(await run([...to, '-'], { input: one.repeat(4_000) }))
  await post(`${url}/message`, mailForm(await sealed(new KeyPair(keys.pair.curve), one)))
  const answers = [
    await post(`${url}/message`, { message: TEXT }),
    await post(`${url}/message`, { message: Buffer.from(TEXT).toString('base64') }),
    await post(`${url}/message`, { message: '', [TEXT]: TEXT }),
    await post(`${url}/message`, [TEXT]),
    await call(`${url}/message`, posting(JSON_TYPE, TEXT)),
    await call(`${url}/message`, posting(undefined, TEXT)),
    await call(`${url}/message?message=${encodeURIComponent(TEXT)}`),
    await call(`${url}/public_key?${encodeURIComponent(TEXT)}`, posting(undefined, TEXT)),
  ]
  for (const { status } of answers) assert.ok(status >= 400)
  return [...sent.map((run) => run.output + run.errors), ...answers.map(whole)].join('\n')
}

/** Every route and every kind of refusal, with secrets in the texts. Returns all answers. */
async function everything(portA: number, portB: number): Promise<Answer[]> {
  const answers: Answer[] = []
  const run = async (port: number, path: string, options?: CallOptions) => {
    const answer = await call(urlOf(port) + path, options)
    answers.push(answer)
    return answer
  }
  for (let exchange = 0; exchange < 2; exchange++) {
    await run(portA, '/send_msg', posting(PLAIN, TEXT))
    for (const step of ['/send_keys', '/show'])
      for (const port of [portA, portB]) await run(port, step)
    assert.equal((await run(portA, '/send_msg', posting(PLAIN, TEXT))).status, 201)
    const percent = `text=${encodeURIComponent(PERCENT_TEXT)}`
    assert.equal((await run(portA, '/send_msg', posting(FORM, percent))).status, 201)
    assert.equal((await run(portB, '/send_msg')).status, 201)
    for (const port of [portA, portB]) assert.equal((await run(port, '/send_image')).status, 201)
    await run(portA, '/show', { method: 'PUT' })
    for (const port of [portA, portB]) assert.equal((await run(port, '/decrypt_msg')).status, 200)
    // refused with the text in them
    await run(portA, '/send_msg', posting(FORM, `tekst=${TEXT}`))
    await run(portA, '/send_msg', posting(JSON_TYPE, TEXT))
    for (const path of ['/compare', '/other/send_msg', '/other/show'])
      for (const body of [`number=${TEXT}`, `text=${encodeURIComponent(PERCENT_TEXT)}`])
        assert.ok((await run(portA, path, posting(FORM, body))).status >= 400)
    const { safetyNumber } =
      answers.findLast(({ text }) => text.includes('safetyNumber'))?.json ?? {}
    assert.equal((await run(portA, '/compare', posting(PLAIN, safetyNumber))).status, 200)
    await run(portA, '/send_msg', { headers: { 'sec-fetch-site': 'cross-site' } })
    for (const route of ['keys', 'message'])
      answers.push(await post(`${urlOf(portA)}/wire/${route}`, { v: 2, text: TEXT }))
    await run(portB, '/decrypt_msg')
    for (const path of ['/', '/frequency', '/frequency?letter=e', `/frequency?letter=${exchange}`])
      await run(portB, path)
  }
  // the last thing shown is public, and the positive control
  const last = answers.findLast(({ text }) => text.includes('"safetyNumber"'))
  assert.equal(last?.json.port, portB)
  return answers
}

/** Status, headers and body, as they came. */
function whole(answer: Answer): string {
  return `${answer.status} ${JSON.stringify(answer.headers)} ${answer.text}`
}
