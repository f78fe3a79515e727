/** What a peer asks of the world outside it (a wire, a memory, a place for pictures), and what it tells. */

import type { KeyPair } from '../protocol/curves.ts'
import { DuetError } from '../protocol/errors.ts'
import type { Witness } from '../protocol/keyExchange.ts'
import type { AnswerForm, Confirm, KeyForm, MessageForm } from '../protocol/messages.ts'
import type { Aead, PictureType } from '../protocol/stream.ts'
import type { Suite } from '../protocol/suites.ts'

/** What can go wrong around the protocol, on this peer's side of the wire. */
export const PEER_CODES = [
  'peer_unreachable',
  'peer_refused',
  'peer_timeout',
  'maybe_read',
  'already_sent',
  'secrets_hidden',
  'bad_number',
  'number_differs',
  'no_space',
  'mailbox_share_full',
] as const
/** One of these. */
export type PeerCode = (typeof PEER_CODES)[number]

/** Why a request got no connection: then it is certain that no byte of it left this machine. */
const UNSENT = [
  'name not resolved',
  'name not resolved in time',
  'connection refused',
  'no route',
  'no connection in time',
] as const

/** Why a request got no whole answer of HTTP. */
export type Failure =
  | (typeof UNSENT)[number]
  | 'connection broke'
  | 'not HTTP'
  | 'no answer in time'

/** The other peer could not be reached, or refused: then `peerCode` is its own code, if it gave a known one. */
export class PeerError extends DuetError<PeerCode> {
  readonly peerCode: string | null
  /** Null if an answer came. */
  readonly failure: Failure | null

  constructor(
    code: PeerCode,
    detail: string,
    peerCode: string | null = null,
    failure: Failure | null = null,
  ) {
    super(code, detail)
    this.peerCode = peerCode
    this.failure = failure
  }

  /** Whether it is certain that no byte of the request left this machine. */
  get isUnsent(): boolean {
    return UNSENT.some((failure) => failure === this.failure)
  }
}

/** Which text an error is about, for whoever handed one in. */
export interface NamedText {
  /** The id of the session that it was sealed on, as hex. */
  readonly session: string
  readonly seq: number
  /** Whether it is the text of the request that is refused; if not, that one was not sealed at all. */
  readonly sealed: boolean
}

/** A text was sealed, and this request can't be told that it arrived by it. */
export class TextError extends DuetError<'in_doubt' | 'maybe_read' | 'already_sent'> {
  readonly text: NamedText
  /** Why the other peer refused the last copy, if it did. */
  readonly peerCode: string | null

  constructor(
    code: TextError['code'],
    detail: string,
    text: NamedText,
    peerCode: string | null = null,
  ) {
    super(code, detail)
    this.text = text
    this.peerCode = peerCode
  }
}

/** A picture that can't be sent as it came; `found`: what its first bytes say it is, null for none of the types. */
export class BadPicture extends DuetError<'bad_image' | 'unsupported_type'> {
  readonly found: PictureType | null

  constructor(code: 'bad_image' | 'unsupported_type', detail: string, found: PictureType | null) {
    super(code, detail)
    this.found = found
  }
}

/** A step sends so many copies of a text. Each is waited for during its share of the step's time. */
export const COPY_SHARES = [0.2, 0.3, 0.5] as const

/** The way to the other peer: one function for each wire route. Each throws PeerError. */
export interface Wire {
  /** Its base URL: as the command line gave it, or where the other peer is by now. */
  readonly url: string
  /** Returns the confirmation that the answer carries, if any. */
  keys(form: KeyForm): Promise<Confirm | undefined>
  /**
   * Sends a copy of a text, the `copy`-th in its step, counted from 0. Returns how many messages before this one the
   * receiver misses. Rejects no sooner than the next copy may leave, unless the other peer refused or nothing left.
   */
  message(form: MessageForm, copy: number): Promise<{ missing: number }>
  /**
   * Sends a picture's stream of `bytes` bytes; returns once the receiver has the whole picture. A piece of `content` is good
   * until the next one is asked for.
   */
  image(stream: { bytes: number; content: AsyncIterable<Uint8Array> }): Promise<{ bytes: number }>
}

/**
 * Who takes what the other peer sends: one function for each wire route, and what it returns is
 * the answer. Each throws DuetError.
 */
export interface Receiver {
  readonly suite: Suite
  /** The longest picture, in bytes. */
  readonly maxImage: number
  /** `body`: a key message, as parsed JSON. */
  receiveKeys(body: unknown): AnswerForm | Promise<AnswerForm>
  /** `body`: a sealed message, as parsed JSON. */
  receiveMessage(body: unknown): MessageAccepted | Promise<MessageAccepted>
  receivePicture(stream: AsyncIterable<Uint8Array>): Promise<PictureAccepted>
}

/** The answer to a sealed message that was authentic, and waits to be read. */
export interface MessageAccepted {
  readonly accepted: true
  /** How many messages before this one never came. */
  readonly missing: number
}

/** The answer to a picture that came whole; `bytes`: its length. */
export interface PictureAccepted {
  readonly accepted: true
  readonly bytes: number
}

