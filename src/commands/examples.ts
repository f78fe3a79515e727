/** What the help of each command says beside its options: examples, and its exit codes. */

/** A command line for a POSIX shell, with `$` for the program as it was started and this command, and what it does. */
type Example = readonly [line: string, does: string]

export interface More {
  /** What the exit codes mean beside 2, which is wrong usage everywhere. */
  readonly exits: string
  /** What else whoever types it has to know. */
  readonly note?: string
  readonly examples: readonly [Example, Example]
}

const ENDED = '0 when somebody ended it, 1 if it could not start or go on'

/** Of each command by its name on the command line; of the program itself by an empty name. */
export const MORE: Readonly<Record<string, More>> = {
  '': {
    exits: '0 if all is well, 1 if not',
    examples: [
      ['$ both', 'start two peers in this terminal, which say what to type next'],
      ['$ lab original', 'see how the program that this one began as is broken'],
    ],
  },
  both: {
    exits: ENDED,
    examples: [
      ['$ --curve hybrid', 'join X25519 with ML-KEM-768, against quantum computers'],
      ['$ --ports 8000,8001 --no-state', 'use other ports, and forget who was met'],
    ],
  },
  peer: {
    exits: ENDED,
    examples: [
      [
        '$ --port 5000 --peer http://127.0.0.1:5001',
        'the first of two terminals; in the second one, swap the ports',
      ],
      [
        '$ --port 5000 --peer http://10.0.0.2:5000 --host 10.0.0.1',
        'the machine 10.0.0.1 of two, each of which names the other',
      ],
    ],
  },
  talk: {
    exits: '0 when somebody ended it or a pipe was sent, 1 if a text may not have arrived',
    examples: [
      ['$', 'find the other one on this network, where somebody types the same'],
      ['$ --peer http://10.0.0.7:5000', 'name the other one, who names you'],
    ],
  },
  'send-image': {
    exits: '0 if the picture arrived, 1 if not',
    examples: [
      ['$ --port 5000 picture.png', 'send it from the peer on port 5000'],
      ['$ --port 5001 photo.jpg', 'answer from the other one'],
    ],
  },
  keygen: {
    exits: '0 if the keys were written, 1 if there are some already or none could be',
    examples: [
      ['$ keys', 'write keys/key.private.pem and keys/key.public.pem'],
      ['$ --curve p256', 'a pair on P-256, in this folder'],
    ],
  },
  send: {
    exits: '0 if the mailbox has it, 1 if not',
    note: 'Mail is anonymous: nothing in it says or proves who sent it. The terminal of the mailbox shows the address that it came from.',
    examples: [
      [
        "echo 'Meet me at noon' | $ --to http://127.0.0.1:5000 -",
        'seal it to the key that the peer gives',
      ],
      [
        '$ --to http://127.0.0.1:5000 --recipient key.public.pem',
        'to a key you know: type the text, then Ctrl-D (on Windows Ctrl-Z, Enter)',
      ],
    ],
  },
  watch: {
    exits: ENDED,
    examples: [
      ['$ mail --key keys/key.private.pem', 'print the texts in mail/ and those to come'],
      ['$ mail --key /media/stick/key.private.pem', 'with the private key on a stick'],
    ],
  },
  mallory: {
    exits: ENDED,
    examples: [
      ['$ --with strangers', 'start two peers who have never met, and her between'],
      ['$ --with strangers --alter noon=midnight', 'have her change a word too'],
    ],
  },
  check: {
    exits:
      '0 if all are good, with what is required, and nobody of the roster is missing, 1 if not',
    examples: [
      ['$ ana.json ben.json', 'check each of them, and both beside one another'],
      [
        "$ class --roster class.csv --require 'messages>=1 each way'",
        'what a class handed in, as a learning platform gives it out, unpacked',
      ],
    ],
  },
  lab: {
    exits: '0 if the attack went as it has to, 1 if not',
    examples: [
      ['$ original', 'find a private key from a public one in no time'],
      ['$ bad-keys http://127.0.0.1:5000', 'attack a peer that runs'],
    ],
  },
  'lab original': {
    exits: '0 when done, 1 if it failed',
    examples: [
      ['$', 'run all of it'],
      ['$ | more', 'read it a page at a time'],
    ],
  },
  'lab bad-keys': {
    exits: '0 if everything was refused as it has to be, 1 if not',
    examples: [
      ['$ http://127.0.0.1:5000', 'attack the peer on port 5000'],
      ['$ http://127.0.0.1:5000 --all', 'and see what each attack would win'],
    ],
  },
  'lab nonce-reuse': {
    exits: '0 when done, 1 if it failed',
    examples: [
      ['$', 'with two texts of its own'],
      [
        "$ 'See you at noon' 'Take the keys' --crib ' the '",
        'with yours, and with what she guesses to be in one of them',
      ],
    ],
  },
  'lab forward-secrecy': {
    exits: '0 when done, 1 if it failed',
    examples: [
      ['$', 'on X25519'],
      ['$ --curve p256', 'on P-256'],
    ],
  },
  'lab quantum': {
    exits: '0 when done, 1 if it failed',
    examples: [
      ['$', 'run all of it'],
      ['$ | more', 'read it a page at a time'],
    ],
  },
  exercise: {
    exits: '0 if every graded clause passes, 1 if one does not',
    examples: [
      [
        "$ --start 'node peer.js {port} {peer} {curve} {state}'",
        'start peer.js again and again, and examine it',
      ],
      [
        '$ --attach http://127.0.0.1:5000 --port 5001 --stage 1',
        'examine the first stage of a peer that runs already',
      ],
    ],
  },
  'exercise vectors': {
    exits: '0 when done, 1 if it failed',
    examples: [
      ['$', 'print all of them'],
      ['$ | more', 'read them a page at a time'],
    ],
  },
  'exercise starter': {
    exits: '0 if the files were written, 1 if some are there already or none could be',
    examples: [
      ['$ python', 'write peer.py and what it needs into this folder'],
      ['$ javascript mine', 'write peer.js into the folder mine/'],
    ],
  },
  'exercise class': {
    exits: '0 if each peer has full marks, 1 if one has not',
    examples: [
      ['$ --trust ana ben', 'examine the peers in ana/ and ben/'],
      ['$ --trust ana ben --csv marks.csv', 'and write a table as well'],
    ],
  },
}
