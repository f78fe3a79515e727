/** One side of the bench's uploads, told by messages: a peer of ours, or got and koa alone. */

import { once } from 'node:events'
import fs from 'node:fs'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import got from 'got'
import Koa from 'koa'
import { launch } from '../../src/launch.ts'
import { X25519 } from '../../src/protocol/curves.ts'
import { openMemory } from '../../src/state/memory.ts'
import { createTerminal } from '../../src/terminal.ts'
import { freePorts } from '../helpers/ports.ts'

const [kind, role, folder = ''] = process.argv.slice(2)
fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
/** What the sender sends: a link to the file of the round. */
const current = path.join(folder, 'current.png')

interface Side {
  port: number
  /** The other side is at this port. */
  meet(other: number): Promise<void>
  send(): Promise<void>
}

async function peer(): Promise<Side> {
  const [port = 0] = await freePorts(1)
  let other = 0
  return {
    port,
    async meet(at) {
      other = at
      await launch({
        plans: [{ host: '127.0.0.1', port, peerUrl: `http://127.0.0.1:${other}` }],
        openMemory: () => openMemory(folder, X25519),
        terminal: createTerminal({ output: { write() {} }, showsSecrets: true }),
        showsSecrets: true,
        maxImage: 2 ** 31,
        image: current,
      })
      if (role !== 'send') return
      // the other one may not listen yet
      const retry = { limit: 10, statusCodes: [502] }
      for (const at of [port, other]) await got(`http://127.0.0.1:${at}/send_keys`, { retry })
    },
    async send() {
      await got(`http://127.0.0.1:${port}/send_image`, { retry: { limit: 0 } })
    },
  }
}

async function plain(): Promise<Side> {
  let received = 0
  const app = new Koa().use(async (ctx) => {
    await pipeline(ctx.req, fs.createWriteStream(path.join(folder, `${received++}.png`)))
    ctx.body = { accepted: true }
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  let other = 0
  return {
    port: (server.address() as AddressInfo).port,
    async meet(at) {
      other = at
    },
    async send() {
      const upload = got.stream.post(`http://127.0.0.1:${other}/`, {
        headers: { 'content-length': `${fs.statSync(current).size}` },
      })
      await Promise.all([pipeline(fs.createReadStream(current), upload), upload.toArray()])
    },
  }
}

const side = await (kind === 'picture' ? peer() : plain())
process.on('message', async ({ other, file }: { other?: number; file?: string }) => {
  if (other !== undefined) {
    await side.meet(other)
    process.send?.({})
  }
  if (file === undefined) return
  fs.rmSync(current, { force: true })
  fs.symlinkSync(file, current)
  const begin = performance.now()
  await side.send()
  process.send?.({ ms: performance.now() - begin })
})
process.send?.({ port: side.port })
