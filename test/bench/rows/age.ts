/** A picture's stream from disk to disk, beside `age`, which encrypts and decrypts the same file. */

import { execFile, execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { figureOf, inTurn, type Row } from '../measure.ts'
import { withPrograms } from '../programs.ts'
import { asPicture, fileOf, MIB } from '../uploads.ts'

const SIZE = 256

const run = promisify(execFile)

export const age: Row = async ({ rounds, folder }) => {
  if (spawnSync('age', ['--version']).status !== 0) return 'there is no age here'
  return withPrograms(folder, async (programs) => {
    const file = fileOf(folder, SIZE)
    const picture = await asPicture(programs, file)
    const [key, opened] = [path.join(folder, 'age.key'), path.join(folder, 'age.opened')]
    execFileSync('age-keygen', ['-o', key], { stdio: 'ignore' })
    const recipient = execFileSync('age-keygen', ['-y', key], { encoding: 'utf8' }).trim()
    const pipe = `age -r ${recipient} "${file}" | age -d -i "${key}" -o "${opened}"`
    const sides = {
      ours: async () => megabytesASecond(await picture.send()),
      reference: async () => {
        const begin = performance.now()
        await run('sh', ['-c', pipe])
        const ms = performance.now() - begin
        fs.rmSync(opened)
        return megabytesASecond(ms)
      },
    }
    await inTurn(1, sides)
    const samples = await inTurn(rounds, sides)
    fs.rmSync(file)
    return [
      figureOf({
        what: `a picture of ${SIZE} MiB, disk to disk`,
        beside: 'age encrypting into age decrypting',
        unit: 'MB/s',
        aim: { atLeast: 0.7 },
        ...samples,
      }),
    ]
  })
}

const megabytesASecond = (ms: number) => (SIZE * MIB) / ms / 1000
