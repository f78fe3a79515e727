/** The library: importing it does nothing, it compiles as it is said to, and the examples of its chapter run as they stand there. */

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { before, describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { launch } from '../../src/library.ts'
import { call } from '../helpers/call.ts'
import { root } from '../helpers/documents.ts'
import { exampleOf } from '../helpers/examples.ts'
import { folderForAll } from '../helpers/files.ts'
import { freePorts } from '../helpers/ports.ts'
import { until } from '../helpers/until.ts'

const run = promisify(execFile)
const at = folderForAll()
const SLOW = process.env['SLOW'] === '1'

/** The example of that name, in a file. */
function example(name: string): string {
  fs.writeFileSync(at(name), exampleOf(name))
  return at(name)
}

/** As if they had been installed there. */
before(() => {
  for (const [name, of] of [
    ['ecdh-duet', root],
    ['koa', path.join(root, 'node_modules/koa')],
    ['@types', path.join(root, 'node_modules/@types')],
  ] as const) {
    fs.mkdirSync(at('node_modules'), { recursive: true })
    fs.symlinkSync(of, at('node_modules', name), 'junction')
  }
})

/** Starts an example, and ends it with the test. */
function start(t: TestContext, file: string, port: number, other: string) {
  const child = spawn(process.execPath, [file, `${port}`, other])
  const ended = once(child, 'exit')
  t.after(() => child.kill())
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece) => {
      output += piece
    })
  const says = (what: string) =>
    until(
      () => output.includes(what),
      () => `${what} in ${output}`,
    )
  const number = () => /Compare this: ([\d ]+)/.exec(output)?.[1]
  return { stdin: child.stdin, ended, says, number }
}

describe('importing the library', () => {
  for (const door of ['ecdh-duet', 'ecdh-duet/protocol'])
    it(`starts nothing, listens to nothing and prints nothing: ${door}`, async () => {
      const watch = `
        const before = process.eventNames().join()
        await import('${door}')
        const held = process.getActiveResourcesInfo().filter((name) => /Server|Timeout/.test(name))
        if (process.eventNames().join() !== before || held.length > 0) throw new Error(held)`
      const args = ['--input-type=module', '--eval', watch]
      const { stdout, stderr } = await run(process.execPath, args, { cwd: at() })
      assert.deepEqual([stdout, stderr], ['', ''])
    })

  it('reaches no other file of the package', async () => {
    const args = ['--input-type=module', '--eval', "await import('ecdh-duet/dist/launch.js')"]
    await assert.rejects(
      run(process.execPath, args, { cwd: at() }),
      /ERR_PACKAGE_PATH_NOT_EXPORTED/,
    )
  })
})

/** What somebody compiles who has no types of Node's or of Koa's, and who has both. */
const USERS = {
  'with no types of other packages': {
    types: [],
    code: `
import { createPeer, launch, PeerError, type Peer, type PublicEvent, type Wire } from 'ecdh-duet'
import { Exchange, KeyPair, SUITES, type SuiteName } from 'ecdh-duet/protocol'

const suite: SuiteName = 'X25519'
export const { current } = new Exchange(SUITES[suite], new KeyPair(SUITES[suite].curve))
export async function run(wire: Wire): Promise<string[]> {
  const onEvent = (event: PublicEvent, peer: Peer) => {
    if (event.type === 'keys confirmed') peer.compare(event.safetyNumber)
    // @ts-expect-error it has a text, and is no public event
    if (event.type === 'message opened') peer.close()
  }
  const { peer, close } = await launch({ suite, peer: 'http://127.0.0.1:5001', onEvent })
  try {
    await peer.sendMessage('Hello')
  } catch (error) {
    if (error instanceof PeerError && error.code === 'peer_unreachable') await close()
  }
  return createPeer({ wire }).readMessages().map(({ text }) => text)
}
`,
  },
  "with Node's and Koa's": {
    types: ['node'],
    code: `
import http from 'node:http'
import { createApp } from 'ecdh-duet'
import Koa from 'koa'

const duet = createApp({ url: 'http://127.0.0.1:3000/duet', peer: 'http://127.0.0.1:5001' })
export const host = new Koa().use(duet.routes())
export const server = http.createServer(duet.callback())
`,
  },
}

