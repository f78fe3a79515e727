/** `exercise starter`: a student's peer as far as its first step, to go on from. */

import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ownFile } from '../../../disk/ownFile.ts'
import { orStateError, StateError } from '../../../state/files.ts'

const FILES = fileURLToPath(ownFile('src/classroom/exercise/starter/'))

/** The starters, each with the files of its own folder. `STAGES.md` belongs to all. */
const STARTERS = {
  python: ['README.md', 'peer.py', 'requirements.txt', 'start'],
  javascript: ['README.md', 'package.json', 'peer.js', 'start'],
} as const

export type Language = keyof typeof STARTERS
export const LANGUAGES = Object.keys(STARTERS) as readonly Language[]

/**
 * Writes the starter for `language` into `dir`, which is made if only that is missing. Nothing that is there is replaced: either
 * all files are written, or none. Returns their paths.
 * @throws StateError
 */
export async function writeStarter(language: Language, dir: string): Promise<string[]> {
  const sources = [...STARTERS[language].map((name) => path.join(language, name)), 'STAGES.md']
  const files = sources.map((source) => [source, path.join(dir, path.basename(source))] as const)
  return orStateError(dir, () => {
    if (!fs.existsSync(dir)) fs.mkdirSync(dir)
    for (const [, file] of files)
      if (fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined)
        throw new StateError(
          `${file}: Something is there (EEXIST), and a starter replaces nothing. Name a folder that is new or empty.`,
        )
    return files.map(([source, file]) => {
      fs.copyFileSync(path.join(FILES, source), file, fs.constants.COPYFILE_EXCL)
      return file
    })
  })
}
