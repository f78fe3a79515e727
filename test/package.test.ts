/** The package as npm makes it: what is in it, that it runs where nothing else is, and what it needs. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { call } from './helpers/call.ts'
import { withCommand } from './helpers/command.ts'
import { linesOf, secretsOf } from './helpers/with-peers.ts'

const root = path.resolve(import.meta.dirname, '..')
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-package-'))
after(() => fs.rmSync(folder, { recursive: true }))

const read = (file: string) => fs.readFileSync(path.join(root, file), 'utf8')
const manifest = JSON.parse(read('package.json'))
const run = promisify(execFile)

/** All files below `from`, with slashes, in order. */
function filesIn(from: string): string[] {
  return fs
    .readdirSync(path.join(root, from), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .map((file) => file.replaceAll(path.sep, '/'))
    .sort()
}

/** What `npm pack` made in `folder`, of what is built already. */
let packed: { filename: string; integrity: string; files: string[] }
before(async () => {
  const { stdout } = await run(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', folder],
    { cwd: root },
  )
  const [{ filename, integrity, files }] = JSON.parse(stdout)
  packed = { filename, integrity, files: files.map((file: { path: string }) => file.path).sort() }
})

describe('the package', () => {
  it('holds what was compiled, what is read at run time and what is to be read, and nothing else', () => {
    const compiled = filesIn('src')
      .filter((file) => file.endsWith('.ts') && !file.startsWith('src/sample/'))
      // the page's words, which the server has too
      .concat('src/page/en.js', 'src/page/es.js')
      .map((file) => file.replace(/^src\/(.*)\.[tj]s$/, 'dist/$1.js'))
    const served = filesIn('src/page').filter((file) => !file.endsWith('/tsconfig.json'))
    const read = ['src/lab/README.md', 'src/protocol/README.md']
    const rest = ['LICENSE', 'README.md', 'package.json', ...read]
    assert.deepEqual(packed.files, [...compiled, ...served, ...rest, 'src/sample/curve.png'].sort())
  })

  it('installs into an empty folder, and its command runs an exchange, a message and a picture there', async (t) => {
    const home = path.join(folder, 'home')
    const why = await installed(home)
    if (why !== null) return t.skip(why)
    const program = [path.join(home, 'node_modules', '.bin', 'ecdh-duet')]
    await withCommand(
      ['both', '--ports', '0,0', '--no-state'],
      { program, cwd: home },
      async (both) => {
        const [a = 0, b = 0] = await both.ports(2)
        const get = async (port: number, path: string, status: number, accept = '*/*') => {
          const answer = await call(`http://127.0.0.1:${port}${path}`, { headers: { accept } })
          assert.equal(answer.status, status, answer.text)
          return answer
        }
        await get(a, '/send_keys', 201)
        await get(b, '/send_keys', 201)
        await get(a, '/send_msg', 201)
        assert.equal((await get(b, '/decrypt_msg', 200)).json.decrypted, 1)
        const { bytes } = (await get(a, '/send_image', 201)).json
        assert.equal(bytes, fs.statSync(path.join(root, 'src/sample/curve.png')).size)
        assert.equal((await get(b, '/image', 200)).headers['content-length'], `${bytes}`)
        const page = await get(b, '/', 200, 'text/html')
        for (const [, file] of page.text.matchAll(/(?:src|href)="(\/[\w.]+)"/g))
          await get(b, file ?? '', 200)
        both.kill()
        assert.equal(await both.ended, 0)
        assert.deepEqual(secretsOf(linesOf(both.output(), b)), [
          `This is a secret message from port ${a}!`,
        ])
      },
    )
  })

  it('is built anew: what the sources no longer have does not stay', async () => {
    const copy = path.join(folder, 'copy')
    fs.mkdirSync(path.join(copy, 'src'), { recursive: true })
    for (const name of ['package.json', 'tsconfig.json'])
      fs.cpSync(path.join(root, name), path.join(copy, name))
    fs.writeFileSync(path.join(copy, 'src', 'main.ts'), 'export const compiled = true\n')
    fs.symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'))
    fs.mkdirSync(path.join(copy, 'dist'))
    fs.writeFileSync(path.join(copy, 'dist', 'gone.js'), '')
    await run('npm', ['run', 'build'], { cwd: copy })
    assert.deepEqual(fs.readdirSync(path.join(copy, 'dist')).includes('gone.js'), false)
    assert.ok(fs.existsSync(path.join(copy, 'dist', 'main.js')))
  })
})

/**
 * Installs the package into `home` by npm, with the dependencies that the lock file names: from
 * npm's cache, where an install of ours has left them, else from the registry. Returns why not.
 */
async function installed(home: string): Promise<string | null> {
  const { filename, integrity } = packed
  const { dependencies, bin, version, engines } = manifest
  const lock: { packages: Record<string, { dev?: true }> } = JSON.parse(read('package-lock.json'))
  const needed = Object.entries(lock.packages).filter(([name, { dev }]) => name !== '' && !dev)
  const resolved = `file:../${filename}`
  const own = { 'ecdh-duet': resolved }
  const packages = {
    '': { dependencies: own },
    'node_modules/ecdh-duet': { version, resolved, integrity, dependencies, bin, engines },
    ...Object.fromEntries(needed),
  }
  fs.mkdirSync(home)
  fs.writeFileSync(path.join(home, 'package.json'), JSON.stringify({ dependencies: own }))
  fs.writeFileSync(
    path.join(home, 'package-lock.json'),
    JSON.stringify({ lockfileVersion: 3, requires: true, packages }),
  )
  const ci = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']
  try {
    await run('npm', [...ci, '--offline'], { cwd: home })
    return null
  } catch (error) {
    // not in the cache
    if (!/ENOTCACHED/.test(String(error))) throw error
  }
  try {
    await run('npm', ci, { cwd: home })
    return null
  } catch (error) {
    if (!/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN/.test(String(error))) throw error
    return "npm's cache lacks the dependencies, and the registry can't be reached"
  }
}

/** The rows of the README's table whose head begins with `first`: names, what they are for, and why they and not others. */
function rowsOf(first: string): string[][] {
  const [, text = ''] = read('README.md').split(`\n| ${first} |`)
  const [head = ''] = text.split('\n\n')
  return head
    .split('\n')
    .slice(2)
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .map(([, ...cells]) => cells.slice(0, -1))
}

describe('the README', () => {
  for (const [first, packages] of [
    ['to run', manifest.dependencies],
    ['to develop', manifest.devDependencies],
  ] as const)
    it(`says of each package that it takes ${first} what it is for and why it and not another`, () => {
      const rows = rowsOf(first)
      const names = rows.flatMap(([names = '']) => names.split(', '))
      assert.deepEqual(names.toSorted(), Object.keys(packages).sort())
      for (const row of rows) {
        assert.equal(row.length, 3)
        assert.ok(
          row.every((cell) => cell !== ''),
          row.join(' | '),
        )
      }
    })
})
