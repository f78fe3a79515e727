/**
 * Files whose names are not UTF-8, as old archives and other systems leave them. Node shows such a name, and takes it as an
 * argument, with U+FFFD in the place of each byte that is none, and then no file has that name.
 */

import { isUtf8 } from 'node:buffer'
import fs from 'node:fs'
import path from 'node:path'

const REPLACEMENT = '\ufffd'

/** A file: `path` opens it, and `name` shows it, with a byte that is no UTF-8 as `\xf1`. */
export interface NamedFile {
  readonly path: string | Buffer
  readonly name: string
}

/** The file that an argument names. If no file, or more than one, is called so, the argument stays as it is. */
export function namedFile(argument: string): NamedFile {
  if (!argument.includes(REPLACEMENT)) return { path: argument, name: argument }
  let found: Buffer = Buffer.alloc(0)
  for (const [i, part] of argument.split('/').entries()) {
    const folder: Buffer = i === 0 ? Buffer.from('.') : Buffer.concat([found, Buffer.from('/')])
    const alike = part.includes(REPLACEMENT)
      ? entriesOf(folder).filter((name) => `${name}` === part)
      : []
    const [name = Buffer.from(part)] = alike
    if (alike.length > 1) return { path: argument, name: argument }
    found = i === 0 ? name : Buffer.concat([folder, name])
  }
  return { path: found, name: shown(found) }
}

/** The file in `folder` whose name has these bytes. `name` is its name there, and not its path. */
export function fileIn(folder: string, bytes: Buffer): NamedFile {
  if (isUtf8(bytes)) return { path: path.join(folder, `${bytes}`), name: `${bytes}` }
  return { path: Buffer.concat([Buffer.from(`${folder}${path.sep}`), bytes]), name: shown(bytes) }
}

/** What lies in a folder, which may itself have a name that is not UTF-8. `bytes`: its name there. */
export function entryIn(folder: NamedFile, bytes: Buffer): NamedFile {
  const path = Buffer.concat([Buffer.from(folder.path), Buffer.from('/'), bytes])
  return { path, name: `${folder.name.replace(/[\\/]$/, '')}/${shown(bytes)}` }
}

/** What is to be added to "there is no such file". */
export function orAlike(argument: string): string {
  return argument.includes(REPLACEMENT)
    ? ' Or there are several, whose names are not UTF-8 and look alike here: give them other names.'
    : ''
}

function entriesOf(folder: Buffer): Buffer[] {
  try {
    return fs.readdirSync(folder, { encoding: 'buffer' })
  } catch {
    return []
  }
}

function shown(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find((length) => isUtf8(bytes.subarray(at, at + length)))
    text += length
      ? bytes.toString('utf8', at, at + length)
      : `\\x${bytes.toString('hex', at, at + 1)}`
    at += length ?? 1
  }
  return text
}
