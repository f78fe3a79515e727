/** What a peer keeps from one run to the next: for each curve a PEM with its identity, and one with the known peer's. */

import fs from 'node:fs'
import path from 'node:path'
import type { Memory } from '../peer/contract.ts'
import { type Curve, KeyPair } from '../protocol/curves.ts'
import { makeDirectory, orStateError, readPrivate, temporaryOf, writeOnce } from './files.ts'
import {
  decodePrivateKey,
  decodePublicKey,
  encodePrivateKey,
  encodePublicKey,
  onCurve,
} from './pem.ts'
import { openPictures, temporaryPictures } from './pictureStore.ts'

/**
 * The memory of a peer that keeps nothing. `given`: its identity, instead of a fresh one. `keepPictures`: how many bytes of
 * pictures it keeps while it runs.
 */
export function forgetful(curve: Curve, given?: KeyPair, keepPictures?: number): Memory {
  return {
    identity: given ?? new KeyPair(curve),
    knownIdentity: null,
    remember() {},
    place: placeOf('kept nowhere', given),
    toForget: 'start this peer again.',
    pictures: temporaryPictures(keepPictures),
  }
}

/** Whether the state in `dir` knows another peer on `curve`. Makes no folder. */
export function hasMet(dir: string, curve: Curve): boolean {
  return fs.existsSync(peerFileIn(dir, curve))
}

/**
 * The memory of a peer in the folder `dir`, which is made if it isn't there. Its identity is made on first use, unless one
 * is `given`. `keepPictures`: how many bytes of pictures it keeps.
 * @throws StateError for a file that is damaged, a link, or open to others
 */
export function openMemory(
  dir: string,
  curve: Curve,
  given?: KeyPair,
  keepPictures?: number,
): Memory {
  const identityFile = path.join(dir, `identity.${curve.name}.pem`)
  const peerFile = peerFileIn(dir, curve)
  return orStateError(dir, () => {
    makeDirectory(dir)
    for (const file of [identityFile, peerFile]) fs.rmSync(temporaryOf(file), { force: true })
    const identity = given ?? ownIdentity(identityFile, curve)
    const peerPem = readPrivate(peerFile)
    return {
      identity,
      knownIdentity:
        peerPem === null
          ? null
          : orStateError(
              peerFile,
              () => onCurve(curve, decodePublicKey(peerPem)).publicKey,
              ' Put it back from a copy; or remove it, and this peer meets the other one anew.',
            ),
      remember: (known) => writeOnce(peerFile, encodePublicKey({ curve, publicKey: known })),
      place: placeOf(`kept in ${dir}`, given),
      toForget: `stop this peer, remove ${peerFile}, and start it again.`,
      pictures: openPictures(path.join(dir, 'pictures'), keepPictures),
    }
  })
}

function peerFileIn(dir: string, curve: Curve): string {
  return path.join(dir, `peer.${curve.name}.pem`)
}

/** The identity in `file`, which is made on first use. */
function ownIdentity(file: string, curve: Curve): KeyPair {
  const pem = readPrivate(file)
  if (pem !== null)
    return orStateError(
      file,
      () => onCurve(curve, decodePrivateKey(pem)),
      ' Put it back from a copy; or remove it, and the other side has to forget the old identity.',
    )
  const identity = new KeyPair(curve)
  writeOnce(file, encodePrivateKey(identity))
  return identity
}

function placeOf(rest: string, given: KeyPair | undefined): string {
  return given === undefined ? rest : `by --identity; the rest is ${rest}`
}
