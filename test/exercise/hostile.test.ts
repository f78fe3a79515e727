/** Peers that break, flood or go wild: what the examiner makes of them, and what it holds. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import fsPromises from 'node:fs/promises'
import http from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { call } from '../../src/classroom/exercise/call.ts'
import type { Row } from '../../src/classroom/exercise/clause.ts'
import { jsonOf } from '../../src/classroom/exercise/forms.ts'
import { Kept } from '../../src/classroom/exercise/kept.ts'
import { examine } from '../../src/classroom/exercise/run.ts'
import {
  Folders,
  freePort,
  type Running,
  type StartStudent,
  starterOf,
} from '../../src/classroom/exercise/student.ts'
import { inProcess } from './inProcess.ts'

const IDENTITY = `09${'0'.repeat(62)}`

type Onto = (response: http.ServerResponse, peer: string, end: () => void) => void

/** A peer that shows an identity, and does `onto` at any other request. */
function peerThat(onto: Onto): StartStudent {
  return ({ port, peer }) => {
    let tellEnded = () => {}
    const ended = new Promise<void>((resolve) => {
      tellEnded = resolve
    })
    const running: Running & { ending: string | null } = {
      ...{ stdout: new Kept(), stderr: new Kept(), ended, ending: null, pid: null },
      stop: async () => {
        server.close().closeAllConnections()
        return true
      },
    }
    const server = http.createServer((request, response) => {
      if (request.url === '/show')
        response.end(JSON.stringify({ identity: IDENTITY, safetyNumber: null, session: null }))
      else
        onto(response, peer, () => {
          running.stderr.write(Buffer.from('KeyError: confirm\n'))
          server.close().closeAllConnections()
          // the system tells it a moment later
          setImmediate(() => {
            running.ending = 'exit code 1'
            tellEnded()
          })
        })
    })
    server.listen(port, '127.0.0.1')
    return running
  }
}

async function rowOf(id: string, onto: Onto): Promise<Row> {
  const { rows } = await examine({
    ...{ curve: 'X25519', seed: 1, ids: [id], subject: '', version: '', start: peerThat(onto) },
    ...{ attached: null, jobs: 1, readyMs: 5_000, limitMs: 20_000, isFirstOnly: false },
  })
  return rows[0] ?? assert.fail()
}

describe('a peer that breaks', () => {
  it('is said to have ended, with its last lines, where its connections broke with it', async () => {
    const { result, kind, finding } = await rowOf('keys/4', (_response, _peer, end) => end())
    assert.deepEqual([result, kind], ['fail', 'error'])
    assert.equal(finding?.did, 'POST /wire/keys')
    assert.equal(finding?.got, 'it ended by itself: exit code 1')
    assert.deepEqual(finding?.values, [['it printed', 'KeyError: confirm']])
  })

  for (const [what, declared, bytes] of [
    ['breaks off', 1_000, 10],
    ['has no end', 2 ** 30, 2 ** 19],
  ] as const)
    it(`fails a clause, and no more, where the body of its key message ${what}`, async () => {
      const { result, finding } = await rowOf('keys/2', (response, peer) => {
        const headers = { 'content-length': declared }
        const request = http.request(`${peer}/wire/keys`, { method: 'POST', headers })
        request.on('error', () => response.end())
        request.write('x'.repeat(bytes), () => {
          if (bytes < 1_000) setTimeout(() => request.destroy(new Error('enough')), 30)
        })
      })
      assert.equal(result, 'fail')
      assert.equal(finding?.got, 'it broke off, or has more than 256 KiB')
    })
})

describe('a peer that runs already', () => {
  it('may know the examiner where a clause comes as a stranger', async () => {
    const port = await freePort()
    const other = await freePort()
    const start = inProcess()
    const state = fs.mkdtempSync(path.join(tmpdir(), 'duet-attached-'))
    const peer = start({ port, peer: `http://127.0.0.1:${other}`, curve: 'X25519', state })
    const { rows } = await examine({
      ...{ curve: 'X25519', seed: 1, ids: ['messages/1', 'owner/5'], subject: '', version: '' },
      ...{ start: null, attached: { origin: `http://127.0.0.1:${port}`, port: other } },
      ...{ jobs: 1, readyMs: 5_000, limitMs: 20_000, isFirstOnly: false },
    })
    await peer.stop()
    fs.rmSync(state, { recursive: true })
    assert.deepEqual(
      rows.filter(({ result }) => result !== 'not run').map(({ result }) => result),
      ['pass', 'pass'],
    )
  })
})

describe('what a peer answers', () => {
  it('is no JSON if it is nested a million times, and has a code of a line at most', async () => {
    const server = http.createServer((request, response) => {
      const depth = 900_000
      const next = request.url === '/deep' ? '['.repeat(depth) + ']'.repeat(depth) : '[]'
      response.end(`{"code":"${'z'.repeat(200_000)}","next":${next}}`)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const [flat, deep] = [await call(`${origin}/`), await call(`${origin}/deep`)]
    server.close()
    assert.equal(deep.json, undefined)
    assert.equal(flat.code, 'z'.repeat(80))
  })

  it('is read generously where a name stands twice, and not at all with a million values', () => {
    assert.deepEqual(jsonOf(Buffer.from('{"a":1,"a":2}')), { a: 2 })
    assert.equal(jsonOf(Buffer.from(`[${'1,'.repeat(900_000)}1]`)), undefined)
  })
})

describe('what a peer leaves behind', () => {
  it('ends with the run, also what has left its group', async (t) => {
    if (process.platform !== 'linux') return t.skip('only Linux shows the environment of others')
    const folders = new Folders()
    const state = await folders.fresh()
    const child =
      "require('child_process').spawn('sleep', ['100'], { detached: true, stdio: 'ignore' }).pid"
    const words = [process.execPath, '-e', `console.log(${child}); setInterval(() => {}, 1e6)`]
    const peer = starterOf(words, { cwd: '.' })({ port: 1, peer: '', curve: 'X25519', state })
    await peer.stdout.waitFor(0, (bytes) => bytes.includes('\n'), 5_000)
    const pid = Number(peer.stdout.since(0).toString())
    assert.match(fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /^sleep/)
    await peer.stop()
    await folders.remove()
    const stateOf = () => fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2]
    for (let isThere = true; isThere; )
      try {
        isThere = stateOf() !== 'Z'
      } catch {
        isThere = false
      }
  })

  it('costs no report where it can not be removed', async (t) => {
    const folders = new Folders()
    const state = await folders.fresh()
    const mock = t.mock.method(fsPromises, 'rm', () => Promise.reject(new Error('ENOTEMPTY')))
    syncBuiltinESMExports()
    await folders.remove()
    assert.equal(mock.mock.callCount(), 1)
    mock.mock.restore()
    syncBuiltinESMExports()
    fs.rmSync(path.dirname(path.dirname(state)), { recursive: true })
  })
})

describe('the ports of a large class', () => {
  it('come again after a thousand starts', async (t) => {
    // ports in their order, from the first one again once 1,001 were taken
    const ports: number[] = []
    let next = 0
    t.mock.method(Math, 'random', () => next++ / 10_000)
    while (ports.length <= 1_000) ports.push(await freePort())
    next = 0
    assert.equal(await freePort(), ports[0])
  })
})
