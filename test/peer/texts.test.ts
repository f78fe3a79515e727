/** A text arrives once: the step that sends it, and the ones that come after it while nobody knows whether it arrived. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  COPY_SHARES,
  type Failure,
  PeerError,
  type PeerEvent,
  TextError,
} from '../../src/peer/contract.ts'
import { bytesToHex, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { posting, TEXT } from '../helpers/call.ts'
import { withTreated } from '../helpers/lossy-wire.ts'
import { type PairOptions, pair, type WiredPeer } from '../helpers/pair.ts'
import { assertProblem } from '../helpers/problem.ts'

const COPIES = COPY_SHARES.length
const PAY = 'pay 1'

/** The wire between two: what is lost on it, of what the first one sends. */
interface Wire {
  loses: 'nothing' | 'requests' | 'answers' | 'connections'
}

const noAnswer = () => new PeerError('peer_timeout', 'No answer.')

async function agreed(options: Partial<PairOptions> = {}) {
  const wire: Wire = { loses: 'nothing' }
  const [a, b] = pair({
    suite: SUITES.X25519,
    intercept: (kind, port) => {
      if (kind !== 'message' || port !== 5000) return
      if (wire.loses === 'requests') throw noAnswer()
      if (wire.loses === 'connections')
        throw new PeerError('peer_unreachable', 'Refused.', null, 'connection refused')
    },
    loseAnswer: (port) => {
      if (wire.loses === 'answers' && port === 5000) throw noAnswer()
    },
    ...options,
  })
  await keys(a, b)
  return { a, b, wire }
}

async function keys(...peers: WiredPeer[]): Promise<void> {
  for (const { peer } of peers) await peer.sendKeys()
}

const send = ({ peer }: WiredPeer, text?: string) =>
  peer.sendMessage(text === undefined ? undefined : utf8ToBytes(text))

/** What came of a request: the number that arrived, or the code and what it says of the text. */
async function outcomeOf(sending: Promise<{ seq: number }>): Promise<string> {
  try {
    return `arrived ${(await sending).seq}`
  } catch (error) {
    if (!(error instanceof TextError)) return (error as PeerError).code
    const { seq, sealed } = error.text
    return `${error.code} ${seq}${sealed ? '' : ', not sealed'}`
  }
}

function readBy({ peer, events }: WiredPeer): string[] {
  if (peer.publicState().waiting.length > 0) peer.decryptMessages()
  return events.flatMap((event) =>
    event.type === 'message opened' ? [new TextDecoder().decode(event.SECRET)] : [],
  )
}

const eventsOf = ({ events }: WiredPeer, type: PeerEvent['type']) =>
  events.filter((event) => event.type === type)

