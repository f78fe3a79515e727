/** Every code of a refusal, with its status, its title and what to do next: one table. */

import { programName } from '../disk/programName.ts'
import type { Failure } from '../peer/contract.ts'
import type { PictureType } from '../protocol/stream.ts'
import type { Code } from '../wirelog/codes.ts'
import { isLocal } from './loopback.ts'
import type { Commands } from './nextCommands.ts'
import { isOfKind, stepOfOther } from './routes.ts'

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
const ownText = ({ own, inQuotes }: Commands) =>
  `${own('/send_msg')} --data-urlencode ${inQuotes('text=Hello')}`
/** Not with the right number in it: who only copies that has compared nothing. */
const othersNumber = ({ own, inQuotes }: Commands) =>
  `With the number that the other side has: ${own('/compare')} --data-urlencode ${inQuotes('number=...')}`
const ownPicture = ({ own, word, inQuotes }: Commands, { found }: About = {}) => {
  const type = found ?? 'image/png'
  const file = `picture.${type === 'image/jpeg' ? 'jpg' : type.slice('image/'.length)}`
  return `${own('/send_image')} -H ${inQuotes(`Content-Type: ${type}`)} --data-binary ${word(`@${file}`)}`
}

/** The owner's bodies are texts and pictures, the other peer's are what the specification says. */
const ownBody: Next = (commands, path, about) => {
  if (isOfKind(path, 'wire') || path === '/send_keys') return SPECIFICATION
  if (path === '/compare') return othersNumber(commands)
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

const row = (status: number, title: string, next: Next): Row => ({ status, title, next })

export const TABLE: Readonly<Record<Code, Row>> = {
  bad_message: row(400, 'Not in the form that this route takes', mailOr(mail, ownBody)),
  bad_encoding: row(400, 'A field is wrongly encoded', mailOr(mail, specification)),
  bad_version: row(400, 'Another version of the protocol', specification),
  bad_point: row(400, 'Not a usable public key', mailOr(mail, specification)),
  bad_base_point: row(400, 'Another base point', specification),
  bad_text: row(400, 'Not a text that can be sent', ownText),
  bad_image: row(400, 'Not a picture that can be sent', ownBody),
  decrypt_failed: row(400, 'Does not decrypt', newKeys),
  text_in_url: row(400, 'A text does not belong in a URL', ownText),
  bad_letter: row(400, 'Not one letter from a to z', ({ own }) => own('/frequency -G -d letter=e')),
  bad_number: row(400, 'Not a safety number', othersNumber),
  bad_request: row(400, 'Malformed HTTP', help),
  cross_site: row(403, 'Called from another site', ({ own }) => `Run it yourself: ${own('/')}`),
  owner_only: row(
    403,
    'Only for the owner of this peer',
    ({ own }) => `On the machine that this peer runs on: ${own('/')}`,
  ),
  not_between: row(
    403,
    'This is Mallory, an attacker of the lab, and she goes between two others',
    () =>
      'Name the other peer in --peer. If you mean to be one of the two, her --between has to name the address that you call from.',
  ),
  not_found: row(
    404,
    'No such route',
    mailOr(
      () =>
        `To take mail, its owner starts this peer with --mailbox DIR --mailbox-key FILE.public.pem (${programName()} keygen makes the keys).`,
      (commands, path) => {
        const step = stepOfOther(path)
        return step === undefined ? help(commands) : commands.peer(step)
      },
    ),
  ),
  no_image: row(404, 'No picture yet', ({ inSession }) => inSession('/send_image')),
  method_not_allowed: row(405, 'Not with this method', mailOr(mail, help)),
  too_slow: row(408, 'The request took too long', help),
  curve_mismatch: row(
    409,
    'The other peer uses another curve',
    () => 'Start both peers with the same --curve.',
  ),
  reflection: row(
    409,
    'A key of this peer came back to it',
    () =>
      'Start the two peers with different ports, each with --peer naming the other, and with identities of their own: a copied identity file makes them one.',
  ),
  stale_keys: row(409, 'Public key used before', newKeys),
  identity_changed: row(
    409,
    'Another identity than the known one',
    () =>
      'If you expect the change: stop the peer that refused, remove the file peer.CURVE.pem from its state directory (its terminal names it), and start it again.',
  ),
  confirm_failed: row(
    409,
    'The confirmation is wrong: the two sides do not have the same keys',
    newKeys,
  ),
  number_differs: row(
    409,
    'The two safety numbers differ',
    () =>
      'Have the other side read its number out once more. If it still differs, somebody is in the middle: send nothing more.',
  ),
  no_session: row(409, 'No session yet', newKeys),
  in_doubt: row(
    504,
    'A text may have arrived, and nobody has said so',
    // without a text it is the same message, sent again
    ({ own }) => own('/send_msg'),
  ),
  maybe_read: row(502, 'A text may have been read, and nobody can tell any more', newKeys),
  already_sent: row(409, 'This text has arrived in the meantime', ({ peer }) =>
    peer('/decrypt_msg'),
  ),
  unknown_session: row(409, 'No such session here', newKeys),
  replay: row(409, 'Seen before', ({ peer }) => peer('/send_msg')),
  too_far_ahead: row(400, 'Too many before this one never came', newKeys),
  rekey_required: row(409, 'This session is used up', newKeys),
  nothing_waiting: row(409, 'Nothing to decrypt', ({ inSession }) => inSession('/send_msg')),
  secrets_hidden: row(
    409,
    'Secrets are hidden',
    () =>
      'To open a message here, start this peer without --no-secrets (a program that has it calls readMessages), then /send_keys on both and send it again: what waits now does not outlive a restart.',
  ),
  too_large: row(
    413,
    'Too large',
    mailOr(
      () => 'Send less: a message for a mailbox has at most 64 KiB.',
      () => 'Send less: a text has at most 16 KiB, a picture what --max-image says.',
    ),
  ),
  unsupported_type: row(415, 'Not this content type', mailOr(mail, ownBody)),
  bad_host: row(
    421,
    'Host is not a name of this peer',
    ({ own }) => `${own('/')} (or start that peer with --host-name NAME)`,
  ),
  inbox_full: row(
    429,
    'Too many messages wait',
    mailOr(
      () =>
        'The mailbox is full, and keeps nothing of this. Tell its owner, and send it again once some were read.',
      ({ own }) => `${own('/decrypt_msg')}, then send again`,
    ),
  ),
  mailbox_share_full: row(
    429,
    'Too many messages from your address',
    () =>
      'The mailbox keeps nothing of this, and takes mail from other addresses. Send it again once its owner has read or removed some of yours. Everybody behind one router may have one address.',
  ),
  headers_too_large: row(431, 'Headers too large', help),
  internal: row(500, 'A defect of this program', help),
  no_space: row(
    507,
    'No room on the disk of the receiver',
    mailOr(
      () =>
        'The mailbox keeps nothing of this. Tell its owner, whose terminal says what is wrong, and send it again later.',
      () =>
        'Look at the disk of the peer that received it (its terminal says what is wrong), then send again.',
    ),
  ),
  peer_unreachable: row(
    502,
    'The other peer does not answer',
    mailOr(
      reaching('--to', 'send again', 'send again: if this message arrived, there will be two'),
      reaching('--peer', 'run this step again'),
    ),
  ),
  peer_refused: row(
    502,
    'The other peer refused',
    // for what is no peer; where one refused, its code says what to do next
    mailOr(
      () => 'Look whether --to names a peer with a mailbox.',
      ({ peerUrl }) =>
        `See that the other peer is what answers at ${peerUrl} (--peer names it), then run this step again.`,
    ),
  ),
  peer_timeout: row(
    504,
    'The other peer takes too long',
    mailOr(
      () => 'Look at that peer, then send again: if this message arrived, there will be two.',
      () => 'Look at the other terminal, then run this step again.',
    ),
  ),
}

/** What whoever sent it has to send otherwise. */
export const OF_BODY: ReadonlySet<Code> = new Set(['bad_message', 'bad_image', 'unsupported_type'])

/** Whether `code` is one that a peer of ours gives. */
export function isCode(code: unknown): code is Code {
  return typeof code === 'string' && Object.hasOwn(TABLE, code)
}
