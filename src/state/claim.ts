/** One peer at a time on a state: two would remove each other's pictures, and write one known peer. */

import { processOf, stillRuns } from '../disk/mark.ts'
import { SILENCE_MS, Turn } from '../disk/turn.ts'
import type { Memory } from '../peer/contract.ts'
import type { Curve, KeyPair } from '../protocol/curves.ts'
import { keepFromGit, keepsPermissions, makeDirectory, naming, StateError } from './files.ts'
import { openMemory } from './memory.ts'

/** What a state has, as `.gitignore` says it. */
const KEPT = ['/identity.*.pem*', '/peer.*.pem*', '/pictures/', '/running/']
/** How often, in ms, a peer shows that it still runs, to those on other machines. */
const STILL_HERE_MS = SILENCE_MS / 4

/**
 * Opens the state in `dir` as `openMemory` does, and keeps other peers out of it as long as this process runs.
 * (One that was killed keeps nobody out; where that can't be seen, on another machine or in another container, for two minutes.) Git takes nothing of ours: a folder that was there before gets lines for
 * that in its `.gitignore`, since the rest in it is somebody else's. `lost` is told, once, if another peer has it all the
 * same: that can be one on another machine, after two minutes in which this process was stopped or asleep.
 * @throws StateError while another peer has it, where others can read every file, and as `openMemory` does
 */
export function openClaimed(
  dir: string,
  curve: Curve,
  given: KeyPair | undefined,
  lost: (why: string) => void,
  keepPictures?: number,
): Memory {
  claim(dir, lost)
  return openMemory(dir, curve, given, keepPictures)
}

function claim(dir: string, lost: (why: string) => void): void {
  naming(dir, () => {
    makeDirectory(dir)
    if (!keepsPermissions(dir))
      throw new StateError(
        `${dir}: On this file system others can read every file, and so the private key of this peer and its pictures. Keep them on another one, such as that of your home folder (--state DIR), or keep nothing (--no-state).`,
      )
    keepFromGit(dir, KEPT)
    const turn = new Turn(dir, { folder: 'running', tmp: '.' })
    // of two that start together one comes too late, and sees the other when it looks again
    if (!turn.take() && !turn.take()) throw new StateError(refusal(dir, turn))
    let isOurs = true
    const hold = () => {
      const wasOurs = isOurs
      isOurs = turn.take()
      if (wasOurs && turn.holder !== null)
        lost(
          `${dir}: Another peer (${processOf(turn.holder)}) has this state too by now. End one of the two.`,
        )
    }
    setInterval(() => whileItCanBeWritten(hold), STILL_HERE_MS).unref()
    process.once('exit', () => whileItCanBeWritten(() => turn.release()))
  })
}

/** A peer goes on, and ends, without a folder that was removed, or that can't be written any more. */
function whileItCanBeWritten(use: () => void): void {
  try {
    use()
  } catch {}
}

function refusal(dir: string, { holder, folder }: Turn): string {
  if (holder === null)
    return `${folder}: It holds files that are of no peer. Look at them, remove them, and start again.`
  if (stillRuns(holder) === null)
    return `${dir}: Another peer (${processOf(holder)}) has this state, or had it two minutes ago. End that one first; if it was killed, wait for these two minutes; or give this one a folder of its own: --state DIR`
  return `${dir}: Another peer (${processOf(holder)}) has this state. End that one first (or remove ${folder}, if that process is no peer), or give this one a folder of its own: --state DIR`
}
