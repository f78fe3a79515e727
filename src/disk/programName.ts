/** How a person started this copy of the program, for the commands that we tell them to type. */

import path from 'node:path'

/** What starts a script of ours, and the package: on each program that runs them. */
const STARTERS = {
  node: ['node', 'npx ecdh-duet'],
  bun: ['bun', 'bunx --bun ecdh-duet'],
  deno: ['deno run -A', 'deno run -A npm:ecdh-duet'],
} as const
export type Runtime = keyof typeof STARTERS

/** What runs this copy. Bun and Deno tell the version of Node that they are like as well. */
const { bun, deno } = process.versions as Partial<Record<Runtime, string>>
const RUNTIME: Runtime = bun ? 'bun' : deno ? 'deno' : 'node'

/**
 * What stands before a command's name on the command line: `node dist/main.js` in the project's folder, `npx ecdh-duet`
 * where the package is installed. `file`: the script that Node was started with.
 */
export function programName(file = process.argv[1] ?? '', runtime = RUNTIME): string {
  const [script, packaged] = STARTERS[runtime]
  return isPackaged(file) ? packaged : `${script} dist/main.js`
}

/** The same from `cwd`, which may be another folder: the words, to be quoted. */
export function programWords(cwd = process.cwd(), file = process.argv[1] ?? ''): string[] {
  const [script, packaged] = STARTERS[RUNTIME]
  if (isPackaged(file)) return packaged.split(' ')
  const way = path.relative(cwd, file)
  return [...script.split(' '), way.startsWith('..') ? file : way]
}

/** Whether `make`, which takes Node, starts this copy: in the project's folder, on a system that has it. */
export function hasMake(
  file = process.argv[1] ?? '',
  platform = process.platform,
  runtime = RUNTIME,
): boolean {
  return !isPackaged(file) && platform !== 'win32' && runtime === 'node'
}

/** What starts a peer on `port` by make, or null if that has no target for it. */
export function makePeer(port: number): string | null {
  return hasMake() && (port === 5000 || port === 5001) ? `make run-${port}` : null
}

function isPackaged(file: string): boolean {
  const isPackage = file.split(path.sep).includes('node_modules')
  return path.parse(file).name !== 'main' || isPackage
}
