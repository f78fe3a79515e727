#!/usr/bin/env node
/** The command: parse, run, exit code (0 done, 1 failed, 2 wrong usage). */

import { CommanderError } from 'commander'
import { wrongNode } from './commands/nodeVersion.ts'
import { createProgram } from './commands/table.ts'
import { DuetError } from './protocol/errors.ts'
import { StateError } from './state/files.ts'
import { tell } from './terminal/output.ts'

const wrong = wrongNode(process.versions.node)
try {
  if (wrong === null) await createProgram().parseAsync()
  else {
    process.exitCode = 1
    tell(wrong)
  }
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else {
    process.exitCode = 1
    fail(error)
  }
}

/** One line for what a person can mend; anything else is a defect and keeps its stack. */
function fail(error: unknown): void {
  const { code, port, address, hostname } = error as NodeJS.ErrnoException & {
    port?: number
    address?: string
    hostname?: string
  }
  if (error instanceof StateError || error instanceof DuetError) tell(error.message)
  else if (code === 'EADDRINUSE')
    tell(
      `port ${port} is taken; if this program still runs elsewhere, end it with Ctrl-C, or choose another port: --ports 6000,6001 (for both and mallory), --port 6000 (for peer), or make run-both PORT_A=6000 PORT_B=6001, make run-mallory PORT_M=6002 PORT_N=6003 (on macOS 5000 belongs to AirPlay Receiver)`,
    )
  else if (code === 'EACCES' && port !== undefined)
    tell(`port ${port} needs more rights; choose one from 1024 up`)
  else if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    tell(
      `${address ?? hostname ?? 'the address to listen on'} is not an address of this machine; see --host`,
    )
  else throw error
}
