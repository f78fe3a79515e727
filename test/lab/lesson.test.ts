/**
 * The lesson of `src/classroom/lab/README.md`: its plan, run from top to bottom, and its answers held against what appeared. So are
 * the READMEs of the attacks that the lesson runs, and what each attack has to show.
 */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { before, describe, it } from 'node:test'
import { SUITES } from '../../src/protocol/suites.ts'
import { answersIn, inPublic, ON_THE_WIRE } from '../helpers/bad-keys.ts'
import { assertShows, commandsOf, documentAt, root } from '../helpers/documents.ts'
import { assertForProjector } from '../helpers/lab.ts'
import { noWalk, type Shown, walk } from '../helpers/walk.ts'

const skip = noWalk || (process.env['SLOW'] !== '1' && 'it takes half a minute: SLOW=1 runs it')
const lesson = documentAt('src/classroom/lab/README.md').text
const [plan = '', answers = ''] = lesson.split('\n## The answers\n')
/** The first one is for before the lesson. */
const [demo, ...commands] = commandsOf(plan)
const ATTACKS = ['original', 'mallory', 'bad-keys', 'forward-secrecy', 'quantum']
/** Of their READMEs, the attacks that were just run with another value of a variable. */
const again = ATTACKS.flatMap((attack) =>
  commandsOf(documentAt(`src/classroom/lab/${attack}/README.md`).text),
).filter((line) => /^make lab-\S+ [A-Z]+=/.test(line))

const inOneLine = (text: string) => text.replaceAll(/\s+/g, ' ')

/** All that appeared, in order. */
let shown: Shown[] = []
let seen = ''
const outputOf = (line: string) =>
  shown
    .filter((each) => each.line === line)
    .map(({ output }) => output)
    .join('\n')

before(async () => {
  if (skip) return
  shown = await walk([...commands, ...again])
  seen = shown.map(({ output }) => output).join('\n')
})

