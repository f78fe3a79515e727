/** The two peers that were written from the specification alone, as programs that a student might have written, beside ours. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { type Running, starterOf } from '../../src/classroom/exercise/student.ts'
import { launchAll } from '../../src/launch.ts'
import { SUITES, type SuiteName } from '../../src/protocol/suites.ts'
import { forgetful } from '../../src/state/openMemory.ts'
import { call, posting, TEXT } from '../helpers/call.ts'
import { root } from '../helpers/documents.ts'
import { folderForEach, modeOf } from '../helpers/files.ts'
import { pictureOf } from '../helpers/pictures.ts'
import { freePorts } from '../helpers/ports.ts'
import { keptTerminal } from '../helpers/terminal.ts'
import { until } from '../helpers/until.ts'

const at = folderForEach()
const PLACES = ['{port}', '{peer}', '{curve}', '{state}']
const loader = path.join(root, 'test/loader.js')
const node = [process.execPath, '--import', loader, path.join(root, 'test/independent/program.ts')]

/** The first Python that has the package, if any. */
const python = ['python3', '/usr/bin/python3'].find(
  (program) => spawnSync(program, ['-c', 'import cryptography']).status === 0,
)
const skip = python ? false : 'there is no python3 with cryptography here'
const pythons = [python ?? 'python3', path.join(root, 'test/independent/peer.py')]

const PLAIN = 'Grüße, 世界 👋'
const TEXTS = [PLAIN, 'two\nlines \x1b[31m\u202e']
/** How the other one is shown. */
const SHOWN = /two.{1,8}lines .{1,8}\[31m.{1,8}$/

describe('a peer that was written from the specification alone', () => {
  const programs: [string, SuiteName, string[], string | false][] = [
    ['in TypeScript', 'X25519MLKEM768', node, false],
    ['in Python', 'X25519', pythons, skip],
    ['in Python', 'P-256', pythons, skip],
  ]
  for (const [what, curve, words, isSkipped] of programs)
    it(`${what} agrees, talks and shows pictures with ours on ${curve}`, {
      skip: isSkipped,
    }, async () => {
      const [port = 0, ours = 0] = await freePorts(2)
      const [theirUrl, ourUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${ours}`]
      const kept = keptTerminal()
      const launched = await launchAll({
        suite: SUITES[curve],
        plans: [{ host: '127.0.0.1', port: ours, peerUrl: theirUrl }],
        openMemory: () => forgetful(SUITES[curve].curve),
        terminal: kept.terminal,
        showsSecrets: true,
      })
      const start = starterOf([...words, ...PLACES], { cwd: root })
      const begin = async (): Promise<Running> => {
        const started = start({ port, peer: ourUrl, curve, state: at('state') })
        await until(
          async () => (await shown().catch(() => null)) !== null,
          () => `${started.stderr.since(0)}`,
        )
        return started
      }
      const shown = async () => (await call(`${theirUrl}/show`)).json
      let running = await begin()
      try {
        for (const url of [ourUrl, theirUrl]) await does(url, '/send_keys')
        const { identity, safetyNumber, session } = await shown()
        const { json } = await call(`${ourUrl}/show`)
        assert.deepEqual([session.id, safetyNumber], [json.session.id, json.safetyNumber])

        for (const text of TEXTS)
          for (const url of [ourUrl, theirUrl]) await does(url, '/send_msg', posting(TEXT, text))
        for (const url of [theirUrl, ourUrl]) await does(url, '/decrypt_msg')
        await until(() => running.stdout.since(0).includes('[31m'))
        for (const output of [running.stdout.since(0).toString(), kept.shown()]) {
          const lines = output.trimEnd().split('\n')
          assert.ok(
            lines.some((line) => line.endsWith(PLAIN)),
            output,
          )
          assert.ok(
            lines.some((line) => SHOWN.test(line)),
            output,
          )
        }

        const picture = Buffer.from(pictureOf('image/gif', 100_000))
        for (const url of [ourUrl, theirUrl])
          await does(url, '/send_image', posting('image/gif', picture))
        const files = fs.readdirSync(at('state'), { recursive: true, encoding: 'utf8' })
        const pictures = files.filter((file) => file.endsWith('.gif'))
        assert.deepEqual(
          pictures.map((file) => fs.readFileSync(at('state', file))),
          [picture],
        )
        assert.deepEqual((await call(`${ourUrl}/image`)).bytes, picture)

        for (const file of files.filter((name) => fs.statSync(at('state', name)).isFile()))
          assert.equal(modeOf(at('state', file)), '600')
        assert.equal(await running.stop(), true, 'SIGTERM ends it')
        running = await begin()
        assert.deepEqual(await shown(), { identity, safetyNumber, session: null })
      } finally {
        await running.stop()
        await launched.close()
      }
    })
})

async function does(url: string, step: string, options = {}): Promise<void> {
  const { status, text } = await call(url + step, options)
  assert.ok(status < 400, `${step}: ${text}`)
}
