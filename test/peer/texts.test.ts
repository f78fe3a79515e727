/** A text arrives once: the step that sends it, and the ones that come after it while nobody knows whether it arrived. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { COPY_SHARES, type Failure, PeerError, TextError } from '../../src/peer/contract.ts'
import { bytesToHex, utf8ToBytes } from '../../src/protocol/bytes.ts'
import { SUITES } from '../../src/protocol/suites.ts'
import { posting, TEXT } from '../helpers/call.ts'
import { withTreated } from '../helpers/lossy-wire.ts'
import { type PairOptions, pair, type WiredPeer } from '../helpers/pair.ts'
import { assertProblem } from '../helpers/problem.ts'

const COPIES = COPY_SHARES.length
const PAY = 'pay 1'

const noAnswer = () => new PeerError('peer_timeout', 'No answer.')
const unsent = (failure: Failure) => new PeerError('peer_unreachable', 'Gone.', null, failure)

async function agreed(options: Partial<PairOptions> = {}): Promise<[WiredPeer, WiredPeer]> {
  const [a, b] = pair({ suite: SUITES.X25519, ...options })
  for (const { peer } of [a, b]) await peer.sendKeys()
  return [a, b]
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

/** What a terminal said of texts that are no simple success, and of sessions that are gone. */
function toldBy({ events }: WiredPeer): string[] {
  return events.flatMap((event) => {
    if (event.type === 'message repeated') return [`repeated ${event.seq}`]
    if (event.type === 'message settled')
      return [`${event.seq} ${event.arrived ? 'arrived' : 'unknown'}`]
    return event.type === 'session gone' ? [`gone with ${event.inDoubt ?? 'no text'}`] : []
  })
}

/**
 * Plays a script of what a and b do, a line each. `requests lost` (or answers, connections, nothing): of what a sends.
 * `send pay 1: arrived 0`: a sends that text, or its own (`-`), or several at once with `&` between them, and what came
 * of each. `b reads`: all that b has read. `a told`: what its terminal said since that was asked last, but of copies.
 * `copies`: how many a has sent in all. Copies of a message are always the same bytes.
 */
async function play(script: string, [a, b]: [WiredPeer, WiredPeer]) {
  let told = 0
  const does: Record<string, (what: string) => unknown> = {
    send: (texts) =>
      Promise.all(
        texts.split(' & ').map((text) => outcomeOf(send(a, text === '-' ? undefined : text))),
      ).then((outcomes) => outcomes.join(' & ')),
    keys: async (names) => {
      for (const name of names) await (name === 'a' ? a : b).peer.sendKeys()
    },
    restart: () => b.restart(),
    end: () => a.peer.close(),
    'b reads': () => readBy(b).join(', '),
    'in doubt': () => a.peer.publicState().inDoubt?.seq ?? 'none',
    sealed: () => a.peer.publicState().session?.sent,
    copies: () => a.messagesSent.length,
    'a told': () => {
      const all = toldBy(a).filter((line) => !line.startsWith('repeated'))
      const since = all.slice(told)
      told = all.length
      return since.join(', ')
    },
  }
  for (const line of script.trim().split(/\n\s*/)) {
    const [, lost] = /^(\w+) lost$/.exec(line) ?? []
    if (lost !== undefined) {
      a.loses = lost as WiredPeer['loses']
      continue
    }
    const [, name = '', what = '', expected] =
      /^(send|keys|restart|end|b reads|in doubt|sealed|copies|a told)(?: ([^:]+))?(?:: ?(.*))?$/.exec(
        line,
      ) ?? assert.fail(line)
    const result = await does[name]?.(what)
    if (expected !== undefined) assert.equal(String(result), expected, line)
  }
  for (const { session, seq, ciphertext } of a.messagesSent)
    for (const copy of a.messagesSent)
      if (copy.session === session && copy.seq === seq) assert.equal(copy.ciphertext, ciphertext)
}

