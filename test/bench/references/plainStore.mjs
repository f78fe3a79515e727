/**
 * The reference for the mailbox: files of `bytes` bytes written, brought to the disk and renamed,
 * one after another. `GET /?bytes=1072&n=10` answers how many milliseconds that took by itself.
 *
 * node plainStore.mjs PORT FOLDER
 */

import fs from 'node:fs/promises'
import path from 'node:path'
import Koa from 'koa'

const [port, folder] = process.argv.slice(2)

async function store(name, bytes) {
  const [draft, place] = [path.join(folder, `${name}.tmp`), path.join(folder, name)]
  const file = await fs.open(draft, 'wx')
  await file.writeFile(bytes)
  await file.sync()
  await file.close()
  await fs.rename(draft, place)
}

new Koa()
  .use(async (ctx) => {
    const bytes = Buffer.alloc(Number(ctx.query.bytes), 'a')
    const n = Number(ctx.query.n)
    const begin = performance.now()
    for (let i = 0; i < n; i++) await store(`${i}`, bytes)
    ctx.body = { ms: performance.now() - begin }
    for (let i = 0; i < n; i++) await fs.rm(path.join(folder, `${i}`))
  })
  .listen(Number(port), '127.0.0.1')
