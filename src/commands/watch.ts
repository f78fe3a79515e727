/** `watch`: prints the mail of a mailbox until a signal comes. */

import fs from 'node:fs'
import { Maildir } from '../mailbox/maildir.ts'
import { watchMaildir } from '../mailbox/watchMaildir.ts'
import { makeDirectory, orStateError, StateError } from '../state/files.ts'
import { readPrivateKey } from '../state/keyFiles.ts'
import { tell } from '../terminal/output.ts'
import { said } from '../terminal/said.ts'
import { createTerminal } from '../terminal/terminal.ts'
import { askedToEnd, lastLines, tellWhereSecretsGo } from './ending.ts'

/**
 * Watches the mailbox in `dir`, which is made if it isn't there, with the private key in `keyFile`.
 * Returns the exit code.
 * @throws StateError
 */
export async function watchMailbox(dir: string, keyFile: string): Promise<number> {
  const pair = readPrivateKey(keyFile)
  const isNew = !fs.existsSync(dir)
  const maildir = orStateError(dir, () => {
    makeDirectory(dir)
    return new Maildir(dir)
  })
  // the folder's name may have been mistyped
  if (isNew) tell(said`there was no ${dir}: it is a new mailbox, and empty`)
  tellWhereSecretsGo()
  const terminal = createTerminal({ output: process.stdout, showsSecrets: true })
  const asked = askedToEnd()
  const ending = new AbortController()
  asked.then(() => ending.abort())
  const watching = watchMaildir({
    maildir,
    pair,
    tell: terminal.tellOfMailbox,
    signal: ending.signal,
  })
  try {
    // a message that the terminal does not take stays in the mailbox
    await Promise.race([watching, asked.then(lastLines)])
  } catch (error) {
    const { code, syscall, path } = error as NodeJS.ErrnoException
    if (syscall === undefined) throw error
    // if standard output was closed, that is told already
    if (syscall !== 'write') throw new StateError(`${path ?? dir}: It can't be used (${code}).`)
  } finally {
    pair.erase()
  }
  return asked
}
