/** A picture's stream from disk to disk: beside a plain upload, and beside `age`, which encrypts and decrypts the same file. */

import { execFile, execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { type Bench, type Figure, figureOf, inTurn, type Row } from '../measure.ts'
import { type Programs, withPrograms } from '../programs.ts'
import { asPicture, fileOf, MIB, plainly } from '../uploads.ts'

const SIZE = 256

const run = promisify(execFile)

export const pictures: Row = (bench) =>
  measured(bench, 'a plain upload by got, koa and disk', 0.95, async (programs, file) => {
    const plain = await plainly(programs, file)
    return () => plain.send()
  })

export const age: Row = async (bench) => {
  if (spawnSync('age', ['--version']).status !== 0) return 'there is no age here'
  return measured(bench, 'age encrypting into age decrypting', 0.7, async (_, file) => {
    const { folder } = bench
    const [key, opened] = [path.join(folder, 'age.key'), path.join(folder, 'age.opened')]
    execFileSync('age-keygen', ['-o', key], { stdio: 'ignore' })
    const recipient = execFileSync('age-keygen', ['-y', key], { encoding: 'utf8' }).trim()
    const pipe = `age -r ${recipient} "${file}" | age -d -i "${key}" -o "${opened}"`
    return async () => {
      const begin = performance.now()
      await run('sh', ['-c', pipe])
      const ms = performance.now() - begin
      fs.rmSync(opened)
      return ms
    }
  })
}

/** `ready` makes what sends the file once, and tells how many milliseconds that took. */
function measured(
  { rounds, folder }: Bench,
  beside: string,
  atLeast: number,
  ready: (programs: Programs, file: string) => Promise<() => Promise<number>>,
): Promise<Figure[]> {
  return withPrograms(folder, async (programs) => {
    const file = fileOf(folder, SIZE)
    const picture = await asPicture(programs, file)
    const other = await ready(programs, file)
    const megabytesASecond = (ms: number) => (SIZE * MIB) / ms / 1000
    const sides = {
      ours: async () => megabytesASecond(await picture.send()),
      reference: async () => megabytesASecond(await other()),
    }
    await inTurn(1, sides)
    const samples = await inTurn(rounds, sides)
    fs.rmSync(file)
    const what = `a picture of ${SIZE} MiB, disk to disk`
    return [figureOf({ what, beside, unit: 'MB/s', aim: { atLeast }, ...samples })]
  })
}
