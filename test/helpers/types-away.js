// @ts-check
/**
 * The hook that gives Node a TypeScript file with its types blanked out, as Node itself does from 22.18 on: each line
 * and column stays where it was, so stack traces and coverage are those of the file, without a source map.
 * What was blanked once is kept below node_modules, under the digest of what it was made from.
 */

import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const about = require.resolve('@swc/wasm-typescript/package.json')
const cache = path.resolve(about, '../../../.cache/types-away', require(about).version)

/** @type {import('node:module').LoadHook} */
export function load(url, context, next) {
  // a file may be loaded once more, under a query
  if (!/\.ts(\?|$)/.test(url)) return next(url, context)
  const file = fileURLToPath(url)
  return {
    format: 'module',
    shortCircuit: true,
    source: blanked(file, fs.readFileSync(file, 'utf8')),
  }
}

/** @param {string} file @param {string} text */
function blanked(file, text) {
  const kept = path.join(cache, createHash('sha256').update(text).digest('hex'))
  try {
    return fs.readFileSync(kept, 'utf8')
  } catch {
    const code = strip(file, text)
    // whole or not at all: other processes look for it at the same time
    fs.mkdirSync(cache, { recursive: true })
    fs.writeFileSync(`${kept}.${process.pid}`, code)
    fs.renameSync(`${kept}.${process.pid}`, kept)
    return code
  }
}

/** @param {string} filename @param {string} text */
function strip(filename, text) {
  try {
    // loaded here, since it takes longer than all the rest
    const { transformSync } = require('@swc/wasm-typescript')
    return transformSync(text, { mode: 'strip-only', module: true, filename }).code
  } catch (error) {
    throw new SyntaxError(`${filename} is no TypeScript that can be stripped of its types.`, {
      cause: error,
    })
  }
}
