/**
 * What somebody types at a terminal: Node's readline edits the line, and shows nothing of it. What was pasted is told apart
 * from what was typed (bracketed paste), and goes into the line whole, line breaks included: nothing is sent before Enter.
 */

import readline from 'node:readline'
import { PassThrough, Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { ReadStream, WriteStream } from 'node:tty'
import { LINE_BREAK } from '../terminal/typedLine.ts'

/** What a line may have, in UTF-16 units. What is pasted beyond that is left out, and that is told. */
const MAX_LINE = 256 * 1024

/** How long, in ms, the beginning of an escape sequence waits for the rest of it. */
const ESCAPE_MS = 50

/** A terminal puts these around what is pasted, once it is asked to (xterm's mode 2004). */
const PASTE_BEGINS = '\u001b[200~'
const PASTE_ENDS = '\u001b[201~'
const ASK_FOR_MARKS = '\u001b[?2004h'
const NO_MARKS = '\u001b[?2004l'

export interface TypedLine {
  readonly text: string
  /** Whether it is a command, should it look like one: its first word was typed, and not pasted. */
  readonly mayBeCommand: boolean
}

export interface TypingHandlers {
  /** Enter was pressed. */
  line(line: TypedLine): void
  /** The line, or the place in it, has changed. */
  changed(): void
  /** Ctrl-C in an empty line. In any other it empties the line. */
  interrupted(): void
  /** Ctrl-D in an empty line. */
  ended(): void
  /** The terminal is gone. */
  hungUp(): void
  /** So many UTF-16 units of what was pasted were left out. */
  leftOut(units: number): void
  /** Ctrl-Z: the rows have to go before the process stops. */
  stopped(): void
}

export class Typing {
  readonly #input: ReadStream
  readonly #output: WriteStream
  readonly #handlers: TypingHandlers
  readonly #decoder = new StringDecoder('utf8')
  readonly #keys = new PassThrough()
  readonly #editor: readline.Interface
  #carry = ''
  #flush: NodeJS.Timeout | undefined
  #isPasting = false
  #mayBeCommand = true

  /** Reads from `input`; what readline would show goes nowhere. `output`: the terminal that is asked to mark pastes. */
  constructor(input: ReadStream, output: WriteStream, handlers: TypingHandlers) {
    this.#input = input
    this.#output = output
    this.#handlers = handlers
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
    this.#editor = readline.createInterface({
      input: this.#keys,
      output: nowhere,
      terminal: true,
      // texts are not kept; and a line that was pasted could come back as one that was typed
      historySize: 0,
    })
    this.#keys.on('keypress', () => {
      if (this.line === '') this.#mayBeCommand = true
      handlers.changed()
    })
    this.#editor.on('line', (line) => this.#entered(line))
    this.#editor.on('SIGINT', () => this.#interrupted())
    this.#editor.on('SIGTSTP', () => this.#stop())
    this.#editor.on('close', () => handlers.ended())
    this.#begin()
    input.on('data', (bytes: Buffer) => this.#take(this.#decoder.write(bytes)))
    input.on('end', () => handlers.hungUp())
    input.on('error', () => handlers.hungUp())
    process.once('exit', () => this.#restore())
  }

  /** What was typed so far. */
  get line(): string {
    return this.#editor.line
  }

  /** The place of the cursor in it, in UTF-16 units. */
  get cursor(): number {
    return this.#editor.cursor
  }

  /** Gives the terminal back. */
  end(): void {
    this.#editor.removeAllListeners('close')
    this.#editor.close()
    this.#restore()
    this.#input.pause()
  }

  #begin(): void {
    this.#input.setRawMode(true)
    this.#output.write(ASK_FOR_MARKS)
  }

  #restore(): void {
    try {
      this.#input.setRawMode(false)
      this.#output.write(NO_MARKS)
    } catch {
      // it was closed
    }
  }

  #stop(): void {
    this.#handlers.stopped()
    this.#restore()
    process.once('SIGCONT', () => {
      this.#begin()
      this.#handlers.changed()
    })
    process.kill(process.pid, 'SIGTSTP')
  }

  #interrupted(): void {
    if (this.line === '') {
      this.#handlers.interrupted()
      return
    }
    this.#editor.write(null, { ctrl: true, name: 'e' })
    this.#editor.write(null, { ctrl: true, name: 'u' })
    this.#mayBeCommand = true
    this.#handlers.changed()
  }

  #entered(line: string): void {
    const mayBeCommand = this.#mayBeCommand
    this.#mayBeCommand = true
    this.#handlers.line({ text: line.replaceAll(LINE_BREAK, '\n'), mayBeCommand })
  }

  /** Takes what was read: typed, pasted, or the marks around that, of which any may come in pieces. */
  #take(more: string): void {
    clearTimeout(this.#flush)
    let text = this.#carry + more
    this.#carry = ''
    while (text !== '') {
      const mark = this.#isPasting ? PASTE_ENDS : PASTE_BEGINS
      const at = text.indexOf(mark)
      const kept = at < 0 ? endLikeBeginOf(mark, text) : 0
      const part = at < 0 ? text.slice(0, text.length - kept) : text.slice(0, at)
      if (this.#isPasting) this.#paste(part)
      else this.#type(part)
      if (at < 0) {
        this.#carry = text.slice(text.length - kept)
        break
      }
      this.#isPasting = !this.#isPasting
      text = text.slice(at + mark.length)
    }
    // a person may have pressed Escape, and nothing more comes
    if (this.#carry !== '' && !this.#isPasting)
      this.#flush = setTimeout(() => {
        const rest = this.#carry
        this.#carry = ''
        this.#type(rest)
      }, ESCAPE_MS)
  }

  #type(text: string): void {
    if (text !== '') this.#keys.write(text.replaceAll(LINE_BREAK, '\ufffd'))
  }

  #paste(text: string): void {
    if (text === '') return
    // `/send ` and `/compare ` may be typed before what is pasted
    const isArgument =
      /^\/[a-z]+ +/.test(this.line.slice(0, this.cursor)) && !/[\r\n\u2028\u2029]/.test(text)
    if (!isArgument) this.#mayBeCommand = false
    const whole = text
      .replaceAll(LINE_BREAK, '\ufffd')
      // readline ends a line at any of these
      .replace(/\r\n|[\r\n\u2028\u2029]/g, LINE_BREAK)
    const room = Math.max(0, MAX_LINE - this.line.length)
    this.#editor.write(whole.slice(0, room))
    if (whole.length > room) this.#handlers.leftOut(whole.length - room)
    this.#handlers.changed()
  }
}

/** How many characters at the end of `text` may be the beginning of `mark`. */
function endLikeBeginOf(mark: string, text: string): number {
  for (let length = Math.min(mark.length - 1, text.length); length > 0; length--)
    if (text.endsWith(mark.slice(0, length))) return length
  return 0
}
