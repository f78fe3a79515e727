/** A note on stage 4: how much memory the student's process takes while a large picture comes. On Linux only. */

import { readdir, readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { quickAead } from '../../../../http/pictures.ts'
import { concatBytes, u64, utf8ToBytes } from '../../../../protocol/bytes.ts'
import { type Aead, CHUNK_BYTES } from '../../../../protocol/stream.ts'
import { deviationsOf } from '../../computation/choices.ts'
import type { Context } from '../../context.ts'
import { pictureOf } from './genuine.ts'
import { madeUp } from './sealed.ts'

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
  // A first picture, so that what a peer takes once and for all is not counted.
  await scene.postPicture(session.pictureBody(madeUp(context.random, 'image/gif', 2 * CHUNK_BYTES)))
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
  // Sealed as the page says, which is several times as fast as what knows all variants. A peer that takes others is not measured.
  const { computed } = session
  if (deviationsOf(session.takes.choices).length > 0) return
  const key = computed.pictureKey('examiner', session.nextPicture)
  const metadata = utf8ToBytes(JSON.stringify({ type: 'image/gif', bytes: PICTURE, name: 'a.gif' }))
  const beginning = computed.picturePlaintext(metadata, pictureOf(context.random, 'image/gif', 80))
  const all = beginning.length - 80 + PICTURE
  const aead = quickAead()
  function* stream() {
    yield computed.pictureHead(session.nextPicture)
    const chunk = Buffer.alloc(CHUNK_BYTES)
    chunk.set(beginning)
    for (let at = 0, i = 0; at < all; at += CHUNK_BYTES, i++) {
      const isLast = at + CHUNK_BYTES >= all
      yield sealed(aead, key, i, isLast, chunk.subarray(0, all - at))
      chunk.fill(i & 0xff)
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

/** A chunk and its tag. */
function sealed(
  aead: Aead,
  key: Uint8Array,
  index: number,
  isLast: boolean,
  plaintext: Uint8Array,
): Uint8Array {
  const nonce = concatBytes(new Uint8Array(3), u64(index), Uint8Array.of(isLast ? 1 : 0))
  return concatBytes(...aead.seal(key, nonce, plaintext))
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
