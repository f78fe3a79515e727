/** A watcher that is killed by its own hand, before or after it has printed the first text: DIR KEY before|after. */

import { Maildir } from '../../src/mailbox/maildir.ts'
import { watch } from '../../src/mailbox/watch.ts'
import { readPrivateKey } from '../../src/state/keyFiles.ts'
import { createTerminal } from '../../src/terminal/terminal.ts'

const [dir = '', key = '', when] = process.argv.slice(2)
const terminal = createTerminal({ output: process.stdout, showsSecrets: true })
const die = () => process.kill(process.pid, 'SIGKILL')
await watch({
  maildir: new Maildir(dir),
  pair: readPrivateKey(key),
  signal: new AbortController().signal,
  tell: async (event) => {
    if (event.type === 'mail' && when === 'before') die()
    await terminal.tellOfMailbox(event)
    if (event.type === 'mail') die()
  },
})
