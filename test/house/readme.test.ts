/** The project's Markdown files: their commands work as they stand there, what they show appears, and their links lead somewhere. lesson.test.ts has the lesson, and most of the lab. */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { decodePublicKey, fingerprint } from '../../src/state/pem.ts'
import { withCommand } from '../helpers/command.ts'
import {
  anchorsOf,
  assertShows,
  blocksIn,
  chaptersOf,
  commandsOf,
  documentAt,
  documents,
  fences,
  formOf,
  linksOf,
  root,
  shellLines,
} from '../helpers/documents.ts'
import { folderForEach } from '../helpers/files.ts'
import { noOpenssl } from '../helpers/openssl.ts'
import { freePorts } from '../helpers/ports.ts'
import { startPeers, type TestPeer, withPeers, withSession } from '../helpers/with-peers.ts'

const readme = documentAt('README.md').text
const COMMANDS = 'src/commands/README.md'
const leeme = documentAt('src/page/LEEME.md').text
const run = promisify(execFile)

const curlsOf = (commands: string[]) => commands.filter((command) => command.includes('curl '))

/** The JSON answers that it and the README of the commands show, in the order of the steps: of the first, of `/show`, and of `/send_msg`. */
const answers = [readme, documentAt(COMMANDS).text].flatMap((text) =>
  fences(text, 'json').map((json) => JSON.parse(json)),
)

/** Names and kinds of all values, without the values. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return 'list'
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]))
}

/** With the ports of two peers in the place of 5000 and 5001. */
const withPorts = (text: string, a: TestPeer, b: TestPeer) =>
  text.replaceAll(':5000/', `:${a.port}/`).replaceAll(':5001/', `:${b.port}/`)

/** Types each line of a document into a shell. */
async function type(lines: readonly string[], a: TestPeer, b: TestPeer, cwd = root) {
  const said: string[] = []
  for (const line of lines) {
    const script = withPorts(line, a, b).replaceAll('curl ', 'curl --silent --fail-with-body ')
    said.push((await run('sh', ['-c', script], { cwd })).stdout)
  }
  return said
}

const at = folderForEach()
/** An empty folder, with what was built in it. */
function ownFolder(): string {
  fs.symlinkSync(path.join(root, 'dist'), at('dist'))
  return at()
}

const noCurl = spawnSync('curl', ['--version']).status === 0 ? false : 'there is no curl here'

/** Which test runs the shell fences of which chapter. */
const FENCES_RUN_BY: Record<string, Record<string, string>> = {
  'src/state/README.md': { 'Keys of your own': 'house/readme' },
  'src/mailbox/README.md': { 'The commands behind it': 'mailbox/mailRound' },
  'src/page/README.md': { 'To check many': 'house/readme' },
  'src/classroom/exercise/README.md': {
    'The assignment': 'exercise/readme',
    'For teachers': 'exercise/readme',
  },
  'src/classroom/exercise/starter/javascript/README.md': { 'Run the examiner': 'exercise/starter' },
  'src/classroom/exercise/starter/python/README.md': { 'Run the examiner': 'exercise/starter' },
  'src/classroom/lab/bad-keys/README.md': { 'A replay by hand': 'lab/badKeys' },
  'src/classroom/lab/mallory/README.md': { 'In three terminals': 'lab/mallory' },
  'src/classroom/lab/nonce-reuse/README.md': { 'What to type': 'lab/nonceReuse' },
}

const LESSON = 'src/classroom/lab/README.md'
const EAVESDROPPER = 'src/classroom/lab/eavesdropper/README.md'
const inLab = documents().filter(
  ({ file }) => file.startsWith('src/classroom/lab/') && file !== LESSON,
)
/** Here commands that make does not know stand among those that it does: a test below types them, or the lesson. */
const TYPED = ['README.md', COMMANDS, 'src/page/LEEME.md', EAVESDROPPER, LESSON].flatMap((file) =>
  commandsOf(documentAt(file).text),
)

const targets = fs.readFileSync(path.join(root, 'Makefile'), 'utf8')
const assertTarget = (target: string) => assert.match(targets, new RegExp(`^${target}:.*## `, 'm'))

