/** The memory of a peer that has talked and then been left alone for a minute (Linux counts it). */

import { setTimeout as delay } from 'node:timers/promises'
import { freePorts } from '../../helpers/ports.ts'
import { request, STEPS } from '../connection.ts'
import { figureOf, type Row } from '../measure.ts'
import {
  agreed,
  answering,
  memoryOf,
  type Programs,
  type Running,
  withPrograms,
} from '../programs.ts'

const MESSAGES = 1000
/** As many as may wait to be read. */
const BURST = 32
const IDLE_MS = 60_000
/** They are idle at the same time; more would say little more. */
const ROUNDS = 3

export const idle: Row = async ({ rounds, folder }) => {
  if (process.platform !== 'linux') return 'only Linux counts it'
  let last = Promise.resolve()
  const measured = () =>
    withPrograms(folder, async (programs) => {
      // one after another: on a busy machine the engine collects its garbage later
      const talked = last.then(() => talk(programs))
      last = talked.then(() => {})
      const { peers, bare } = await talked
      await delay(IDLE_MS)
      const resident = (one: Running) => memoryOf(one, 'VmRSS')
      return { ours: Math.max(...peers.map(resident)), reference: resident(bare) }
    })
  const samples = await Promise.all(
    Array.from({ length: Math.min(rounds, ROUNDS) }, () => measured()),
  )
  return [
    figureOf({
      what: `memory, idle after ${MESSAGES} messages`,
      beside: 'a program with koa, router and got that answered as many requests',
      unit: 'MiB',
      aim: { atMostMore: 24 },
      ours: samples.map(({ ours }) => ours),
      reference: samples.map(({ reference }) => reference),
    }),
  ]
}

/** Two peers that have sent and read their messages, and a bare program that answered as many requests. */
async function talk(programs: Programs): Promise<{ peers: [Running, Running]; bare: Running }> {
  const peers = await programs.peers()
  const [port = 0] = await freePorts(1)
  const bare = programs.reference('bareStart', port)
  const [a, b] = await agreed(peers)
  const asked = await answering(bare)
  for (let i = 0; i < MESSAGES; i++) {
    await a.send(STEPS.sendMsg)
    if (i % BURST === BURST - 1) await b.send(STEPS.decryptMsg)
    await asked.send(request('/'))
  }
  for (const connection of [a, b, asked]) connection.close()
  return { peers, bare }
}
