/** One run of the command. */

import { CommanderError } from 'commander'
import { DuetError } from '../protocol/errors.ts'
import { StateError } from '../state/files.ts'
import { tell, tellStack } from '../terminal/output.ts'
import { ours, said } from '../terminal/said.ts'
import { wrongNode } from './nodeVersion.ts'
import { createProgram } from './table.ts'

/** Parses the arguments of the process, runs, and sets the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function run(): Promise<void> {
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
      await fail(error)
    }
  }
}

/** Tells of an error that a person can put right in one line. Any other is a defect, and is shown with its stack. */
async function fail(error: unknown): Promise<void> {
  const { code, syscall, port, address, hostname } = error as NodeJS.ErrnoException & {
    port?: number
    address?: string
    hostname?: string
  }
  if (error instanceof StateError || error instanceof DuetError) tell(error.message)
  else if (code === 'EADDRINUSE' && port !== undefined) {
    const { onOtherPorts } = await import('./otherPorts.ts')
    tell(
      // AirPlay Receiver has it
      process.platform === 'darwin' && port === 5000
        ? 'port 5000 is taken, perhaps by AirPlay; end that, or type this:'
        : said`port ${port} is taken; end what has it, or type this:`,
      await onOtherPorts(process.argv.slice(2), process.argv[1]),
    )
  } else if (code === 'EACCES' && port !== undefined)
    tell(said`port ${port} needs more rights; take one from 1024 up`)
  else if (
    syscall === 'getaddrinfo' ||
    // a link-local address has to name its interface, and IPv6 may be off
    (syscall === 'listen' && ['EADDRNOTAVAIL', 'EINVAL', 'EAFNOSUPPORT'].includes(code ?? ''))
  )
    tell(
      said`${address ?? hostname ?? ours('the address to listen on')} is not an address of this machine; see ${ours(process.argv[2] === 'mallory' ? '--listen' : '--host')}`,
    )
  else tellStack(error)
}
