// @ts-check
/**
 * `make build` and `npm run build`: what is run from `dist/` is made here. `dist/` is there only if all of it was made.
 *
 * - `commands/`: the command, joined with its packages to one file for each thing that is loaded at another time. Each has a map, by
 *   which a stack trace names the source.
 * - `index.js`, `protocol/index.js` and what they load: the library as the compiler makes it, a file of each file.
 * - `browser/`: the page's modules as one script with each language beside it, and its style sheets without what no browser reads.
 * - `LICENSES.txt`: of each package that was joined into one of these.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { decode, encode } from '@jridgewell/sourcemap-codec'
import { build } from 'rolldown'
import { licencesOf } from './licences.js'

const UNFINISHED = '.build'
const COMPILED = `${UNFINISHED}/compiled`
/** What the library's users import. */
const DOORS = ['index', 'protocol/index']

/**
 * The files of the command: each has all that its first modules load at once, but for what is in one before it. What else is
 * loaded later gets files of its own.
 * @type {readonly (readonly [name: string, ...first: string[]])[]}
 */
const PARTS = [
  ['run', 'commands/run'],
  ['protocol', 'protocol/exchange', 'protocol/safetyNumber', 'wirelog/forms', 'wirelog/transcript'],
  [
    'shared',
    'commands/keygen',
    'commands/send',
    'commands/watch',
    'state/pictureFile',
    'terminal/layout',
    'terminal/progress',
  ],
  ['peer', 'commands/runPeers'],
  ['page', 'page/html'],
  ['talk', 'commands/talk', 'commands/announcing'],
  ['lab', 'commands/lab', 'commands/mallory'],
  ['exercise', 'commands/exercise', 'classroom/exercise/chosen'],
]

// make looks for main.js: it goes first, so that a build that is interrupted counts as none
for (const old of ['dist/main.js', 'dist', UNFINISHED])
  fs.rmSync(old, { recursive: true, force: true })

// as npm has it, which make does without
process.env['PATH'] = [path.resolve('node_modules/.bin'), process.env['PATH']].join(path.delimiter)
const compiled = once(spawn(`tsc --outDir ${COMPILED}`, { shell: true, stdio: 'inherit' }), 'exit')

/** Every module that was joined into something. @type {Set<string>} */
const joined = new Set()
/** @param {import('rolldown').BuildOptions} options */
async function join(options) {
  const { output } = await build(options)
  for (const piece of output)
    if (piece.type === 'chunk') for (const id of Object.keys(piece.modules)) joined.add(id)
  return output
}

/** A language of the toy or of presenting is not one of the page. @param {{ name: string, moduleIds: string[] }} chunk */
const nameOf = ({ name, moduleIds }) => {
  const [, of] = /[/\\](toy|present)[/\\]e[ns]\.ts$/.exec(moduleIds.at(-1) ?? '') ?? []
  // what presenting and the page have in common
  return name === 'Page' ? 'parts.js' : `${of === undefined ? '' : `${of}-`}${name}.js`
}
await join({
  input: { start: 'src/page/browser/start.ts', toy: 'src/page/browser/toy.ts' },
  output: {
    dir: `${UNFINISHED}/browser`,
    minify: true,
    postFooter: '\n',
    chunkFileNames: nameOf,
    // what the words of a language need too
    codeSplitting: {
      groups: [
        { name: 'shared', test: /node_modules|page\/(?:costs|h|parts\/marks|toy\/numbers)\.ts/ },
      ],
    },
  },
})
// what only the lab serves has nothing in common with the files that a peer serves
await join({
  input: 'src/classroom/lab/mallory/page/browser/page.ts',
  output: {
    dir: `${UNFINISHED}/browser/mallory`,
    minify: true,
    postFooter: '\n',
    chunkFileNames: '[name].js',
    codeSplitting: {
      groups: [{ name: 'shared', test: /node_modules|page\/(?:h|parts\/marks)\.ts/ }],
    },
  },
})
/** Comments and blanks. No string of ours has two blanks or such a sign with a blank beside it. @param {string} css */
const minified = (css) =>
  css
    .split('/*')
    .map((part, i) => (i === 0 ? part : part.slice(part.indexOf('*/') + 2)))
    .join('')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?|(:) /g, '$1$2')
    .replaceAll(';}', '}')
    .trim()
    .concat('\n')
for (const { from, to } of [
  { from: 'src/page', to: 'browser' },
  { from: 'src/classroom/lab/mallory/page', to: 'browser/mallory' },
])
  for (const name of fs.readdirSync(from).filter((name) => name.endsWith('.css'))) {
    const css = fs.readFileSync(`${from}/${name}`, 'utf8')
    fs.writeFileSync(`${UNFINISHED}/${to}/${name}`, minified(css))
  }

