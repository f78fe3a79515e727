/**
 * Runs the built program again and again in this process, which saves the start of all but the first. Its parent
 * sends what to run as messages, one at a time, and gets back how it ended and what it printed.
 */

import { once } from 'node:events'
import { Readable } from 'node:stream'
import { inspect } from 'node:util'

const MAIN = new URL('../../dist/main.js', import.meta.url)
const [stdout, stderr] = [process.stdout, process.stderr]
stdout.setMaxListeners(0)
process.setMaxListeners(0)

/** Keeps what is written to `stream` until the returned function gives it back. */
function collect(stream) {
  let text = ''
  stream.write = (piece, ...rest) => {
    text += piece
    rest.findLast((last) => typeof last === 'function')?.()
    return true
  }
  return () => {
    delete stream.write
    return text
  }
}

for (let runs = 0; ; runs++) {
  const [{ args, cwd, input }] = await once(process, 'message')
  process.chdir(cwd)
  process.argv = [process.execPath, MAIN.pathname, ...args]
  process.exitCode = undefined
  Object.defineProperty(process, 'stdin', { value: Readable.from(input), configurable: true })
  const [output, errors] = [collect(stdout), collect(stderr)]
  try {
    // the main module is evaluated anew, what it imports is not
    await import(`${MAIN}?${runs}`)
  } catch (error) {
    process.exitCode = 1
    stderr.write(inspect(error))
  }
  process.send({ code: process.exitCode ?? 0, output: output(), errors: errors() })
}
