/**
 * A secret that a person reads becomes text here and nowhere else. (A private key becomes PEM for its own file in
 * `state/pem.ts`.) Colour is added here too.
 */

import { bytesToHex } from '../protocol/bytes.ts'
import { printable } from './printable.ts'
import { ours, type Said, theirs } from './said.ts'

/** `text`: UTF-8 from outside. `lines`: UTF-8 of our own, which keeps its line ends. */
export type SecretForm = 'hex' | 'text' | 'lines'

/** Whether and how this terminal shows secrets. */
export class Secrets {
  readonly areShown: boolean

  constructor(areShown: boolean) {
    this.areShown = areShown
  }

  /** THE way out for secrets: every secret that a person can read is made here. */
  text(secret: Uint8Array, form: SecretForm): Said {
    if (!this.areShown) return ours('hidden by --no-secrets')
    if (form === 'hex') return ours(bytesToHex(secret))
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(secret)
    return form === 'text' ? theirs(text) : ours(text.replace(/[^ -~\n]+/g, printable))
  }
}

export type Colour = 'bold' | 'red' | 'green' | 'cyan' | 'yellow'

/** SGR parameters, ECMA-48 section 8.3.117. */
const SGR: Readonly<Record<Colour, string>> = {
  bold: '1',
  red: '31;1',
  green: '32',
  yellow: '33',
  cyan: '36',
}

/** `text` in a colour; colour is never the only sign. */
export function paint(text: string, colour: Colour): string {
  return `\u001b[${SGR[colour]}m${text}\u001b[0m`
}
