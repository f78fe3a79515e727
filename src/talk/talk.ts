/** A talk with one other peer: what happens to both sides, in a few words, and what the owner types. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { PeerEvent, PictureSource } from '../peer/contract.ts'
import type { Peer } from '../peer/peer.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import { DuetError } from '../protocol/errors.ts'
import { MAX_TEXT_BYTES } from '../protocol/messages.ts'
import { megabytes, safetyNumberValue } from '../terminal/lines.ts'
import { writesPlainly } from '../terminal/output.ts'
import { ours, quoting, said } from '../terminal/said.ts'
import type { TalkSign } from '../terminal/talkLines.ts'
import { COMMANDS, wishOf } from './commandLine.ts'
import type { MovingWire } from './movingWire.ts'
import { type Line, type Mark, Outbox } from './outbox.ts'
import { piecesOf } from './pieces.ts'
import type { Screen } from './screen.ts'
import { type KeysTrouble, Sender } from './sender.ts'
import type { TypedLine } from './typing.ts'

const SIGNS: Readonly<Record<Mark, TalkSign>> = {
  waits: '…',
  doubt: '?',
  arrived: '✓',
  unknown: '?',
  refused: '✗',
}

/** What a refusal of our keys means. */
const REFUSED: Readonly<Record<string, (name: string) => string>> = {
  identity_changed: (name) =>
    `${name} knows somebody else, and refuses these keys. Perhaps one of you has another --state than last time.`,
  curve_mismatch: (name) => `${name} has another curve: start both with the same --curve.`,
  reflection: (name) => `${name} is you: --peer names this very program.`,
}

/** So many texts that are not settled at the end are shown. */
const MAX_TOLD = 20

/** Of so many identities that are refused one is told. */
const MAX_STRANGERS = 3

/** The progress of a picture is shown so often, in ms. */
const PROGRESS_MS = 100

export interface TalkParts {
  readonly peer: Peer
  readonly wire: MovingWire
  readonly screen: Screen
  /** What the other one calls itself, harmless already; null if nobody knows. */
  readonly label: () => string | null
  /** Opens a picture to send. @throws DuetError */
  readonly picture: (file: string) => Promise<PictureSource>
  /** Shows an event as every peer's terminal does. */
  readonly showPlainly: (event: PeerEvent) => void
  /** The known identity was confirmed where the other peer is looked for. */
  readonly confirmed: () => void
  /** Says who else is there. */
  readonly who: () => void
  readonly quit: () => void
}

export class Talk {
  readonly #parts: TalkParts
  readonly #outbox: Outbox
  readonly #sender: Sender
  /** Whether a text may have been lost, or was refused. */
  #hasLost = false
  readonly #strangers = new Set<string>()
  #safetyNumber = ''
  #lastTrouble = ''
  /** When something moved last, as `performance.now` has it. */
  #moved = performance.now()

