/** The terminal of a process: events of its peers or of a mailbox, and what else is said, as aligned lines. */

import type { PeerEvent, WatchEvent } from '../peer/contract.ts'
import { Alike } from './alike.ts'
import {
  type Line,
  linesOf,
  mailboxLinesOf,
  type PeerLine,
  type Sign,
  secretLine,
  type Text,
} from './lines.ts'
import {
  BatchWriter,
  hasColours,
  type Output,
  USUAL_COLUMNS,
  widthOf,
  writesPlainly,
} from './output.ts'
import { DRAWN, SPOKEN } from './printable.ts'
import { Repeats } from './repeats.ts'
import { columnsOf, laidOut, onOneLine } from './rows.ts'
import { type Colour, paint, Secrets } from './safe.ts'
import { ours, Said, Value } from './said.ts'

export interface TerminalOptions {
  readonly output: Output
  readonly showsSecrets: boolean
  /** Whole sentences without symbols, for screen readers and logs. */
  readonly isPlain?: boolean | undefined
  /** Public values are whole, however long. */
  readonly isFull?: boolean | undefined
}

export interface Terminal {
  /** Shows a peer's events as lines that begin with its port, when this turn of the event loop ends. */
  reporter(port: number): (event: PeerEvent) => void
  /** Shows lines of others, such as Mallory's, that begin with a peer's port too. */
  narrator(port: number): Narrator
  /** Shows what happens to a mailbox, and resolves when the system has taken it. */
  tellOfMailbox(event: WatchEvent): Promise<void>
  /**
   * The same terminal for an attacker: all of each row is red. `name`: what each row begins with, for whoever sees no red
   * and no row above; '' where other rows of the same terminal say who she is.
   */
  of(name: string): Pick<Terminal, 'reporter' | 'narrator'>
  /** Writes the lines of this turn now. */
  flush(): void
}

export interface Narrator {
  /** `text`: a string has our own words only. */
  say(sign: Sign, label: string, text: Text): void
  /** `text`: UTF-8. */
  saySecret(label: string, text: Uint8Array): void
}

const COLOUR_OF: Partial<Record<Sign, Colour>> = { '✓': 'bold', '✗': 'bold' }

/** Of these, the same again is counted. */
const FOLDED: ReadonlySet<Sign> = new Set(['✗', '→'])

/** Whose a line is: the peer's on a port, or an attacker's there, who has a name or ''. */
interface Who {
  readonly port: number
  readonly attacker: string | undefined
}

/** After so many ms without a word, a blank line stands before what comes: a person's next step. */
const PAUSE_MS = 700

/**
 * How much may wait, in characters or bytes, while nobody reads standard output. Beyond that a peer's lines are left out,
 * since strangers can make it say as much as they like. Lines with secrets are not: the owner has asked for them, and may
 * not be able to see them a second time.
 */
const MAX_WAITING = 1024 * 1024

const LEFT_OUT: Line = [
  '✗',
  'left out',
  'Nobody reads on here. Until somebody does, only secrets are added.',
  'bold',
]

