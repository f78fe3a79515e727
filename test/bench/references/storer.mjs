/**
 * The reference for the mailbox: a Koa app that brings what it gets to the disk, and its name too, before
 * it answers. It knows no limit, and looks for no resend.
 *
 * node storer.mjs PORT FOLDER
 *
 * `POST /message`: JSON as a mailbox gets it.
 */

import fs from 'node:fs/promises'
import path from 'node:path'
import Router from '@koa/router'
import Koa from 'koa'
import getRawBody from 'raw-body'

const [port, folder] = process.argv.slice(2)
let stored = 0

async function store(bytes) {
  const name = `${stored++}`
  const [draft, place] = [path.join(folder, `${name}.tmp`), path.join(folder, name)]
  const file = await fs.open(draft, 'wx')
  await file.writeFile(bytes)
  await file.sync()
  await file.close()
  await fs.rename(draft, place)
  const names = await fs.open(folder)
  await names.sync()
  await names.close()
  return name
}

const router = new Router()
router.post('/message', async (ctx) => {
  const length = ctx.req.headers['content-length'] ?? null
  const body = await getRawBody(ctx.req, { length, limit: 2 ** 20 })
  const { message } = JSON.parse(body.toString())
  ctx.status = 201
  ctx.body = { stored: true, id: await store(Buffer.from(message, 'base64')) }
})
new Koa().use(router.routes()).listen(Number(port), '127.0.0.1')
