// @ts-check
/** The licences of the packages that `build.js` joins into something: `dist/LICENSES.txt`. */

import fs from 'node:fs'
import path from 'node:path'

/** The lines of a licence that say whose it is; and which it is, above what it says. */
const HOLDER = /^[> ]*Copyright .*|^.*©.*/gm
const HEADLINE = /^[#(]*(?:the )?(?:mit|isc) license.*/im

/**
 * Each licence once, below the names and versions of the packages that have it and whoever holds their copyright.
 * @param {ReadonlySet<string>} modules their paths, of which those in node_modules count
 */
export function licencesOf(modules) {
  /** @type {Map<string, { packages: string[], terms: string }>} */
  const licences = new Map()
  const folder = /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/
  const folders = new Set([...modules].flatMap((file) => folder.exec(file) ?? []))
  for (const dir of [...folders].sort()) {
    const read = (/** @type {string} */ file) => fs.readFileSync(path.join(dir, file), 'utf8')
    const { name, version, license } = JSON.parse(read('package.json'))
    const file = fs.readdirSync(dir).find((file) => /^licen[cs]e/i.test(file))
    const text = file === undefined ? `Its package.json says no more than: ${license}` : read(file)
    const terms = text
      .replace(HOLDER, '')
      .replace(/\n\s*\n/g, '\n\n')
      .trim()
    // one that is laid out, quoted or headed otherwise is no other licence
    const same = terms
      .replace(HEADLINE, '')
      .replace(/[\s'"‘’“”]+/g, ' ')
      .trim()
    const packages = licences.get(same)?.packages ?? []
    packages.push(`${name} ${version}`)
    for (const holder of text.match(HOLDER) ?? []) packages.push(`    ${holder.trim()}`)
    licences.set(same, { packages, terms: licences.get(same)?.terms ?? terms })
  }
  const line = `\n${'-'.repeat(80)}\n\n`
  return [...licences.values()]
    .map(({ packages, terms }) => `${packages.join('\n')}\n\n${terms}\n`)
    .join(line)
}
