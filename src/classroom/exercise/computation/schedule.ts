/** Transcript and key schedule of one agreement, as a student's peer computes them under its choices. */

import { hmac } from '@noble/hashes/hmac.js'
import { sha1 } from '@noble/hashes/legacy.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { sha3_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, compareBytes, concatBytes, u16, utf8ToBytes } from '../../../protocol/bytes.ts'
import { otherParty, type Party, type Share } from '../../../protocol/keySchedule.ts'
import type { Choices } from './choices.ts'
import { withLength } from './lengths.ts'
import { type Material, type Points, pointsOf, type Side } from './material.ts'
import { base64, signedBytes, xOf } from './orders.ts'

const NOTHING = new Uint8Array(0)

/** Values that many choices share, by what they depend on. */
export type Memo = Map<string, Uint8Array>

/** The computation up to the keys. Getters compute when they are read. */
export class Schedule {
  readonly material: Material
  readonly choices: Choices
  readonly #memo: Memo
  #party: Party | null = null
  #first: boolean | null = null

  /** `memo`: of this agreement only; who tries many choices hands the same one to all. */
  constructor(material: Material, choices: Choices, memo: Memo = new Map()) {
    this.material = material
    this.choices = choices
    this.#memo = memo
  }

  /** The two shares as they stand in the transcript. */
  get shares(): { s1: Uint8Array; s2: Uint8Array } {
    const [own, other] = [this.#share('student'), this.#share('examiner')]
    return this.isFirst() ? { s1: own, s2: other } : { s1: other, s2: own }
  }

  /** T: 32 bytes unless the hash is another one. */
  get transcript(): Uint8Array {
    const { transcriptLengths, transcript, ciphertext } = this.choices
    return this.#once(this.#transcriptName(), () => {
      const { s1, s2 } = this.shares
      const { kem } = this.material
      const parts = [s1, s2].map((part) => withLength(transcriptLengths, part))
      if (kem !== null && ciphertext !== 'kem-no-ciphertext') {
        const part = withLength(transcriptLengths, kem.ciphertext)
        if (ciphertext === 'right') parts.push(part)
        else parts.unshift(part)
      }
      return hashOf(transcript)(concatBytes(transcriptLabel(transcript), ...parts))
    })
  }

  /** 16 bytes where it is right. */
  get sessionId(): Uint8Array {
    return cutOf(this.choices.sessionId, this.transcript)
  }

  /** Which party the student's peer takes itself for, in everything behind the transcript. */
  get party(): Party {
    this.#party ??= this.#ownParty()
    return this.#party
  }

  /** The party that the student's peer takes `side` for. */
  partyOf(side: Side): Party {
    return side === 'student' ? this.party : otherParty(this.party)
  }

  /** DH(e1, e2) as the student's peer has it: 32 bytes where it is right. */
  get sharedSecret(): Uint8Array {
    return this.#dh('ee')
  }

  /** The three DHs as the specification names them, each as the student's peer has it. */
  dhs(): readonly (readonly [name: string, value: Uint8Array])[] {
    const [one, two] = this.party === 1 ? (['own', 'other'] as const) : (['other', 'own'] as const)
    return [
      ['DH(e1, e2)', this.#dh('ee')],
      ['DH(id1, e2)', this.#dh(one)],
      ['DH(e1, id2)', this.#dh(two)],
    ]
  }

  get ikm(): Uint8Array {
    const { dh, ikm, kem } = this.choices
    return this.#once(`ikm ${dh} ${ikm} ${kem} ${this.party}`, () => {
      const secret = this.material.kem?.secret ?? NOTHING
      const parts = this.#dhs()
      if (kem === 'right') parts.unshift(secret)
      else if (kem === 'kem-last') parts.push(secret)
      const joined = concatBytes(...parts)
      if (ikm === 'ikm-hex') return utf8ToBytes(bytesToHex(joined))
      return ikm === 'ikm-hashed' ? sha256(joined) : joined
    })
  }

  /** The pseudorandom key, which HKDF extracts: 32 bytes unless the hash is another one. */
  get prk(): Uint8Array {
    return this.#once(`prk ${this.#name()}`, () => this.#extract())
  }

  /** K(label, 32), such as `K('confirm 1')`. */
  key(label: string): Uint8Array {
    const { expand, info } = this.choices
    const name = `K ${label} ${this.#name()} ${expand} ${info}`
    return this.#once(name, () => this.#expand(label))
  }

  /** The confirm tag that the student's peer sends (`student`), or expects of the examiner. 32 bytes where it is right. */
  tag(side: Side): Uint8Array {
    const { tag } = this.choices
    const party = this.partyOf(side)
    const labels: Partial<Record<typeof tag, string>> = {
      'tag-other-party': `confirm ${otherParty(party)}`,
      'tag-one-key': 'confirm 1',
      'tag-one-key-2': 'confirm 2',
      'tag-no-number': 'confirm',
      'tag-from-0': `confirm ${party - 1}`,
    }
    const label = labels[tag] ?? `confirm ${party}`
    const key = this.key(label)
    const { transcript } = this
    switch (tag) {
      case 'tag-over-id':
        return hmac(sha256, key, this.sessionId)
      case 'tag-over-hex':
        return hmac(sha256, key, utf8ToBytes(bytesToHex(transcript)))
      case 'tag-over-label':
        return hmac(sha256, key, concatBytes(utf8ToBytes(label), transcript))
      case 'tag-swapped':
        return hmac(sha256, transcript, key)
      case 'tag-key':
        return key
      case 'tag-hash':
        return sha256(concatBytes(key, transcript))
      case 'tag-half':
        return hmac(sha256, key, transcript).slice(0, 16)
      default:
        return hmac(sha256, key, transcript)
    }
  }

  /** Whether the student's share is s1. */
  isFirst(): boolean {
    this.#first ??= isOwnFirst(this.material, this.choices.order, () =>
      compareBytes(this.#share('student'), this.#share('examiner')),
    )
    return this.#first
  }

  #share(of: Side): Uint8Array {
    const { share, shareLengths } = this.choices
    const { suite, student, examiner } = this.material
    return this.#once(`share ${of} ${share} ${shareLengths}`, () =>
      encodedShare(suite.id, of === 'student' ? student : shareOf(examiner), this.choices),
    )
  }

  #ownParty(): Party {
    const { student, examiner, first } = this.material
    const party = this.isFirst() ? 1 : 2
    const byKey = compareBytes(student.publicKey, examiner.ephemeral.publicKey) < 0 ? 1 : 2
    const bySender = first === 'student' ? 1 : 2
    const parties: Readonly<Record<Choices['parties'], Party>> = {
      right: party,
      'parties-exchanged': otherParty(party),
      'parties-public-keys': byKey,
      'parties-own-first': 1,
      'parties-other-first': 2,
      'parties-sender-first': bySender,
      'parties-sender-last': otherParty(bySender),
    }
    return parties[this.choices.parties]
  }

  #dh(which: keyof Points): Uint8Array {
    const point = pointsOf(this.material)[which]
    const x = xOf(this.material.suite.curve, point)
    switch (this.choices.dh) {
      case 'right':
        return x
      case 'dh-hashed':
        return sha256(x)
      case 'dh-reversed':
        return x.toReversed()
      case 'dh-uncompressed':
        return point
      case 'dh-both':
        return point.slice(1)
      case 'dh-compressed':
        return concatBytes(Uint8Array.of(2 + ((point.at(-1) ?? 0) & 1)), x)
    }
  }

  /** The DHs of ikm in their order. */
  #dhs(): Uint8Array[] {
    const [ee, own, other] = [this.#dh('ee'), this.#dh('own'), this.#dh('other')]
    // DH(id1, e2) and DH(e1, id2)
    const [one, two] = this.party === 1 ? [own, other] : [other, own]
    switch (this.choices.ikm) {
      case 'ikm-swapped':
        return [ee, two, one]
      case 'ikm-ee-only':
        return [ee]
      case 'ikm-no-ee':
        return [one, two]
      case 'ikm-one-identity':
        return [ee, one]
      case 'ikm-one-identity-2':
        return [ee, two]
      case 'ikm-own-identity':
        return [ee, own]
      case 'ikm-other-identity':
        return [ee, other]
      case 'ikm-identities-too':
        return [ee, one, two, this.#dh('identities')]
      case 'ikm-identities-first':
        return [this.#dh('identities'), ee, one, two]
      case 'ikm-identities-only':
        return [ee, this.#dh('identities')]
      case 'ikm-ee-last':
        return [one, two, ee]
      case 'ikm-ee-middle':
        return [one, ee, two]
      case 'ikm-sorted':
        return [ee, one, two].sort(compareBytes)
      case 'ikm-own-first':
        return [ee, own, other]
      case 'ikm-other-first':
        return [ee, other, own]
      case 'ikm-lengths':
        return [ee, one, two].map((part) => withLength('right', part))
      default:
        return [ee, one, two]
    }
  }

  /** What T depends on. */
  #transcriptName(): string {
    const { share, shareLengths, transcriptLengths, transcript, ciphertext } = this.choices
    return `T ${share} ${shareLengths} ${transcriptLengths} ${transcript} ${ciphertext} ${this.isFirst()}`
  }

  /** What the pseudorandom key depends on. */
  #name(): string {
    const { dh, ikm, kem, extract, sessionId } = this.choices
    return `${dh} ${ikm} ${kem} ${this.party} ${extract} ${sessionId} ${this.#transcriptName()}`
  }

  #extract(): Uint8Array {
    const { ikm, transcript } = this
    switch (this.choices.extract) {
      case 'right':
        return hmac(sha256, transcript, ikm)
      case 'extract-swapped':
        return hmac(sha256, ikm, transcript)
      case 'extract-no-salt':
        return hmac(sha256, new Uint8Array(32), ikm)
      case 'extract-none':
        return ikm
      case 'extract-hash':
        return sha256(ikm)
      case 'extract-hash-salt':
        return sha256(concatBytes(transcript, ikm))
      case 'extract-hash-salt-last':
        return sha256(concatBytes(ikm, transcript))
      case 'extract-label-salt':
        return hmac(sha256, utf8ToBytes('duet/2'), ikm)
      case 'extract-label-salt-blank':
        return hmac(sha256, utf8ToBytes('duet/2 '), ikm)
      case 'extract-label-salt-transcript':
        return hmac(sha256, utf8ToBytes('duet/2 transcript'), ikm)
      case 'extract-id-salt':
        return hmac(sha256, this.sessionId, ikm)
      case 'extract-hex-salt':
        return hmac(sha256, utf8ToBytes(bytesToHex(transcript)), ikm)
      case 'extract-sha512':
        return hmac(sha512, transcript, ikm)
    }
  }

  #expand(label: string): Uint8Array {
    const { transcript, choices } = this
    const info = infoOf(choices.info, label, transcript)
    const prk =
      choices.info === 'info-swapped-with-salt'
        ? hmac(sha256, utf8ToBytes(`duet/2 ${label}`), this.ikm)
        : this.prk
    const hash = choices.extract === 'extract-sha512' ? sha512 : sha256
    // One block is as long as a key, so HKDF's loop has one turn.
    const behind = (end: Uint8Array) => hmac(hash, prk, concatBytes(info, end)).slice(0, 32)
    switch (choices.expand) {
      case 'right':
        return behind(Uint8Array.of(1))
      case 'expand-no-counter':
        return behind(NOTHING)
      case 'expand-counter-0':
        return behind(Uint8Array.of(0))
      case 'expand-counter-text':
        return behind(utf8ToBytes('1'))
      case 'expand-none':
        return prk.slice(0, 32)
      case 'expand-hash':
        return hash(concatBytes(prk, info)).slice(0, 32)
      case 'expand-swapped':
        return hmac(hash, concatBytes(info, Uint8Array.of(1)), prk).slice(0, 32)
    }
  }

  #once(name: string, make: () => Uint8Array): Uint8Array {
    const known = this.#memo.get(name)
    if (known !== undefined) return known
    const made = make()
    this.#memo.set(name, made)
    return made
  }
}