/** A text that the other peer has. */
export interface MessageSent {
  readonly sent: true
  /** The id of the session that it was sealed on, 16 bytes as hex. */
  readonly session: string
  /** Its number in that session and direction, from 0. */
  readonly seq: number
  /** Of the text in UTF-8. */
  readonly bytes: number
}

/** A text that came, opened. */
export interface ReadMessage {
  /** The id of the session that it was sealed on, 16 bytes as hex. */
  readonly session: string
  /** Its number in that session and direction, from 0. */
  readonly seq: number
  readonly text: string
}

/** A picture on its way out, read no faster than it is sent. */
export interface PictureSource {
  readonly type: PictureType
  readonly bytes: number
  /** A label for the receiver, never a path. */
  readonly name: string
  /** A piece is good until the next one is asked for. */
  readonly content: AsyncIterable<Uint8Array>
}

/** A picture that was received whole. */
export interface StoredPicture {
  readonly path: string
  readonly type: PictureType
  readonly bytes: number
  readonly received: Date
}

/** A picture that was received just now. */
export interface KeptPicture extends StoredPicture {
  /** It was here before, and is stored once. */
  readonly isRepeated: boolean
  /** The oldest ones, if they had to go. */
  readonly removed: readonly { readonly path: string; readonly bytes: number }[]
}

/** A picture that is being received. Each of these may throw PeerError `no_space`. */
export interface PictureDraft {
  /** Takes a copy of `bytes`, which may be gone afterwards. */
  write(bytes: Uint8Array): Promise<void>
  /** All of it is here, and it is of `type`. */
  finish(type: PictureType): Promise<void>
  /** Makes it the last picture. */
  keep(): KeptPicture
  /** Leaves nothing of it. */
  discard(): Promise<void>
}

/** Where received pictures are. */
export interface PictureStore {
  /** The one that came last, in this run or before, or null. */
  readonly last: StoredPicture | null
  /** If earlier runs left more than the limit: how many pictures, and how much room they take and may take, in bytes. */
  readonly left: { readonly count: number; readonly bytes: number; readonly limit: number } | null
  create(): Promise<PictureDraft>
  /** Removes what is not kept for the next run. */
  close(): void
}

/** What a peer keeps from one run to the next. */
export interface Memory {
  readonly identity: KeyPair
  /** The other peer's identity as it was confirmed once, or null. */
  readonly knownIdentity: Uint8Array | null
  /** Keeps a confirmed identity; it is the known one from now on. */
  remember(identity: Uint8Array): void
  /** The safety number that the owner compared last, in twelve groups, or null. It may be that of other identities. */
  readonly comparedNumber: string | null
  /** Keeps a number that was compared, in place of the one before. */
  keepCompared(number: string): void
  /** Where all this is kept, for the owner. */
  readonly place: string
  /** What the owner does to forget the known identity. */
  readonly toForget: string
  readonly pictures: PictureStore
  /** Lets other peers have it, once this one is closed. */
  release?(): void
}

/** Where a piece of mail came from. That proves nothing of who sent it, and is written to no file. */
export interface MailSender {
  /** The IP address, as a terminal shows it. */
  readonly address: string
  /** All who share the places in a mailbox with it: its address, or its network of IPv6. Null if it is on this machine. */
  readonly sharing: string | null
}

/** Where sealed texts are stored for somebody whose private key is elsewhere. */
export interface Mailbox {
  /** What they are sealed to, as SPKI PEM. */
  readonly publicKey: string
  /** What people compare to know that they have the same key. */
  readonly fingerprint: string
  /** Where they are, for the owner. */
  readonly place: string
  /**
   * Stores a sealed text, once however often it comes; it is on the disk then. Returns its id
   * and whether it is a new one.
   * @throws DuetError `bad_encoding` `bad_point` `too_large` `inbox_full`; PeerError `no_space` `mailbox_share_full`
   */
  store(sealed: Uint8Array, sender: MailSender): Promise<{ id: string; fresh: boolean }>
}

/** What a peer is started with. */
export interface PeerOptions {
  /** The port this peer listens on. */
  readonly port: number
  /** Where its owner calls it, without a slash at the end, if that is not this port of 127.0.0.1 alone. */
  readonly url?: string | undefined
  readonly suite: Suite
  /** Its identity is on the suite's curve. */
  readonly memory: Memory
  readonly wire: Wire
  readonly report: (event: PeerEvent) => void
  /** URLs by which other machines reach this peer; empty if it listens on loopback alone. */
  readonly reachedAt?: readonly string[] | undefined
  /** Whether the other peer is on another machine, which cannot call this one. */
  readonly isOneWay?: boolean | undefined
  /** Whether the terminal prints secrets. */
  readonly showsSecrets: boolean
  /**
   * Says how to compute a shared secret by other means from the keys that gave it, for the
   * terminal alone. Without it no fresh private key leaves the exchange.
   */
  readonly showWork?: ((...keys: Parameters<Witness>) => Uint8Array) | undefined
  /** What `/send_msg` sends without a text; otherwise a sentence with the port. */
  readonly message?: string | undefined
  /** What `/send_image` sends without a picture. */
  readonly ownPicture: () => Promise<PictureSource>
  /** The longest picture, in bytes, that is sent or taken. */
  readonly maxImage: number
  /** For the chunks of pictures. */
  readonly aead: Aead
  /** Where mail is stored, if this peer takes any. */
  readonly mailbox?: Mailbox | undefined
}

