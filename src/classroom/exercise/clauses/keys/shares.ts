/** What the key messages of these clauses are made of. */

import { bytesToHex } from '../../../../protocol/bytes.ts'
import { keyPair } from '../../computation/keys.ts'
import type { Context } from '../../context.ts'
import { Failure } from '../../failure.ts'
import type { KeyMessage, Scene } from '../../scene.ts'

/** A key message, or a part of one, as it stands in JSON. */
export type Form = Record<string, unknown>

/** A confirmation of nothing: without the KEM it says nothing new. */
export function anyConfirm({ random }: Context): { session: string; tag: string } {
  return { session: bytesToHex(random.bytes(16)), tag: bytesToHex(random.bytes(32)) }
}

/** The same key message of somebody else: another share, which no refusal of a used one can hide. */
export function ofAnother(scene: Scene, form: Form): Form {
  return { ...form, identity: bytesToHex(keyPair(scene.random, scene.suite).publicKey) }
}

/** The student's key message: an ephemeral key pair waits behind it. @throws Failure if none came */
export async function keysOf(scene: Scene): Promise<KeyMessage> {
  const { messages } = await scene.sendKeys()
  const message = messages.at(-1)
  if (message !== undefined) return message
  const got = 'none came'
  throw new Failure({ did: '/send_keys', wanted: 'a key message', got, cause: null })
}
