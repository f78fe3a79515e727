/** Mutants that no test can tell from the program, and why. */

export interface Equivalent {
  readonly file: string
  /** The line that it stands in. */
  readonly line: string
  /** What stands in place of a part of it. */
  readonly is: string
  /** Why nothing that a test can see changes. */
  readonly why: string
}

export const EQUIVALENT: readonly Equivalent[] = []
