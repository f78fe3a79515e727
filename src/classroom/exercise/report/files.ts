/** Reports in files: each is there from the first second and replaced as a whole, so whoever reads it never finds a part. */

import fs from 'node:fs'
import path from 'node:path'
import { newStamp } from '../../../disk/stamp.ts'
import type { Report } from '../clause.ts'
import { asClassroom50 } from './classroom50.ts'
import { asGradescope, type Held } from './gradescope.ts'
import { asJson } from './json.ts'
import { asJunit } from './junit.ts'
import { forStudents } from './plain.ts'

/** The formats, by the names of their options. */
const FORMATS = {
  json: asJson,
  junit: asJunit,
  gradescope: asGradescope,
  classroom50: (report: Report) => asClassroom50(report, process.env, new Date()),
} as const satisfies Record<string, (report: Report, held: Held) => string>

export type Format = keyof typeof FORMATS

/** One report that was asked for. */
export interface Wanted {
  readonly format: Format
  /** A file, or `-` for standard output. */
  readonly file: string
}

/** The report in a format. `held`: clauses that Gradescope shows after the due date only. */
export function asFormat(format: Format, report: Report, held: Held): string {
  return FORMATS[format](format === 'json' ? report : forStudents(report), held)
}

/** Writes a whole file, and puts it in the place of the one before, or of a link. @throws the system's errors */
export function replaceFile(file: string, text: string): void {
  const before = fs.lstatSync(file, { throwIfNoEntry: false })
  const isReplaced = before === undefined || before.isFile() || before.isSymbolicLink()
  // pipes and devices stay what they are, and so does the link /dev/stdout
  if (!isReplaced || path.resolve(file).startsWith('/dev/')) {
    fs.writeFileSync(file, text)
    return
  }
  const next = path.join(path.dirname(file), `.${newStamp()}`)
  try {
    fs.writeFileSync(next, text, { flag: 'wx' })
    fs.renameSync(next, file)
  } catch (error) {
    fs.rmSync(next, { force: true })
    throw error
  }
}