describe('a text whose answers are lost', () => {
  it('is sent again within the step, as the same bytes', async () => {
    const { a, b, wire } = await agreed()
    wire.loses = 'answers'
    assert.equal(await outcomeOf(send(a, PAY)), 'arrived 0')
    assert.equal(a.messagesSent.length, 2)
    assert.deepEqual(a.messagesSent[1], a.messagesSent[0])
    assert.equal(eventsOf(a, 'message repeated').length, 1)
    assert.equal(a.peer.publicState().inDoubt, null)
    assert.deepEqual(readBy(b), [PAY])
  })

  it('is in doubt after some copies, and is the same message when it comes again', async () => {
    const { a, b, wire } = await agreed()
    wire.loses = 'requests'
    const session = a.peer.publicState().session?.id
    await assert.rejects(send(a, PAY), (error) => {
      assert.ok(error instanceof TextError)
      assert.deepEqual([error.code, error.peerCode], ['in_doubt', null])
      assert.deepEqual(error.text, { session, seq: 0, sealed: true })
      return true
    })
    assert.equal(a.messagesSent.length, COPIES)
    assert.deepEqual(a.peer.publicState().inDoubt, { session, seq: 0 })
    assert.equal(await outcomeOf(send(a, PAY)), 'in_doubt 0')
    wire.loses = 'nothing'
    assert.equal(await outcomeOf(send(a, PAY)), 'arrived 0')
    assert.equal(a.peer.publicState().inDoubt, null)
    assert.equal(new Set(a.messagesSent.map((form) => JSON.stringify(form))).size, 1)
    const [settled, ...more] = eventsOf(a, 'message settled')
    assert.ok(settled?.type === 'message settled')
    assert.deepEqual([settled.seq, settled.arrived, more.length], [0, true, 0])
    // an equal text is another message from here on
    assert.equal(await outcomeOf(send(a, PAY)), 'arrived 1')
    assert.deepEqual(readBy(b), [PAY, PAY])
  })

  it('is sent again by a request without a text, whatever it says', async () => {
    const { a, b, wire } = await agreed()
    wire.loses = 'requests'
    await outcomeOf(send(a, PAY))
    wire.loses = 'nothing'
    assert.equal(await outcomeOf(send(a)), 'arrived 0')
    assert.deepEqual(readBy(b), [PAY])
  })

  it('goes before another text, which is not sealed as long as it is open', async () => {
    const { a, b, wire } = await agreed()
    wire.loses = 'requests'
    await outcomeOf(send(a, PAY))
    assert.equal(await outcomeOf(send(a, 'pay 2')), 'in_doubt 0, not sealed')
    assert.equal(a.peer.publicState().session?.sent, 1)
    wire.loses = 'nothing'
    assert.equal(await outcomeOf(send(a, 'pay 2')), 'arrived 1')
    assert.deepEqual(
      b.events.flatMap((event) => (event.type === 'message received' ? [event.missing] : [])),
      [0, 0],
    )
    assert.deepEqual(readBy(b), [PAY, 'pay 2'])
  })

  it('is followed by none of fifteen equal ones that waited behind it, and all arrive in the end', async () => {
    const { a, b, wire } = await agreed()
    const all = (count: number) =>
      Promise.all(Array.from({ length: count }, () => outcomeOf(send(a, PAY))))
    wire.loses = 'requests'
    assert.deepEqual(await all(16), ['in_doubt 0', ...Array(15).fill('in_doubt 0, not sealed')])
    assert.equal(a.peer.publicState().session?.sent, 1)
    wire.loses = 'nothing'
    // the others came while it was in doubt: they may have meant it, and nothing is sealed for them
    assert.deepEqual(await all(16), ['arrived 0', ...Array(15).fill('already_sent 0')])
    assert.deepEqual(
      await all(15),
      Array.from({ length: 15 }, (_, i) => `arrived ${i + 1}`),
    )
    assert.deepEqual(readBy(b), Array(16).fill(PAY))
  })

  it('is tried once for all that come after it and wait', async () => {
    const { a, b, wire } = await agreed()
    wire.loses = 'requests'
    await outcomeOf(send(a, PAY))
    const texts = [PAY, 'pay 2', undefined, PAY]
    assert.deepEqual(await Promise.all(texts.map((text) => outcomeOf(send(a, text)))), [
      'in_doubt 0',
      'in_doubt 0, not sealed',
      'in_doubt 0',
      'in_doubt 0',
    ])
    assert.equal(a.messagesSent.length, 2 * COPIES)
    wire.loses = 'nothing'
    assert.equal(await outcomeOf(send(a)), 'arrived 0')
    assert.deepEqual(readBy(b), [PAY])
  })

  it('is another message than an equal one whose request came before the answer', async () => {
    const { a, b, wire } = await agreed()
    const before = a.peer.textInDoubt
    wire.loses = 'requests'
    await outcomeOf(send(a, PAY))
    wire.loses = 'nothing'
    const late = outcomeOf(a.peer.sendMessage(utf8ToBytes(PAY), before))
    assert.equal(await late, 'in_doubt 0, not sealed')
    assert.equal(await outcomeOf(send(a)), 'arrived 0')
    assert.deepEqual(readBy(b), [PAY])
  })

  it('arrives on its own session after the next keys, and the next one on the new session', async () => {
    const { a, b, wire } = await agreed()
    wire.loses = 'requests'
    await outcomeOf(send(a, PAY))
    wire.loses = 'nothing'
    await keys(a, b)
    assert.notEqual(a.peer.publicState().inDoubt?.session, a.peer.publicState().session?.id)
    assert.equal(await outcomeOf(send(a, 'pay 2')), 'arrived 0')
    assert.deepEqual(readBy(b), [PAY, 'pay 2'])
  })

  it('may have been read once two sessions have followed: the terminal says so, and so does the next step', async () => {
    const { a, b, wire } = await agreed()
    wire.loses = 'requests'
    await outcomeOf(send(a, PAY))
    wire.loses = 'nothing'
    await keys(a, b)
    await keys(a, b)
    assert.equal(a.peer.publicState().inDoubt, null)
    const [settled] = eventsOf(a, 'message settled')
    assert.ok(settled?.type === 'message settled')
    assert.deepEqual([settled.seq, settled.arrived], [0, false])
    assert.equal(await outcomeOf(send(a, PAY)), 'maybe_read 0, not sealed')
    assert.equal(await outcomeOf(send(a, PAY)), 'arrived 0')
  })

  it('may have been read if its receiver restarted, and that is said with what else is gone', async () => {
    const { a, b, wire } = await agreed()
    wire.loses = 'requests'
    await outcomeOf(send(a, PAY))
    b.restart()
    wire.loses = 'nothing'
    await assert.rejects(send(a, PAY), (error) => {
      assert.ok(error instanceof TextError)
      assert.equal(error.code, 'maybe_read')
      assert.match(error.message, /message 0 .*may have been read.*unread are gone too/)
      return true
    })
    const [gone] = eventsOf(a, 'session gone')
    assert.equal(gone?.type === 'session gone' && gone.inDoubt, 0)
    // the only copy of the next one was not taken for certain, and the session is not said to be gone once more
    await assert.rejects(send(a, 'pay 2'), (error) => {
      assert.ok(error instanceof PeerError)
      assert.deepEqual([error.code, error.peerCode], ['peer_refused', 'unknown_session'])
      assert.match(error.message, /did not take the text.*unread are gone too/)
      return true
    })
    assert.equal(eventsOf(a, 'session gone').length, 1)
  })

  it('is unknown when its sender ends, which the terminal says', async () => {
    const { a, wire } = await agreed()
    wire.loses = 'requests'
    await outcomeOf(send(a, PAY))
    a.peer.close()
    const last = a.events.at(-1)
    assert.deepEqual(last?.type === 'message settled' && [last.seq, last.arrived], [0, false])
  })

  it('is unknown, too, when its sender ends before it was told anything', async () => {
    let end = () => {}
    const { a } = await agreed({
      loseAnswer: () => {
        end()
        throw noAnswer()
      },
    })
    end = () => a.peer.close()
    assert.equal(await outcomeOf(send(a, PAY)), 'maybe_read 0')
    assert.equal(a.messagesSent.length, 1)
    assert.equal(eventsOf(a, 'message settled').length, 1)
  })
})