/** The modules that `id` loads at once, and these others, and it itself. */
function closureOf(
  /** @type {string} */ id,
  /** @type {(id: string) => readonly string[]} */ importsOf,
) {
  const all = new Set([id])
  for (const one of all) for (const other of importsOf(one)) all.add(other)
  return all
}

/** The JSON of a file, as it stands in a template. @param {string} file */
const textOf = (file) =>
  JSON.stringify(JSON.parse(fs.readFileSync(file, 'utf8'))).replace(/[\\`]|\$\{/g, '\\$&')

/** @type {Map<string, string> | undefined} */
let partOf
const command = await join({
  input: { run: 'src/commands/run.ts' },
  platform: 'node',
  preserveEntrySignatures: 'allow-extension',
  // depd compiles a function that has as many parameters as the deprecated one
  checks: { eval: false },
  plugins: [
    {
      name: 'data as texts',
      load: {
        filter: { id: /\.json$/ },
        // a list of media types as a text is half as large as the same as code, and is read in half the time
        handler: (id) => ({
          code: `module.exports = JSON.parse(\`${textOf(id)}\`)`,
          moduleType: 'js',
        }),
      },
    },
  ],
  output: {
    dir: `${UNFINISHED}/commands`,
    sourcemap: true,
    comments: { legal: true, jsdoc: false, annotation: false },
    chunkFileNames: ({ name }) => (name === 'source' ? 'got.js' : `${name}.js`),
    codeSplitting: {
      groups: PARTS.map(([part], i) => ({
        debugName: part,
        priority: PARTS.length - i,
        name: (id, context) => {
          partOf ??= new Map(
            PARTS.flatMap(([name, ...first]) =>
              first.flatMap((file) => {
                const all = closureOf(
                  path.resolve('src', `${file}.ts`),
                  (id) => context.getModuleInfo(id)?.importedIds ?? [],
                )
                return [...all].map((id) => /** @type {const} */ ([id, name]))
              }),
            ).reverse(),
          )
          return partOf.get(id) === part ? part : null
        },
      })),
    },
  },
})

// a map tells of each line where it begins, and no column: whole, it would be as large as the code
for (const piece of command)
  if (piece.type === 'asset' && typeof piece.source === 'string') {
    const { version, file, sources, mappings } = JSON.parse(piece.source)
    /** @type {[number, number, number, number][][]} */
    const lines = decode(mappings).map(([first]) =>
      first?.length === 4 || first?.length === 5 ? [[0, first[1], first[2], first[3]]] : [],
    )
    const map = { version, file, sources, names: [], mappings: encode(lines) }
    fs.writeFileSync(`${UNFINISHED}/commands/${piece.fileName}`, JSON.stringify(map))
  } else if (piece.type === 'chunk') {
    // if one character takes two bytes, V8 keeps the whole file with two bytes for each
    const code = piece.code.replace(/[^\t-~]/g, inAscii)
    fs.writeFileSync(`${UNFINISHED}/commands/${piece.fileName}`, code)
  }

/** @param {string} unit */
function inAscii(unit) {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

const [code] = await compiled
// it has said why
if (code !== 0) process.exit(1)
// the page of the library, as a browser has it: without a file for each component, and with Preact
const page = path.resolve(COMPILED, 'page')
await join({
  input: path.resolve(page, 'html.js'),
  platform: 'node',
  external: (id, importer = '') =>
    id.startsWith('.') && !path.resolve(importer, '..', id).startsWith(page + path.sep),
  output: { dir: page },
})

/**
 * What of the compiled files the library needs: what a door loads, now or later, and the types of that.
 * @param {readonly string[]} doors
 */
function neededBy(doors) {
  const needed = new Set(doors)
  for (const file of needed) {
    // the compiler leaves `.ts` in what declarations import
    const text = fs
      .readFileSync(`${COMPILED}/${file}`, 'utf8')
      .replaceAll(".ts'", ".js'")
      .replaceAll('.ts"', '.js"')
    fs.writeFileSync(`${COMPILED}/${file}`, text)
    for (const [, other = ''] of text.matchAll(/(?:from |import\()['"](\.[^'"]+)['"]/g)) {
      const found = path.posix.join(path.posix.dirname(file), other)
      needed.add(file.endsWith('.d.ts') ? found.replace(/js$/, 'd.ts') : found)
    }
  }
  return needed
}
const library = neededBy(DOORS.flatMap((door) => [`${door}.js`, `${door}.d.ts`]))
for (const file of ['main.js', ...library]) {
  fs.mkdirSync(path.dirname(`${UNFINISHED}/${file}`), { recursive: true })
  fs.renameSync(`${COMPILED}/${file}`, `${UNFINISHED}/${file}`)
}
fs.rmSync(COMPILED, { recursive: true })

fs.writeFileSync(`${UNFINISHED}/LICENSES.txt`, licencesOf(joined))
fs.renameSync(UNFINISHED, 'dist')
