/** What else runs JavaScript, where the machine has it: `npm install deno bun` brings both. */

import { programOf } from './programs.ts'

export interface Runtime {
  readonly name: string
  /** Runs one file of the tests' own, which it may not leave, without asking for anything. */
  readonly bare: readonly string[]
  /** How a person starts it on a script. */
  readonly typed: string
  /** The same, for the command, which is allowed all that it asks for. */
  readonly full: readonly string[]
  /** For tests that need it: false, or why they are skipped. */
  readonly skip: string | false
}

/** The programs that `DENO` and `BUN` name, else those of the machine. */
const [deno, bun] = ['deno', 'bun'].map(
  (name) => process.env[name.toUpperCase()] ?? programOf([name]),
)
const skip = (name: string, program: string | null | undefined) =>
  !program && `there is no ${name} here (npm install ${name}, or name one in ${name.toUpperCase()})`

export const RUNTIMES: readonly Runtime[] = [
  {
    name: 'Deno',
    bare: [deno ?? '', 'run', '--no-prompt', '--no-config', '--no-remote', '--no-npm'],
    typed: 'deno run -A',
    full: [deno ?? '', 'run', '-A'],
    skip: skip('deno', deno),
  },
  { name: 'Bun', bare: [bun ?? ''], typed: 'bun', full: [bun ?? ''], skip: skip('bun', bun) },
]