const SCRIPTS: Record<string, string> = {
  'is sent again within the step': `
    answers lost
    send pay 1: arrived 0
    copies: 2
    in doubt: none
    b reads: pay 1`,
  'is in doubt after some copies, and is the same message when it comes again': `
    requests lost
    send pay 1: in_doubt 0
    copies: ${COPIES}
    in doubt: 0
    send pay 1: in_doubt 0
    nothing lost
    send pay 1: arrived 0
    in doubt: none
    a told: 0 arrived
    send pay 1: arrived 1
    b reads: pay 1, pay 1`,
  'is sent again by a request without a text, whatever it says': `
    requests lost
    send pay 1: in_doubt 0
    nothing lost
    send -: arrived 0
    b reads: pay 1`,
  'goes before another text, which is not sealed as long as it is open': `
    requests lost
    send pay 1: in_doubt 0
    send pay 2: in_doubt 0, not sealed
    sealed: 1
    nothing lost
    send pay 2: arrived 1
    b reads: pay 1, pay 2`,
  'is followed by none of those that waited behind it, and all arrive in the end': `
    requests lost
    send pay 1 & pay 1 & pay 1: in_doubt 0 & in_doubt 0, not sealed & in_doubt 0, not sealed
    sealed: 1
    nothing lost
    send pay 1 & pay 1 & pay 1: arrived 0 & already_sent 0 & already_sent 0
    send pay 1 & pay 1: arrived 1 & arrived 2
    b reads: pay 1, pay 1, pay 1`,
  'is tried once for all that come after it and wait': `
    requests lost
    send pay 1: in_doubt 0
    send pay 1 & pay 2 & - & pay 1: in_doubt 0 & in_doubt 0, not sealed & in_doubt 0 & in_doubt 0
    copies: ${2 * COPIES}
    nothing lost
    send -: arrived 0
    b reads: pay 1`,
  'arrives on its own session after the next keys, and the next one on the new session': `
    requests lost
    send pay 1: in_doubt 0
    nothing lost
    keys ab
    in doubt: 0
    sealed: 0
    send pay 2: arrived 0
    b reads: pay 1, pay 2`,
  'may have been read once two sessions have followed: the terminal and the next step say so': `
    requests lost
    send pay 1: in_doubt 0
    nothing lost
    keys abab
    in doubt: none
    a told: 0 unknown
    send pay 1: maybe_read 0, not sealed
    send pay 1: arrived 0`,
  'may have been read if its receiver restarted; the next one was not taken for certain': `
    requests lost
    send pay 1: in_doubt 0
    restart
    nothing lost
    send pay 1: maybe_read 0
    a told: gone with 0
    send pay 2: peer_refused
    a told:`,
  'is unknown when its sender ends, which the terminal says': `
    requests lost
    send pay 1: in_doubt 0
    end
    a told: 0 unknown`,
  'of which nothing was sent is not kept, and the next one is another': `
    connections lost
    send pay 1: peer_unreachable
    copies: 1
    in doubt: none
    nothing lost
    send pay 2: arrived 1
    b reads: pay 2`,
  'stays in doubt if nobody is there when it is sent again': `
    requests lost
    send pay 1: in_doubt 0
    connections lost
    send pay 1: in_doubt 0
    nothing lost
    send pay 1: arrived 0
    b reads: pay 1`,
  'on a session that its receiver has lost is refused, and none is in doubt': `
    restart
    send pay 1: peer_refused
    a told: gone with no text`,
}

