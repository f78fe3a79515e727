/** The library: importing it does nothing, and the examples of its chapter run as they stand there. */

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { chaptersOf, documentAt, fences, root } from '../helpers/documents.ts'
import { folderForAll } from '../helpers/files.ts'
import { freePorts } from '../helpers/ports.ts'
import { until } from '../helpers/until.ts'

const run = promisify(execFile)
const at = folderForAll()
const chapter = chaptersOf(documentAt('src/README.md').text).get('As a library') ?? ''

/** The example that begins with the comment `// NAME:`, in a file of that name. */
function example(name: string): string {
  const code = fences(chapter, 'js').find((code) => code.startsWith(`// ${name}:`))
  assert.ok(code, name)
  const file = at(name)
  fs.writeFileSync(file, code)
  return file
}

/** As if it had been installed there. */
before(() => {
  fs.mkdirSync(at('node_modules'))
  fs.symlinkSync(root, at('node_modules/ecdh-duet'), 'junction')
})

describe('importing the library', () => {
  for (const door of ['ecdh-duet', 'ecdh-duet/protocol'])
    it(`starts nothing, listens to nothing and prints nothing: ${door}`, async () => {
      const watch = `
        const before = process.eventNames().join()
        await import('${door}')
        const held = process.getActiveResourcesInfo().filter((name) => /Server|Timeout/.test(name))
        if (process.eventNames().join() !== before || held.length > 0) throw new Error(held)`
      const args = ['--input-type=module', '--eval', watch]
      const { stdout, stderr } = await run(process.execPath, args, { cwd: at() })
      assert.deepEqual([stdout, stderr], ['', ''])
    })
})

describe('the examples of the library', () => {
  it('are a peer in ten lines, which talks with another one', async (t) => {
    const file = example('chat.mjs')
    const [a = 0, b = 0] = await freePorts(2)
    const start = (port: number, other: number) => {
      const child = spawn(process.execPath, [file, `${port}`, `http://127.0.0.1:${other}`])
      const ended = once(child, 'exit')
      t.after(() => child.kill())
      let output = ''
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (piece) => {
          output += piece
        })
      return {
        child,
        ended,
        output: () => output,
        says: (what: string) =>
          until(
            () => output.includes(what),
            () => `${what} in ${output}`,
          ),
      }
    }
    const one = start(a, b)
    await one.says('Now start the other one.\n')
    const two = start(b, a)
    await Promise.all([one, two].map((peer) => peer.says('Compare this: ')))
    one.child.stdin.end('Nobody else reads this\n')
    await two.says("text: 'Nobody else reads this'")
    two.child.stdin.end()
    await Promise.all([one, two].map(({ ended }) => ended))
    const [ofOne, ofTwo] = [one, two].map(
      ({ output }) => /Compare this: [\d ]+/.exec(output())?.[0],
    )
    assert.equal(ofOne, ofTwo)
    assert.ok(ofOne)
  })
})
