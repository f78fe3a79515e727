/** Keeping files out of git: what a folder's `.gitignore` has to say of them. */

import fs from 'node:fs'
import path from 'node:path'
import { StateError } from './files.ts'

/**
 * Adds those of `lines` that are missing to the `.gitignore` of an existing folder, and changes nothing else in it. Adds
 * nothing if a `*` there, or in a folder above it in the repository, keeps everything from git. Returns whether it added
 * something.
 * @throws StateError for a `.gitignore` that is a link; the system's errors
 */
export function keepFromGit(dir: string, lines: readonly string[]): boolean {
  // git looks where the folder is, whatever the name that leads there
  const folders = withThoseAbove(fs.realpathSync(dir))
  const inside = folders.slice(0, 1 + folders.findIndex(isRepository) || undefined)
  if (inside.some((folder) => ignoresAll(ignoreFileOf(folder)))) return false
  const text = ignoreFileOf(dir)
  const all = linesOf(text)
  // a line that begins with ! takes back what stands before it
  const inForce = all.slice(1 + all.findLastIndex((line) => line.startsWith('!')))
  const missing = lines.filter((line) => !inForce.includes(line))
  if (missing.length === 0) return false
  const gap = text === '' || text.endsWith('\n') ? '' : '\n'
  fs.appendFileSync(ignorePath(dir), `${gap}${missing.join('\n')}\n`)
  return true
}

/** Whether git could take what is in an existing folder: the folder, or one above it, has a `.git`. */
export function isInRepository(dir: string): boolean {
  return withThoseAbove(fs.realpathSync(dir)).some(isRepository)
}

const isRepository = (folder: string) => fs.existsSync(path.join(folder, '.git'))

/** A folder and those that it is in, the nearest first. */
function withThoseAbove(folder: string): string[] {
  const above = path.dirname(folder)
  return above === folder ? [folder] : [folder, ...withThoseAbove(above)]
}

const ignorePath = (folder: string) => path.join(folder, '.gitignore')

/**
 * The text of a folder's `.gitignore`, empty if it has none.
 * @throws StateError for a link: git does not follow it, and we would write to the file that it leads to
 */
function ignoreFileOf(folder: string): string {
  const file = ignorePath(folder)
  if (fs.lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink())
    throw new StateError(
      `${file}: It is a link, and git reads no such file. Put a file in its place.`,
    )
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''
}

const linesOf = (text: string) => text.split('\n').map((line) => line.trimEnd())

function ignoresAll(text: string): boolean {
  const lines = linesOf(text)
  return lines.includes('*') && !lines.some((line) => line.startsWith('!'))
}
