/** `exercise` as a person and a grader run it, on a peer that never gets far. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { CLAUSES } from '../../src/classroom/exercise/clauses/all.ts'
import { runCommand, usage } from '../helpers/command.ts'
import { root } from '../helpers/documents.ts'
import { folderForEach } from '../helpers/files.ts'

const at = folderForEach()
const START = `'${process.execPath}' peer.js`
/** Of a workflow, the machine that runs these tests may have its own. */
const NOWHERE = { GITHUB_ACTIONS: '', GITHUB_STEP_SUMMARY: '' }

/** Runs `exercise ARGS` in the test's folder, with `peer` as peer.js there. */
function exercise(args: readonly string[], peer = 'process.exit(3)', env = {}) {
  fs.writeFileSync(at('peer.js'), peer)
  return runCommand(['exercise', ...args], { cwd: at(), env: { ...NOWHERE, ...env } })
}

const read = (file: string) => fs.readFileSync(at(file), 'utf8')

describe('ecdh-duet exercise', () => {
  it('says what failed, and a line that a shell runs again', async () => {
    const peer = `console.log('\\x1b[2Jbye'); console.error('✓ keys/1'); process.exit(3)`
    const { code, output, errors } = await exercise(['--start', START, '--seed', '7'], peer)
    assert.deepEqual([code, errors], [1, ''])
    const [first = '', ...lines] = output.split('\n')
    assert.match(first, /^✗ keys\/1 .* seed 7$/)
    assert.match(output, /\n {2}got +it ended by itself: exit code 3\n/)
    assert.match(
      output,
      /\n {2}it printed +\\u\{1b\}\[2Jbye\n {2}it printed +\\u\{2713\} keys\/1\n/,
    )
    assert.match(output, /\n· \d+ clauses +blocked: session\/1 to session\/8 build on keys\/1\n/)
    assert.match(output, /\nall +0 of \d+ +1 failed, \d+ blocked\n\necdh-duet .*, seed 7\n$/)
    const line = lines.find((one) => one.startsWith('  again '))?.slice(17) ?? assert.fail(output)
    const { stdout, status } = spawnSync('sh', ['-c', line], { cwd: at(), encoding: 'utf8' })
    assert.equal(status, 1)
    assert.equal(stdout.split('\n')[0], first)
    assert.match(stdout, /\nall +0 of 20 +1 failed\n\n.*\n$/)
  })

  it('writes each of the results, of which one may go to standard output', async () => {
    const files = ['junit', 'gradescope', 'classroom50'].flatMap((one) => [`--${one}`, at(one)])
    const args = ['--start', START, '--no-causes', '--exit-zero', '--stage', '1', ...files]
    const { code, output } = await exercise([...args, '--json', '-'])
    assert.equal(code, 0)
    const { points, of, stages, clauses } = JSON.parse(output)
    assert.deepEqual([points, of, stages.length], [0, 20, 1])
    const ids = CLAUSES.filter(({ stage }) => stage === 1).map(({ id }) => id)
    assert.deepEqual(
      clauses.map(({ id }: { id: string }) => id),
      ids,
    )
    assert.equal(clauses[0].cause, null)
    assert.match(read('junit'), /<error message="it ended by itself: exit code 3" type="error">/)
    const { tests } = JSON.parse(read('gradescope'))
    assert.deepEqual([tests.length, tests[0].status], [ids.length, 'failed'])
    assert.equal(JSON.parse(read('classroom50'))['max-score'], 200)
    assert.deepEqual(fs.readdirSync(at()).sort(), ['classroom50', 'gradescope', 'junit', 'peer.js'])
  })

  it('has results for Gradescope before the first start, with which nothing was run', async () => {
    const peer = `require('fs').copyFileSync('results.json', 'before.json')`
    await exercise(['--start', START, '--stage', '1', '--gradescope', 'results.json'], peer)
    const before = JSON.parse(read('before.json'))
    const after = JSON.parse(read('results.json'))
    const parts = (results: typeof before, what: string) =>
      results.tests.reduce((all: number, one: Record<string, number>) => all + (one[what] ?? 0), 0)
    assert.equal(parts(before, 'score'), 0)
    assert.equal(parts(before, 'max_score').toFixed(2), parts(after, 'max_score').toFixed(2))
    for (const { extra_data } of before.tests) assert.equal(extra_data.result, 'not run')
    assert.equal(after.tests[0].extra_data.result, 'fail')
  })

  it('gives GitHub a summary and annotations, and no orders of a peer', async () => {
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: at('summary.md') }
    fs.writeFileSync(at('summary.md'), 'before\n')
    const peer = `console.log('::set-env name=A::b'); process.exit(3)`
    const { output } = await exercise(['--start', START, '--stage', '1'], peer, env)
    const [first = '', ...lines] = output.trimEnd().split('\n')
    const [, token] = /^::stop-commands::(\w{32})$/.exec(first) ?? assert.fail(first)
    const orders = lines.filter((line) => line.includes('::') && !/^ {2}it printed /.test(line))
    assert.deepEqual(orders.length, 2)
    assert.equal(orders[0], `::${token}::`)
    assert.match(
      orders[1] ?? '',
      /^::error title=keys\/1%3A [^:]+::.*it ended by itself: exit code 3$/,
    )
    assert.match(read('summary.md'), /^before\n### The exercise on X25519: 0 of \d+ points\n/)
  })

  it('fails where the build does, with its last lines, and starts nothing', async () => {
    fs.writeFileSync(at('build.js'), `console.error('no compiler'); process.exit(1)`)
    const peer = `require('fs').writeFileSync('started', '')`
    const build = ['--build', `'${process.execPath}' build.js`]
    const { code, output } = await exercise(['--start', START, ...build], peer)
    assert.equal(code, 1)
    assert.match(output, /^✗ keys\/1 [^·]*\n {2}got +exit code 1\n {2}it printed +no compiler\n/)
    assert.match(output, /\n· \d+ clauses +blocked: keys\/2 to keys\/\d+: the build failed\n/)
    assert.ok(!fs.existsSync(at('started')))
  })

  it('lists every clause with its points and its sentence, and runs nothing', async () => {
    const { code, output } = await exercise(['--list', '--curve', 'P-256'])
    assert.equal(code, 0)
    const listed = output.split('\n').map((line) => line.split(' ')[0])
    for (const { id, suites } of CLAUSES)
      assert.equal(listed.includes(id), suites?.includes('P-256') ?? true, id)
    const wide = output.split('\n').filter((line) => line.length > 80)
    assert.deepEqual(wide, [])
  })

  it('prints the vectors as they are published', async () => {
    const { output } = await exercise(['vectors'])
    assert.equal(output, fs.readFileSync(path.join(root, 'src/protocol/vectors.json'), 'utf8'))
  })

  it('runs a class with a limit, and says of each folder what it has', async () => {
    for (const name of ['ana', 'berta']) fs.mkdirSync(at(name))
    fs.writeFileSync(at('ana/start'), `'${process.execPath}' peer.js`)
    const peer = `console.log(Object.keys(process.env)); process.exit(3)`
    fs.writeFileSync(at('ana/peer.js'), peer)
    const args = ['class', '--trust', '--csv', 'class.csv', '--limit', '20', 'ana', 'berta']
    const { code, output } = await exercise(args, '', { TOKEN: 'of the teacher' })
    assert.equal(code, 1)
    assert.match(output, /\nana +0 of \d+ +it ended by itself: exit code\n +3\n/)
    const [, ana = '', berta] = read('class.csv').split('\r\n')
    assert.match(ana, /^ana,0,\d+,0,.*,keys\/1,[\d.]+,it ended by itself: exit code 3$/)
    assert.equal(berta, 'berta,0,,,,,,,,,,,no file start (ENOENT)')
  })
})

describe('ecdh-duet exercise class', () => {
  it('takes its own options, and has a row where the system does not take a command', async () => {
    fs.writeFileSync(at('start'), 'peer.js/x {port}\n')
    fs.mkdirSync(at('ana'))
    fs.renameSync(at('start'), at('ana', 'start'))
    fs.writeFileSync(at('ana', 'peer.js'), '')
    const { code, output } = await exercise([
      'class',
      '--trust',
      '--stage',
      '1',
      '--csv',
      '-',
      'ana',
    ])
    assert.equal(code, 1)
    assert.match(output, /\nana,0,20,0,,,,,,\d+,keys\/1,[\d.]+,.*not take the command: ENOTDIR/)
  })
})

describe('wrong usage of exercise', () => {
  const start = ['--start', 'x']
  const attach = ['--attach', 'http://127.0.0.1:9', '--port', '5001']
  const wrong: Record<string, [args: string[], said: RegExp]> = {
    'nothing to examine': [[], /--start "COMMAND" starts the peer to examine, or --attach URL/],
    'a peer to start and one that runs': [[...start, ...attach], /exclude each other/],
    'a peer that runs, without its port': [attach.slice(0, 2), /--attach and --port go together/],
    'a port, and a peer to start': [[...start, '--port', '1'], /--attach and --port go together/],
    'a peer on another machine': [['--attach', 'http://192.0.2.1', '--port', '1'], /this machine/],
    'itself as the other peer': [[...attach.slice(0, 3), '9'], /not that of --attach/],
    'a command without a word': [['--start', ' '], /It has no word\./],
    'a quote that stays open': [['--start', "python3 'x"], /It has a ' too many\./],
    'a build with a quote that stays open': [[...start, '--build', '"'], /It has a " too many\./],
    'a stage that is not there': [[...start, '--stage', '8'], /from 1 to 7/],
    'the stage of the KEM on another suite': [[...start, '--stage', '7'], /X25519MLKEM768/],
    'a clause that is none': [[...start, '--only', 'keys'], /Ids of clauses/],
    'a clause that is not there': [
      [...start, '--only', 'keys/1,keys/999'],
      /no clause keys\/999 on/,
    ],
    'a clause of another suite': [[...start, '--hold', 'kem/1'], /no clause kem\/1 on X25519;/],
    'stages and clauses': [[...start, '--stage', '1', '--only', 'keys/1'], /exclude each other/],
    'the first failure, of some clauses': [[...start, '--first', '--only', 'keys/1'], /exclude/],
    'no seed': [[...start, '--seed', '-1'], /below 2\^53/],
    'no time': [[...start, '--limit', '0'], /number of seconds/],
    'no peer at a time': [[...start, '--jobs', '0'], /A number from 1 to/],
    'a thousand peers at a time': [[...start, '--jobs', '1000'], /A number from 1 to/],
    'two results in one place': [[...start, '--json', '-', '--junit', '-'], /a file of its own/],
    'a result nowhere': [[...start, '--json', ''], /may not be empty/],
    'a build of what runs already': [[...attach, '--build', 'make'], /belong to --start/],
    'an unknown suite': [[...start, '--curve', 'P-384'], /The curves are X25519/],
    'a subcommand that is none': [['teach'], /too many arguments|unknown command/],
    'a starter in no language': [['starter'], /missing required argument/],
    'a starter in a language that has none': [['starter', 'cobol'], /Allowed choices/],
    'a class without trust': [['class', 'ana'], /only with --trust/],
    'a class of nobody': [['class', '--trust'], /missing required argument/],
  }
  for (const [what, [args, said]] of Object.entries(wrong))
    it(`is ${what}, and the help is named`, async () => {
      const text = await usage(['exercise', ...args])
      assert.match(text, /^error: [^\n]+\n\(npx ecdh-duet exercise[ \w]* --help shows [\w ]+\)\n$/)
      assert.match(text, said)
    })

  it(
    'is another user, without root',
    { skip: process.getuid?.() === 0 && 'this is root' },
    async () => assert.match(await usage(['exercise', ...start, '--user', 'nobody']), /needs root/),
  )
})
