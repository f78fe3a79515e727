/**
 * `--junit`: the report for GitLab and for what else reads JUnit's XML. GitLab shows the content of `failure` and not its
 * `message`, shows `classname` as the suite, and joins cases that have one `classname` and `name`.
 */

import type { Report, Row } from '../clause.ts'
import { STAGES } from '../clause.ts'
import { cutToBytes, linesOf, nameOf, onOneLine, originOf, plain } from './plain.ts'

/** The report as XML: a suite for each stage, a case for each row. */
export function asJunit(report: Report): string {
  const { rows, seconds } = report
  const suites = STAGES.flatMap(({ stage }) => {
    const own = rows.filter(({ clause }) => clause.stage === stage)
    const [first] = own
    return first === undefined ? [] : suite(suiteName(report, first), originOf(report), own)
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'ecdh-duet exercise', ...counts(rows), time: time(seconds) })}>`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n')
}

function suite(name: string, origin: string, rows: readonly Row[]): string[] {
  const seconds = rows.reduce((all, row) => all + row.seconds, 0)
  return [
    `<testsuite${attributes({ name, ...counts(rows), time: time(seconds) })}>`,
    `<properties><property${attributes({ name: 'examiner', value: origin })}/></properties>`,
    ...rows.map((row) => {
      const facts = { classname: name, name: caseName(row), time: time(row.seconds) }
      return `<testcase${attributes(facts)}>${contentOf(row)}</testcase>`
    }),
    '</testsuite>',
  ]
}

/** `X25519.2 session` */
function suiteName({ curve }: Report, { clause }: Row): string {
  return `${curve}.${clause.stage} ${clause.id.replace(/\/.*/, '')}`
}

function caseName(row: Row): string {
  return `${nameOf(row)}: ${row.clause.title}`
}

function contentOf(row: Row): string {
  const text = escaped(cutToBytes(linesOf(row, allowed).join('\n')))
  if (row.result === 'fail') {
    const message = onOneLine(row.finding?.cause ?? row.finding?.got ?? 'failed')
    const facts = { message: cutToBytes(message), type: row.kind ?? 'wrong' }
    const element = isError(row) ? 'error' : 'failure'
    return `<${element}${attributes(facts)}>${text}</${element}>`
  }
  if (isSkipped(row)) return `<skipped>${inXml(row.reason ?? row.result)}</skipped>`
  const notes = row.result === 'note' ? text : inXml(row.notes.join('\n'))
  return notes === '' ? '' : `<system-out>${notes}</system-out>`
}

function counts(rows: readonly Row[]) {
  const failed = rows.filter(({ result }) => result === 'fail')
  const errors = failed.filter(isError).length
  return {
    tests: rows.length,
    failures: failed.length - errors,
    errors,
    skipped: rows.filter(isSkipped).length,
  }
}

const isError = ({ kind }: Row) => kind === 'error'
const isSkipped = ({ result }: Row) => result === 'blocked' || result === 'not run'
const time = (seconds: number) => seconds.toFixed(3)

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${inXml(`${value}`)}"`)
    .join('')
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** A text as XML has it. */
function inXml(text: string): string {
  return escaped(allowed(text))
}

/** What XML 1.0 forbids (section 2.2, Char) becomes U+FFFD, and what else acts is written out. */
function allowed(text: string): string {
  return plain(
    text.replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\ufffd'),
  )
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (one) => ESCAPES[one] ?? one)
}
