/** The terminal of a process: events of its peers or of a mailbox, and what else is said, as aligned lines. */

import type { PeerEvent, WatchEvent } from '../peer/contract.ts'
import {
  type Line,
  linesOf,
  mailboxLinesOf,
  type PeerLine,
  type Sign,
  secretLine,
} from './lines.ts'
import { BatchWriter, type Output, widthOf } from './output.ts'
import { columnsOf, rowsOf } from './rows.ts'
import { type Colour, paint, Secrets } from './safe.ts'
import { ours, Said } from './said.ts'

export interface TerminalOptions {
  readonly output: Output
  readonly showsSecrets: boolean
}

export interface Terminal {
  /** Shows a peer's events as lines that begin with its port, when this turn of the event loop ends. */
  reporter(port: number): (event: PeerEvent) => void
  /** Shows lines of others, such as Mallory's, that begin with a peer's port too. */
  narrator(port: number): Narrator
  /** Shows what happens to a mailbox, and resolves when the system has taken it. */
  tellOfMailbox(event: WatchEvent): Promise<void>
  /** Writes the lines of this turn now. */
  flush(): void
}

export interface Narrator {
  /** `text`: a string has our own words only. */
  say(sign: Sign, label: string, text: string | Said): void
  /** `text`: UTF-8. */
  saySecret(label: string, text: Uint8Array): void
}

const LABEL_WIDTH = 'SECRET shared secret'.length

const COLOUR_OF: Partial<Record<Sign, Colour>> = { '✓': 'green', '✗': 'yellow' }

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
  'yellow',
]

/** Makes the terminal of a process. The lines of several peers are shown in the order in which they were said. */
export function createTerminal({ output, showsSecrets }: TerminalOptions): Terminal {
  const secrets = new Secrets(showsSecrets)
  const writer = new BatchWriter(output)
  const painted = output.hasColors?.() ? paint : (text: string) => text
  let leavesOut = false

  /** A line in two pieces, of which the second may be long. `before`: how many columns are taken already. */
  function whole([sign, label, text, colour]: Line, before: number): [string, string] {
    const head = `${sign}  ${label.padEnd(LABEL_WIDTH)}`
    const body = typeof text === 'string' ? ours(text) : text
    return [
      `${colour ? painted(head, colour) : head}  `,
      rowsOf(body, before + columnsOf(head) + 2, widthOf(output)),
    ]
  }

  function writeAt(port: number) {
    const begin = `${painted(String(port), 'bold')}  `
    const columns = `${port}  `.length
    return (lines: readonly PeerLine[], hasSecret: boolean) => {
      if (!hasSecret && isLeftOut(begin, columns)) return
      for (const line of lines)
        if (line instanceof Said) writer.write(rowsOf(line, 0, null), '\n')
        else writer.write(begin, ...whole(line, columns), '\n')
    }
  }

  function isLeftOut(begin: string, columns: number): boolean {
    const { waiting } = writer
    if (leavesOut) leavesOut = waiting > MAX_WAITING / 2
    else if (waiting > MAX_WAITING) {
      leavesOut = true
      writer.write(begin, ...whole(LEFT_OUT, columns), '\n')
    }
    return leavesOut
  }

  return {
    reporter: (port) => {
      const write = writeAt(port)
      return (event) => write(linesOf(event, secrets), 'SECRET' in event)
    },
    narrator: (port) => {
      const write = writeAt(port)
      return {
        say: (sign, label, text) => write([[sign, label, text, COLOUR_OF[sign]]], false),
        saySecret: (label, text) =>
          write([secretLine(secrets, label, secrets.text(text, 'text'))], true),
      }
    },
    tellOfMailbox: (event) =>
      new Promise((resolve, reject) => {
        writer.flush()
        const text = mailboxLinesOf(event, secrets).map((line) => `${whole(line, 0).join('')}\n`)
        output.write(Buffer.from(text.join('')), (error) => (error ? reject(error) : resolve()))
      }),
    flush: () => writer.flush(),
  }
}
