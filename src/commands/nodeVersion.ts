/** Whether this Node is one that the program runs on: npm only warns of an older one, which fails in odd ways. */

import { createRequire } from 'node:module'

const { engines } = createRequire(import.meta.url)('../../package.json') as {
  engines: { node: string }
}

/** What is wrong with `version` (20.19.0), or null: package.json says which is the first that will do. */
export function wrongNode(version: string): string | null {
  const [, major = 0, minor = 0] = (/^\D*(\d+)\.(\d+)/.exec(engines.node) ?? []).map(Number)
  const [ours = 0, itsMinor = 0] = version.split('.').map(Number)
  if (ours > major || (ours === major && itsMinor >= minor)) return null
  return `This is Node ${version}, and this program needs ${major}.${minor} or later: https://nodejs.org has one.`
}
