/** Whether a message costs more the longer a peer runs: 20,000 of them on one session. */

import { STEPS } from '../connection.ts'
import { figureOf, type Row } from '../measure.ts'
import { agreed, withPrograms } from '../programs.ts'

const MESSAGES = 20_000
/** What is compared: so many at the beginning and at the end. */
const STRETCH = 1000
/** As many as may wait: then the receiver reads them. */
const BURST = 20
/** Each is 20,000 messages. */
const ROUNDS = 3

export const uptime: Row = ({ rounds, folder }) =>
  withPrograms(folder, async (programs) => {
    const peers = await programs.peers()
    const [a, b] = await agreed(peers)
    /** Messages a second. */
    const stretch = async () => {
      let ms = 0
      for (let i = 0; i < STRETCH; i++) {
        ms += await a.send(STEPS.sendMsg)
        if (i % BURST === BURST - 1) ms += await b.send(STEPS.decryptMsg)
      }
      return (1000 * STRETCH) / ms
    }
    const samples = { ours: [] as number[], reference: [] as number[] }
    // while the engine still compiles, the first would be the slow ones
    for (let i = 0; i < 5; i++) await stretch()
    for (let round = 0; round < Math.min(rounds, ROUNDS); round++) {
      for (const peer of [a, b]) await peer.send(STEPS.sendKeys)
      const rates: number[] = []
      for (let i = 0; i < MESSAGES / STRETCH; i++) rates.push(await stretch())
      samples.reference.push(rates[0] ?? Number.NaN)
      samples.ours.push(rates.at(-1) ?? Number.NaN)
    }
    return [
      figureOf({
        what: `the last ${STRETCH} of ${MESSAGES} messages`,
        beside: `the first ${STRETCH} of them, sent and read`,
        unit: 'a second',
        aim: { atLeast: 0.95 },
        ...samples,
      }),
    ]
  })