function shareOf({ identity, ephemeral }: Material['examiner']): Share {
  return { identity: identity.publicKey, publicKey: ephemeral.publicKey }
}

function encodedShare(suite: number, share: Share, choices: Choices): Uint8Array {
  const inHex = choices.share === 'share-hex'
  const [identity, publicKey] = [share.identity, share.publicKey].map((key) =>
    withLength(choices.shareLengths, inHex ? utf8ToBytes(bytesToHex(key)) : key),
  ) as [Uint8Array, Uint8Array]
  switch (choices.share) {
    case 'share-no-suite':
      return concatBytes(identity, publicKey)
    case 'share-suite-u8':
      return concatBytes(Uint8Array.of(suite), identity, publicKey)
    case 'share-key-first':
      return concatBytes(u16(suite), publicKey, identity)
    case 'share-no-identity':
      return concatBytes(u16(suite), publicKey)
    case 'share-no-key':
      return concatBytes(u16(suite), identity)
    case 'share-hex-whole':
      return utf8ToBytes(bytesToHex(concatBytes(u16(suite), identity, publicKey)))
    default:
      return concatBytes(u16(suite), identity, publicKey)
  }
}

/**
 * Whether the peer puts its own share first. `shares` compares the two as the peer has them, broken ones too, since one
 * that sorts them does so.
 */
