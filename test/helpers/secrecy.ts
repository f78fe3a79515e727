/** Whether an object shows a secret to anything that prints objects. */

import assert from 'node:assert/strict'
import { inspect } from 'node:util'

/** Bytes in a row that count as a leak: enough to be no accident. */
const WINDOW = 6

/** Fails if `inspect`, JSON or a conversion to text shows one of the secrets in hex, base64 or decimal bytes. */
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
  ].map(plain)
  for (const form of secrets.flatMap(formsOf))
    for (const text of texts) assert.ok(!text.includes(form), 'the object shows the secret')
}

/** Without what stands between the bytes: blanks, line ends, and the keys of JSON's typed arrays. */
function plain(text: string): string {
  return text
    .replaceAll(/"\d+":/g, '')
    .replaceAll(/\s/g, '')
    .toLowerCase()
}

function formsOf(secret: Uint8Array): string[] {
  const bytes = Buffer.from(secret)
  const windows = Array.from({ length: bytes.length - WINDOW + 1 }, (_, i) =>
    bytes.subarray(i, i + WINDOW),
  )
  return [
    ...windows.flatMap((window) => [window.toString('hex'), [...window].join(',')]),
    ...(['base64', 'base64url'] as const).map((form) => bytes.toString(form).slice(0, 12)),
  ].map(plain)
}
