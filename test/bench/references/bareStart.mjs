/** The reference for starting: a program with koa, its router and got that does nothing. node bareStart.mjs PORT */

import Router from '@koa/router'
import got from 'got'
import Koa from 'koa'

const router = new Router()
router.get('/', (ctx) => {
  ctx.body = `koa, @koa/router and ${typeof got === 'function' ? 'got' : ''}\n`
})
new Koa().use(router.routes()).listen(Number(process.argv[2]), '127.0.0.1')
