/**
 * `/send_msg` with texts of 1 KiB, one after another and 16 at once. Each is a request inside a
 * request, the owner's and the one to the other peer; the second reference is so too.
 */

import { call } from '../../helpers/call.ts'
import { Connection, request } from '../connection.ts'
import { figureOf, inTurn, type Row, WARMING } from '../measure.ts'
import { answering, withPrograms } from '../programs.ts'

const TEXT_BYTES = 1024
const SEND_MSG = request('/send_msg', { type: 'text/plain', bytes: Buffer.alloc(TEXT_BYTES, 'a') })
const DECRYPT_MSG = request('/decrypt_msg')
const AT_ONCE = 16
/** As many as may wait: then the receiver reads them, which is no part of sending. */
const BURST = 32
const BURSTS = 8

export const messages: Row = ({ rounds, folder }) =>
  withPrograms(folder, async (programs) => {
    const peers = await programs.peers()
    const callers = await programs.references('caller')
    const [a, b] = [await answering(peers[0]), await answering(peers[1])]
    for (const peer of [a, b]) await peer.send(request('/send_keys'))
    const many = await connections(peers[0].port)
    const asked = await answering(callers[0])
    const rateOf = async (burst: () => Promise<number>, after = async () => {}) => {
      let ms = 0
      for (let i = 0; i < BURSTS; i++) {
        ms += await burst()
        await after()
      }
      return (1000 * BURST * BURSTS) / ms
    }
    const read = async () => void (await b.send(DECRYPT_MSG))
    const sides = {
      inTurn: () => rateOf(() => oneAfterAnother(a), read),
      atOnce: () => rateOf(() => atOnce(many), read),
      got: () =>
        rateOf(async () => {
          const path = `/messages?bytes=${TEXT_BYTES}&n=${BURST}`
          return (await call(`http://127.0.0.1:${callers[0].port}${path}`)).json.ms
        }),
      asked: () => rateOf(() => oneAfterAnother(asked)),
    }
    await inTurn(WARMING, sides)
    const samples = await inTurn(rounds, sides)
    const ours = { inTurn: 'one after another', atOnce: `${AT_ONCE} at once` }
    const references = {
      got: 'got that calls a Koa echo, one after another',
      asked: 'a Koa app that calls a Koa echo by got whenever it is asked, one after another',
    }
    return entries(ours).flatMap(([way, how]) =>
      entries(references).map(([reference, beside]) =>
        figureOf({
          what: `/send_msg of 1 KiB, ${how}`,
          beside,
          unit: 'a second',
          aim: { atLeast: 0.85 },
          ours: samples[way],
          reference: samples[reference],
        }),
      ),
    )
  })

function entries<Name extends string>(texts: Record<Name, string>): [Name, string][] {
  return Object.entries(texts) as [Name, string][]
}

function connections(port: number): Promise<Connection[]> {
  return Promise.all(Array.from({ length: AT_ONCE }, () => Connection.to(port)))
}

/** Milliseconds for a burst of requests, each sent when the one before is answered. */
async function oneAfterAnother(connection: Connection): Promise<number> {
  const begin = performance.now()
  for (let i = 0; i < BURST; i++) await connection.send(SEND_MSG)
  return performance.now() - begin
}

/** The same with as many under way as there are connections. */
async function atOnce(connections: readonly Connection[]): Promise<number> {
  const begin = performance.now()
  let left = BURST
  const work = async (connection: Connection) => {
    while (left-- > 0) await connection.send(SEND_MSG)
  }
  await Promise.all(connections.map(work))
  return performance.now() - begin
}
