/** Whether an object shows a secret to anything that prints objects. */

import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { find } from './leaks.ts'

/** Bytes in a row that count as a leak: enough to be no accident. */
const WINDOW = 6

/** Fails if `inspect`, JSON or a conversion to text shows one of the secrets, in any form that `find` looks for. */
export function hides(object: object, ...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets)
    assert.ok(secret.length >= WINDOW && secret.some((byte) => byte !== 0), 'nothing to look for')
  assert.ok(secrets.length > 0)
  const texts = [
    inspect(object, { depth: 9, showHidden: true, maxArrayLength: null }),
    inspect(object, { depth: 9, showHidden: true, getters: true, maxArrayLength: null }),
    JSON.stringify(object),
    String(object),
    JSON.stringify(Object.getOwnPropertyDescriptors(object)),
  ]
  // without what stands between the bytes: blanks, line ends, and the keys of JSON's typed arrays
  const plain = texts.join('\n').replaceAll(/"\d+":|\s/g, '')
  const windows = secrets.flatMap((secret) =>
    Array.from({ length: secret.length - WINDOW + 1 }, (_, i) =>
      Buffer.from(secret.subarray(i, i + WINDOW)),
    ),
  )
  assert.deepEqual(find(windows, { plain: Buffer.from(plain) }), [], 'the object shows the secret')
}
