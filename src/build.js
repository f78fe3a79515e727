// @ts-check
/**
 * `make build` and `npm run build`: what is run from `dist/` is made here. The compiler makes a file of each file, so that a stack trace
 * names it; the page's modules become one script with each language beside it. `dist/` is there only if all of it was made.
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
await build({
  input: 'src/page/browser/page.ts',
  output: {
    dir: `${UNFINISHED}/browser`,
    chunkFileNames: '[name].js',
    // what the words of a language need too
    codeSplitting: {
      groups: [{ name: 'shared', test: /node_modules|page\/(?:h|parts\/marks)\.ts/ }],
    },
  },
})
// what only the lab serves has nothing in common with the files that a peer serves
await build({
  input: 'src/classroom/lab/mallory/page/browser/page.ts',
  output: {
    dir: `${UNFINISHED}/browser/mallory`,
    chunkFileNames: '[name].js',
    codeSplitting: {
      groups: [{ name: 'shared', test: /node_modules|page\/(?:h|parts\/marks)\.ts/ }],
    },
  },
})
fs.renameSync(UNFINISHED, 'dist')
