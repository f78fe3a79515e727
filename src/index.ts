/**
 * The door `ecdh-duet`: peers for a program of one's own. To import it starts nothing. The protocol alone is behind
 * `ecdh-duet/protocol`.
 */

export {
  type AppSettings,
  createApp,
  createPeer,
  type HttpSettings,
  type LaunchedPeer,
  type LaunchSettings,
  launch,
  type Peer,
  type PeerApp,
  type PeerSettings,
  type PublicEvent,
  type SecretEvent,
} from './library.ts'
export {
  BadPicture,
  COPY_SHARES,
  type Failure,
  type MessageAccepted,
  type MessageSent,
  type NamedText,
  PEER_CODES,
  type PeerCode,
  PeerError,
  type PictureAccepted,
  type PictureSource,
  type ReadMessage,
  type StoredPicture,
  TextError,
  type Wire,
} from './peer/contract.ts'
export { CopyError, DuetError, PROTOCOL_CODES, type ProtocolCode } from './protocol/errors.ts'
export { SUITE_NAMES, type SuiteName } from './protocol/suites.ts'
export { StateError } from './state/files.ts'
