/** Loaded into a peer's process before the program: when asked, it says what the process holds once garbage is collected. */

import { setImmediate } from 'node:timers/promises'

process.on('message', async () => {
  // what a first collection sets free may hold more
  for (let i = 0; i < 2; i++) {
    globalThis.gc()
    await setImmediate()
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  process.send({ rss, live: heapUsed + external, resources: process.getActiveResourcesInfo() })
})
process.on('disconnect', () => process.exit(1))
// it keeps nothing alive: whether the program ends is the program's affair
process.channel.unref()
