// @ts-check
/**
 * `make build` and `npm run build`: what is run from `dist/` is made here. The compiler makes a file of each file, so that a stack trace
 * names it; the page's modules become one script with each language beside it, and its style sheets lose what no browser reads.
 * `dist/` is there only if all of it was made.
 */

import { execSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { build } from 'rolldown'

const UNFINISHED = '.build'

// make looks for main.js: it goes first, so that a build that is interrupted counts as none
for (const old of ['dist/main.js', 'dist', UNFINISHED])
  fs.rmSync(old, { recursive: true, force: true })
// as npm has it, which make does without
process.env['PATH'] = [path.resolve('node_modules/.bin'), process.env['PATH']].join(path.delimiter)
try {
  execSync(`tsc --outDir ${UNFINISHED}`, { stdio: 'inherit' })
} catch {
  // it has said why
  process.exit(1)
}
/** A language of the toy or of presenting is not one of the page. @param {{ name: string, moduleIds: string[] }} chunk */
const nameOf = ({ name, moduleIds }) => {
  const [, of] = /[/\\](toy|present)[/\\]e[ns]\.ts$/.exec(moduleIds.at(-1) ?? '') ?? []
  // what presenting and the page have in common
  return name === 'Page' ? 'parts.js' : `${of === undefined ? '' : `${of}-`}${name}.js`
}
await build({
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
await build({
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
fs.renameSync(UNFINISHED, 'dist')
