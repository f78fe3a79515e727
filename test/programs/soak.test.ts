/** The parts of `make soak`: that its wire is as bad as it says, and that it notices what is wrong. */

import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { call } from '../helpers/call.ts'
import { withServer } from '../helpers/fakes.ts'
import { folderForAll } from '../helpers/files.ts'
import { Parcels, type Side, Texts } from '../soak/ledger.ts'
import { lineThrough } from '../soak/memory.ts'
import { Dice, drawFault, drawStep } from '../soak/plan.ts'
import { Soak } from '../soak/soak.ts'
import { FAULT_KINDS, type FaultKind, faultyWire } from '../soak/wire.ts'

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
      const wire = await faultyWire(port, () => {
        take()
        return { kind, ms: 20, share: 0.5 }
      })
      try {
        wire.storm()
        const request = { method: 'POST', body: BODY }
        const url = `http://127.0.0.1:${wire.port}/wire/keys`
        const sending = call(url, request).then(
          ({ text }) => text,
          () => null,
        )
        await taken
        // this one ends with the storm
        if (kind !== 'stalled') await sending
        await wire.calm()
        const sender = await sending
        // once another one was answered, all before it has arrived
        assert.match((await call(url, request)).text, /^answer \d$/)
        const bodies = await Promise.all(target)
        return { sender, target: bodies.slice(0, -1), heard: wire.recorded().toString() }
      } finally {
        wire.close()
      }
    },
  )
}

