/** A peer's mailbox: messages are looked at as far as a public key allows, and stored. */

import type { Mailbox } from '../peer/contract.ts'
import type { PublicKey } from '../protocol/curves.ts'
import { Maildir } from './maildir.ts'
import { checkSealed } from './seal.ts'

/**
 * The mailbox in the folder `dir`, which is there; `key` is given as PEM and fingerprint too.
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
    store: async (sealed) => {
      checkSealed(curve, sealed)
      return maildir.deliver(sealed)
    },
  }
}
