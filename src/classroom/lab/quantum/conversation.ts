/** Two peers talk, and all of it is recorded; and the private keys that a quantum computer would find for it. */

import { equalBytes } from '../../../protocol/bytes.ts'
import { KeyPair } from '../../../protocol/curves.ts'
import { halvesOf, type Suite } from '../../../protocol/suites.ts'
import { leakySuite } from '../keys.ts'
import { valuesIn } from '../memoryWalk.ts'
import { type OwnPeer, withOwnPair } from '../ownPair.ts'
import {
  exchangeRecorded,
  type OpenRecording,
  sendPictureRecorded,
  sendRecorded,
} from '../recorder.ts'

/** One conversation as she has it years later. */
export interface Conversation {
  readonly recording: OpenRecording
  /** The private keys to the public keys on the curve that went over the wire, by whose they are. */
  readonly found: readonly { readonly whose: string; readonly pair: KeyPair }[]
  /** Of the KEM, on a suite that has one: she does not have it, and the lab tries it once. */
  readonly kem: Uint8Array | null
}

/**
 * Two peers on `suite` exchange keys and talk. Each private key on the curve is copied as it is made: that is
 * what Shor's algorithm computes from the public keys. `then`, with A's identity, before the two end.
 */
export async function converse(
  suite: Suite,
  then: (a: OwnPeer, b: OwnPeer, identity: KeyPair) => Promise<void> = async () => {},
): Promise<Conversation> {
  const { suite: leaky, copies } = leakySuite(suite)
  const identities = [new KeyPair(suite.curve), new KeyPair(suite.curve)] as const
  return withOwnPair(
    leaky,
    async (a, b) => {
      const recording = await exchangeRecorded(suite, a, b)
      await sendRecorded(recording, a, b, 'Only until the day of the quantum computer?')
      await sendRecorded(recording, b, a, 'Then let us take the other one.')
      await sendPictureRecorded(recording, a, b)
      const kemSecret = valuesIn(a.live).find(({ path }) => path.endsWith('#current #kemSecret'))
      const found = recording.shares.flatMap(({ identity, publicKey }, i) => {
        const { point } = halvesOf(suite, publicKey)
        const pairTo = (wanted: Uint8Array) => {
          const pair = [...identities, ...copies].find((each) => equalBytes(each.publicKey, wanted))
          if (!pair) throw new Error('A private key was not copied.')
          return pair
        }
        const name = i === 0 ? 'A' : 'B'
        return [
          { whose: `identity of ${name}`, pair: pairTo(identity) },
          { whose: `public key of ${name}`, pair: pairTo(point) },
        ]
      })
      await then(a, b, identities[0])
      return { recording, found, kem: kemSecret?.bytes ?? null }
    },
    identities,
  )
}