describe('a copy', () => {
  const unsent = (failure: Failure) =>
    new PeerError('peer_unreachable', 'It is not there.', null, failure)
  const refused = (code: string) => new PeerError('peer_refused', 'It answered.', code)
  for (const [what, failures, outcome, copies] of [
    ['that is refused for now', [refused('inbox_full')], 'in_doubt 0', 1],
    ['that broke off', [new PeerError('peer_unreachable', 'It broke.')], 'arrived 0', 2],
    ['that nobody is there to take', [unsent('connection refused')], 'peer_unreachable', 1],
    ['that no name leads to', [unsent('name not resolved')], 'peer_unreachable', 1],
    ['that no route leads to', [unsent('no route')], 'peer_unreachable', 1],
    ['whose name is looked up for long', [unsent('name not resolved in time')], 'arrived 0', 2],
    ['that finds no way in time', [unsent('no connection in time')], 'arrived 0', 2],
    [
      'that never finds a way in time',
      Array(COPIES).fill(unsent('no connection in time')),
      'peer_unreachable',
      COPIES,
    ],
    [
      'that nobody is there to take after another one',
      [noAnswer(), unsent('connection refused')],
      'arrived 0',
      3,
    ],
    ['that was overtaken by another one', [refused('replay')], 'arrived 0', 1],
  ] as [string, PeerError[], string, number][])
    it(`${what} is followed by ${copies - 1} more, and the text is then: ${outcome}`, async () => {
      const left = [...failures]
      const { a } = await agreed({
        intercept: (kind) => {
          const failure = kind === 'message' && left.shift()
          if (failure) throw failure
        },
      })
      assert.equal(await outcomeOf(send(a, PAY)), outcome)
      assert.equal(a.messagesSent.length, copies)
      assert.equal(eventsOf(a, 'message sent').length, 1)
      assert.equal(eventsOf(a, 'message repeated').length, copies - 1)
      assert.equal(eventsOf(a, 'message settled').length, 0)
    })
})

