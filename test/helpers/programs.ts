/** Programs that a machine may have, or not. */

import { accessSync, constants } from 'node:fs'
import path from 'node:path'

/** The first program of these names in the PATH, or null. */
export function programOf(names: readonly string[]): string | null {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter)
  const files = folders.flatMap((folder) => names.map((name) => path.join(folder, name)))
  return files.find(isProgram) ?? null
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
