/** The lines that a terminal shows of each event: a table for a peer's events, and one for those of a mailbox. */

import { hasMake, programName } from '../disk/programName.ts'
import { curlName } from '../disk/shell.ts'
import type { NoMail, PeerEvent, PictureFacts, WatchEvent } from '../peer/contract.ts'
import { bytesToHex, concatBytes } from '../protocol/bytes.ts'
import type { Alike } from './alike.ts'
import { printable, SPOKEN } from './printable.ts'
import { ends, isLong } from './publicValue.ts'
import { cut } from './rows.ts'
import type { Colour, Secrets } from './safe.ts'
import { ours, quoting, type Said, said, Value } from './said.ts'

/** `→` went out, `←` came in, `·` is said about it, `●` is a secret, `✓` is done, `✗` was refused. */
export type Sign = '→' | '←' | '·' | '●' | '✓' | '✗'

/** A string has our own words only, and so has a `Value`; with text from outside it is a `Said`. */
export type Text = string | Said | Value

/** Sign, label, text, and the colour of the first two. One without a label goes on with the one before it. */
export type Line = readonly [
  sign: Sign,
  label: string,
  text?: Text | undefined,
  colour?: Colour | undefined,
]

/** How a terminal tells of the peer on a port. */
export interface Telling {
  readonly port: number
  readonly secrets: Secrets
  /** Whether long public values are shown whole. */
  readonly isFull: boolean
  readonly alike: Alike
}

/** At most so many of the pictures that were removed are named, each on a line of its own. */
const MAX_NAMED = 5

/** A `Said` here is to be pasted into a shell, so nothing stands before it on its lines. */
export type PeerLine = Line | Said

type Table<Event extends { type: string }, Shown, How> = {
  readonly [Type in Event['type']]: (
    event: Extract<Event, { type: Type }>,
    how: How,
  ) => readonly Shown[]
}

/** Where a text that came is opened. */
const TO_OPEN = '/decrypt_msg opens it.'
/** The half of a long public key on the curve stands at its end. */
const POINT_BYTES = 32

