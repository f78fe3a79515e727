/** What is mutated, the tests that have to notice, and how many mutants of a hundred they have to notice. */

export interface Room {
  readonly atLeast: number
  /** Test files by the source file that is theirs. */
  readonly tests: Readonly<Record<string, readonly string[]>>
}

function room(
  folder: string,
  atLeast: number,
  testFolder: string,
  files: Readonly<Record<string, string>>,
): Room {
  const tests = Object.entries(files).map(([name, names]) => [
    `${folder}/${name}.ts`,
    names.split(' ').map((test) => `test/${testFolder}/${test}.test.ts`),
  ])
  return { atLeast, tests: Object.fromEntries(tests) }
}

export const ROOMS: readonly Room[] = [
  room('src/protocol', 99.3, 'protocol', {
    bytes: 'bytes keySchedule messages safetyNumber stream',
    curves: 'curves',
    errors: 'curves openText',
    exchange: 'exchange hybridExchange openText',
    json: 'json',
    kem: 'kem',
    keyChain: 'keyChain session',
    keyExchange: 'exchange hybridExchange openText',
    keySchedule: 'keySchedule session specification',
    messages: 'messages',
    openText: 'openText',
    safetyNumber: 'safetyNumber',
    session: 'session openText specification',
    stream: 'stream',
    suites: 'messages kem session exchange hybridExchange',
  }),
  room('src/state', 99.5, 'state', {
    files: 'files state keyFiles permissions',
    gitignore: 'files',
    keptPictures: 'pictureStore',
    keyFiles: 'keyFiles state permissions',
    openMemory: 'state',
    pem: 'pem keyFiles',
    pictureFile: 'pictureFile',
    pictureStore: 'pictureStore',
  }),
  room('src/peer', 95, 'peer', { pictureSize: 'pictureSize', texts: 'texts' }),
  room('src/wirelog', 95, 'peer', { annotate: 'annotations' }),
  room('src/http', 96.3, 'peer', { guard: 'guard' }),
  room('src/disk', 98.8, 'disk', { lock: 'lock', stamp: 'stamp', sync: 'sync' }),
  room('src/mailbox', 98.2, 'mailbox', {
    hpke: 'seal',
    openMailbox: 'mailbox',
    maildir: 'maildir',
    seal: 'seal',
    watchMaildir: 'watch notMail',
  }),
]
