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
import { bytesOf, type Draw, damaged, pick, seldom, textOf, weigh } from '../helpers/mutations.ts'
import { assertLines } from '../helpers/printable.ts'
import { inFolder, promptly, target } from './target.ts'

const pair = new KeyPair(X25519)
/** Is sealed to `pair`, comes after all others, and ends the watching. */
const LAST = Buffer.from('the last one')
const LAST_SECONDS = 4_000_000_000

const ODD_NAMES = [
  ...'.hidden ... -rf \u001b[2J \u202e %s a:2,S 1.1.0123456789abcdef-0.localhost free'.split(' '),
  ...['a\nb', '0'.repeat(64), 'x'.repeat(255)],
]

function drawName(draw: Draw): Buffer {
  const name = weigh(
    draw,
    [4, () => textOf(draw, 30, 1)],
    [1, () => bytesOf(draw, 255, 1)],
    [3, () => Buffer.from(pick(draw, ...ODD_NAMES))],
  )
  // without what no name can have
  const possible = Buffer.from(name.map((byte) => (byte === 0 || byte === 0x2f ? 0x5f : byte)))
  return ['.', '..'].includes(possible.toString()) ? Buffer.from('dots') : possible
}

/** What became of a sealed text: most of them stay as they are. */
function drawContent(draw: Draw, sealed: Buffer): Buffer {
  const length = pick(draw, 65_583, 65_584, 65_585, 200_000)
  return weigh(
    draw,
    [3, () => sealed],
    [1, () => damaged(draw, sealed)],
    [1, () => bytesOf(draw, 100)],
    [1, () => Buffer.concat([sealed, Buffer.alloc(length)], length)],
  )
}

const LINKS = ['link to a file', 'link to nothing', 'link to itself'] as const
const COPIES = ['in new', 'in cur', 'in failed'] as const

/** Puts anything into `new`. Returns what a watcher has to make of it. */
async function put(draw: Draw, maildir: Maildir) {
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
  for (let i = draw(fc.nat, 12); i > 0; i--) {
    const name = drawName(draw)
    const kind = seldom(draw, 8) ? pick(draw, 'folder', ...LINKS) : 'file'
    // a copy under another name, or among what was read, or something of its name among what was set aside
    const copy = seldom(draw, 3) ? pick(draw, ...COPIES) : null
    const seconds = pick(draw, draw(fc.integer, { min: 1, max: 1_700_000_000 }), 0, 2 ** 31)
    const text = seldom(draw, 4) ? bytesOf(draw, 50) : textOf(draw, 50)
    const sealed = Buffer.from(await seal(pair, text))
    const content = drawContent(draw, sealed)
    const file = fileIn(maildir.new, name)
    if (fs.lstatSync(file.path, { throwIfNoEntry: false })) continue
    const write = (place: string | Buffer) => {
      fs.writeFileSync(place, content, { flag: 'wx' })
      fs.utimesSync(place, seconds, seconds)
    }
    if (kind === 'file') write(file.path)
    else if (kind === 'folder') fs.mkdirSync(file.path)
    else {
      const targets = { 'link to a file': '../beside', 'link to nothing': 'nothing' }
      fs.symlinkSync(kind === 'link to itself' ? name : targets[kind], file.path)
    }
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

export const maildirs = target('Maildirs with anything in them', 6, (draw, tell) =>
  inFolder(async (dir) => {
    fs.writeFileSync(path.join(dir, 'beside'), 'a file')
    const maildir = new Maildir(dir)
    const expected = await put(draw, maildir)
    const told = { mail: [] as string[], aside: 0, passedOver: [] as string[] }
    const before = fs.readdirSync(maildir.failed)
    for (const event of await promptly(() => watchAll(maildir))) {
      tell(event.type)
      if (event.type === 'mail') told.mail.push(Buffer.from(event.SECRET).toString('hex'))
      if (event.type === 'set aside') told.aside += event.count
      if (event.type === 'passed over') told.passedOver.push(event.name)
    }
    assert.deepEqual(told.mail.sort(), expected.texts.sort())
    assert.deepEqual(told.passedOver.sort(), expected.passedOver.sort())
    const aside = fs.readdirSync(maildir.failed).filter((name) => !before.includes(name))
    assert.deepEqual([told.aside, aside.length], Array(2).fill(expected.setAside.length))
    // each under its name, unless something else has it there
    const renamed = aside.filter((name) => !expected.setAside.includes(name))
    assert.equal(renamed.length, expected.renamed)
    const left = fs.readdirSync(maildir.new, { encoding: 'buffer' })
    assert.deepEqual(left.sort(Buffer.compare), expected.stays.sort(Buffer.compare))
    // nothing is told again but of what stays
    for (const { type } of await watchAll(maildir))
      assert.ok(type === 'watching' || type === 'passed over', type)
  }),
)
