/** The project's Markdown files: their commands run as they stand there, what they show appears, and their links lead somewhere. */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { decodePublicKey, fingerprint } from '../src/state/pem.ts'
import { call } from './helpers/call.ts'
import { withCommand } from './helpers/command.ts'
import {
  anchorsOf,
  chaptersOf,
  commandsOf,
  documentAt,
  documents,
  fences,
  linksOf,
  root,
  shellLines,
} from './helpers/documents.ts'
import { noOpenssl } from './helpers/openssl.ts'
import { freePorts } from './helpers/ports.ts'
import { noWalk, walk } from './helpers/walk.ts'

const readme = documentAt('README.md').text
const leeme = documentAt('src/page/LEEME.md').text
const run = promisify(execFile)
const SLOW = process.env['SLOW'] === '1'

const commands = commandsOf(readme)
const curlsOf = (commands: string[]) => commands.filter((command) => command.includes('curl '))

/** The JSON answers that it shows, in the order of the steps: of the first, of `/show`, and of `/send_msg`. */
const answers = [...readme.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) =>
  JSON.parse(json ?? ''),
)

/** Names and kinds of all values, without the values. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return 'list'
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]))
}

const noCurl = spawnSync('curl', ['--version']).status === 0 ? false : 'there is no curl here'

/** Which test runs the shell fences of which chapter. */
const FENCES_RUN_BY: Record<string, Record<string, string>> = {
  'src/state/README.md': { 'Keys of your own': 'readme' },
  'src/mailbox/README.md': { 'The commands behind it': 'mailRound' },
  'src/page/README.md': { 'To check many': 'readme' },
  'src/lab/mallory/README.md': { 'In three terminals': 'mallory' },
  'src/lab/nonce-reuse/README.md': { 'What to type': 'nonceReuse' },
}

/** Here curls stand among the commands: the test below runs them, and walks through all others. */
const CURLS_RUN = ['README.md', 'src/page/LEEME.md']
const isWalked = (file: string) => file.startsWith('src/lab/')
const inLab = documents().filter(({ file }) => isWalked(file) && file !== 'src/lab/README.md')

const targets = fs.readFileSync(path.join(root, 'Makefile'), 'utf8')
const assertTarget = (target: string) => assert.match(targets, new RegExp(`^${target}:.*## `, 'm'))

