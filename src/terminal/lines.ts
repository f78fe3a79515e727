/** The lines that a terminal shows of each event: a table for a peer's events, and one for those of a mailbox. */

import { hasMake } from '../disk/programName.ts'
import { curlName } from '../disk/shell.ts'
import type { PeerEvent, PictureFacts, WatchEvent } from '../peer/contract.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import { printable } from './printable.ts'
import { cut } from './rows.ts'
import type { Colour, Secrets } from './safe.ts'
import { ours, quoting, type Said, said } from './said.ts'

/** `→` went out, `←` came in, `·` is said about it, `●` is a secret, `✓` is done, `✗` was refused. */
export type Sign = '→' | '←' | '·' | '●' | '✓' | '✗'

/** Sign, label, text, and the colour of the first two. A string has our own words only; with text from outside it is a `Said`. */
export type Line = readonly [
  sign: Sign,
  label: string,
  text: string | Said,
  colour?: Colour | undefined,
]

/** At most so many of the pictures that were removed are named, each on a line of its own. */
const MAX_NAMED = 5

/** A `Said` here is to be pasted into a shell, so nothing stands before it on its lines. */
export type PeerLine = Line | Said

type Table<Event extends { type: string }, Shown> = {
  readonly [Type in Event['type']]: (
    event: Extract<Event, { type: Type }>,
    secrets: Secrets,
  ) => readonly Shown[]
}

const PEER: Table<PeerEvent, PeerLine> = {
  ready: ({ url, curve, reachedAt, peerUrl, isOneWay, identity, place, mailbox }) => [
    ['·', 'ready', `${url}  ${curve}`, 'bold'],
    ...reachedAt.map(
      (url): Line => [
        '·',
        'for the other',
        said`${url}  (its --peer${ours(hasMake() ? ', or PEER= for make' : '')})`,
      ],
    ),
    [
      '·',
      'other peer',
      new URL(peerUrl).port === '' ? said`${peerUrl}  (port 80)` : said`${peerUrl}`,
    ],
    ...(isOneWay
      ? ([
          [
            '·',
            'one way',
            'That is another machine, which cannot call this peer: start it with --host ADDRESS.',
            'yellow',
          ],
        ] as const)
      : []),
    ['·', 'identity', said`${ours(bytesToHex(identity))}  (${placed(place)})`],
    ...onlyIf(mailbox, ({ place, fingerprint }): Line[] => [
      ['·', 'mailbox', said`${place}`],
      ['·', 'mailbox key', `${fingerprint}  Senders compare it with you.`, 'yellow'],
    ]),
    ['·', 'to begin', `${curlName()} ${url}/send_keys`],
  ],

  'keys sent': ({ publicKey }) => [['→', 'public key', bytesToHex(publicKey), 'cyan']],

  'keys received': ({ publicKey }) => [['←', 'public key', bytesToHex(publicKey), 'cyan']],

  'another session': ({ named, given }) => [
    ['·', 'another session', `The confirmation names ${bytesToHex(named)}.`],
    remark(`The keys that are here give ${bytesToHex(given)}.`),
    remark('It may belong to keys that are still on their way.'),
  ],

  'keys confirmed': ({ session, kem, safetyNumber, known, compared }) => [
    ['✓', 'keys agreed', `session ${bytesToHex(session)}`, 'green'],
    ['·', 'safety number', safetyNumber, 'yellow'],
    remark(
      compared
        ? 'You have compared this number.'
        : known
          ? 'The same peer as last time. If you compared this number then, you need not do it again.'
          : 'Compare it with the other terminal, face to face or by phone. The same number: nobody is in the middle.',
    ),
    [
      '·',
      'eavesdropper',
      `who only listens has the base point, both public keys, both identities,${kem === null ? '' : ` the ciphertext of ${kem},`} the session's id, its tag, and every ciphertext to come.`,
    ],
    remark(
      `She lacks both private keys, and so the shared secret${kem === null ? '' : 's'} and the texts.`,
    ),
  ],

  'shared secret': ({ SECRET }, secrets) => [
    secretLine(secrets, 'shared secret', secrets.text(SECRET, 'hex')),
  ],

  'KEM secret': ({ SECRET }, secrets) => [
    secretLine(secrets, 'ML-KEM secret', secrets.text(SECRET, 'hex')),
  ],

  work: ({ SECRET }, secrets) =>
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
          secrets.text(SECRET, 'lines'),
          remark('They print the shared secret: the digits that /show shows as SECRET.'),
        ]
      : [secretLine(secrets, 'work', secrets.text(SECRET, 'lines'))],

  'not remembered': ({ place }) => [
    [
      '✗',
      'not kept',
      said`The other peer's identity could not be written (${placed(place)}).`,
      'yellow',
    ],
  ],

  'number compared': ({ isKept, place }) => [
    ['✓', 'compared', 'The same safety number on both sides: nobody is in the middle.', 'green'],
    ...(isKept
      ? []
      : [
          remark(
            said`That could not be written (${placed(place)}): compare it again after a restart.`,
          ),
        ]),
  ],

  'number differs': ({ different }) => [
    ['✗', 'NUMBER DIFFERS', `Groups that differ from the other side's: ${different} of 12.`, 'red'],
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

  'message sent': ({ seq, ciphertext }) => [
    ['→', `message ${seq}`, bytesToHex(ciphertext), 'cyan'],
  ],

  'message repeated': ({ seq }) => [
    ['→', `message ${seq}`, 'No answer came: the same bytes once more.', 'cyan'],
  ],

  'message settled': ({ seq, session, arrived }) => [
    arrived
      ? ['✓', `message ${seq}`, 'It has arrived, and is no longer in doubt.', 'green']
      : [
          '✗',
          `message ${seq}`,
          `Nobody will be able to tell whether it arrived (session ${bytesToHex(session)}): it may have been read.`,
          'yellow',
        ],
  ],

  'session gone': ({ session, inDoubt }) => [
    [
      '✗',
      'session gone',
      `The other peer does not have session ${bytesToHex(session)} any more.`,
      'yellow',
    ],
    remark('If it was restarted, the texts that waited there unread are gone with it.'),
    ...onlyIf(inDoubt, (seq) => [
      remark(`Nobody acknowledged message ${seq} of that session: it may have been read.`),
    ]),
  ],

  'copy received': ({ seq }) => [
    ['·', `message ${seq}`, 'The same bytes came once more. They count once.'],
  ],

  'message received': ({ seq, ciphertext, missing }, secrets) => [
    [
      '←',
      `message ${seq}`,
      bytesToHex(ciphertext) + (missing > 0 ? `  (${missing} before it never came)` : ''),
      'cyan',
    ],
    remark(
      secrets.areShown
        ? 'It waits, sealed. /decrypt_msg opens it.'
        : 'It waits, sealed; with --no-secrets nobody opens it here.',
    ),
  ],

  'message opened': ({ seq, SECRET }, secrets) => [
    secretLine(secrets, `message ${seq}`, secrets.text(SECRET, 'text')),
  ],

  'picture progress': ({ way, done, total, ms }) => [
    [
      way === 'sent' ? '→' : '←',
      'picture',
      `${Math.floor((100 * done) / total)} %  ${megabytes(done)} of ${megabytes(total)}  ${rate(done, ms)}`,
    ],
  ],

  'picture sent': ({ picture, ms }) => [
    ['→', 'picture', said`${pictureFacts(picture, ms)}  sealed`, 'cyan'],
  ],

  'picture received': ({ picture, ms, path, isRepeated }) => [
    [
      '←',
      'picture',
      said`${pictureFacts(picture, ms)}${ours(isRepeated ? '  the same as before, stored once' : '')}`,
      'cyan',
    ],
    remark(said`decrypted to ${path}`),
  ],

  'pictures removed': ({ removed }) => [
    [
      '·',
      'removed',
      `${pictures(removed.length)} (${megabytes(removed.reduce((all, { bytes }) => all + bytes, 0))}), the oldest: more than --keep-pictures lets it keep.`,
      'yellow',
    ],
    ...removed.slice(0, MAX_NAMED).map(({ path }) => remark(said`${path}`)),
    ...(removed.length > MAX_NAMED ? [remark(`and ${removed.length - MAX_NAMED} more`)] : []),
  ],

  'pictures left': ({ count, bytes, limit }) => [
    [
      '·',
      'much kept',
      `${pictures(count)} from before (${megabytes(bytes)}): more than the ${limit / 2 ** 20} MiB of --keep-pictures.`,
      'yellow',
    ],
    remark('The oldest are removed when the next picture comes. Move away what you want to keep.'),
  ],

  'mail stored': ({ id, bytes }) => [['←', 'mail', `${id}  ${bytes} bytes, sealed`, 'cyan']],

  refused: ({ request, code, detail }) => [
    ['✗', 'refused', said`${cut(request)}  ${ours(code)}  ${ours(printable(detail))}`, 'yellow'],
  ],

  defect: ({ where }) => [['✗', 'DEFECT', `Please report it: ${where}`, 'red']],
}

