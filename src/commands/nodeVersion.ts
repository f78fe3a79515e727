/** Whether the program runs on this Node. npm only warns of an older one, which then fails in odd ways. */

import fs from 'node:fs'
import { ownFile } from '../disk/ownFile.ts'

const { engines }: { engines: { node: string } } = JSON.parse(
  fs.readFileSync(ownFile('package.json'), 'utf8'),
)

/** A sentence about a `version` (20.19.0) that is too old by package.json, or null. */
export function wrongNode(version: string): string | null {
  const [, major = 0, minor = 0] = (/^\D*(\d+)\.(\d+)/.exec(engines.node) ?? []).map(Number)
  const [ours = 0, itsMinor = 0] = version.split('.').map(Number)
  if (ours > major || (ours === major && itsMinor >= minor)) return null
  return `This is Node ${version}, and this program needs ${major}.${minor} or later: https://nodejs.org has one.`
}
