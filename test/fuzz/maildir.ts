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
import { anyBytes, anyText, damagedBy, damages, seldom, weighted } from '../helpers/mutations.ts'
import { assertLines } from '../helpers/printable.ts'
import { hold, inFolder, promptly, type Target } from './target.ts'

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

const change = fc.oneof(
  damages.map((damages) => (sealed: Buffer) => damagedBy(damages, sealed)),
  anyBytes(100).map((bytes) => () => bytes),
  fc
    .constantFrom(65_583, 65_584, 65_585, 200_000)
    .map(
      (length) => (sealed: Buffer) =>
        Buffer.concat([sealed, Buffer.alloc(length)]).subarray(0, length),
    ),
)

const entry = fc.record<Entry>({
  name,
  kind: weighted(
    [10, fc.constant('file' as const)],
    [1, fc.constantFrom('folder', 'link to a file', 'link to nothing', 'link to itself')],
  ),
  text: weighted([3, anyText(50)], [1, anyBytes(50)]),
  change: seldom(2, change),
  copy: seldom(3, fc.constantFrom('in new', 'in cur', 'in failed')),
  seconds: fc.oneof(fc.integer({ min: 1, max: 1_700_000_000 }), fc.constantFrom(0, 2 ** 31)),
})

/** What is expected of a watcher. */
interface Expected {
  readonly texts: string[]
  readonly setAside: string[]
  /** How many of them have to have another name there. */
  taken: number
  readonly passedOver: string[]
  /** Names in `new` that stay there. */
  readonly stays: Buffer[]
}

async function put(maildir: Maildir, entries: readonly Entry[]): Promise<Expected> {
  const expected: Expected = { texts: [], setAside: [], taken: 0, passedOver: [], stays: [] }
  const at = (name: Buffer) => Buffer.concat([Buffer.from(`${maildir.new}/`), name])
  const known = new Set<string>()
  const file = (name: Buffer, content: Buffer, seconds: number) => {
    fs.writeFileSync(at(name), content, { flag: 'wx' })
    fs.utimesSync(at(name), seconds, seconds)
  }
  for (const [i, { name, kind, text, change, copy, seconds }] of entries.entries()) {
    if (fs.lstatSync(at(name), { throwIfNoEntry: false })) continue
    const said = fileIn(maildir.new, name).name
    const fits = Buffer.byteLength(said) <= 255
    const sealed = Buffer.from(await seal(pair, text))
    const content = change?.(sealed) ?? sealed
    if (kind === 'folder') fs.mkdirSync(at(name))
    if (kind === 'link to a file') fs.symlinkSync(path.join(maildir.dir, 'beside'), at(name))
    if (kind === 'link to nothing') fs.symlinkSync('nothing', at(name))
    if (kind === 'link to itself') fs.symlinkSync(name, at(name))
    if (kind === 'file') file(name, content, seconds)
    if (kind !== 'file' || said.startsWith('.')) {
      expected.stays.push(name)
      expected.passedOver.push(said)
      continue
    }
    const id = idOf(content)
    const opens = content.equals(sealed) && isUtf8(text)
    if (copy === 'in cur' && opens) {
      fs.writeFileSync(maildir.placeInCur(id), content)
      known.add(id)
    }
    if (copy === 'in failed' && fits) fs.writeFileSync(path.join(maildir.failed, said), 'another')
    const another = copy === 'in new' ? `copy ${i}` : null
    if (another !== null) file(Buffer.from(another), content, seconds)
    if (known.has(id)) continue
    if (opens) {
      known.add(id)
      expected.texts.push(Buffer.from(text).toString('hex'))
    } else {
      expected.setAside.push(said, ...(another === null ? [] : [another]))
      if (copy === 'in failed' || !fits) expected.taken++
    }
  }
  return expected
}

/** Watches until the last text was told. */
async function watchAll(maildir: Maildir): Promise<WatchEvent[]> {
  const last = Buffer.from(await seal(pair, LAST))
  fs.writeFileSync(path.join(maildir.new, idOf(last)), last)
  fs.utimesSync(path.join(maildir.new, idOf(last)), LAST_SECONDS, LAST_SECONDS)
  const events: WatchEvent[] = []
  const ending = new AbortController()
  const output = {
    write: (text: Buffer, written?: () => void) => {
      assertLines(text.toString())
      written?.()
    },
  }
  const terminal = createTerminal({ output, showsSecrets: true })
  await watchMaildir({
    maildir,
    pair,
    signal: ending.signal,
    tell: async (event) => {
      await terminal.tellOfMailbox(event)
      if (event.type === 'mail' && LAST.equals(event.SECRET)) ending.abort()
      else events.push(event.type === 'mail' ? { ...event, SECRET: event.SECRET.slice() } : event)
    },
  })
  return events
}

export const maildirs: Target = {
  name: 'Maildirs with anything in them',
  cases: 6,
  fuzz: (seed, limits, tell) =>
    hold(seed, limits, fc.array(entry, { maxLength: 12 }), (entries) =>
      inFolder(async (dir) => {
        fs.writeFileSync(path.join(dir, 'beside'), 'a file')
        const maildir = new Maildir(dir)
        const expected = await put(maildir, entries)
        const events = await promptly(() => watchAll(maildir))
        for (const { type } of events) tell(type)
        const texts = events.flatMap((event) =>
          event.type === 'mail' ? [Buffer.from(event.SECRET).toString('hex')] : [],
        )
        assert.deepEqual(texts.sort(), expected.texts.sort())
        const aside = events.flatMap((event) =>
          event.type === 'set aside' ? [path.basename(event.place)] : [],
        )
        assert.equal(aside.length, expected.setAside.length)
        // under its name, unless something else has it there
        const elsewhere = aside.filter((name) => !expected.setAside.includes(name))
        assert.equal(elsewhere.length, expected.taken)
        const passedOver = events.flatMap((event) =>
          event.type === 'passed over' ? [event.name] : [],
        )
        assert.deepEqual(passedOver.sort(), expected.passedOver.sort())
        const left = fs.readdirSync(maildir.new, { encoding: 'buffer' })
        assert.deepEqual(left.sort(Buffer.compare), expected.stays.sort(Buffer.compare))
        // nothing is told again but of what stays
        const again = await watchAll(maildir)
        for (const { type } of again) assert.ok(type === 'watching' || type === 'passed over', type)
      }),
    ),
}
