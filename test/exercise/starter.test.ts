/** What `exercise starter` writes: that it runs as it is, and what it passes. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { CLAUSES } from '../../src/classroom/exercise/clauses/all.ts'
import { examine } from '../../src/classroom/exercise/run.ts'
import {
  LANGUAGES,
  type Language,
  writeStarter,
} from '../../src/classroom/exercise/starter/starter.ts'
import { starterOf } from '../../src/classroom/exercise/student.ts'
import { StateError } from '../../src/state/files.ts'
import { call } from '../helpers/call.ts'
import { documentAt, root, shellLines } from '../helpers/documents.ts'
import { withServer } from '../helpers/fakes.ts'
import { folderForEach } from '../helpers/files.ts'
import { freePorts } from '../helpers/ports.ts'
import { until } from '../helpers/until.ts'

const at = folderForEach()
const slow = process.env['SLOW'] !== '1' && 'it takes half a minute: SLOW=1 runs it'
const STARTER = 'src/classroom/exercise/starter'

const noFlask = spawnSync('python3', ['-c', 'import flask, cryptography']).status !== 0
const skipOf: Record<Language, string | false> = {
  python: noFlask ? 'there is no python3 with flask and cryptography here' : false,
  javascript: false,
}

/** The starter, with what it needs, in a folder of its own. */
async function write(language: Language): Promise<string> {
  const dir = at(language)
  await writeStarter(language, dir)
  if (language === 'javascript')
    fs.symlinkSync(path.join(root, 'node_modules'), path.join(dir, 'node_modules'))
  return dir
}

/** The words of its file `start`. */
const startOf = (dir: string) => fs.readFileSync(path.join(dir, 'start'), 'utf8').trim().split(' ')

/** `keys/1` to `keys/3` and the like: each of them. */
function idsIn(text: string): string[] {
  const ranges = text.matchAll(/`(\w+)\/(\d+)`(?: to `\w+\/(\d+)`)?/g)
  return [...ranges].flatMap(([, stage, from, to = from]) => {
    const first = Number(from)
    return Array.from({ length: Number(to) - first + 1 }, (_, i) => `${stage}/${first + i}`)
  })
}

/** Starts what is in `dir` with the line in its file `start`, until it is ready. */
async function withStarted(
  dir: string,
  peer: string,
  use: (url: string, child: ChildProcess) => Promise<void>,
): Promise<void> {
  const [port = 0] = await freePorts(1)
  const state = path.join(dir, 'state')
  const values: Record<string, string> = { port: `${port}`, peer, curve: 'X25519', state }
  const [command = '', ...args] = startOf(dir).map((word) =>
    word.replace(/^\{(\w+)\}$/, (_, name) => values[name] ?? ''),
  )
  const child = spawn(command, args, { cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] })
  try {
    const url = `http://127.0.0.1:${port}`
    await until(async () => (await call(`${url}/show`).catch(() => null))?.status === 200)
    await use(url, child)
  } finally {
    child.kill('SIGKILL')
  }
}

