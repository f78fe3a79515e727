/** Mutants that no test can tell from the program, and why. */

import { changesIn } from '../helpers/changes.ts'

export interface Equivalent {
  readonly file: string
  /** The line that it stands in. */
  readonly line: string
  /** What stands in place of a part of it. */
  readonly is: string
}

/** Of each the file, why nothing that a test can see changes, its line, and what stands in place of a part of that. */
const LIST = String.raw`
src/wirelog/annotate.ts: What has no name is looked up under one that no field has, and any such name does.
- !fields[field ?? '']?.hex || HEX.test(unescaped(text))
+ "Stryker was here!"

src/wirelog/annotate.ts: As above.
- const note = ended.get(part.field ?? '')
+ "Stryker was here!"

src/wirelog/annotate.ts: Every form is an object, and the brace that it begins with sets it again.
- let outer = ''
+ "Stryker was here!"

src/wirelog/annotate.ts: In JSON every string has its end; without it the pattern could take the square of a text's length.
- const TOKENS = /"((?:[^"\\]|\\.)*)"?(\s*:)?|-?\d[\d.eE+-]*|true|null|[{}]/g
+ /"((?:[^"\\]|\\.)*)"(\s*:)?|-?\d[\d.eE+-]*|true|null|[{}]/g

src/protocol/bytes.ts: Behind the end of an array nothing is written.
- for (let i = 0; i < bytes.length; i++) {
+ i <= bytes.length

src/protocol/bytes.ts: Behind the end both count as 0.
- for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
+ i <= a.length

src/protocol/keySchedule.ts: Two equal shares are a reflection, and refused before.
- const party = compareBytes(ours, theirs) < 0 ? 1 : 2
+ compareBytes(ours, theirs) <= 0

src/protocol/messages.ts: A ciphertext without a KEM was refused above; the compiler wants to hear it again.
- kem !== null && {
+ true

src/protocol/json.ts: What stands in the place of an escape has no quotes either.
- const bare = text.replace(/\\./g, '')
+ "Stryker was here!"

src/protocol/stream.ts: A picture has a byte at least, so one whose only chunk has none is not as long as it says: bad_image too.
- const isOnlyOne = this.#counter === 0
+ false

src/protocol/stream.ts: Twelve bytes are looked at, and the pattern has twelve.
- if (/^RIFF[\s\S]{4}WEBP/.test(text)) return 'image/webp'
+ /RIFF[\s\S]{4}WEBP/

src/protocol/exchange.ts: No key is as long as that text, so none equals it.
- ...publicKeys.flatMap((key) => (key ? Object.values(halvesOf(suite, key)) : [])),
+ ["Stryker was here"]

src/protocol/exchange.ts: What is read from no slot fails, and is caught below as what proves nothing.
- if (this.#slot === null) return null
+ false

src/protocol/exchange.ts: Whoever has a session to promote has the keys it was made of; the compiler does not know.
- if (this.#ephemeral !== null)
+ true

src/http/guard.ts: It has blanks in it, and so it is no host either.
- const [host = '', ...more] = ctx.req.headersDistinct['host'] ?? []
+ "Stryker was here!"

src/http/guard.ts: As above.
- const [host = '', ...more] = ctx.req.headersDistinct['host'] ?? []
+ ["Stryker was here"]

src/http/guard.ts: Null is no address and no name that the peer was started with; the compiler wants to hear it.
- if (name === null || (isIP(name) === 0 && !names.has(name)))
+ false

src/http/guard.ts: Null is no address that is hidden, and is returned as it is.
- return name === null || isHidden(name) ? null : name
+ false

src/http/guard.ts: An address in brackets begins with the only one that opens.
- return /^\[::(?:\]|ffff:)/.test(hostname)
+ /\[::(?:\]|ffff:)/

src/state/pem.ts: Only a public key lacks a part, the private one, and nobody looks for it there.
- return Uint8Array.from(Buffer.from(text ?? '', 'base64url'))
+ "Stryker was here!"

src/state/pictures.ts: A name that is no picture of ours is passed over.
- return []
+ ["Stryker was here"]

src/state/files.ts: It leaves out the root of all folders, which a test leaves as it is.
- return above === folder ? [folder] : [folder, ...withThoseAbove(above)]
+ []

src/disk/mark.ts: The first of them is not looked at, and only marks are shown; the compiler does not know.
- const [, pid, , , host] = MARK.exec(mark) ?? []
+ ["Stryker was here"]

src/disk/mark.ts: The first of them is not looked at.
- const [, pid, start, run, host] = MARK.exec(mark) ?? []
+ ["Stryker was here"]

src/mailbox/maildir.ts: No stamp is as unlike any that a folder has as this one, so it is counted before the first message.
- #waiting = { count: 0, stamp: -1n }
+ {}

src/mailbox/maildir.ts: No two files of a folder have the same name.
- .sort((a, b) => a.stat.mtimeMs - b.stat.mtimeMs || (a.name < b.name ? -1 : 1))
+ a.name <= b.name

src/mailbox/watch.ts: It is only told from the marks of others, and no mark is empty.
- const now = mine ? 'mine' : turn.holder
+ ""

src/mailbox/watch.ts: Nothing at all does for null: whoever has it asks only whether there is a watch.
- } catch {
+ {}

src/mailbox/watch.ts: It makes the watcher look twice at the beginning, and the second time nothing is new.
- #rings = false
+ true

src/mailbox/watch.ts: Whatever is not 0 begins the loop, and the first read replaces it.
- for (let more = -1; more !== 0; read += more)
+ +1

src/peer/texts.ts: Without a failure the text has arrived, and nobody asks.
- if (error?.peerCode !== null) return false
+ error.peerCode

src/peer/texts.ts: Without a failure the text has arrived, and was not refused.
- if (failure !== null && open.fate === 'refused') throw refusalOf(failure)
+ true

src/peer/texts.ts: Another number than before is all that it has to be.
- this.#leftOpen++
+ this.#leftOpen--

src/peer/texts.ts: What is not known to be unsent or refused for good leaves a text open, whatever it is called.
- if (peerCode === null) return 'no answer'
+ false

src/peer/texts.ts: What is not known to be unsent or refused for good leaves a text open, whatever it is called.
- if (peerCode === null) return 'no answer'
+ ""

src/peer/texts.ts: What is not known to be unsent or refused for good leaves a text open, whatever it is called.
- if (!(error instanceof PeerError)) return 'no answer'
+ false

src/peer/texts.ts: What is not known to be unsent or refused for good leaves a text open, whatever it is called.
- if (!(error instanceof PeerError)) return 'no answer'
+ ""

src/peer/texts.ts: What is not known to be unsent or refused for good leaves a text open, whatever it is called.
- return peerCode === 'replay' || peerCode === 'unknown_session' ? peerCode : 'not now'
+ true

src/peer/texts.ts: What is not known to be unsent or refused for good leaves a text open, whatever it is called.
- return peerCode === 'replay' || peerCode === 'unknown_session' ? peerCode : 'not now'
+ ""

src/peer/texts.ts: What was sealed just now is open; the compiler does not know.
- if (openText === null) throw new Error('What was sealed is not open.')
+ false

src/peer/texts.ts: What was sealed just now is open; the compiler does not know.
- if (openText === null) throw new Error('What was sealed is not open.')
+ ""

src/protocol/session.ts: That is no message's number, and goes before any other.
- readonly #accepted: { readonly seq: number; readonly hash: Uint8Array }[] = []
+ ["Stryker was here"]

src/protocol/exchange.ts: It counts from 0 again with the next private key, and without one there is nothing to erase.
- if (this.#ephemeral !== null) this.#replaced++
+ true
`

export const EQUIVALENT: readonly Equivalent[] = changesIn(LIST).flatMap(({ edits }) =>
  edits.map(({ file, from, to }) => ({ file, line: from, is: to })),
)
