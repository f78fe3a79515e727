/** Keys in files that the command line names. */

import fs from 'node:fs'
import path from 'node:path'
import { orAlike } from '../disk/fileName.ts'
import { writeNew } from '../disk/open.ts'
import { hasMake, programName } from '../disk/programName.ts'
import { syncFolder } from '../disk/sync.ts'
import { equalBytes } from '../protocol/bytes.ts'
import type { Curve, KeyPair, PublicKey } from '../protocol/curves.ts'
import {
  keepsPermissions,
  makeDirectory,
  orStateError,
  readPrivate,
  readPublic,
  StateError,
} from './files.ts'
import { isInRepository, keepFromGit } from './gitignore.ts'
import {
  decodePrivateKey,
  decodePublicKey,
  encodePrivateKey,
  encodePublicKey,
  onCurve,
  refusePublicKey,
} from './pem.ts'

/**
 * The key pair in a PEM that nobody but its owner can read. `curve`: the one that the key has to be on; without it, any.
 * @throws StateError
 */
export function readPrivateKey(file: string, curve?: Curve): KeyPair {
  return orStateError(file, () => {
    const pair = decodePrivateKey(existing(file, readPrivate(file, refusePublicKey)))
    return curve === undefined ? pair : onCurve(curve, pair)
  })
}

/**
 * The public key in a PEM that others may read.
 * @throws StateError
 */
export function readPublicKey(file: string): PublicKey {
  return orStateError(file, () => decodePublicKey(existing(file, readPublic(file))))
}

/**
 * Refuses one key as a peer's identity and for its mailbox. Each of the two protocols is proven for a key of its own, and
 * nobody has proven them for a key that they share.
 * @throws StateError
 */
export function refuseOneKeyForBoth(identity: PublicKey, mailboxKey: PublicKey): void {
  if (equalBytes(identity.publicKey, mailboxKey.publicKey))
    throw new StateError(
      `The mailbox key is the identity of this peer; make one for the mailbox alone: ${programName()} keygen DIR`,
    )
}

/**
 * Writes a key pair into `dir`, which is made if it isn't there: key.private.pem (PKCS#8, for the owner alone) and
 * key.public.pem (SPKI). Inside a git repository, the folder's `.gitignore` gets a line for the private key first, unless it
 * has that line or `*`. Returns the two paths, and whether the line was added.
 * @throws StateError if either file is there already, and where others can read every file; then neither is written
 */
export function writeKeyPair(
  dir: string,
  pair: KeyPair,
): { privateFile: string; publicFile: string; ignored: boolean } {
  const privateFile = path.join(dir, 'key.private.pem')
  const publicFile = path.join(dir, 'key.public.pem')
  orStateError(dir, () => makeDirectory(dir))
  for (const file of [privateFile, publicFile]) refuseExisting(file)
  if (!orStateError(dir, () => keepsPermissions(dir)))
    throw new StateError(
      `${dir}: Others can read every file on this file system. Take another one, such as that of your home folder${hasMake() ? ' (MAILBOXES= for make)' : ''}.`,
    )
  const ignored = orStateError(
    path.join(dir, '.gitignore'),
    () => isInRepository(dir) && keepFromGit(dir, [`/${path.basename(privateFile)}`]),
  )
  orStateError(privateFile, () => writeNew(privateFile, encodePrivateKey(pair), 0o600))
  try {
    orStateError(publicFile, () => writeNew(publicFile, encodePublicKey(pair), 0o644))
  } catch (error) {
    fs.rmSync(privateFile)
    throw error
  }
  orStateError(dir, () => syncFolder(dir))
  return { privateFile, publicFile, ignored }
}

/** Refuses whatever has that name already, even a link that leads nowhere. */
function refuseExisting(file: string): void {
  if (orStateError(file, () => fs.lstatSync(file, { throwIfNoEntry: false })) !== undefined)
    throw new StateError(
      `${file}: It is there already, and no key is overwritten; choose another folder.`,
    )
}

function existing(file: string, text: string | null): string {
  if (text === null) throw new StateError(`${file}: There is no such file.${orAlike(file)}`)
  return text
}
