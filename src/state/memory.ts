/** What a peer keeps from one run to the next: its identity and the known peer, one PEM each for a curve. */

import fs from 'node:fs'
import path from 'node:path'
import type { Memory } from '../contract.ts'
import { type Curve, KeyPair } from '../protocol/curves.ts'
import { decodePrivateKey, decodePublicKey, encodePrivateKey, encodePublicKey } from './pem.ts'
import { openPictures, temporaryPictures } from './pictures.ts'

/** A PEM of ours has some 200 bytes; a longer file is another one. */
const MAX_PEM_BYTES = 4096

/** What the owner has to look at: one line with the file's name. */
export class StateError extends Error {}

/** Keeps nothing: a fresh identity, and the peer is known while the program runs. */
export function forgetful(curve: Curve): Memory {
  return {
    identity: new KeyPair(curve),
    knownIdentity: null,
    remember() {},
    place: 'kept nowhere',
    toForget: 'start this peer again.',
    pictures: temporaryPictures(),
  }
}

/**
 * The state in `dir`, which is made with its folders if it isn't there: an identity on first use.
 * @throws StateError for a file that is damaged, a link, or open to others
 */
export function openMemory(dir: string, curve: Curve): Memory {
  const identityFile = path.join(dir, `identity.${curve.name}.pem`)
  const peerFile = path.join(dir, `peer.${curve.name}.pem`)
  return naming(dir, () => {
    makeDirectory(dir)
    for (const file of [identityFile, peerFile]) fs.rmSync(temporaryOf(file), { force: true })
    const pem = readOwn(identityFile)
    const identity =
      pem === null ? new KeyPair(curve) : naming(identityFile, () => decodePrivateKey(curve, pem))
    if (pem === null) writeOnce(identityFile, encodePrivateKey(identity))
    const peerPem = readOwn(peerFile)
    return {
      identity,
      knownIdentity:
        peerPem === null ? null : naming(peerFile, () => decodePublicKey(curve, peerPem)),
      remember: (known) => writeOnce(peerFile, encodePublicKey(curve, known)),
      place: `kept in ${dir}`,
      toForget: `stop this peer, remove ${peerFile}, and start it again.`,
      pictures: openPictures(path.join(dir, 'pictures')),
    }
  })
}

/** The folders that this makes are the owner's alone, and git never takes what is in them. */
function makeDirectory(dir: string): void {
  if (fs.existsSync(dir)) return
  const parent = path.dirname(dir)
  const first = !fs.existsSync(parent)
  if (first) makeDirectory(parent)
  // one by one: Node's own `recursive` never ends where the system says ENOENT for a parent that is there (/proc)
  fs.mkdirSync(dir, { mode: 0o700 })
  if (!first) fs.writeFileSync(path.join(dir, '.gitignore'), '*\n')
}

/** The text of a file that is ours alone, or null if there is none. */
function readOwn(file: string): string | null {
  let fd: number
  try {
    fd = fs.openSync(
      file,
      fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0),
    )
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw new StateError(
      `${file}: ${code === 'ELOOP' ? 'It is a link; put the file itself there.' : `It can't be read (${code}).`}`,
    )
  }
  try {
    const stat = fs.fstatSync(fd)
    if (!stat.isFile()) throw new StateError(`${file}: It is not a file.`)
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0)
      throw new StateError(
        `${file}: Others can read it. Look at who had it, then: chmod 600 ${file}`,
      )
    if (stat.size > MAX_PEM_BYTES) throw new StateError(`${file}: It is too long for a key.`)
    return fs.readFileSync(fd, 'utf8')
  } finally {
    fs.closeSync(fd)
  }
}

/** Writes a file that isn't there yet, whole or not at all, readable by its owner only. */
function writeOnce(file: string, text: string): void {
  const temporary = temporaryOf(file)
  const fd = fs.openSync(temporary, 'wx', 0o600)
  try {
    fs.writeFileSync(fd, text)
    fs.fsyncSync(fd)
    placeAt(temporary, file)
  } finally {
    fs.closeSync(fd)
    fs.rmSync(temporary, { force: true })
  }
}

/** A link, unlike a rename, never replaces what is there. Where there are no links, a copy does as much. */
function placeAt(temporary: string, file: string): void {
  try {
    fs.linkSync(temporary, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error
    fs.copyFileSync(temporary, file, fs.constants.COPYFILE_EXCL)
  }
}

/** One name a file, so that the next run sweeps what a killed one left. */
function temporaryOf(file: string): string {
  return `${file}.tmp`
}

/** Errors of the system and of a key's form become one line with the file's name. */
function naming<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof StateError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    const why = code?.startsWith('E') ? `It can't be used (${code}).` : message
    throw new StateError(`${file}: ${why}`)
  }
}
