/** The memory of a peer that has talked and then been left alone for a minute (Linux counts it). */

import fs from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { freePorts } from '../../helpers/ports.ts'
import { request } from '../connection.ts'
import { figureOf, type Row } from '../measure.ts'
import { answering, type Running, withPrograms } from '../programs.ts'

const MESSAGES = 1000
const TEXT_BYTES = 1024
/** As many as may wait to be read. */
const BURST = 32
const IDLE_MS = 60_000
/** A minute each: more would say little more. */
const ROUNDS = 3

export const idle: Row = async ({ rounds, folder }) => {
  if (process.platform !== 'linux') return 'only Linux counts it'
  const samples = { ours: [] as number[], reference: [] as number[] }
  for (let round = 0; round < Math.min(rounds, ROUNDS); round++)
    await withPrograms(folder, async (programs) => {
      const peers = await programs.peers()
      const [port = 0] = await freePorts(1)
      const bare = programs.reference('bareStart', port)
      const [a, b] = [await answering(peers[0]), await answering(peers[1])]
      for (const peer of [a, b]) await peer.send(request('/send_keys'))
      const text = { type: 'text/plain', bytes: Buffer.alloc(TEXT_BYTES, 'a') }
      const asked = await answering(bare)
      for (let i = 0; i < MESSAGES; i++) {
        await a.send(request('/send_msg', text))
        if (i % BURST === BURST - 1) await b.send(request('/decrypt_msg'))
        await asked.send(request('/'))
      }
      for (const connection of [a, b, asked]) connection.close()
      await delay(IDLE_MS)
      samples.ours.push(Math.max(...peers.map(residentOf)))
      samples.reference.push(residentOf(bare))
    })
  return [
    figureOf({
      what: `memory, idle after ${MESSAGES} messages`,
      beside: 'a program with koa, router and got that answered as many requests',
      unit: 'MiB',
      aim: { atMostMore: 24 },
      ...samples,
    }),
  ]
}

/** MiB that a process has in memory now. */
function residentOf({ child }: Running): number {
  const status = fs.readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}
