/**
 * The door `ecdh-duet/protocol`: duet/2, pure and synchronous, for any runtime. Nothing here knows a network, a file or a
 * clock. `README.md` beside this file specifies it.
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
