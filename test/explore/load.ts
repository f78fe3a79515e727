/**
 * Loads the protocol's own source once more, with four changes of its text: `#private` names become
 * plain ones, so that a peer can be copied and compared; the hash, HKDF, HMAC and the AEAD are those
 * of ideal.ts; one text that waits fills an inbox; and, if it is asked for, one planted mistake.
 */

import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Edit, edited } from '../helpers/changes.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const SOURCE = path.join(ROOT, 'src/protocol')
/** Below node_modules, so that the imports resolve, and nothing is left lying in the tree. */
const CACHE = path.join(ROOT, 'node_modules/.cache')
const IDEAL = pathToFileURL(path.join(import.meta.dirname, 'ideal.ts')).href

/** What imports a hash, HKDF, HMAC or the AEAD. */
const IDEALIZED = ['bytes.ts', 'keySchedule.ts', 'keyChain.ts', 'session.ts', 'openText.ts']

/** One text that waits fills an inbox: the walk would never come to 32. */
const SMALLER = { file: 'exchange.ts', from: 'MAX_WAITING = 32', to: 'MAX_WAITING = 1' }

export interface Protocol {
  readonly Exchange: typeof import('../../src/protocol/exchange.ts').Exchange
  readonly KeyPair: typeof import('../../src/protocol/curves.ts').KeyPair
  readonly DuetError: typeof import('../../src/protocol/errors.ts').DuetError
}

/** The text of a file, changed; `renamed`: what the files that it imports are called now. */
function changed(file: string, mistake?: Edit, renamed: ReadonlyMap<string, string> = new Map()) {
  let text = fs.readFileSync(path.join(SOURCE, file), 'utf8')
  if (mistake?.file === file) text = edited(text, mistake)
  if (SMALLER.file === file) text = edited(text, SMALLER)
  if (IDEALIZED.includes(file)) text = text.replaceAll(/'@noble\/[^']+'/g, `'${IDEAL}'`)
  for (const [from, to] of renamed) text = text.replaceAll(`'./${from}'`, `'./${to}'`)
  return text.replaceAll(/#(?=[a-zA-Z])/g, '$')
}

/** Of `files`, `file` and all that import it, also by way of others. */
function reaching(file: string, files: readonly string[]): Set<string> {
  const sources = files.map((name) => fs.readFileSync(path.join(SOURCE, name), 'utf8'))
  const reached = new Set([file])
  // it grows while it is gone through
  for (const one of reached)
    for (const [i, name] of files.entries())
      if (sources[i]?.includes(`'./${one}'`)) reached.add(name)
  return reached
}

let folder: string | undefined
let loaded = 0

/** Where the changed sources are, until the process ends. */
function made(files: readonly string[]): string {
  if (folder !== undefined) return folder
  fs.mkdirSync(CACHE, { recursive: true })
  const made = fs.mkdtempSync(path.join(CACHE, 'explore-'))
  process.on('exit', () => fs.rmSync(made, { recursive: true }))
  fs.writeFileSync(path.join(made, 'package.json'), '{ "type": "module" }')
  for (const file of files) fs.writeFileSync(path.join(made, file), changed(file))
  folder = made
  return made
}

/**
 * The protocol as it is in src/protocol, or with `mistake`. What does not import the mistaken file is loaded once
 * for all of them.
 */
export async function load(mistake?: Edit): Promise<Protocol> {
  const files = fs.readdirSync(SOURCE).filter((file) => file.endsWith('.ts'))
  if (mistake && !files.includes(mistake.file)) throw new Error(`No file ${mistake.file}.`)
  const into = made(files)
  const others = mistake ? [...reaching(mistake.file, files)] : []
  loaded++
  const renamed = new Map(others.map((file) => [file, `${loaded}.${file}`]))
  for (const [file, name] of renamed)
    fs.writeFileSync(path.join(into, name), changed(file, mistake, renamed))
  const from = (file: string) =>
    import(pathToFileURL(path.join(into, renamed.get(file) ?? file)).href)
  const { Exchange } = await from('exchange.ts')
  const { KeyPair } = await from('curves.ts')
  const { DuetError } = await from('errors.ts')
  return { Exchange, KeyPair, DuetError }
}
