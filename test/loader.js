/**
 * Lets Node run the TypeScript of `src/` and `test/` as it lies there: `node --import ./test/loader.js FILE`.
 * One way on every Node: those before 22.18 run no TypeScript by themselves, and 20 takes such hooks in a thread only.
 */

import module from 'node:module'

const hooks = './helpers/types-away.js'
if ('registerHooks' in module) module.registerHooks(await import(hooks))
else module.register(hooks, import.meta.url)
