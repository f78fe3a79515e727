/** A whole exchange: both `/send_keys`, to confirmed keys on both sides. */

import { SUITES } from '../../../src/protocol/suites.ts'
import { call } from '../../helpers/call.ts'
import { request } from '../connection.ts'
import { type Bench, type Figure, figureOf, inTurn, type Row, WARMING } from '../measure.ts'
import { answering, withPrograms } from '../programs.ts'

const EXCHANGES = 20
const SEND_KEYS = request('/send_keys')

export const exchange: Row = async (bench) => {
  const figures: Figure[] = []
  for (const curve of Object.keys(SUITES)) figures.push(await measured(curve, bench))
  return figures
}

function measured(curve: string, { rounds, folder }: Bench): Promise<Figure> {
  return withPrograms(folder, async (programs) => {
    const peers = await programs.peers('--curve', curve)
    const [caller] = await programs.references('caller')
    const [a, b] = [await answering(peers[0]), await answering(peers[1])]
    const sides = {
      ours: async () => {
        let ms = 0
        for (let i = 0; i < EXCHANGES; i++)
          ms += (await a.send(SEND_KEYS)) + (await b.send(SEND_KEYS))
        return ms / EXCHANGES
      },
      reference: async () => {
        const path = `/exchanges?curve=${curve}&n=${EXCHANGES}`
        return (await call(`http://127.0.0.1:${caller.port}${path}`)).json.ms / EXCHANGES
      },
    }
    await inTurn(WARMING, sides)
    return figureOf({
      what: `a whole exchange on ${curve}`,
      beside: "noble's arithmetic and two calls of a Koa echo by got",
      unit: 'ms',
      aim: { atMost: 1.15 },
      ...(await inTurn(rounds, sides)),
    })
  })
}
