/** /send_keys on both sides at once, until both have the same keys. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compareBytes, hexToBytes } from '../../src/protocol/bytes.ts'
import { KeyPair } from '../../src/protocol/curves.ts'
import { encodeAnswer, encodeKeyMessage, parseKeyMessage } from '../../src/protocol/messages.ts'
import { Session } from '../../src/protocol/session.ts'
import { EphemeralKeys, SUITES } from '../../src/protocol/suites.ts'
import { post } from '../helpers/call.ts'
import { quickSuites } from '../helpers/exchanges.ts'
import { withServer } from '../helpers/fakes.ts'
import { pair, type WiredPeer } from '../helpers/pair.ts'
import { withOnePeer } from '../helpers/with-peers.ts'

const HYBRID = SUITES.X25519MLKEM768

const idOf = ({ peer }: WiredPeer) => peer.publicState().session?.id

/** Both are on one session, and a text each way is taken. */
async function areTogether(a: WiredPeer, b: WiredPeer, when?: string): Promise<void> {
  assert.ok(idOf(a), when)
  assert.equal(idOf(a), idOf(b), when)
  await a.peer.sendMessage()
  await b.peer.sendMessage()
  for (const { peer } of [a, b]) assert.equal(peer.decryptMessages().decrypted, 1)
}

for (const suite of quickSuites())
  describe(`both /send_keys at once, on ${suite.name}`, () => {
    it('end on one session, however long each request and answer takes', async () => {
      for (const [slowA = 0, slowB = 0] of [[], [0, 3], [3, 0], [3, 3], [1, 8], [8, 1]]) {
        const delay = async (port: number) => {
          for (let turns = port === 5000 ? slowA : slowB; turns > 0; turns--)
            await Promise.resolve()
        }
        const [a, b] = pair({ suite, delay })
        await Promise.all([a.peer.sendKeys(), b.peer.sendKeys()])
        await areTogether(a, b, `${slowA}, ${slowB}`)
      }
    })

    it('end on one session or none if each is asked for several times', async () => {
      const [a, b] = pair({ suite })
      await Promise.all([a, b, a, a, b, a, b, b].map(({ peer }) => peer.sendKeys()))
      assert.equal(idOf(a), idOf(b))
      await a.peer.sendKeys()
      await b.peer.sendKeys()
      await areTogether(a, b)
    })
  })

describe('a peer on X25519MLKEM768', () => {
  it('sends its key message once more and no more than that, whatever the answers are', async () => {
    const keys = new EphemeralKeys(HYBRID)
    let stranger = new KeyPair(HYBRID.curve)
    let asked = 0
    await withServer(
      async (request, response) => {
        let body = ''
        for await (const piece of request) body += piece
        asked++
        // a ciphertext of her own in each answer, and the right tag for it: as party 1 hers counts
        const { share } = parseKeyMessage(HYBRID, JSON.parse(body))
        const { confirm, party } = new Session(stranger, keys, share)
        assert.equal(party, 1)
        // a peer that goes on for good is ended here
        const answer = encodeAnswer(asked < 5 ? confirm : undefined)
        response.writeHead(201).end(JSON.stringify(answer))
      },
      (url) =>
        withOnePeer({ peerUrl: url, suite: HYBRID }, async (peer) => {
          const identity = hexToBytes((await peer.call('/show')).json.identity)
          while (compareBytes(stranger.publicKey, identity) > 0)
            stranger = new KeyPair(HYBRID.curve)
          const { publicKey } = keys
          const hers = { share: { identity: stranger.publicKey, publicKey } }
          const taken = await post(`${peer.url}/wire/keys`, encodeKeyMessage(HYBRID, hers))
          assert.equal(taken.status, 201)
          const sent = await peer.call('/send_keys')
          assert.deepEqual([sent.status, sent.json.session], [201, null])
        }),
    )
    assert.equal(asked, 2)
  })
})
