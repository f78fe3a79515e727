/** Bad keys: invalid points, another base point or curve, the keys of others, and used ones. */

import { bytesToHex, concatBytes, randomBytes } from '../../../protocol/bytes.ts'
import { KeyPair } from '../../../protocol/curves.ts'
import { encodeKeyMessage, SESSION_ID_BYTES } from '../../../protocol/messages.ts'
import { EphemeralKeys, halvesOf, SUITES } from '../../../protocol/suites.ts'
import type { Attack, Target, WireRequest } from './attack.ts'
import { badEncapsulationKeys, badPoints } from './points.ts'

/** Key messages that a peer has to refuse whatever its state. They claim its counterpart's identity, or a new one if nobody knows that. */
export function keyAttacks({ suite, identity, publicKey, peer, session }: Target): Attack[] {
  const claimed = peer ?? {
    identity: new KeyPair(suite.curve).publicKey,
    publicKey: new EphemeralKeys(suite).publicKey,
  }
  const send = (changes: object, on = suite): WireRequest => {
    const share = { identity: claimed.identity, publicKey: new EphemeralKeys(on).publicKey }
    return {
      path: '/wire/keys',
      body: JSON.stringify({ ...encodeKeyMessage(on, { share }), ...changes }),
    }
  }
  /** A public key with one half that is given, and the other fresh, where there are two. */
  const withHalf = (half: { encapsulationKey?: Uint8Array; point?: Uint8Array }): WireRequest => {
    const { encapsulationKey, point } = {
      ...halvesOf(suite, new EphemeralKeys(suite).publicKey),
      ...half,
    }
    return send({ publicKey: bytesToHex(concatBytes(encapsulationKey, point)) })
  }
  const own = publicKey && halvesOf(suite, publicKey)
  const good = halvesOf(suite, claimed.publicKey)
  const bad = badPoints(suite.curve, good.point)
  const others = Object.values(SUITES).filter(({ id }) => id !== suite.id)
  const confirm = (changes: object) => ({
    confirm: {
      session: bytesToHex(session ?? randomBytes(SESSION_ID_BYTES)),
      tag: bytesToHex(randomBytes(32)),
      ...changes,
    },
  })
  const zeros = (length: number) => ({ ciphertext: '00'.repeat(length) })
  return [
    ...bad.map(({ points, ...attack }) => ({
      ...attack,
      requests: points.map((point) => withHalf({ point })),
    })),
    ...badEncapsulationKeys(good.encapsulationKey).map(({ keys, ...attack }) => ({
      ...attack,
      requests: keys.map((encapsulationKey) => withHalf({ encapsulationKey })),
    })),
    {
      sent: 'the first of these as the identity',
      gain: 'one of the three shared secrets, known or guessed at once',
      expected: 'bad_point',
      requests: (bad[0]?.points ?? []).map((point) => send({ identity: bytesToHex(point) })),
    },
    {
      sent: 'one point as identity and as public key',
      gain: 'two of the three shared secrets that are one',
      expected: 'bad_point',
      requests: [withHalf({ point: claimed.identity })],
    },
    {
      sent: 'another base point: the identity that she claims',
      gain: '1 is a private key for it then: so CVE-2020-0601 posed as anyone',
      expected: 'bad_base_point',
      requests: [send({ basePoint: bytesToHex(claimed.identity) })],
    },
    {
      sent: `key messages for ${others.map(({ name }) => name).join(' and ')}`,
      gain: 'the choice of the curve, and whether a KEM is joined to it',
      expected: 'curve_mismatch',
      requests: others.map((other) => send({}, other)),
    },
    {
      sent: 'a key message of version 1',
      gain: 'an older protocol, with all that was mended since',
      expected: 'bad_version',
      requests: [send({ v: 1 })],
    },
    {
      sent: publicKey
        ? "the peer's own public key, and its own identity"
        : "the peer's own identity",
      gain: 'a peer that agrees with itself: what it says comes back to it',
      expected: 'reflection',
      requests: [
        ...(publicKey ? [send({ publicKey: bytesToHex(publicKey) })] : []),
        send({ identity: bytesToHex(identity) }),
      ],
    },
    ...(suite.kem === null || own === null
      ? []
      : [
          {
            sent: 'each half of its own public key, beside a fresh one',
            gain: 'the same, past whoever compares whole public keys',
            expected: 'reflection',
            requests: [
              withHalf({ point: own.point }),
              withHalf({ encapsulationKey: own.encapsulationKey }),
            ],
          },
        ]),
    // from an identity that it does not know, both are refused for that
    ...(peer === null
      ? []
      : [
          {
            sent: "its counterpart's used public key, again",
            gain: 'the same keys again, with chains that begin anew',
            expected: 'stale_keys',
            requests: [send({ publicKey: bytesToHex(peer.publicKey) })],
          },
          {
            sent: 'a confirmation of its session with a guessed tag',
            gain: 'a peer that takes her for somebody who has the keys',
            expected: 'confirm_failed',
            requests: [
              send(confirm({})),
              ...(suite.kem ? [send(confirm(zeros(suite.kem.ciphertextBytes)))] : []),
            ],
          },
        ]),
    suite.kem === null
      ? {
          sent: 'a confirmation with a ciphertext of a KEM',
          gain: 'a program that goes on with what it did not expect',
          expected: 'bad_message',
          requests: [send(confirm(zeros(1088)))],
        }
      : {
          sent: 'a ciphertext that is too short; too long',
          gain: 'a program that reads beyond its end, or not to it',
          expected: 'bad_encoding',
          requests: [-1, 1].map((by) =>
            send(confirm(zeros((suite.kem?.ciphertextBytes ?? 0) + by))),
          ),
        },
  ]
}
