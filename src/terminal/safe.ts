/**
 * A secret that a person reads becomes text here and nowhere else. (A private key becomes PEM for its own file in
 * `state/pem.ts`.) Colour is added here too.
 */

import { bytesToHex } from '../protocol/bytes.ts'
import { printable } from './printable.ts'
import { ours, type Said, theirs, Value } from './said.ts'

const HIDDEN = 'hidden by --no-secrets'

/** Whether and how this terminal shows secrets. */
export class Secrets {
  readonly areShown: boolean

  constructor(areShown: boolean) {
    this.areShown = areShown
  }

  // THE way out for secrets: every secret that a person can read is made by these three

  /** A key. */
  hex(secret: Uint8Array): Value {
    return new Value(this.areShown ? bytesToHex(secret) : HIDDEN)
  }

  /** UTF-8 from outside. */
  text(secret: Uint8Array): Said {
    return this.areShown ? theirs(decoded(secret)) : ours(HIDDEN)
  }

  /** UTF-8 of our own, which keeps its line ends. */
  lines(secret: Uint8Array): Said {
    return ours(this.areShown ? decoded(secret).replace(/[^ -~\n]+/g, printable) : HIDDEN)
  }
}

const decoded = (secret: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(secret)

/** Those that can be read on light and on dark: no yellow, cyan or green. */
export type Colour = 'bold' | 'underline' | 'red'

/** SGR parameters, ECMA-48 section 8.3.117. */
const SGR: Readonly<Record<Colour, string>> = { bold: '1', underline: '1;4', red: '31;1' }

/** `text` in a colour; colour is never the only sign. */
export function paint(text: string, colour: Colour): string {
  return `\u001b[${SGR[colour]}m${text}\u001b[0m`
}
