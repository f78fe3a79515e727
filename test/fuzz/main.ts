/** `make fuzz`: every target for its share of some minutes, in a process of its own, so that a crash or a hang is noticed too. */

import path from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { environment } from '../helpers/environment.ts'

/** How much longer it may take, in ms: a target ends with the cases that it is in. */
const GRACE = 120_000

const { minutes, seed } = environment(10)
Object.assign(process.env, { MINUTES: minutes, SEED: seed })
const file = path.resolve(import.meta.dirname, '../programs/fuzz.test.ts')
run({ files: [file], timeout: minutes * 60_000 + GRACE })
  .on('test:fail', () => {
    process.exitCode = 1
  })
  .compose(new spec())
  .pipe(process.stdout)
