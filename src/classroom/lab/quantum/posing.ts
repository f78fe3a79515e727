/** The quantum computer during an exchange: a peer with an identity that it computed takes that one's place. */

import { launchAll } from '../../../launch.ts'
import { KeyPair } from '../../../protocol/curves.ts'
import { forgetful } from '../../../state/openMemory.ts'
import { fact, heading, readable, wrap } from '../../../terminal/layout.ts'
import { fieldsOf, step } from '../call.ts'
import type { OwnPeer } from '../ownPair.ts'

/** The outcome of posing as A. */
export interface Posed {
  readonly session: string
  /** What B shows: the safety number before and after, and whether it knows its peer. */
  readonly before: string
  readonly after: string
  readonly known: boolean
  /** What B wrote to A. */
  readonly text: string
}

/** A peer of hers with A's identity takes A's place before B, who has met A. */
export async function poseAs(identity: KeyPair, a: OwnPeer, b: OwnPeer): Promise<Posed> {
  const { suite } = b.live
  const before = b.live.publicState().safetyNumber ?? ''
  let text = ''
  const hers = await launchAll({
    suite,
    plans: [{ host: '127.0.0.1', port: 0, peerUrl: a.url, via: b.url }],
    // a copy, as she would have computed it
    openMemory: () => forgetful(suite.curve, new KeyPair(suite.curve, identity.exportPrivateKey())),
    terminal: {
      reporter: () => (event) => {
        if (event.type === 'message opened') text = readable(event.SECRET)
      },
    },
    showsSecrets: true,
  })
  try {
    const url = `http://127.0.0.1:${hers.ports[0]}`
    // she is on the wire, and what B sends to A comes to her
    a.tap.target = url
    await step(url, '/send_keys')
    const { session } = fieldsOf((await step(b.url, '/send_keys')).bytes)
    await step(b.url, '/send_msg', 'Are we alone, A?')
    await step(url, '/decrypt_msg')
    const { safetyNumber, peer } = b.live.publicState()
    const after = safetyNumber ?? ''
    return { session: String(session), before, after, known: peer.known, text }
  } finally {
    a.tap.target = a.url
    await hers.close()
  }
}

/** As lines: what B sees, and what she reads. */
export function during({ session, before, after, known, text }: Posed): string[] {
  return [
    ...heading('6. If she has the quantum computer during the exchange'),
    ...wrap(
      "Identities are X25519 keys on both suites. With A's private key, computed from the identity that goes over the wire, a peer of hers takes A's place before B, on X25519MLKEM768. B has met A:",
    ),
    '',
    ...fact(
      'B agrees',
      `session ${session}, with ${known ? 'the peer that it knows' : 'a stranger'}`,
    ),
    ...fact('safety number', before === after ? 'the same as with A' : 'another than with A'),
    ...fact('she reads', text),
  ]
}