/** What a terminal says of a picture. */
export interface PictureFacts {
  readonly type: PictureType
  readonly bytes: number
  readonly name: string
}

/** What happens to a peer, as its terminal tells it. Bytes are public except where the type says SECRET. */
export type PeerEvent =
  | {
      type: 'ready'
      url: string
      /** URLs by which other machines reach this peer; empty if it listens on loopback alone. */
      reachedAt: readonly string[]
      peerUrl: string
      /** Whether the other peer is on another machine, which cannot call this one. */
      isOneWay: boolean
      curve: string
      identity: Uint8Array
      place: string
      mailbox: { place: string; fingerprint: string } | null
    }
  | { type: 'keys sent'; publicKey: Uint8Array }
  | { type: 'keys received'; publicKey: Uint8Array }
  /** The proof that its sender has the keys, which crosses with a key message or with the answer to one. */
  | { type: 'proof sent' | 'proof received'; proof: Confirm }
  /** A confirmation names a session that is not here, and not the one that the keys here give. Ids of 16 bytes. */
  | { type: 'another session'; named: Uint8Array; given: Uint8Array }
  | {
      type: 'keys confirmed'
      session: Uint8Array
      /** The two public keys that it comes from. */
      own: Uint8Array
      peer: Uint8Array
      /** The suite's KEM, if it has one. */
      kem: string | null
      safetyNumber: string
      known: boolean
      /** Whether the owner has compared this number, in this run or before. */
      compared: boolean
    }
  /** How to compute the shared secret by other means, private key and all: UTF-8, several lines. */
  | { type: 'work'; SECRET: Uint8Array }
  | { type: 'not remembered'; place: string }
  /** It is the other side's number too. `isKept`: false if it could not be written in `place`. */
  | { type: 'number compared'; isKept: boolean; place: string }
  /** In so many of its twelve groups. */
  | { type: 'number differs'; different: number }
  /** `place` stands in `toForget`: where the known identity is kept. */
  | { type: 'identity changed'; identity: Uint8Array; place: string; toForget: string }
  | { type: 'keys expired' }
  | { type: 'shared secret'; session: Uint8Array; SECRET: Uint8Array }
  /** What the KEM carried, on a suite that has one. */
  | { type: 'KEM secret'; SECRET: Uint8Array }
  | { type: 'no shared secret' }
  | { type: 'message sent'; seq: number; ciphertext: Uint8Array }
  /** Another copy of the same bytes went out. */
  | { type: 'message repeated'; seq: number }
  /** A text that was in doubt has arrived, or nobody will be able to tell. */
  | { type: 'message settled'; seq: number; session: Uint8Array; arrived: boolean }
  /** The other peer does not have this session any more. `inDoubt`: the number of a text on it that nobody acknowledged. */
  | { type: 'session gone'; session: Uint8Array; inDoubt: number | null }
  | {
      type: 'message received'
      seq: number
      ciphertext: Uint8Array
      missing: number
    }
  /** The very bytes that were accepted before. */
  | { type: 'copy received'; seq: number }
  | { type: 'message opened'; seq: number; SECRET: Uint8Array }
  | { type: 'picture progress'; way: 'sent' | 'received'; done: number; total: number; ms: number }
  | { type: 'picture sent'; picture: PictureFacts; ms: number }
  | {
      type: 'picture received'
      picture: PictureFacts
      path: string
      ms: number
      isRepeated: boolean
    }
  /** The oldest, for the one that came. */
  | { type: 'pictures removed'; removed: KeptPicture['removed'] }
  /** Earlier runs left more than the limit. */
  | { type: 'pictures left'; count: number; bytes: number; limit: number }
  | { type: 'mail stored'; id: string; bytes: number; from: string }
  | { type: 'refused'; request: string; code: string; detail: string }
  | { type: 'defect'; where: string }

/** Why a file in a mailbox holds no text that can be shown. */
export type NoMail = 'empty' | 'not sealed' | 'no text'

/** What happens to a mailbox that is watched, as the watcher's terminal tells it. */
export type WatchEvent =
  | { type: 'watching'; place: string }
  | { type: 'other watcher'; process: string }
  /** Somebody else's files are in the lock's folder, so that nobody can take the lock. */
  | { type: 'lock unusable'; place: string }
  | { type: 'mail'; stored: Date; SECRET: Uint8Array }
  /** So many files do not open, and all for the same reason. `place`: where the first of them is now. */
  | { type: 'set aside'; count: number; place: string; why: NoMail }
  /** So many files are in `place` that nothing more is set aside there. `left`: how many more do not open. */
  | { type: 'set aside no more'; count: number; place: string; left: number }
  | { type: 'passed over'; name: string; why: string }
