/** Keys in files that the command line names. */

import { equalBytes } from '../protocol/bytes.ts'
import type { Curve, KeyPair, PublicKey } from '../protocol/curves.ts'
import { naming, readOwn, readPublic, StateError } from './files.ts'
import { decodePrivateKey, decodePublicKey, onCurve } from './pem.ts'

/**
 * The key pair in a PEM that is its owner's alone; with a `curve`, on that and no other.
 * @throws StateError
 */
export function readPrivateKey(file: string, curve?: Curve): KeyPair {
  return naming(file, () => {
    const pair = decodePrivateKey(there(file, readOwn(file)))
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
      'The mailbox key is the identity of this peer; make one for the mailbox alone: ecdh-duet keygen DIR',
    )
}

function there(file: string, text: string | null): string {
  if (text === null) throw new StateError(`${file}: There is no such file.`)
  return text
}
