/**
 * The references for the mailbox. It knows no limit, and looks for no resend.
 *
 * node storer.mjs PORT FOLDER
 *
 * `POST /message`, JSON as a mailbox gets it: a Koa app that brings it to the disk, and its name too, before it answers.
 * `GET /writes?bytes=1072&n=10`: so many files written, brought to the disk and renamed, one after another. Answers how
 * many milliseconds that took by itself.
 */

import fs from 'node:fs/promises'
import path from 'node:path'
import Router from '@koa/router'
import Koa from 'koa'
import getRawBody from 'raw-body'

const [port, folder] = process.argv.slice(2)
let stored = 0

async function write(bytes) {
  const name = `${stored++}`
  const [draft, place] = [path.join(folder, `${name}.tmp`), path.join(folder, name)]
  const file = await fs.open(draft, 'wx')
  await file.writeFile(bytes)
  await file.sync()
  await file.close()
  await fs.rename(draft, place)
  return name
}

const router = new Router()
router.post('/message', async (ctx) => {
  const length = ctx.req.headers['content-length'] ?? null
  const body = await getRawBody(ctx.req, { length, limit: 2 ** 20 })
  const { message } = JSON.parse(body.toString())
  const id = await write(Buffer.from(message, 'base64'))
  const names = await fs.open(folder)
  await names.sync()
  await names.close()
  ctx.status = 201
  ctx.body = { stored: true, id }
})
router.get('/writes', async (ctx) => {
  const bytes = Buffer.alloc(Number(ctx.query.bytes), 'a')
  const written = []
  const begin = performance.now()
  for (let i = 0; i < Number(ctx.query.n); i++) written.push(await write(bytes))
  ctx.body = { ms: performance.now() - begin }
  for (const name of written) await fs.rm(path.join(folder, name))
})
new Koa().use(router.routes()).listen(Number(port), '127.0.0.1')
