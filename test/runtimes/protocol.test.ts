/** The protocol where there is no Node, and in a browser's size. `browser/protocol.ts` has it in a browser. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import { before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { SUITE_NAMES } from '../../src/protocol/suites.ts'
import { bundled } from '../helpers/bundles.ts'
import { folderForAll } from '../helpers/files.ts'
import { RUNTIMES } from '../helpers/runtimes.ts'

const run = promisify(execFile)
const at = folderForAll()
/** What a browser loads to use all of the protocol, in bytes. */
const MAX_GZIPPED = 45_000
const AGREEMENT = `
  import { agreement } from './test/runtimes/agreement.ts'
  console.log(JSON.stringify(agreement()))`

/** Nothing that the language promises may be changed, no text is code, and nothing of Node's is in sight. */
const BARE_NODE = [
  '--frozen-intrinsics',
  '--disallow-code-generation-from-strings',
  '--no-warnings',
  '--import',
  'data:text/javascript,for (const name of ["Buffer", "process", "global"]) delete globalThis[name]',
]

describe('the protocol', { concurrency: true }, () => {
  let script = ''
  before(async () => {
    script = at('agreement.mjs')
    fs.writeFileSync(script, await bundled(AGREEMENT))
  })
  const agreesIn = async ([program = '', ...args]: readonly string[]) => {
    const { stdout, stderr } = await run(program, [...args, script], { cwd: at() })
    assert.deepEqual({ names: JSON.parse(stdout), stderr }, { names: SUITE_NAMES, stderr: '' })
  }

  it(`has at most ${MAX_GZIPPED} bytes in a browser, gzipped, and asks for nothing that is not there`, async () => {
    const files = fs.readdirSync('src/protocol').filter((file) => file.endsWith('.ts'))
    const all = files.map((file, i) => `export * as _${i} from './src/protocol/${file}'\n`)
    const code = await bundled(all.join(''))
    const { length } = gzipSync(code)
    assert.ok(length <= MAX_GZIPPED, `${length}`)
    assert.doesNotMatch(code, /^import|\brequire\(|\bprocess\.(?:env|versions)|["'`]node:/m)
  })

  it(`agrees and talks on every suite in Node ${process.versions.node}`, () =>
    agreesIn([process.execPath]))

  it('agrees and talks in a Node where nothing can be changed, and nothing of its own is left', () =>
    agreesIn([process.execPath, ...BARE_NODE]))

  for (const { name, bare, skip } of RUNTIMES)
    it(`agrees and talks in ${name}, which allows it nothing`, { skip }, () => agreesIn(bare))
})
