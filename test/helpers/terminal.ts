/** A terminal whose output is kept as a text. */

import { createTerminal } from '../../src/terminal/terminal.ts'

export type KeptTerminal = ReturnType<typeof keptTerminal>

export function keptTerminal({ showsSecrets = true, colours = false } = {}) {
  let output = ''
  const write = (text: Buffer, done?: (error?: Error | null) => void) => {
    output += text
    done?.()
  }
  const terminal = createTerminal({ output: { write, hasColors: () => colours }, showsSecrets })
  return {
    terminal,
    /** What it has shown so far, or since `forget`. */
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
