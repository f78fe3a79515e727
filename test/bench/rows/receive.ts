/**
 * How fast a peer takes sealed messages. The driver is the other peer: it seals them beforehand,
 * and sends them in their order, one right behind the other on one connection.
 */

import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { KeyPair } from '../../../src/protocol/curves.ts'
import { Exchange } from '../../../src/protocol/exchange.ts'
import {
  encodeAnswer,
  encodeKeyMessage,
  encodeMessage,
  parseKeyMessage,
  type SealedMessage,
} from '../../../src/protocol/messages.ts'
import { SUITES } from '../../../src/protocol/suites.ts'
import { post } from '../../helpers/call.ts'
import { withServer } from '../../helpers/fakes.ts'
import { freePorts } from '../../helpers/ports.ts'
import { type Connection, request, STEPS } from '../connection.ts'
import { figureOf, inTurn, type Row, WARMING } from '../measure.ts'
import { answering, withPrograms } from '../programs.ts'

const SUITE = SUITES.X25519
const TEXT = Buffer.alloc(1024, 'a')
/** As many as may wait: then the receiver reads them, which is no part of receiving. */
const BURST = 32
const BURSTS = 32

export const receive: Row = ({ rounds, folder }) =>
  withPrograms(folder, async (programs) => {
    const exchange = new Exchange(SUITE, new KeyPair(SUITE.curve))
    const [port = 0, opens = 0] = await freePorts(2)
    /** Takes the receiver's key message, as a peer does. */
    const answer: RequestListener = async (request, response) => {
      const { confirm } = exchange.receiveKeys(parseKeyMessage(SUITE, await json(request)))
      response.writeHead(201, { 'content-type': 'application/json' })
      response.end(JSON.stringify(encodeAnswer(confirm)))
    }
    return withServer(answer, async (_url, wire) => {
      const peer = programs.peer(port, (wire.address() as AddressInfo).port)
      const receiver = await answering(peer)
      const keys = encodeKeyMessage(SUITE, exchange.startKeys())
      await post(`http://127.0.0.1:${port}/wire/keys`, keys)
      await receiver.send(STEPS.sendKeys)
      const [echo] = await programs.references('caller')
      const opener = programs.reference('opener', opens)
      const [echoing, opening] = [await answering(echo), await answering(opener)]
      const same = Array.from({ length: BURST }, (_, seq) => sealedForOpener(seq))
      const rateAt = async (connection: Connection) => {
        let ms = 0
        for (let i = 0; i < BURSTS; i++) ms += await connection.send(...same)
        return rate(ms)
      }
      const sides = {
        ours: async () => {
          const bursts = Array.from({ length: BURSTS }, () => sealed(exchange))
          let ms = 0
          for (const burst of bursts) {
            ms += await receiver.send(...burst)
            await receiver.send(STEPS.decryptMsg)
          }
          return rate(ms)
        },
        echo: () => rateAt(echoing),
        opener: () => rateAt(opening),
      }
      await inTurn(WARMING, sides)
      const { ours, ...references } = await inTurn(rounds, sides)
      const figure = { what: 'receiving sealed messages of 1 KiB', unit: 'a second', ours } as const
      return [
        figureOf({
          ...figure,
          beside: 'a Koa app with the same router that parses the JSON and opens the ciphertext',
          aim: { atLeast: 0.7 },
          reference: references.opener,
        }),
        figureOf({
          ...figure,
          beside: 'a Koa echo of the same JSON',
          aim: { atLeast: 0.55 },
          reference: references.echo,
        }),
      ]
    })
  })

const rate = (ms: number) => (1000 * BURST * BURSTS) / ms

function sealed({ current }: Exchange): Buffer[] {
  if (current === null) throw new Error('There is no session.')
  return Array.from({ length: BURST }, () => requestOf(current.seal(TEXT)))
}

/** The same in length and form, under the fixed key and nonce that the reference has. */
function sealedForOpener(seq: number): Buffer {
  const ciphertext = chacha20poly1305(new Uint8Array(32), new Uint8Array(12)).encrypt(TEXT)
  return requestOf({ session: new Uint8Array(16), seq, ciphertext })
}

function requestOf(message: SealedMessage): Buffer {
  const bytes = Buffer.from(JSON.stringify(encodeMessage(message)))
  return request('/wire/message', { type: 'application/json', bytes })
}
