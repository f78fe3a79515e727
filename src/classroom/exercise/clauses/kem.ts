/** Stage 7, on X25519MLKEM768 only: the KEM in public keys and confirmations, and whose ciphertext counts. */

import type { Clause } from '../clause.ts'
import { kem5, kem6, kem7 } from './kem/ciphertexts.ts'
import { kem1, kem2, kem3, kem4 } from './kem/keys.ts'
import { kem8, kem9 } from './kem/refusals.ts'

const USUAL = {
  stage: 7,
  section: 'The KEM',
  start: 'own',
  parties: null,
  weight: 2,
  suites: ['X25519MLKEM768'],
} as const

export const KEM: readonly Clause[] = [
  {
    ...USUAL,
    id: 'kem/1',
    title: 'bad encapsulation keys',
    start: 'shared',
    weight: 3,
    sentence:
      'An encapsulation key is bad (`bad_point`) if one of its first 768 numbers of 12 bits is 3329 or more (the modulus check of FIPS 203 section 7.2).',
    needs: ['keys/4'],
    run: kem1,
  },
  {
    ...USUAL,
    id: 'kem/2',
    title: 'one identity on X25519 and here',
    sentence: 'The identity is that of X25519, the same key.',
    needs: ['keys/1'],
    run: kem2,
    needsStart: true,
  },
  {
    ...USUAL,
    id: 'kem/3',
    title: 'encapsulation key ‖ point',
    start: 'shared',
    sentence: 'its public key is encapsulation key ‖ point, 1,216 bytes.',
    needs: ['keys/2'],
    run: kem3,
  },
  {
    ...USUAL,
    id: 'kem/4',
    title: 'a half of your own public key',
    sentence:
      "neither the identity nor a half of the public key is the receiver's identity or a half of one of its public keys, of the same as above",
    needs: ['keys/14'],
    run: kem4,
  },
  {
    ...USUAL,
    id: 'kem/5',
    title: 'when a ciphertext is in a confirmation',
    parties: [1, 2],
    sentence:
      '`confirm` has the field `ciphertext` exactly if its sender made the ciphertext of that session, in key messages and in answers.',
    needs: ['session/2'],
    run: kem5,
  },
  {
    ...USUAL,
    id: 'kem/6',
    title: 'two ciphertexts for the same two shares',
    parties: [1, 2],
    weight: 3,
    sentence: 'If both made one for the same two shares, that of party 1 counts.',
    needs: ['kem/5'],
    run: kem6,
  },
  {
    ...USUAL,
    id: 'kem/7',
    title: 'two ciphertexts, in an answer',
    parties: [1, 2],
    sentence:
      'Party 2 derives that session and checks its tag (`confirm_failed`); it is the candidate now, in place of its own.',
    needs: ['kem/5'],
    run: kem7,
  },
  {
    ...USUAL,
    id: 'kem/8',
    title: 'a second try without confirm',
    sentence: 'the peer sends the same share without `confirm` and takes the answer.',
    needs: ['session/8'],
    run: kem8,
  },
  {
    ...USUAL,
    id: 'kem/9',
    title: 'wrong ciphertexts',
    sentence:
      'if there is an ephemeral private key: `confirm` names the candidate, the current or the previous session, or the one of this key, the share in the message and the `ciphertext` in it',
    needs: ['session/2'],
    run: kem9,
  },
]