describe('the lesson', () => {
  it('has ten questions with ten answers, and says which are often answered wrong', () => {
    const ten = Array.from({ length: 10 }, (_, i) => i + 1)
    const asked = [...plan.matchAll(/^\*\*Question (\d+)\.\*\*/gm)].map(([, n]) => Number(n))
    const found = [...answers.matchAll(/^\*\*(\d+)\.\*\*( ✗ \*To expect: )?/gm)]
    const answered = found.map(([, n]) => Number(n))
    assert.deepEqual([asked, answered], [ten, ten])
    assert.ok(found.filter(([, , wrong]) => wrong !== undefined).length >= 3)
  })

  it('has plans whose minutes follow one another, with every question in that of 90', () => {
    const [long = [], short = []] = plan
      .split(/\n\n/)
      .map((part) => [...part.matchAll(/^\| (\d+) to (\d+) \|.*\| ([\d, ]*)\|$/gm)])
      .filter((rows) => rows.length > 0)
    for (const [rows, end] of [[long, '90'] as const, [short, '45'] as const]) {
      const begin = ['0', ...rows.slice(0, -1).map(([, , to]) => to)]
      assert.deepEqual([rows.map(([, from]) => from), rows.at(-1)?.[2]], [begin, end])
    }
    const questions = long.flatMap(([, , , text = '']) => text.match(/\d+/g) ?? [])
    assert.deepEqual(questions.map(Number), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('names make targets that are there', () => {
    const targets = fs.readFileSync(path.join(root, 'Makefile'), 'utf8')
    assert.equal(demo, 'make demo')
    assert.ok(commands.includes('make lab-quantum'))
    for (const [, target] of lesson.matchAll(/\bmake\s([a-z]+[\w-]+)/g))
      assert.match(targets, new RegExp(`^${target}:.*## `, 'm'))
  })

  it('shows what its answers quote, run as it stands there', { skip }, () => {
    const words = inOneLine(seen)
    const [own = ''] = answers.split('\n## ')
    const quotes = [...own.matchAll(/`([^`]+)`/g)].map(([, quote = '']) => inOneLine(quote))
    assert.ok(quotes.length > 15)
    for (const quote of quotes) assert.ok(words.includes(quote), quote)
    // 3: how long the two texts are, sealed
    for (const digits of [40, 86])
      assert.match(seen, new RegExp(`^5000 \\S+ → sent message [01] +[0-9a-f]{${digits}}$`, 'm'))
    // 6: she changed the text
    assert.match(seen, /^5001 \S+ ● SECRET message 0 +Meet me at midnight$/m)
    const told = [...seen.matchAll(/^500[01] \S+ · safety number +([\d ]+)$/gm)]
    // of two exchanges, one with her, and one after she was refused: what the two remember is as it was
    const [honest, again, withA, withB, later, ...more] = told.map(([, number]) => number)
    assert.deepEqual([again, later, more], [honest, honest, []])
    assert.equal(new Set([honest, withA, withB]).size, 3)
    assert.equal(seen.match(/keys agreed {2}the same session and number/g)?.length, 3)
    // 2: what is the same after the second exchange
    const shows = [...seen.matchAll(/^\{\n {2}"port": 5000,[\s\S]*?^\}/gm)].map(([text]) =>
      JSON.parse(text),
    )
    assert.equal(shows.length, 4)
    const [first, second, , refused] = shows
    for (const name of ['basePoint', 'identity', 'safetyNumber'])
      assert.equal(first[name], second[name], name)
    assert.equal(first.peer.identity, second.peer.identity)
    assert.notEqual(first.publicKey, second.publicKey)
    assert.notEqual(first.peer.publicKey, second.peer.publicKey)
    assert.notEqual(first.session.id, second.session.id)
    // 7: with her, who is not the one they know, they get no session
    assert.equal(refused.session, null)
    // handed in: both good, and a pair
    assert.match(seen, /pair1-a\.json .* ✓ good\n {4}\(a pair with pair1-b\.json: the same session/)
    assert.match(seen, /\n2 files: 2 good\n/)
  })
})

describe('the attacks of the lesson', { skip }, () => {
  for (const attack of ATTACKS)
    it(`show what src/classroom/lab/${attack}/README.md shows, on a projector`, () => {
      assertShows(`src/classroom/lab/${attack}/README.md`, seen)
      if (attack !== 'mallory') assertForProjector(outputOf(`make lab-${attack}`))
    })

  it('original: the text, the equal blocks, the changes that nobody notices, and the picture', () => {
    const output = outputOf('make lab-original')
    assert.match(output, /tries the key of every point: 33 of them, in \d+\.\d+ ms/)
    assert.match(output, /4564 = 138 · 33\s+\+ 10/)
    // 5: who voted alike
    const kinds = [...output.matchAll(/^\d +[0-9a-f]{32} {2}([AB]) /gm)].map(([, kind]) => kind)
    assert.equal(kinds.join(''), 'ABAAB')
    // sent, with one bit flipped, with a yes in the place of each no
    const vote = /^\d {7}My vote is (\w+)\. +(\S.*?) {2,}My vote is (\w+)\.$/gm
    const rows = [...output.matchAll(vote)].map(([, sent, flipped = '', pasted]) =>
      [sent, flipped.startsWith('My vote is '), pasted].join(' '),
    )
    const [yes, no, damaged] = ['yes true yes', 'no true yes', 'yes false yes']
    assert.deepEqual(rows, [yes, no, damaged, yes, no])
    assert.match(output, /flipped in a message of ours: decrypt_failed/)
    assert.match(output, /opens the field image: 43 bytes, image\/gif/)
    // as far as https://safecurves.cr.yp.to/rho.html, which original.test.ts has
    const scale =
      /^X25519 +2\^251\.0 +2\^125\.8 +[\d,]+ +\d\.\d·10\^\d+ years +2\.\d·10\^12 years$/m
    assert.match(output, scale)
    assert.match(output, /^P-256 +2\^256\.0 +2\^127\.8 /m)
  })

  it('mallory, between two who have met: is refused with two codes, and gets nothing', () => {
    const lines = outputOf('make run-mallory-known').split('\n')
    for (const [hers, victim, codes] of [
      [5002, 5000, ['identity_changed', 'confirm_failed']],
      [5003, 5001, ['identity_changed']],
    ] as const) {
      const refused = lines.filter((line) => new RegExp(`^${hers} \\S+ ✗ refused `).test(line))
      const by = refused.map((line) => line.replace(/^.* refused +/, ''))
      const expected = codes.map((code) => `by ${victim}: ${code}`)
      assert.deepEqual(by, expected)
      for (const code of codes)
        assert.ok(lines.some((line) => line.includes(`POST /wire/keys  ${code}`)))
    }
    assert.ok(lines.every((line) => !line.includes('SECRET')))
  })

  it('bad keys: everything is refused with its code, and the session goes on', () => {
    const output = outputOf('make lab-bad-keys')
    assert.deepEqual(answersIn(output), [inPublic('X25519'), ON_THE_WIRE])
    assert.doesNotMatch(output, /✗/)
    assert.ok(output.split('\n').length <= 80, 'on two screens')
    // 8: what is accepted, all of it in part 2
    const [, part = ''] = output.split('\n2. On the wire')
    for (const text of [part, output]) assert.equal(text.match(/✓ accepted/g)?.length, 2)
  })

  for (const suite of Object.values(SUITES)) {
    it(`forward secrecy: opens what waits unread and what is still to come, and nothing that was read, on ${suite.name}`, () => {
      const variable = suite === SUITES.X25519 ? '' : ` CURVE=${suite.name}`
      const output = outputOf(`make lab-forward-secrecy${variable}`)
      const rows = [...output.matchAll(/[AB] → [AB] {2}(\S.*?) +[0-9a-f]{6}… +(.*)$/gm)]
      const verdicts = rows.map(([, what, verdicts = '']) =>
        [what, ...verdicts.replaceAll('✓ ', '').split(/ +/)].join(' '),
      )
      assert.deepEqual(verdicts, [
        'text, read - - - - -',
        'text, read - - - opens -',
        'text, read - - - opens -',
        'picture, received - - - opens -',
        'text, unread - - opens opens -',
        'sent after 1 to 4 - opens opens opens -',
        'sent after 1 to 4 - opens opens opens -',
        'sent after 5 - - - - opens',
      ])
      assert.match(output, /^ {2}today: where is the key to the archive\?$/m)
      assert.match(output, /^ {2}tonight: under the flower pot\.$/m)
      assert.doesNotMatch(output, /^ {2}yesterday: /m)
      assert.match(output, /^#exchange #current #receiving messages #chain +[0-9a-f]{20}…$/m)
    })
  }

  it('quantum: opens what went over X25519, and of X25519MLKEM768 nothing without its other secret', () => {
    const DAY = 'Only until the day of the quantum computer?'
    const [wire = '', keys = '', first = '', second = '', cost = '', , says = ''] = outputOf(
      'make lab-quantum',
    )
      .split(/^\d\. .*\n─+$/m)
      .slice(1)
    const number = (text = '') => Number(text.replaceAll(',', ''))

    const sizes = (what: string) =>
      [...wire.matchAll(new RegExp(`^${what} +([\\d,]+) +([\\d,]+)$`, 'gm'))].map((row) =>
        row.slice(1).map(number),
      )
    const [[alone = 0, joined = 0] = []] = sizes('the whole exchange')
    const rows = [...sizes('key message of [AB]'), ...sizes('the answer to it')]
    assert.equal(rows.length, 4)
    const sum = (at: number) => rows.reduce((sum, row) => sum + (row[at] ?? 0), 0)
    assert.deepEqual([alone, joined], [sum(0), sum(1)])
    // an encapsulation key each way and one ciphertext, in hex
    const field = '"ciphertext":"",'.length
    const name = 2 * 'MLKEM768'.length
    assert.equal(joined - alone, 2 * (1184 + 1184 + 1088) + field + name)

    assert.equal([...keys.matchAll(/(identity|public key) of [AB] +[0-9a-f]{16}…/g)].length, 8)
    assert.equal([...first.matchAll(/✓ opens:/g)].length, 3)
    assert.ok(first.includes(`text A → B            ✓ opens: ${DAY}\n`))
    assert.match(first, /✓ opens: Then let us take the other one\.$/m)
    assert.match(first, /^ {2}picture A → B +✓ opens:\s+\{"type":"image\/png","bytes":\d+,/m)
    assert.doesNotMatch(first, /✗/)

    const tries = [...second.matchAll(/ ([\d,]+) +[✓✗] .*$/gm)]
    assert.deepEqual(
      tries.map(([, count]) => number(count) > 20),
      [true, true, true],
    )
    assert.doesNotMatch(second, new RegExp(DAY.slice(0, 8)))

    const times = [...cost.matchAll(/(\d+\.\d) ms/g)].map(([, ms]) => Number(ms))
    assert.ok(times.length >= 6)
    assert.ok(times.slice(0, 2).every((ms) => ms > 0))

    assert.match(says, /record now, open later/)
  })
})
