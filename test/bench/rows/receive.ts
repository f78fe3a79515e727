/**
 * How fast a peer takes sealed messages. The driver is the other peer: it seals them beforehand,
 * and sends them in their order, one right behind the other on one connection.
 */

import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { KeyPair } from '../../../src/protocol/curves.ts'
import { Exchange } from '../../../src/protocol/exchange.ts'
import {
  encodeAnswer,
  encodeKeyMessage,
  encodeMessage,
  parseKeyMessage,
} from '../../../src/protocol/messages.ts'
import { SUITES } from '../../../src/protocol/suites.ts'
import { post } from '../../helpers/call.ts'
import { freePorts } from '../../helpers/ports.ts'
import { request } from '../connection.ts'
import { figureOf, inTurn, type Row, WARMING } from '../measure.ts'
import { answering, withPrograms } from '../programs.ts'

const SUITE = SUITES.X25519
const TEXT = Buffer.alloc(1024, 'a')
/** As many as may wait: then the receiver reads them, which is no part of receiving. */
const BURST = 32
const BURSTS = 32
const DECRYPT_MSG = request('/decrypt_msg')

export const receive: Row = ({ rounds, folder }) =>
  withPrograms(folder, async (programs) => {
    const exchange = new Exchange(SUITE, new KeyPair(SUITE.curve))
    const wire = http.createServer((request, response) => answer(exchange, request, response))
    await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve))
    try {
      const [port = 0] = await freePorts(1)
      const peer = programs.peer(port, (wire.address() as AddressInfo).port)
      const receiver = await answering(peer)
      await post(
        `http://127.0.0.1:${port}/wire/keys`,
        encodeKeyMessage(SUITE, exchange.startKeys()),
      )
      await receiver.send(request('/send_keys'))
      const [echo] = await programs.references('caller')
      const echoing = await answering(echo)
      let bursts: Buffer[][] = []
      const sides = {
        ours: async () => {
          bursts = Array.from({ length: BURSTS }, () => sealed(exchange))
          let ms = 0
          for (const burst of bursts) {
            ms += await receiver.send(...burst)
            await receiver.send(DECRYPT_MSG)
          }
          return rate(ms)
        },
        reference: async () => {
          let ms = 0
          for (const burst of bursts) ms += await echoing.send(...burst)
          return rate(ms)
        },
      }
      await inTurn(WARMING, sides)
      return [
        figureOf({
          what: 'receiving sealed messages of 1 KiB',
          beside: 'a Koa echo of the same JSON',
          unit: 'a second',
          aim: { atLeast: 0.5 },
          ...(await inTurn(rounds, sides)),
        }),
      ]
    } finally {
      wire.close()
    }
  })

const rate = (ms: number) => (1000 * BURST * BURSTS) / ms

function sealed(exchange: Exchange): Buffer[] {
  return Array.from({ length: BURST }, () =>
    request('/wire/message', {
      type: 'application/json',
      bytes: Buffer.from(JSON.stringify(encodeMessage(exchange.sendMessage(TEXT)))),
    }),
  )
}

/** Takes the receiver's key message, as a peer does. */
async function answer(
  exchange: Exchange,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const { confirm } = exchange.receiveKeys(parseKeyMessage(SUITE, await json(request)))
  response.writeHead(201, { 'content-type': 'application/json' })
  response.end(JSON.stringify(encodeAnswer(confirm)))
}
