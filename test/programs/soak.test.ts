/** The parts of `make soak`: that its wire is as bad as it says, and that it notices what is wrong. */

import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { call } from '../helpers/call.ts'
import { withServer } from '../helpers/fakes.ts'
import { Ledger, type Side } from '../soak/ledger.ts'
import { lineThrough } from '../soak/line.ts'
import { planOf } from '../soak/plan.ts'
import { FAULT_KINDS, type FaultKind, faultyProxy } from '../soak/proxy.ts'

const BODY = 'a body of some length'

/** What the sender gets (null: a broken connection) and the target (null: a request that broke off). */
const OUTCOMES: Record<FaultKind, { sender: string | null; target: (string | null)[] }> = {
  passed: { sender: 'answer 1', target: [BODY] },
  'delayed request': { sender: 'answer 1', target: [BODY] },
  'delayed answer': { sender: 'answer 1', target: [BODY] },
  overtaken: { sender: 'answer 1', target: [BODY] },
  'dropped request': { sender: null, target: [] },
  'dropped answer': { sender: null, target: [BODY] },
  'given up, then late': { sender: null, target: [BODY] },
  doubled: { sender: 'answer 1', target: [BODY, BODY] },
  replayed: { sender: 'answer 1', target: [BODY, BODY] },
  'cut request': { sender: null, target: [null] },
  stalled: { sender: null, target: [null] },
  'cut answer': { sender: null, target: [BODY] },
  shortened: { sender: 'answer 1', target: [BODY.slice(0, 10)] },
  // the lowest bit of the character in the middle
  changed: { sender: 'answer 1', target: ['a body of rome length'] },
  'reset at once': { sender: null, target: [] },
}

async function bodyOf(request: IncomingMessage): Promise<string | null> {
  try {
    let body = ''
    for await (const chunk of request) body += chunk
    return body
  } catch {
    return null
  }
}

/** What comes of one request with a fault of this kind. */
async function sentThrough(kind: FaultKind) {
  const target: Promise<string | null>[] = []
  return withServer(
    async (request, response) => {
      const body = bodyOf(request)
      const number = target.push(body)
      if ((await body) !== null)
        response.writeHead(201, { 'content-length': 8 }).end(`answer ${number}`)
    },
    async (_url, server) => {
      const { port } = server.address() as AddressInfo
      let take = () => {}
      const taken = new Promise<void>((resolve) => {
        take = resolve
      })
      const proxy = await faultyProxy(port, () => {
        take()
        return { kind, ms: 20, share: 0.5 }
      })
      try {
        proxy.storm()
        const request = { method: 'POST', body: BODY }
        const url = `http://127.0.0.1:${proxy.port}/wire/keys`
        const sending = call(url, request).then(
          ({ text }) => text,
          () => null,
        )
        await taken
        // this one ends with the storm
        if (kind !== 'stalled') await sending
        await proxy.calm()
        const sender = await sending
        // once another one was answered, all before it has arrived
        assert.match((await call(url, request)).text, /^answer \d$/)
        const bodies = await Promise.all(target)
        return { sender, target: bodies.slice(0, -1), heard: proxy.recorded().toString() }
      } finally {
        proxy.close()
      }
    },
  )
}

describe('the faulty proxy', () => {
  for (const kind of FAULT_KINDS)
    it(`has a fault called "${kind}", which is that`, async () => {
      const { sender, target, heard } = await sentThrough(kind)
      // which of two copies comes first is up to the network
      assert.equal(kind === 'doubled' ? 'answer 1' : sender, OUTCOMES[kind].sender)
      assert.deepEqual(target, OUTCOMES[kind].target)
      for (const part of ['POST /wire/keys', 'content-length', BODY, '201', 'answer'])
        assert.ok(heard.includes(part), part)
    })
})

