/** `keygen`: a key pair for a mailbox, as files. */

import path from 'node:path'
import { KeyPair } from '../protocol/curves.ts'
import { SUITES, type SuiteName } from '../protocol/suites.ts'
import { writeKeyPair } from '../state/keyFiles.ts'
import { fingerprint } from '../state/pem.ts'
import { print, tell } from '../terminal/output.ts'
import { said } from '../terminal/said.ts'

/**
 * Makes a key pair in `dir`, keeps the private key from git, and prints where they are and the fingerprint of the public key.
 * Mail uses no KEM, so for a suite with one the pair is on its curve. Returns the exit code.
 * @throws StateError
 */
export async function keygen(dir: string, { curve }: { curve: SuiteName }): Promise<number> {
  const pair = new KeyPair(SUITES[curve].curve)
  const { privateFile, publicFile, ignored } = writeKeyPair(dir, pair)
  print(said`private key  ${privateFile}  (for nobody else)`)
  print(said`public key   ${publicFile}  (for everyone)`)
  print(`fingerprint  ${fingerprint(pair)}`)
  if (ignored) tell(said`${path.join(dir, '.gitignore')} keeps the private key out of git now`)
  return 0
}
