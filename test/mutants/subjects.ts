/** What is mutated, and the tests that have to notice: those that run inside one process, and quickly. */

export interface Subject {
  /** Files of src/, or folders with all that is in them. */
  readonly sources: readonly string[]
  /** Of test/. */
  readonly tests: readonly string[]
  /** Tests that take seconds, and say of a single mutant no more than the others. */
  readonly without?: RegExp
  /** How many of a hundred mutants have to be killed in each file. */
  readonly atLeast: number
}

export const SUBJECTS: readonly Subject[] = [
  {
    sources: ['src/protocol'],
    tests: [
      'annotations.test.ts',
      'curves.test.ts',
      'exchange.test.ts',
      'kem.test.ts',
      'keyChain.test.ts',
      'keySchedule.test.ts',
      'messages.test.ts',
      'safetyNumber.test.ts',
      'session.test.ts',
      'specification.test.ts',
      'stream.test.ts',
    ],
    // the schedules stay, on the fast fake curve with and without a fake KEM
    without:
      /at 2\^20|random schedules on (X25519|P-256)|1,000 iterations|every bit of both shares/,
    atLeast: 95,
  },
]
