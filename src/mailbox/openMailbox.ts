/** A peer's mailbox: it checks messages as far as the public key allows, and stores them. */

import type { Mailbox } from '../peer/contract.ts'
import type { PublicKey } from '../protocol/curves.ts'
import { Maildir } from './maildir.ts'
import { checkSealed } from './seal.ts'

/**
 * The mailbox in the existing folder `dir`. `key`: the public key as PEM, and its fingerprint.
 * @throws the system's errors
 */
export function openMailbox(
  dir: string,
  { curve }: PublicKey,
  key: Pick<Mailbox, 'publicKey' | 'fingerprint'>,
): Mailbox {
  const maildir = new Maildir(dir)
  maildir.sweep()
  return {
    ...key,
    place: dir,
    store: async (sealed, { sharing }) => {
      checkSealed(curve, sealed)
      return maildir.deliver(sealed, sharing)
    },
  }
}
