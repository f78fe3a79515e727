/**
 * The door `ecdh-duet/protocol`: duet/2, pure and synchronous, for any runtime. Nothing here knows a network, a file or a
 * clock. `src/protocol/README.md` of the package specifies it.
 *
 * It is Diffie-Hellman on X25519 (RFC 7748) or P-256 (FIPS 186-5), with ML-KEM-768 (FIPS 203) if the suite has it, HKDF-SHA-256
 * (RFC 5869), a key for each message by the symmetric-key ratchet of Signal's Double Ratchet, and ChaCha20-Poly1305
 * (RFC 8439). Bytes are `Uint8Array`s, and lengths are in bytes. What is refused is a `DuetError` with a `code`, and changes
 * nothing.
 */

export {
  bytesToHex,
  hexToBytes,
} from './bytes.ts'
export { CURVES, type Curve, type CurveName, KeyPair, type PublicKey } from './curves.ts'
export { CopyError, DuetError, PROTOCOL_CODES, type ProtocolCode } from './errors.ts'
export { Exchange, MAX_WAITING, type OpenedMessage } from './exchange.ts'
export { JsonError, type JsonFault, type JsonLimits, parseJson } from './json.ts'
export type { Kem } from './kem.ts'
export type { Answered, State, Witness } from './keyExchange.ts'
export type { Party, Share } from './keySchedule.ts'
export {
  type AnswerForm,
  type Confirm,
  encodeAnswer,
  encodeKeyMessage,
  encodeMessage,
  type KeyForm,
  type KeyMessage,
  MAX_TEXT_BYTES,
  type MessageAnswerForm,
  type MessageForm,
  maxKeyMessageBytes,
  parseAnswer,
  parseKeyMessage,
  parseMessage,
  parseMessageAnswer,
  type SealedMessage,
} from './messages.ts'
export type { Fate, OpenText, Outcome } from './openText.ts'
export { safetyNumber } from './safetyNumber.ts'
export type { KeyedMessage, Session, SharedSecrets } from './session.ts'
export {
  type Aead,
  HEADER_BYTES,
  maxStreamBytes,
  nobleAead,
  type PictureMetadata,
  PictureOpener,
  PictureSealer,
  type PictureType,
  parseHeader,
  parseImageAnswer,
  pictureTypeOf,
  type StreamHeader,
} from './stream.ts'
export { type EphemeralKeys, SUITE_NAMES, SUITES, type Suite, type SuiteName } from './suites.ts'
