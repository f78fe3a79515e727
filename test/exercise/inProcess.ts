/** A peer of the tests as the examiner starts a student's, without a process for it. */

import { Kept } from '../../src/classroom/exercise/kept.ts'
import type { Running, StartArguments, StartStudent } from '../../src/classroom/exercise/student.ts'
import { ProgramPeer, type Started, startIndependent } from '../independent/program.ts'

export function inProcess(Kind: typeof ProgramPeer = ProgramPeer): StartStudent {
  return (start) => new RunningHere(start, Kind)
}

class RunningHere implements Running {
  readonly stdout = new Kept()
  readonly stderr = new Kept()
  readonly pid = null
  readonly ended: Promise<void>
  ending: string | null = null
  readonly #started: Promise<Started | null>
  #end = () => {}

  constructor(start: StartArguments, Kind: typeof ProgramPeer) {
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
    const [stdout, stderr] = [this.stdout, this.stderr].map((kept) => (text: string) => {
      kept.write(Buffer.from(text))
    }) as [(text: string) => void, (text: string) => void]
    this.#started = startIndependent({ ...start, stdout, stderr }, Kind).catch((error: unknown) => {
      this.#ends(String(error))
      return null
    })
  }

  async stop(): Promise<boolean> {
    await (await this.#started)?.close()
    this.#ends('exit code 0')
    return true
  }

  #ends(how: string): void {
    this.ending ??= how
    this.#end()
  }
}
