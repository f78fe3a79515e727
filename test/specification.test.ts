/** The worked examples of the specification, recomputed from the document itself. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { CURVES } from '../src/protocol/curves.ts'
import { INPUTS, workedExample } from './helpers/worked-example.ts'

const document = fs.readFileSync(new URL('../src/protocol/README.md', import.meta.url), 'utf8')

/** The lines `name = value` of the code block below the heading `### CURVE`. */
function exampleIn(curveName: string): [string, string][] {
  const [, block = ''] = document.split(`\n### ${curveName}\n\n\`\`\`\n`)
  const lines = block.slice(0, block.indexOf('\n```')).split('\n')
  return lines.map((line) => line.split(/ = (.*)/, 2) as [string, string])
}

describe('the specification', () => {
  for (const curve of Object.values(CURVES))
    it(`has a worked example on ${curve.name} that is right in every value`, () => {
      const written = exampleIn(curve.name)
      const values = Object.fromEntries(written)
      for (const name of INPUTS) assert.ok(values[name], name)
      assert.deepEqual(written, workedExample(curve, values))
    })
})
