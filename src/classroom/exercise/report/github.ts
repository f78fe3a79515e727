/**
 * `--github`: a table in the summary of the step, and the first failures as annotations. The commands are those of
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
 */

import { randomBytes } from 'node:crypto'
import type { Report, Row } from '../clause.ts'
import { pointsOfAll, stagesOf } from '../points.ts'
import { nameOf, onOneLine, originOf } from './plain.ts'
import { pointsIn } from './stages.ts'

/** GitHub shows no more of them for a step. */
const SHOWN_ERRORS = 10
/** More of a message is in the report; of a summary GitHub takes a MiB. */
const MAX_MESSAGE = 500

/** `lines` so that nothing in them is a command for GitHub: nobody can know the word that ends it. */
export function withoutCommands(lines: readonly string[]): string[] {
  const token = randomBytes(16).toString('hex')
  return [`::stop-commands::${token}`, ...lines, `::${token}::`]
}

/** An `::error` line for each of the first failures. */
export function errorLines(report: Report): string[] {
  return failures(report)
    .slice(0, SHOWN_ERRORS)
    .map((row) => {
      const title = `${nameOf(row)}: ${row.clause.title}`
      return `::error title=${inProperty(title)}::${inData(messageOf(row))}`
    })
}

/** The summary of the step, in GitHub's Markdown. */
export function asSummary(report: Report): string {
  const { curve, rows, remarks } = report
  const stages = stagesOf(rows).map((one) => [`${one.stage} ${one.title}`, pointsIn(one)])
  const failed = failures(report).map((row) => [nameOf(row), row.clause.title, messageOf(row)])
  return [
    `### The exercise on ${curve}: ${pointsIn(pointsOfAll(rows))} points`,
    '',
    ...tableOf(['stage', 'points'], stages),
    '',
    ...(failed.length > 0 ? [...tableOf(['clause', '', 'why'], failed), ''] : []),
    ...remarks.flatMap((remark) => [inMarkdown(remark), '']),
    originOf(report),
    '',
  ].join('\n')
}

function failures({ rows }: Report): Row[] {
  return rows.filter(({ result }) => result === 'fail')
}

function messageOf({ finding }: Row): string {
  const { cause = null, wanted = '', got = '' } = finding ?? {}
  return onOneLine((cause ?? `wanted ${wanted}; ${got}`).slice(0, MAX_MESSAGE))
}

function tableOf(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(inMarkdown).join(' | ')} |`
  return [line(heads), `|${' --- |'.repeat(heads.length)}`, ...rows.map(line)]
}

/** A text in which nothing is Markdown, HTML or a mention. */
function inMarkdown(text: string): string {
  return onOneLine(text)
    .replaceAll(/[&<>]/g, (one) => `&#${one.codePointAt(0)};`)
    .replaceAll(/[\\`*_{}[\]()#+!|~$:@-]/g, (one) => `&#${one.codePointAt(0)};`)
}

const DATA: Readonly<Record<string, string>> = { '%': '%25', '\r': '%0D', '\n': '%0A' }
const PROPERTY: Readonly<Record<string, string>> = { ...DATA, ':': '%3A', ',': '%2C' }

function inData(text: string): string {
  return text.replaceAll(/[%\r\n]/g, (one) => DATA[one] ?? one)
}

function inProperty(text: string): string {
  return text.replaceAll(/[%\r\n:,]/g, (one) => PROPERTY[one] ?? one)
}
