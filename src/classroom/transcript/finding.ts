/** What a check finds: a code for programs, words for people. */

import { DuetError } from '../../protocol/errors.ts'

/** Why a file is no transcript. */
export type FileCode = 'unreadable' | 'too_large' | 'not_json' | 'bad_form'

/** What is wrong with a transcript, and what two of them have in common that they should not. */
export type FindingCode =
  | FileCode
  | 'bad_record'
  | 'bad_numbers'
  | 'bad_keys'
  | 'bad_session'
  | 'bad_safety_number'
  | 'bad_state'
  | 'bad_pair'
  | 'copy'
  | 'shared_key'

export interface Finding {
  readonly code: FindingCode
  /** The number of the event that it is about, or null. */
  readonly record: number | null
  /** A whole sentence. Of what came from a file it holds numbers at most; of other files the names, as they were given. */
  readonly text: string
}

/** The file is no transcript, and so there is nothing else to say of it. */
export class FileError extends DuetError<FileCode> {}

/** The roster of the class can't be used. */
export class RosterError extends DuetError<'bad_roster'> {}

/** Collects what is found in one transcript. */
export class Findings {
  /** What is wrong. */
  readonly wrong: Finding[] = []
  /** What a reader of a good one should know, a sentence each. */
  readonly remarks: string[] = []

  wrongWith(code: FindingCode, text: string, record: number | null = null): void {
    this.wrong.push({ code, record, text })
  }

  remark(text: string): void {
    this.remarks.push(text)
  }
}
