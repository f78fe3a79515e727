/** How a person started this copy of the program, for the commands that we tell them to type. */

import path from 'node:path'

/**
 * What stands before a command's name on the command line: `node dist/main.js` in the project's folder, `npx ecdh-duet`
 * where the package is installed. `file`: the script that Node was started with.
 */
export function programName(file = process.argv[1] ?? ''): string {
  const isPackage = file.split(path.sep).includes('node_modules')
  return path.parse(file).name === 'main' && !isPackage ? 'node dist/main.js' : 'npx ecdh-duet'
}