describe('what is said of a text', () => {
  const detailOf = (sending: Promise<unknown>) =>
    sending.then(
      () => assert.fail(),
      (error: Error) => error.message,
    )

  it('in doubt tells what is the same message, and what was not sealed', async () => {
    const { a, wire } = await agreed()
    wire.loses = 'requests'
    assert.equal(
      await detailOf(send(a, PAY)),
      'Message 0 may have arrived: nobody has acknowledged it. The same text again, or none, is this message, and goes out as the same bytes.',
    )
    assert.equal(
      await detailOf(send(a, 'pay 2')),
      'Message 0 may have arrived: nobody has acknowledged it. The text of this request was not sealed. /send_msg without a text sends message 0 again, as the same bytes.',
    )
  })

  it('that was refused for now tells why', async () => {
    const { a } = await agreed()
    for (let i = 0; i < 32; i++) await send(a)
    assert.match(
      await detailOf(send(a, PAY)),
      /^The other peer answered: inbox_full\. It may still get another copy of message 32\. The same text/,
    )
  })

  it('that is unknown or has arrived tells so, and whether anything was sealed', async () => {
    const { a, b, wire } = await agreed()
    wire.loses = 'requests'
    await outcomeOf(send(a, PAY))
    wire.loses = 'nothing'
    const [, again] = await Promise.all([send(a), detailOf(send(a))])
    assert.match(again, /^It is message 0, which was in doubt, and has arrived since\. If you/)
    wire.loses = 'requests'
    await outcomeOf(send(a, PAY))
    wire.loses = 'nothing'
    for (let i = 0; i < 2; i++) await keys(a, b)
    assert.equal(
      await detailOf(send(a)),
      'Nobody can tell whether message 1 arrived: it may have been read. Its session is over. The text of this request was not sealed.',
    )
    wire.loses = 'requests'
    await outcomeOf(send(a, PAY))
    wire.loses = 'nothing'
    b.restart()
    const [first, second] = await Promise.all([detailOf(send(a)), detailOf(send(a, PAY))])
    assert.match(first, /^Nobody can tell whether message 0 arrived.*unread are gone too\.$/)
    assert.match(second, /^Nobody can tell whether message 0 arrived.*Its session is over\.$/)
  })

  it('of which nothing was sent tells that', async () => {
    const { a, wire } = await agreed()
    wire.loses = 'connections'
    assert.match(await detailOf(send(a)), /^Refused\. Nothing of the text was sent\.$/)
  })
})

describe('a session that the other peer has lost', () => {
  it('is said to be gone by a picture, without a text where none was in doubt on it', async () => {
    let losing = false
    const { a, b } = await agreed({
      intercept: (kind) => {
        if (kind === 'message' && losing) throw noAnswer()
        if (kind === 'image') throw new PeerError('peer_refused', 'Gone.', 'unknown_session')
      },
    })
    losing = true
    await outcomeOf(send(a, PAY))
    await keys(a, b)
    await assert.rejects(a.peer.sendPicture(), { peerCode: 'unknown_session' })
    const [gone] = eventsOf(a, 'session gone')
    assert.ok(gone?.type === 'session gone')
    assert.equal(bytesToHex(gone.session), a.peer.publicState().session?.id)
    assert.equal(gone.inDoubt, null)
  })

  it('is said to be gone without the text that it refused', async () => {
    const { a, b } = await agreed()
    b.restart()
    await outcomeOf(send(a, PAY))
    const [gone] = eventsOf(a, 'session gone')
    assert.equal(gone?.type === 'session gone' && gone.inDoubt, null)
  })

  for (const [what, contact] of [
    ['keys of this peer', ['a', 'b']],
    ['keys of the other one', ['b', 'a']],
  ] as const)
    for (const suite of [SUITES.X25519, SUITES.X25519MLKEM768])
      it(`is said to be gone with the text in doubt, at the next ${what}, on ${suite.name}`, async () => {
        const { a, b, wire } = await agreed({ suite })
        const session = a.peer.publicState().session?.id
        wire.loses = 'answers'
        await outcomeOf(send(a))
        wire.loses = 'requests'
        await outcomeOf(send(a, PAY))
        b.restart()
        await keys(...contact.map((name) => ({ a, b })[name]))
        const [gone, ...more] = eventsOf(a, 'session gone')
        assert.ok(gone?.type === 'session gone')
        assert.deepEqual([bytesToHex(gone.session), gone.inDoubt, more.length], [session, 1, 0])
        assert.deepEqual(eventsOf(b, 'session gone'), [])
      })

  it('is not said to be gone where both have it, whoever sends keys', async () => {
    for (const suite of [SUITES.X25519, SUITES.X25519MLKEM768]) {
      const { a, b } = await agreed({ suite })
      for (const one of [a, b, b, a, a]) await keys(one)
      await send(a)
      for (const one of [a, b]) assert.deepEqual(eventsOf(one, 'session gone'), [])
    }
  })
})

