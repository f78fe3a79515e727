/** The house: that `make check` would see each import rule broken, and that the table of the tests is complete. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { before, describe, it } from 'node:test'
import { BLOCKED_PORTS } from '../../src/commands/runPeers.ts'
import { chaptersOf, documentAt, documents, root } from '../helpers/documents.ts'
import { folderForAll } from '../helpers/files.ts'

const at = folderForAll()

/** What the linter says of these sources, by the project's own configuration: pairs of a rule and the line it refuses. */
function refusedIn(sources: ReadonlyMap<string, readonly string[]>): Map<string, string[][]> {
  fs.copyFileSync(path.join(root, '.biome.jsonc'), at('.biome.jsonc'))
  for (const [file, lines] of sources) {
    fs.mkdirSync(path.dirname(at(file)), { recursive: true })
    fs.writeFileSync(at(file), lines.map((line) => `${line}\n`).join(''))
  }
  const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome')
  const args = [biome, 'lint', '--reporter=github', '--max-diagnostics=none']
  const { stdout } = spawnSync(process.execPath, args, { cwd: at(), encoding: 'utf8' })
  const refused = new Map([...sources.keys()].map((file): [string, string[][]] => [file, []]))
  const found = /title=lint\/\w+\/(\w+),file=[^,\n]*\b(src\/[^,\n]+),line=(\d+)/g
  for (const [, rule = '', file = '', line] of stdout.matchAll(found))
    refused.get(file)?.push([rule, sources.get(file)?.[Number(line) - 1] ?? ''])
  return refused
}

/** What the files of each folder may import (✓) and may not (✗), shown on one of them. */
const RULES = `
src/protocol/session.ts ✓ ./curves.ts @noble/ciphers/chacha.js
  ✗ node:crypto ../peer/peer.ts ../wirelog/events.ts ../http/app.ts
src/peer/peer.ts ✓ ./publicState.ts ../protocol/exchange.ts
  ✗ node:fs ../http/client.ts ../wirelog/ring.ts ../state/openMemory.ts ../terminal/terminal.ts ../launch.ts
src/terminal/lines.ts ✓ ./safe.ts ../peer/contract.ts ../protocol/bytes.ts
  ✗ node:fs ../peer/peer.ts ../http/app.ts ../main.ts
src/wirelog/events.ts ✓ ./ring.ts ../peer/peer.ts ../protocol/bytes.ts
  ✗ ../http/app.ts ../http/problems.ts ../page/html.ts ../disk/sync.ts ../launch.ts
src/disk/lock.ts ✓ ./stamp.ts ../peer/contract.ts node:fs
  ✗ ../peer/peer.ts ../state/files.ts ../protocol/bytes.ts
src/page/parts/Wire.ts ✓ ../h.ts ../words/en.ts ../../wirelog/events.ts ../../protocol/suites.ts preact preact/hooks
  ✗ node:fs ../html.ts ../browser/feed.ts ../../peer/peer.ts ../../http/app.ts ../../terminal/safe.ts preact-render-to-string
src/page/browser/page.ts ✓ ../parts/Page.ts ./feed.ts ../../wirelog/events.ts preact
  ✗ node:fs ../html.ts ../../peer/peer.ts ../../http/app.ts preact-render-to-string
src/page/html.ts ✓ ./words/en.ts ./parts/Page.ts ../peer/peer.ts ../wirelog/events.ts preact-render-to-string node:fs
  ✗ ../http/app.ts ../http/loopback.ts ../state/openMemory.ts ../launch.ts
src/page/toy/Eve.ts ✓ ./curves.ts ../h.ts ../costs.ts preact
  ✗ node:fs ../html.ts ../view.ts preact-render-to-string ../../peer/peer.ts ../../http/app.ts ../../protocol/curves.ts
src/http/steps.ts ✓ ./bodies.ts ../peer/peer.ts ../wirelog/ring.ts ../page/html.ts ../disk/programName.ts
  ✗ ../state/openMemory.ts ../mailbox/seal.ts ../disk/sync.ts ../terminal/terminal.ts ../launch.ts
src/state/openMemory.ts ✓ ./pem.ts ../peer/contract.ts ../disk/lock.ts node:fs
  ✗ ../http/app.ts ../mailbox/seal.ts ../terminal/terminal.ts ../main.ts
src/mailbox/seal.ts ✓ ../protocol/curves.ts ../peer/contract.ts ../disk/sync.ts hpke node:fs
  ✗ ../http/app.ts ../state/pem.ts ../terminal/terminal.ts ../launch.ts
src/nearby/nearby.ts ✓ ./packets.ts node:dgram dns-packet
  ✗ ../talk/finding.ts ../peer/peer.ts ../http/loopback.ts ../terminal/rows.ts
src/talk/talk.ts ✓ ./outbox.ts ../nearby/nearby.ts ../peer/peer.ts ../terminal/said.ts node:readline
  ✗ ../launch.ts ../http/client.ts ../state/pictureFile.ts ../commands/talk.ts
src/launch.ts ✓ ./http/app.ts ./peer/peer.ts
  ✗ ./commands/runPeers.ts ./classroom/lab/ownPair.ts ./main.ts ./talk/talk.ts ./nearby/nearby.ts
src/main.ts ✓ ./commands/lab.ts
  ✗ ./classroom/lab/ownPair.ts ./classroom/transcript/check.ts
src/classroom/exercise/run.ts ✓ ./clauses/all.ts ../../http/client.ts ../../state/files.ts ../../wirelog/transcript.ts
  ✗ ../lab/ownPair.ts ../transcript/check.ts ../../commands/runPeers.ts ../../main.ts
src/classroom/exercise/report/text.ts ✓ ../clause.ts ../../../terminal/rows.ts
  ✗ ../../lab/call.ts ../../../commands/check.ts
src/classroom/lab/ownPair.ts ✓ ./tap.ts ../../launch.ts ../../http/client.ts ../../protocol/exchange.ts
  ✗ ./mallory/mallory.ts ../../commands/runPeers.ts ../../main.ts ../transcript/check.ts
src/classroom/lab/bad-keys/badKeys.ts ✓ ./points.ts ../call.ts ../../../launch.ts ../../../http/client.ts
  ✗ ../mallory/mallory.ts ../../lab/quantum/quantum.ts ../../transcript/check.ts
    ../../../commands/runPeers.ts ../../../main.ts
src/classroom/transcript/check.ts ✓ ./form.ts ../../wirelog/events.ts ../../protocol/messages.ts
    valibot node:fs
  ✗ ../../peer/peer.ts ../../http/client.ts ../../state/files.ts ../lab/ownPair.ts ../../commands/check.ts
src/commands/runPeers.ts ✓ ../launch.ts ../classroom/lab/show-work/work.ts ../state/openMemory.ts
  ✗ ../main.ts
`

