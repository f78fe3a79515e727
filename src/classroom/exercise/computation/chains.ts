/** The keys of texts and pictures, as a student's peer takes them from its chains. */

import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '../../../protocol/bytes.ts'
import { otherParty, type Party } from '../../../protocol/keySchedule.ts'
import type { Choices } from './choices.ts'
import type { Side } from './material.ts'
import type { Memo, Schedule } from './schedule.ts'

/** The decisions on a chain: of texts, or of pictures. */
export interface ChainChoices {
  readonly direction: Choices['direction']
  readonly label: Choices['label']
  readonly source: Choices['source']
  readonly constants: Choices['constants']
  readonly step: Choices['step']
}

/** Where something stands in its session. */
export interface Place {
  readonly from: Side
  /** Its number: the seq of a text. */
  readonly number: number
  /** How many of its kind the student's peer has sealed or opened in the other direction of this session before. */
  readonly others: number
}

/** key_n of what stands at `place`. */
export function keyAt(
  schedule: Schedule,
  kind: 'chain' | 'files',
  choices: ChainChoices,
  { from, number, others }: Place,
  memo: Memo,
): Uint8Array {
  const { source, step, constants, direction } = choices
  const start = startOf(schedule, source, labelOf(kind, choices, schedule.partyOf(from)))
  if (start.isKey) return start.bytes
  const both = direction === 'direction-shared' || step === 'chain-for-both-ways'
  const count = number + (both ? others : 0)
  const steps =
    step === 'chain-never'
      ? 0
      : step === 'chain-twice'
        ? 2 * count
        : step === 'chain-stepped-first'
          ? count + 1
          : count
  // Each step is kept, so that 1,024 of them are not made again for the next number.
  const name = `chain ${constants} ${bytesToHex(start.bytes)}`
  let at = steps
  while (at > 0 && !memo.has(`${name} ${at}`)) at--
  let chain = memo.get(`${name} ${at}`) ?? start.bytes
  for (; at < steps; at++) {
    chain = macOf(constants, chain, 2)
    memo.set(`${name} ${at + 1}`, chain)
  }
  return source === 'key-raw-chain' ? chain : macOf(constants, chain, 1)
}

function startOf(
  schedule: Schedule,
  source: Choices['source'],
  label: string,
): { bytes: Uint8Array; isKey?: true } {
  switch (source) {
    case 'chain-raw-dh':
      return { bytes: schedule.sharedSecret }
    case 'chain-raw-transcript':
      return { bytes: schedule.transcript }
    case 'chain-raw-ikm':
      return { bytes: schedule.ikm }
    case 'chain-raw-prk':
      return { bytes: schedule.prk }
    case 'key-raw-dh':
      return { bytes: schedule.sharedSecret, isKey: true }
    case 'key-raw-dh-hash':
      return { bytes: sha256(schedule.sharedSecret), isKey: true }
    case 'key-raw-transcript':
      return { bytes: schedule.transcript, isKey: true }
    case 'key-raw-prk':
      return { bytes: schedule.prk, isKey: true }
    default:
      return { bytes: schedule.key(label) }
  }
}

function labelOf(kind: 'chain' | 'files', { direction, label }: ChainChoices, from: Party): string {
  const sender =
    direction === 'direction-swapped'
      ? otherParty(from)
      : direction === 'direction-one' || direction === 'direction-shared'
        ? 1
        : direction === 'direction-one-2'
          ? 2
          : from
  const receiver = otherParty(sender)
  const other = kind === 'chain' ? 'files' : 'chain'
  switch (label) {
    case 'chain-other-label':
      return `${other} ${sender}>${receiver}`
    case 'chain-label-arrow':
      return `${kind} ${sender}->${receiver}`
    case 'chain-label-party':
      return `${kind} ${sender}`
    case 'chain-label-none':
      return kind
    case 'right':
      return `${kind} ${sender}>${receiver}`
  }
}

/** HMAC(chain, 01) or HMAC(chain, 02), as the choice has it. */
function macOf(choice: Choices['constants'], chain: Uint8Array, constant: 1 | 2): Uint8Array {
  switch (choice) {
    case 'right':
      return hmac(sha256, chain, Uint8Array.of(constant))
    case 'chain-constants':
      return hmac(sha256, chain, Uint8Array.of(3 - constant))
    case 'chain-text':
      return hmac(sha256, chain, utf8ToBytes(`0${constant}`))
    case 'chain-digit':
      return hmac(sha256, chain, utf8ToBytes(`${constant}`))
    case 'chain-hmac-swapped':
      return hmac(sha256, Uint8Array.of(constant), chain)
  }
}
