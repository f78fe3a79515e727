/** How a person started this copy of the program, for the commands that we tell them to type. */

import path from 'node:path'

/**
 * What stands before a command's name on the command line: `node dist/main.js` in the project's folder, `npx ecdh-duet`
 * where the package is installed. `file`: the script that Node was started with.
 */
export function programName(file = process.argv[1] ?? ''): string {
  return isPackaged(file) ? 'npx ecdh-duet' : 'node dist/main.js'
}

/** The same from `cwd`, which may be another folder: the words, to be quoted. */
export function programWords(cwd = process.cwd(), file = process.argv[1] ?? ''): string[] {
  if (isPackaged(file)) return ['npx', 'ecdh-duet']
  const way = path.relative(cwd, file)
  return ['node', way.startsWith('..') ? file : way]
}

/** Whether `make` starts this copy: in the project's folder, on a system that has it. */
export function hasMake(file = process.argv[1] ?? '', platform = process.platform): boolean {
  return !isPackaged(file) && platform !== 'win32'
}

/** What starts a peer on `port` by make, or null if that has no target for it. */
export function makePeer(port: number): string | null {
  return hasMake() && (port === 5000 || port === 5001) ? `make run-${port}` : null
}

function isPackaged(file: string): boolean {
  const isPackage = file.split(path.sep).includes('node_modules')
  return path.parse(file).name !== 'main' || isPackage
}