/** Makes the terminal of a process. The lines of several peers are shown in the order in which they were said. */
export function createTerminal({
  output,
  showsSecrets,
  isPlain = writesPlainly(),
  isFull = false,
}: TerminalOptions): Terminal {
  const secrets = new Secrets(showsSecrets)
  const writer = new BatchWriter(output)
  const repeats = new Repeats()
  const alike = new Alike()
  const marks = isPlain ? SPOKEN : DRAWN
  const isColoured = hasColours(output)
  const inColour = (text: string, colour: Colour | undefined) =>
    isColoured && colour !== undefined ? paint(text, colour) : text
  let leavesOut = false
  let lastShown = ''
  let lastSaid = Number.POSITIVE_INFINITY

  /** A line in rows. `who`: what stands before the time, null for nobody; `time`: to the second. */
  function rowsOf([sign, label, drawn, colour]: Line, who: Who | null, time: string): string {
    // all of an attacker's row has one colour
    const painted = (text: string) => (who?.attacker === undefined ? inColour(text, colour) : text)
    const text = isPlain ? inWords(drawn) : drawn
    const head = headOf(who, time, sign, label)
    const width = widthOf(output)
    const room = width ?? USUAL_COLUMNS
    // below the time
    const indent = isPlain || who === null ? Math.max(2, spaceFor(who)) : `${nameOf(who)} `.length
    const isBelow = label === ''
    const first = isBelow ? ' '.repeat(indent) : head.before + head.label + head.gap
    const shown = isBelow ? first : head.before + painted(head.label) + head.gap
    if (text === undefined) return head.before + painted(head.label) + head.end
    const taken = columnsOf(first)
    if (text instanceof Value) {
      if (width === null) return shown + text.text
      const rows = valueRows(text, width, indent)
      if (isBelow) return rows
      const isBeside = text.rows.length === 1 && taken + columnsOf(text.text) <= width
      return isBeside ? shown + text.text : `${shown.trimEnd()}\n${rows}`
    }
    const all = typeof text === 'string' ? ours(text) : text
    // what came from outside is one line where there is no terminal
    if (width === null && all.parts.some((part) => typeof part !== 'string'))
      return shown + onOneLine(all, marks)
    const place = { width: room, taken, indent, marks }
    const rows = laidOut(all, place).join('\n')
    return rows.startsWith('\n') ? shown.trimEnd() + rows : shown + rows
  }

  /** What stands before a line. A text from outside has no sign and no two blanks in a row; without signs, it has no time. */
  function headOf(who: Who | null, time: string, sign: Sign, label: string) {
    const name = who === null ? '' : nameOf(who)
    if (!isPlain)
      return {
        before: `${name === '' ? '' : `${name} `}${time} ${sign} `,
        label,
        gap: '  ',
        end: '',
      }
    const before = `${name === '' ? '' : `${name}, `}${time}: `
    return { before, label: label.slice(0, 1).toUpperCase() + label.slice(1), gap: ': ', end: '.' }
  }

  function nameOf({ port, attacker }: Who): string {
    if (!isPlain) return attacker ? `${attacker} ${port}` : `${port}`
    return attacker ? `${attacker}, port ${port}` : `Port ${port}`
  }

  /** How many columns an attacker's name takes before what belongs to a row of hers. */
  function spaceFor(who: Who | null): number {
    return who?.attacker ? beforeHers(who.attacker).length : 0
  }

  const beforeHers = (name: string) => `${name}${isPlain ? ': ' : ' '}`

  function writeAt(who: Who) {
    const write = (lines: readonly PeerLine[], hasSecret: boolean) => {
      if (!hasSecret && isLeftOut(who)) {
        alike.forget()
        return
      }
      const time = now()
      const block = blockOf(lines, who, time)
      const [first] = lines
      if (!hasSecret && first !== undefined && !(first instanceof Said)) {
        const [sign, label] = first
        const tell = (times: number) => {
          if (lastShown === block) write([[sign, label, again(times)]], true)
          // after something else, `the same` would be that
          else write(times === 1 ? lines : [...lines, ['·', '', again(times - 1)]], true)
        }
        if (FOLDED.has(sign) && repeats.has(block, time, tell)) return
      }
      lastShown = block
      if (performance.now() - lastSaid > PAUSE_MS) writer.write('\n')
      lastSaid = performance.now()
      writer.write(block, '\n')
    }
    return write
  }

  function blockOf(lines: readonly PeerLine[], who: Who, time: string): string {
    const rows = lines
      .map((line) => (line instanceof Said ? onOneLine(line) : rowsOf(line, who, time)))
      .join('\n')
    return who.attacker === undefined ? rows : herRows(rows, who.attacker)
  }

  /** Rows in red, each with her name before it where there is room: a wide value has it in the row above. */
  function herRows(rows: string, name: string): string {
    const before = name === '' ? '' : beforeHers(name)
    const blank = ' '.repeat(before.length)
    return rows
      .split('\n')
      .map((row) => (row.startsWith(blank) ? before + row.slice(before.length) : row))
      .map((row) => inColour(row, 'red'))
      .join('\n')
  }

  function isLeftOut(who: Who): boolean {
    const { waiting } = writer
    if (leavesOut) leavesOut = waiting > MAX_WAITING / 2
    else if (waiting > MAX_WAITING) {
      leavesOut = true
      writer.write(blockOf([LEFT_OUT], who, now()), '\n')
    }
    return leavesOut
  }

  const linesFor = (attacker?: string): Pick<Terminal, 'reporter' | 'narrator'> => ({
    reporter: (port) => {
      const write = writeAt({ port, attacker })
      const how = { port, secrets, isFull, alike }
      return (event) => write(linesOf(event, how), 'SECRET' in event)
    },
    narrator: (port) => {
      const write = writeAt({ port, attacker })
      return {
        say: (sign, label, text) => write([[sign, label, text, COLOUR_OF[sign]]], false),
        saySecret: (label, text) => write([secretLine(secrets, label, secrets.text(text))], true),
      }
    },
  })

  return {
    ...linesFor(),
    of: linesFor,
    tellOfMailbox: (event) =>
      new Promise((resolve, reject) => {
        writer.flush()
        const time = now()
        const text = mailboxLinesOf(event, secrets).map((line) => `${rowsOf(line, null, time)}\n`)
        output.write(Buffer.from(text.join('')), (error) => (error ? reject(error) : resolve()))
      }),
    flush: () => {
      repeats.flush()
      writer.flush()
    },
  }
}

/** Our own words without symbols, and a sentence with its full stop. */
function inWords(text: Text | undefined): Text | undefined {
  if (text instanceof Value) return text.text.includes('…') ? new Value(spelled(text.text)) : text
  return typeof text === 'string' ? spelled(text).replace(/(?<=[\w)])$/, '.') : text
}

const spelled = (text: string) => text.replaceAll('…', '...')

/** The rows of a value below a head: as far to the right as other rows, if they fit there. */
const valueRows = ({ rows }: Value, width: number, indent: number) =>
  rows
    .map((row) => ' '.repeat(Math.max(0, Math.min(indent, width - columnsOf(row)))) + row)
    .join('\n')

const again = (times: number) =>
  times === 1 ? 'The same once more.' : `The same ${times} times more.`

/** The time of day, to the second. To write it takes longer than the line that it stands on, so it is made once a second. */
let second = 0
let timeOfDay = ''
function now(): string {
  const at = Math.floor(Date.now() / 1000)
  if (at !== second) {
    second = at
    timeOfDay = new Date().toTimeString().slice(0, 8)
  }
  return timeOfDay
}
