/** `check --require`: how the requirements are written. */

import { InvalidArgumentError } from 'commander'
import type { Requirement } from '../classroom/transcript/require.ts'
import { inQuotes } from '../disk/shell.ts'
import { parseCurve } from './arguments.ts'

/** No session carries more messages than this in each direction. */
const MOST_REQUIRED = 2 ** 20

/** What `messages>=1 each way, curve=P-256, compared` says, added to what was required `before`. */
export function parseRequirements(
  text: string,
  before: readonly Requirement[] = [],
): readonly Requirement[] {
  const all = [...before, ...text.split(',').map((part) => parseOne(part.trim()))]
  const curves = new Set(all.flatMap((one) => (one.of === 'curve' ? one.curve : [])))
  if (curves.size > 1)
    throw new InvalidArgumentError(
      `No transcript is on ${[...curves].join(' and on ')}: check those of each curve by themselves.`,
    )
  return all.filter((one, i) => all.findIndex((other) => isSame(one, other)) === i)
}

function isSame(one: Requirement, other: Requirement): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function parseOne(text: string): Requirement {
  const [, name = '', rest = ''] = /^([a-z]*)(.*)$/is.exec(text) ?? []
  const of = name.toLowerCase()
  if (of === 'compared' && rest === '') return { of }
  if (of === 'curve') {
    const [, curve] = /^\s*=\s*(\S.*)$/s.exec(rest) ?? []
    if (curve === undefined) throw new InvalidArgumentError('Of a curve the name: curve=X25519.')
    return { of, curve: parseCurve(curve) }
  }
  if (of === 'messages' || of === 'pictures') return { of, ...parseCount(of, rest) }
  throw new InvalidArgumentError(
    `What can be required is messages>=1, pictures>=1 (each with "each way" or not), curve=X25519 and compared, with commas between them. ${inShell()}`,
  )
}

function parseCount(of: string, text: string): { least: number; eachWay: boolean } {
  const [, digits = '', way] = /^\s*(?:>=|≥)\s*(\d+)(\s+each\s+way)?$/i.exec(text) ?? []
  const least = Number(digits)
  if (digits === '')
    throw new InvalidArgumentError(
      `${of} needs >= and a number, and may have "each way" behind it. ${inShell()}`,
    )
  if (least < 1 || least > MOST_REQUIRED)
    throw new InvalidArgumentError(`From 1 to ${MOST_REQUIRED} ${of} can be required.`)
  return { least, eachWay: way !== undefined }
}

/** Without quotes a shell takes > for the way into a file, and what is behind it is not seen here. */
function inShell(): string {
  return `It stands between quotes: --require ${inQuotes('messages>=1 each way')}`
}
