/** What a typed line asks for. */

export type Wish =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'send' | 'compare'; readonly argument: string }
  | { readonly kind: 'keys' | 'show' | 'who' | 'help' | 'quit' }
  | { readonly kind: 'unknown'; readonly word: string }
  | { readonly kind: 'nothing' }

/** What one may type, with what it does: two columns. */
export const COMMANDS: readonly (readonly [command: string, what: string])[] = [
  ['/send FILE', 'send a picture'],
  ['/compare NUMBER', 'compare the safety number that they read to you'],
  ['/keys', 'agree on fresh keys'],
  ['/show', 'show the shared secret and the safety number'],
  ['/who', 'show who is who, and who else is on this network'],
  ['/quit', 'end (Ctrl-D)'],
  ['//TEXT', 'send a text that begins with a slash'],
]

/** What `line` asks for. `mayBeCommand`: false for what was pasted or comes through a pipe. */
export function wishOf(line: string, mayBeCommand: boolean): Wish {
  if (line.trim() === '') return { kind: 'nothing' }
  if (!mayBeCommand || !line.startsWith('/')) return { kind: 'text', text: line }
  if (line.startsWith('//')) return { kind: 'text', text: line.slice(1) }
  const [, word = '', argument = ''] = /^\/(\S*)\s*(.*)$/s.exec(line.trimEnd()) ?? []
  switch (word) {
    case 'send':
    case 'compare':
      return { kind: word, argument }
    case 'keys':
    case 'show':
    case 'who':
    case 'help':
    case 'quit':
      return { kind: word }
    default:
      return { kind: 'unknown', word }
  }
}
