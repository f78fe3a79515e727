/** Whatever lies in a Maildir: each text is printed once; what is none is set aside or passed over, and said. */

import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import fs from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { fileIn } from '../../src/disk/fileName.ts'
import { idOf, Maildir } from '../../src/mailbox/maildir.ts'
import { seal } from '../../src/mailbox/seal.ts'
import { watchMaildir } from '../../src/mailbox/watchMaildir.ts'
import type { WatchEvent } from '../../src/peer/contract.ts'
import { KeyPair, X25519 } from '../../src/protocol/curves.ts'
import { createTerminal } from '../../src/terminal/terminal.ts'
import { anyBytes, anyText, damages, seldom, weighted } from '../helpers/mutations.ts'
import { assertLines } from '../helpers/printable.ts'
import { inFolder, promptly, target } from './target.ts'

const pair = new KeyPair(X25519)
/** Is sealed to `pair`, comes after all others, and ends the watching. */
const LAST = Buffer.from('the last one')
const LAST_SECONDS = 4_000_000_000

interface Entry {
  readonly name: Buffer
  readonly kind: 'file' | 'folder' | 'link to a file' | 'link to nothing' | 'link to itself'
  readonly text: Uint8Array
  /** What became of the sealed text. */
  readonly change: ((sealed: Buffer) => Buffer) | undefined
  /** There is a copy of it under another name, or among what was read, or something of its name among what was set aside. */
  readonly copy: 'in new' | 'in cur' | 'in failed' | undefined
  readonly seconds: number
}

const ODD_NAMES = [
  ...'.hidden ... -rf \u001b[2J \u202e %s a:2,S 1.1.0123456789abcdef-0.localhost free'.split(' '),
  ...['a\nb', '0'.repeat(64), 'x'.repeat(255)],
]
const name = weighted(
  [4, anyText(30, 1)],
  [1, anyBytes(255, 1)],
  [3, fc.constantFrom(...ODD_NAMES).map((text) => Buffer.from(text))],
)
  // what no name can have
  .map((name) => Buffer.from(name.map((byte) => (byte === 0 || byte === 0x2f ? 0x5f : byte))))
  .filter((name) => !['.', '..'].includes(name.toString()))

const entry = fc.record<Entry>({
  name,
  kind: weighted(
    [10, fc.constant('file')],
    [1, fc.constantFrom('folder', 'link to a file', 'link to nothing', 'link to itself')],
  ),
  text: weighted([3, anyText(50)], [1, anyBytes(50)]),
  change: seldom(
    2,
    fc.oneof(
      damages,
      anyBytes(100).map((bytes) => () => bytes),
      fc
        .constantFrom(65_583, 65_584, 65_585, 200_000)
        .map((length) => (sealed: Buffer) => Buffer.concat([sealed, Buffer.alloc(length)], length)),
    ),
  ),
  copy: seldom(3, fc.constantFrom('in new', 'in cur', 'in failed')),
  seconds: fc.oneof(fc.integer({ min: 1, max: 1_700_000_000 }), fc.constantFrom(0, 2 ** 31)),
})