/** Two files that need one another. */
const CIRCLE: Record<string, string[]> = {
  'src/wirelog/one.ts': ["export type { B } from './two.ts'"],
  'src/wirelog/two.ts': ["export type { B } from './one.ts'"],
}
const IMPURE = 'src/protocol/impure.ts'
const GLOBALS = ['Buffer.alloc(1)', 'process.exit()', 'global.gc()']

const there = fs
  .readdirSync(path.join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll(path.sep, '/'))
/** The files that run what is in a folder. */
const entries = [
  ...new Set(there.flatMap((file) => /^(\w+)\/[^/]+\.test\.ts$/.exec(file)?.[1] ?? [])),
].map((folder) => `${folder}.test.ts`)

describe('each folder with tests in it', () => {
  for (const entry of entries)
    it(`is run by ${entry}`, () => {
      const source = fs.readFileSync(path.join(root, 'test', entry), 'utf8')
      assert.match(
        source,
        new RegExp(`^await testsIn\\('${entry.replace('.test.ts', '')}'\\)$`, 'm'),
      )
    })
})

describe('the table of the tests in their README', () => {
  it('has a row for each file of tests and each program beside them, with a subject and a kind', () => {
    const chapter = chaptersOf(documentAt('test/README.md').text).get('Which test is where') ?? ''
    const rows = [...chapter.matchAll(/^\| (.+) \| `([^`]+)` \| (.+) \|$/gm)]
    const isStarted = (file: string) =>
      /^(bench\/run|[^/]+\/main|[^/]+\/[^/]+\.test|[^/]+)\.ts$/.test(file) &&
      !entries.includes(file)
    assert.deepEqual(rows.map(([, , file]) => file).sort(), there.filter(isStarted).sort())
  })
})

describe('a source file that a document names', () => {
  it('is there', () => {
    const files = ['src', 'test'].flatMap((folder) =>
      fs
        .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
        .map((file) => `/${folder}/${file.replaceAll(path.sep, '/')}`),
    )
    for (const { file, text } of documents().filter(({ file }) => file !== 'CHANGELOG.md'))
      for (const [, named] of text.matchAll(/`([\w.-]+(?:\/[\w.-]+)*\.(?:ts|js|mjs))`/g))
        if (!named?.startsWith('dist/'))
          assert.ok(
            files.some((one) => one.endsWith(`/${named}`)),
            `${file}: ${named}`,
          )
  })
})

describe('the import rules', () => {
  const rules = RULES.trim()
    .split(/\n(?=src)/)
    .map((rule) => {
      const [[file = ''] = [], takes = [], refuses = []] = rule
        .split(/[✓✗]/)
        .map((words) => words.trim().split(/\s+/))
      return { file, takes, refuses }
    })
  const lineOf = (from: string, i: number) => `export { a as a${i} } from '${from}'`
  let refused: Map<string, string[][]>
  before(() => {
    const sources = new Map(Object.entries({ ...CIRCLE, [IMPURE]: GLOBALS }))
    for (const { file, takes, refuses } of rules)
      sources.set(file, [...takes, ...refuses].map(lineOf))
    refused = refusedIn(sources)
  })
  const refusedBy = (rule: string, file: string) =>
    new Set(refused.get(file)?.flatMap(([by, line]) => (by === rule ? [line] : [])))

  for (const { file, takes, refuses } of rules)
    it(`hold in ${file}`, () => {
      const lines = refuses.map((from, i) => lineOf(from, takes.length + i))
      assert.deepEqual(refusedBy('noRestrictedImports', file), new Set(lines))
    })

  it('refuse a circle, of types too', () => {
    for (const [file, lines] of Object.entries(CIRCLE))
      assert.deepEqual(refusedBy('noImportCycles', file), new Set(lines))
  })

  it('refuse what only Node has in protocol/', () =>
    assert.deepEqual(refusedBy('noRestrictedGlobals', IMPURE), new Set(GLOBALS)))
})

describe('the maps of the two rooms that one needs', () => {
  const ofProtocol = chaptersOf(documentAt('src/README.md').text).get('The protocol, file by file')
  const maps = { protocol: ofProtocol ?? '', http: documentAt('src/http/README.md').text }
  for (const [room, map] of Object.entries(maps))
    it(`have a row for each file of ${room}/, and for none that is gone`, () => {
      const rows = [...map.matchAll(/^\| (`\w+\.ts`(?:, `\w+\.ts`)*) \|/gm)]
      const named = rows.flatMap(([, names = '']) => names.match(/\w+\.ts/g) ?? [])
      const files = fs.readdirSync(path.join(root, 'src', room))
      assert.deepEqual(named.toSorted(), files.filter((file) => file.endsWith('.ts')).sort())
    })
})

describe('what the program tells a person to type', () => {
  const sources = fs
    .readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|js)$/.test(file) && !/^(disk\/programName|build)\./.test(file))
  const said = sources.map((file) => {
    const text = fs.readFileSync(path.join(root, 'src', file), 'utf8')
    return [file, text.replaceAll(/^\s*(\/?\*|\/\/).*$/gm, '')] as const
  })

  it('names the way by which this copy was started, which programName.ts knows', () => {
    for (const [file, text] of said)
      assert.doesNotMatch(
        text,
        /dist\/main\.js|\bmake \w+-|(?<!npx )ecdh-duet (?:both|peer|keygen|send|watch|check|lab|mallory)\b/,
        file,
      )
  })

  it('advises no port that browsers refuse, and neither does a document', async () => {
    const texts = [...said, ...documents().map(({ file, text }) => [file, text] as const)]
    const named = /(?<=PORT_[A-Z]=|127\.0\.0\.1:|--ports? (?:\d+,)?|8000 or )\d{4,5}\b/g
    const ports = new Set(texts.flatMap(([, text]) => text.match(named) ?? []))
    assert.ok(ports.has('8000') && ports.has('5000'))
    // the list is that of the Fetch standard, which Node has too; nobody is at this name
    const refusalOf = (port: number | string) =>
      fetch(`http://nobody.invalid:${port}`).catch(({ cause }) => cause.message)
    for (const port of ports) assert.notEqual(await refusalOf(port), 'bad port', port)
    for (const port of BLOCKED_PORTS) assert.equal(await refusalOf(port), 'bad port', `${port}`)
  })
})