const PEER: Table<PeerEvent, PeerLine, Telling> = {
  ready: ({ url, curve, reachedAt, peerUrl, isOneWay, identity, place, mailbox }) => [
    ['·', 'ready', new Value(`${url}  ${curve}`), 'bold'],
    ...reachedAt.map((url) =>
      remark(
        said`for the other  ${url}  (its --peer${ours(hasMake() ? ', or PEER= for make' : '')})`,
      ),
    ),
    remark(
      new URL(peerUrl).port === ''
        ? said`other peer  ${peerUrl}  (port 80)`
        : said`other peer  ${peerUrl}`,
    ),
    ...(isOneWay
      ? ([
          [
            '✗',
            'one way',
            'That is another machine, which cannot call this peer: start it with --host ADDRESS.',
            'bold',
          ],
        ] as const)
      : []),
    remark(said`identity  (${placed(place)})`),
    remark(new Value(bytesToHex(identity))),
    ...onlyIf(mailbox, ({ place, fingerprint }): Line[] => [
      remark(said`mailbox  ${place}`),
      remark(said`mailbox key  ${ours(fingerprint)}  Senders compare it with you.`),
    ]),
    remark(new Value(`to begin  ${curlName()} ${url}/send_keys`)),
  ],

  'keys sent': ({ publicKey }, { alike, port, isFull }) => {
    alike.sent(port, 'keys', publicKey)
    return publicKeyLines('→', 'sent public key', publicKey, isFull)
  },

  'keys received': ({ publicKey }, { alike, port, isFull }) => {
    const from = alike.senderOf(port, 'keys', publicKey)
    return from !== undefined && !isFull
      ? [['←', 'received public key', asSent(from)]]
      : publicKeyLines('←', 'received public key', publicKey, isFull)
  },

  'proof sent': ({ proof }, { alike, port, isFull }) => {
    alike.sent(port, 'proof', proofBytes(proof))
    return proofLines('→', 'sent proof of keys', proof, isFull)
  },

  'proof received': ({ proof }, { alike, port, isFull }) => {
    const from = alike.senderOf(port, 'proof', proofBytes(proof))
    return from !== undefined && !isFull
      ? [['←', 'received proof of keys', asSent(from)]]
      : proofLines('←', 'received proof of keys', proof, isFull)
  },

  'another session': ({ named, given }) => [
    ['·', 'another session', 'The confirmation names this one:'],
    remark(new Value(bytesToHex(named))),
    remark('The keys that are here give this one:'),
    remark(new Value(bytesToHex(given))),
    remark('It may belong to keys that are still on their way.'),
  ],

  'keys confirmed': (event, { alike, port }) => {
    const { session, kem, safetyNumber, known, compared } = event
    const isSame = alike.isAgreed(port, event)
    alike.agreed(port, event)
    if (isSame) return [['✓', 'keys agreed', 'the same session and number', 'bold']]
    return [
      ['✓', 'keys agreed', new Value(`session ${bytesToHex(session)}`), 'bold'],
      ['·', 'safety number', safetyNumberValue(safetyNumber), 'underline'],
      remark(
        compared
          ? 'You have compared this number.'
          : known
            ? 'The same peer as last time. If you compared this number then, you need not do it again.'
            : 'Compare it with the other one, face to face or by phone. If it is the same, nobody is in the middle.',
      ),
      remark(
        `An eavesdropper has the base point, both public keys, both identities,${kem === null ? '' : ` the ciphertext of ${kem},`} the session's id, the tags and every ciphertext to come. She lacks both private keys, and so the shared secret${kem === null ? '' : 's'} and the texts.`,
      ),
    ]
  },

  'shared secret': ({ SECRET }, { secrets }) => [
    secretLine(secrets, 'shared secret', secrets.hex(SECRET)),
  ],

  'KEM secret': ({ SECRET }, { secrets }) => [
    secretLine(secrets, 'ML-KEM secret', secrets.hex(SECRET)),
  ],

  work: ({ SECRET }, { secrets }) =>
    secrets.areShown
      ? [
          secretLine(
            secrets,
            'work',
            'What follows holds a private key that would be gone by now.',
          ),
          remark(
            'With those of both terminals anybody can read this session. A shell keeps a history: remove it from there too.',
          ),
          remark(
            'Paste these lines into sh, bash or zsh. They need OpenSSL 1.1.1 or later (for ML-KEM 3.5), and leave no file behind.',
          ),
          secrets.lines(SECRET),
          remark('They print the shared secret: the digits that /show shows as SECRET.'),
        ]
      : [secretLine(secrets, 'work', secrets.lines(SECRET))],

  'not remembered': ({ place }) => [
    [
      '✗',
      'not kept',
      said`The other peer's identity could not be written (${placed(place)}).`,
      'bold',
    ],
  ],

  'number compared': ({ isKept, place }) => [
    ['✓', 'compared', 'The same safety number on both sides: nobody is in the middle.', 'bold'],
    ...(isKept
      ? []
      : [
          remark(
            said`That could not be written (${placed(place)}): compare it again after a restart.`,
          ),
        ]),
  ],

  'number differs': ({ different }) => [
    ['✗', 'NUMBER DIFFERS', `It is not the other side's: ${different} of 12 groups.`, 'red'],
    remark('Have it read out once more. If it still differs, somebody is in the middle.'),
  ],

  'identity changed': ({ identity, place, toForget }) => [
    [
      '✗',
      'IDENTITY',
      `Somebody says to be the other peer, with identity ${bytesToHex(identity)}.`,
      'red',
    ],
    remark('This peer knows another one. Either it was set up anew, or this is somebody else.'),
    remark(quoting(`If you expect the change: ${toForget}`, [folderIn(place)])),
  ],

  'keys expired': () => [
    ['·', 'keys expired', 'An hour without an answer: the private key is erased.'],
  ],

  'no shared secret': () => [['·', 'no secret yet', 'Both peers have to /send_keys first.']],

  'message sent': ({ seq, ciphertext }, { alike, port, isFull }) => {
    alike.sent(port, 'message', ciphertext)
    return [sealedLine('→', `sent message ${seq}`, ciphertext, isFull)]
  },

  'message repeated': ({ seq }) => [
    ['→', `sent message ${seq} again`, 'No answer came: the same bytes once more.'],
  ],

  'message settled': ({ seq, session, arrived }) =>
    arrived
      ? [['✓', `message ${seq}`, 'It has arrived, and is no longer in doubt.', 'bold']]
      : [
          [
            '✗',
            `message ${seq}`,
            'Nobody will be able to tell whether it arrived: it may have been read.',
            'bold',
          ],
          remark(new Value(`session ${bytesToHex(session)}`)),
        ],

  'session gone': ({ session, inDoubt }) => [
    ['✗', 'session gone', 'The other peer does not have this session any more:', 'bold'],
    remark(new Value(bytesToHex(session))),
    remark('If it was restarted, the texts that waited there unread are gone with it.'),
    ...onlyIf(inDoubt, (seq) => [
      remark(`Nobody acknowledged message ${seq} of that session: it may have been read.`),
    ]),
  ],

  'copy received': ({ seq }) => [
    ['·', `received message ${seq} again`, 'The same bytes came once more. They count once.'],
  ],

  'message received': ({ seq, ciphertext, missing }, { alike, port, secrets, isFull }) => {
    const next = secrets.areShown ? TO_OPEN : 'with --no-secrets nobody opens it here.'
    const label = `received message ${seq}`
    const from = alike.senderOf(port, 'message', ciphertext)
    const lines: Line[] =
      from !== undefined && !isFull
        ? [['←', label, `${asSent(from)}; ${next}`]]
        : [sealedLine('←', label, ciphertext, isFull), remark(next)]
    return missing > 0 ? [...lines, remark(`(${missing} before it never came)`)] : lines
  },

  'message opened': ({ seq, SECRET }, { secrets }) => [
    secretLine(secrets, `message ${seq}`, secrets.text(SECRET)),
  ],

  'picture progress': ({ way, done, total, ms }) => [
    [
      ...(way === 'sent'
        ? (['→', 'sending picture'] as const)
        : (['←', 'receiving picture'] as const)),
      `${Math.floor((100 * done) / total)} %  ${megabytes(done)} of ${megabytes(total)}  ${rate(done, ms)}`,
    ],
  ],

  'picture sent': ({ picture, ms }) => [
    ['→', 'sent picture', said`${pictureFacts(picture, ms)}  sealed`],
  ],

  'picture received': ({ picture, ms, path, isRepeated }) => [
    ['←', 'received picture', pictureFacts(picture, ms)],
    ...(isRepeated ? [remark('The same as before: it is stored once.')] : []),
    remark(said`decrypted to ${path}`),
  ],

  'pictures removed': ({ removed }) => [
    [
      '·',
      'removed',
      `${pictures(removed.length)} (${megabytes(removed.reduce((all, { bytes }) => all + bytes, 0))}), the oldest: more than --keep-pictures lets it keep.`,
      'bold',
    ],
    ...removed.slice(0, MAX_NAMED).map(({ path }) => remark(said`- ${path}`)),
    ...(removed.length > MAX_NAMED ? [remark(`and ${removed.length - MAX_NAMED} more`)] : []),
  ],

  'pictures left': ({ count, bytes, limit }) => [
    [
      '·',
      'much kept',
      `${pictures(count)} from before (${megabytes(bytes)}): more than the ${limit / 2 ** 20} MiB of --keep-pictures.`,
      'bold',
    ],
    remark('The oldest are removed when the next picture comes. Move away what you want to keep.'),
  ],

  'mail stored': ({ id, bytes, from }) => [
    ['←', `received mail, ${bytes} bytes, sealed`, `from ${from}`],
    remark(new Value(id)),
  ],

  refused: ({ request, code, detail }) => [
    [
      '✗',
      'refused',
      said`${cut(request)}  ${ours(code)}  ${ours(shownDetail(code, detail))}`,
      'bold',
    ],
    // of a mailbox, it is its owner who makes room
    ...(code === 'inbox_full' && request === 'POST /message'
      ? [remark(`To make room, read them: ${programName()} watch`)]
      : []),
  ],

  defect: ({ where }) => [['✗', 'DEFECT', `Please report it: ${where}`, 'red']],
}

