/** What is mutated, and the tests that have to notice: those of its subject, which run in one process, and quickly. */

export interface Subject {
  /** From the project's root. */
  readonly source: string
  /** Of test/. */
  readonly tests: readonly string[]
  /** How many of a hundred mutants have to be killed. */
  readonly atLeast: number
}

/**
 * Tests of a file that are not asked: they take seconds and say of a single mutant no more than the others, or they
 * run the program in a process of its own, where no mutant is awake.
 */
export const WITHOUT: Readonly<{ [file: string]: RegExp }> = {
  'protocol/curves.test.ts': /after 1000 iterations/,
  'peer/guard.test.ts': /^(a slow or greedy caller|a proxy in the environment)/,
  'peer/texts.test.ts': /^\/send_msg over a wire/,
  'mailbox/mailbox.test.ts': /^ecdh-duet|works as it stands there/,
  'state/state.test.ts': /^the state on X25519MLKEM768/,
  'disk/lock.test.ts': /is one process's/,
  'mailbox/watch.test.ts': /^ecdh-duet/,
}

function subjects(
  folder: string,
  testFolder: string,
  atLeast: number,
  tests: Readonly<Record<string, readonly string[]>>,
): Subject[] {
  return Object.entries(tests).map(([name, tests]) => ({
    source: `${folder}/${name}.ts`,
    tests: tests.map((test) => `${testFolder}/${test}.test.ts`),
    atLeast,
  }))
}

export const SUBJECTS: readonly Subject[] = [
  ...subjects('src/protocol', 'protocol', 95, {
    bytes: ['bytes', 'keySchedule', 'messages', 'safetyNumber', 'stream'],
    curves: ['curves'],
    errors: ['curves', 'openText'],
    exchange: ['exchange', 'hybridExchange', 'openText'],
    json: ['json'],
    kem: ['kem'],
    keyChain: ['keyChain', 'session'],
    keyExchange: ['exchange', 'hybridExchange', 'openText'],
    keySchedule: ['keySchedule', 'session', 'specification'],
    messages: ['messages'],
    openText: ['openText'],
    safetyNumber: ['safetyNumber'],
    session: ['session', 'openText', 'specification'],
    stream: ['stream'],
    suites: ['messages', 'kem', 'session', 'exchange', 'hybridExchange'],
  }),
  ...subjects('src/state', 'state', 95, {
    files: ['files', 'state', 'keyFiles'],
    gitignore: ['files'],
    keptPictures: ['pictureStore'],
    keyFiles: ['keyFiles', 'state'],
    openMemory: ['state'],
    pem: ['pem', 'keyFiles'],
    pictureFile: ['pictureStore'],
    pictureStore: ['pictureStore'],
  }),
  ...subjects('src/peer', 'peer', 95, { pictureSize: ['pictureSize'], texts: ['texts'] }),
  ...subjects('src/wirelog', 'peer', 95, { annotate: ['annotations'] }),
  ...subjects('src/http', 'peer', 95, { guard: ['guard'] }),
  ...subjects('src/disk', 'disk', 95, { lock: ['lock'], stamp: ['stamp'], sync: ['sync'] }),
  ...subjects('src/mailbox', 'mailbox', 95, {
    hpke: ['seal'],
    openMailbox: ['mailbox'],
    maildir: ['maildir'],
    seal: ['seal'],
    watchMaildir: ['watch', 'notMail'],
  }),
]