describe('the ledger', () => {
  /** A ledger in which a text, a picture and a letter to 1 were handed in, and what tells it that they came. */
  const handed = () => {
    const ledger = new Ledger(1)
    const text = ledger.text(1, 0, 100)
    const picture = ledger.picture(1, 0, 'image/png', 500)
    const letter = ledger.letter(1, 100)
    return {
      ...{ ledger, text, picture, letter },
      open: (on: Side = 1, what = text) => ledger.opened(on, what),
      find: (on: Side = 1, what = picture) => ledger.found(on, 'a file', what),
      print: (on: Side = 1, what = letter, mayRepeat = false) =>
        ledger.printed(on, what, mayRepeat),
    }
  }

  it('is content with what was accepted and arrived once, in any order', () => {
    const { ledger, text, picture, open, find } = handed()
    ledger.accept(text)
    open()
    find()
    ledger.accept(picture)
    ledger.settle(1, 0)
    assert.deepEqual(ledger.messages, { handed: 1, accepted: 1, arrived: 1, lost: 0 })
    assert.deepEqual(ledger.pictures, { handed: 1, accepted: 1, arrived: 1 })
  })

  it('is content with what was not accepted, whether it arrived or not', () => {
    const { ledger, find } = handed()
    ledger.settle(1, 0)
    find()
    ledger.settle(1, 0)
  })

  it('lets a message get lost with the life of its receiver, and only with that', () => {
    const { ledger, text } = handed()
    ledger.accept(text)
    assert.throws(() => ledger.settle(1, 0), /message 0 was accepted and is lost/)
    ledger.settle(0, 0)
    ledger.settle(1, 1)
    assert.equal(ledger.messages.lost, 1)
  })

  it('lets no accepted picture get lost', () => {
    const { ledger, picture } = handed()
    ledger.accept(picture)
    assert.throws(() => ledger.settle(1, 1), /a picture was accepted and is not there/)
  })

  it('takes a letter twice over, and it arrives once', () => {
    const { ledger, letter, print } = handed()
    ledger.accept(letter)
    ledger.accept(letter)
    assert.equal(ledger.unread(1), 1)
    print()
    assert.equal(ledger.unread(1), 0)
    assert.deepEqual(ledger.mail, { handed: 1, accepted: 1, arrived: 1, again: 0, aside: 0 })
  })

  it('lets a letter be printed again that its watcher was killed over', () => {
    const { ledger, letter, print } = handed()
    print()
    print(1, letter, true)
    assert.deepEqual([ledger.mail.arrived, ledger.mail.again], [1, 1])
  })

  const wrongs: [string, RegExp, (given: ReturnType<typeof handed>) => unknown][] = [
    ['a text that is opened again', /message 0 came twice/, ({ open }) => [open(), open()]],
    ['a text of nobody', /nothing that anybody sent/, ({ open }) => open(1, '7 hello')],
    ['a text on its sender', /came to its sender/, ({ open }) => open(0)],
    ['a changed text', /was changed/, ({ open, text }) => open(1, `${text}!`)],
    ['a picture that is there again', /a file came twice/, ({ find }) => [find(), find()]],
    ['half a picture', /anybody sent/, ({ find, picture }) => find(1, picture.slice(0, 250))],
    ['a picture on its sender', /to its sender/, ({ find }) => find(0)],
    ['a letter that is printed again', /mail-0 came twice/, ({ print }) => [print(), print()]],
    ['a letter of nobody', /anybody sent/, ({ print }) => print(1, 'mail-7 hello', true)],
    ['a letter at its sender', /its sender/, ({ print }) => print(0)],
    ['a changed letter', /was changed/, ({ print, letter }) => print(1, `${letter}!`, true)],
    [
      'a letter that was set aside as it was sealed',
      /set aside as it was sealed/,
      ({ ledger }) => [ledger.sealed('an id'), ledger.setAside('an id')],
    ],
  ]
  for (const [what, says, run] of wrongs)
    it(`notices ${what}`, () => {
      const given = handed()
      assert.throws(() => run(given), says)
    })
})

describe('the line through points', () => {
  it('has the slope that they have, and no error where they lie on it', () => {
    const line = lineThrough([0, 1, 2, 5].map((x) => [x, 3 * x + 7]))
    assert.deepEqual(line, { slope: 3, error: 0 })
  })

  it('has an error where they do not', () => {
    const noise = [1, -1, 1, -1, 1, -1]
    const line = lineThrough(noise.map((y, x) => [x, y]))
    // by hand: Sxy -3, Sxx 17.5, residual sum of squares 6 - 9 / 17.5
    assert.ok(line)
    assert.ok(Math.abs(line.slope + 3 / 17.5) < 1e-12)
    assert.ok(Math.abs(line.error - Math.sqrt((6 - 9 / 17.5) / 4 / 17.5)) < 1e-12)
  })

  it('is none through three', () => assert.equal(lineThrough([0, 1, 2].map((x) => [x, x])), null))
})

describe('the plan', () => {
  const begin = (seed: number) => {
    const { steps, faults, restarts } = planOf(seed)
    const some = <T>(of: Generator<T, never>) =>
      Array.from({ length: 1_500 }, () => of.next().value)
    return [steps, ...faults, restarts].map((part) => some<unknown>(part))
  }

  it('is the same for the same seed, and another for another', () => {
    assert.deepEqual(begin(5), begin(5))
    for (const [i, part] of begin(6).entries()) assert.notDeepEqual(part, begin(5)[i])
  })

  it('has every fault in it', () => {
    const kinds = new Set((begin(5)[1] as { kind: FaultKind }[]).map(({ kind }) => kind))
    assert.deepEqual([...kinds].sort(), [...FAULT_KINDS].sort())
  })
})
