import { STEPS, type Steps, u } from '../../independent/session.ts'
import { backwards, both, bytes, computed, hexOf, hmac, joined, type Mistake } from './planted.ts'

/** The nonce of messages, the same for sealing and opening. */
const nonce = (make: (seq: number) => Buffer): Partial<Steps> => ({ nonce: make })
/** Only the chains of messages; those of pictures stay right. */
const chainOf = (
  step: 'chainKey' | 'nextChain' | 'firstChain',
  make: (chain: Buffer) => Buffer,
): Partial<Steps> => ({
  [step]: (kind: 'chain' | 'files', chain: Buffer) =>
    kind === 'chain' ? make(chain) : step === 'firstChain' ? chain : STEPS[step](kind, chain),
})
const next = (chain: Buffer) => STEPS.nextChain('chain', chain)
const FIRST_MESSAGE = both('messages/2')
const LATER_MESSAGES = both('messages/3')

export const SEALED_MESSAGES: readonly Mistake[] = [
  computed(
    'chain-raw: the raw shared secret as a chain',
    { firstChain: (kind, key, [ee = key]) => (kind === 'chain' ? Buffer.from(ee) : key) },
    { fails: FIRST_MESSAGE, cause: /DH\(e1, e2\)|shared secret/i },
  ),
  computed(
    'direction-swapped',
    {
      directions: (kind, party) => {
        const [out, back] = STEPS.directions(kind, party)
        return kind === 'chain' ? [back, out] : [out, back]
      },
    },
    { fails: FIRST_MESSAGE, cause: /direction/i },
  ),
  computed(
    'direction-one: one chain for both directions',
    {
      directions: (kind, party) =>
        kind === 'chain' ? ['chain 1>2', 'chain 1>2'] : STEPS.directions(kind, party),
    },
    { fails: ['messages/2 party 2'], cause: /direction/i },
  ),
  computed(
    'chain-constants: 01 and 02 exchanged',
    {
      ...chainOf('chainKey', (chain) => hmac(chain, u(1, 2))),
      ...chainOf('nextChain', (chain) => hmac(chain, u(1, 1))),
    },
    { fails: FIRST_MESSAGE, cause: /0[12]/ },
  ),
  computed(
    'chain-stepped-first',
    chainOf('chainKey', (chain) => STEPS.chainKey('chain', next(chain))),
    { fails: FIRST_MESSAGE, cause: /step|from 1/i },
  ),
  computed('chain-never', chainOf('nextChain', Buffer.from), {
    fails: LATER_MESSAGES,
    cause: /step/i,
  }),
  computed(
    'chain-twice',
    chainOf('nextChain', (chain) => next(next(chain))),
    {
      fails: LATER_MESSAGES,
      cause: /twice/i,
    },
  ),
  computed(
    'nonce-little-endian',
    nonce((seq) => joined(u(4, 0), backwards(u(8, seq)))),
    {
      fails: LATER_MESSAGES,
      cause: /little-endian/i,
    },
  ),
  computed(
    'nonce-u64-first',
    nonce((seq) => joined(u(8, seq), u(4, 0))),
    {
      fails: LATER_MESSAGES,
      cause: /first|before|behind/i,
    },
  ),
  computed(
    'nonce-zero',
    nonce(() => u(12, 0)),
    { fails: LATER_MESSAGES, cause: /zero/i },
  ),
  computed(
    'nonce-from-1',
    nonce((seq) => u(12, seq + 1)),
    { fails: FIRST_MESSAGE, cause: /1/ },
  ),
  computed(
    'ad-none',
    { data: () => Buffer.alloc(0) },
    { fails: FIRST_MESSAGE, cause: /associated data/i },
  ),
  computed(
    'ad-no-label',
    { data: (id, party, seq) => joined(id, u(1, party), u(8, seq)) },
    {
      fails: FIRST_MESSAGE,
      cause: /label|duet\/2 message/i,
    },
  ),
  computed(
    'ad-no-party',
    { data: (id, _party, seq) => joined(bytes('duet/2 message'), id, u(8, seq)) },
    {
      fails: FIRST_MESSAGE,
      cause: /party/i,
    },
  ),
  computed(
    'ad-no-seq',
    { data: (id, party) => joined(bytes('duet/2 message'), id, u(1, party)) },
    {
      fails: FIRST_MESSAGE,
      cause: /seq/i,
    },
  ),
  computed(
    'ad-receiver',
    { data: (id, party, seq) => STEPS.data(id, 3 - party, seq) },
    {
      fails: FIRST_MESSAGE,
      cause: /receiver/i,
    },
  ),
  computed(
    'ad-id-hex',
    { data: (id, party, seq) => STEPS.data(hexOf(id), party, seq) },
    {
      fails: FIRST_MESSAGE,
      cause: /hex/i,
    },
  ),
  computed(
    'ad-seq-little-endian',
    {
      data: (id, party, seq) =>
        joined(bytes('duet/2 message'), id, u(1, party), backwards(u(8, seq))),
    },
    { fails: LATER_MESSAGES, cause: /little-endian/i },
  ),
  computed(
    'it seals right and opens with a little-endian nonce',
    {
      nonce: (seq, isOpening) =>
        isOpening ? joined(u(4, 0), backwards(u(8, seq))) : STEPS.nonce(seq, false),
    },
    { fails: both('messages/4'), cause: /little-endian|opens wrong/i },
  ),
]

export const SEALED_PICTURES: readonly Mistake[] = [
  computed(
    'file-no-last',
    { chunkNonce: (n) => joined(u(11, n), u(1, 0)) },
    {
      // without the mark, a stream that was cut is only too short
      fails: [...both('pictures/2'), 'pictures/9'],
      cause: /last/i,
    },
  ),
  computed(
    'file-last-always',
    { chunkNonce: (n) => joined(u(11, n), u(1, 1)) },
    {
      fails: [...both('pictures/3'), 'pictures/9'],
      cause: /last/i,
    },
  ),
  computed(
    'chunk-counter-little-endian',
    { chunkNonce: (n, isLast) => joined(backwards(u(11, n)), u(1, isLast ? 1 : 0)) },
    { fails: both('pictures/3'), cause: /little-endian/i },
  ),
  computed(
    'chunk-counter-from-1',
    { chunkNonce: (n, isLast) => joined(u(11, n + 1), u(1, isLast ? 1 : 0)) },
    { fails: both('pictures/2'), cause: /1/ },
  ),
  computed(
    'chunk-empty-last',
    {
      chunks: (plain) => {
        const chunks = STEPS.chunks(plain)
        return plain.length % 65_536 === 0 ? [...chunks, Buffer.alloc(0)] : chunks
      },
    },
    { fails: both('pictures/4'), cause: /empty/i },
  ),
  computed(
    'chain-other-label: pictures on the chains of messages',
    {
      directions: (_kind, party) => STEPS.directions('chain', party),
    },
    { fails: both('pictures/2'), cause: /chain/i },
  ),
  computed(
    'meta-no-length',
    { metadata: (written) => written },
    {
      fails: ['pictures/1'],
      cause: /length/i,
      also: ['pictures/*', 'disorder/14', 'disorder/27'],
    },
  ),
]

export const SAFETY: readonly Mistake[] = [
  computed(
    'safety-unsorted: the own half first',
    { halves: (parts) => [...parts] },
    {
      fails: both('owner/1'),
      cause: /sort|order|own/i,
    },
  ),
  computed(
    'safety-no-zeros',
    {
      halves: (parts) => STEPS.halves(parts.map((half) => half.split(' ').map(Number).join(' '))),
    },
    { fails: both('owner/1'), cause: /zero/i },
  ),
]
