/** A command line as words, beside a shell. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { wordsOf } from '../../src/classroom/exercise/words.ts'

/** The words of a line, or null if it has no meaning. */
function wordsOrNull(line: string): string[] | null {
  try {
    return wordsOf(line)
  } catch (error) {
    assert.ok(error instanceof SyntaxError)
    return null
  }
}

describe('a command line', () => {
  const shell = spawnSync('sh', ['-c', ':']).status === 0 ? false : 'there is no sh here'

  it('is split as a shell splits it', { skip: shell }, () => {
    const escaped = [...' \t\n\\\'"$a'].map((one) => `\\${one}`)
    const pieces = ['a', 'é', ' ', '  ', '\t', "'", '"', '{port}', '#', ...escaped]
    // a word of its own first, since a shell takes # for a comment where a word begins
    const line = fc
      .array(fc.constantFrom(...pieces), { maxLength: 12 })
      .map((all) => `x${all.join('')}`)
      .filter((line) => !/\s#/.test(line.replaceAll('\\\n', '')))
    fc.assert(
      fc.property(fc.array(line, { minLength: 50, maxLength: 50 }), (lines) => {
        const taken = lines.flatMap((line) => {
          const words = wordsOrNull(line)
          return words === null ? [] : [{ line, words }]
        })
        const script = taken.map(({ line }) => `printf '%s\\0' ${line}\nprintf 'END\\0'\n`).join('')
        const { stdout } = spawnSync('sh', [], { input: script, encoding: 'utf8' })
        const given = stdout.split('END\0').slice(0, -1)
        assert.deepEqual(
          given.map((words) => words.split('\0').slice(0, -1)),
          taken.map(({ words }) => words),
        )
      }),
      { numRuns: 20 },
    )
  })

  it('has words with blanks, quotes and nothing in them', () => {
    const line = String.raw`python3 'my peer.py' --say "it's \"on\" \x" a\ b '' {state}/x`
    const said = ['--say', String.raw`it's "on" \x`]
    assert.deepEqual(wordsOf(line), ['python3', 'my peer.py', ...said, 'a b', '', '{state}/x'])
  })

  it('means nothing if a quote is open, a backslash is last, or there is no word', () => {
    for (const line of ["a 'b", 'a "b', '"a\\"', 'a\\', '', ' \t\n'])
      assert.equal(wordsOrNull(line), null, line)
  })
})