function isOwnFirst(
  { suite, student: own, examiner, first }: Material,
  order: Choices['order'],
  shares: () => number,
): boolean {
  const other = shareOf(examiner)
  const x = xOf(suite.curve, own.identity)
  const otherX = xOf(suite.curve, other.identity)
  switch (order) {
    case 'right':
      return shares() < 0
    case 'order-larger-first':
      return shares() > 0
    case 'order-identities':
      return compareBytes(own.identity, other.identity) < 0
    case 'order-public-keys':
      return compareBytes(own.publicKey, other.publicKey) < 0
    case 'order-little-endian':
      return compareBytes(x.toReversed(), otherX.toReversed()) < 0
    case 'order-signed':
      return compareBytes(signedBytes(x), signedBytes(otherX)) < 0
    case 'order-text':
      return base64(own.identity) < base64(other.identity)
    case 'order-own-first':
      return true
    case 'order-other-first':
      return false
    case 'order-sender-first':
      return first === 'student'
    case 'order-sender-last':
      return first === 'examiner'
  }
}

function cutOf(choice: Choices['sessionId'], transcript: Uint8Array): Uint8Array {
  switch (choice) {
    case 'right':
      return transcript.slice(0, 16)
    case 'id-end':
      return transcript.slice(-16)
    case 'id-middle':
      return transcript.slice(8, 24)
    case 'id-half':
      return transcript.slice(0, 8)
    case 'id-hash':
      return sha256(transcript).slice(0, 16)
    case 'id-whole':
      return transcript
  }
}

