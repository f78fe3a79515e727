/** `make` and npm's scripts: settings reach the program as they were typed, and what failed or was interrupted does not count as done. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { MAIN } from '../helpers/command.ts'
import { root } from '../helpers/documents.ts'
import { folderForEach } from '../helpers/files.ts'

const at = folderForEach()
const HERE = [
  ...['Makefile', 'package.json', 'package-lock.json', 'tsconfig.json', '.npmrc'],
  ...['src/build.js', 'src/licences.js'],
]
const LOCK = 'node_modules/.package-lock.json'
/** A program that appends what it was started with to `started`. */
const TELLS = `import fs from 'node:fs'
fs.appendFileSync('started', JSON.stringify(process.argv.slice(2)) + '\\n')
`

const DOORS = ['index', 'protocol/index'].flatMap((door) => [`${door}.js`, `${door}.d.ts`])

/** Writes a file of the project's copy; an `old` one is older than whatever is made of it. */
function write(file: string, text: string, { old = false, mode = 0o644 } = {}): void {
  fs.mkdirSync(path.dirname(at(file)), { recursive: true })
  fs.writeFileSync(at(file), text, { mode })
  if (old) fs.utimesSync(at(file), 1, 1)
}

/** Runs a program in the copy, with the programs in `bin` before all others. */
function run(program: string, args: string[], env: Record<string, string> = {}) {
  const PATH = `${at('bin')}${path.delimiter}${process.env['PATH']}`
  const clean = { ...process.env, MAKEFLAGS: '', MAKELEVEL: '', ...env, PATH }
  const done = spawnSync(program, args, { cwd: at(), env: clean, encoding: 'utf8' })
  return { code: done.status, said: done.stdout + done.stderr }
}

const make = (...args: string[]) => run('make', args)
const started = (): string[][] =>
  (fs.readFileSync(at('started'), 'utf8').match(/.+/g) ?? []).map((line) => JSON.parse(line))

// a copy that is installed and built, by a compiler that compiles nothing and a bundler that bundles nothing
beforeEach(() => {
  for (const file of HERE)
    write(file, fs.readFileSync(path.join(root, file), 'utf8'), { old: true })
  write('src/main.ts', '', { old: true })
  for (const style of ['src/page/page.css', 'src/classroom/lab/mallory/page/mallory.css']) {
    write(style, '', { old: true })
    for (let folder = path.dirname(style); folder !== '.'; folder = path.dirname(folder))
      fs.utimesSync(at(folder), 1, 1)
  }
  write(LOCK, '', { old: true })
  write(
    'node_modules/.bin/tsc',
    `#!/bin/sh\nmkdir -p $2/protocol && cd $2 && touch ${DOORS.join(' ')} && cat > main.js <<'END'\n${TELLS}END\n`,
    {
      mode: 0o755,
    },
  )
  const folders = "fs.mkdirSync('.build/browser/mallory', { recursive: true })"
  for (const [name, text] of Object.entries({
    '@jridgewell/sourcemap-codec': 'export const decode = null, encode = null',
    rolldown: `import fs from 'node:fs'\nexport const build = () => (${folders}, { output: [] })`,
  })) {
    write(`node_modules/${name}/package.json`, '{"type":"module","exports":"./index.js"}')
    write(`node_modules/${name}/index.js`, text)
  }
  write('dist/main.js', TELLS, { old: true })
})

const noMake = spawnSync('make', ['--version']).stdout?.includes('GNU')
  ? false
  : 'there is no GNU make here'

/** All that a shell, make or a parser of options could take for something else. */
const ODD =
  '-x my  box, it\'s a "b" $HOME $(touch made) `touch made`; touch made # 50% * ~ \\ ( $(shell touch made) ñandú 😀'

const ALONE = '--peer PEER --host HOST --host-name HOST_NAME --curve CURVE --show-work'
const BETWEEN = '--between http://127.0.0.1:PORT_A,http://127.0.0.1:PORT_B --curve CURVE'
const MAILBOX = '--mailbox MAILBOXES/b/mail --mailbox-key MAILBOXES/b/key.public.pem'
/** What each target starts the program with, each setting in the place of its name. */
const STARTS = {
  'run-both': 'both --ports PORT_A,PORT_B --curve CURVE --show-work',
  'run-5000': `peer --port PORT_A ${ALONE}`,
  'run-mallory': `mallory --with strangers --ports PORT_M,PORT_N ${BETWEEN} --alter ALTER`,
  talk: 'talk --curve CURVE --peer PEER',
  'send-image': 'send-image --port PORT_A -- IMAGE',
  'send-to-b': 'send --to TO --recipient RECIPIENT -',
  'lab-bad-keys': 'lab bad-keys --all -- VICTIM',
  'mailbox-b': `peer --port PORT_B ${ALONE} ${MAILBOX}`,
  'watch-a': 'watch --key MAILBOXES/a/key.private.pem -- MAILBOXES/a/mail',
}
/** What some start it with on a network, where Mallory listens and nothing is kept. */
const ON_NETWORK = {
  'run-mallory': 'mallory --listen LISTEN --between BETWEEN --curve CURVE --alter ALTER',
  'run-5001': `peer --port PORT_B ${ALONE} --no-state`,
}
/** The same of some where nothing is set. */
const DEFAULTS = {
  'run-both': 'both --ports 5000,5001 --curve X25519',
  'run-5001': 'peer --port 5001 --peer http://127.0.0.1:5000 --host 127.0.0.1 --curve X25519',
  'run-mallory-known':
    'mallory --with known --ports 5002,5003 ' +
    '--between http://127.0.0.1:5000,http://127.0.0.1:5001 --curve X25519',
  'send-to-a': 'send --to http://127.0.0.1:5000 -',
  'lab-bad-keys': 'lab bad-keys -- http://127.0.0.1:5000',
  'watch-b': 'watch --key .duet/mailboxes/b/key.private.pem -- .duet/mailboxes/b/mail',
}