describe('each Markdown file', () => {
  for (const { file, text } of documents())
    describe(file, () => {
      it('has every command as a make target, or as one that a test runs', () => {
        for (const command of commandsOf(text)) {
          const [, target] = /^(?:echo '[^']*' \| )?make (\S+)/.exec(command) ?? []
          if (target !== undefined) assertTarget(target)
          else assert.ok(TYPED.includes(command), `nobody runs: ${command}`)
        }
        for (const [, target = ''] of text.matchAll(/`make ([a-z][\w-]*)/g)) assertTarget(target)
        const withFence = [...chaptersOf(text)].flatMap(([title, chapter]) =>
          fences(chapter, 'sh').length > 0 ? [title] : [],
        )
        const runBy = FENCES_RUN_BY[file] ?? {}
        assert.deepEqual(withFence, Object.keys(runBy))
        for (const [title, test] of Object.entries(runBy)) {
          const source = fs.readFileSync(path.join(root, `test/${test}.test.ts`), 'utf8')
          const isThere = source.includes(`'${title}'`) || source.includes(file)
          assert.ok(isThere, `${test}: ${title}`)
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

describe('the lab', () => {
  it('has a README in each of its folders, with a question and its answer', () => {
    const folders = fs.readdirSync(path.join(root, 'src/classroom/lab'), { withFileTypes: true })
    const expected = folders
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `src/classroom/lab/${name}/README.md`)
    assert.deepEqual(inLab.map(({ file }) => file).sort(), expected.sort())
    for (const { file, text } of inLab) {
      const titles = [...chaptersOf(text).keys()]
      for (const title of ['What to type', 'What you see', 'What it teaches'])
        assert.ok(titles.includes(title), `${file}: ${title}`)
      assert.equal(titles.at(-1), 'A question for the class')
      assert.match(text, /^\*\*The answer\.\*\* /m)
      for (const from of ['README.md', 'src/classroom/lab/README.md']) {
        const linked = linksOf(documentAt(from).text).map((link) =>
          path.join(path.dirname(from), link.file),
        )
        assert.ok(linked.includes(path.normalize(file)), `${from} does not link ${file}`)
      }
    }
  })

  it('lets an eavesdropper see what her README shows', { skip: noCurl }, () =>
    withPeers({}, async (a, b) => {
      const curls = curlsOf(commandsOf(documentAt(EAVESDROPPER).text))
      assert.equal(curls.length, 8)
      assertShows(EAVESDROPPER, (await type(curls, a, b)).join('\n'))
    }),
  )
})

describe('the README', () => {
  it('has at most 200 lines', () => assert.ok(readme.split('\n').length <= 201))

  it('links LEEME.md in its second line', () => {
    assert.equal(readme.split('\n')[1], '[En español](src/page/LEEME.md)')
  })

  it('has curls that work, with answers of the form that it shows', { skip: noCurl }, () =>
    withPeers({}, async (a, b) => {
      const curls = curlsOf(commandsOf(readme))
      const inSpanish = curlsOf(commandsOf(leeme))
      const more = curlsOf(commandsOf(documentAt(COMMANDS).text))
      assert.deepEqual([curls.length, inSpanish.length, more.length], [8, 9, 3])
      const given = (await type([...curls, ...inSpanish], a, b)).map((text) => JSON.parse(text))
      const ofThese = more.map((curl) => curl.replace(/\d{5}( \d{5}){11}/, given[2].safetyNumber))
      await type(ofThese, a, b)
      const [one, , show, , sent] = given
      const steps = [0, 1, 4, 5]
      const shapes = (first: number) => steps.map((i) => shapeOf(given[first + i]))
      assert.deepEqual(shapes(curls.length), shapes(0))
      const asShown = (answer: { next: string }) => [JSON.stringify(shapeOf(answer)), answer.next]
      const expected = JSON.parse(withPorts(JSON.stringify(answers.map(asShown)), a, b))
      assert.deepEqual([one, show, sent].map(asShown), expected)
    }),
  )

  it('has six steps through which `next` leads, with what a terminal of the width that it names shows of each', {
    skip: noCurl,
  }, async () => {
    const shown = fences(chaptersOf(readme).get('The six steps') ?? '', '')
    const columns = Number(/(\d+) columns are enough/.exec(readme)?.[1])
    for (const file of ['src/page/LEEME.md', LESSON])
      assert.match(documentAt(file).text, new RegExp(`\\b${columns} colum`))
    const ports = (await freePorts(2)) as [number, number]
    const { peers, output, forget, close } = await startPeers({ ports, columns })
    try {
      const told: string[] = []
      const steps = curlsOf(commandsOf(readme)).slice(0, 6)
      for (const [i, curl] of steps.entries()) {
        forget()
        const [answer = ''] = await type([curl], ...peers)
        const next = withPorts(steps[i + 1] ?? '', ...peers)
        if (next !== '') assert.equal(JSON.parse(answer).next, next)
        const number = new RegExp(`^(?:${ports.join('|')})|(?<=(?:port|as) )${ports[0]}`, 'gm')
        told.push(output().replaceAll(number, (port) => `500${ports.indexOf(Number(port))}`))
      }
      const [first, second, show, showToo, ...rest] = told
      // a longer port may make a sentence wrap elsewhere
      const lines = (text = '') => blocksIn(text).map(formOf)
      for (const [i, all] of [first, second, `${show}${showToo}`, ...rest].map(lines).entries()) {
        const inReadme = lines(shown[i])
        assert.ok(inReadme.length > 0)
        for (const line of inReadme) assert.ok(all.includes(line), line)
      }
    } finally {
      await close()
    }
  })

  it('has commands for keys of your own that work', { skip: noOpenssl }, async () => {
    const cwd = ownFolder()
    const lines = shellLines(documentAt('src/state/README.md').text, 'Keys of your own')
    assert.equal(lines.length, 7)
    const said: string[] = []
    for (const line of lines) {
      const words = line.split(' ')
      if (words[2] !== 'peer') {
        said.push((await run('sh', ['-c', line], { cwd })).stdout.trim())
        continue
      }
      const [port] = await freePorts(1)
      const args = words.slice(2).map((word) => (word === '5000' ? `${port}` : word))
      await withCommand(args, { cwd }, async (peer) => {
        await peer.until(/\(by --identity; the rest is kept in \.duet/)
      })
    }
    const [, publicPem = '', , keygen = '', ownPublicPem = '', hash = ''] = said
    assert.match(publicPem, /^-----BEGIN PUBLIC KEY-----/)
    assert.equal(`${fingerprint(decodePublicKey(ownPublicPem))}=`, `SHA256:${hash}`)
    assert.ok(keygen.endsWith(`SHA256:${hash.replace('=', '')}`))
  })
})

describe('the README of the page', () => {
  const document = documentAt('src/page/README.md').text

  it('has commands to check transcripts, with the table that it shows', { skip: noCurl }, () =>
    withSession({}, async (a, b) => {
      await a.call('/send_msg')
      const lines = shellLines(document, 'To check many')
      assert.equal(lines.length, 8)
      const cwd = ownFolder()
      const [, , table = '', json = ''] = await type(lines.slice(0, 4), a, b, cwd)
      const [shown = ''] = document.match(/(?<=```\n)file .*?(?=```)/s) ?? []
      const [{ session, ...first }] = JSON.parse(json)
      assert.equal(table, shown.replaceAll('e98d5ba1', session.slice(0, 8)))
      const names = new Set([...document.matchAll(/`(\w+)`/g)].map(([, name]) => name))
      for (const name of ['session', ...Object.keys(first)]) assert.ok(names.has(name), name)
      fs.mkdirSync(at('class'))
      for (const file of ['ana.json', 'bob.json'])
        fs.renameSync(at(file), path.join(at('class'), file))
      fs.writeFileSync(at('class.csv'), 'name\nAna\nBob\n')
      const [whole = '', each = '', required = '', listed = ''] = lines.slice(4)
      await type([whole, each, listed], a, b, cwd)
      assert.match(fs.readFileSync(at('marks.csv'), 'utf8'), /^class\/ana\.json,Ana,X25519,/m)
      await assert.rejects(type([required], a, b, cwd), { code: 1, stdout: /unmet/ })
    }),
  )
})
