/** Modules of ours as one script, as a bundler makes it for a browser. */

import path from 'node:path'
import { build } from 'rolldown'
import { root } from './documents.ts'

/** The script of a module with these lines, minified, in which `src` and `test` are folders beside it. */
export async function bundled(lines: string): Promise<string> {
  const entry = path.join(root, 'entry.ts')
  const { output } = await build({
    input: entry,
    platform: 'browser',
    write: false,
    logLevel: 'silent',
    output: { minify: true },
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === entry ? id : null),
        load: (id) => (id === entry ? lines : null),
      },
    ],
  })
  return output[0].code
}
