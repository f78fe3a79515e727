/** Every code of a refusal, with its status, its title and what to do next: one table. */

import { programName } from '../disk/programName.ts'
import type { Failure } from '../peer/contract.ts'
import type { PictureType } from '../protocol/stream.ts'
import type { Code } from '../wirelog/codes.ts'
import { isLocal } from './loopback.ts'
import type { Commands } from './nextCommands.ts'
import { isOfKind } from './routes.ts'

interface Row {
  status: number
  title: string
  next: Next
}

/** What more is known of a refusal: which picture came, or why no answer did. */
interface About {
  found?: PictureType | null
  failure?: Failure | null
}

/** What to do next; `path`: the route that refused. */
type Next = (commands: Commands, path: string, about?: About) => string

const SPECIFICATION = 'See the specification of duet/2: src/protocol/README.md.'
const specification = () => SPECIFICATION
const newKeys = ({ both }: Commands) => both('/send_keys')
const help = ({ own }: Commands) => own('/')
/** The right way to send a text, which never puts it into a URL. */
const ownText = ({ own }: Commands) => `${own('/send_msg')} --data-urlencode 'text=Hello'`
const ownPicture = ({ own }: Commands, { found }: About = {}) => {
  const type = found ?? 'image/png'
  const file = `picture.${type === 'image/jpeg' ? 'jpg' : type.slice('image/'.length)}`
  return `${own('/send_image')} -H 'Content-Type: ${type}' --data-binary @${file}`
}

/** The owner's bodies are texts and pictures, the other peer's are what the specification says. */
const ownBody: Next = (commands, path, about) => {
  if (isOfKind(path, 'wire') || path === '/send_keys') return SPECIFICATION
  return path === '/send_image' ? ownPicture(commands, about) : ownText(commands)
}

/** Who is refused on a mailbox's routes sends mail, and has something else to do next than a peer's owner. */
const mailOr =
  (mail: Next, others: Next): Next =>
  (commands, path, about) =>
    (isOfKind(path, 'mailbox') ? mail : others)(commands, path, about)
const mail = ({ mail }: Commands) => mail

/** `option` names the other peer; `again` is what follows, or `afterBreak` where the request may have arrived. */
const reaching =
  (option: string, again: string, afterBreak = again): Next =>
  (commands, path, { failure } = {}) => {
    const { peerUrl } = commands
    // a peer listens on 127.0.0.1 alone unless it is told otherwise
    const withHost = isLocal(peerUrl) ? '' : ' with --host'
    switch (failure) {
      case 'name not resolved':
      case 'name not resolved in time':
        return `Correct the name in ${option}, ${peerUrl}, or give an address in its place.`
      case 'no route':
      case 'no connection in time':
        return `See that ${option}, ${peerUrl}, has the right address, that a peer was started there${withHost}, and that no firewall is between, then ${again}.`
      case 'connection broke':
        return `Look at the terminal of the peer at ${peerUrl}, then ${afterBreak}.`
      case 'not HTTP':
        return TABLE.peer_refused.next(commands, path)
      default:
        return `Start the other peer${withHost}, so that it answers at ${peerUrl}, then ${again}.`
    }
  }