const MAILBOX: Table<WatchEvent, Line> = {
  watching: ({ place }) => [['·', 'watching', said`${place}`, 'bold']],

  'other watcher': ({ process }) => [
    [
      '·',
      'waiting',
      `Another watcher (${process}) reads this mailbox; this one goes on when it has ended.`,
      'yellow',
    ],
  ],

  'lock unusable': ({ place }) => [
    [
      '✗',
      'waiting',
      said`${place} holds files that are of no watcher. Look at them, and remove them; this one goes on then.`,
      'yellow',
    ],
  ],

  // `sender unverified` stands before the text: behind it, a text could imitate any such mark
  mail: ({ stored, SECRET }, secrets) => [
    secretLine(
      secrets,
      'mail',
      said`${ours(timeOf(stored))}  sender unverified  ${secrets.text(SECRET, 'text')}`,
    ),
  ],

  'set aside': ({ place, why }) => [['✗', 'set aside', said`${place}  ${ours(why)}`, 'yellow']],

  'passed over': ({ name, why }) => [
    ['✗', 'passed over', said`${cut(name)}  ${ours(why)}`, 'yellow'],
  ],
}

/** The lines that a peer's terminal shows of an event. */
export function linesOf(event: PeerEvent, secrets: Secrets): readonly PeerLine[] {
  return look(PEER, event, secrets)
}

/** The lines that a watcher's terminal shows of an event. */
export function mailboxLinesOf(event: WatchEvent, secrets: Secrets): readonly Line[] {
  return look(MAILBOX, event, secrets)
}

function look<Event extends { type: string }, Shown>(
  table: Table<Event, Shown>,
  event: Event,
  secrets: Secrets,
): readonly Shown[] {
  const type: Event['type'] = event.type
  // TypeScript does not see that the entry under an event's type takes that event
  const entry = table[type] as (event: Event, secrets: Secrets) => readonly Shown[]
  return entry(event, secrets)
}

/** A line with a secret in it. `text`: what `secrets` made of the secret. */
export function secretLine(secrets: Secrets, label: string, text: string | Said): Line {
  return secrets.areShown ? ['●', `SECRET ${label}`, text, 'red'] : ['●', label, text]
}

function remark(text: string | Said): Line {
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
