/** The package as npm makes it: what is in it, that it runs where nothing else is, and what it needs. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { PAGE_FILES } from '../../src/page/files.ts'
import { call } from '../helpers/call.ts'
import { runCommand, withCommand } from '../helpers/command.ts'
import { linksOf, root } from '../helpers/documents.ts'
import { folderForAll } from '../helpers/files.ts'
import { freePorts } from '../helpers/ports.ts'
import { linesOf, secretsOf } from '../helpers/with-peers.ts'

const at = folderForAll()
const read = (file: string) => fs.readFileSync(path.join(root, file), 'utf8')
const manifest = JSON.parse(read('package.json'))
const run = promisify(execFile)
const SLOW = process.env['SLOW'] === '1'

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
let pack: { filename: string; files: string[] }
before(async () => {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', at()]
  const { stdout } = await run('npm', args, { cwd: root })
  const [{ filename, files }] = JSON.parse(stdout)
  pack = { filename, files: files.map((file: { path: string }) => file.path).sort() }
})

describe('the package', () => {
  it('holds what was built, what is read at run time and what is to be read, and nothing else', () => {
    const built = filesIn('dist')
    const commands = built.filter((file) => /^dist\/commands\/[\w-]+\.js$/.test(file))
    assert.ok(commands.length > 10 && commands.length < 40, `${commands}`)
    // a file of each file of the library: what only the command has is not there twice
    const library = built.filter((file) => !/^dist\/(commands|browser|main|LICENSES)\b/.test(file))
    for (const file of library) {
      const source = file.replace(/^dist\/(.*?)(\.d\.ts|\.js)$/, 'src/$1.ts')
      assert.ok(fs.existsSync(path.join(root, source)), source)
      assert.doesNotMatch(file, /^dist\/(classroom|talk|nearby|page\/\w+\/)/)
    }
    const compiled = [
      ...['dist/main.js', 'dist/LICENSES.txt'],
      ...library,
      ...commands.flatMap((file) => [file, `${file}.map`]),
      ...PAGE_FILES.filter((file) => !file.endsWith('.svg')).map((file) => `dist/browser${file}`),
      ...filesIn('dist/browser/mallory'),
    ]
    const served = filesIn('src/page').filter((file) => /\.(md|svg)$/.test(file))
    const readmes = filesIn('src').filter((file) => file.endsWith('/README.md'))
    const starter = 'src/classroom/exercise/starter'
    const starters = ['python', 'javascript'].flatMap((name) => filesIn(`${starter}/${name}`))
    const documents = [
      ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
      ...['src/LIMITS.md', 'src/commands/ON-YOUR-MACHINES.md', 'test/README.md'],
      ...readmes,
    ]
    const pictures = ['src/sample/curve.png', 'test/page.png', 'test/stage.png']
    const rest = [
      'LICENSE',
      'package.json',
      'src/protocol/vectors.json',
      ...filesIn('src/protocol/proof'),
    ]
    const all = [
      ...compiled,
      ...served,
      `${starter}/STAGES.md`,
      ...starters,
      ...documents,
      ...pictures,
      ...rest,
    ]
    assert.deepEqual(pack.files, [...new Set(all)].sort())
  })

  it('holds pictures of less than 120 kB in all', () => {
    const pictures = pack.files.filter((file) => /\.(png|jpe?g|webp|gif)$/.test(file))
    const bytes = pictures.map((file) => fs.statSync(path.join(root, file)).size)
    assert.ok(bytes.length > 2 && bytes.reduce((a, b) => a + b) < 120_000, `${pictures}: ${bytes}`)
  })

  it('holds every file that a document in it links to', () => {
    const links = pack.files
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) =>
        linksOf(read(file)).flatMap((link) =>
          link.file === '' ? [] : [path.posix.join(path.posix.dirname(file), link.file)],
        ),
      )
    assert.ok(links.length > 15, `${links.length}`)
    const missing = [...new Set(links)].filter((file) => !pack.files.includes(file))
    assert.deepEqual(missing, [])
  })

  it('holds the licence of each package that is built in, in the version that is locked', () => {
    const licences = read('dist/LICENSES.txt').split(/\n-+\n\n/)
    const sources = filesIn('dist/commands').flatMap((file) =>
      file.endsWith('.map') ? (JSON.parse(read(file)).sources as string[]) : [],
    )
    const folder = /node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+(?=\/)/
    const folders = sources.flatMap((file) => folder.exec(file) ?? [])
    const named = ['built in', 'to run']
      .flatMap(rowsOf)
      .flatMap(([names = '']) => names.split(', '))
    const { packages } = JSON.parse(read('package-lock.json'))
    const all = new Set(folders.concat(named.map((name) => `node_modules/${name}`)))
    const heads = [...all].map(
      (at = '') => `${at.replace(/.*node_modules\//, '')} ${packages[at].version}`,
    )
    assert.ok(heads.length > 60)
    const shipped = licences.flatMap((one) => one.match(/^\S+ \d+\.\d+\.\d+$/gm) ?? [])
    assert.deepEqual(shipped.sort(), heads.sort())
    // one has no text of its own, and the other names nobody
    for (const one of licences)
      if (!/^(?:koa-compose|deep-equal) /.test(one))
        assert.match(one, /copyright.*\n\n.*(permission|redistribution).*warrant/is)
  })

  it('takes of the packages that it names those versions on which it is tested, and their patches', () => {
    const { packages } = JSON.parse(read('package-lock.json'))
    for (const [name, range] of Object.entries(manifest.dependencies))
      assert.equal(range, `~${packages[`node_modules/${name}`].version}`, name)
  })

  it('has the version of the topmost entry of CHANGELOG.md, which the command says too', async () => {
    const [, version] =
      /^## \[?(\d+\.\d+\.\d+)\]? - \d{4}-\d\d-\d\d$/m.exec(read('CHANGELOG.md')) ?? []
    assert.equal(manifest.version, version)
    assert.equal(JSON.parse(read('package-lock.json')).version, version)
    assert.equal((await runCommand(['--version'])).output, `${version}\n`)
    assert.match(read('CITATION.cff'), new RegExp(`^version: ${version}$`, 'm'))
  })

  it('is tested on every supported Node, by actions that nobody can change', () => {
    const workflow = read('.github/workflows/ci.yml')
    const [, oldest = ''] = /(\d+\.\d+)/.exec(manifest.engines.node) ?? []
    const [, others = ''] = /^for major in ([\d ]+); do$/m.exec(read('.ci/run')) ?? []
    const nodes = [oldest, ...others.split(' ')].map((node) => `'${node}'`).join(', ')
    assert.ok(workflow.includes(`node: [${nodes}]\n`), nodes)
    assert.ok(workflow.includes(`image: node:${oldest}-`) && workflow.includes('run: .ci/run\n'))
    const actions = [...workflow.matchAll(/uses: (.*)/g)].map(([, action = '']) => action)
    assert.ok(actions.length > 2)
    for (const action of actions) assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v[\d.]+$/)
  })

  // npm takes three seconds: SLOW=1 has it install, and npx start it
  it('runs by itself until Ctrl-C, and leaves nothing', async (t) => {
    const home = at('home')
    fs.mkdirSync(home)
    const why = SLOW ? await installed(home) : await unpacked(home)
    if (why !== null) return t.skip(why)
    const before = fs.readdirSync(home)
    const bin = path.join('node_modules/ecdh-duet', manifest.bin['ecdh-duet'])
    const program = SLOW ? ['npx', '--no', '--', 'ecdh-duet'] : [process.execPath, bin]
    const env = { HOME: at('elsewhere') }
    await withCommand(
      ['both', '--ports', '0,0', '--no-state'],
      { program, cwd: home, env, group: true },
      async (both) => {
        const [a = 0, b = 0] = await both.ports(2)
        const get = async (port: number, path: string, status: number, accept = '*/*') => {
          const answer = await call(`http://127.0.0.1:${port}${path}`, { headers: { accept } })
          assert.equal(answer.status, status, answer.text)
          return answer
        }
        await get(a, '/send_keys', 201)
        await get(b, '/send_keys', 201)
        const [one, two] = [await get(a, '/show', 200), await get(b, '/show', 200)]
        assert.equal(one.json.safetyNumber, two.json.safetyNumber)
        await get(a, '/send_msg', 201)
        assert.equal((await get(b, '/decrypt_msg', 200)).json.decrypted, 1)
        const { bytes } = (await get(a, '/send_image', 201)).json
        assert.equal(bytes, fs.statSync(path.join(root, 'src/sample/curve.png')).size)
        assert.equal((await get(b, '/image', 200)).headers['content-length'], `${bytes}`)
        assert.match((await get(b, '/', 200, 'text/html')).text, /src="start\.js"/)
        for (const file of PAGE_FILES) await get(b, file, 200)
        both.kill('SIGINT')
        // npx itself ends by the signal, or with what the program ended with
        assert.ok([0, 'SIGINT'].includes(await both.ended))
        assert.equal(both.errors().replace(/.*secrets go to standard output.*\n/, ''), '')
        for (const port of [a, b]) await assert.rejects(call(`http://127.0.0.1:${port}/show`))
        const [ofA, ofB] = [a, b].map((port) => secretsOf(linesOf(both.output(), port)))
        assert.equal(ofA?.length, 1)
        assert.deepEqual(ofB, [...(ofA ?? []), `This is a secret message from port ${a}!`])
      },
    )
    if (SLOW) {
      // with the newest of what its ranges take
      const doors = "for (const door of ['', '/protocol']) await import('ecdh-duet' + door)"
      await run(process.execPath, ['--input-type=module', '--eval', doors], { cwd: home })
    }
    const { output } = await runCommand(['--help'], { program, cwd: home, env })
    assert.match(output, /^Usage: npx ecdh-duet /)
    const [nobody] = await freePorts(1)
    const attack = ['lab', 'bad-keys', `http://127.0.0.1:${nobody}`]
    const { errors } = await runCommand(attack, { program, cwd: home, env })
    assert.match(errors, /Start both peers first: npx ecdh-duet both\n$/)
    assert.deepEqual(fs.readdirSync(home), before)
  })
})

