/** Files that a student's peer writes: found and read within limits, without following links. */

import type { Stats } from 'node:fs'
import { constants, lstat, open, opendir } from 'node:fs/promises'
import path from 'node:path'
import { printable } from '../../terminal/printable.ts'

/** Entries of folders that are looked at; upper folders come first. */
const MAX_ENTRIES = 10_000
/** What is read of one file. */
const MAX_FILE_BYTES = 1024 * 1024
/** What is read of all files in one look. */
const MAX_READ_BYTES = 64 * 1024 * 1024
/** Letters of a path in a report. */
const MAX_SHOWN = 100
/** Folders that programs of others fill. */
const FOREIGN = new Set(['node_modules', '.git', '.venv', 'venv'])

/** A file, and what differs once it was written to. */
export interface FoundFile {
  readonly path: string
  readonly bytes: number
  readonly mode: number
  readonly stamp: string
}

/** The files under `root`, none if that is no folder. @throws never: what can't be read is left out */
export async function filesUnder(root: string): Promise<FoundFile[]> {
  const files: FoundFile[] = []
  const folders = (await stat(root))?.isDirectory() ? [root] : []
  let left = MAX_ENTRIES
  for (let folder = folders.shift(); folder !== undefined && left > 0; folder = folders.shift())
    for await (const entry of entriesOf(folder)) {
      if (left-- === 0) break
      const whole = path.join(folder, entry.name)
      if (entry.isDirectory() && !FOREIGN.has(entry.name)) folders.push(whole)
      if (!entry.isFile()) continue
      const found = await stat(whole)
      if (found?.isFile())
        files.push({ path: whole, bytes: found.size, mode: found.mode, stamp: stampOf(found) })
    }
  return files
}

/** Those of `now` that were not there, or not like this, in `before`. */
export function changedSince(before: readonly FoundFile[], now: readonly FoundFile[]): FoundFile[] {
  const known = new Map(before.map((file) => [file.path, file.stamp]))
  return now.filter((file) => known.get(file.path) !== file.stamp)
}

/** Each file and its first bytes, as long as there is room for them; the shorter ones come first. */
export async function* contentsOf(
  files: readonly FoundFile[],
): AsyncGenerator<{ file: FoundFile; content: Buffer }> {
  let left = MAX_READ_BYTES
  for (const file of files.toSorted((a, b) => a.bytes - b.bytes)) {
    if (left <= 0) return
    const content = await read(file.path, Math.min(left, MAX_FILE_BYTES, file.bytes))
    left -= content.length
    yield { file, content }
  }
}

/** A path for a report, printable: how it stands to the state or the folder of the peer, if it is in one of the two. */
export function shownPath(
  file: string,
  state: string | null,
  cwd: string | null | undefined,
): string {
  for (const [root, name] of [
    [state, '{state}'],
    [cwd, '.'],
  ])
    if (root && name && file.startsWith(root + path.sep))
      return printable(name + file.slice(root.length).slice(0, MAX_SHOWN))
  return printable(file.slice(-MAX_SHOWN))
}

/** Whether anything stands at this path. */
export async function exists(file: string): Promise<boolean> {
  return (await stat(file)) !== null
}

async function* entriesOf(folder: string) {
  try {
    yield* await opendir(folder)
  } catch {
    // It is gone, or nobody may look into it.
  }
}

function stat(file: string): Promise<Stats | null> {
  return lstat(file).catch(() => null)
}

function stampOf({ size, mtimeMs, ctimeMs, ino }: Stats): string {
  return `${ino} ${size} ${mtimeMs} ${ctimeMs}`
}

/** The first `bytes` bytes; none of a link or of what is no file by now. */
async function read(file: string, bytes: number): Promise<Buffer> {
  try {
    // A pipe that took the file's place would keep a reader waiting.
    const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
    const handle = await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try {
      const buffer = Buffer.alloc(bytes)
      const { bytesRead } = await handle.read(buffer, 0, bytes, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  } catch {
    return Buffer.alloc(0)
  }
}
