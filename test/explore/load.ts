/**
 * Loads the protocol's own source once more, with three changes of its text: `#private` names become
 * plain ones, so that a peer can be copied and compared; the hash, HKDF, HMAC and the AEAD are those
 * of ideal.ts; and, if it is asked for, one planted mistake.
 */

import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const ROOT = path.resolve(import.meta.dirname, '../..')
const SOURCE = path.join(ROOT, 'src/protocol')
/** Below node_modules, so that the imports resolve, and nothing is left lying in the tree. */
const CACHE = path.join(ROOT, 'node_modules/.cache')
const IDEAL = pathToFileURL(path.join(import.meta.dirname, 'ideal.ts')).href

const PRIMITIVES: Readonly<Record<string, readonly string[]>> = {
  'bytes.ts': ['@noble/hashes/utils.js', '@noble/hashes/utils.js'],
  'keySchedule.ts': ['@noble/hashes/hkdf.js', '@noble/hashes/hmac.js', '@noble/hashes/sha2.js'],
  'keyChain.ts': ['@noble/hashes/hmac.js', '@noble/hashes/sha2.js'],
  'session.ts': ['@noble/ciphers/chacha.js'],
}

/** A change of the source: `from` stands in `file` exactly once. */
export interface Mistake {
  /** What is wrong then. */
  readonly what: string
  readonly file: string
  readonly from: string
  readonly to: string
}

export interface Protocol {
  readonly Exchange: typeof import('../../src/protocol/exchange.ts').Exchange
  readonly KeyPair: typeof import('../../src/protocol/curves.ts').KeyPair
  readonly DuetError: typeof import('../../src/protocol/errors.ts').DuetError
}

function changed(file: string, source: string, mistake: Mistake | undefined): string {
  let text = source
  if (mistake?.file === file) {
    if (text.split(mistake.from).length !== 2)
      throw new Error(`Not once in ${file}: ${JSON.stringify(mistake.from)}`)
    text = text.replace(mistake.from, () => mistake.to)
  }
  for (const from of PRIMITIVES[file] ?? []) {
    if (!text.includes(`'${from}'`)) throw new Error(`${file} does not import ${from}.`)
    text = text.replace(`'${from}'`, `'${IDEAL}'`)
  }
  return text.replaceAll(/#(?=[a-zA-Z])/g, '$')
}

/** The protocol as it is in src/protocol, or with `mistake`. */
export async function load(mistake?: Mistake): Promise<Protocol> {
  fs.mkdirSync(CACHE, { recursive: true })
  const folder = fs.mkdtempSync(path.join(CACHE, 'explore-'))
  try {
    const files = fs.readdirSync(SOURCE).filter((file) => file.endsWith('.ts'))
    if (mistake && !files.includes(mistake.file)) throw new Error(`No file ${mistake.file}.`)
    fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
    for (const file of files) {
      const source = fs.readFileSync(path.join(SOURCE, file), 'utf8')
      fs.writeFileSync(path.join(folder, file), changed(file, source, mistake))
    }
    const loaded = (file: string) => import(pathToFileURL(path.join(folder, file)).href)
    const { Exchange } = await loaded('exchange.ts')
    const { KeyPair } = await loaded('curves.ts')
    const { DuetError } = await loaded('errors.ts')
    return { Exchange, KeyPair, DuetError }
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}
