/** A picture's stream from disk to disk. */

import fs from 'node:fs'
import { figureOf, inTurn, type Row } from '../measure.ts'
import { withPrograms } from '../programs.ts'
import { asPicture, fileOf, MIB, plainly } from '../uploads.ts'

const SIZE = 256

export const pictures: Row = ({ rounds, folder }) =>
  withPrograms(folder, async (programs) => {
    const file = fileOf(folder, SIZE)
    const [picture, plain] = [await asPicture(programs, file), await plainly(programs, file)]
    const sides = {
      ours: async () => megabytesASecond(await picture.send()),
      reference: async () => megabytesASecond(await plain.send()),
    }
    await inTurn(1, sides)
    const samples = await inTurn(rounds, sides)
    fs.rmSync(file)
    return [
      figureOf({
        what: `a picture of ${SIZE} MiB, disk to disk`,
        beside: 'a plain upload by got, koa and disk',
        unit: 'MB/s',
        aim: { atLeast: 0.95 },
        ...samples,
      }),
    ]
  })

const megabytesASecond = (ms: number) => (SIZE * MIB) / ms / 1000
