/** A state that is locked: two peers on one state would remove each other's pictures, and write one known peer. */

import path from 'node:path'
import { Lock, SILENCE_MS } from '../disk/lock.ts'
import { processOf, stillRuns } from '../disk/stamp.ts'
import type { Memory } from '../peer/contract.ts'
import type { Curve, KeyPair } from '../protocol/curves.ts'
import { keepsPermissions, makeDirectory, orStateError, StateError } from './files.ts'
import { keepFromGit } from './gitignore.ts'
import { forgetful, openMemory } from './openMemory.ts'

/** All that a peer writes into its state, as patterns of `.gitignore`. */
const KEPT = ['/identity.*.pem*', '/peer.*.pem*', '/compared.*.txt*', '/pictures/', '/running/']
/** How often, in ms, a peer shows processes on other machines that it still runs. */
const STILL_HERE_MS = SILENCE_MS / 4

/**
 * Opens the state in `dir` as `openMemory` does, and keeps other peers out of it as long as this process runs. A peer that
 * was killed keeps nobody out, except where nobody can see that: on another machine or in another container, two minutes
 * have to pass. `lost` is called once, with a sentence, if another peer takes the state all the same. That can be one on
 * another machine, after this process was stopped or asleep for two minutes. A folder that was there before holds files of
 * somebody else too, so its `.gitignore` gets a line for each of ours.
 * @throws StateError while another peer has the state, where others can read every file, and as `openMemory` does
 */
export function openLocked(
  dir: string,
  curve: Curve,
  given: KeyPair | undefined,
  lost: (why: string) => void,
  keepPictures?: number,
): Memory {
  const release = lock(dir, lost)
  try {
    return { ...openMemory(dir, curve, given, keepPictures), release }
  } catch (error) {
    release()
    throw error
  }
}

/** What a peer keeps: in the folder `dir`, as `openLocked` has it, or nothing where that is false. */
export function memoryIn(
  dir: string | false,
  curve: Curve,
  given: KeyPair | undefined,
  lost: (why: string) => void,
  keepPictures?: number,
): Memory {
  return dir === false
    ? forgetful(curve, given, keepPictures)
    : openLocked(dir, curve, given, lost, keepPictures)
}

/** Returns what gives the lock back. */
function lock(dir: string, lost: (why: string) => void): () => void {
  return orStateError(dir, () => {
    makeDirectory(dir)
    if (!keepsPermissions(dir))
      throw new StateError(
        `${dir}: Others can read every file on this file system. Take another one, such as that of your home folder (--state DIR), or keep nothing (--no-state).`,
      )
    keepFromGit(dir, KEPT)
    const lock = new Lock(path.join(dir, 'running'), dir)
    // of two that start together one comes too late, and sees the other when it looks again
    if (!lock.take() && !lock.take()) throw new StateError(refusal(dir, lock))
    let isOurs = true
    const hold = () => {
      const wasOurs = isOurs
      isOurs = lock.take()
      if (wasOurs && lock.holder !== null)
        lost(
          `${dir}: Another peer (${processOf(lock.holder)}) has this state too by now. End one of the two.`,
        )
    }
    const holding = setInterval(() => ignoringErrors(hold), STILL_HERE_MS).unref()
    const release = () => {
      clearInterval(holding)
      process.off('exit', release)
      ignoringErrors(() => lock.release())
    }
    process.once('exit', release)
    return release
  })
}

/** A peer runs on, and ends well, although its folder was removed or can't be written any more. */
function ignoringErrors(use: () => void): void {
  try {
    use()
  } catch {}
}

function refusal(dir: string, { holder, folder }: Lock): string {
  if (holder === null)
    return `${folder}: It holds files that are of no peer. Look at them, remove them, and start again.`
  if (stillRuns(holder) === null)
    return `${dir}: Another peer (${processOf(holder)}) has this state, or had it two minutes ago. End that one first; if it was killed, wait for these two minutes; or give this one a folder of its own: --state DIR`
  return `${dir}: Another peer (${processOf(holder)}) has this state. End that one first (or remove ${folder}, if that process is no peer), or give this one a folder of its own: --state DIR`
}