/** Unpacks the package into `home`, and nothing else: what the command needs of others is in it. */
async function unpacked(home: string): Promise<null> {
  const own = path.join(home, 'node_modules/ecdh-duet')
  fs.mkdirSync(own, { recursive: true })
  await run('tar', ['-xzf', at(pack.filename), '-C', own, '--strip-components', '1'])
  return null
}

/** Installs the package into `home` by npm, from its cache where that has the dependencies. Returns why not. */
async function installed(home: string): Promise<string | null> {
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']
  try {
    await run('npm', ['install', '--prefer-offline', ...quiet, at(pack.filename)], { cwd: home })
    return null
  } catch (error) {
    if (!/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN/.test(String(error))) throw error
    return "npm's cache lacks the dependencies, and the registry can't be reached"
  }
}

/** The rows of the table in the house's README whose head begins with `first`: names, what they are for, and why they and not others. */
function rowsOf(first: string): string[][] {
  const [, text = ''] = read('src/README.md').trimEnd().split(`\n| ${first} |`)
  const [head = ''] = text.split('\n\n')
  return head
    .split('\n')
    .slice(2)
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .map(([, ...cells]) => cells.slice(0, -1))
}

describe('the README of the house', () => {
  it('says of each file and folder in src what it is for', () => {
    const names = rowsOf('file or folder').flatMap(([names = '']) => names.match(/[\w.]+/g) ?? [])
    const isDocument = (name: string) => name.endsWith('.md')
    const there = fs.readdirSync(path.join(root, 'src')).filter((name) => !isDocument(name))
    assert.deepEqual(names.toSorted(), there.sort())
  })

  for (const [kinds, packages] of [
    [['to run'], manifest.dependencies],
    [['built in', 'to develop'], manifest.devDependencies],
  ] as const)
    it(`says of each package that is ${kinds.join(' or ')} what it is for and why it and not another`, () => {
      const rows = kinds.flatMap(rowsOf)
      const names = rows.flatMap(([names = '']) => names.split(', '))
      assert.deepEqual(names.toSorted(), Object.keys(packages).sort())
      for (const row of rows)
        assert.ok(row.length === 3 && row.every((cell) => cell !== ''), row.join(' | '))
    })
})