function hashOf(choice: Choices['transcript']): (bytes: Uint8Array) => Uint8Array {
  switch (choice) {
    case 'transcript-hash-sha512':
      return sha512
    case 'transcript-hash-sha512-cut':
      return (bytes) => sha512(bytes).slice(0, 32)
    case 'transcript-hash-sha384-cut':
      return (bytes) => sha384(bytes).slice(0, 32)
    case 'transcript-hash-twice':
      return (bytes) => sha256(sha256(bytes))
    case 'transcript-hash-sha384':
      return sha384
    case 'transcript-hash-sha3':
      return sha3_256
    case 'transcript-hash-sha1':
      return sha1
    default:
      return sha256
  }
}

function transcriptLabel(choice: Choices['transcript']): Uint8Array {
  const label = utf8ToBytes('duet/2 transcript')
  switch (choice) {
    case 'transcript-no-label':
      return NOTHING
    case 'transcript-zero-byte':
      return concatBytes(label, Uint8Array.of(0))
    case 'transcript-blank':
      return concatBytes(label, utf8ToBytes(' '))
    case 'transcript-label-line':
      return concatBytes(label, utf8ToBytes('\n'))
    case 'transcript-no-blank':
      return utf8ToBytes('duet/2transcript')
    case 'transcript-label-length':
      return withLength('right', label)
    default:
      return label
  }
}

function infoOf(choice: Choices['info'], label: string, transcript: Uint8Array): Uint8Array {
  const info = utf8ToBytes(`duet/2 ${label}`)
  switch (choice) {
    case 'right':
      return info
    case 'info-no-prefix':
      return utf8ToBytes(label)
    case 'info-no-blank':
      return utf8ToBytes(`duet/2${label}`)
    case 'info-no-inner-blank':
      return utf8ToBytes(`duet/2 ${label.replace(' ', '')}`)
    case 'info-length':
      return concatBytes(u16(32), info)
    case 'info-lp':
      return withLength('right', info)
    case 'info-none':
      return NOTHING
    case 'info-zero-byte':
      return concatBytes(info, Uint8Array.of(0))
    case 'info-transcript':
      return concatBytes(info, transcript)
    case 'info-swapped-with-salt':
      return transcript
  }
}
