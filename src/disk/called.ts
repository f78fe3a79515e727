/** How this copy of the program was started, so that the commands which it tells a person to type are there. */

import path from 'node:path'

/**
 * What a person types before a command's name: `node dist/main.js` in the project's folder, `npx ecdh-duet` where the
 * package was installed. `file`: what Node was started with.
 */
export function calledAs(file = process.argv[1] ?? ''): string {
  const isPackage = file.split(path.sep).includes('node_modules')
  return path.parse(file).name === 'main' && !isPackage ? 'node dist/main.js' : 'npx ecdh-duet'
}
