/**
 * `/send_msg` with texts of 1 KiB, one after another and 16 at once. Each is a request inside a
 * request, the owner's and the one to the other peer.
 */

import { call } from '../../helpers/call.ts'
import { burst, connections, STEPS } from '../connection.ts'
import { type Figure, figureOf, inTurn, type Row, WARMING } from '../measure.ts'
import { agreed, withPrograms } from '../programs.ts'

/** As many as may wait: then the receiver reads them, which is no part of sending. */
const BURST = 32
const BURSTS = 8
const TEXTS = Array.from({ length: BURST }, () => STEPS.sendMsg)

export const messages: Row = ({ rounds, folder }) =>
  withPrograms(folder, async (programs) => {
    const peers = await programs.peers()
    const [caller] = await programs.references('caller')
    const [a, b] = await agreed(peers)
    const [many, asked] = [await connections(peers[0].port), await connections(caller.port)]
    const rateOf = async (burst: () => Promise<number>, after = async () => {}) => {
      let ms = 0
      for (let i = 0; i < BURSTS; i++) {
        ms += await burst()
        await after()
      }
      return (1000 * BURST * BURSTS) / ms
    }
    const read = async () => void (await b.send(STEPS.decryptMsg))
    const sides = {
      one: () => rateOf(() => burst([a], TEXTS), read),
      atOnce: () => rateOf(() => burst(many, TEXTS), read),
      sameOne: () => rateOf(() => burst(asked.slice(0, 1), TEXTS)),
      sameAtOnce: () => rateOf(() => burst(asked, TEXTS)),
      calls: () =>
        rateOf(async () => {
          const path = `/messages?bytes=1024&n=${BURST}`
          return (await call(`http://127.0.0.1:${caller.port}${path}`)).json.ms
        }),
    }
    await inTurn(WARMING, sides)
    const samples = await inTurn(rounds, sides)
    const app = 'a Koa app that calls a Koa echo by got whenever it is asked'
    const figure = (
      which: 'one' | 'atOnce',
      beside: string,
      reference: keyof typeof samples,
      aim: Figure['aim'] = null,
    ) =>
      figureOf({
        what: `/send_msg of 1 KiB, ${which === 'one' ? 'one after another' : '16 at once'}`,
        beside,
        unit: 'a second',
        aim,
        ours: samples[which],
        reference: samples[reference],
      })
    return [
      figure('one', `${app}, one after another`, 'sameOne', { atLeast: 0.85 }),
      figure('one', 'got that calls a Koa echo, one after another', 'calls'),
      figure('atOnce', `${app}, one after another`, 'sameOne', { atLeast: 0.95 }),
      figure('atOnce', `${app}, 16 at once, in any order`, 'sameAtOnce'),
    ]
  })
