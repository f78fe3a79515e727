/** Files on their way from disk to disk, from one process to another. */

import fs from 'node:fs'
import path from 'node:path'
import { pngOf } from '../helpers/pictures.ts'
import { request } from './connection.ts'
import { agreed, answering, memoryOf, type Programs, type Running } from './programs.ts'

export const MIB = 2 ** 20

/** One file's way: by the program or by the plain upload beside it. */
export interface Way {
  /** Milliseconds for the whole file. What was received is removed. */
  send(): Promise<number>
  /** The most memory, in MiB, that either process ever had, by the system's account (Linux). */
  peak(): number
}

/** Makes a file of that many MiB, which begins with the first bytes of a PNG and its end, and returns its path. */
export function fileOf(folder: string, mebibytes: number): string {
  const file = path.join(folder, `${mebibytes}.png`)
  const piece = Buffer.alloc(MIB, 'a')
  const fd = fs.openSync(file, 'w')
  for (let i = 0; i < mebibytes; i++) fs.writeSync(fd, piece)
  fs.writeSync(fd, pngOf(20), 0, 20, 0)
  fs.closeSync(fd)
  return file
}

/** By the program, as a picture. */
export async function asPicture(programs: Programs, file: string): Promise<Way> {
  const peers = await programs.peers('--image', file, '--max-image', `${2 ** 31}`)
  for (const connection of await agreed(peers)) connection.close()
  return wayOf(peers, path.join(programs.folderOf(peers[1].port), 'pictures'))
}

/** By the plain upload. */
export async function plainly(programs: Programs, file: string): Promise<Way> {
  const pair = await programs.references('plainUpload', file)
  return wayOf(pair, path.join(programs.folderOf(pair[1].port), 'received'))
}

async function wayOf(pair: readonly [Running, Running], received: string): Promise<Way> {
  const [sender] = pair
  return {
    send: async () => {
      const connection = await answering(sender)
      const ms = await connection.send(request('/send_image'))
      connection.close()
      fs.rmSync(received, { recursive: true })
      return ms
    },
    peak: () => Math.max(...pair.map((one) => memoryOf(one, 'VmHWM'))),
  }
}