describe('a setting of make', { skip: noMake }, () => {
  /** What the program was started with by `targets`, but for the keys of mailboxes, which the next case makes. */
  const startedBy = (targets: object, ...settings: string[]) => {
    const { code, said } = make(...Object.keys(targets), ...settings)
    assert.equal(code, 0, said)
    return started().filter(([command]) => command !== 'keygen')
  }

  it('reaches the program as it was typed', () => {
    const NAME = /[A-Z][A-Z_]+/g
    const namesIn = (starts: object) => [...new Set(Object.values(starts).join().match(NAME))]
    assert.equal(namesIn([STARTS, ON_NETWORK].flatMap(Object.values)).length, 16)
    for (const [starts, more] of [
      [STARTS, 'ALL=1'],
      [ON_NETWORK, 'NO_STATE=1'],
    ] as const) {
      const settings = namesIn(starts).map((name) => `${name}=${ODD} ${name}`)
      const words = Object.values(starts).map((line) => line.split(' '))
      assert.deepEqual(
        startedBy(starts, ...settings, 'SHOW_WORK=1', more).splice(-words.length),
        words.map((line) => line.map((word) => word.replaceAll(NAME, (name) => `${ODD} ${name}`))),
      )
    }
    assert.equal(fs.existsSync(at('made')), false)
  })

  it('has a default', () => {
    const lines = startedBy(DEFAULTS).map((args) => args.join(' '))
    assert.deepEqual(lines, Object.values(DEFAULTS))
  })

  it('is the same from the environment, and an empty one is none', () => {
    run('make', ['keygen'], { MAILBOXES: '$HOME box' })
    make('keygen', 'MAILBOXES=')
    const places = ['$HOME box/a', '$HOME box/b', '.duet/mailboxes/a', '.duet/mailboxes/b']
    assert.deepEqual(
      started().map((args) => args.at(-1)),
      places,
    )
  })

  it('puts no private key elsewhere, and none where one is', () => {
    write('dist/main.js', `import('${pathToFileURL(MAIN)}')`, { old: true })
    const before = fs.readdirSync(at())
    for (const again of [1, 2]) assert.equal(make('keygen', 'MAILBOXES=my box').code, 0, `${again}`)
    assert.deepEqual(fs.readdirSync(at()).sort(), [...before, 'my box'].sort())
    assert.ok(fs.existsSync(at('my box', 'a', 'key.private.pem')))
  })
})