/** Has `tsc` compile what that user has, in `folder`; returns what it says. */
async function compile(
  tsc: string,
  folder: string,
  { types, code }: (typeof USERS)[keyof typeof USERS],
  [module, moduleResolution]: readonly [string, string],
): Promise<string> {
  const file = path.join(folder, `${moduleResolution}-${types.length}`)
  fs.writeFileSync(`${file}.mts`, code)
  const compilerOptions = {
    ...{ module, moduleResolution, target: 'es2022', lib: ['es2022'], types },
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ...{ skipLibCheck: false, noEmit: true },
  }
  fs.writeFileSync(`${file}.json`, JSON.stringify({ compilerOptions, files: [`${file}.mts`] }))
  const tried = run(process.execPath, [tsc, '-p', `${file}.json`])
  const { stdout } = await tried.catch((error: { stdout: string }) => error)
  return stdout
}

const RESOLUTIONS = [
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
] as const

describe('the declarations of the library', () => {
  for (const [who, user] of Object.entries(USERS))
    for (const resolution of RESOLUTIONS)
      it(`compile for who compiles ${who}, by ${resolution[1]}`, async () => {
        const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
        assert.equal(await compile(tsc, at(), user, resolution), '')
      })
})

/** What others have, in the versions that were tried: what looks at packages, a compiler of before, and hosts for a peer. */
const OTHERS = [
  ...['publint@0.3.25', '@arethetypeswrong/cli@0.18.5', 'typescript@5.9.3'],
  ...['express@5.1.0', 'koa-mount@4.2.0', '@types/koa@3.0.3', '@types/node@20.19.43'],
]

/** A peer in Express, or in Koa by koa-mount, at a path; it says what another one says. */
const HOST = `
import { once } from 'node:events'
import http from 'node:http'
import express from 'express'
import Koa from 'koa'
import mount from 'koa-mount'
import { createApp, launch } from 'ecdh-duet'

for (const host of ['express', 'koa-mount']) {
  let answer
  const server = http.createServer((...both) => answer(...both)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = 'http://127.0.0.1:' + server.address().port + '/a/duet'
  const other = await launch({ peer: url })
  const app = createApp({ url, peer: other.url })
  if (host === 'express') answer = express().use('/a', express.Router().use('/duet', app.callback()))
  else answer = new Koa().use(mount('/a', new Koa().use(mount('/duet', app)))).callback()
  const steps = []
  let next = 'curl ' + url + '/send_keys'
  for (let i = 0; i < 5; i++) {
    const step = await fetch(next.split(' ')[1]).then((response) => response.json())
    steps.push(next.replace(url, 'HERE').replace(other.url, 'THERE'))
    next = step.next
  }
  console.log(host, steps.join(', '), other.peer.readMessages().length)
  app.peer.close()
  await other.close()
  server.close()
}
`

