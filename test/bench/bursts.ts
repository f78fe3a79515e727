/** Many requests to one program, one after another or several at once. */

import { Connection } from './connection.ts'

/** How many are under way at once, where it is not one. */
const AT_ONCE = 16

/** A connection for each of them. */
export function connections(port: number): Promise<Connection[]> {
  return Promise.all(Array.from({ length: AT_ONCE }, () => Connection.to(port)))
}

/** Milliseconds until all are answered, as many of them under way as there are connections. */
export async function burst(
  connections: readonly Connection[],
  requests: readonly Buffer[],
): Promise<number> {
  const left = requests.values()
  const work = async (connection: Connection) => {
    for (const request of left) await connection.send(request)
  }
  const begin = performance.now()
  await Promise.all(connections.map(work))
  return performance.now() - begin
}
