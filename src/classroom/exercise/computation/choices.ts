/** The decisions of the specification, and the ways in which students take them: one name for each. */

import type { Suite } from '../../../protocol/suites.ts'

/** What pins a part of the computation down: session ids, tags, texts, pictures, safety numbers. */
export type Layer = 1 | 2 | 3 | 4 | 5

const LENGTHS = {
  'lengths-little-endian': 'has little-endian length prefixes',
  'lengths-none': 'has no length prefixes',
  'lengths-u32': 'has length prefixes of four bytes',
  'lengths-u8': 'has length prefixes of one byte',
} as const

/** What both texts and pictures have: said of each of the two. */
const DIRECTIONS = {
  'direction-swapped':
    'use the chain of the other direction: you send on the one that you should receive on',
  'direction-one': 'use the chain `1>2` for both directions',
  'direction-one-2': 'use the chain `2>1` for both directions',
  'direction-shared': 'use one chain for both directions, which each of them steps',
} as const
const SOURCES = {
  'chain-raw-dh': 'begin their chain with the shared secret DH(e1, e2) itself',
  'chain-raw-transcript': 'begin their chain with T',
  'chain-raw-ikm': 'begin their chain with ikm',
  'chain-raw-prk': 'begin their chain with the pseudorandom key of HKDF',
  'key-raw-dh': 'are sealed with the shared secret DH(e1, e2) itself as the key',
  'key-raw-dh-hash': 'are sealed with SHA-256 of the shared secret DH(e1, e2) as the key',
  'key-raw-transcript': 'are sealed with T as the key',
  'key-raw-prk': 'are sealed with the pseudorandom key of HKDF as the key',
  'key-raw-chain': 'are sealed with chain_n itself as the key',
} as const
const CONSTANTS = {
  'chain-constants': 'have the constants 01 and 02 of their chain exchanged',
  'chain-text': 'have the texts "01" and "02" as constants of their chain, in place of the bytes',
  'chain-digit': 'have the digits "1" and "2" as constants of their chain, in place of the bytes',
  'chain-hmac-swapped': 'have the two arguments of HMAC exchanged in their chain',
} as const
const STEPS = {
  'chain-stepped-first':
    'take key_n from chain_(n+1): the chain is stepped before the key is taken, or the keys are counted from 1',
  'chain-never': 'never step their chain',
  'chain-twice': 'step their chain twice for each key',
  'chain-for-both-ways': 'step their chain for each that is sent or received, in either direction',
} as const
const SEALS = {
  'seal-tag-first': 'have the 16-byte tag before the ciphertext',
  'seal-aes-gcm': 'are sealed with AES-256-GCM',
  'seal-no-tag': 'are sealed with ChaCha20 alone, without a tag',
} as const

/**
 * For each decision its layer, the subject of its sentences, and by name what a student may do in place of the right thing.
 * The names are those of the design's table; more than one value under a name there has a name each here.
 */
