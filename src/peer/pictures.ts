/** A peer's pictures: what goes to the other peer, one after another, and what comes from it. */

import { DuetError } from '../protocol/errors.ts'
import type { Exchange } from '../protocol/exchange.ts'
import { HEADER_BYTES, PictureOpener, parseHeader, streamBytes } from '../protocol/stream.ts'
import {
  PeerError,
  type PeerEvent,
  type PeerOptions,
  type PictureAccepted,
  type PictureDraft,
  type PictureSource,
} from './contract.ts'
import type { LetterCount } from './frequency.ts'
import { inTurn } from './inTurn.ts'
import type { Keys } from './keys.ts'
import type { Texts } from './texts.ts'
import { checkBeginning, headFirst, openInto, sealPicture } from './transfer.ts'

/** A picture that takes longer than this, in ms, is reported on its way, and as often. */
const PROGRESS_MS = 1000

type Options = Pick<PeerOptions, 'memory' | 'wire' | 'report' | 'ownPicture' | 'maxImage' | 'aead'>

/** A picture that comes: its key, and what accepts it once all of it has opened. */
type Incoming = ReturnType<Exchange['receivePicture']>

export class Pictures {
  readonly #exchange: Exchange
  readonly #keys: Keys
  readonly #texts: Texts
  readonly #letters: LetterCount
  readonly #options: Options
  readonly #inTurn = inTurn()

  /** `letters` counts those of each picture's first chunk: that is enough. */
  constructor(
    exchange: Exchange,
    keys: Keys,
    texts: Texts,
    letters: LetterCount,
    options: Options,
  ) {
    this.#exchange = exchange
    this.#keys = keys
    this.#texts = texts
    this.#letters = letters
    this.#options = options
  }

  /** As `Peer.sendPicture`: one after another, since on the way one might overtake another, which is lost then. */
  send(given?: PictureSource) {
    return this.#inTurn(async () => {
      const picture = given ?? (await this.#options.ownPicture())
      const { type, bytes, name } = picture
      const { maxImage, report } = this.#options
      if (bytes > maxImage)
        throw new DuetError('too_large', `This peer sends pictures of at most ${maxImage} bytes.`)
      const length = streamBytes(picture)
      const checked = await checkBeginning(picture)
      const clock = pictureClock('sent', report)
      try {
        await this.#sendChecked(checked, length, (done) => clock.progress(done, bytes))
      } finally {
        checked.end()
      }
      report({ type: 'picture sent', picture: { type, bytes, name }, ms: clock.ms() })
      return { sent: true, bytes, type } as const
    })
  }

  /** As `Peer.receivePicture`. A picture that fails leaves nothing. */
  async receive(stream: AsyncIterable<Uint8Array>): Promise<PictureAccepted> {
    const pieces = headFirst(stream, HEADER_BYTES)
    try {
      const { value: header = new Uint8Array(0) } = await pieces.next()
      const incoming = this.#exchange.receivePicture(parseHeader(header))
      return { accepted: true, bytes: await this.#keep(pieces, incoming) }
    } finally {
      await pieces.return(undefined)
    }
  }

  /** From here on the session has one picture less to send. `length`: of the whole stream, in bytes. */
  async #sendChecked(
    picture: PictureSource,
    length: number,
    progress: (done: number) => void,
  ): Promise<void> {
    const { wire, aead } = this.#options
    const { header, key } = this.#exchange.sendPicture()
    const content = sealPicture(picture, { header, key }, aead, progress)
    try {
      await wire.image({ bytes: length, content })
    } catch (error) {
      if (error instanceof PeerError && error.peerCode === 'unknown_session')
        this.#texts.sessionGone(header.session)
      throw error
    } finally {
      // The key is needed until the last piece is sealed. After an early refusal a piece may still be on its way, and
      // where the wire failed at once, `content` was never begun and erases nothing itself.
      const erase = () => key.fill(0)
      content.return(undefined).then(erase, erase)
    }
  }

  /** Opens the chunks that follow the header, and makes them the last picture. Returns how many bytes it has. */
  async #keep(chunks: AsyncIterable<Uint8Array>, { key, accept }: Incoming): Promise<number> {
    const { memory, aead, maxImage, report } = this.#options
    const clock = pictureClock('received', report)
    const opener = new PictureOpener(key, maxImage, aead)
    let draft: PictureDraft | undefined
    try {
      draft = await memory.pictures.create()
      const { metadata, firstChunk } = await openInto(draft, opener, chunks, clock.progress)
      await draft.finish(metadata.type)
      // From here on nothing waits and nothing fails: the picture is accepted and kept in one step. What runs next may
      // begin another exchange, so the one that this picture completed is told of first.
      if (accept()) this.#keys.completed()
      const { path, type, bytes, isRepeated, removed } = draft.keep()
      this.#letters.add(firstChunk)
      const picture = { type, bytes, name: metadata.name }
      report({ type: 'picture received', picture, path, ms: clock.ms(), isRepeated })
      if (removed.length > 0) report({ type: 'pictures removed', removed })
      return bytes
    } catch (error) {
      await draft?.discard()
      throw error
    } finally {
      opener.erase()
    }
  }
}

/** Measures how long a picture takes, and reports the progress of a slow one. */
function pictureClock(way: 'sent' | 'received', report: (event: PeerEvent) => void) {
  const begin = performance.now()
  let next = PROGRESS_MS
  const ms = () => performance.now() - begin
  return {
    ms,
    progress: (done: number, total: number) => {
      if (ms() < next) return
      next = ms() + PROGRESS_MS
      report({ type: 'picture progress', way, done, total, ms: ms() })
    },
  }
}