describe('a starter', () => {
  for (const language of LANGUAGES)
    describe(`in ${language}`, () => {
      it('offers keys, answers while it waits, and ends on SIGTERM', {
        skip: skipOf[language],
      }, async () => {
        const dir = await write(language)
        const offered: string[] = []
        let url = ''
        await withServer(
          async (request, response) => {
            offered.push(Buffer.concat(await request.toArray()).toString())
            // while it waits for this answer
            const share = {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: '{}',
            }
            const taken = await call(`${url}/wire/keys`, share)
            response.writeHead(taken.status).end(taken.text)
          },
          (peer) =>
            withStarted(dir, peer, async (own, child) => {
              url = own
              assert.equal((await call(`${url}/send_keys`)).status, 200)
              const { identity, ...rest } = (await call(`${url}/show`)).json
              assert.deepEqual(rest, { safetyNumber: null, session: null })
              const { publicKey, ...message } = JSON.parse(offered[0] ?? '')
              const basePoint = `09${'00'.repeat(31)}`
              assert.deepEqual(message, { v: 2, curve: 'X25519', basePoint, identity })
              assert.match(publicKey, /^[0-9a-f]{64}$/)
              assert.equal(
                (await call(`${url}/send_msg`, { method: 'POST' })).json.code,
                'no_session',
              )
              child.kill('SIGTERM')
              assert.deepEqual(await once(child, 'exit'), [0, null])
            }),
        )
      })

      it('passes what its README says, and nothing else', {
        skip: skipOf[language] || slow,
      }, async () => {
        const dir = await write(language)
        const { text } = documentAt(`${STARTER}/${language}/README.md`)
        const [, said = ''] = /As it is, it passes (.*), and nothing else\./.exec(text) ?? []
        const clauses = CLAUSES.filter(({ weight, suites }) => weight > 0 && !suites)
        const passed = new Set(idsIn(said))
        assert.ok(passed.size > 5, said)
        const { rows } = await examine({
          curve: 'X25519',
          seed: 7,
          ids: clauses.map(({ id }) => id),
          subject: language,
          version: '',
          start: starterOf(startOf(dir), { cwd: dir }),
          attached: null,
          jobs: 4,
          readyMs: 10_000,
          limitMs: 300_000,
          isFirstOnly: false,
        })
        for (const { clause, result, finding } of rows)
          assert.equal(result === 'pass', passed.has(clause.id), `${clause.id} ${finding?.got}`)
        assert.ok(rows.length >= clauses.length)
      })

      it('says in its README how it is started', () => {
        const { text } = documentAt(`${STARTER}/${language}/README.md`)
        const start = fs.readFileSync(path.join(root, STARTER, language, 'start'), 'utf8').trim()
        const [line = '', ...more] = shellLines(text, 'Run the examiner')
        assert.deepEqual([line, more], [`ecdh-duet exercise --start '${start}' --first`, []])
      })
    })

  it('has all of its files, in a folder that is new or has others in it', async () => {
    for (const language of LANGUAGES) {
      const dir = at(language)
      const files = await writeStarter(language, dir)
      const expected = [...fs.readdirSync(path.join(root, STARTER, language)), 'STAGES.md']
      assert.deepEqual(fs.readdirSync(dir).sort(), expected.sort())
      assert.deepEqual(files.map((file) => path.relative(dir, file)).sort(), expected)
    }
    fs.mkdirSync(at('other'))
    fs.writeFileSync(at('other', 'notes'), '')
    assert.equal((await writeStarter('python', at('other'))).length, 5)
  })

  it('replaces nothing, and writes nothing then', async () => {
    fs.writeFileSync(at('STAGES.md'), 'mine')
    const error = await writeStarter('python', at()).catch((error) => error)
    assert.ok(error instanceof StateError)
    assert.match(error.message, /^\S+STAGES\.md: Something is there \(EEXIST\), .* new or empty\.$/)
    assert.deepEqual(fs.readdirSync(at()), ['STAGES.md'])
    assert.equal(fs.readFileSync(at('STAGES.md'), 'utf8'), 'mine')
    await assert.rejects(writeStarter('python', at('no', 'folder')), /can't be used \(ENOENT\)/)
    await assert.rejects(writeStarter('python', at('STAGES.md')), /can't be used \(ENOTDIR\)/)
  })

  it('takes the packages of the program itself, of the same versions', () => {
    const read = (file: string) => JSON.parse(fs.readFileSync(path.join(root, file), 'utf8'))
    const { dependencies, engines } = read('package.json')
    const starter = read(`${STARTER}/javascript/package.json`)
    assert.deepEqual(starter.engines, engines)
    for (const [name, version] of Object.entries(starter.dependencies))
      assert.equal(dependencies[name], version, name)
  })
})
