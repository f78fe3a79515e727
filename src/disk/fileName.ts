/** Files whose names are not UTF-8. Node hands such an argument over with U+FFFD in the place of each byte that is none. */

import { isUtf8 } from 'node:buffer'
import fs from 'node:fs'

const LOST = '\ufffd'

/** The file that an argument names: `path` opens it, and `name` shows it, a byte that is no UTF-8 as `\xf1`. */
export interface NamedFile {
  readonly path: string | Buffer
  readonly name: string
}

/** What an argument names; where nothing, or more than one file, is called so, it stays what it is. */
export function namedFile(argument: string): NamedFile {
  if (!argument.includes(LOST)) return { path: argument, name: argument }
  let path: Buffer = Buffer.alloc(0)
  for (const [i, part] of argument.split('/').entries()) {
    const folder: Buffer = i === 0 ? Buffer.from('.') : Buffer.concat([path, Buffer.from('/')])
    const alike = part.includes(LOST) ? entriesOf(folder).filter((name) => `${name}` === part) : []
    const [name = Buffer.from(part)] = alike
    if (alike.length > 1) return { path: argument, name: argument }
    path = i === 0 ? name : Buffer.concat([folder, name])
  }
  return { path, name: shown(path) }
}

/** What is to be said beside it if there is no file of this name. */
export function orAlike(argument: string): string {
  return argument.includes(LOST)
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