describe('each Markdown file', () => {
  for (const { file, text } of documents())
    describe(file, () => {
      it('has every command as a make target, or as one that a test runs', () => {
        for (const command of commandsOf(text)) {
          const [, target] = /^(?:echo '[^']*' \| )?make (\S+)/.exec(command) ?? []
          if (target !== undefined) assertTarget(target)
          else if (!isWalked(file)) {
            assert.ok(CURLS_RUN.includes(file), `nobody runs: ${command}`)
            assert.match(command, /^(echo '[^']*' \| )?curl http:\/\/127\.0\.0\.1:500[01]\//)
          }
        }
        for (const [, target = ''] of text.matchAll(/`make ([a-z][\w-]*)/g)) assertTarget(target)
        const withFence = [...chaptersOf(text)].filter(
          ([, chapter]) => fences(chapter, 'sh').length > 0,
        )
        const runBy = FENCES_RUN_BY[file] ?? {}
        assert.deepEqual(
          withFence.map(([title]) => title),
          Object.keys(runBy),
        )
        for (const [title, test] of Object.entries(runBy)) {
          const source = fs.readFileSync(path.join(import.meta.dirname, `${test}.test.ts`), 'utf8')
          assert.ok(
            [`'${title}'`, file].some((words) => source.includes(words)),
            `${test}: ${title}`,
          )
        }
      })

      it('has links that lead to a file and a heading that are there', () => {
        for (const { file: to, anchor } of linksOf(text)) {
          const target = path.join(path.dirname(file), to)
          assert.ok(to === '' || fs.existsSync(path.join(root, target)), to)
          if (anchor === undefined) continue
          const anchors = anchorsOf(to === '' ? text : documentAt(target).text)
          assert.ok(anchors.includes(anchor), `${to}#${anchor}`)
        }
      })
    })
})

/** Of a line what is the same in each run: no digits of keys, and no number that was measured or has more than one digit; but ports. */
const formOf = (line: string) =>
  line
    .replaceAll(/[0-9a-f]{6,}/g, '#')
    .replaceAll(/\d+[.,][\d.,]*(·10\^-?\d+)?|(?<!\d)(?!500[0-3]\b)\d{2,}/g, '0')
    .replaceAll(/\s+/g, ' ')
    .trim()

describe('the lab', () => {
  it('has a README in each of its folders, with a question and its answer', () => {
    const folders = fs.readdirSync(path.join(root, 'src/lab'), { withFileTypes: true })
    const expected = folders
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `src/lab/${name}/README.md`)
    assert.deepEqual(inLab.map(({ file }) => file).sort(), expected.sort())
    for (const { file, text } of inLab) {
      const titles = [...chaptersOf(text).keys()]
      for (const title of ['What to type', 'What you see', 'What it teaches'])
        assert.ok(titles.includes(title), `${file}: ${title}`)
      assert.equal(titles.at(-1), 'A question for the class')
      assert.match(text, /^\*\*The answer\.\*\* /m)
      for (const from of ['README.md', 'src/lab/README.md']) {
        const linked = linksOf(documentAt(from).text).map((link) =>
          path.join(path.dirname(from), link.file),
        )
        assert.ok(linked.includes(path.normalize(file)), `${from} does not link ${file}`)
      }
    }
  })

  /** The attack that was just run, with another value of a variable: it takes as long again. */
  const isRepeated = (command: string) => /^make lab-\S+ [A-Z]+=/.test(command)

  for (const { file, text } of inLab)
    it(`runs as ${file} says, and shows what it shows`, { skip: noWalk }, async () => {
      const typed = commandsOf(text).filter((command) => SLOW || !isRepeated(command))
      assert.ok(typed.length > 0)
      const seen = (await walk(typed)).split('\n').map(formOf)
      const shown = fences(text, '')
      assert.ok(shown.length > 0)
      for (const fence of shown) {
        let at = 0
        for (const line of fence.split('\n').map(formOf)) {
          at = seen.indexOf(line, at)
          assert.ok(at >= 0, `never came, or in another order: ${line}`)
        }
      }
    })
})

describe('LEEME.md', () => {
  it('is linked in the second line of the README', () => {
    assert.equal(readme.split('\n')[1], '[En español](src/page/LEEME.md)')
  })
})

describe('the README', () => {
  it(
    'has curls that work, in its order, with answers of the form that it shows',
    { skip: noCurl },
    () =>
      withCommand(['both', '--ports', '0,0', '--no-state'], {}, async (both) => {
        const [a, b] = await both.ports(2)
        const curls = curlsOf(commands)
        assert.equal(curls.length, 10)
        const inSpanish = curlsOf(commandsOf(leeme))
        assert.equal(inSpanish.length, 9)
        const given: unknown[] = []
        for (const curl of [...curls, ...inSpanish]) {
          const here = curl.replaceAll(':5000/', `:${a}/`).replaceAll(':5001/', `:${b}/`)
          const script = here.replaceAll('curl ', 'curl --silent --fail-with-body ')
          const { stdout } = await run('sh', ['-c', script], { cwd: root })
          given.push(JSON.parse(stdout))
        }
        const [one, , show, , sent] = given
        const steps = [0, 1, 4, 5]
        const shapes = (first: number) => steps.map((i) => shapeOf(given[first + i]))
        assert.deepEqual(shapes(curls.length), shapes(0))
        assert.deepEqual([one, show, sent].map(shapeOf), answers.map(shapeOf))
      }),
  )

  it('has commands for keys of your own that work', { skip: noOpenssl }, async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-readme-'))
    try {
      fs.symlinkSync(path.join(root, 'dist'), path.join(folder, 'dist'))
      const document = documentAt('src/state/README.md').text
      const lines = shellLines(document, 'Keys of your own')
      assert.equal(lines.length, 7)
      const said: string[] = []
      for (const line of lines) {
        const words = line.split(' ')
        if (words[2] !== 'peer') {
          const { stdout } = await run('sh', ['-c', line], { cwd: folder })
          said.push(stdout.trim())
          continue
        }
        const [port] = await freePorts(1)
        const args = words.slice(2).map((word) => (word === '5000' ? `${port}` : word))
        await withCommand(args, { cwd: folder }, async (peer) => {
          await peer.until(/\(by --identity; the rest is kept in \.duet/)
        })
      }
      const [, publicPem = '', , keygen = '', ownPublicPem = '', hash = ''] = said
      assert.match(publicPem, /^-----BEGIN PUBLIC KEY-----/)
      assert.equal(`${fingerprint(decodePublicKey(ownPublicPem))}=`, `SHA256:${hash}`)
      assert.ok(keygen.endsWith(`SHA256:${hash.replace('=', '')}`))
    } finally {
      fs.rmSync(folder, { recursive: true })
    }
  })
})

describe('the README of the page', () => {
  const document = documentAt('src/page/README.md').text

  it(
    'has commands to check transcripts that work, with the table that it shows',
    { skip: noCurl },
    () =>
      withCommand(['both', '--ports', '0,0', '--no-state'], {}, async (both) => {
        const [a, b] = await both.ports(2)
        for (const step of [`${a}/send_keys`, `${b}/send_keys`, `${a}/send_msg`])
          await call(`http://127.0.0.1:${step}`)
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-readme-'))
        try {
          fs.symlinkSync(path.join(root, 'dist'), path.join(folder, 'dist'))
          const said: string[] = []
          const lines = shellLines(document, 'To check many')
          assert.equal(lines.length, 4)
          for (const line of lines) {
            const here = line.replaceAll(':5000/', `:${a}/`).replaceAll(':5001/', `:${b}/`)
            said.push((await run('sh', ['-c', here], { cwd: folder })).stdout)
          }
          const [, , table = '', json = ''] = said
          const [shown = ''] = document.match(/(?<=```\n)file .*?(?=```)/s) ?? []
          const [{ session, ...first }] = JSON.parse(json)
          assert.equal(table, shown.replaceAll('e98d5ba1', session.slice(0, 8)))
          const names = new Set([...document.matchAll(/`(\w+)`/g)].map(([, name]) => name))
          for (const name of ['session', ...Object.keys(first)]) assert.ok(names.has(name), name)
        } finally {
          fs.rmSync(folder, { recursive: true })
        }
      }),
  )
})
