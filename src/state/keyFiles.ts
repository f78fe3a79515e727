/** Keys in files that the command line names. */

import fs from 'node:fs'
import path from 'node:path'
import { calledAs } from '../disk/called.ts'
import { orAlike } from '../disk/fileName.ts'
import { keepNames } from '../disk/system.ts'
import { equalBytes } from '../protocol/bytes.ts'
import type { Curve, KeyPair, PublicKey } from '../protocol/curves.ts'
import {
  isInRepository,
  keepFromGit,
  keepsPermissions,
  makeDirectory,
  naming,
  readOwn,
  readPublic,
  StateError,
} from './files.ts'
import {
  decodePrivateKey,
  decodePublicKey,
  encodePrivateKey,
  encodePublicKey,
  onCurve,
  refusePublicKey,
} from './pem.ts'

/**
 * The key pair in a PEM that is its owner's alone; with a `curve`, on that and no other.
 * @throws StateError
 */
export function readPrivateKey(file: string, curve?: Curve): KeyPair {
  return naming(file, () => {
    const pair = decodePrivateKey(there(file, readOwn(file, refusePublicKey)))
    return curve === undefined ? pair : onCurve(curve, pair)
  })
}

/**
 * The public key in a PEM that others may read.
 * @throws StateError
 */
export function readPublicKey(file: string): PublicKey {
  return naming(file, () => decodePublicKey(there(file, readPublic(file))))
}

/**
 * A peer's identity is never its mailbox key: each of the two protocols is safe alone, and
 * nobody has shown it for one key in both.
 * @throws StateError
 */
export function refuseOneKeyForBoth(identity: PublicKey, mailboxKey: PublicKey): void {
  if (equalBytes(identity.publicKey, mailboxKey.publicKey))
    throw new StateError(
      `The mailbox key is the identity of this peer; make one for the mailbox alone: ${calledAs()} keygen DIR`,
    )
}

/**
 * Writes a key pair into `dir`, which is made if it isn't there, as key.private.pem (PKCS#8, the
 * owner's alone) and key.public.pem (SPKI). Inside a git repository the folder's `.gitignore` gets a
 * line for the private key first, unless it has that or `*`: nothing else there changes, and git
 * says what it says of everything else. Returns the two paths, and
 * whether that line was added.
 * @throws StateError if either is there already, and where others can read every file; then neither is written
 */
export function writeKeyPair(
  dir: string,
  pair: KeyPair,
): { privateFile: string; publicFile: string; ignored: boolean } {
  const privateFile = path.join(dir, 'key.private.pem')
  const publicFile = path.join(dir, 'key.public.pem')
  naming(dir, () => makeDirectory(dir))
  for (const file of [privateFile, publicFile]) refuseExisting(file)
  if (!naming(dir, () => keepsPermissions(dir)))
    throw new StateError(
      `${dir}: On this file system others can read every file, and so the private key. Choose a folder on another one, such as that of your home folder (MAILBOXES= for make).`,
    )
  const ignored = naming(
    path.join(dir, '.gitignore'),
    () => isInRepository(dir) && keepFromGit(dir, [`/${path.basename(privateFile)}`]),
  )
  create(privateFile, encodePrivateKey(pair), 0o600)
  try {
    create(publicFile, encodePublicKey(pair), 0o644)
  } catch (error) {
    fs.rmSync(privateFile)
    throw error
  }
  naming(dir, () => keepNames(dir))
  return { privateFile, publicFile, ignored }
}

/** Also for a link that leads nowhere. */
function refuseExisting(file: string): void {
  if (naming(file, () => fs.lstatSync(file, { throwIfNoEntry: false })) !== undefined)
    throw new StateError(
      `${file}: It is there already, and no key is overwritten; choose another folder.`,
    )
}

/** Opening with `wx` is the claim: of two that write the same file, one fails. */
function create(file: string, text: string, mode: number): void {
  naming(file, () => {
    const fd = fs.openSync(file, 'wx', mode)
    try {
      fs.writeFileSync(fd, text)
      fs.fsyncSync(fd)
    } catch (error) {
      fs.rmSync(file, { force: true })
      throw error
    } finally {
      fs.closeSync(fd)
    }
  })
}

function there(file: string, text: string | null): string {
  if (text === null) throw new StateError(`${file}: There is no such file.${orAlike(file)}`)
  return text
}
