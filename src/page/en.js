/**
 * The page's sentences in English. `es.js` has each of them in Spanish.
 *
 * `html` fills `[[name]]` in `index.html`, by the server: it may hold markup and `{{…}}`. The rest is plain text, and
 * its functions take bare numbers. Where two names have the same sentence here, Spanish needs two: for its genders
 * and numbers.
 *
 * @typedef {typeof en} Words
 */

/** @param {number} n */
const number = (n) => n.toLocaleString('en-GB')
/** @param {number} n @param {string} what */
const count = (n, what) => `${number(n)} ${what}${n === 1 ? '' : 's'}`
/** @param {number} n */
const bytes = (n) => count(n, 'byte')

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
  /** 250 × 10⁹. @param {number} n */
  billions: (n) => `${number(n)} billion`,
  port: 'port',

  // The stream
  live: 'live',
  lost: 'not connected: looking for the peer',
  startedAgain: 'The peer was started again.',
  /** @param {number} n */
  newRecords: (n) => `${number(n)} new records.`,

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
  /** @param {number} n */
  bytesOfRecord: (n) => `The bytes of record ${n}`,
  unread: 'It was refused before its body was read.',
  unanswered: 'The other peer gave no answer.',
  unknown: 'It is in no form that the protocol knows, so nothing of it is kept.',
  /** What follows a picture's header. @param {number} n @param {number} each @param {number} last */
  chunks: (n, each, last) =>
    `Then comes the picture, with its type and its name sealed too: ${count(n, 'chunk')} of ChaCha20-Poly1305, ${n > 1 ? `${bytes(each)} each, the last one ` : ''}${bytes(last)} (RFC 8439 section 2.8).`,
  /** @param {number} digits */
  writtenAsHex: (digits) => `written as ${count(digits, 'hex digit')}`,
  /** @param {string} text */
  characters: (text) => `the character${text.length === 1 ? '' : 's'} ${text}`,
  /** @param {string} field */
  inHex: (field) => `${field} in hex`,

  // Comparing the safety number
  noOwnNumber: 'There is no number here yet to compare it with.',
  faults: {
    none: 'There are no digits in it.',
    several: 'There is more than one number in it. Leave the one that the other side told you.',
    long: 'There are too many digits in it: the number has twelve groups of five.',
  },
  /** @param {number} whole */
  unfinishedNumber: (whole) =>
    whole === 0
      ? 'Not complete yet: none of the twelve groups has its five digits.'
      : `Not complete yet: ${whole} of the twelve groups so far, with no difference.`,
  /** @param {number} different @param {number} whole */
  differentNumber: (different, whole) =>
    `DIFFERENT: ${different} of ${count(whole, 'group')} ${different === 1 ? 'is' : 'are'} not as here. Have the number read again. If it stays different, somebody is in the middle: send nothing more.`,
  sameNumber:
    'The same: all twelve groups. If the number came from the other person and not over this wire, nobody is in the middle.',
  groupIs: { same: 'the same:', different: 'different:', unfinished: 'not complete:' },
  /** @param {string} group */
  yours: (group) => `here ${group}`,

  // Steps
  next: 'next',
  /** @param {number} n */
  waiting: (n) => `${count(n, 'sealed message')} waiting`,
  /** @param {number} seq */
  inDoubt: (seq) =>
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
  /** @param {number} size @param {number} seq */
  sealedText: (size, seq) => `Sealed ${bytes(size)}, sent as message ${seq}.`,
  /** @param {number} n */
  opened: (n) => `${count(n, 'message')} opened in your terminal.`,
  /** @param {string} type @param {number} size */
  sealedPicture: (type, size) => `Sealed and sent: ${type}, ${bytes(size)}.`,
  thenNext: 'Next:',
  peerGone: 'The peer on this port does not answer. Is it running?',
  copyCurl: 'copy curl',
  copied: 'copied',

  // The picture
  /** @param {string} type @param {number} size */
  pictureAlt: (type, size) => `The picture that came last: ${type}, ${bytes(size)}`,
  /** @param {string} type @param {number} size */
  pictureOpened: (type, size) => `Opened: ${type}, ${bytes(size)}.`,
  /** @param {string} type @param {number} size @param {string} at */
  pictureReceived: (type, size, at) =>
    `${type}, ${bytes(size)}, received ${at}. Over the wire came its ciphertext only: an eavesdropper has its length.`,
  sealedNotKept: 'What of it was on the wire is not kept: it came before this run.',
  noiseAlt: 'Its ciphertext drawn as pixels: even noise, nothing of the picture to be seen',
  /** @param {number} n */
  noise: (n) =>
    `On the wire: its first ${count(n, 'sealed byte')}, three a pixel. An eavesdropper has its length.`,

  // The letters
  noSample: 'No sealed text has come yet.',
  /** @param {number} n */
  fewLetters: (n) =>
    `Only ${count(n, 'letter')} of ciphertext came so far: too few to draw. From 1,000 on, chance no longer looks like hills. A picture brings more than enough.`,
  /** @param {number} n */
  sample: (n) =>
    `Counted in ${count(n, 'letter')} of the ciphertext, as base64: flat but for chance, whatever the text was, and the flatter the more there are. English has hills.`,
  noneYet: 'none yet',
  letterColumns: ['letter', 'English, %', 'ciphertext, %'],
  plotAlt:
    'How often each letter comes: in English with hills, in the ciphertext flat. The numbers are in the table below.',
  plotEnglish: 'English, hollow',
  plotCiphertext: 'ciphertext, filled',

  html: {
    title: 'ecdh-duet on port {{port}}',
    skip: 'To the wire',
    where: 'port {{port}}, curve',
    otherLanguage: '<a href="/?lang=es" hreflang="es" lang="es">En español</a>',
    next: 'Next',
    legend: 'What the colours say',
    legendPublic: 'public: anyone on the wire has it',
    legendSecret: 'secret: never on the wire, never on this page',

    you: 'You',
    port: 'port {{port}}',
    yourPublicKey: 'Your public key',
    yourKemKey:
      '<span class="public"><svg><use href="#eye"/></svg>your encapsulation key of ML-KEM-768</span>, and behind it',
    yourPrivateKey: 'your private key',
    basePoint: 'base point',
    sendKeys: 'Send your public key',
    sendKeysButton: 'Send my keys',
    othersKeys: 'The other peer sends its own',
    openItsPage: 'Open its page',
    show: 'See the shared secret, in your terminal',
    showButton: 'Show it there',
    sendText: 'Seal a text and send it',
    textLabel: "Your text (left empty: this peer's own)",
    sendTextButton: 'Send the text',
    exampleText: 'text=Meet me at noon',
    open: 'Open what came, in your terminal',
    openButton: 'Open it there',
    sendPicture: 'Seal a picture and send it',
    pictureLabel: "Choose a picture or drop one here (without one: this peer's own)",
    sendPictureButton: 'Send the picture',
    progressLabel: 'How much of the picture is sent',

    wire: 'The wire <small>where everybody listens</small>',
    youLane: 'you',
    otherLane: 'the other peer',
    quiet:
      'Nothing has crossed it in this run. What does will appear here at once; open a record, and every byte of it is explained.',
    noScript: "The records need this page's script. The steps, the state and the picture do not.",
    recordsLabel: 'The records',
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
    inRecords: 'in the records above',
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
    cost: `To get the shared secret from what she has, she must find one of the private keys in a public key: about
  <strong>2<sup>{{rho}}</sup> additions of points</strong> by the best method known for this curve, Pollard's rho
  (<a href="https://safecurves.cr.yp.to/rho.html">SafeCurves</a>). A curve over a prime of 112 bits fell in 2009, a record of its kind, after 8.5 × 10<sup>16</sup>
  additions: three and a half months of more than 200 game consoles (<a href="https://www.epfl.ch/labs/lacal/articles/112bit_prime/">EPFL</a>).
  At that speed hers takes <strong>{{years}} years</strong>; a billion times faster, {{fasterYears}}. The universe is 14 billion years old.`,
    quantumAlone:
      "Nobody has proved that there is no better way, and a large quantum computer would have one (Shor's algorithm), for all that was recorded before as well. None large enough exists today. Against that both peers can be started with CURVE=X25519MLKEM768.",
    kemCost: `That is the X25519 half. She needs what the ciphertext carries too, and for that she must break ML-KEM-768, which is meant to be as hard
  as to find a key of AES-192: security category 3 (FIPS 203 section 8).`,
    quantumJoined: `Nobody has proved that there is no better way. A large quantum computer would have one for the X25519 half (Shor's algorithm), and none is known for the other: what is
  recorded today stays closed. If such a computer were there during the exchange, it could find the private key of an identity, which is on X25519, and pose as that peer.`,

    them: 'The other peer',
    itsPublicKey: 'Its public key',
    itsKemKey:
      '<span class="public"><svg><use href="#eye"/></svg>its encapsulation key of ML-KEM-768</span>, and behind it',
    itsPrivateKey: 'its private key',
    itsPublicKeyLabel: "The other peer's public key",
    safety: 'The safety number',
    safetyHow:
      'Read it to each other face to face or by phone: if both of you have the same twelve groups, nobody is in the middle. No step that succeeds tells you that.',
    safetyKnown:
      'This peer was known before: its identity is the same as last time. If you compared the number then, you need not do it again.',
    safetyNew: 'This peer was not known before. Compare the number now.',
    theirsLabel: 'The number that the other side reads out or sends you',
    theirsHint: 'It is compared on this page and goes nowhere.',
    groupsLabel: 'Their groups, compared with those here',
    sums: 'What both compute',
    sharedSecret: 'The shared secret',
    sumItsPublicKey: 'its public key',
    oneNumber: 'one number, if nobody is in the middle',
    secondSecret: 'The second secret',
    secondSecretHow:
      'Whoever has the other\'s encapsulation key first makes a <span class="public"><svg><use href="#eye"/></svg>ciphertext</span> for it and keeps <span class="secret"><svg><use href="#lock"/></svg>what it carries</span>; the other takes that out with <span class="secret"><svg><use href="#lock"/></svg>its private key</span>.',
    session: 'The session',
    sessionHow:
      "Both hash the curve, both identities and both public keys<!--joined-->, and the ciphertext<!--/joined-->. The first 16 bytes are the session's name:",
    words: 'The words',
    wordBasePoint: 'base point <small>also called “public key”</small>',
    isBasePoint: "The curve's generator, the same for everyone.",
    wordPublicKey: 'public key <small>also called “combined key”</small>',
    isPublicKey: 'Private key times base point, fresh for every exchange.',
    wordSharedSecret: 'shared secret <small>also called “share key”</small>',
    isSharedSecret:
      'My private key times your public key: equal on both sides if nobody changed a public key on the way.',
    wordIdentity: 'identity',
    isIdentity: "A peer's long-term public key; what the safety number is made from.",
    wordSession: 'session',
    isSession: 'The keys that one completed exchange gives.',
    wordChain: 'chain',
    isChain: 'Gives each message of a session a key of its own, and is overwritten with each.',
    wordKemKey: 'encapsulation key',
    isKemKey:
      'The other half of a public key here: whoever has it can make a ciphertext that carries a secret to its owner.',

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
    noPicture:
      'No picture has come yet. The other peer sends one with <code lang="en">{{others /send_image}}</code>',
    letters: 'The letters of the ciphertext',
    numbers: 'The numbers',
    transcript: 'The transcript',
    transcriptHow:
      '<a href="/transcript" download>Download the transcript of this run</a>: every record above and the public state, as JSON. Hand it in, and whoever has it can check it: the session\'s name and the safety number follow from what is in it.',
  },
}
