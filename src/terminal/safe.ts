/**
 * What may stand on a terminal. Text from outside is escaped here, colour is added here, and a
 * secret that a person reads becomes text here and nowhere else. (A private key becomes PEM for its own file in
 * `state/pem.ts`.)
 */

import { bytesToHex } from '../protocol/bytes.ts'

/** C0 (with ESC and newline), DEL, C1, the line and paragraph separators and the bidirectional controls of Unicode. */
const CONTROLS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

const SHORT: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** Text from outside as it may stand on a terminal: what controls one becomes an escape. */
export function printable(text: string): string {
  return text.replace(CONTROLS, (character) => SHORT[character] ?? `\\u{${hexOf(character)}}`)
}

/** JSON on one line as it may stand on a terminal: what controls one becomes an escape of JSON's own. */
export function printableJson(line: string): string {
  return line.replace(CONTROLS, (character) => `\\u${hexOf(character).padStart(4, '0')}`)
}

function hexOf(character: string): string {
  return character.charCodeAt(0).toString(16)
}

/** A label from outside, at a length that keeps its line readable. */
export function cut(text: string): string {
  const shown = printable(text)
  return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown
}

/** `lines`: UTF-8 whose lines stay lines. */
export type SecretForm = 'hex' | 'text' | 'lines'

/** How secrets are shown to whoever looks at this terminal, or that they are not. */
export class Secrets {
  readonly areShown: boolean

  constructor(areShown: boolean) {
    this.areShown = areShown
  }

  /** THE way out for secrets: everything secret that a person can read is made here. */
  text(secret: Uint8Array, form: SecretForm): string {
    if (!this.areShown) return 'hidden by --no-secrets'
    if (form === 'hex') return bytesToHex(secret)
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(secret)
    return form === 'text' ? printable(text) : text.split('\n').map(printable).join('\n')
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