describe('a text', () => {
  it('of which nothing was sent is not kept, and the next one is another', async () => {
    const { a, b, wire } = await agreed()
    wire.loses = 'connections'
    assert.equal(await outcomeOf(send(a, PAY)), 'peer_unreachable')
    assert.equal(a.messagesSent.length, 1)
    assert.equal(a.peer.publicState().inDoubt, null)
    wire.loses = 'nothing'
    assert.equal(await outcomeOf(send(a, 'pay 2')), 'arrived 1')
    assert.deepEqual(readBy(b), ['pay 2'])
  })

  it('stays in doubt if nobody is there when it is sent again', async () => {
    const { a, b, wire } = await agreed()
    wire.loses = 'requests'
    await outcomeOf(send(a, PAY))
    wire.loses = 'connections'
    assert.equal(await outcomeOf(send(a, PAY)), 'in_doubt 0')
    wire.loses = 'nothing'
    assert.equal(await outcomeOf(send(a, PAY)), 'arrived 0')
    assert.deepEqual(readBy(b), [PAY])
  })

  it('that finds a full inbox is kept, since a copy of it may still come, and is sent once', async () => {
    const { a, b } = await agreed()
    for (let i = 0; i < 32; i++) await send(a, `${i}`)
    await assert.rejects(send(a, PAY), (error) => {
      assert.ok(error instanceof TextError)
      assert.deepEqual([error.code, error.peerCode], ['in_doubt', 'inbox_full'])
      return true
    })
    assert.equal(a.messagesSent.length, 33)
    readBy(b)
    b.peer.receiveMessage(a.messagesSent.at(-1))
    assert.equal(await outcomeOf(send(a, PAY)), 'arrived 32')
    assert.equal(readBy(b).filter((text) => text === PAY).length, 1)
  })

  it('is erased once it was handed in, and the standard one is not', async () => {
    const { a, b } = await agreed()
    const text = utf8ToBytes(PAY)
    await a.peer.sendMessage(text)
    assert.deepEqual(text, new Uint8Array(text.length))
    for (let i = 0; i < 2; i++) await send(a)
    const standard = 'This is a secret message from port 5000!'
    assert.deepEqual(readBy(b), [PAY, standard, standard])
  })

  it('whose sending meets a defect can be sent again', async () => {
    let broken = true
    const { a, b } = await agreed({
      intercept: (kind) => {
        if (kind === 'message' && broken) throw new TypeError('A defect.')
      },
    })
    await assert.rejects(send(a, PAY), TypeError)
    broken = false
    assert.equal(await outcomeOf(send(a, PAY)), 'arrived 0')
    assert.deepEqual(readBy(b), [PAY])
  })
})

describe('/send_msg over a wire that loses', () => {
  for (const how of ['never passed', 'answer lost', 'answer cut', 'reset'] as const) {
    it(`one copy (${how}) arrives in the same step, and nothing looks like an attack`, () =>
      withTreated(async (a, b, treat) => {
        treat(how)
        const answer = await a.call('/send_msg', posting(TEXT, PAY))
        assert.deepEqual([answer.status, answer.json.seq], [201, 0])
        assert.equal((await b.call('/decrypt_msg')).json.decrypted, 1)
        for (const peer of [a, b])
          for (const line of peer.lines()) assert.doesNotMatch(line, /^✗|refused|replay/)
      }))

    it(`every copy of a step (${how}) says 504 in_doubt, and its next sends the same message`, () =>
      withTreated(async (a, b, treat) => {
        treat(...Array(COPIES).fill(how))
        const answer = await a.call('/send_msg', posting(TEXT, PAY))
        const { session, seq, sealed, next } = assertProblem(answer, 'in_doubt')
        const shown = (await a.call('/show')).json
        assert.deepEqual(shown.inDoubt, { session, seq })
        assert.deepEqual([session, seq, sealed], [shown.session.id, 0, true])
        assert.equal(next, `curl ${a.url}/send_msg`)
        assert.doesNotMatch(answer.text, /pay/)
        assert.equal((await a.call('/send_msg')).json.seq, 0)
        assert.equal((await a.call('/show')).json.inDoubt, null)
        assert.equal((await b.call('/decrypt_msg')).json.decrypted, 1)
        assert.deepEqual(b.secrets().at(-1), PAY)
      }))
  }

  it('keeps the answers of /show and /transcript in step with what is in doubt', () =>
    withTreated(async (a, _b, treat) => {
      treat('never passed', 'never passed', 'never passed')
      assertProblem(await a.call('/send_msg'), 'in_doubt')
      const { json } = await a.call('/transcript')
      assert.deepEqual(json.state.inDoubt, (await a.call('/show')).json.inDoubt)
    }))
})
