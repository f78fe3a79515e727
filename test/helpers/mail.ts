/** Mail for tests: keys in files, texts sealed to them, and what a watcher printed. */

import fs from 'node:fs'
import type { TestContext } from 'node:test'
import { idOf, Maildir } from '../../src/mailbox/maildir.ts'
import { openMailbox } from '../../src/mailbox/openMailbox.ts'
import { checkSealed, seal } from '../../src/mailbox/seal.ts'
import type { Mailbox } from '../../src/peer/contract.ts'
import { utf8ToBytes } from '../../src/protocol/bytes.ts'
import { type Curve, KeyPair, type PublicKey, X25519 } from '../../src/protocol/curves.ts'
import { writeKeyPair } from '../../src/state/keyFiles.ts'
import { encodePublicKey, fingerprint } from '../../src/state/pem.ts'

export type MailKeys = ReturnType<typeof makeKeys>

/** A fresh key pair, and its two files in `folder`. */
export function makeKeys(folder: string, curve: Curve = X25519) {
  const pair = new KeyPair(curve)
  return { pair, ...writeKeyPair(folder, pair) }
}

/** The mailbox in `dir` for texts that are sealed to `key`, as the command opens it. */
export function mailboxIn(dir: string, key: PublicKey): Mailbox {
  const known = { publicKey: encodePublicKey(key), fingerprint: fingerprint(key) }
  return openMailbox(dir, key, known)
}

/** A mailbox that keeps nothing for long, for tests that are about other things. */
export function mailboxInMemory(key: PublicKey = new KeyPair(X25519)): Mailbox {
  const ids = new Set<string>()
  return {
    publicKey: encodePublicKey(key),
    fingerprint: fingerprint(key),
    place: 'memory',
    store: async (bytes) => {
      checkSealed(key.curve, bytes)
      const id = idOf(bytes)
      const fresh = !ids.has(id)
      ids.add(id)
      return { id, fresh }
    },
  }
}

export function sealed(recipient: PublicKey, text: string): Promise<Uint8Array> {
  return seal(recipient, utf8ToBytes(text))
}

/** Delivers a text to the mailbox in `dir`, sealed to `key`. */
export async function storeIn(dir: string, key: PublicKey, text: string) {
  fs.mkdirSync(dir, { recursive: true })
  return new Maildir(dir).deliver(await sealed(key, text))
}

/** The body of `POST /message`. */
export function mailForm(bytes: Uint8Array): { message: string } {
  return { message: Buffer.from(bytes).toString('base64') }
}

/** Lets `folder` look as if `more` files were in it that are not, for whoever lists it: ten thousand take seconds. */
export function crowd(t: TestContext, folder: string, more: number): void {
  const others = Array.from({ length: more }, (_, i) => `another ${i}`)
  const { readdirSync } = fs
  t.mock.method(fs, 'readdirSync', (place: string) => {
    const names = readdirSync(place)
    return place === folder ? [...names, ...others] : names
  })
  // a change shows by the folder's time
  fs.utimesSync(folder, 1, 1)
}

/** The texts that a watcher printed, in order. */
export function textsIn(output: string): string[] {
  const lines = output.matchAll(
    /^\S+ ● SECRET mail +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}sender unverified {2}(.*)$/gm,
  )
  return [...lines].map(([, text = '']) => text)
}
