/** How fast a mailbox stores: each message is on the disk before it is answered. */

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { seal } from '../../../src/mailbox/seal.ts'
import { decodePublicKey } from '../../../src/state/pem.ts'
import { call } from '../../helpers/call.ts'
import { MAIN } from '../../helpers/command.ts'
import { freePorts } from '../../helpers/ports.ts'
import { request } from '../connection.ts'
import { figureOf, inTurn, type Row } from '../measure.ts'
import { answering, withPrograms } from '../programs.ts'

const TEXT = Buffer.alloc(1024, 'a')
const MESSAGES = 64

export const mail: Row = ({ rounds, folder }) =>
  withPrograms(folder, async (programs) => {
    const [home, plain] = [path.join(folder, 'mailbox'), path.join(folder, 'plain')]
    for (const dir of [home, plain]) fs.mkdirSync(dir)
    execFileSync(process.execPath, [MAIN, 'keygen', home], { stdio: 'ignore' })
    const key = path.join(home, 'key.public.pem')
    const recipient = decodePublicKey(fs.readFileSync(key, 'utf8'))
    const [a = 0, b = 0] = await freePorts(2)
    const peer = programs.peer(a, b, '--mailbox', home, '--mailbox-key', key)
    const receiver = await answering(peer)
    const writer = programs.reference('plainStore', b, plain)
    ;(await answering(writer)).close()
    const { length } = await seal(recipient, TEXT)
    const rate = (ms: number) => (1000 * MESSAGES) / ms
    const sides = {
      ours: async () => {
        const sealed: Buffer[] = []
        for (let i = 0; i < MESSAGES; i++) sealed.push(bodyOf(await seal(recipient, TEXT)))
        let ms = 0
        for (const message of sealed) ms += await receiver.send(message)
        for (const name of fs.readdirSync(path.join(home, 'new')))
          fs.rmSync(path.join(home, 'new', name))
        return rate(ms)
      },
      reference: async () => {
        const url = `http://127.0.0.1:${writer.port}/?bytes=${length}&n=${MESSAGES}`
        return rate((await call(url)).json.ms)
      },
    }
    await inTurn(2, sides)
    return [
      figureOf({
        what: 'a mailbox that stores 1 KiB',
        beside: 'a plain write with fsync and rename',
        unit: 'a second',
        aim: { atLeast: 0.5 },
        ...(await inTurn(rounds, sides)),
      }),
    ]
  })

function bodyOf(sealed: Uint8Array): Buffer {
  const message = Buffer.from(sealed).toString('base64')
  const bytes = Buffer.from(JSON.stringify({ message }))
  return request('/message', { type: 'application/json', bytes })
}