describe('the package, as others look at it', {
  skip: SLOW ? false : 'SLOW=1 installs them',
}, () => {
  const home = folderForAll()
  let tarball = ''
  let why: string | null = null
  before(async () => {
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', home()]
    const [{ filename }] = JSON.parse((await run('npm', pack, { cwd: root })).stdout)
    tarball = home(filename)
    fs.writeFileSync(home('package.json'), '{ "private": true }')
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']
    const install = ['install', '--prefer-offline', ...quiet, tarball, ...OTHERS]
    why = await run('npm', install, { cwd: home() }).then(
      () => null,
      (error) => {
        if (!/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN/.test(String(error))) throw error
        return "the registry can't be reached"
      },
    )
  })
  const bin = (name: string, ...args: string[]) =>
    run(process.execPath, [home('node_modules', name), ...args], { cwd: home() })

  it('has nothing that publint or attw object to', async (t) => {
    if (why !== null) return t.skip(why)
    const { stdout } = await bin('publint/src/cli.js', 'run', tarball, '--strict')
    assert.match(stdout, /All good!/)
    await bin('@arethetypeswrong/cli/dist/index.js', tarball, '--profile', 'esm-only')
  })

  for (const [who, user] of Object.entries(USERS))
    for (const resolution of RESOLUTIONS)
      it(`compiles by TypeScript 5.9 for who compiles ${who}, by ${resolution[1]}`, async (t) => {
        if (why !== null) return t.skip(why)
        const tsc = home('node_modules/typescript/bin/tsc')
        assert.equal(await compile(tsc, home(), user, resolution), '')
      })

  it('is mounted by Express and by koa-mount, in apps that are mounted themselves', async (t) => {
    if (why !== null) return t.skip(why)
    fs.writeFileSync(home('host.mjs'), HOST)
    const { stdout } = await run(process.execPath, [home('host.mjs')])
    const steps =
      'curl HERE/send_keys, curl THERE/send_keys, curl HERE/show, curl THERE/show, curl HERE/send_msg 1\n'
    assert.equal(stdout, `express ${steps}koa-mount ${steps}`)
  })
})

describe('the examples of the library', () => {
  it('are a peer in ten lines, which talks with another one', async (t) => {
    const file = example('chat.mjs')
    const [a = 0, b = 0] = await freePorts(2)
    const one = start(t, file, a, `http://127.0.0.1:${b}`)
    await one.says('Now start the other one.\n')
    const two = start(t, file, b, `http://127.0.0.1:${a}`)
    await Promise.all([one, two].map((peer) => peer.says('Compare this: ')))
    one.stdin.end('Nobody else reads this\n')
    await two.says("text: 'Nobody else reads this'")
    two.stdin.end()
    await Promise.all([one, two].map(({ ended }) => ended))
    assert.ok(one.number())
    assert.equal(one.number(), two.number())
  })

  it("are a peer inside one's own app", async (t) => {
    const [port = 0] = await freePorts(1)
    const url = `http://127.0.0.1:${port}`
    const other = await launch({ peer: `${url}/duet` })
    t.after(() => other.close())
    const host = start(t, example('own-app.mjs'), port, other.url)
    await host.says('listening')
    assert.equal((await call(url)).text, 'My own page\n')
    const sent = await call(`${url}/duet/send_keys`)
    assert.equal(sent.json.next, `curl ${other.url}/send_keys`)
    assert.ok((await other.peer.sendKeys()).session)
    await host.says('keys confirmed\n')
    await call(`${url}/duet/send_msg`)
    assert.equal(other.peer.readMessages()[0]?.text, `This is a secret message from port ${port}!`)
  })

  it('are the exchange without HTTP', async () => {
    const { stdout, stderr } = await run(process.execPath, [example('exchange.mjs')])
    assert.match(stdout, /^(?:\d{5} ){11}\d{5}\nNobody else reads this\n$/)
    assert.equal(stderr, '')
  })

  it("are a wire of one's own, by which it talks with any peer", async (t) => {
    const [port = 0] = await freePorts(1)
    const { peer, url, close } = await launch({ peer: `http://127.0.0.1:${port}` })
    t.after(close)
    const own = start(t, example('own-wire.mjs'), port, url)
    await until(() =>
      peer.sendKeys().then(
        () => true,
        () => false,
      ),
    )
    await own.says('Compare this: ')
    await until(() => peer.hasSession)
    assert.equal(peer.publicState().safetyNumber, own.number())
    await peer.sendMessage('Hello')
    await until(() => peer.unread > 0)
    assert.equal(peer.readMessages()[0]?.text, 'You wrote: Hello')
    assert.ok((await peer.sendPicture()).bytes > 0)
    await assert.rejects(
      call(`http://127.0.0.1:${port}/x`).then(({ json }) => Promise.reject(json)),
      {
        code: 'bad_message',
      },
    )
  })
})
