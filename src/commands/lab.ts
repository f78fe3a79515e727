/** `lab`: the attacks. Each is loaded when somebody asks for it, so no peer's process ever holds one. */

import { programName } from '../disk/programName.ts'
import { SUITES, type SuiteName } from '../protocol/suites.ts'
import { columnsHere, shownLines } from '../terminal/layout.ts'
import { print, tell } from '../terminal/output.ts'
import { ours, said } from '../terminal/said.ts'

const say = (...lines: string[]) => {
  for (const line of shownLines(lines)) print(line)
}

/** Breaks the original's curve and ciphers. Returns the exit code. */
export async function labOriginal(): Promise<number> {
  const { original } = await import('../classroom/lab/original/original.ts')
  original(say)
  return 0
}

/**
 * Attacks the peer at `url`, an origin on this machine. `all`: on every suite, and says what each attack would win. Returns
 * the exit code, 1 if any answer was not the expected one.
 * @throws PeerError
 */
export async function labBadKeys(url: string, { all }: { all?: true }): Promise<number> {
  const { badKeys } = await import('../classroom/lab/bad-keys/badKeys.ts')
  return (await badKeys(say, url, { all: all === true })) ? 0 : 1
}

/** Seals two texts under one nonce, the lab's own if none are given, and opens them. Returns the exit code. */
export async function labNonceReuse(
  texts: readonly string[],
  { crib }: { crib?: string },
): Promise<number> {
  const { nonceReuse } = await import('../classroom/lab/nonce-reuse/nonceReuse.ts')
  const [first, second] = texts
  const given = first === undefined || second === undefined ? undefined : ([first, second] as const)
  nonceReuse(say, given, crib, columnsHere())
  return 0
}

/** Whether the memory of this process can be looked into. If not, says what to do. */
async function canLook(lab: string): Promise<boolean> {
  const memory = await import('../classroom/lab/memoryWalk.ts')
  if (memory.canLook()) return true
  tell(
    said`this lab needs Node's debugger: ${ours(`${programName(undefined, 'node')} lab ${lab}`)}`,
  )
  return false
}

/** Records three sessions and tries stolen memory on them. Returns the exit code. */
export async function labForwardSecrecy({ curve }: { curve: SuiteName }): Promise<number> {
  if (!(await canLook('forward-secrecy'))) return 1
  const { forwardSecrecy } = await import('../classroom/lab/forward-secrecy/forwardSecrecy.ts')
  await forwardSecrecy(say, SUITES[curve])
  return 0
}

/** Opens recorded exchanges with the keys that a quantum computer would find, as far as that goes. Returns the exit code. */
export async function labQuantum(): Promise<number> {
  if (!(await canLook('quantum'))) return 1
  const { quantum } = await import('../classroom/lab/quantum/quantum.ts')
  await quantum(say)
  return 0
}
