/** `keygen`: a key pair for a mailbox, as files. */

import { CURVES, type CurveName, KeyPair } from '../protocol/curves.ts'
import { writeKeyPair } from '../state/keyFiles.ts'
import { fingerprint } from '../state/pem.ts'
import { print, printable } from '../terminal.ts'

/**
 * Makes a key pair in `dir`, and prints where it is and the fingerprint of the public key.
 * Returns the exit code.
 * @throws StateError
 */
export async function keygen(dir: string, { curve }: { curve: CurveName }): Promise<number> {
  const pair = new KeyPair(CURVES[curve])
  const { privateFile, publicFile } = writeKeyPair(dir, pair)
  print(`private key  ${printable(privateFile)}  (for nobody else)
public key   ${printable(publicFile)}  (for everyone)
fingerprint  ${fingerprint(pair)}`)
  return 0
}
