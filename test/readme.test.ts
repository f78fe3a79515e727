/** The commands of the README, of the files that it links to and of LEEME.md in Spanish, run as they stand there; and the answers beside the real ones. */

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
import { noOpenssl } from './helpers/openssl.ts'
import { freePorts } from './helpers/ports.ts'

const root = path.resolve(import.meta.dirname, '..')
const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8')
const leeme = fs.readFileSync(path.join(root, 'src/page/LEEME.md'), 'utf8')
const run = promisify(execFile)

/** Indented lines are commands. */
const commandsOf = (text: string) =>
  text
    .replaceAll(/```[\s\S]*?```/g, '')
    .split('\n')
    .filter((line) => line.startsWith('    '))
    .map((line) => line.trim())
const commands = commandsOf(readme)
const curlsOf = (commands: string[]) => commands.filter((command) => command.includes('curl '))

/** The JSON answers that it shows, in the order of the steps; the two of `/show` have one. */
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

/** The lines of the shell fences in one chapter. */
function shellLines(chapter: string, document = readme): string[] {
  const [, text = ''] = document.split(`\n## ${chapter}\n`)
  const [own = ''] = text.split('\n## ')
  return [...own.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, lines = '']) =>
    lines.trimEnd().split('\n'),
  )
}

describe('LEEME.md', () => {
  it('is linked in the second line of the README, and links to files that are there', () => {
    assert.equal(readme.split('\n')[1], '[En español](src/page/LEEME.md)')
    for (const [, file = ''] of leeme.matchAll(/\]\((?!https:)([^)]+)\)/g))
      assert.ok(fs.existsSync(path.join(root, 'src/page', file)), file)
  })
})

describe('the README', () => {
  it("has every command as a make target or one of the peers' curls", () => {
    const targets = fs.readFileSync(path.join(root, 'Makefile'), 'utf8')
    for (const command of [...commands, ...commandsOf(leeme)]) {
      const [, target] = /^(?:echo '[^']*' \| )?make (\S+)/.exec(command) ?? []
      if (target !== undefined) assert.match(targets, new RegExp(`^${target}:.*## `, 'm'))
      else assert.match(command, /^(echo '[^']*' \| )?curl http:\/\/127\.0\.0\.1:500[01]\//)
    }
  })

  it(
    'has curls that work, in its order, with answers of the form that it shows',
    { skip: noCurl },
    () =>
      withCommand(['both', '--ports', '0,0', '--no-state'], {}, async (both) => {
        const [a, b] = await both.ports(2)
        const curls = curlsOf(commands)
        assert.equal(curls.length, 12)
        const inSpanish = curlsOf(commandsOf(leeme))
        assert.equal(inSpanish.length, 9)
        const given: unknown[] = []
        for (const curl of [...curls, ...inSpanish]) {
          const here = curl.replaceAll(':5000/', `:${a}/`).replaceAll(':5001/', `:${b}/`)
          const script = here.replaceAll('curl ', 'curl --silent --fail-with-body ')
          const { stdout } = await run('sh', ['-c', script], { cwd: root })
          given.push(JSON.parse(stdout))
        }
        const [one, two, show, , sent, decrypted] = given
        const steps = [0, 1, 4, 5]
        const shapes = (first: number) => steps.map((i) => shapeOf(given[first + i]))
        assert.deepEqual(shapes(curls.length), shapes(0))
        assert.deepEqual([one, two, show, sent, decrypted].map(shapeOf), answers.map(shapeOf))
      }),
  )

  it('has commands for keys of your own that work', { skip: noOpenssl }, async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-readme-'))
    try {
      fs.symlinkSync(path.join(root, 'dist'), path.join(folder, 'dist'))
      const document = fs.readFileSync(path.join(root, 'src/state/README.md'), 'utf8')
      const lines = shellLines('Keys of your own', document)
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
  const document = fs.readFileSync(path.join(root, 'src/page/README.md'), 'utf8')

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
          const lines = shellLines('To check many', document)
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