/** A line of ours without signs has a time with two colons, which no text imitates; but an address of IPv6 stays as it is. */
function shownDetail(code: string, detail: string): string {
  return code === 'mailbox_share_full' ? printable(detail) : SPOKEN.printable(detail)
}

/** Why a file holds no text: of one file, and of several. */
const NO_MAIL: Readonly<Record<NoMail, readonly [one: string, several: string]>> = {
  empty: ['It is empty.', 'empty.'],
  'not sealed': [
    'It was not sealed to this key, or it was changed.',
    'not sealed to this key, or changed.',
  ],
  'no text': ['It holds no text in UTF-8.', 'no text in UTF-8.'],
}

const MAILBOX: Table<WatchEvent, Line, Secrets> = {
  watching: ({ place }) => [['·', 'watching', said`${place}`, 'bold']],

  'other watcher': ({ process }) => [
    [
      '·',
      'waiting',
      `Another watcher (${process}) reads this mailbox; this one goes on when it has ended.`,
      'bold',
    ],
  ],

  'lock unusable': ({ place }) => [
    [
      '✗',
      'waiting',
      said`${place} holds files that are of no watcher. Look at them, and remove them; this one goes on then.`,
      'bold',
    ],
  ],

  // `sender unverified` stands before the text: behind it, a text could imitate any such mark
  mail: ({ stored, SECRET }, secrets) => [
    secretLine(
      secrets,
      'mail',
      said`${ours(timeOf(stored))}  sender unverified  ${secrets.text(SECRET)}`,
    ),
  ],

  'set aside': ({ count, place, why }) => {
    const [one, several] = NO_MAIL[why]
    return [
      [
        '✗',
        'set aside',
        count === 1 ? said`${place}  ${ours(one)}` : `${count} to failed/: ${several}`,
        'bold',
      ],
    ]
  },

  'set aside no more': ({ count, place, left }) => [
    ['✗', 'failed/ is full', said`${count} files are in ${place}.`, 'bold'],
    remark(
      `${left === 1 ? 'One more that does not open stays' : `${left} more that do not open stay`} where new mail waits, and takes places there. Look at what is in failed/, and remove it.`,
    ),
  ],

  'passed over': ({ name, why }) => [
    ['✗', 'passed over', said`${cut(name)}  ${ours(why)}`, 'bold'],
  ],
}