  constructor(parts: TalkParts) {
    this.#parts = parts
    this.#outbox = new Outbox((line, isNews) => this.#marked(line, isNews))
    this.#sender = new Sender(parts.peer, parts.wire, this.#outbox, (trouble) =>
      this.#troubled(trouble),
    )
  }

  /** Texts that nobody has acknowledged. */
  get unsettled(): number {
    return this.#outbox.lines.length
  }

  /** Whether a text may have been lost, or is not settled. */
  get isInDoubt(): boolean {
    return this.#hasLost || this.unsettled > 0
  }

  /** Sends keys until there is a session, and then what is typed. Resolves once `end` was called. */
  run(): Promise<void> {
    return this.#sender.run()
  }

  /** Nothing is sent any more. What is not settled is told. */
  end(): void {
    this.#sender.end()
    const { lines } = this.#parts.screen
    const open = this.#outbox.lines
    for (const { mark, text } of open.slice(0, MAX_TOLD)) lines.sent(SIGNS[mark], text)
    if (open.some(({ mark }) => mark === 'doubt'))
      lines.say('·', 'Nobody can tell whether the text with ? arrived.')
    const unsent = open.filter(({ mark }) => mark === 'waits').length
    if (unsent > 0) lines.say('✗', `Not sent: ${unsent === 1 ? '1 text' : `${unsent} texts`}.`)
  }

  /** How often in a row it was tried in vain. */
  get failures(): number {
    return this.#outbox.failures
  }

  /** The other peer is at `url` from now on: keys go there first. Null: nobody knows where, and nothing goes anywhere. */
  readonly aim = (url: string | null): void => {
    this.#outbox.isHeld = url === null
    this.#outbox.keysNeeded()
    this.#parts.wire.move(url)
    this.#lastTrouble = ''
    this.#sender.wake()
    this.#showStatus()
  }

  /** Resolves once all texts are settled, or nothing has moved for `patience` ms. */
  async settled(patience: number): Promise<void> {
    this.#moved = performance.now()
    while (this.unsettled > 0 && performance.now() - this.#moved < patience) await sleep(20)
  }

  /** Takes a line that was typed, or that came through a pipe. */
  take({ text, mayBeCommand }: TypedLine): void {
    const wish = wishOf(text, mayBeCommand)
    const { screen, peer } = this.#parts
    const { lines } = screen
    switch (wish.kind) {
      case 'nothing':
        return
      case 'text':
        this.#say(wish.text)
        return
      case 'send':
        this.#sendPicture(wish.argument).catch((error) => this.#failed(error, wish.argument))
        return
      case 'compare':
        this.#compare(wish.argument)
        return
      case 'keys':
        this.#outbox.keysNeeded()
        this.#sender.wake()
        return
      case 'show':
        peer.show()
        this.#sayNumber()
        return
      case 'who':
        this.#parts.who()
        return
      case 'quit':
        this.#parts.quit()
        return
      case 'unknown':
        lines.say('✗', said`There is no command ${`/${wish.word}`}. Two slashes send one: //`)
        this.#help()
        return
      case 'help':
        this.#help()
        return
    }
  }

  /** To be called with each event of the peer. */
  heard(event: PeerEvent): void {
    const { screen, label, showPlainly, peer } = this.#parts
    const { lines } = screen
    this.#sender.heard(event)
    switch (event.type) {
      case 'ready':
      case 'keys sent':
      case 'keys received':
      case 'message sent':
      case 'message repeated':
      case 'message settled':
      case 'copy received':
      case 'another session':
      case 'proof sent':
      case 'proof received':
      // strangers can have as many of these as they like
      case 'refused':
        return
      case 'keys confirmed':
        this.#agreed(event)
        return
      case 'message received':
        // what waits is opened once this one is answered
        setImmediate(() => {
          if (peer.unread > 0) peer.decryptMessages()
        })
        return
      case 'message opened':
        lines.heard(label() ?? 'other', event.SECRET)
        lines.ring()
        return
      case 'number compared':
        lines.say('✓', 'The same number on both sides: nobody is in the middle.')
        if (!event.isKept)
          lines.below('That could not be written: compare it again after a restart.')
        return
      case 'number differs':
        lines.say(
          '✗',
          `THE NUMBERS DIFFER, in ${event.different} of 12 groups. Have it read once more.`,
        )
        lines.below('If it still differs, somebody is in the middle.')
        return
      case 'identity changed':
        this.#stranger(event)
        return
      case 'session gone':
        lines.say(
          '·',
          'Their program was started anew. Texts that they had not read by then are gone.',
        )
        return
      case 'picture sent':
        lines.say('✓', said`picture ${event.picture.name}, ${ours(megabytes(event.picture.bytes))}`)
        return
      case 'picture received': {
        const { picture, path } = event
        lines.say(
          '←',
          said`${ours(label() ?? 'other')}: picture ${picture.name}, ${ours(megabytes(picture.bytes))}`,
        )
        lines.say('·', said`It is in ${path}`)
        lines.ring()
        return
      }
      case 'picture progress':
        if (event.way === 'received') {
          screen.status = `       ←  a picture: ${percent(event.done, event.total)}`
          if (event.done >= event.total) this.#showStatus()
        }
        return
      default:
        showPlainly(event)
    }
  }

  /** Anybody can send as many of these as they like. */
  #stranger({ identity, toForget }: Extract<PeerEvent, { type: 'identity changed' }>): void {
    const { lines } = this.#parts.screen
    const shown = bytesToHex(identity)
    if (this.#strangers.has(shown) || this.#strangers.size >= MAX_STRANGERS) return
    this.#strangers.add(shown)
    lines.say('✗', `Keys of somebody whom you do not know were refused (${shown.slice(0, 16)}…).`)
    lines.below('If the one you know was set up anew:')
    lines.below(said`${toForget}`)
    lines.below('To talk with somebody else, take another folder: --state DIR')
  }

  /** The other one in a sentence. */
  get #name(): string {
    return this.#parts.label() ?? 'the other one'
  }

  #say(text: string): void {
    const pieces = piecesOf(text)
    if (pieces.length > 1)
      this.#parts.screen.lines.say(
        '·',
        `A text has at most ${MAX_TEXT_BYTES / 1024} KiB: this one goes as ${pieces.length} texts.`,
      )
    for (const piece of pieces) this.#outbox.add(piece)
    this.#moved = performance.now()
    this.#showPending()
    this.#sender.wake()
  }

  #marked(line: Line, isNews: boolean): void {
    const { screen } = this.#parts
    const { lines, isTyped } = screen
    if (isNews) this.#moved = performance.now()
    const sign = SIGNS[line.mark]
    if (line.mark === 'arrived') lines.sent(sign, line.text)
    else if (line.mark === 'unknown' || line.mark === 'refused') {
      this.#hasLost = true
      lines.sent(sign, line.text)
      lines.say(
        '·',
        line.mark === 'unknown'
          ? 'Nobody can tell whether that arrived: it may have been read. It is not sent again.'
          : 'That can not be sent.',
      )
    } else if (line.mark === 'doubt' && isNews && !isTyped) lines.sent(sign, line.text)
    this.#showPending()
    this.#showStatus()
  }

  #showPending(): void {
    this.#parts.screen.pending = this.#outbox.lines.map(({ mark, text }) => ({
      sign: SIGNS[mark],
      text,
    }))
  }

  #showStatus(): void {
    const status = this.#status
    this.#parts.screen.status = status && (writesPlainly() ? status : `       …  ${status}`)
  }

  /** What is being waited for. */
  get #status(): string | null {
    if (this.#outbox.isHeld) return null
    if (!this.#parts.wire.isConfirmed) return `agreeing on keys with ${this.#name}`
    if (this.#sender.isFull) return `too many texts wait unread at the other side: I try on`
    return this.failures > 1 ? `no answer from ${this.#name}: I try on` : null
  }

  #agreed({ safetyNumber, known }: Extract<PeerEvent, { type: 'keys confirmed' }>): void {
    const { wire, screen } = this.#parts
    const { lines } = screen
    this.#lastTrouble = ''
    this.#moved = performance.now()
    this.#showStatus()
    if (!wire.isConfirmed) return
    this.#parts.confirmed()
    if (safetyNumber === this.#safetyNumber) {
      lines.say('·', 'Fresh keys.')
      return
    }
    this.#safetyNumber = safetyNumber
    lines.say('✓', `Keys agreed with ${this.#name}${known ? ', the same one as last time' : ''}.`)
    this.#sayNumber()
    if (screen.isTyped)
      lines.say('·', 'A line that you type is a text. /help shows what else there is.')
  }

  #sayNumber(): void {
    const { screen, peer } = this.#parts
    const { lines } = screen
    const { safetyNumber, peer: other } = peer.publicState()
    if (safetyNumber === null) {
      lines.say('·', 'There is no safety number yet.')
      return
    }
    lines.say('·', other.compared ? 'Safety number, which you have compared:' : 'Safety number:')
    lines.below(safetyNumberValue(safetyNumber))
    if (other.compared) return
    lines.below(
      'Read it to each other, by phone or face to face, and type /compare and the number that they read to you.',
    )
  }

  #compare(argument: string): void {
    try {
      this.#parts.peer.compare(argument)
    } catch (error) {
      // that it differs is an event, which was told
      if (!(error instanceof DuetError)) throw error
      if (error.code !== 'number_differs') this.#failed(error)
    }
  }

  async #sendPicture(argument: string): Promise<void> {
    const { peer, picture, screen } = this.#parts
    if (argument === '') {
      screen.lines.say('✗', 'A file is missing: /send FILE')
      return
    }
    const source = await picture(argument)
    let sent = 0
    let shown = 0
    async function* watched() {
      for await (const piece of source.content) {
        yield piece
        sent += piece.length
        if (performance.now() - shown < PROGRESS_MS) continue
        shown = performance.now()
        screen.status = `       →  the picture: ${percent(sent, source.bytes)}`
      }
    }
    try {
      await peer.sendPicture({ ...source, content: watched() })
    } finally {
      this.#showStatus()
    }
  }

  /** `file`: a name that stands in what is said. */
  #failed(error: unknown, file = ''): void {
    if (!(error instanceof DuetError)) throw error
    const names = [file, file.replace(/^.*[\\/]/s, '')]
    this.#parts.screen.lines.say('✗', quoting(error.message, names))
  }

  #troubled(trouble: KeysTrouble): void {
    const { lines } = this.#parts.screen
    // it is tried again and again, and told once
    const told = trouble.kind + ('code' in trouble ? trouble.code : '')
    if (told === this.#lastTrouble) return
    this.#lastTrouble = told
    const name = this.#name
    if (trouble.kind === 'unreachable') lines.say('·', said`${ours(trouble.detail)} I try on.`)
    else if (trouble.kind === 'refused')
      lines.say('✗', REFUSED[trouble.code]?.(name) ?? `${name} answered: ${trouble.code}.`)
  }

  #help(): void {
    for (const [command, what] of COMMANDS)
      this.#parts.screen.lines.below(`${command.padEnd(17)} ${what}`)
  }
}

const percent = (done: number, total: number) =>
  `${Math.floor((100 * done) / Math.max(1, total))} % of ${megabytes(total)}`
