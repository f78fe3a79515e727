/**
 * The page's sentences in English. `es.ts` has each of them in Spanish. Where two names have the same sentence here, Spanish
 * needs two: for its genders and numbers.
 */

import type { Counts } from '../acts.ts'
import { h } from '../h.ts'

const format = new Intl.NumberFormat('en-GB')
const number = (n: number) => format.format(n)
const count = (n: number, what: string) => `${number(n)} ${what}${n === 1 ? '' : 's'}`
const [a, A, B, G, S] = ['a', 'A', 'B', 'G', 'S'].map((name) => h('var', null, name))
const bytes = (n: number) => count(n, 'byte')

export interface Term {
  readonly word: string
  /** What others call it. */
  readonly also?: string
  readonly is: string
  /** Whether only suites with a KEM have it. */
  readonly isOfKem?: true
}

/** A sentence for everything that the page says. */
export type Words = typeof en

export const en = {
  locale: 'en-GB',
  bytes,
  notYet: 'not yet',

  // Where secrets are
  inTerminal: 'in your terminal',
  textsInTerminal: 'in your terminal',
  hidden: 'hidden by --no-secrets',
  textsHidden: 'hidden by --no-secrets',
  shownWork: 'in your terminal, by --show-work',
  nowhere: 'nowhere to be seen',

  // What it costs to find a private key
  /** 250 × 10⁹. */
  billions: (n: number) => `${number(n)} billion`,
  port: 'port',

  // The stream
  live: 'live',
  lost: 'not connected: looking for the peer',
  startedAgain: 'The peer was started again.',
  newRecords: (n: number) => `${number(n)} new records.`,

  // Records
  forms: {
    'key message': 'key message',
    'answer to a key message': 'answer to a key message',
    'sealed message': 'sealed message',
    'answer to a sealed message': 'answer to a sealed message',
    'picture header': 'sealed picture',
    'answer to a picture': 'answer to a picture',
    refusal: 'refusal',
  },
  request: 'a request',
  unknownRequest: 'a request of no known form',
  noAnswer: 'no answer',
  unknownAnswer: 'an answer of no known form',
  sent: 'Sent',
  received: 'Received',
  step: 'step',
  bytesOfRecord: (n: number) => `The bytes of record ${n}`,
  unread: 'It was refused before its body was read.',
  unanswered: 'The other peer gave no answer.',
  unknown: 'It is in no form that the protocol knows, so nothing of it is kept.',
  /** What follows a picture's header. */
  chunks: (n: number, each: number, last: number) =>
    `Then comes the picture, with its type and its name sealed too: ${count(n, 'chunk')} of ChaCha20-Poly1305, ${n > 1 ? `${bytes(each)} each, the last one ` : ''}${bytes(last)} (RFC 8439 section 2.8).`,
  writtenAsHex: (digits: number) => `written as ${count(digits, 'hex digit')}`,
  characters: (text: string) => `the character${text.length === 1 ? '' : 's'} ${text}`,
  inHex: (field: string) => `${field} in hex`,

  // Comparing the safety number
  noOwnNumber: 'There is no number here yet to compare it with.',
  faults: {
    none: 'There are no digits in it.',
    several: 'There is more than one number in it. Leave the one that the other side told you.',
    long: 'There are too many digits in it: the number has twelve groups of five.',
  },
  unfinishedNumber: (whole: number) =>
    whole === 0
      ? 'Not complete yet: none of the twelve groups has its five digits.'
      : `Not complete yet: ${whole} of the twelve groups so far, with no difference.`,
  differentNumber: (different: number, whole: number) =>
    `DIFFERENT: ${different} of ${count(whole, 'group')} ${different === 1 ? 'is' : 'are'} not as here. Have the number read again. If it stays different, somebody is in the middle: send nothing more.`,
  sameNumber:
    'The same: all twelve groups. If the number came from the other person and not over this wire, nobody is in the middle.',
  groupIs: { same: 'the same:', different: 'different:', unfinished: 'not complete:' },
  yours: (group: string) => `here ${group}`,

  // Steps
  next: 'next',
  waiting: (n: number) => `${count(n, 'sealed message')} waiting`,
  inDoubt: (seq: number) =>
    `Message ${seq} may have arrived. Send the same text again, or none: it counts once.`,
  othersKeys: 'The other peer sends its own',
  othersOpen: 'The other peer opens it, in its terminal',
  othersPicture: 'The other peer sees it on its page',
  sentFirst: 'Sent. A session needs the other peer’s keys too.',
  sentBoth: 'Sent. Both have the keys now.',
  showNone: 'There is none yet; your terminal says so.',
  showHidden: 'It is hidden: this peer was started with --no-secrets.',
  showThere:
    'It is on your terminal. Run this step on the other side too and compare: equal if nobody is in the middle.',
  sealedText: (size: number, seq: number) => `Sealed ${bytes(size)}, sent as message ${seq}.`,
  opened: (n: number) => `${count(n, 'message')} opened in your terminal.`,
  theirsShown: 'It is on their terminal: compare it with yours.',
  theirsOpened: (n: number) => `${count(n, 'message')} opened in their terminal.`,
  sealedPicture: (type: string, size: number) => `Sealed and sent: ${type}, ${bytes(size)}.`,
  thenNext: 'Next:',
  peerGone: 'The peer on this port does not answer. Is it running?',
  copy: 'copy',
  copyCurl: 'copy curl',
  copied: 'copied',

  // The picture
  pictureAlt: (type: string, size: number) => `The picture that came last: ${type}, ${bytes(size)}`,
  pictureOpened: (type: string, size: number) => `Opened: ${type}, ${bytes(size)}.`,
  sealedNotKept: 'What of it was on the wire is not kept: it came before this run.',
  noiseAlt: 'Its ciphertext drawn as pixels: even noise, nothing of the picture to be seen',
  noise: (n: number) =>
    `On the wire: its first ${count(n, 'sealed byte')}, three a pixel. An eavesdropper has its length.`,

  // The letters
  noSample: 'No sealed text has come yet.',
  fewLetters: (n: number) =>
    `Only ${count(n, 'letter')} of ciphertext came so far: too few to draw. From 1,000 on, chance no longer looks like hills. A picture brings more than enough.`,
  sample: (n: number) =>
    `Counted in ${count(n, 'letter')} of the ciphertext, as base64: flat but for chance, whatever the text was, and the flatter the more there are. English has hills.`,
  noneYet: 'none yet',
  letterColumns: ['letter', 'English, %', 'ciphertext, %'],
  plotAlt:
    'How often each letter comes: in English with hills, in the ciphertext flat. The numbers are in the table below.',
  plotEnglish: 'English, hollow',
  plotCiphertext: 'ciphertext, filled',

  // The page
  title: (port: number) => `ecdh-duet on port ${port}`,
  skip: 'To the wire',
  where: (port: number) => `port ${port}, curve`,
  present: 'Present',
  otherLanguage: 'En español',
  legend: 'What the colours say',
  legendPublic: 'public: anyone on the wire has it',
  legendSecret: 'secret: never on the wire, never on this page',

  you: 'You',
  basePoint: 'base point',
  sendKeys: 'Send your public key',
  sendKeysButton: 'Send my keys',
  openItsPage: 'Open its page',
  show: 'See the shared secret, in your terminal',
  showButton: 'Show it there',
  sendText: 'Seal a text and send it',
  textLabel: "Your text (left empty: this peer's own)",
  sendTextButton: 'Send the text',
  exampleText: 'Meet me at noon',
  open: 'Open what came, in your terminal',
  openButton: 'Open it there',
  sendPicture: 'Seal a picture and send it',
  pictureLabel: "Choose a picture or drop one here (without one: this peer's own)",
  sendPictureButton: 'Send the picture',
  progressLabel: 'How much of the picture is sent',

  wire: 'The wire',
  wireWhere: 'where everybody listens',
  youLane: 'you',
  otherLane: 'the other peer',
  quiet:
    'Nothing has crossed it in this run. What does will appear here at once; open a record, and every byte of it is explained.',
  recordsListLabel: 'Records, oldest first',

  both: 'You and the eavesdropper',
  bothLabel: 'Who has what',
  what: 'What',
  youHere: 'You, at this peer',
  anyone: 'Who only listens',
  hasIt: 'has it',
  hasKey: 'has it',
  hasBoth: 'has both',
  lacksIt: 'lacks it',
  lacksKey: 'lacks it',
  lacksThem: 'lacks them',
  hasAll: 'has all that crossed, and its length',
  inRecords: 'in the records',
  rowYourPublicKey: 'your public key',
  yourPublicKeyInTable: 'Your public key, in the table',
  rowOthersPublicKey: "the other's public key",
  othersPublicKeyInTable: "The other peer's public key, in the table",
  rowSession: "the session's id, and the tag that confirms it",
  rowYourIdentity: 'your identity',
  rowOthersIdentity: "the other's identity",
  rowCiphertext: 'the ciphertext of ML-KEM',
  rowSealed: 'every sealed text and picture',
  rowPrivateKey: 'your private key',
  untilErased: '; erased once both have the keys',
  rowSharedSecret: 'the shared secret',
  rowKemSecret: 'what that ciphertext carries',
  rowMessageKeys: 'the key of each message',
  messageKeysAt: 'nowhere to be seen; overwritten once it was used',
  rowTexts: 'the texts',
  cost: (rho: string, years: string, fasterYears: string) => [
    'To get the shared secret from what she has, she must find one of the private keys in a public key: about ',
    h('strong', null, '2', h('sup', null, rho), ' additions of points'),
    " by the best method known for this curve, Pollard's rho (",
    h('a', { href: 'https://safecurves.cr.yp.to/rho.html' }, 'SafeCurves'),
    '). A curve over a prime of 112 bits fell in 2009, a record of its kind, after 8.5 × 10',
    h('sup', null, '16'),
    ' additions: three and a half months of more than 200 game consoles (',
    h('a', { href: 'https://www.epfl.ch/labs/lacal/articles/112bit_prime/' }, 'EPFL'),
    '). At that speed hers takes ',
    h('strong', null, `${years} years`),
    `; a billion times faster, ${fasterYears}. The universe is 14 billion years old.`,
  ],
  quantumAlone:
    "Nobody has proved that there is no better way, and a large quantum computer would have one (Shor's algorithm), for all that was recorded before as well. None large enough exists today. Against that both peers can be started on X25519MLKEM768.",
  kemCost: `That is the X25519 half. She needs what the ciphertext carries too, and for that she must break ML-KEM-768, which is meant to be as hard
as to find a key of AES-192: security category 3 (FIPS 203 section 8).`,
  quantumJoined: `Nobody has proved that there is no better way. A large quantum computer would have one for the X25519 half (Shor's algorithm), and none is known for the other: what is
recorded today stays closed. If such a computer were there during the exchange, it could find the private key of an identity, which is on X25519, and pose as that peer.`,

  them: 'The other peer',
  safety: 'The safety number',
  safetyHow:
    'If the other side has the same twelve groups, nobody is in the middle. No step that succeeds tells you that.',
  safetyKnown: 'This peer was known before: its identity is the same as last time.',
  safetyNew: 'This peer was not known before.',
  theirsLabel: 'The number that the other side reads out or sends you',
  theirsHint: 'Your own peer gets it when you press the button, and nobody else.',
  sums: {
    title: 'From the secret to a key',
    identities: 'J is its identity, and i is the private key of yours. ',
    keysHeld: 'Computed; a is still there, for the other one has proved nothing yet.',
    keysGone: (isShown: boolean) =>
      `Used, and erased with a${isShown ? '; S stays for your terminal until the next keys' : ''}.`,
    whyThree:
      'S is no key. It is a coordinate of a point: about half of all values never occur, and anybody can tell which. And it does not say whom you share it with. So each identity joins in a Diffie-Hellman of its own: who claims it needs its private key.',
    joined: 'Joined in front of them. It stays as long as S does.',
    whyKem:
      'What the ciphertext C carries. Who breaks the curve lacks K, and who breaks ML-KEM lacks S.',
    hashed: (hasKem: boolean) => `both identities, both public keys${hasKem ? ', C' : ''}`,
    sessionIs: 'Public; its first 16 bytes name the session:',
    whyTranscript:
      'Everything that both have said. If anybody changed a bit of it on its way, the two sides get different keys, and nothing opens.',
    theseSecrets: 'these secrets',
    hkdfHeld: 'There until the other one has proved that it has the same.',
    hkdfGone: 'Used, and erased.',
    whyHkdf:
      'Makes keys of it that look random, one for each use and direction: none tells anything of another.',
    whyChain:
      'Each key seals one text, with the session, the sender and the number beside it, and is erased. Each step overwrites the chain: from today’s nobody computes yesterday’s keys.',
    toThem: 'What you send: ',
    fromThem: 'What comes: ',
    keyGone: 'used, gone',
    keyWaits: (count: number) => `${number(count)} to be opened`,
    keyNext: 'next',
    keyFirst: 'not yet',
  },
  words: 'The words',
  vocabulary: [
    {
      word: 'base point',
      also: 'also called “public key”',
      is: "The curve's generator, the same for everyone.",
    },
    {
      word: 'public key',
      also: 'also called “combined key”',
      is: 'Private key times base point, fresh for every exchange.',
    },
    {
      word: 'shared secret',
      also: 'also called “share key”',
      is: 'My private key times your public key: equal on both sides if nobody changed a public key on the way.',
    },
    {
      word: 'identity',
      is: "A peer's long-term public key; what the safety number is made from.",
    },
    {
      word: 'session',
      is: 'The keys that one completed exchange gives.',
    },
    {
      word: 'chain',
      is: 'Gives each message of a session a key of its own, and is overwritten with each.',
    },
    {
      word: 'encapsulation key',
      is: 'The other half of a public key here: whoever has it can make a ciphertext that carries a secret to its owner.',
      isOfKem: true,
    },
  ] as readonly Term[],

  sheet: 'The essentials of this run, on one sheet',
  sheetPeer: 'the other peer',
  sheetRun: 'run, and when it began',
  sheetSession: 'session',
  sheetSent: 'messages sent in it',
  sheetReceived: 'messages received in it',
  sheetName: 'name',
  sheetCompared: 'safety number compared with, on',
  sheetRecords: 'The last records; the transcript has all of them, with every byte.',
  print: 'Print the essentials',

  pictures: 'The received picture',
  noPicture: 'No picture has come yet. The other peer sends one with',
  letters: 'The letters of the ciphertext',
  numbers: 'The numbers',
  transcript: 'The transcript',
  transcriptHow: () => [
    h('a', { href: 'transcript', download: '' }, 'Download the transcript of this run'),
    ": every record above and the public state, as JSON. Hand it in, and whoever has it can check it: the session's name and the safety number follow from what is in it.",
  ],

  // The next step
  textHint: "Your text, or this peer's own",
  nextButtons: {
    '/send_keys': 'Send my keys',
    '/other/send_keys': 'Send their keys',
    compare: 'Compare the number',
    '/show': 'Show the secret in my terminal',
    '/send_msg': 'Send the text',
    '/decrypt_msg': 'Open it in my terminal',
    '/other/decrypt_msg': 'Open it in their terminal',
  },
  remembered: 'Your peer remembers that.',
  compareLater: 'Later: show the secret',

  // The acts on the wire, and what is folded
  acts: { keys: 'The keys', compare: 'Comparing', messages: 'Messages' },
  actSession: (id: string) => `Session ${id}… came of it.`,
  actSame:
    'The same number on both sides, somebody at this peer said. Nothing of that crosses the wire.',
  actDifferent: 'The numbers differ: somebody is in the middle, or it was read wrong.',
  /** Requests that are folded, by what they are, and how many refusals are among the answers. */
  folded: ({ keys, messages, pictures, others, refused }: Counts) =>
    [
      ...(keys > 0 ? [count(keys, 'key message')] : []),
      ...(messages > 0 ? [count(messages, 'sealed message')] : []),
      ...(pictures > 0 ? [count(pictures, 'sealed picture')] : []),
      ...(others > 0 ? [count(others, 'other request')] : []),
      ...(refused > 0 ? [count(refused, 'refusal')] : []),
    ].join(', '),
  earlierActs: (n: number) => count(n, 'earlier part'),
  showSteps: 'show my own steps too',
  allBytes: (n: number) => `all ${bytes(n)}`,
  fewerBytes: 'fewer',

  // The story
  barLabel: 'The six steps',
  steps: {
    keys: 'your keys',
    theirs: 'their keys',
    compare: 'compare',
    secret: 'the secret',
    text: 'a text',
    read: 'read it',
  },
  stepIs: { done: 'done', next: 'next', coming: 'to come' },
  nothingYet: 'Nothing has crossed the wire yet.',
  stageLabel: 'Who has what',
  eve: 'Eve, who only listens',
  stage: {
    has: 'She has',
    lacks: 'She lacks',
    /** What became of a private key. */
    own: {
      none: () => 'not yet',
      held: (key: string) => `${key} never crosses`,
      gone: (key: string) => `${key} is erased`,
    },
    fromWire: 'from the wire',
    arrival: {
      none: 'not yet',
      pending: 'on its way',
      arrived: '',
      refused: 'refused',
      unanswered: 'no answer',
    },
    yours: { computed: 'computed', proved: 'in your terminal' },
    hidden: 'erased: --no-secrets',
    theirs: { computed: 'not proved yet', proved: 'proved by its tag' },
    denied: 'gone there, it says',
    theirTerminal: 'for its terminal only',
    kemMade: 'C carries K',
    kemOpened: 'e opens C',
    tags: 'the same S: tags prove it',
    kem: 'A public key has two halves here: a point, and an encapsulation key E. Its private half e is erased with the other.',
    renewing: 'New keys are under way. The session before goes on until they are proved.',
    toy: 'Try it with a curve that is small enough to see',
  },
  /** What happened last, and what it means. */
  happened: {
    nothing: [
      'Nothing has crossed the wire yet. ',
      G,
      ', the base point, everybody knows. All the rest begins with a secret number, ',
      a,
      ', that your peer draws when you send your keys.',
    ],
    crossing: (what: string) => `On the wire just now: ${what}. Eve reads along.`,
    keysSent: [
      'Your public key ',
      A,
      ' has arrived, and Eve has read it too. The private key ',
      a,
      ' never leaves: from ',
      A,
      ' nobody computes it back. ',
      B,
      ', the other public key, is still to come.',
    ],
    keysCame: [
      'The other public key ',
      B,
      ' has come, and Eve has read it too. Send yours, and both sides can compute ',
      S,
      '.',
    ],
    computed: [
      'Both public keys are here, so ',
      S,
      ' is computed. The other one has not proved yet that it has the same ',
      S,
      '.',
    ],
    agreed: [
      'Both have computed the same ',
      S,
      ', and each has proved it with a tag. Eve has ',
      A,
      ' and ',
      B,
      ', and ',
      S,
      ' does not follow from them. Who the other one is, only the safety number tells.',
    ],
    expired:
      'Nobody has proved these keys within an hour, so the private key is erased. Send keys again.',
    compared:
      'The number of the other side is the same as here. If it came from the other person and not over this wire, nobody is in the middle.',
    shown: 'What there is to show is in your terminal, and nowhere else. Eve has no part in it.',
    opened:
      'What had come is open, in your terminal. Its keys are overwritten: nobody opens these ciphertexts a second time.',
    textSent:
      'Your text has arrived, sealed. Eve has the ciphertext and its length. The key of this message was used once and is overwritten.',
    textCame:
      'A sealed text has come, and its tag fits. Eve has the same bytes, and no key. It waits for you to open it.',
    pictureSent:
      'Your picture has arrived, sealed in chunks under a key of its own. Eve has noise, and its length.',
    pictureCame:
      'A picture has come, and every chunk of it has opened. Eve has noise, and its length.',
    copy: 'A copy of a message that was taken before. It is refused, and nothing is lost: each message counts once.',
    unanswered:
      'No answer came. The other peer may not be running, or the network lost something: nobody here can tell whether it arrived.',
    refusedHere: 'Your peer refused what came:',
    refusedThere: 'The other peer refused it:',
    refusedStep: 'Your step was refused:',
  },
  /** Why something was refused. */
  reasons: {
    unknown_session:
      'It has no such session: it was started again, or has newer keys. Send keys on both sides.',
    decrypt_failed:
      'The tag does not fit. Something was changed on its way, or sealed by somebody else. Nothing of it was opened.',
    replay: 'A message with this number, or a later one, was taken before. Each counts once.',
    identity_changed:
      'These keys come from another identity than the known one: somebody may be in the middle.',
    stale_keys: 'These keys were used or replaced before. Somebody sent an old key message again.',
    confirm_failed: 'The tag is not what the keys give: a key was changed on its way.',
    reflection: "It is the peer's own message, sent back to it.",
    curve_mismatch: 'The two were started with different curves.',
    inbox_full: 'Too many messages wait to be read there.',
    no_session: 'There is no session yet: both sides have to send keys first.',
    nothing_waiting: 'Nothing has come that waits to be opened.',
    in_doubt: 'The text may have arrived. Send the same one again, or none: it counts once.',
    number_differs: 'The numbers are different: somebody may be in the middle. Send nothing more.',
  } as Readonly<Record<string, string>>,
  noReason: 'The record says why.',
  yourSteps: 'Your steps',
  theirSteps: 'Their steps',
  bothYours:
    'Both peers were started together, so that this page runs the steps of the other one too.',
  theirsSendKeys: 'The other peer sends its public key',
  theirsSendKeysButton: 'Send their keys',
  theirsShow: 'See the shared secret in its terminal',
  theirsShowButton: 'Show it there',
  theirsSendText: 'The other peer sends its own text',
  theirsSendTextButton: 'Send its text',
  theirsOpen: 'The other peer opens what came',
  theirsOpenButton: 'Open it there',
  theirsSendPicture: 'The other peer sends its picture',
  theirsSendPictureButton: 'Send its picture',
  isCompared: 'Compared: the same number on both sides, somebody here said',
  notCompared: 'Not compared yet: somebody may be in the middle',
  numberLabel: 'The safety number, twelve groups',
  compareButton: 'Compare',
  compareAt: (name: string) =>
    `It is on their terminal, at ${name}. Ask for it face to face or by phone, not over this wire.`,
  compareBoth: (name: string) =>
    `It is on the terminal under ${name}. Here both peers are yours; with two people the other one reads it to you.`,
  comparedHow: 'It holds as long as both identities stay as they are.',
}