describe('make help', { skip: noMake }, () => {
  it('has every target in a group, and every setting, within 76 columns', () => {
    const makefile = fs.readFileSync(at('Makefile'), 'utf8')
    const lines = make('help').said.trimEnd().split('\n')
    const groups = lines.filter((line) => line.endsWith(':')).map((line) => line.slice(0, -1))
    assert.deepEqual(groups, ['Start', 'Lab', 'Mail', 'Class', 'Develop', 'What you set'])
    const told = lines
      .filter((line) => line.startsWith('  '))
      .map((line) => line.trim().split(' ')[0])
    const [, phony = ''] = /^\.PHONY:([\s\S]*?[^\\])\n/m.exec(makefile) ?? []
    const targets = phony.split(/[\s\\]+/).filter((target) => target !== '')
    const settings = [...makefile.matchAll(/^\$\(call setting,(\w+)/gm)].map(([, name]) => name)
    assert.ok(targets.length > 30 && settings.length > 15)
    assert.deepEqual(told.toSorted(), [...targets, ...settings].sort())
    for (const line of lines) assert.ok(line.length <= 76, line)
  })
})

describe('a build', { skip: noMake }, () => {
  it('is made once, and again when a source has changed', () => {
    assert.match(make('build').said, /Nothing to be done/)
    write('src/main.ts', 'changed')
    assert.equal(make('build').code, 0)
    assert.match(make('build').said, /Nothing to be done/)
  })

  it('that failed or was killed is none', () => {
    for (const end of ['exit 1', 'kill -9 $$']) {
      const cut = 'mkdir $2; echo > $2/main.js'
      write('node_modules/.bin/tsc', `#!/bin/sh\n${cut}; ${end}\n`, { mode: 0o755 })
      write('src/main.ts', 'changed')
      assert.equal(make('build').code, 2)
      // so that make begins again
      assert.equal(fs.existsSync(at('dist')), false)
    }
  })

  it('with a type error is none, and nothing stays that the sources no longer have', () => {
    fs.rmSync(at('node_modules'), { recursive: true })
    fs.symlinkSync(path.join(root, 'node_modules'), at('node_modules'))
    const pages = [
      'page/browser/start',
      'page/browser/toy',
      'classroom/lab/mallory/page/browser/page',
    ]
    const command = "import { onPage } from '../page/html.ts'\nexport const run = () => onPage\n"
    for (const file of pages) write(`src/${file}.ts`, 'export const port = 5000\n')
    write('src/page/html.ts', "import { h } from 'preact'\nexport const onPage = h('p', null)\n")
    write('src/commands/run.ts', command)
    write('src/index.ts', "export const page = () => import('./page/html.ts')\n")
    write('src/protocol/index.ts', "export type { Kem } from './kem.ts'\n")
    write('src/protocol/kem.ts', 'export interface Kem {}\n')
    write('src/talk/talk.ts', "export const talk = 'the command has it, and the library has not'\n")
    write('dist/gone.js', '')
    write('src/main.ts', "export const port: number = '5000'\n")
    const { code, said } = make('build')
    assert.equal(code, 2)
    assert.match(said, /error TS2322/)
    write('src/main.ts', 'export const port: number = 5000\n')
    assert.equal(make('build').code, 0)
    assert.deepEqual(fs.readdirSync(at('dist'), { recursive: true }).sort(), [
      'LICENSES.txt',
      'browser',
      'browser/mallory',
      'browser/mallory/mallory.css',
      'browser/mallory/page.js',
      'browser/page.css',
      'browser/start.js',
      'browser/toy.js',
      'commands',
      'commands/run.js',
      'commands/run.js.map',
      'index.d.ts',
      'index.js',
      'main.js',
      'page',
      'page/html.d.ts',
      'page/html.js',
      'protocol',
      'protocol/index.d.ts',
      'protocol/index.js',
      'protocol/kem.d.ts',
    ])
  })

  it('begins with an installation, and one that failed is none', () => {
    fs.writeFileSync(at('package.json'), fs.readFileSync(at('package.json')))
    write('bin/npm', `#!/bin/sh\necho "$@" >> npm\nexit 1\n`, { mode: 0o755 })
    for (const again of [1, 2]) assert.equal(make('build').code, 2, `${again}`)
    assert.equal(fs.readFileSync(at('npm'), 'utf8'), 'ci\nci\n')
  })
})

const slow = process.env['SLOW'] !== '1' && 'npm takes seconds to begin: SLOW=1 starts it'

describe('npm', { skip: slow }, () => {
  it('compiles before it starts the program, whatever it is told of scripts', () => {
    fs.rmSync(at('dist'), { recursive: true })
    const npm = (...args: string[]) => run('npm', args, { npm_config_ignore_scripts: 'true' })
    assert.equal(npm('run', 'run-both', '--', '--ports', '8000,8001').code, 0)
    assert.equal(npm('run', 'run-5000').code, 0)
    const [both, alone] = started()
    assert.deepEqual(both, ['both', '--ports', '8000,8001'])
    assert.deepEqual(alone?.slice(1), ['--port', '5000', '--peer', 'http://127.0.0.1:5001'])
    const { scripts } = JSON.parse(fs.readFileSync(at('package.json'), 'utf8'))
    const swapped = scripts['run-5000'].replace('5000', 'B').replace('5001', '5000')
    assert.equal(scripts['run-5001'], swapped.replace('B', '5001'))
  })

  it('installs the compiler, whatever it is told to leave out', () => {
    const { devDependencies } = JSON.parse(fs.readFileSync(at('package.json'), 'utf8'))
    const env = { NODE_ENV: 'production', npm_config_omit: 'dev' }
    const { stdout } = spawnSync('npm', ['ls', '--json', '--depth', '0'], {
      cwd: root,
      env: { ...process.env, ...env },
      encoding: 'utf8',
    })
    const found = new Set(Object.keys(JSON.parse(stdout).dependencies))
    for (const name of Object.keys(devDependencies)) assert.ok(found.has(name), name)
  })
})

const noBmake =
  spawnSync('bmake', ['-f', '/dev/null', '-V', 'MAKE']).status === 0
    ? false
    : 'there is no bmake here'

describe('a make that is not GNU make', { skip: noBmake }, () => {
  it('says which one is needed, and what to type without it', () => {
    const { code, said } = run('bmake', ['run-both'])
    assert.notEqual(code, 0)
    assert.match(said, /GNU make.*gmake.*npm ci and then npm start/)
    const lines = said.trim().split('\n')
    assert.equal(lines.filter((line) => !line.includes('stopped')).length, 1, said)
  })
})