/** Puts the entries there. Returns what a watcher has to make of them. */
async function put(maildir: Maildir, entries: readonly Entry[]) {
  const expected = {
    texts: [] as string[],
    setAside: [] as string[],
    /** How many of them have to get another name there. */
    renamed: 0,
    passedOver: [] as string[],
    /** Names in `new` that stay there. */
    stays: [] as Buffer[],
  }
  const known = new Set<string>()
  for (const [i, { name, kind, text, change, copy, seconds }] of entries.entries()) {
    const file = fileIn(maildir.new, name)
    if (fs.lstatSync(file.path, { throwIfNoEntry: false })) continue
    const sealed = Buffer.from(await seal(pair, text))
    const content = change?.(sealed) ?? sealed
    const write = (place: string | Buffer) => {
      fs.writeFileSync(place, content, { flag: 'wx' })
      fs.utimesSync(place, seconds, seconds)
    }
    if (kind === 'file') write(file.path)
    if (kind === 'folder') fs.mkdirSync(file.path)
    if (kind === 'link to a file') fs.symlinkSync(path.join(maildir.dir, 'beside'), file.path)
    if (kind === 'link to nothing') fs.symlinkSync('nothing', file.path)
    if (kind === 'link to itself') fs.symlinkSync(name, file.path)
    if (kind !== 'file' || file.name.startsWith('.')) {
      expected.stays.push(name)
      expected.passedOver.push(file.name)
      continue
    }
    const id = idOf(content)
    const opens = content.equals(sealed) && isUtf8(text)
    if (copy === 'in new') write(path.join(maildir.new, `copy ${i}`))
    if (copy === 'in cur' && opens) {
      fs.writeFileSync(maildir.placeInCur(id), content)
      known.add(id)
    }
    const isLong = Buffer.byteLength(file.name) > 255
    if (copy === 'in failed' && !isLong)
      fs.writeFileSync(path.join(maildir.failed, file.name), 'another')
    if (!opens) {
      expected.setAside.push(file.name, ...(copy === 'in new' ? [`copy ${i}`] : []))
      if (copy === 'in failed' || isLong) expected.renamed++
    } else if (!known.has(id)) expected.texts.push(Buffer.from(text).toString('hex'))
    if (opens) known.add(id)
  }
  return expected
}

/** Watches until the last text was told. */
async function watchAll(maildir: Maildir): Promise<WatchEvent[]> {
  const sealed = Buffer.from(await seal(pair, LAST))
  const last = path.join(maildir.new, idOf(sealed))
  fs.writeFileSync(last, sealed)
  fs.utimesSync(last, LAST_SECONDS, LAST_SECONDS)
  const events: WatchEvent[] = []
  const ending = new AbortController()
  const write = (text: Buffer, written?: () => void) => {
    assertLines(text.toString())
    written?.()
  }
  const terminal = createTerminal({ output: { write }, showsSecrets: true })
  const tell = async (event: WatchEvent) => {
    await terminal.tellOfMailbox(event)
    if (event.type === 'mail' && LAST.equals(event.SECRET)) ending.abort()
    else events.push(event.type === 'mail' ? { ...event, SECRET: event.SECRET.slice() } : event)
  }
  await watchMaildir({ maildir, pair, signal: ending.signal, tell })
  return events
}

export const maildirs = target(
  'Maildirs with anything in them',
  6,
  fc.array(entry, { maxLength: 12 }),
  (entries, tell) =>
    inFolder(async (dir) => {
      fs.writeFileSync(path.join(dir, 'beside'), 'a file')
      const maildir = new Maildir(dir)
      const expected = await put(maildir, entries)
      const told = { mail: [] as string[], aside: [] as string[], passedOver: [] as string[] }
      for (const event of await promptly(() => watchAll(maildir))) {
        tell(event.type)
        if (event.type === 'mail') told.mail.push(Buffer.from(event.SECRET).toString('hex'))
        if (event.type === 'set aside') told.aside.push(path.basename(event.place))
        if (event.type === 'passed over') told.passedOver.push(event.name)
      }
      assert.deepEqual(told.mail.sort(), expected.texts.sort())
      assert.deepEqual(told.passedOver.sort(), expected.passedOver.sort())
      assert.equal(told.aside.length, expected.setAside.length)
      // each under its name, unless something else has it there
      const renamed = told.aside.filter((name) => !expected.setAside.includes(name))
      assert.equal(renamed.length, expected.renamed)
      const left = fs.readdirSync(maildir.new, { encoding: 'buffer' })
      assert.deepEqual(left.sort(Buffer.compare), expected.stays.sort(Buffer.compare))
      // nothing is told again but of what stays
      for (const { type } of await watchAll(maildir))
        assert.ok(type === 'watching' || type === 'passed over', type)
    }),
)
