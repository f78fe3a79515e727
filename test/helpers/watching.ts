/** A mailbox for each test, and a watcher of it in the test's own process. */

import fs from 'node:fs'
import { beforeEach, type TestContext } from 'node:test'
import { Maildir } from '../../src/mailbox/maildir.ts'
import { watchMaildir } from '../../src/mailbox/watchMaildir.ts'
import type { WatchEvent } from '../../src/peer/contract.ts'
import type { KeyPair } from '../../src/protocol/curves.ts'
import { folderForEach } from './files.ts'
import { type MailKeys, makeKeys, storeIn } from './mail.ts'
import { until } from './until.ts'

/** An empty mailbox in the folder `mail` of each test's folder, and its keys beside it. */
export function mailboxForEach() {
  const at = folderForEach()
  const box = {
    /** A place in the folder of the test. */
    at,
    dir: '',
    keys: {} as MailKeys,
    namesIn: (sub: string) => fs.readdirSync(at('mail', sub)).sort(),
    /** Seals a text to the key and delivers it. */
    store: (text: string) => storeIn(box.dir, box.keys.pair, text),
    /** Watches beside `use`, and ends well. */
    watching: (use: Use, tell?: Tell) => watching(box.dir, box.keys.pair, use, tell),
  }
  beforeEach(() => {
    box.dir = at('mail')
    box.keys = makeKeys(at('keys'))
    fs.mkdirSync(box.dir)
  })
  return box
}

type Use = (watching: Watching) => Promise<void>
type Tell = (event: WatchEvent) => Promise<void>

interface Watching {
  readonly events: WatchEvent[]
  /** The texts so far. */
  readonly texts: string[]
  untilTexts(count: number): Promise<void>
  /** Waits for an event of this type. */
  told(type: WatchEvent['type']): Promise<void>
}

async function watching(dir: string, pair: KeyPair, use: Use, tell: Tell = async () => {}) {
  const events: WatchEvent[] = []
  const texts: string[] = []
  const ending = new AbortController()
  const watched = watchMaildir({
    maildir: new Maildir(dir),
    pair,
    signal: ending.signal,
    tell: async (event) => {
      if (event.type === 'mail') texts.push(Buffer.from(event.SECRET).toString())
      events.push(event)
      await tell(event)
    },
  })
  let ended = false
  const end = () => {
    ended = true
  }
  // whoever awaits it hears of an error
  watched.then(end, end)
  try {
    await use({
      events,
      texts,
      untilTexts: (count) =>
        until(
          () => texts.length >= count,
          () => texts.join(),
        ),
      told: (type) =>
        until(
          () => events.some((event) => event.type === type),
          () => type,
        ),
    })
  } finally {
    ending.abort()
    await until(
      () => ended,
      () => 'the watcher ends',
    )
    await watched
  }
}

/** The watcher looks again after `ms` and not after a second; without `ms`, never. */
export function lookAgainAfter(t: TestContext, ms?: number): void {
  const { setTimeout } = globalThis
  t.mock.method(globalThis, 'setTimeout', (act: () => void, after: number) =>
    after === 1000 ? setTimeout(ms === undefined ? () => {} : act, ms) : setTimeout(act, after),
  )
}
