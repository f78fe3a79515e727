/** Ports that have to be known before a program starts: two peers that name each other. */

import { freePort } from '../../src/classroom/exercise/student.ts'

/** `count` ports of 127.0.0.1 that nobody listens on, and that neither another test nor an examiner takes meanwhile. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) ports.push(await freePort())
  return ports
}
