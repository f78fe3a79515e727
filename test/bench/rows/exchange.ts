/** A whole exchange: both `/send_keys`, to confirmed keys on both sides. */

import { SUITES } from '../../../src/protocol/suites.ts'
import { call } from '../../helpers/call.ts'
import { type Connection, STEPS } from '../connection.ts'
import { type Bench, type Figure, figureOf, inTurn, type Row, WARMING } from '../measure.ts'
import { answering, type Running, withPrograms } from '../programs.ts'

const EXCHANGES = 20

export const exchange: Row = async (bench) => {
  const figures: Figure[] = []
  for (const curve of Object.keys(SUITES)) figures.push(...(await measured(curve, bench)))
  return figures
}

function measured(curve: string, { rounds, folder }: Bench): Promise<Figure[]> {
  return withPrograms(folder, async (programs) => {
    const peers = await connected(await programs.peers('--curve', curve))
    const exchangers = await connected(await programs.references('exchanger', curve))
    const [caller] = await programs.references('caller')
    const sides = {
      ours: () => msOf(peers),
      same: () => msOf(exchangers),
      calls: async () => {
        const path = `/exchanges?curve=${curve}&n=${EXCHANGES}`
        return (await call(`http://127.0.0.1:${caller.port}${path}`)).json.ms / EXCHANGES
      },
    }
    await inTurn(WARMING, sides)
    const { ours, same, calls } = await inTurn(rounds, sides)
    const figure = { what: `a whole exchange on ${curve}`, unit: 'ms', ours } as const
    return [
      figureOf({
        ...figure,
        beside: "the same four requests, with noble's arithmetic",
        aim: { atMost: 1.08 },
        reference: same,
      }),
      figureOf({
        ...figure,
        beside: "noble's arithmetic and two calls of a Koa echo by got",
        aim: null,
        reference: calls,
      }),
    ]
  })
}

/** Milliseconds for an exchange, on average. */
async function msOf([a, b]: readonly [Connection, Connection]): Promise<number> {
  let ms = 0
  for (let i = 0; i < EXCHANGES; i++)
    ms += (await a.send(STEPS.sendKeys)) + (await b.send(STEPS.sendKeys))
  return ms / EXCHANGES
}

async function connected([a, b]: readonly [Running, Running]): Promise<[Connection, Connection]> {
  return [await answering(a), await answering(b)]
}