export const DECISIONS = {
  share: {
    layer: 1,
    subject: 'your share',
    variants: {
      'share-no-suite': 'has no suite id',
      'share-suite-u8': 'has the suite id in one byte in place of two',
      'share-key-first': 'has the public key before the identity',
      'share-no-identity': 'lacks the identity',
      'share-no-key': 'lacks the public key',
      'share-hex': 'has identity and public key as hex text in place of bytes',
      'share-hex-whole': 'goes into the transcript as hex text in place of bytes',
    },
  },
  shareLengths: { layer: 1, subject: 'your share', variants: LENGTHS },
  transcriptLengths: { layer: 1, subject: 'your transcript', variants: LENGTHS },
  order: {
    layer: 1,
    subject: 'party 1, whose share comes first,',
    variants: {
      'order-larger-first': 'is the one with the larger share in your peer, not the smaller',
      'order-identities': 'is decided by the identities alone in your peer',
      'order-public-keys': 'is decided by the public keys in your peer, not by the whole shares',
      'order-little-endian':
        'is decided by the identities as little-endian numbers in your peer, not bytewise',
      'order-signed':
        'is decided by signed bytes in your peer: a byte from 80 on counts as negative',
      'order-text': 'is decided by base64 texts in your peer, not by the bytes',
      'order-own-first':
        'is always your own peer: the shares are not sorted, your own stands first. Two such peers never agree',
      'order-other-first':
        "is always the other peer: the shares are not sorted, the other's stands first. Two such peers never agree",
      'order-sender-first': 'is whoever sent keys first in your peer: the shares are not sorted',
      'order-sender-last': 'is whoever sent keys last in your peer: the shares are not sorted',
    },
  },
  transcript: {
    layer: 1,
    subject: 'your transcript',
    variants: {
      'transcript-no-label': 'lacks the label "duet/2 transcript"',
      'transcript-zero-byte': 'has a zero byte behind its label',
      'transcript-blank': 'has a blank behind its label',
      'transcript-no-blank': 'has the label "duet/2transcript", without the blank',
      'transcript-label-length': 'has a length prefix before its label',
      'transcript-label-line': 'has a line feed behind its label',
      'transcript-hash-sha512': 'is hashed with SHA-512',
      'transcript-hash-sha512-cut': 'is hashed with SHA-512, and cut to 32 bytes',
      'transcript-hash-sha384': 'is hashed with SHA-384',
      'transcript-hash-sha384-cut': 'is hashed with SHA-384, and cut to 32 bytes',
      'transcript-hash-twice': 'is hashed twice',
      'transcript-hash-sha3': 'is hashed with SHA3-256',
      'transcript-hash-sha1': 'is hashed with SHA-1',
    },
  },
  ciphertext: {
    layer: 1,
    subject: 'your transcript',
    variants: {
      'kem-no-ciphertext': "lacks the KEM's ciphertext",
      'kem-ciphertext-first': "has the KEM's ciphertext before the shares",
    },
  },
  sessionId: {
    layer: 1,
    subject: 'your session id',
    variants: {
      'id-end': 'is the last 16 bytes of T, not the first',
      'id-hash': 'is the beginning of SHA-256(T), not of T',
      'id-middle': 'is the middle of T, not its first 16 bytes',
      'id-whole': 'is all of T, not its first 16 bytes',
      'id-half': 'is the first 8 bytes of T (16 hex digits), not the first 16 bytes',
    },
  },
  parties: {
    layer: 2,
    subject: 'T is right, but the numbers of the parties',
    variants: {
      'parties-exchanged':
        'are exchanged behind it, in the DHs, tags and chains. Two such peers agree with each other',
      'parties-public-keys': 'are decided by the public keys behind it, not by the whole shares',
      'parties-own-first': 'make your own peer party 1, always',
      'parties-other-first': 'make your own peer party 2, always',
      'parties-sender-first': 'are decided by who sent keys first',
      'parties-sender-last': 'are decided by who sent keys last',
    },
  },
  dh: {
    layer: 2,
    subject: 'each of your DHs',
    variants: {
      'dh-compressed': 'is the compressed point (33 bytes), not its x coordinate',
      'dh-both': 'is x and y (64 bytes), not the x coordinate alone',
      'dh-uncompressed': 'is the whole point (65 bytes), not its x coordinate',
      'dh-hashed': 'is hashed with SHA-256 before it goes into ikm: some libraries do so',
      'dh-reversed': 'has its bytes backwards',
    },
  },
  ikm: {
    layer: 2,
    subject: 'your ikm',
    variants: {
      'ikm-swapped': 'has DH(e1, id2) before DH(id1, e2). Two such peers agree with each other',
      'ikm-ee-only': 'is DH(e1, e2) alone: the DHs with the identities are missing',
      'ikm-no-ee': 'lacks DH(e1, e2)',
      'ikm-one-identity': 'lacks DH(e1, id2)',
      'ikm-one-identity-2': 'lacks DH(id1, e2)',
      'ikm-own-identity': "has of the last two DHs only the one with your own identity's key",
      'ikm-other-identity': "has of the last two DHs only the one with the other's identity",
      'ikm-identities-too': 'has one DH too many: DH(id1, id2) at its end',
      'ikm-identities-first': 'has one DH too many: DH(id1, id2) at its beginning',
      'ikm-identities-only': 'has DH(id1, id2) in place of the two DHs with an identity each',
      'ikm-ee-last': 'has DH(e1, e2) at its end, not first',
      'ikm-ee-middle': 'has DH(e1, e2) in the middle, not first',
      'ikm-sorted': 'has its DHs sorted',
      'ikm-own-first':
        "has the DH with your own identity's key before the one with the other's, whatever the party",
      'ikm-other-first':
        "has the DH with the other's identity before the one with your own identity's key, whatever the party",
      'ikm-hex': 'is hex text in place of bytes',
      'ikm-hashed': 'is hashed with SHA-256 before HKDF',
      'ikm-lengths': 'has a length prefix before each DH',
    },
  },
  kem: {
    layer: 2,
    subject: "the KEM's shared secret",
    variants: {
      'kem-last': 'stands behind the DHs in your ikm, not before them',
      'kem-none': 'is missing in your ikm',
    },
  },
  extract: {
    layer: 2,
    subject: 'the extract step of your HKDF',
    variants: {
      'extract-swapped': "has HMAC's arguments exchanged: ikm is the key there, and T the text",
      'extract-no-salt': 'has no salt, an empty one or zeros, in place of T',
      'extract-none':
        'is left out: ikm or SHA-256(ikm) is the pseudorandom key. HMAC hashes a key of more than 64 bytes, so the two are the same',
      'extract-hash': 'is SHA-256(ikm)',
      'extract-hash-salt': 'is SHA-256(T ‖ ikm), not HMAC',
      'extract-hash-salt-last': 'is SHA-256(ikm ‖ T), not HMAC',
      'extract-label-salt': 'has "duet/2" as salt, not T',
      'extract-label-salt-blank': 'has "duet/2 " as salt, not T',
      'extract-label-salt-transcript': 'has "duet/2 transcript" as salt, not T',
      'extract-id-salt': 'has the session id as salt, not T',
      'extract-hex-salt': 'has T as hex text for its salt, in place of bytes',
      'extract-sha512': 'and the expand step have SHA-512, not SHA-256',
    },
  },
  expand: {
    layer: 2,
    subject: 'the expand step of your HKDF',
    variants: {
      'expand-no-counter': 'lacks the byte 01 behind info',
      'expand-counter-0': 'counts from 00, not from 01',
      'expand-counter-text': 'has the digit "1" behind info, in place of the byte 01',
      'expand-none': 'is left out: the pseudorandom key is the key for each label',
      'expand-hash': 'is SHA-256(pseudorandom key ‖ info), not HMAC',
      'expand-swapped': "has HMAC's arguments exchanged: info is the key there",
    },
  },
  info: {
    layer: 2,
    subject: 'the info of your HKDF',
    variants: {
      'info-no-prefix': 'lacks "duet/2 " before the label',
      'info-no-blank': 'has no blank behind "duet/2"',
      'info-no-inner-blank': 'has no blank inside of the label: "confirm1", "chain1>2"',
      'info-length': 'has the length of the key (u16) before it',
      'info-lp': 'has its own length before it',
      'info-swapped-with-salt': 'is T, and the label is the salt: the two are exchanged',
      'info-none': 'is empty',
      'info-zero-byte': 'has a zero byte behind it',
      'info-transcript': 'has T behind it',
    },
  },
  tag: {
    layer: 2,
    subject: 'your confirm tag',
    variants: {
      'tag-other-party':
        'is that of the other party: K("confirm 1") and K("confirm 2") are exchanged',
      'tag-over-id': 'is computed over the session id, not over T',
      'tag-over-hex': 'is computed over T as hex text, not over its bytes',
      'tag-swapped': "has HMAC's arguments exchanged: T is the key there",
      'tag-key': 'is K("confirm i") itself: the HMAC over T is missing',
      'tag-hash': 'is SHA-256(K ‖ T), not HMAC',
      'tag-one-key': 'has K("confirm 1") for both parties',
      'tag-one-key-2': 'has K("confirm 2") for both parties',
      'tag-no-number': 'has the label "confirm" without the number of the party',
      'tag-from-0': 'has "confirm 0" and "confirm 1": the parties are counted from 0',
      'tag-half': 'is cut to 16 bytes',
      'tag-over-label': 'is computed over the label "confirm i" and T, not over T alone',
    },
  },
  direction: { layer: 3, subject: 'your texts', variants: DIRECTIONS },
  label: {
    layer: 3,
    subject: 'your texts',
    variants: {
      'chain-other-label': 'use the chain of the pictures, "files …"',
      'chain-label-party':
        'have "chain 1" and "chain 2" as labels, not "chain 1>2" and "chain 2>1"',
      'chain-label-arrow': 'have "->" in the label of their chain, not ">"',
      'chain-label-none': 'have the label "chain", without the direction',
    },
  },
  source: { layer: 3, subject: 'your texts', variants: SOURCES },
  constants: { layer: 3, subject: 'your texts', variants: CONSTANTS },
  step: { layer: 3, subject: 'your texts', variants: STEPS },
  nonce: {
    layer: 3,
    subject: "a text's nonce in your peer",
    variants: {
      'nonce-little-endian': 'has a little-endian seq behind the four zero bytes',
      'nonce-u64-first': 'has the seq first and the four zero bytes behind it',
      'nonce-zero': 'is always zero',
      'nonce-12-little': 'is the seq as a little-endian number of 12 bytes',
      'nonce-from-1': 'counts from 1, not from 0',
      'nonce-random-first': 'stands before the ciphertext: it is random, in place of the seq',
    },
  },
  associatedData: {
    layer: 3,
    subject: "a text's associated data in your peer",
    variants: {
      'ad-none': 'are empty',
      'ad-no-label': 'lack the label "duet/2 message"',
      'ad-no-session': 'lack the session id',
      'ad-no-party': "lack the sender's party",
      'ad-no-seq': 'lack the seq',
      'ad-receiver': "have the receiver's party, not the sender's",
      'ad-party-digit': 'have the party as the digit "1" or "2", not as a byte',
      'ad-party-from-0': 'have the party counted from 0',
      'ad-id-hex': 'have the session id as hex text',
      'ad-seq-little-endian': 'have a little-endian seq',
      'ad-seq-u32': 'have the seq in four bytes, not eight',
    },
  },
  seal: { layer: 3, subject: 'your texts', variants: SEALS },
  fileDirection: { layer: 4, subject: 'your pictures', variants: DIRECTIONS },
  fileLabel: {
    layer: 4,
    subject: 'your pictures',
    variants: {
      'chain-other-label': 'use the chain of the texts, "chain …"',
      'chain-label-party':
        'have "files 1" and "files 2" as labels, not "files 1>2" and "files 2>1"',
      'chain-label-arrow': 'have "->" in the label of their chain, not ">"',
      'chain-label-none': 'have the label "files", without the direction',
    },
  },
  fileSource: { layer: 4, subject: 'your pictures', variants: SOURCES },
  fileConstants: { layer: 4, subject: 'your pictures', variants: CONSTANTS },
  fileStep: { layer: 4, subject: 'your pictures', variants: STEPS },
  fileSeal: { layer: 4, subject: 'your pictures', variants: SEALS },
  last: {
    layer: 4,
    subject: "the mark of the last chunk in a picture's nonces",
    variants: {
      'file-no-last': 'is missing: it is 0 for each chunk',
      'file-last-always': 'is 1 for each chunk, not for the last alone',
      'file-last-first-byte': 'is the first byte of the nonce, not the last',
    },
  },
  counter: {
    layer: 4,
    subject: "the number of the chunk in a picture's nonces",
    variants: {
      'chunk-counter-little-endian': 'is little-endian',
      'chunk-counter-from-1': 'counts from 1, not from 0',
      'chunk-counter-never': 'is always 0',
    },
  },
  chunk: {
    layer: 4,
    subject: 'the chunks of your pictures',
    variants: {
      'chunk-65520': 'have 65,536 bytes with their tag, not of plaintext',
      'chunk-4096': 'have 4,096 bytes, not 65,536',
      'chunk-16384': 'have 16,384 bytes, not 65,536',
      'chunk-32768': 'have 32,768 bytes, not 65,536',
      'chunk-65535': 'have 65,535 bytes, not 65,536',
      'chunk-1000000': 'have 1,000,000 bytes, not 65,536',
      'chunk-1048576': 'have 1,048,576 bytes, not 65,536',
      'chunk-whole': 'are a single one, or of far more than 65,536 bytes',
    },
  },
  empty: {
    layer: 4,
    subject: 'your pictures',
    variants: {
      'chunk-empty-last': 'have an empty chunk behind a full one, which should be the last itself',
    },
  },
  metadata: {
    layer: 4,
    subject: "the metadata before a picture's bytes",
    variants: {
      'meta-no-length': 'have no length prefix',
      'meta-u32': 'have a length prefix of four bytes, not two',
      'meta-u8': 'have a length prefix of one byte, not two',
      'meta-line': 'end with a line feed, and have no length prefix',
      'lengths-little-endian': 'have a little-endian length prefix',
    },
  },
  halves: {
    layer: 5,
    subject: 'the halves of your safety number',
    variants: {
      'safety-unsorted': 'are not sorted: your own stands first',
      'safety-other-first': "are not sorted: the other's stands first",
      'safety-larger-first': 'have the larger one first',
      'safety-by-identity': 'stand in the order of the identities, not of their digits',
    },
  },
  zeros: {
    layer: 5,
    subject: 'the groups of your safety number',
    variants: {
      'safety-no-zeros': 'lack their leading zeros',
      'safety-no-zeros-sorted': 'lack their leading zeros, and the halves are sorted without them',
    },
  },
  safetyCurve: {
    layer: 5,
    subject: 'the hash of your safety number',
    variants: {
      'safety-no-curve': 'lacks the curve id',
      'safety-suite': 'has the suite id 3, not the curve id 1',
    },
  },
  safetyHash: {
    layer: 5,
    subject: 'the hash of your safety number',
    variants: { 'safety-sha256': 'is SHA-256, not SHA-512' },
  },
  groups: {
    layer: 5,
    subject: 'the 5-byte integers of your safety number',
    variants: { 'safety-little-endian': 'are little-endian' },
  },
  safetyIdentity: {
    layer: 5,
    subject: 'the hash of your safety number',
    variants: {
      'safety-hex': 'has the identity as hex text',
      'safety-no-label': 'lacks the label "duet/2 safety number"',
    },
  },
  safetyLengths: { layer: 5, subject: 'the hash of your safety number', variants: LENGTHS },
} as const

