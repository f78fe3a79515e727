/**
 * Makes text from outside printable. Characters that act on a terminal, that cannot be seen, or that look like a sign of
 * the program become escapes. All text from outside goes through here.
 */

/** How text from outside is told from our own words (`rows.ts`). */
export interface Marks {
  /** Before each of its rows. */
  readonly before: string
  /** Behind its last row. If it is empty, what follows begins a new row. */
  readonly behind: string
  readonly printable: (text: string) => string
}

/**
 * Controls, format characters, surrogates, private and unassigned code points; separators, the blank
 * aside; what Unicode says to ignore (fillers, variation selectors, tags); and four glyphs without ink.
 */
const UNSEEN = String.raw`\p{C}\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\p{DI}\u2800\u303f\ufffc\u{1d159}`

/**
 * The program's signs, what Unicode normalises to them or calls confusable with them (UTS #39), and the
 * rest of their kinds: arrows, ticks and crosses, discs, dots at half height, box drawing.
 */
const SIGNS = [
  String.raw`\u2190-\u21ff\u2794\u2798-\u27af\u27b1-\u27be\u27f0-\u27ff\u2900-\u297f\u29f4\u2b00-\u2b11\u2b30-\u2b4f`,
  String.raw`\u2b5a-\u2bb9\u2bec-\u2bef\uffe9-\uffec\u{1f800}-\u{1f8ff}`,
  String.raw`\u237b\u2611-\u2613\u2705\u2713-\u2718\u274c\u274e\u2a09\u2a2f\u2bbd\u{10102}\u{1f5d9}\u{1f5f4}-\u{1f5f9}\u{1fbb1}`,
  String.raw`\u23fa\u25c9\u25cf\u26ab\u2b24\u2981\u29be\u29bf\u{1f311}\u{1f534}\u{1f535}\u{1f780}-\u{1f7ae}\u{1f7e0}-\u{1f7e4}`,
  String.raw`\u00b7\u013f\u0140\u0387\u1427\u16eb\u18df\u2022\u2027\u2219\u22c5\u2e31\u2e33\u30fb\ua78f\uff65\u{10101}`,
  String.raw`\u2223\u23a2\u23a5\u23a6\u23aa\u23b8\u23b9\u23cc\u23d0\u2500-\u257f\u258f\u2595\u2758-\u275a\ufe31\uff5c\uffe8\u{1fb70}-\u{1fb75}`,
].join('')

/** Characters that are drawn into the place of the one before: marks, and the later parts of a Hangul syllable. */
const JOINING = String.raw`\p{M}\u1161-\u11ff\ud7b0-\ud7fb`

/** No script needs more of them on one character (UTS #39, section 5.4). */
const JOINED_TO_ONE = 4

/** A run of one character that is escaped. It takes linear time: no part of it looks back by more than five characters. */
export const ESCAPED = new RegExp(
  [
    // one blank between two words is as it is
    '^ +| {2,}| $',
    String.raw`([${UNSEEN}${SIGNS}])\1*`,
    String.raw`([${JOINING}])(?<![^ ${UNSEEN}${SIGNS}${JOINING}][${JOINING}]{1,${JOINED_TO_ONE}})\2*`,
    // the command's own sentences begin with this
    '(?<=ecdh-duet):',
  ].join('|'),
  'gu',
)

const SHORT: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** Up to so many equal escapes are all written; of more, the first one and their number. */
const SPELLED_OUT = 3

/** `text` on one line, without two blanks in a row, signs of the program, or anything that acts or cannot be seen. */
export function printable(text: string): string {
  return text.replace(ESCAPED, (run) => {
    const [character = ''] = run
    const count = run.length / character.length
    const shown = SHORT[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`
    return count > SPELLED_OUT ? `${shown}{${count}}` : shown.repeat(count)
  })
}

/** A colon, what Unicode normalises to one, and what looks like one. */
const COLON = String.raw`[:\uff1a\ufe55\ufe13\u2236\u02d0\u02f8\ua789\u0589\u05c3]`
const SECOND_COLON = new RegExp(String.raw`(?<=\p{N}${COLON}\p{N}{1,4})${COLON}(?=\p{N})`, 'gu')

/** The same where our lines have no sign: what each of ours begins with, a time to the second, loses its second colon. */
function spokenPrintable(text: string): string {
  return printable(text).replace(
    SECOND_COLON,
    (colon) => `\\u{${colon.codePointAt(0)?.toString(16)}}`,
  )
}

export const DRAWN: Marks = { before: '│ ', behind: ' ┘', printable }
/** With a word in the place of a mark, for screen readers and logs (`--plain`). */
export const SPOKEN: Marks = { before: 'quoted: ', behind: '', printable: spokenPrintable }

/** A line of JSON, whose strings are made printable by escapes of JSON's own. */
export function printableJson(line: string): string {
  return line.replace(
    // a quote that is never closed ends with the line: to search for its end again and again takes the square of the time
    /"(?:[^"\\]|\\.)*\\?(?:"|$)/gs,
    (string) => `"${string.slice(1, -1).replace(ESCAPED, inJson)}"`,
  )
}

function inJson(run: string): string {
  return run.replace(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