describe('a text', () => {
  for (const [what, script] of Object.entries(SCRIPTS))
    it(what, async () => play(script, await agreed()))

  it('is another message than an equal one whose request came before the answer', async () => {
    const [a, b] = await agreed()
    const before = a.peer.textInDoubt
    a.loses = 'requests'
    await outcomeOf(send(a, PAY))
    a.loses = 'nothing'
    const late = outcomeOf(a.peer.sendMessage(utf8ToBytes(PAY), before))
    assert.equal(await late, 'in_doubt 0, not sealed')
    assert.equal(await outcomeOf(send(a)), 'arrived 0')
    assert.deepEqual(readBy(b), [PAY])
  })

  it('is unknown, too, when its sender ends before it was told anything', async () => {
    let end = () => {}
    const [a] = await agreed({ intercept: () => end() })
    end = () => a.peer.close()
    a.loses = 'answers'
    assert.equal(await outcomeOf(send(a, PAY)), 'maybe_read 0')
    assert.equal(a.messagesSent.length, 1)
    assert.deepEqual(toldBy(a), ['0 unknown'])
  })

  it('that finds a full inbox is kept, since a copy of it may still come, and is sent once', async () => {
    const [a, b] = await agreed()
    for (let i = 0; i < 32; i++) await send(a, `${i}`)
    await assert.rejects(send(a, PAY), {
      code: 'in_doubt',
      peerCode: 'inbox_full',
      message:
        /^The other peer answered: inbox_full\. It may still get another copy of message 32\. The same text/,
    })
    assert.equal(a.messagesSent.length, 33)
    readBy(b)
    b.peer.receiveMessage(a.messagesSent.at(-1))
    assert.equal(await outcomeOf(send(a, PAY)), 'arrived 32')
    assert.equal(readBy(b).filter((text) => text === PAY).length, 1)
  })

  it('is erased once it was handed in, and the standard one is not', async () => {
    const [a, b] = await agreed()
    const text = utf8ToBytes(PAY)
    await a.peer.sendMessage(text)
    assert.deepEqual(text, new Uint8Array(text.length))
    for (let i = 0; i < 2; i++) await send(a)
    const standard = 'This is a secret message from port 5000!'
    assert.deepEqual(readBy(b), [PAY, standard, standard])
  })

  it('whose sending meets a defect can be sent again', async () => {
    let broken = true
    const [a, b] = await agreed({
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

describe('a copy', () => {
  const refused = (code: string) => new PeerError('peer_refused', 'It answered.', code)
  const late = unsent('no connection in time')
  for (const [what, failures, outcome, copies] of [
    ['that is refused for now', [refused('inbox_full')], 'in_doubt 0', 1],
    ['that broke off', [new PeerError('peer_unreachable', 'It broke.')], 'arrived 0', 2],
    ['that nobody is there to take', [unsent('connection refused')], 'peer_unreachable', 1],
    ['that no name leads to', [unsent('name not resolved')], 'peer_unreachable', 1],
    ['that no route leads to', [unsent('no route')], 'peer_unreachable', 1],
    ['whose name is looked up for long', [unsent('name not resolved in time')], 'arrived 0', 2],
    ['that finds no way in time', [late], 'arrived 0', 2],
    ['that never finds a way in time', Array(COPIES).fill(late), 'peer_unreachable', COPIES],
    ['that nobody takes after another', [noAnswer(), unsent('connection refused')], 'arrived 0', 3],
    ['that was overtaken by another one', [refused('replay')], 'arrived 0', 1],
  ] as [string, PeerError[], string, number][])
    it(`${what} is followed by ${copies - 1} more, and the text is then: ${outcome}`, async () => {
      const left = [...failures]
      const [a] = await agreed({
        intercept: (kind) => {
          const failure = kind === 'message' && left.shift()
          if (failure) throw failure
        },
      })
      assert.equal(await outcomeOf(send(a, PAY)), outcome)
      assert.equal(a.messagesSent.length, copies)
      assert.equal(a.events.filter(({ type }) => type === 'message sent').length, 1)
      assert.deepEqual(toldBy(a), Array(copies - 1).fill('repeated 0'))
    })
})

describe('what is said of a text', () => {
  const detailOf = (sending: Promise<unknown>) =>
    sending.then(
      () => assert.fail(),
      (error: Error) => error.message,
    )
  const may = 'Message 0 may have arrived: nobody has acknowledged it.'
  const GONE = /unread are gone too\.$/

  it('in doubt tells what is the same message, and what was not sealed', async () => {
    const [a] = await agreed()
    a.loses = 'requests'
    const session = a.peer.publicState().session?.id
    await assert.rejects(send(a, PAY), {
      code: 'in_doubt',
      peerCode: null,
      text: { session, seq: 0, sealed: true },
      message: `${may} The same text again, or none, is this message, and goes out as the same bytes.`,
    })
    assert.deepEqual(a.peer.publicState().inDoubt, { session, seq: 0 })
    assert.equal(
      await detailOf(send(a, 'pay 2')),
      `${may} The text of this request was not sealed. /send_msg without a text sends message 0 again, as the same bytes.`,
    )
  })

  it('that is unknown or has arrived tells so, and whether anything was sealed', async () => {
    const [a, b] = await agreed()
    const leaveInDoubt = async () => {
      a.loses = 'requests'
      await outcomeOf(send(a, PAY))
      a.loses = 'nothing'
    }
    await leaveInDoubt()
    const [, again] = await Promise.all([send(a), detailOf(send(a))])
    assert.match(again, /^It is message 0, which was in doubt, and has arrived since\. If you/)
    await leaveInDoubt()
    for (const one of [a, b, a, b]) await one.peer.sendKeys()
    assert.equal(
      await detailOf(send(a)),
      'Nobody can tell whether message 1 arrived: it may have been read. Its session is over. The text of this request was not sealed.',
    )
    await leaveInDoubt()
    b.restart()
    const [first, second] = await Promise.all([detailOf(send(a)), detailOf(send(a, PAY))])
    assert.match(first, /^Nobody can tell whether message 0 arrived: it may have been read/)
    assert.match(first, GONE)
    assert.match(second, /^Nobody can tell whether message 0 arrived.*Its session is over\.$/)
    const third = await detailOf(send(a, 'pay 2'))
    assert.match(third, /did not take the text/)
    assert.match(third, GONE)
  })

  it('of which nothing was sent tells that', async () => {
    const [a] = await agreed()
    a.loses = 'connections'
    assert.equal(await detailOf(send(a)), 'Refused. Nothing of the text was sent.')
  })
})

describe('a session that the other peer has lost', () => {
  const goneBy = ({ events }: WiredPeer) =>
    events.flatMap((event) =>
      event.type === 'session gone' ? [[bytesToHex(event.session), event.inDoubt]] : [],
    )

  it('is said to be gone by a picture, without a text where none was in doubt on it', async () => {
    const [a, b] = await agreed({
      intercept: (kind) => {
        if (kind === 'image') throw new PeerError('peer_refused', 'Gone.', 'unknown_session')
      },
    })
    a.loses = 'requests'
    await outcomeOf(send(a, PAY))
    a.loses = 'nothing'
    for (const { peer } of [a, b]) await peer.sendKeys()
    await assert.rejects(a.peer.sendPicture(), { peerCode: 'unknown_session' })
    assert.deepEqual(goneBy(a), [[a.peer.publicState().session?.id, null]])
  })

  for (const suite of [SUITES.X25519, SUITES.X25519MLKEM768]) {
    for (const by of ['this peer', 'the other one'])
      it(`is said to be gone with the text in doubt, at the next keys of ${by}, on ${suite.name}`, async () => {
        const [a, b] = await agreed({ suite })
        const session = a.peer.publicState().session?.id
        a.loses = 'answers'
        await outcomeOf(send(a))
        a.loses = 'requests'
        await outcomeOf(send(a, PAY))
        a.loses = 'nothing'
        b.restart()
        for (const { peer } of by === 'this peer' ? [a, b] : [b, a]) await peer.sendKeys()
        assert.deepEqual([goneBy(a), goneBy(b)], [[[session, 1]], []])
      })

    it(`is not said to be gone where both have it, whoever sends keys, on ${suite.name}`, async () => {
      const [a, b] = await agreed({ suite })
      for (const { peer } of [a, b, b, a, a]) await peer.sendKeys()
      await send(a)
      assert.deepEqual([goneBy(a), goneBy(b)], [[], []])
    })
  }
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
