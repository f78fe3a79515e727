/** What a peer keeps from one run to the next: for each curve its identity, the known peer's, and the number that was compared. */

import fs from 'node:fs'
import path from 'node:path'
import type { Memory } from '../peer/contract.ts'
import { type Curve, KeyPair } from '../protocol/curves.ts'
import {
  makeDirectory,
  orStateError,
  readPrivate,
  StateError,
  temporaryOf,
  writeInPlace,
  writeOnce,
} from './files.ts'
import {
  decodePrivateKey,
  decodePublicKey,
  encodePrivateKey,
  encodePublicKey,
  onCurve,
} from './pem.ts'
import { openPictures, temporaryPictures } from './pictureStore.ts'

/** A safety number as the terminal shows it. */
const NUMBER = /^(?:\d{5} ){11}\d{5}$/

/**
 * The memory of a peer that keeps nothing. `given`: its identity, instead of a fresh one. `keepPictures`: how many bytes of
 * pictures it keeps while it runs.
 */
export function forgetful(curve: Curve, given?: KeyPair, keepPictures?: number): Memory {
  return {
    identity: given ?? new KeyPair(curve),
    knownIdentity: null,
    remember() {},
    comparedNumber: null,
    keepCompared() {},
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
  const comparedFile = path.join(dir, `compared.${curve.name}.txt`)
  return orStateError(dir, () => {
    makeDirectory(dir)
    for (const file of [identityFile, peerFile, comparedFile])
      fs.rmSync(temporaryOf(file), { force: true })
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
      comparedNumber: numberIn(comparedFile),
      keepCompared: (number) => writeInPlace(comparedFile, `${number}\n`),
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

/** The safety number in `file`, or null if there is no such file. */
function numberIn(file: string): string | null {
  const number = readPrivate(file)?.trimEnd() ?? null
  if (number !== null && !NUMBER.test(number))
    throw new StateError(
      `${file}: It holds no safety number. Remove it, and compare the number again.`,
    )
  return number
}

function placeOf(rest: string, given: KeyPair | undefined): string {
  return given === undefined ? rest : `by --identity; the rest is ${rest}`
}
