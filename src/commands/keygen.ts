/** `keygen`: a key pair for a mailbox, as files. */

import path from 'node:path'
import { KeyPair } from '../protocol/curves.ts'
import { SUITES, type SuiteName } from '../protocol/suites.ts'
import { writeKeyPair } from '../state/keyFiles.ts'
import { fingerprint } from '../state/pem.ts'
import { print, tell } from '../terminal/output.ts'
import { printable } from '../terminal/safe.ts'

/**
 * Makes a key pair in `dir`, kept from git there (of a suite with a KEM, on its curve: HPKE has that alone here), and prints where it is and the fingerprint of the public key.
 * Returns the exit code.
 * @throws StateError
 */
export async function keygen(dir: string, { curve }: { curve: SuiteName }): Promise<number> {
  const pair = new KeyPair(SUITES[curve].curve)
  const { privateFile, publicFile, ignored } = writeKeyPair(dir, pair)
  print(`private key  ${printable(privateFile)}  (for nobody else)
public key   ${printable(publicFile)}  (for everyone)
fingerprint  ${fingerprint(pair)}`)
  if (ignored) tell(`${path.join(dir, '.gitignore')} keeps the private key out of git now`)
  return 0
}