/** The lines that a peer's terminal shows of an event. */
export function linesOf(event: PeerEvent, how: Telling): readonly PeerLine[] {
  return look(PEER, event, how)
}

/** The lines that a watcher's terminal shows of an event. */
export function mailboxLinesOf(event: WatchEvent, secrets: Secrets): readonly Line[] {
  return look(MAILBOX, event, secrets)
}

function look<Event extends { type: string }, Shown, How>(
  table: Table<Event, Shown, How>,
  event: Event,
  how: How,
): readonly Shown[] {
  const type: Event['type'] = event.type
  // TypeScript does not see that the entry under an event's type takes that event
  const entry = table[type] as (event: Event, how: How) => readonly Shown[]
  return entry(event, how)
}

/** The safety number: on a terminal two rows of six groups, the one of each identity. */
export function safetyNumberValue(digits: string): Value {
  const half = (digits.length - 1) / 2
  return new Value(digits, [digits.slice(0, half), digits.slice(half + 1)])
}

function publicKeyLines(sign: Sign, label: string, key: Uint8Array, isFull: boolean): Line[] {
  if (!isLong(key)) return [[sign, label, new Value(bytesToHex(key))]]
  const at = key.length - POINT_BYTES
  const encapsulationKey = key.subarray(0, at)
  return [
    [sign, label, `${key.length} bytes: ML-KEM, X25519`],
    remark(
      isFull
        ? new Value(bytesToHex(encapsulationKey))
        : `${ends(encapsulationKey)}  ${at} bytes (whole: /show, --full)`,
    ),
    remark(new Value(bytesToHex(key.subarray(at)))),
  ]
}

