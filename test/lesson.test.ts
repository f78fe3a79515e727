/** The lesson of `src/lab/README.md`: its plan, run from top to bottom, and its answers held against what appeared. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { commandsOf, documentAt, root } from './helpers/documents.ts'
import { noWalk, walk } from './helpers/walk.ts'

const lesson = documentAt('src/lab/README.md').text
const [plan = '', answers = ''] = lesson.split('\n## The answers\n')
/** The first one is for before the lesson. */
const [demo, ...commands] = commandsOf(plan)

const inOneLine = (text: string) => text.replaceAll(/\s+/g, ' ')

describe('the lesson', () => {
  it('has ten questions with ten answers, and says which are often answered wrong', () => {
    const ten = Array.from({ length: 10 }, (_, i) => i + 1)
    const asked = [...plan.matchAll(/^\*\*Question (\d+)\.\*\*/gm)].map(([, n]) => Number(n))
    const answered = [...answers.matchAll(/^\*\*(\d+)\.\*\*( ✗ \*To expect: )?/gm)]
    assert.deepEqual(asked, ten)
    assert.deepEqual(
      answered.map(([, n]) => Number(n)),
      ten,
    )
    assert.ok(answered.filter(([, , wrong]) => wrong !== undefined).length >= 3)
  })

  it('has a plan whose minutes follow one another up to 90, with every question in it', () => {
    const rows = [...plan.matchAll(/^\| (\d+) to (\d+) \|.*\| ([\d, ]*)\|$/gm)]
    assert.deepEqual(
      rows.map(([, from]) => Number(from)),
      [0, ...rows.slice(0, -1).map(([, , to]) => Number(to))],
    )
    assert.equal(rows.at(-1)?.[2], '90')
    const questions = rows.flatMap(([, , , text = '']) => text.match(/\d+/g) ?? [])
    assert.deepEqual(questions.map(Number), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('names make targets that are there', () => {
    const targets = fs.readFileSync(path.join(root, 'Makefile'), 'utf8')
    assert.equal(demo, 'make demo')
    for (const [, target] of lesson.matchAll(/\bmake\s([a-z]+[\w-]+)/g))
      assert.match(targets, new RegExp(`^${target}:.*## `, 'm'))
  })

  it('runs as it stands there, and shows what its answers quote', { skip: noWalk }, async () => {
    const seen = await walk(commands)
    const words = inOneLine(seen)
    const [own = ''] = answers.split('\n## ')
    const quotes = [...own.matchAll(/`([^`]+)`/g)].map(([, quote = '']) => inOneLine(quote))
    assert.ok(quotes.length > 15)
    for (const quote of quotes) assert.ok(words.includes(quote), quote)
    // 3: how long the two texts are, sealed
    for (const digits of [40, 86])
      assert.match(seen, new RegExp(`^5001  ←  message [01] +[0-9a-f]{${digits}}$`, 'm'))
    // 5: who voted alike
    const blocks = [...seen.matchAll(/^[1-5] {7}[0-9a-f]{32} {2}([AB]) /gm)].map(([, kind]) => kind)
    assert.deepEqual(blocks, ['A', 'B', 'A', 'A', 'B'])
    // 6: she changed the text, and the numbers differ
    assert.match(seen, /^5001 {2}● {2}SECRET message 0 +Meet me at midnight$/m)
    const numberOf = (port: number) =>
      [...seen.matchAll(new RegExp(`^${port}  ·  safety number +([\\d ]+)$`, 'gm'))].map(
        ([, n]) => n,
      )
    const [[honestA, againA, mallorysA], [honestB, againB, mallorysB]] = [
      numberOf(5000),
      numberOf(5001),
    ]
    assert.deepEqual([honestA, againA, againA], [honestB, honestB, againB])
    assert.notEqual(mallorysA, mallorysB)
    // 2: what is the same after the second exchange
    const shows = [...seen.matchAll(/^\{\n {2}"port": 5000,[\s\S]*?^\}/gm)].map(([text]) =>
      JSON.parse(text),
    )
    const [first, second] = shows
    for (const name of ['basePoint', 'identity', 'safetyNumber'])
      assert.equal(first[name], second[name], name)
    assert.equal(first.peer.identity, second.peer.identity)
    assert.notEqual(first.publicKey, second.publicKey)
    assert.notEqual(first.peer.publicKey, second.peer.publicKey)
    assert.notEqual(first.session.id, second.session.id)
    // 8: what is accepted in part 2
    const [, part = ''] = /\n2\. On the wire([\s\S]*?)\n3\. /.exec(seen) ?? []
    assert.equal(part.match(/✓ accepted/g)?.length, 2)
    // 9: the row of the text that waits
    assert.match(seen, /text, unread +[0-9a-f]{6}… +- +- +✓ opens +✓ opens +-$/m)
    // handed in: both good, and a pair
    assert.match(seen, /pair1-a\.json .* ✓ good\n {4}\(a pair with pair1-b\.json: the same session/)
    assert.match(seen, /\n2 files: 2 good\n/)
  })
})