export const TABLE: Readonly<Record<Code, Row>> = {
  bad_message: {
    status: 400,
    title: 'Not in the form that this route takes',
    next: mailOr(mail, ownBody),
  },
  bad_encoding: {
    status: 400,
    title: 'A field is wrongly encoded',
    next: mailOr(mail, specification),
  },
  bad_version: {
    status: 400,
    title: 'Another version of the protocol',
    next: specification,
  },
  bad_point: {
    status: 400,
    title: 'Not a usable public key',
    next: mailOr(mail, specification),
  },
  bad_base_point: {
    status: 400,
    title: 'Another base point',
    next: specification,
  },
  bad_text: {
    status: 400,
    title: 'Not a text that can be sent',
    next: ownText,
  },
  bad_image: { status: 400, title: 'Not a picture that can be sent', next: ownBody },
  decrypt_failed: { status: 400, title: 'Does not decrypt', next: newKeys },
  text_in_url: {
    status: 400,
    title: 'A text does not belong in a URL',
    next: ownText,
  },
  bad_letter: {
    status: 400,
    title: 'Not one letter from a to z',
    next: ({ own }) => own('/frequency -G -d letter=e'),
  },
  bad_request: { status: 400, title: 'Malformed HTTP', next: help },
  cross_site: {
    status: 403,
    title: 'Called from another site',
    next: ({ own }) => `Run it yourself: ${own('/')}`,
  },
  owner_only: {
    status: 403,
    title: 'Only for the owner of this peer',
    next: ({ own }) => `On the machine that this peer runs on: ${own('/')}`,
  },
  not_found: {
    status: 404,
    title: 'No such route',
    next: mailOr(
      () =>
        `To take mail, start this peer with --mailbox DIR --mailbox-key FILE.public.pem (${programName()} keygen makes the keys).`,
      help,
    ),
  },
  no_image: {
    status: 404,
    title: 'No picture yet',
    next: ({ inSession }) => inSession('/send_image'),
  },
  method_not_allowed: {
    status: 405,
    title: 'Not with this method',
    next: mailOr(mail, help),
  },
  too_slow: { status: 408, title: 'The request took too long', next: help },
  curve_mismatch: {
    status: 409,
    title: 'The other peer uses another curve',
    next: () => 'Start both peers with the same --curve.',
  },
  reflection: {
    status: 409,
    title: 'A key of this peer came back to it',
    next: () =>
      'Start the two peers with different ports, each with --peer naming the other, and with identities of their own: a copied identity file makes them one.',
  },
  stale_keys: { status: 409, title: 'Public key used before', next: newKeys },
  identity_changed: {
    status: 409,
    title: 'Another identity than the known one',
    next: () =>
      'If you expect the change: stop the peer that refused, remove the file peer.CURVE.pem from its state directory (its terminal names it), and start it again.',
  },
  confirm_failed: {
    status: 409,
    title: 'The confirmation is wrong: the two sides do not have the same keys',
    next: newKeys,
  },
  no_session: { status: 409, title: 'No session yet', next: newKeys },
  in_doubt: {
    status: 504,
    title: 'A text may have arrived, and nobody has said so',
    // without a text it is the same message, sent again
    next: ({ own }) => own('/send_msg'),
  },
  maybe_read: {
    status: 502,
    title: 'A text may have been read, and nobody can tell any more',
    next: newKeys,
  },
  already_sent: {
    status: 409,
    title: 'This text has arrived in the meantime',
    next: ({ peer }) => peer('/decrypt_msg'),
  },
  unknown_session: {
    status: 409,
    title: 'No such session here',
    next: newKeys,
  },
  replay: {
    status: 409,
    title: 'Seen before',
    next: ({ peer }) => peer('/send_msg'),
  },
  too_far_ahead: {
    status: 400,
    title: 'Too many before this one never came',
    next: newKeys,
  },
  rekey_required: {
    status: 409,
    title: 'This session is used up',
    next: newKeys,
  },
  nothing_waiting: {
    status: 409,
    title: 'Nothing to decrypt',
    next: ({ inSession }) => inSession('/send_msg'),
  },
  secrets_hidden: {
    status: 409,
    title: 'Secrets are hidden',
    next: () =>
      'To open a message here, start this peer without --no-secrets, then /send_keys on both and send it again: what waits now does not outlive a restart.',
  },
  too_large: {
    status: 413,
    title: 'Too large',
    next: mailOr(
      () => 'Send less: a message for a mailbox has at most 64 KiB.',
      () => 'Send less: a text has at most 16 KiB, a picture what --max-image says.',
    ),
  },
  unsupported_type: {
    status: 415,
    title: 'Not this content type',
    next: mailOr(mail, ownBody),
  },
  bad_host: {
    status: 421,
    title: 'Host is not a name of this peer',
    next: ({ own }) => `${own('/')} (or start that peer with --host-name NAME)`,
  },
  inbox_full: {
    status: 429,
    title: 'Too many messages wait',
    next: mailOr(
      () => `Send it again once its reader has read some: ${programName()} watch shows them.`,
      ({ own }) => `${own('/decrypt_msg')}, then send again`,
    ),
  },
  headers_too_large: { status: 431, title: 'Headers too large', next: help },
  internal: { status: 500, title: 'A defect of this program', next: help },
  no_space: {
    status: 507,
    title: 'No room on the disk of the receiver',
    next: () =>
      'Look at the disk of the peer that received it (its terminal says what is wrong), then send again.',
  },
  peer_unreachable: {
    status: 502,
    title: 'The other peer does not answer',
    next: mailOr(
      reaching('--to', 'send again', 'send again: if this message arrived, there will be two'),
      reaching('--peer', 'run this step again'),
    ),
  },
  peer_refused: {
    status: 502,
    title: 'The other peer refused',
    // for what is no peer; where one refused, its code says what to do next
    next: mailOr(
      () => 'Look whether --to names a peer with a mailbox.',
      ({ peerUrl }) =>
        `See that the other peer is what answers at ${peerUrl} (--peer names it), then run this step again.`,
    ),
  },
  peer_timeout: {
    status: 504,
    title: 'The other peer takes too long',
    next: mailOr(
      () => 'Look at that peer, then send again: if this message arrived, there will be two.',
      () => 'Look at the other terminal, then run this step again.',
    ),
  },
}

/** What whoever sent it has to send otherwise. */
export const OF_BODY: ReadonlySet<Code> = new Set(['bad_message', 'bad_image', 'unsupported_type'])

/** Whether `code` is one that a peer of ours gives. */
export function isCode(code: unknown): code is Code {
  return typeof code === 'string' && Object.hasOwn(TABLE, code)
}
