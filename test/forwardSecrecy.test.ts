/** `lab forward-secrecy`: which recorded messages open with which stolen keys, and that the attempts are real. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exchangeKeys } from '../src/lab/agree.ts'
import {
  type Loot,
  leakyMemory,
  openMessage,
  other,
  type RecordedSession,
  sessionKeys,
  tryEverything,
} from '../src/lab/theft.ts'
import { bytesToHex, utf8ToBytes } from '../src/protocol/bytes.ts'
import { CURVES, type Curve, KeyPair } from '../src/protocol/curves.ts'
import { Exchange } from '../src/protocol/exchange.ts'
import { runCommand } from './helpers/command.ts'
import { assertForProjector } from './helpers/projector.ts'

for (const curve of Object.values(CURVES))
  describe(`ecdh-duet lab forward-secrecy --curve ${curve.name}`, () => {
    it('opens what the stolen keys are for, and nothing else', async () => {
      const { code, output, errors } = await runCommand([
        'lab',
        'forward-secrecy',
        '--curve',
        curve.name,
      ])
      assert.deepEqual([code, errors], [0, ''])
      assertForProjector(output)
      const rows = [...output.matchAll(/([AB]) → [AB] {3}[0-9a-f]{20}… {3}(.*)$/gm)]
      assert.deepEqual(
        rows.map(([, from, verdicts = '']) => [from, ...verdicts.replaceAll('✓ ', '').split(/ +/)]),
        [
          ['A', '-', '-', '-', '-'],
          ['B', '-', '-', '-', '-'],
          ['A', '-', '-', 'opens', '-'],
          ['B', '-', '-', 'opens', '-'],
          ['A', '-', 'opens', 'opens', 'opens'],
          ['B', '-', 'opens', 'opens', 'opens'],
        ],
      )
      assert.match(output, /^ {2}Tuesday: where is the key to the archive\?$/m)
      assert.match(output, /^ {2}today: under the third flower pot\.$/m)
      assert.doesNotMatch(output, /Monday:/)
    })

    it('rebuilds the keys of a session that the session itself has', () => {
      const { first, second, a, sessions } = recorded(curve, 1)
      const [shares] = sessions.map(({ shares }) => shares)
      const [one, two] = [first.ephemeral[0], second.ephemeral[0]]
      assert.ok(shares && one && two && a.current)
      const [ofOne, ofTwo] = [
        sessionKeys(first.identity, one, shares[1]),
        sessionKeys(second.identity, two, shares[0]),
      ]
      assert.deepEqual(ofOne.sending, ofTwo.receiving)
      assert.deepEqual(ofOne.receiving, ofTwo.sending)
      assert.equal(ofOne.party, other(ofTwo.party))
    })

    it('would open every message, had the fresh private keys been stolen too', () => {
      const { first, second, sessions } = recorded(curve, 3)
      for (const [i, { shares, messages }] of sessions.entries()) {
        const [one] = [first.ephemeral[i]]
        assert.ok(one)
        const identities: Loot = {
          identities: [first.identity, second.identity],
          directions: [],
          sharedSecrets: [],
        }
        const points = shares.flatMap(({ identity, publicKey }) => [identity, publicKey])
        // DH(e1, e2) is all that the identities lack
        const ee = one.sharedSecret(shares[1].publicKey)
        for (const message of messages) {
          assert.equal(tryEverything(message, shares, points, identities).text, null)
          const { text } = tryEverything(message, shares, points, {
            ...identities,
            sharedSecrets: [ee],
          })
          assert.equal(text && bytesToHex(text), bytesToHex(utf8ToBytes(`session ${i}`)))
        }
      }
    })

    it('follows, too, from the fresh private keys of both, as --show-work prints them', () => {
      const { first, second, sessions } = recorded(curve, 1)
      const [one, two] = [first.ephemeral[0], second.ephemeral[0]]
      const [{ shares, messages } = {}] = sessions
      assert.ok(one && two && shares && messages)
      const [{ identity }, share] = shares
      // DH(id1, e2) from the side of e2
      const missing = two.sharedSecret(identity)
      class Public extends KeyPair {
        override readonly publicKey = identity
        override sharedSecret = () => missing
      }
      const { sending, party } = sessionKeys(new Public(curve), one, share)
      const text = messages[0] && openMessage(sending, party, messages[0])
      assert.equal(text && bytesToHex(text), bytesToHex(utf8ToBytes('session 0')))
    })
  })

it('ecdh-duet lab forward-secrecy takes our two curves and no other', async () => {
  const { code } = await runCommand(['lab', 'forward-secrecy', '--curve', 'toy'])
  assert.equal(code, 2)
})

/** Sessions of two sides whose private keys are copied as they are made, with a message each way. */
function recorded(curve: Curve, count: number) {
  const [first, second] = [leakyMemory(curve), leakyMemory(curve)]
  const [a, b] = [new Exchange(first.identity), new Exchange(second.identity)]
  const sessions: RecordedSession[] = Array.from({ length: count }, (_, i) => {
    exchangeKeys(a, b)
    const text = utf8ToBytes(`session ${i}`)
    if (a.current === null || b.current === null) throw new Error('no session')
    return {
      shares: [a.current.own, b.current.own],
      messages: [a.sendMessage(text), b.sendMessage(text)],
    }
  })
  return { first, second, a, sessions }
}
