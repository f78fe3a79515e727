/** What a process that tries a mutant loads first: random cases are the same in every run, and slow tests stay out. */

import { createRequire, syncBuiltinESMExports } from 'node:module'
import fc from 'fast-check'

fc.configureGlobal({ seed: 1, endOnFailure: true })

/**
 * Titles of tests and suites that take seconds and say of a single mutant no more than the others do, or that run the
 * program in a process of its own, where no mutant is awake.
 */
const LEFT_OUT =
  /^(ecdh-duet|a slow or greedy caller|a proxy in the environment|\/send_msg over a wire|the state on X25519MLKEM768)|works as it stands there|is one process's/

const runner = createRequire(import.meta.url)('node:test')
for (const kind of ['describe', 'it'])
  runner[kind] = new Proxy(runner[kind], {
    apply: (run, self, [title, ...rest]) =>
      Reflect.apply(LEFT_OUT.test(title) ? run.skip : run, self, [title, ...rest]),
  })
syncBuiltinESMExports()