/** What came, if this process has compared it with what that port sent. */
const asSent = (port: number) => `as ${port} sent it`

type Proof = Extract<PeerEvent, { proof: unknown }>['proof']

function proofBytes({ tag, ciphertext }: Proof): Uint8Array {
  return ciphertext === undefined ? tag : concatBytes(tag, ciphertext)
}

function proofLines(
  sign: Sign,
  label: string,
  { tag, ciphertext }: Proof,
  isFull: boolean,
): Line[] {
  if (isFull)
    return [
      [sign, label, new Value(`tag ${bytesToHex(tag)}`)],
      ...(ciphertext ? [remark('ciphertext'), remark(new Value(bytesToHex(ciphertext)))] : []),
    ]
  return [
    [sign, label, new Value(`tag ${ends(tag)}`)],
    ...(ciphertext ? [remark(`ciphertext  ${sealedEnds(ciphertext)}`)] : []),
  ]
}

function sealedLine(sign: Sign, label: string, ciphertext: Uint8Array, isFull: boolean): Line {
  return isFull || !isLong(ciphertext)
    ? [sign, label, new Value(bytesToHex(ciphertext))]
    : [sign, label, sealedEnds(ciphertext)]
}

/** /show has no ciphertexts. */
const sealedEnds = (ciphertext: Uint8Array) =>
  `${ends(ciphertext)}  ${ciphertext.length} bytes (whole: the page, --full)`

/** A line with a secret in it. `text`: what `secrets` made of the secret. */
export function secretLine(secrets: Secrets, label: string, text: Text): Line {
  return secrets.areShown ? ['●', `SECRET ${label}`, text, 'red'] : ['●', label, text]
}

function remark(text: Text): Line {
  return ['·', '', text]
}

/** Where a peer keeps its state. The folder's name in it comes from outside. */
function placed(place: string): Said {
  const folder = folderIn(place)
  return said`${ours(place.slice(0, place.length - folder.length))}${folder}`
}

function folderIn(place: string): string {
  return place.replace(/^(?:by --identity; the rest is )?kept (?:nowhere$|in )/, '')
}

function onlyIf<T>(value: T | null, lines: (value: T) => Line[]): Line[] {
  return value === null ? [] : lines(value)
}

/** To the second. Some file systems have times that no calendar has. */
function timeOf(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'at no known time' : date.toISOString().replace(/\.\d+/, '')
}

const pictures = (count: number) => (count === 1 ? '1 picture' : `${count} pictures`)

function pictureFacts({ type, bytes, name }: PictureFacts, ms: number): Said {
  const named = name === '' ? ours('') : said`  ${`"${cut(name)}"`}`
  const facts = `${type}  ${megabytes(bytes)} in ${(ms / 1000).toFixed(1)} s  ${rate(bytes, ms)}`
  return said`${ours(facts)}${named}`
}

/** `bytes` in MB of 10^6 bytes, or in bytes if they are few. */
export function megabytes(bytes: number): string {
  return bytes < 100_000 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(1)} MB`
}

/** The rate of `bytes` in `ms`, in MB of 10^6 bytes a second. */
export function rate(bytes: number, ms: number): string {
  return `${(bytes / 1000 / Math.max(ms, 1)).toFixed(1)} MB/s`
}
