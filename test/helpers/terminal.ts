/** A terminal whose output is kept as a text. */

import { createTerminal, type Terminal } from '../../src/terminal/terminal.ts'

export interface KeptTerminal {
  readonly terminal: Terminal
  /** What it has shown so far, or since `forget`. */
  shown(): string
  forget(): void
}

export function keptTerminal({ showsSecrets = true, colours = false } = {}): KeptTerminal {
  let output = ''
  const write = (text: Buffer, done?: (error?: Error | null) => void) => {
    output += text
    done?.()
  }
  const terminal = createTerminal({ output: { write, hasColors: () => colours }, showsSecrets })
  return {
    terminal,
    shown() {
      terminal.flush()
      return output
    },
    forget() {
      terminal.flush()
      output = ''
    },
  }
}
