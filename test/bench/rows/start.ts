/** From the start of the process to its first answer. */

import { freePorts } from '../../helpers/ports.ts'
import { request } from '../connection.ts'
import { figureOf, inTurn, type Row } from '../measure.ts'
import { answering, end, type Running, withPrograms } from '../programs.ts'

const STARTS = 3
const HOME = request('/')

export const start: Row = ({ rounds, folder }) =>
  withPrograms(folder, async (programs) => {
    const [port = 0] = await freePorts(1)
    const sides = {
      ours: () => started(() => programs.peer(port, port + 1)),
      reference: () => started(() => programs.reference('bareStart', port)),
    }
    // the first start makes an identity; a person has one
    await inTurn(1, sides)
    return [
      figureOf({
        what: 'start to first answer',
        beside: 'a bare program with koa, router and got',
        unit: 'ms',
        aim: { atMost: 0.9 },
        ...(await inTurn(rounds, sides)),
      }),
    ]
  })

async function started(start: () => Running): Promise<number> {
  let ms = 0
  for (let i = 0; i < STARTS; i++) {
    const begin = performance.now()
    const running = start()
    const connection = await answering(running)
    await connection.send(HOME)
    ms += performance.now() - begin
    connection.close()
    await end(running.child)
  }
  return ms / STARTS
}
