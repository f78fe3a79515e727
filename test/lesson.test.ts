/** The lesson of `src/lab/README.md`: its plan, run from top to bottom, and its answers held against what appeared. */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { type Command, MAIN, startCommand } from './helpers/command.ts'
import { freePorts } from './helpers/ports.ts'

const root = path.resolve(import.meta.dirname, '..')
const lesson = fs.readFileSync(path.join(root, 'src/lab/README.md'), 'utf8')
const [plan = '', answers = ''] = lesson.split('\n## The answers\n')
const run = promisify(execFile)

/** Indented lines are commands; the first one is for before the lesson. */
const [demo, ...commands] = plan
  .split('\n')
  .filter((line) => line.startsWith('    '))
  .map((line) => line.trim())

const skip = ['curl', 'make'].some((name) => spawnSync(name, ['--version']).status !== 0)
  ? 'there is no curl or no make here'
  : false

/** What a `make` line runs, as make itself says it; nothing is built. */
function recipeOf(line: string, ports: readonly number[]): string {
  const names = ['PORT_A', 'PORT_B', 'PORT_M', 'PORT_N']
  const ours = names.map((name, i) => `${name}=${ports[i]}`).join(' ')
  const { stdout, stderr } = spawnSync('sh', ['-c', `${line} --no-print-directory -n ${ours}`], {
    cwd: root,
    encoding: 'utf8',
  })
  const recipe = stdout.split('\n').findLast((line) => line.startsWith('exec node dist/main.js'))
  assert.ok(recipe, `${line}: ${stdout}${stderr}`)
  return recipe.replace('exec node dist/main.js', `exec "${process.execPath}" "${MAIN}"`)
}

/** Runs the plan as it stands there, on other ports; returns all that appeared, with the ports of the plan. */
async function appeared(): Promise<string> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-lesson-'))
  const ports = await freePorts(4)
  const onOurs = (text: string) =>
    ports.reduce((text, port, i) => text.replaceAll(`:${5000 + i}/`, `:${port}/`), text)
  const onTheirs = (text: string) =>
    ports.reduce(
      // not in the middle of hex digits
      (text, port, i) => text.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), `${5000 + i}`),
      text,
    )
  let peers: Command | undefined
  const seen: string[] = []
  const end = async () => {
    peers?.kill()
    assert.ok(peers === undefined || [0, 'SIGTERM'].includes(await peers.ended))
    seen.push(peers?.output() ?? '')
    peers = undefined
  }
  fs.symlinkSync(path.join(root, 'dist'), path.join(folder, 'dist'))
  try {
    for (const line of commands) {
      const alter = /ALTER='(.*)'/.exec(line)?.[1]
      const env = { ...(alter !== undefined && { ALTER: alter }) }
      if (line.startsWith('make run-')) {
        await end()
        peers = startCommand([], { program: ['sh', '-c', recipeOf(line, ports)], cwd: folder, env })
        await peers.ports(line.includes('mallory') ? 4 : 2)
        continue
      }
      const here = line.startsWith('make ') ? recipeOf(line, ports) : onOurs(line)
      const script = here.replaceAll('curl ', 'curl --silent --show-error --fail-with-body ')
      const { stdout } = await run('sh', ['-c', script], { cwd: folder, maxBuffer: 2 ** 24 })
      seen.push(stdout)
    }
    await end()
  } finally {
    peers?.kill('SIGKILL')
    fs.rmSync(folder, { recursive: true })
  }
  return onTheirs(seen.join('\n'))
}

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

  it('names make targets that are there, and chapters that are there', () => {
    const targets = fs.readFileSync(path.join(root, 'Makefile'), 'utf8')
    assert.equal(demo, 'make demo')
    for (const [, target] of lesson.matchAll(/\bmake\s([a-z]+[\w-]+)/g))
      assert.match(targets, new RegExp(`^${target}:.*## `, 'm'))
    for (const [, file = '', chapter = ''] of lesson.matchAll(/\]\(([^)#]*)#([^)]+)\)/g)) {
      const text = fs.readFileSync(path.join(root, 'src/lab', file || 'README.md'), 'utf8')
      const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      )
      assert.ok(anchors.includes(chapter), `${file}#${chapter}`)
    }
  })

  it('runs as it stands there, and shows what its answers quote', { skip }, async () => {
    const seen = await appeared()
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