type Decisions = typeof DECISIONS
export type Decision = keyof Decisions
/** One name for each decision: what a student's peer does. */
export type Choices = {
  readonly [D in Decision]: 'right' | keyof Decisions[D]['variants']
}

/** What a student's peer does; `opens`: what it does with what it takes, where that is something else than what it sends. */
export type Followed = Choices & { readonly opens?: Choices }

const DECISION_NAMES = Object.keys(DECISIONS) as readonly Decision[]

/** The specification. */
export const RIGHT = Object.fromEntries(
  DECISION_NAMES.map((decision) => [decision, 'right']),
) as Choices

/** The decisions of one layer. */
export function decisionsOf(layer: Layer): readonly Decision[] {
  return DECISION_NAMES.filter((decision) => DECISIONS[decision].layer === layer)
}

/** Variants that a suite can't have; the rest it can. */
export function isPossible(suite: Suite, decision: Decision, name: string): boolean {
  if (decision === 'kem' || decision === 'ciphertext' || name === 'safety-suite')
    return suite.kem !== null
  if (name === 'dh-compressed' || name === 'dh-both' || name === 'dh-uncompressed')
    return suite.curve.name === 'P-256'
  return true
}

/** The names of all that is wrong in `choices`: each once. */
export function deviationsOf(choices: Partial<Choices>): string[] {
  const names = DECISION_NAMES.map((decision) => choices[decision] ?? 'right')
  return [...new Set(names)].filter((name) => name !== 'right')
}

/** The decisions of one layer, out of choices that have all of them. */
export function pick(choices: Choices, layer: Layer): Partial<Choices> {
  return Object.fromEntries(decisionsOf(layer).map((decision) => [decision, choices[decision]]))
}

/** The decisions of one layer as the specification takes them. */
export function rightIn(layer: Layer): Partial<Choices> {
  return pick(RIGHT, layer)
}
