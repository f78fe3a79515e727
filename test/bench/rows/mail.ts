/** How fast a mailbox stores: each message is on the disk before it is answered. */

import fs from 'node:fs'
import path from 'node:path'
import { seal } from '../../../src/mailbox/seal.ts'
import { KeyPair } from '../../../src/protocol/curves.ts'
import { SUITES } from '../../../src/protocol/suites.ts'
import { encodePublicKey } from '../../../src/state/pem.ts'
import { call } from '../../helpers/call.ts'
import { freePorts } from '../../helpers/ports.ts'
import { burst, type Connection, connections, request } from '../connection.ts'
import { type Aim, figureOf, inTurn, type Row } from '../measure.ts'
import { answering, withPrograms } from '../programs.ts'

const TEXT = Buffer.alloc(1024, 'a')
const MESSAGES = 64

export const mail: Row = ({ rounds, folder }) =>
  withPrograms(folder, async (programs) => {
    const places = ['mailbox', 'stored', 'plain'].map((name) => path.join(folder, name))
    for (const place of places) fs.mkdirSync(place)
    const [home = '', stored = '', plain = ''] = places
    const recipient = new KeyPair(SUITES.X25519.curve)
    const key = path.join(folder, 'key.public.pem')
    fs.writeFileSync(key, encodePublicKey(recipient))
    const [a = 0, b = 0, c = 0] = await freePorts(3)
    const peer = programs.peer(a, b, '--mailbox', home, '--mailbox-key', key)
    const same = programs.reference('storer', b, stored)
    const writer = programs.reference('storer', c, plain)
    for (const program of [peer, same, writer]) (await answering(program)).close()
    const [ours, theirs] = [await connections(a), await connections(b)]
    const sealed = await Promise.all(Array.from({ length: MESSAGES }, () => seal(recipient, TEXT)))
    const bodies = sealed.map(bodyOf)
    const rateOf = async (connections: readonly Connection[], into: string) => {
      const ms = await burst(connections, bodies)
      const names = fs.readdirSync(into)
      if (names.length !== MESSAGES) throw new Error(`${names.length} are stored in ${into}.`)
      for (const name of names) fs.rmSync(path.join(into, name))
      return rate(ms)
    }
    const url = `http://127.0.0.1:${c}/writes?bytes=${sealed[0]?.length}&n=${MESSAGES}`
    const sides = {
      one: () => rateOf(ours.slice(0, 1), path.join(home, 'new')),
      atOnce: () => rateOf(ours, path.join(home, 'new')),
      sameOne: () => rateOf(theirs.slice(0, 1), stored),
      sameAtOnce: () => rateOf(theirs, stored),
      writes: async () => rate((await call(url)).json.ms),
    }
    await inTurn(Math.min(rounds, 2), sides)
    const samples = await inTurn(rounds, sides)
    const figure = (
      [what, ours]: readonly [string, readonly number[]],
      [beside, reference]: readonly [string, readonly number[]],
      aim: Aim | null,
    ) => figureOf({ what, beside, unit: 'a second', aim, ours, reference })
    const one = ['a mailbox that stores 1 KiB', samples.one] as const
    const atOnce = ['the same, 16 at once', samples.atOnce] as const
    const app = 'a Koa app that writes, fsyncs, renames and fsyncs the folder'
    const sameOne = [`${app}, one at a time`, samples.sameOne] as const
    const sameAtOnce = [`${app}, 16 at once`, samples.sameAtOnce] as const
    const writes = ['a plain write with fsync and rename, without HTTP', samples.writes] as const
    return [
      figure(one, sameOne, { atLeast: 0.9 }),
      figure(atOnce, sameOne, { atLeast: 2 }),
      figure(atOnce, sameAtOnce, null),
      figure(one, writes, null),
    ]
  })

const rate = (ms: number) => (1000 * MESSAGES) / ms

function bodyOf(sealed: Uint8Array): Buffer {
  const message = Buffer.from(sealed).toString('base64')
  const bytes = Buffer.from(JSON.stringify({ message }))
  return request('/message', { type: 'application/json', bytes })
}
