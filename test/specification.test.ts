/** The worked examples of the specification, recomputed from the document itself. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { SUITES } from '../src/protocol/suites.ts'
import { independentExample } from './helpers/independent-example.ts'
import { INDEPENDENT_SUITES } from './helpers/independent-suites.ts'
import { inputsOf, workedExample } from './helpers/worked-example.ts'

const document = fs.readFileSync(new URL('../src/protocol/README.md', import.meta.url), 'utf8')

/** The lines `name = value` of the code block below the heading `### SUITE`. */
function exampleIn(suiteName: string): [string, string][] {
  const [, block = ''] = document.split(`\n### ${suiteName}\n\n\`\`\`\n`)
  const lines = block.slice(0, block.indexOf('\n```')).split('\n')
  return lines.map((line) => line.split(/ = (.*)/, 2) as [string, string])
}

describe('the specification', () => {
  for (const suite of Object.values(SUITES))
    it(`has a worked example on ${suite.name} that is right in every value`, () => {
      const written = exampleIn(suite.name)
      const values = Object.fromEntries(written)
      for (const name of inputsOf(suite)) assert.ok(values[name], name)
      assert.deepEqual(written, workedExample(suite, values))
    })

  for (const suite of INDEPENDENT_SUITES)
    it(`lets the independent peer compute the example on ${suite.name}`, () => {
      const written = exampleIn(suite.name)
      assert.deepEqual(
        Object.entries(independentExample(suite, Object.fromEntries(written))),
        written,
      )
    })
})
