/** A terminal whose output is kept as a text. */

import { createTerminal } from '../../src/terminal/terminal.ts'

export type KeptTerminal = ReturnType<typeof keptTerminal>

/** `columns`: of a real terminal; without them it is a pipe. */
export function keptTerminal({
  showsSecrets = true,
  colours = false,
  columns,
  isPlain = false,
}: {
  showsSecrets?: boolean
  colours?: boolean
  columns?: number
  isPlain?: boolean
} = {}) {
  let kept = ''
  const write = (text: Buffer, done?: (error?: Error | null) => void) => {
    kept += text
    done?.()
  }
  const size = columns === undefined ? {} : { isTTY: true, columns }
  const output = { write, hasColors: () => colours, ...size }
  const terminal = createTerminal({ output, showsSecrets, isPlain })
  return {
    terminal,
    /** What it has shown so far, or since `forget`. */
    shown() {
      terminal.flush()
      return kept
    },
    forget() {
      terminal.flush()
      kept = ''
    },
  }
}
