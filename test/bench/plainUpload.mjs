/**
 * The reference of the bench: a plain upload by got, koa and disk. `GET /send_image` sends the
 * file `current.png`, as a peer would; `POST /` writes what comes. Plain JavaScript, since the
 * peers beside it run compiled: a loader in one of the two would be measured too.
 *
 * node plainUpload.mjs PORT OTHER_PORT FOLDER
 */

import fs from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import got from 'got'
import Koa from 'koa'

const [port, other, folder = '.'] = process.argv.slice(2)
const current = path.join(folder, 'current.png')
let received = 0

new Koa()
  .use(async (ctx) => {
    if (ctx.path === '/send_image') {
      const upload = got.stream.post(`http://127.0.0.1:${other}/`, {
        headers: { 'content-length': `${fs.statSync(current).size}` },
      })
      await Promise.all([pipeline(fs.createReadStream(current), upload), upload.toArray()])
    } else if (ctx.method === 'POST')
      await pipeline(ctx.req, fs.createWriteStream(path.join(folder, `${received++}.png`)))
    ctx.body = { accepted: true }
  })
  .listen(Number(port), '127.0.0.1')
