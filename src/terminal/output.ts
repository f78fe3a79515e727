/**
 * Standard output and standard error: the first takes what a command shows, the second what is about the program itself.
 * Nothing else writes to them, except for the bar of `progress.ts`, and commander's help and usage errors.
 *
 * A peer's lines are written once for each turn of the event loop, since a write takes the system longer than a line takes
 * us. `setImmediate` writes them, after all requests of that turn; a microtask would run after each request. Whatever else
 * is written makes the lines before it go out first. So do the end of the process and an error that nobody caught.
 */

import { DRAWN, type Marks, printable, printableJson, SPOKEN } from './printable.ts'
import { columnsOf, markedJson, rowsOf } from './rows.ts'
import { ours, quoting, type Said, said } from './said.ts'

/** Where text goes: a stream of Node's, or a test's own. */
export interface Output {
  /** `text`: whole lines in UTF-8. `done` is called when the system has taken them. */
  write(text: Buffer, done?: (error?: Error | null) => void): unknown
  /** How many bytes were written that the system has not taken yet. */
  readonly writableLength?: number
  isTTY?: boolean
  /** How many columns a terminal has now; 0 if the system does not know. */
  columns?: number
  /** Whether colours may be shown: Node looks at `NO_COLOR`, `FORCE_COLOR` and the kind of terminal. */
  hasColors?(): boolean
}

/** The width of a terminal of unknown width, and of text that goes to none. */
export const USUAL_COLUMNS = 80

/** Whether standard output and standard error are without symbols (`--plain`), for whoever can't see them. */
let isPlain = false
export function writePlainly(plain: boolean): void {
  isPlain = plain
}
export const writesPlainly = (): boolean => isPlain

export const marks = (): Marks => (isPlain ? SPOKEN : DRAWN)

/** How many columns the terminal behind an output has now; null if there is no terminal. */
export function widthOf({ isTTY, columns }: Output): number | null {
  return isTTY ? columns || USUAL_COLUMNS : null
}

/** Whether to show colours on an output. In Deno a pipe has `hasColors` too, which tells of no pipe. */
export function hasColours(output: Output): boolean {
  return output.isTTY !== false && output.hasColors?.() === true
}

/** How many columns standard output has; `most` if it has more, or is no terminal. */
export function columns(most: number): number {
  return Math.min(most, widthOf(process.stdout) ?? most)
}

/** More than this is written before the turn ends. */
const MAX_GATHERED = 64 * 1024

const gathering = new Set<BatchWriter>()

/** Writes to one output once in a turn of the event loop. */
export class BatchWriter {
  readonly #output: Output
  #pieces: string[] = []
  #length = 0

  constructor(output: Output) {
    this.#output = output
  }

  /** How much is not written yet, or not taken by the system, in characters or bytes. */
  get waiting(): number {
    return this.#length + (this.#output.writableLength ?? 0)
  }

  /** Writes `pieces`, which are whole lines when joined, at the end of this turn. */
  write(...pieces: string[]): void {
    this.#pieces.push(...pieces)
    for (const { length } of pieces) this.#length += length
    if (gathering.size === 0) setImmediate(flushAll)
    gathering.add(this)
    if (this.#length > MAX_GATHERED) this.flush()
  }

  /** Writes now what was gathered. */
  flush(): void {
    gathering.delete(this)
    const pieces = this.#pieces
    if (pieces.length === 0) return
    this.#pieces = []
    this.#length = 0
    this.#output.write(inUtf8(pieces))
  }
}

/** Encodes the pieces one by one. If they were joined, one arrow would make V8 hold all hex digits in two bytes each. */
function inUtf8(pieces: readonly string[]): Buffer {
  const bytes = Buffer.allocUnsafe(pieces.reduce((sum, one) => sum + Buffer.byteLength(one), 0))
  let length = 0
  for (const one of pieces) length += bytes.write(one, length)
  return bytes
}

/** What has to be written before the process ends. */
export const onExit = new Set<() => void>()

process.on('exit', () => {
  for (const last of onExit) last()
  flushAll()
})

function flushAll(): void {
  for (const writer of gathering) writer.flush()
}

let isRead = true
let end = (): void => process.exit(1)
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (!isRead) return
  isRead = false
  tell(
    said`standard output ${code === 'EPIPE' ? ours('was closed') : ours(`can't be written (${code})`)}`,
  )
  end()
})
// there is nobody to tell
process.stderr.on('error', () => {})

