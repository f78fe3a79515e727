/** Arguments of the command line as values. Each of these functions throws InvalidArgumentError for what it does not take. */

import { InvalidArgumentError } from 'commander'
import { wordsOf } from '../classroom/exercise/words.ts'
import { privateAddress } from '../classroom/lab/mallory/privateAddress.ts'
import { baseUrlOf } from '../http/baseUrl.ts'
import { localOrigin } from '../http/loopback.ts'
import { labelOf } from '../nearby/labels.ts'
import type { SuiteName } from '../protocol/suites.ts'
import type { MalloryOptions } from './mallory.ts'

/** Written out, because to load the suites takes longer than `--help` does. The type keeps it complete. */
const CURVES = Object.keys({
  X25519: true,
  'P-256': true,
  X25519MLKEM768: true,
} satisfies Record<SuiteName, true>) as SuiteName[]

/** Returns the suite of that name, in capitals or not and with hyphens or without; `hybrid` is X25519MLKEM768. */
export function parseCurve(text: string): SuiteName {
  const simple = (name: string) => name.toLowerCase().replaceAll('-', '')
  const name = simple(text) === 'hybrid' ? 'X25519MLKEM768' : text
  const suite = CURVES.find((one) => simple(one) === simple(name))
  if (suite === undefined)
    throw new InvalidArgumentError('The curves are X25519, P-256 and X25519MLKEM768 (or: hybrid).')
  return suite
}

/** Longer texts only fill the screen of `lab nonce-reuse`. */
const MAX_DEMO_BYTES = 512

export function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65535)
    throw new InvalidArgumentError('A port is a number up to 65535.')
  return port
}

export function parseBytes(text: string): number {
  const bytes = Number(text)
  if (!/^\d+$/.test(text) || bytes < 1 || !Number.isSafeInteger(bytes))
    throw new InvalidArgumentError('A whole number of bytes.')
  return bytes
}

/** Returns bytes. */
export function parseMebibytes(text: string): number {
  const bytes = Number(text) * 2 ** 20
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(bytes))
    throw new InvalidArgumentError('A whole number of MiB; 0 keeps the last picture only.')
  return bytes
}

export function parsePorts(text: string): [number, number] {
  const [a, b, ...more] = text.split(',').map(parsePort)
  if (a === undefined || b === undefined || more.length > 0 || (a === b && a !== 0))
    throw new InvalidArgumentError('Two different ports with a comma between them: 5000,5001.')
  return [a, b]
}

/** Returns an origin: nothing with a path, a password or a query is taken. */
export function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.protocol !== 'http:' || url.href !== `${url.origin}/`)
    throw new InvalidArgumentError('The other peer is given as http://HOST:PORT and nothing more.')
  return url.origin
}

/** Returns an origin, or one with the path that a program has mounted its peer at. */
export function parsePeerUrl(text: string): string {
  const url = baseUrlOf(text)
  if (url === null)
    throw new InvalidArgumentError(
      'The other peer is given as http://HOST:PORT, or with the path that it is mounted at behind that.',
    )
  return url
}

/** Returns an origin on this machine: attacks go nowhere else. */
export function parseVictim(text: string): string {
  return originHere(
    text,
    'Attacks go to this machine only: to a loopback address, as 127.0.0.1 is.',
  )
}

/** Returns an origin on this machine. */
export function parseAttached(text: string): string {
  return originHere(text, 'The peer runs on this machine: at a loopback address, as 127.0.0.1 is.')
}

function originHere(text: string, otherwise: string): string {
  const origin = localOrigin(parseOrigin(text))
  if (origin === null) throw new InvalidArgumentError(otherwise)
  return origin
}

export function parsePrivateAddress(text: string): string {
  const address = privateAddress(text)
  if (address === null)
    throw new InvalidArgumentError(
      'A private or loopback address of this machine, as a number and not as a name: 192.168.1.5, fd12::5.',
    )
  return address
}

/** Two origins. */
export function parseVictims(text: string): [string, string] {
  const [a, b, ...more] = text.split(',').map(parseOrigin)
  if (a === undefined || b === undefined || more.length > 0 || a === b)
    throw new InvalidArgumentError('Two different URLs with a comma between them.')
  return [a, b]
}

export function parseAlteration(text: string): NonNullable<MalloryOptions['alter']> {
  const [, from, to] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (from === undefined || to === undefined)
    throw new InvalidArgumentError(
      'What to change and what into, with = between them: noon=midnight.',
    )
  return { from, to }
}

export function parseDemoText(text: string): string {
  if (text === '' || Buffer.byteLength(text) > MAX_DEMO_BYTES)
    throw new InvalidArgumentError(`A text here has 1 to ${MAX_DEMO_BYTES} bytes.`)
  return text
}

export function collectDemoText(text: string, before: string[] = []): string[] {
  return [...before, parseDemoText(text)]
}

/** A name for others to see. */
export function parseLabel(text: string): string {
  const label = labelOf(text)
  if (label === null) throw new InvalidArgumentError('A name has at least one letter or digit.')
  return label
}

export function notEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('It may not be empty.')
  return text
}

/** A folder, which may have to be made. Of a name that is not UTF-8 Node passes U+FFFD, and another folder would be made. */
export function parseFolder(text: string): string {
  if (text.includes('\ufffd'))
    throw new InvalidArgumentError('The name of a folder is UTF-8: give it another name.')
  return notEmpty(text)
}

export function collect(value: string, before: string[] = []): string[] {
  return [...before, notEmpty(value)]
}

/** Ids of clauses, with commas between them. */
export function parseIds(text: string): string[] {
  const ids = text.split(',').map((id) => id.trim())
  if (!ids.every((id) => /^[a-z]+\/\d{1,3}$/.test(id)))
    throw new InvalidArgumentError('Ids of clauses with commas between them: keys/2,session/1.')
  return ids
}

export function parseStage(text: string): number {
  if (!/^[1-7]$/.test(text)) throw new InvalidArgumentError('A stage is a number from 1 to 7.')
  return Number(text)
}

export function parseSeed(text: string): number {
  const seed = Number(text)
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(seed))
    throw new InvalidArgumentError('A seed is a whole number below 2^53.')
  return seed
}

/** Returns seconds. */
export function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (!/^\d{1,5}(?:\.\d{1,3})?$/.test(text) || seconds === 0)
    throw new InvalidArgumentError('A number of seconds, up to 99999.')
  return seconds
}

/** Returns how many peers run at the same time, at most `most`. */
export function parseJobs(text: string, most: number): number {
  const jobs = Number(text)
  if (!/^\d{1,3}$/.test(text) || jobs < 1 || jobs > most)
    throw new InvalidArgumentError(
      `A number from 1 to ${most}, twice the processors of this machine.`,
    )
  return jobs
}

/** A command line that can be split into words. Returns it as it is, since reports show it. */
export function parseCommand(text: string): string {
  try {
    wordsOf(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw new InvalidArgumentError(error.message)
    throw error
  }
  return text
}

export function collectFolder(text: string, before: string[] = []): string[] {
  return [...before, parseFolder(text)]
}
