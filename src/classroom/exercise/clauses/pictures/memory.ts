/** A note on stage 4: how much memory the student's process takes while a large picture comes. On Linux only. */

import { readdir, readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { utf8ToBytes } from '../../../../protocol/bytes.ts'
import { CHUNK_BYTES } from '../../../../protocol/stream.ts'
import type { Context } from '../../context.ts'
import { pictureOf } from './genuine.ts'

const PICTURE = 64 * 1024 * 1024
/** More than this above what it takes at rest is worth a note. */
const MUCH = 32 * 1024 * 1024
const LOOK_MS = 50
/** Processes of a system that are looked at. */
const MAX_PROCESSES = 4_096
const KIB = 1024

/** pictures/20 */
export async function memory(context: Context): Promise<void> {
  if (process.platform !== 'linux') return
  const scene = await context.start()
  const pid = scene.student?.pid ?? null
  if (pid === null) return
  const session = await scene.agree()
  const atRest = await residentOf(pid)
  let most = atRest
  let isLooking = false
  const timer = setInterval(() => {
    if (isLooking) return
    isLooking = true
    void residentOf(pid).then((bytes) => {
      most = Math.max(most, bytes)
      isLooking = false
    })
  }, LOOK_MS)
  const { takes: computed } = session
  const metadata = utf8ToBytes(JSON.stringify({ type: 'image/gif', bytes: PICTURE, name: 'a.gif' }))
  const beginning = computed.picturePlaintext(metadata, new Uint8Array(0))
  const key = computed.pictureKey('examiner', session.nextPicture, session.picturesOfStudent)
  const start = pictureOf(context.random, 'image/gif', 80)
  const all = beginning.length + PICTURE
  function* stream() {
    yield computed.pictureHead(session.nextPicture)
    const chunk = new Uint8Array(CHUNK_BYTES)
    for (let at = 0, i = 0; at < all; at += CHUNK_BYTES, i++) {
      chunk.fill(i & 0xff)
      if (i === 0) {
        chunk.set(beginning)
        chunk.set(start, beginning.length)
      }
      const isLast = at + CHUNK_BYTES >= all
      yield computed.sealChunk(key, i, isLast, chunk.subarray(0, all - at))
    }
  }
  try {
    await scene.attempt('/wire/image', {
      method: 'POST',
      body: Readable.from(stream(), { objectMode: false, highWaterMark: CHUNK_BYTES }),
      headers: { 'content-type': 'application/octet-stream' },
      ms: 15_000,
    })
  } finally {
    clearInterval(timer)
  }
  const above = Math.max(0, most - atRest)
  if (above > MUCH)
    context.note(
      `a picture of 64 MiB takes ${Math.round(above / KIB / KIB)} MiB of memory: one chunk at a time is enough`,
    )
}

/** Bytes in memory of all processes in the group of `pid`. */
async function residentOf(pid: number): Promise<number> {
  const names = await readdir('/proc').catch(() => [])
  const numbers = names.filter((name) => /^\d+$/.test(name)).slice(0, MAX_PROCESSES)
  const all = await Promise.all(
    numbers.map(async (name) => {
      const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
      // Behind the name of the program, which may have blanks and brackets: state, parent, group; rss is the 22nd, in pages.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
      return Number(fields[2]) === pid ? Number(fields[21]) * 4 * KIB : 0
    }),
  )
  return all.reduce((sum, bytes) => sum + bytes, 0)
}
