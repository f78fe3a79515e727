/** Texts for files that others read: nothing in them acts on a terminal, a page or a parser, and none is long. */

import type { Clause, Report, Row } from '../clause.ts'

/** What a report quotes of one clause, in bytes of UTF-8. */
const MAX_OUTPUT_BYTES = 8 * 1024
const CUT = '\n… (cut)'

/** `session/1 party 2`: no two rows of a report have one name. */
export function nameOf({ clause, party }: Pick<Row, 'clause' | 'party'>): string {
  return party === null ? clause.id : `${clause.id} party ${party}`
}

/** Where the specification says it, and its sentence, without the signs of Markdown but for the code in it. */
export function sentenceOf({ section, sentence }: Clause): string {
  const said = sentence.replaceAll('**', '').replaceAll(/\[([^[\]]*)\]\([^()[\]]*\)/g, '$1')
  return `${section === 'contract' ? "The owner's steps" : section}: ${said}`
}

/** What two results have to have in common to be compared, and what repeats this one. */
export function originOf({ version, clauses, curve, seed }: Report): string {
  return `ecdh-duet ${version}, clauses ${clauses}, ${curve}, seed ${seed}`
}

/** A text in which controls, marks of direction, lone surrogates and code points of no character are written out. It keeps LF. */
export function plain(text: string): string {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[^\P{C}\n]|[\u2028\u2029]/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`)
}

/** The same on one line. */
export function onOneLine(text: string): string {
  return plain(text).replaceAll('\n', ' ')
}

/** The beginning of a text, of at most 8 KiB in UTF-8, and a line that says so if there is more. */
export function cutToBytes(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= MAX_OUTPUT_BYTES) return text
  const most = MAX_OUTPUT_BYTES - Buffer.byteLength(CUT)
  // in streaming mode the decoder keeps back a character that is not whole
  return new TextDecoder().decode(bytes.subarray(0, most), { stream: true }) + CUT
}

/** All that a row has to say but secrets, for formats that have no lines of their own. `shown`: makes a text harmless there. */
export function linesOf(row: Row, shown: (text: string) => string = plain): string[] {
  const { clause, finding, reason, notes, kind } = row
  const line = (label: string, text: string | null | undefined) =>
    text ? [`${label}: ${shown(text)}`] : []
  return [
    ...line('specification', sentenceOf(clause)),
    ...line(row.result, reason),
    ...line('did', finding?.did),
    ...line('wanted', finding?.wanted),
    ...line('got', finding?.got),
    ...line('cause', finding?.cause),
    ...(kind === 'wrong code' ? [HALF] : []),
    ...(finding?.values ?? []).flatMap(([name, value]) => line(shown(name), value)),
    ...notes.filter((note) => note !== finding?.got).flatMap((note) => line('note', note)),
  ]
}

/** What half the points are for. */
export const HALF = 'half the points: refused, with another code than the page gives'

/** The report without what says why something was wrong, for an examination. */
export function withoutCauses(report: Report): Report {
  const rows = report.rows.map((row) =>
    row.finding === null ? row : { ...row, finding: { ...row.finding, cause: null } },
  )
  return { ...report, rows, remarks: [] }
}

/** What the answers of a peer have in common with this program: for `--json` only, where a teacher finds it. */
const FOR_TEACHERS = 'owner/13'

/** The report without what is no student's. */
export function forStudents(report: Report): Report {
  return { ...report, rows: report.rows.filter(({ clause }) => clause.id !== FOR_TEACHERS) }
}
