/** A process's terminal: the events of its peers, of a mailbox, and of whoever says more, as aligned lines. */

import type { PeerEvent, WatchEvent } from '../peer/contract.ts'
import {
  type Line,
  linesOf,
  mailboxLinesOf,
  type PeerLine,
  type Sign,
  secretLine,
} from './lines.ts'
import { type Output, TurnWriter, widthOf } from './output.ts'
import { columnsOf, rowsOf } from './rows.ts'
import { type Colour, paint, Secrets } from './safe.ts'
import { ours, Said } from './said.ts'

export interface TerminalOptions {
  readonly output: Output
  readonly showsSecrets: boolean
}

export interface Terminal {
  /** A peer's events as lines that begin with its port; they go out when this turn of the event loop ends. */
  reporter(port: number): (event: PeerEvent) => void
  /** Lines beside a peer's, of whoever says more of it than its events do. */
  narrator(port: number): Narrator
  /** What happens to a mailbox; resolves once it is out. */
  tellOfMailbox(event: WatchEvent): Promise<void>
  /** Writes the lines of this turn now. */
  flush(): void
}

export interface Narrator {
  /** `text`: a string is ours. */
  say(sign: Sign, label: string, text: string | Said): void
  /** `text`: UTF-8. */
  saySecret(label: string, text: Uint8Array): void
}

const LABEL_WIDTH = 'SECRET shared secret'.length

const COLOUR_OF: Partial<Record<Sign, Colour>> = { '✓': 'green', '✗': 'yellow' }

/**
 * How much may wait, in characters or bytes, for a reader of standard output who does not read.
 * Then a peer's lines are left out, since strangers can make it say as much as they like; lines with
 * secrets stay, which its owner asks for and which may be shown only once.
 */
const MAX_WAITING = 1024 * 1024

const LEFT_OUT: Line = [
  '✗',
  'left out',
  'Nobody reads on here. Until somebody does, only secrets are added.',
  'yellow',
]

/** Terminal of one process; `both` has two peers on it, whose lines stand in the order in which they were said. */
export function createTerminal({ output, showsSecrets }: TerminalOptions): Terminal {
  const secrets = new Secrets(showsSecrets)
  const writer = new TurnWriter(output)
  const painted = output.hasColors?.() ? paint : (text: string) => text
  let leavesOut = false

  /** The line in two pieces, since the second may be long. `before`: the columns that are taken already. */
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
