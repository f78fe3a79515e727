/** What a peer keeps from one run to the next: its identity and the known peer, one PEM each for a curve. */

import fs from 'node:fs'
import path from 'node:path'
import type { Memory } from '../contract.ts'
import { type Curve, KeyPair } from '../protocol/curves.ts'
import { makeDirectory, naming, readOwn, temporaryOf, writeOnce } from './files.ts'
import {
  decodePrivateKey,
  decodePublicKey,
  encodePrivateKey,
  encodePublicKey,
  onCurve,
} from './pem.ts'
import { openPictures, temporaryPictures } from './pictures.ts'

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
      pem === null
        ? new KeyPair(curve)
        : naming(identityFile, () => onCurve(curve, decodePrivateKey(pem)))
    if (pem === null) writeOnce(identityFile, encodePrivateKey(identity))
    const peerPem = readOwn(peerFile)
    return {
      identity,
      knownIdentity:
        peerPem === null
          ? null
          : naming(peerFile, () => onCurve(curve, decodePublicKey(peerPem)).publicKey),
      remember: (known) => writeOnce(peerFile, encodePublicKey({ curve, publicKey: known })),
      place: `kept in ${dir}`,
      toForget: `stop this peer, remove ${peerFile}, and start it again.`,
      pictures: openPictures(path.join(dir, 'pictures')),
    }
  })
}
