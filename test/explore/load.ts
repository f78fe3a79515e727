/**
 * Loads the protocol's own source once more, with three changes of its text: `#private` names become plain ones, so
 * that a peer can be copied and compared; the hash, HKDF, HMAC and the AEAD are those of ideal.ts; and one
 * text that waits fills an inbox, since the walk would never come to 32.
 */

import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const SOURCE = path.resolve(import.meta.dirname, '../../src/protocol')
/** Below node_modules, so that the imports resolve, and nothing is left lying in the tree. */
const CACHE = path.resolve(import.meta.dirname, '../../node_modules/.cache')
const IDEAL = pathToFileURL(path.join(import.meta.dirname, 'ideal.ts')).href
/** What imports a hash, HKDF, HMAC or the AEAD. */
const IDEALIZED = ['bytes.ts', 'keySchedule.ts', 'keyChain.ts', 'session.ts', 'openText.ts']

function changed(file: string): string {
  let text = fs.readFileSync(path.join(SOURCE, file), 'utf8')
  if (IDEALIZED.includes(file)) text = text.replaceAll(/'@noble\/[^']+'/g, `'${IDEAL}'`)
  if (file === 'exchange.ts') {
    const inbox = /(?<=MAX_WAITING = )\d+/
    if (!inbox.test(text)) throw new Error('The size of the inbox is not found.')
    text = text.replace(inbox, '1')
  }
  return text.replaceAll(/#(?=[a-zA-Z])/g, '$')
}

export type Protocol = typeof import('../../src/protocol/exchange.ts') &
  typeof import('../../src/protocol/curves.ts') &
  typeof import('../../src/protocol/errors.ts') &
  typeof import('../../src/protocol/keyChain.ts') &
  typeof import('../../src/protocol/keyExchange.ts') &
  typeof import('../../src/protocol/keySchedule.ts') &
  typeof import('../../src/protocol/openText.ts') &
  typeof import('../../src/protocol/session.ts') &
  typeof import('../../src/protocol/suites.ts')
const EXPORTING =
  'exchange curves errors keyChain keyExchange keySchedule openText session suites'.split(' ')

async function loadOnce(): Promise<Protocol> {
  fs.mkdirSync(CACHE, { recursive: true })
  const folder = fs.mkdtempSync(path.join(CACHE, 'explore-'))
  process.on('exit', () => fs.rmSync(folder, { recursive: true }))
  const write = (file: string, text: string) => fs.writeFileSync(path.join(folder, file), text)
  write('package.json', '{ "type": "module" }')
  for (const file of fs.readdirSync(SOURCE).filter((file) => file.endsWith('.ts')))
    write(file, changed(file))
  write('all.ts', EXPORTING.map((file) => `export * from './${file}.ts'\n`).join(''))
  return import(pathToFileURL(path.join(folder, 'all.ts')).href)
}

let loaded: Promise<Protocol> | undefined

/** Once for the whole process. */
export function load(): Promise<Protocol> {
  loaded ??= loadOnce()
  return loaded
}
