/** Folders and files of tests, and what the system says when it refuses them. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, afterEach, before, beforeEach, type TestContext } from 'node:test'
import { StateError } from '../../src/state/files.ts'

/** A place in a folder of tests, or the folder itself. */
export type Place = (...names: string[]) => string

/** A fresh folder for each test of a file or a `describe`. */
export const folderForEach = (): Place => folder(beforeEach, afterEach)

/** One folder for all the tests of a file or a `describe`. */
export const folderForAll = (): Place => folder(before, after)

function folder(begin: (hook: () => void) => void, end: (hook: () => void) => void): Place {
  let root = ''
  begin(() => {
    root = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'duet-'))
  })
  end(() => fs.rmSync(root, { recursive: true }))
  return (...names) => path.join(root, ...names)
}

/** Permissions as octal digits. */
export const modeOf = (file: string): string => (fs.statSync(file).mode & 0o777).toString(8)

/** A pipe that nobody writes to. */
export function makePipe(file: string): void {
  const { status } = spawnSync('mkfifo', ['-m', '600', file])
  if (status !== 0) throw new Error(`there is no pipe ${file}`)
}

/** What the system says with `code` and nothing else. */
export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error('the system'), { code })
}

/** Tells a StateError in one line that begins with the file's name. */
export function saysOf(file: string, says: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StateError, `${error}`)
    assert.ok(error.message.startsWith(`${file}: `), error.message)
    assert.match(error.message, says)
    assert.equal(error.message.includes('\n'), false)
    return true
  }
}

/** Throws it. */
export function failingWith(code: string): () => never {
  return () => {
    throw systemError(code)
  }
}

/** The files that are opened from now on, and by their descriptors those of them that are open. */
export function filesOpened(t: TestContext): { opened: string[]; open: Map<number, string> } {
  const opened: string[] = []
  const open = new Map<number, string>()
  const { open: openLater, openSync, closeSync } = fs
  const note = (file: string, fd: number) => {
    opened.push(file)
    open.set(fd, file)
  }
  t.mock.method(fs, 'openSync', (...args: Parameters<typeof openSync>) => {
    const fd = openSync(...args)
    note(String(args[0]), fd)
    return fd
  })
  type Opened = (error: Error | null, fd: number) => void
  t.mock.method(fs, 'open', (file: string, flags: string, mode: number, done: Opened) => {
    openLater(file, flags, mode, (error, fd) => {
      if (error === null) note(file, fd)
      done(error, fd)
    })
  })
  t.mock.method(fs, 'closeSync', (fd: number) => {
    closeSync(fd)
    open.delete(fd)
  })
  return { opened, open }
}

/** How many files `fs.promises` opens from now on, and how many of them are closed. */
export function handlesOpened(t: TestContext): { opened: number; closed: number } {
  const count = { opened: 0, closed: 0 }
  const { open } = fs.promises
  t.mock.method(fs.promises, 'open', async (...args: Parameters<typeof open>) => {
    const handle = await open(...args)
    count.opened++
    const { close } = handle
    t.mock.method(handle, 'close', () => {
      count.closed++
      return close()
    })
    return handle
  })
  return count
}

let gone: number | undefined

/** The number of a process that has ended. */
export function endedProcess(): number {
  gone ??= spawnSync(process.execPath, ['--version']).pid
  return gone
}
