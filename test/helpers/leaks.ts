/** Looks for secrets in all that leaves a program, in every form that bytes take there. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'

/** The forms in which bytes may hide. Base64 depends on what stands before, so it has three. */
function formsOf(secret: Buffer): Map<string, Buffer> {
  const forms = new Map([
    ['raw', secret],
    ['hex', Buffer.from(secret.toString('hex'))],
    ['HEX', Buffer.from(secret.toString('hex').toUpperCase())],
    ['percent-encoded', Buffer.from(encodeURIComponent(secret.toString('utf8')))],
    ['JSON', Buffer.from(JSON.stringify(secret.toString('utf8')).slice(1, -1))],
    ['decimal', Buffer.from([...secret].join(','))],
  ])
  for (const encoding of ['base64', 'base64url'] as const)
    for (const before of [0, 1, 2]) {
      const padded = Buffer.concat([Buffer.alloc(before), secret])
      // the characters that hold bits of neighbours are left out
      const whole = padded.toString(encoding).replace(/=+$/, '')
      const end = padded.length % 3 === 0 ? whole.length : -1
      const inner = whole.slice(before === 0 ? 0 : before + 1, end)
      forms.set(`${encoding}, ${before} bytes in`, Buffer.from(inner))
    }
  return forms
}

/** Where any of `secrets` stands in `places`, and in which form: "place (form)". One pass, however many there are. */
export function find(secrets: readonly Buffer[], places: Readonly<Record<string, Buffer>>) {
  const byStart = new Map<number, { form: string; bytes: Buffer }[]>()
  /** Whether two bytes begin a needle: most don't, and are passed by without another look. */
  const begins = new Uint8Array(2 ** 16)
  for (const secret of secrets)
    for (const [form, bytes] of formsOf(secret)) {
      assert.ok(bytes.length >= 4, 'too short to be no accident')
      begins[bytes.readUInt16BE()] = 1
      const start = bytes.readUInt32BE()
      byStart.set(start, [...(byStart.get(start) ?? []), { form, bytes }])
    }
  const found = new Set<string>()
  for (const [place, bytes] of Object.entries(places))
    for (let at = 0; at + 4 <= bytes.length; at++) {
      if (begins[((bytes[at] as number) << 8) | (bytes[at + 1] as number)] === 0) continue
      for (const needle of byStart.get(bytes.readUInt32BE(at)) ?? [])
        if (needle.bytes.equals(bytes.subarray(at, at + needle.bytes.length)))
          found.add(`${place} (${needle.form})`)
    }
  return [...found]
}

/** The content of each file in a folder and in those below it, by its place there. */
export function filesBelow(dir: string): Record<string, Buffer> {
  const entries = fs.readdirSync(dir, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const paths = files.map(({ parentPath, name }) => path.join(parentPath, name))
  return Object.fromEntries(paths.map((file) => [path.relative(dir, file), fs.readFileSync(file)]))
}
