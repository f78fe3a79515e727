/**
 * The reference for pictures: a plain upload by got, koa and disk. `GET /send_image` sends the
 * file, as a peer would; `POST /` writes what comes.
 *
 * node plainUpload.mjs PORT OTHER_PORT FOLDER FILE
 */

import fs from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import got from 'got'
import Koa from 'koa'

const [port, other, folder, file] = process.argv.slice(2)

new Koa()
  .use(async (ctx) => {
    if (ctx.path === '/send_image') {
      const upload = got.stream.post(`http://127.0.0.1:${other}/`, {
        headers: { 'content-length': `${fs.statSync(file).size}` },
      })
      await Promise.all([pipeline(fs.createReadStream(file), upload), upload.toArray()])
    } else if (ctx.method === 'POST') {
      fs.mkdirSync(path.join(folder, 'received'), { recursive: true })
      await pipeline(ctx.req, fs.createWriteStream(path.join(folder, 'received', 'file')))
    }
    ctx.body = { accepted: true }
  })
  .listen(Number(port), '127.0.0.1')
