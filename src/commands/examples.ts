/** What the help of each command says beside its options: examples, and its exit codes. */

/** A command line for a POSIX shell, with `ecdh-duet` for the program as it was started, and what it is for. */
type Example = readonly [line: string, does: string]

export interface More {
  /** What the exit codes mean beside 2, which is wrong usage everywhere. */
  readonly exits: string
  readonly examples: readonly [Example, Example]
}

const ENDED = '0 when somebody ended it, 1 if it could not start or go on'

/** Of each command by its name on the command line; of the program itself by an empty name. */
export const MORE: Readonly<Record<string, More>> = {
  '': {
    exits: '0 if all is well, 1 if not',
    examples: [
      ['ecdh-duet both', 'start two peers in this terminal, which say what to type next'],
      ['ecdh-duet lab original', 'see how the program that this one began as is broken'],
    ],
  },
  both: {
    exits: ENDED,
    examples: [
      ['ecdh-duet both --curve hybrid', 'join X25519 with ML-KEM-768, against quantum computers'],
      ['ecdh-duet both --ports 8000,8001 --no-state', 'use other ports, and forget who was met'],
    ],
  },
  peer: {
    exits: ENDED,
    examples: [
      [
        'ecdh-duet peer --port 5000 --peer http://127.0.0.1:5001',
        'the first of two terminals; the second one has the ports the other way round',
      ],
      [
        'ecdh-duet peer --port 5000 --peer http://10.0.0.2:5000 --host 10.0.0.1',
        'the machine 10.0.0.1 of two, each of which names the other',
      ],
    ],
  },
  'send-image': {
    exits: '0 if the picture arrived, 1 if not',
    examples: [
      ['ecdh-duet send-image --port 5000 picture.png', 'send it from the peer on port 5000'],
      ['ecdh-duet send-image --port 5001 photo.jpg', 'answer from the other one'],
    ],
  },
  keygen: {
    exits: '0 if the keys were written, 1 if there are some already or none could be',
    examples: [
      ['ecdh-duet keygen keys', 'write keys/key.private.pem and keys/key.public.pem'],
      ['ecdh-duet keygen --curve p256', 'a pair on P-256, in this folder'],
    ],
  },
  send: {
    exits: '0 if the mailbox has it, 1 if not',
    examples: [
      [
        "echo 'Meet me at noon' | ecdh-duet send --to http://127.0.0.1:5000 -",
        'seal it to the key that the peer gives',
      ],
      [
        'ecdh-duet send --to http://127.0.0.1:5000 --recipient key.public.pem',
        'seal what you type, up to Ctrl-D (on Windows Ctrl-Z and Enter), to a key you know',
      ],
    ],
  },
  watch: {
    exits: ENDED,
    examples: [
      [
        'ecdh-duet watch mail --key keys/key.private.pem',
        'print the texts in mail/ and those to come',
      ],
      ['ecdh-duet watch mail --key keys/key.private.pem | more', 'read them a page at a time'],
    ],
  },
  mallory: {
    exits: ENDED,
    examples: [
      ['ecdh-duet mallory --with strangers', 'start two peers who have never met, and her between'],
      ['ecdh-duet mallory --with strangers --alter noon=midnight', 'have her change a word too'],
    ],
  },
  check: {
    exits: '0 if all are good, 1 if some are not',
    examples: [
      [
        'curl http://127.0.0.1:5000/transcript -o ana.json',
        'save the transcript of a peer; a link at the end of its page does the same',
      ],
      ['ecdh-duet check ana.json ben.json', 'check each of them, and both beside one another'],
    ],
  },
  lab: {
    exits: '0 if the attack went as it has to, 1 if not',
    examples: [
      ['ecdh-duet lab original', 'find a private key from a public one in no time'],
      ['ecdh-duet lab bad-keys http://127.0.0.1:5000', 'attack a peer that runs'],
    ],
  },
  'lab original': {
    exits: '0 when done, 1 if it failed',
    examples: [
      ['ecdh-duet lab original', 'run all of it'],
      ['ecdh-duet lab original | more', 'read it a page at a time'],
    ],
  },
  'lab bad-keys': {
    exits: '0 if everything was refused as it has to be, 1 if not',
    examples: [
      ['ecdh-duet lab bad-keys http://127.0.0.1:5000', 'attack the peer on port 5000'],
      ['ecdh-duet lab bad-keys http://127.0.0.1:5000 --all', 'and see what each attack would win'],
    ],
  },
  'lab nonce-reuse': {
    exits: '0 when done, 1 if it failed',
    examples: [
      ['ecdh-duet lab nonce-reuse', 'with two texts of its own'],
      [
        "ecdh-duet lab nonce-reuse 'See you at noon' 'Take the keys' --crib ' the '",
        'with yours, and with what she guesses to be in one of them',
      ],
    ],
  },
  'lab forward-secrecy': {
    exits: '0 when done, 1 if it failed',
    examples: [
      ['ecdh-duet lab forward-secrecy', 'on X25519'],
      ['ecdh-duet lab forward-secrecy --curve p256', 'on P-256'],
    ],
  },
  'lab quantum': {
    exits: '0 when done, 1 if it failed',
    examples: [
      ['ecdh-duet lab quantum', 'run all of it'],
      ['ecdh-duet lab quantum | more', 'read it a page at a time'],
    ],
  },
  exercise: {
    exits: '0 if every graded clause passes, 1 if one does not',
    examples: [
      [
        "ecdh-duet exercise --start 'node peer.js {port} {peer} {curve} {state}'",
        'start peer.js again and again, and examine it',
      ],
      [
        'ecdh-duet exercise --attach http://127.0.0.1:5000 --port 5001 --stage 1',
        'examine the first stage of a peer that runs already',
      ],
    ],
  },
  'exercise vectors': {
    exits: '0 when done, 1 if it failed',
    examples: [
      ['ecdh-duet exercise vectors', 'print all of them'],
      ['ecdh-duet exercise vectors | more', 'read them a page at a time'],
    ],
  },
  'exercise starter': {
    exits: '0 if the files were written, 1 if some are there already or none could be',
    examples: [
      ['ecdh-duet exercise starter python', 'write peer.py and what it needs into this folder'],
      ['ecdh-duet exercise starter javascript mine', 'write peer.js into the folder mine/'],
    ],
  },
  'exercise class': {
    exits: '0 if each peer has full marks, 1 if one has not',
    examples: [
      ['ecdh-duet exercise class --trust ana ben', 'examine the peers in ana/ and ben/'],
      ['ecdh-duet exercise class --trust ana ben --csv marks.csv', 'and write a table as well'],
    ],
  },
}
