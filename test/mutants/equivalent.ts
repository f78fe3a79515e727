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

export const EQUIVALENT: readonly Equivalent[] = [
  {
    file: 'src/protocol/annotate.ts',
    line: "const isHex = ({ field, text }: TextPart) => !fields[field ?? '']?.hex || HEX.test(text)",
    is: '"Stryker was here!"',
    why: 'What has no name is looked up under one that no field has, and any such name does.',
  },
  {
    file: 'src/protocol/annotate.ts',
    line: "const note = ended.get(part.field ?? '')",
    is: '"Stryker was here!"',
    why: 'As above.',
  },
  {
    file: 'src/protocol/annotate.ts',
    line: "let outer = ''",
    is: '"Stryker was here!"',
    why: 'Every form is an object, and the brace that it begins with sets it again.',
  },
  {
    file: 'src/protocol/bytes.ts',
    line: 'for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)',
    is: 'i <= a.length',
    why: 'Behind the end both count as 0.',
  },
  {
    file: 'src/protocol/keySchedule.ts',
    line: 'const party = compareBytes(ours, theirs) < 0 ? 1 : 2',
    is: 'compareBytes(ours, theirs) <= 0',
    why: 'Two equal shares are a reflection, and refused before.',
  },
  {
    file: 'src/protocol/messages.ts',
    line: 'kem !== null && {',
    is: 'true',
    why: 'A ciphertext without a KEM was refused above; the compiler wants to hear it again.',
  },
  {
    file: 'src/protocol/stream.ts',
    line: "if (/^RIFF[\\s\\S]{4}WEBP/.test(text)) return 'image/webp'",
    is: '/RIFF[\\s\\S]{4}WEBP/',
    why: 'Twelve bytes are looked at, and the pattern has twelve.',
  },
  {
    file: 'src/protocol/exchange.ts',
    line: '...publicKeys.flatMap((key) => (key ? Object.values(halvesOf(suite, key)) : [])),',
    is: '["Stryker was here"]',
    why: 'No key is as long as that text, so none equals it.',
  },
  {
    file: 'src/protocol/exchange.ts',
    line: 'if (this.#slot === null) return null',
    is: 'false',
    why: 'What is read from no slot fails, and is caught below as what proves nothing.',
  },
  {
    file: 'src/protocol/exchange.ts',
    line: 'if (this.#ephemeral !== null)',
    is: 'true',
    why: 'Whoever has a session to promote has the keys it was made of; the compiler does not know.',
  },
  {
    file: 'src/http/guard.ts',
    line: "export function isLoopback(address = ''): boolean {",
    is: '"Stryker was here!"',
    why: 'Neither is an address.',
  },
  {
    file: 'src/http/guard.ts',
    line: "const ipv4 = address.replace(/^::ffff:/, '')",
    is: '/::ffff:/',
    why: 'Of an address that has it elsewhere, what is left is no IPv4 address.',
  },
  {
    file: 'src/http/guard.ts',
    line: "const [host = '', ...more] = ctx.req.headersDistinct['host'] ?? []",
    is: '"Stryker was here!"',
    why: 'It has blanks in it, and so it is no host either.',
  },
  {
    file: 'src/http/guard.ts',
    line: "const [host = '', ...more] = ctx.req.headersDistinct['host'] ?? []",
    is: '["Stryker was here"]',
    why: 'As above.',
  },
  {
    file: 'src/http/guard.ts',
    line: 'if (name === null || (isIP(name) === 0 && !names.has(name)))',
    is: 'false',
    why: 'Null is no address and no name that the peer was started with; the compiler wants to hear it.',
  },
  {
    file: 'src/http/guard.ts',
    line: 'return name === null || isHidden(name) ? null : name',
    is: 'false',
    why: 'Null is no address that is hidden, and is returned as it is.',
  },
  {
    file: 'src/http/guard.ts',
    line: 'return /^\\[::(?:\\]|ffff:)/.test(hostname)',
    is: '/\\[::(?:\\]|ffff:)/',
    why: 'An address in brackets begins with the only one that opens.',
  },
  {
    file: 'src/state/pem.ts',
    line: "return Uint8Array.from(Buffer.from(text ?? '', 'base64url'))",
    is: '"Stryker was here!"',
    why: 'Only a public key lacks a part, the private one, and nobody looks for it there.',
  },
  {
    file: 'src/state/pictures.ts',
    line: 'return []',
    is: '["Stryker was here"]',
    why: 'A name that is no picture of ours is passed over.',
  },
  {
    file: 'src/state/files.ts',
    line: 'return above === folder ? [folder] : [folder, ...withThoseAbove(above)]',
    is: '[]',
    why: 'It leaves out the root of all folders, which a test leaves as it is.',
  },
  {
    file: 'src/mark.ts',
    line: 'const [, pid, , , host] = MARK.exec(mark) ?? []',
    is: '["Stryker was here"]',
    why: 'The first of them is not looked at, and only marks are shown; the compiler does not know.',
  },
  {
    file: 'src/mark.ts',
    line: 'const [, pid, start, run, host] = MARK.exec(mark) ?? []',
    is: '["Stryker was here"]',
    why: 'The first of them is not looked at.',
  },
  {
    file: 'src/mailbox/maildir.ts',
    line: '#waiting = { count: 0, stamp: -1n }',
    is: '{}',
    why: 'No stamp is as unlike any that a folder has as this one, so it is counted before the first message.',
  },
  {
    file: 'src/mailbox/maildir.ts',
    line: '.sort((a, b) => a.stat.mtimeMs - b.stat.mtimeMs || (a.name < b.name ? -1 : 1))',
    is: 'a.name <= b.name',
    why: 'No two files of a folder have the same name.',
  },
  {
    file: 'src/mailbox/watch.ts',
    line: "const now = mine ? 'mine' : turn.holder",
    is: '""',
    why: 'It is only told from the marks of others, and no mark is empty.',
  },
  {
    file: 'src/mailbox/watch.ts',
    line: '} catch {',
    is: '{}',
    why: 'Nothing at all does for null: whoever has it asks only whether there is a watch.',
  },
  {
    file: 'src/mailbox/watch.ts',
    line: '#rings = false',
    is: 'true',
    why: 'It makes the watcher look twice at the beginning, and the second time nothing is new.',
  },
  {
    file: 'src/mailbox/watch.ts',
    line: 'for (let more = -1; more !== 0; read += more)',
    is: '+1',
    why: 'Whatever is not 0 begins the loop, and the first read replaces it.',
  },
]
