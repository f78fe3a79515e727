/** The most memory that a process needs for a picture of any size (Linux counts it). */

import fs from 'node:fs'
import { type Figure, figureOf, inTurn, type Row } from '../measure.ts'
import { withPrograms } from '../programs.ts'
import { asPicture, fileOf, plainly, type Way } from '../uploads.ts'

const SIZES = [64, 256, 1024]

export const memory: Row = async ({ rounds, folder }) => {
  if (process.platform !== 'linux') return 'only Linux counts it'
  const figures: Figure[] = []
  for (const size of SIZES) {
    const file = fileOf(folder, size)
    const peakOf = (way: typeof asPicture) => () =>
      withPrograms(folder, async (programs) => {
        const sent: Way = await way(programs, file)
        await sent.send()
        return sent.peak()
      })
    const samples = await inTurn(rounds, { ours: peakOf(asPicture), reference: peakOf(plainly) })
    fs.rmSync(file)
    figures.push(
      figureOf({
        what: `peak memory for a picture of ${size} MiB`,
        beside: 'the plain upload',
        unit: 'MiB',
        aim: { atMostMore: 32 },
        ...samples,
      }),
    )
  }
  return figures
}