describe('the faulty wire', () => {
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

describe('the ledger of pictures and letters', () => {
  /** A ledger in which a picture and a letter to 1 were handed in, and what tells it that they came. */
  const handed = () => {
    const parcels = new Parcels()
    const picture = parcels.picture(1, 'image/png', 500)
    const letter = 'a letter: hello'
    parcels.handIn('letter', 1, letter)
    const find = (on: Side = 1, what = picture) => parcels.arrive(on, what)
    const print = (on: Side = 1, what = letter, mayRepeat = false) =>
      parcels.arrive(on, what, mayRepeat)
    return { parcels, picture, letter, find, print }
  }

  it('misses what was accepted until it has arrived, and nothing else', () => {
    const { parcels, picture, letter, find, print } = handed()
    const missing = () => [parcels.missing(1, 'picture'), parcels.missing(1, 'letter')]
    assert.deepEqual(missing(), [0, 0])
    // of a letter one may be told so again
    for (const what of [picture, letter, letter]) parcels.accept(what)
    assert.deepEqual(missing(), [1, 1])
    find()
    assert.deepEqual(missing(), [0, 1])
    print()
    assert.deepEqual(missing(), [0, 0])
  })

  it('lets a letter be printed again that its watcher was killed over', () => {
    const { parcels, letter, print } = handed()
    print()
    print(1, letter, true)
    assert.deepEqual([parcels.counts.arrived, parcels.counts.again], [1, 1])
  })

  const wrongs: [string, RegExp, (given: ReturnType<typeof handed>) => unknown][] = [
    ['a picture that is there again', /a picture came twice/, ({ find }) => [find(), find()]],
    ['half a picture', /anybody sent/, ({ find, picture }) => find(1, picture.slice(0, 250))],
    ['a picture on its sender', /to its sender/, ({ find }) => find(0)],
    ['a letter that is printed again', /a letter came twice/, ({ print }) => [print(), print()]],
    ['a changed letter', /anybody sent/, ({ print, letter }) => print(1, `${letter}!`, true)],
    ['a letter at its sender', /its sender/, ({ print }) => print(0)],
    [
      'a letter that was set aside as it was sealed',
      /set aside as it was sealed/,
      ({ parcels }) => [parcels.sealed('an id'), parcels.setAside('an id')],
    ],
  ]
  for (const [what, says, run] of wrongs)
    it(`notices ${what}`, () => {
      const given = handed()
      assert.throws(() => run(given), says)
    })
})

describe('the ledger of texts', () => {
  const SESSION = 'cafe'
  /** Two equal texts to 1, and what is said of them. */
  const handed = () => {
    const texts = new Texts(1)
    const text = texts.text(1, 100)
    assert.equal(texts.text(1, 100, true), text)
    return {
      ...{ texts, text },
      told: (code: string, seq?: number, sealed = true, what: string | null = text) =>
        texts.told(0, 0, what ?? undefined, {
          code,
          sealed,
          ...(seq !== undefined && { session: SESSION, seq }),
        }),
      open: (seq: number, what = text) => texts.opened(1, seq, what),
    }
  }
  type Handed = ReturnType<typeof handed>

  const rights: Record<string, (given: Handed) => unknown> = {
    'two that are told as arrived, and are opened': ({ told, open }) => [
      ...[told('201', 0), told('201', 1), open(1), open(0)],
    ],
    'one that is in doubt, comes again, and is opened once': ({ told, open }) => [
      ...[told('in_doubt', 0), open(0), told('in_doubt', 0), told('201', 0)],
    ],
    'one that arrives when another text is sent': ({ texts, told, open }) => [
      ...[told('in_doubt', 0), texts.settled(0, 0, 0), open(0)],
    ],
    'one that may have arrived, and did': ({ told, open }) => [told('maybe_read', 0), open(0)],
    'one that may have arrived, and did not': ({ told }) => told('maybe_read', 0),
    'one of which the terminal says so': ({ texts, told }) => [
      ...[told('in_doubt', 0), texts.settled(0, 0, 0, SESSION)],
    ],
    'one whose sender was killed': ({ texts, told, open }) => [
      ...[told('in_doubt', 0), open(0), texts.settle(1, 1)],
    ],
    'one whose request had no answer': ({ texts, text, open }) => [
      ...[texts.unanswered(0, text), open(3)],
    ],
    'one that is refused, and never opened': ({ told }) => [
      ...[told('peer_unreachable'), told('in_doubt', 0, false), told('maybe_read', 0, false)],
    ],
    'one that was lost with its receiver': ({ texts, told }) => [told('201', 0), texts.lost(1, 1)],
    "the peer's own, where no text was given": ({ texts, told, open }) => [
      ...[told('201', 0, true, null), open(0, texts.standard(1))],
    ],
  }
  for (const [what, run] of Object.entries(rights))
    it(`is content with ${what}`, () => {
      const given = handed()
      run(given)
      given.texts.settle(1, 0)
    })

  const MORE = /0 was opened more often than it may have arrived/
  const wrongs: Record<string, [RegExp, (given: Handed) => unknown]> = {
    'a text that is opened again': [MORE, ({ told, open }) => [told('201', 0), open(0), open(0)]],
    'an equal one under another number': [
      MORE,
      ({ told, open }) => [told('201', 0), open(0), open(1)],
    ],
    'a refused one that is opened': [MORE, ({ told, open }) => [told('peer_refused'), open(0)]],
    'one in doubt that is sealed anew': [
      /nobody was told what became of message 0/,
      ({ told }) => [told('in_doubt', 0), told('201', 1)],
    ],
    'one that is sealed anew without a word': [
      MORE,
      ({ told, open }) => [told('in_doubt', 0), told('201', 0), open(0), open(1)],
    ],
    'one that is told as arrived and never opened': [
      /1 texts arrived and were not opened; 0/,
      ({ told, open }) => [told('201', 0), told('201', 1), open(0)],
    ],
    'more than the receiver says to be lost': [
      /2 texts arrived and were not opened; 1/,
      ({ texts, told }) => [told('201', 0), told('201', 1), texts.lost(1, 1)],
    ],
    'one that stays in doubt without a word': [
      /nobody was told/,
      ({ told }) => told('in_doubt', 0),
    ],
    'a sender that ends without a word': [
      /its sender ended without a word on message 0/,
      ({ texts, told }) => [told('in_doubt', 0), texts.saidAll(0, 0)],
    ],
    'two requests that are told 201 of one message': [
      /told twice/,
      ({ told }) => [told('201', 0), told('201', 0)],
    ],
    'one that arrived, and then may have': [
      /told as arrived, then as unknown/,
      ({ told }) => [told('201', 0), told('maybe_read', 0)],
    ],
    'a number that two texts have': [
      /two texts/,
      ({ texts, told }) => [told('in_doubt', 0), told('201', 0, true, texts.text(1, 100))],
    ],
    'a text of nobody': [/nobody's text/, ({ open, text }) => open(0, `${text}!`)],
    'a text on its sender': [/came to its sender/, ({ texts, text }) => texts.opened(0, 0, text)],
  }
  for (const [what, [says, run]] of Object.entries(wrongs))
    it(`notices ${what}`, () => {
      const given = handed()
      assert.throws(() => {
        run(given)
        given.texts.settle(1, 0)
      }, says)
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
  const faults = (subject: 'all' | 'texts') => {
    const dice = new Dice(5)
    return Array.from({ length: 3_000 }, () => drawFault(dice, subject).kind)
  }

  it('is the same for the same seed, and another for another', () => {
    const [one, same, another] = [5, 5, 6].map((seed) => {
      const dice = new Dice(seed)
      return Array.from({ length: 100 }, () => drawStep(dice, 'all'))
    })
    assert.deepEqual(one, same)
    assert.notDeepEqual(one, another)
  })

  it('has every fault in it', () => {
    assert.deepEqual([...new Set(faults('all'))].sort(), FAULT_KINDS.toSorted())
  })

  it('has faults for 30 % of the requests and of the other answers, where it is about texts', () => {
    const kinds = faults('texts')
    const share = (is: (kind: FaultKind) => boolean) => kinds.filter(is).length / kinds.length
    assert.ok(Math.abs(share((kind) => kind === 'passed') - 0.49) < 0.04)
    assert.ok(Math.abs(share((kind) => kind.endsWith('answer')) - 0.21) < 0.04)
  })
})

describe('the soak', () => {
  const at = folderForAll()

  it('sends some texts over a wire that loses them, and knows what became of each', async (t) => {
    const seed = Math.floor(Math.random() * 1e9)
    t.diagnostic(`TEXTS=30 SEED=${seed}`)
    const soak = new Soak({ seed, curve: 'X25519', folder: at(), texts: 30 })
    try {
      await Promise.race([soak.run(Number.POSITIVE_INFINITY, 60_000), soak.scene.failed])
    } finally {
      await soak.scene.close()
    }
    assert.ok(soak.scene.texts.counts.handed >= 30)
  })
})
