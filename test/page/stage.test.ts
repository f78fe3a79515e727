/** The stage: what it says that each side has is so, and what it says happened last did, whenever the page is opened. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { lastHappened } from '../../src/page/caption.ts'
import { factsOf } from '../../src/page/facts.ts'
import { type Model, modelOf, withEvent } from '../../src/page/model.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import type { Event } from '../../src/wirelog/events.ts'
import { JSON_TYPE, posting } from '../helpers/call.ts'
import { readEvents } from '../helpers/events.ts'
import { honestRun, runs, type Seen } from '../helpers/honest.ts'
import { type TestPeer, withOnePeer, withPeers } from '../helpers/with-peers.ts'

const SLOW = process.env['SLOW'] === '1'
const EMPTY = { run: 'a run', begun: '', forms: {} }

/** What a page has that was opened just now. */
const lateModel = (state: Model['state'], events: readonly Event[]) =>
  events.reduce((model, event) => withEvent(model, event, false, 'curl'), modelOf(EMPTY, state))

/** A page that was there from the beginning, and one for each later run of its peer. */
function watcher() {
  const models = new WeakMap<object, Model>()
  return ({ events, state }: Seen): Model => {
    let model = models.get(events) ?? modelOf(EMPTY, state)
    for (const event of events.kept)
      if (event.n > (model.events.at(-1)?.n ?? 0)) model = withEvent(model, event, true, 'curl')
    model = { ...model, state }
    models.set(events, model)
    return model
  }
}

describe('the facts of the stage', () => {
  for (const [suite, numRuns] of [
    [SUITES.X25519, SLOW ? 600 : 15],
    [SUITES.X25519MLKEM768, SLOW ? 150 : 4],
  ] as const)
    it(`hold in ${numRuns} random runs on ${suite.name}, and are the same for who comes late`, (t) => {
      const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
      t.diagnostic(`SEED=${seed}`)
      fc.assert(
        fc.property(runs, ({ resends, steps }) => {
          const watch = watcher()
          /** The sessions that each has had, after a step. */
          const promoted = [new Set<string>(), new Set<string>()]
          honestRun(suite, steps, resends, (peers) => {
            for (const [side, { state }] of peers.entries())
              if (state.session) promoted[side]?.add(state.session.id)
            for (const [side, peer] of peers.entries()) {
              const model = watch(peer)
              const facts = factsOf(model)
              const others = peers[1 - side]
              const { current } = peer.exchange
              const { session, exchange } = peer.state
              const id = session?.id ?? ''
              if (peer.events.dropped === 0)
                assert.deepEqual(factsOf(lateModel(peer.state, peer.events.kept)), facts)
              assert.equal(facts.secret === 'proved', session !== null && exchange === 'idle')
              assert.equal(facts.own === 'held', exchange === 'offered' || exchange === 'agreed')
              if (facts.isDenied) assert.notEqual(others?.state.session?.id, id)
              if (current === null) continue
              if (facts.secret === 'proved') {
                const made = current.peerCiphertext === null ? 'sent' : 'received'
                assert.equal(facts.ciphertext, suite.kem && made)
                if (facts.theirs === 'gone') assert.ok(promoted[1 - side]?.has(id))
              }
              current.checkSequence(facts.nextReceived)
              if (facts.nextReceived > 0)
                assert.throws(() => current.checkSequence(facts.nextReceived - 1), /accepted/)
            }
          })
        }),
        { numRuns, seed },
      )
    })
})

/** What the page of this peer has: for who comes late. */
async function modelAt({ url }: TestPeer): Promise<Model> {
  const reader = await readEvents(url)
  const { data: state } = await reader.caughtUp()
  reader.close()
  const events = reader.received().filter(({ type }) => type !== 'run' && type !== 'state')
  return lateModel(
    state,
    events.map(({ data }) => data),
  )
}

describe('the caption of the stage', () => {
  it('says what happened last, of a whole talk', () =>
    withPeers({}, async (a, b) => {
      const says = async (peer: TestPeer, is: string, code?: string) => {
        const { record: _, ...last } = { record: null, ...lastHappened(await modelAt(peer)) }
        assert.deepEqual(last, code === undefined ? { is } : { is, code })
      }
      await says(a, 'nothing')
      await a.call('/send_msg')
      await says(a, 'refusedStep', 'no_session')
      await a.call('/send_keys')
      await says(a, 'keysSent')
      await says(b, 'keysCame')
      await b.call('/send_keys')
      for (const peer of [a, b]) await says(peer, 'agreed')
      const { safetyNumber } = (await a.call('/show')).json
      await says(a, 'shown')
      await b.call(
        '/compare',
        posting('application/x-www-form-urlencoded', `number=${safetyNumber}`),
      )
      await says(b, 'compared')
      await a.call('/send_msg')
      await says(a, 'textSent')
      await says(b, 'textCame')
      await b.call('/decrypt_msg')
      await says(b, 'opened')
      await b.call('/send_image')
      await says(b, 'pictureSent')
      await says(a, 'pictureCame')
      await a.call('/wire/keys', posting(JSON_TYPE, '{}'))
      await says(a, 'refusedHere', 'bad_message')
    }))

  it('says that there was no answer, and of keys that it may have arrived', () =>
    withOnePeer({ peerUrl: 'http://127.0.0.1:9' }, async (a) => {
      await a.call('/send_keys')
      const model = await modelAt(a)
      assert.equal(lastHappened(model).is, 'unanswered')
      const { own, arrival, hasTheirs, secret } = factsOf(model)
      assert.deepEqual([own, arrival, hasTheirs, secret], ['held', 'unanswered', false, 'none'])
    }))
})
