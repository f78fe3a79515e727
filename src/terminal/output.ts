/**
 * Standard output and standard error: the first takes what a command shows, the second what is about the
 * program itself. Nothing else writes to them, but for the bar of `progress.ts`, and commander's help and
 * errors of usage.
 *
 * Lines of a peer's go out once in a turn of the event loop, since a write takes the system longer
 * than a line takes us. They are written by `setImmediate`, after all that the turn's requests
 * brought; a microtask would come after each of those requests. Whatever else is written makes the
 * lines before it go out first, and so do the end of the process and an error that nobody caught.
 */

import { printable, printableJson } from './printable.ts'
import { columnsOf, markedJson, rowsOf } from './rows.ts'
import { ours, quoting, type Said, said } from './said.ts'

/** Where text goes: a stream of Node's, or a test's own. */
export interface Output {
  /** `text`: whole lines in UTF-8. `done` is called once the system has it. */
  write(text: Buffer, done?: (error?: Error | null) => void): unknown
  /** How much of what was written the system has not taken yet. */
  readonly writableLength?: number
  isTTY?: boolean
  /** Of a terminal: how many columns it has now; 0 if nobody told it. */
  columns?: number
  /** Knows `NO_COLOR`, `FORCE_COLOR` and dumb terminals. */
  hasColors?(): boolean
}

/** Where nobody says how wide a terminal is. */
const USUAL_COLUMNS = 80

/** How many columns the terminal behind an output has now; null if there is none. */
export function widthOf({ isTTY, columns }: Output): number | null {
  return isTTY ? columns || USUAL_COLUMNS : null
}

/** How many columns there are on standard output, `most` at most. */
export function columns(most: number): number {
  return Math.min(most, widthOf(process.stdout) ?? most)
}

/** This much goes out before the turn ends. */
const MAX_GATHERED = 64 * 1024

const gathering = new Set<TurnWriter>()

/** Writes to one output once a turn. */
export class TurnWriter {
  readonly #output: Output
  #pieces: string[] = []
  #length = 0

  constructor(output: Output) {
    this.#output = output
  }

  /** How much was said that the system has not taken yet, in characters or bytes. */
  get waiting(): number {
    return this.#length + (this.#output.writableLength ?? 0)
  }

  /** Writes `pieces`, which make whole lines together, when this turn ends. */
  write(...pieces: string[]): void {
    this.#pieces.push(...pieces)
    for (const { length } of pieces) this.#length += length
    if (gathering.size === 0) setImmediate(flushAll)
    gathering.add(this)
    if (this.#length > MAX_GATHERED) this.flush()
  }

  /** Writes what was gathered, now. */
  flush(): void {
    gathering.delete(this)
    const pieces = this.#pieces
    if (pieces.length === 0) return
    this.#pieces = []
    this.#length = 0
    this.#output.write(inUtf8(pieces))
  }
}

/** One by one: an arrow in one of them makes V8 hold the whole of a joined string in two bytes a digit. */
function inUtf8(pieces: readonly string[]): Buffer {
  const bytes = Buffer.allocUnsafe(pieces.reduce((sum, one) => sum + Buffer.byteLength(one), 0))
  let length = 0
  for (const one of pieces) length += bytes.write(one, length)
  return bytes
}

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
// nobody is there to be told
process.stderr.on('error', () => {})

/** Calls `act` once nobody reads standard output any more (`| head` has what it wanted, the disk is full), in place of ending at once. */
export function onOutputClosed(act: () => void): void {
  end = act
}

/** Whether somebody may still read standard output. */
export const isOutputRead = (): boolean => isRead

process.on('exit', flushAll)
// before Node says what it was
process.on('uncaughtExceptionMonitor', flushAll)

/**
 * What the command itself has to say, on standard error; on a line of its own what there is to type. In a string may stand
 * what was typed.
 */
export function tell(text: string | Said, toType?: string): void {
  tellAfter('ecdh-duet: ', text)
  if (toType !== undefined) process.stderr.write(`    ${printable(toType)}\n`)
}

/** Wrong usage as commander says it, a sentence and perhaps a line with what may have been meant, as it may be written. */
export function usageOf(text: string): string {
  const hint = /\n\(Did you mean [^\n]*\)\n$/.exec(text)?.[0] ?? '\n'
  return toldAfter('error: ', text.slice('error: '.length, -hint.length)) + hint
}

/** A defect, with its stack. */
export function tellStack(error: unknown): void {
  const { stack = String(error) } = error as Error
  for (const line of stack.split('\n')) tellAfter(/^ */.exec(line)?.[0] ?? '', line.trim())
}

function tellAfter(head: string, text: string | Said): void {
  flushAll()
  process.stderr.write(`${toldAfter(head, text)}\n`)
}

function toldAfter(head: string, text: string | Said): string {
  const all =
    typeof text === 'string' ? quoting(text, process.argv.slice(2).flatMap(namesIn)) : text
  return head + rowsOf(all, columnsOf(head), widthOf(process.stderr))
}

/**
 * What may be named of an argument: all of it, an option's value, its path in the shortest form, and how a file is called
 * in its folder.
 */
function namesIn(argument: string): string[] {
  const value = argument.replace(/^--[\w-]+=/, '')
  const shortest = value.replace(/(^|\/)(?:\.?\/)+/g, '$1')
  const names = [argument, value, shortest, value.replace(/^.*[\\/]/s, '')]
  // a lone dot is at the end of each sentence, and options and commands are words of ours
  return names.filter((text) => /[^./]/.test(text) && !/^(?:--)?[a-z-]{1,20}$/.test(text))
}

/** What the command answers, on standard output. A string is ours. */
export function print(text: string | Said): void {
  flushAll()
  const shown = typeof text === 'string' ? text : rowsOf(text, 0, widthOf(process.stdout))
  process.stdout.write(`${shown}\n`)
}

/**
 * The same for scripts: a value as JSON, in JSON's own escapes. Where a terminal would wrap a line of it, so that its row
 * begins with anything, each row is marked.
 */
export function printJson(value: unknown): void {
  const lines = JSON.stringify(value, null, 2).split('\n').map(printableJson)
  const width = widthOf(process.stdout)
  const fits = width === null || lines.every((line) => columnsOf(line) <= width)
  print((fits ? lines : markedJson(lines, width)).join('\n'))
}

/**
 * Resolves once the system has all that was written to standard output. Where that is a pipe, what
 * its reader has not come to stays with Node, and is lost if the process exits.
 */
export async function outputTaken(): Promise<void> {
  flushAll()
  const { stdout } = process
  if (stdout.writableLength > 0) await new Promise<void>((done) => stdout.write('', () => done()))
}