/** Has `act` called, in place of ending the process, when standard output takes no more: `| head` has ended, the disk is full. */
export function onOutputClosed(act: () => void): void {
  end = act
}

/** Whether somebody may still read standard output. */
export const isOutputRead = (): boolean => isRead

// before Node prints the error
process.on('uncaughtExceptionMonitor', flushAll)

/**
 * Tells the person who started the command something, on standard error. `toType`: a command, which gets a line of its own.
 * In a string, whatever occurs of the process's arguments is taken as text from outside.
 */
export function tell(text: string | Said, toType?: string): void {
  tellAfter('ecdh-duet: ', text)
  if (toType !== undefined) process.stderr.write(`    ${printable(toType)}\n`)
}

/** A usage error of commander's (a sentence, and perhaps a line that begins with "Did you mean") in the form for a terminal. */
export function usageOf(text: string): string {
  const hint = /\n\(Did you mean [^\n]*\)\n$/.exec(text)?.[0] ?? '\n'
  return toldAfter('error: ', text.slice('error: '.length, -hint.length)) + hint
}

/** Tells of a defect, with its stack. */
export function tellStack(error: unknown): void {
  const { stack = String(error) } = error as Error
  for (const line of stack.split('\n')) tellAfter(/^ */.exec(line)?.[0] ?? '', line.trim())
}

/** Rows at the bottom of the terminal, which go while somebody else writes there. */
interface Rows {
  remove(): void
  redraw(): void
}
let rowsBelow: Rows | null = null
export function keepBelow(rows: Rows | null): void {
  rowsBelow = rows
}

function tellAfter(head: string, text: string | Said): void {
  flushAll()
  rowsBelow?.remove()
  process.stderr.write(`${toldAfter(head, text)}\n`)
  rowsBelow?.redraw()
}

function toldAfter(head: string, text: string | Said): string {
  const all =
    typeof text === 'string' ? quoting(text, process.argv.slice(2).flatMap(namesIn)) : text
  return head + rowsOf(all, columnsOf(head), widthOf(process.stderr), marks())
}

/** The forms in which a sentence may name an argument: as it is, an option's value, the shortest form of a path, a file's name alone. */
function namesIn(argument: string): string[] {
  const value = argument.replace(/^--[\w-]+=/, '')
  const shortest = value.replace(/(^|\/)(?:\.?\/)+/g, '$1')
  const names = [argument, value, shortest, value.replace(/^.*[\\/]/s, '')]
  // not a dot, which ends every sentence, and not options and commands, which are our own words
  return names.filter((text) => /[^./]/.test(text) && !/^(?:--)?[a-z-]{1,20}$/.test(text))
}

/** Prints what the command answers, on standard output. A string has our own words only. */
export function print(text: string | Said): void {
  flushAll()
  const shown = typeof text === 'string' ? text : rowsOf(text, 0, widthOf(process.stdout), marks())
  process.stdout.write(`${shown}\n`)
}

/**
 * Prints a value as JSON, for scripts, with escapes of JSON's own. On a terminal that would wrap one of the lines, so that a
 * row could begin with anything, each row is marked.
 */
export function printJson(value: unknown): void {
  const lines = JSON.stringify(value, null, 2).split('\n').map(printableJson)
  const width = widthOf(process.stdout)
  const fits = width === null || lines.every((line) => columnsOf(line) <= width)
  print((fits ? lines : markedJson(lines, width, marks())).join('\n'))
}

/**
 * Resolves when the system has taken all that was written to standard output. While the reader of a pipe is slow, Node holds
 * the rest, and loses it if the process exits.
 */
export async function outputTaken(): Promise<void> {
  flushAll()
  const { stdout } = process
  if (stdout.writableLength > 0) await new Promise<void>((done) => stdout.write('', () => done()))
}
