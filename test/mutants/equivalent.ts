/** Mutants that no test can tell from the program. */

export interface Equivalent {
  readonly file: string
  /** The line that it stands in. */
  readonly line: string
  /** What stands in place of a part of it. */
  readonly is: string
}

/** A file, why no test can see a change of it, the line, and what stands in place of a part of that. */
const LIST = String.raw`
src/disk/stamp.ts
The first of them is not looked at.
- const [, pid, start, run, namespace, boot, host] = STAMP.exec(stamp) ?? []
+ ["Stryker was here"]
src/http/guard.ts
Neither is an address of this machine.
- if (!isHere(ctx.req.socket.remoteAddress ?? ''))
+ "Stryker was here!"
It has blanks in it, and so it is no host either.
- return ({ headers: { host = '' }, rawHeaders }) => {
+ "Stryker was here!"
Null is no address and no name that the peer was started with; the compiler wants to hear it.
- if (name === null || (isIP(name) === 0 && !names.has(name))) throw badHost()
+ false
Null is no address that is hidden, and is returned as it is.
- return name === null || isHidden(name) ? null : name
+ false
An address in brackets begins with the only one that opens.
- return /^\[::(?:\]|ffff:)/.test(hostname)
+ /\[::(?:\]|ffff:)/
src/mailbox/maildir.ts
No folder has this time, so it is counted before the first message.
- #waiting = { count: 0, changed: -1n, at: Number.NEGATIVE_INFINITY }
+ {}
No two files of a folder have the same name.
- .sort((a, b) => a.stat.mtimeMs - b.stat.mtimeMs || (a.name < b.name ? -1 : 1))
+ a.name <= b.name
src/mailbox/watchMaildir.ts
It is only told from the stamps of others, and no stamp is empty.
- const holder = isOurs ? 'this watcher' : lock.holder
+ ""
Nothing at all does for null: whoever has it asks only whether there is a watch.
- } catch {
+ {}
It makes the watcher look twice at the beginning, and the second time nothing is new.
- #hasRung = false
+ true
src/peer/texts.ts
Without a failure the text has arrived, and nobody asks.
- if (error?.peerCode !== null) return false
+ error.peerCode
Without a failure the text has arrived, and was not refused.
- if (failure !== null && open.fate === 'refused') throw refusalOf(failure)
+ true
Another number than before is all that it has to be.
- this.#leftOpen++
+ this.#leftOpen--
What is not known to be unsent or refused for good leaves a text open, whatever it is called.
- if (peerCode === null) return 'no answer'
+ false
+ ""
- if (!(error instanceof PeerError)) return 'no answer'
+ false
+ ""
- return peerCode === 'replay' || peerCode === 'unknown_session' ? peerCode : 'not now'
+ true
+ ""
What was sealed just now is open; the compiler does not know.
- if (openText === null) throw new Error('What was sealed is not open.')
+ false
+ ""
src/protocol/bytes.ts
Behind the end both count as 0.
- for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
+ i <= a.length
src/protocol/json.ts
Behind the end there is nothing to look at.
- for (let i = 0; i < text.length; i++) {
+ i <= text.length
src/protocol/keyExchange.ts
Whoever has a session to promote has the keys it was made of; the compiler does not know.
- if (this.#ephemeral !== null)
+ true
It counts from 0 again with the next private key, and without one there is nothing to erase.
- if (this.#ephemeral !== null) this.#replaced++
+ true
src/protocol/keySchedule.ts
Two equal shares are a reflection, and refused before.
- const party = compareBytes(ours, theirs) < 0 ? 1 : 2
+ compareBytes(ours, theirs) <= 0
src/protocol/messages.ts
A ciphertext without a KEM was refused above; the compiler wants to hear it again.
- kem !== null && {
+ true
src/protocol/session.ts
That is no message's number, and goes before any other.
- readonly #accepted: Accepted[] = []
+ ["Stryker was here"]
src/protocol/stream.ts
A picture has a byte at least, so one whose only chunk has none is not as long as it says: bad_image too.
- const isOnlyOne = this.#counter === 0
+ false
Twelve bytes are looked at, and the pattern has twelve.
- if (/^RIFF[\s\S]{4}WEBP/.test(text)) return 'image/webp'
+ /RIFF[\s\S]{4}WEBP/
src/state/files.ts
The first of them is not looked at.
- const [, name] = /^\/(?:dev|proc\/self)\/(stdin|fd\/\d{1,6})$/.exec(path.resolve(file)) ?? []
+ ["Stryker was here"]
src/state/gitignore.ts
It leaves out the root of all folders, which a test leaves as it is.
- return above === folder ? [folder] : [folder, ...withThoseAbove(above)]
+ []
src/state/pem.ts
Only a public key lacks a part, the private one, and nobody looks for it there.
- return Uint8Array.from(Buffer.from(text ?? '', 'base64url'))
+ "Stryker was here!"
src/state/pictureStore.ts
A name that is no picture of ours is passed over.
- return []
+ ["Stryker was here"]
src/wirelog/annotate.ts
What has no name is looked up under one that no field has, and any such name does.
- !fields[field ?? '']?.hex || HEX.test(unescaped(text))
+ "Stryker was here!"
- const note = ended.get(part.field ?? '')
+ "Stryker was here!"
Every form is an object, and the brace that it begins with sets it again.
- let outer = ''
+ "Stryker was here!"
In JSON every string has its end; without it the pattern could take the square of a text's length.
- const TOKENS = /"((?:[^"\\]|\\.)*)"?(\s*:)?|-?\d[\d.eE+-]*|true|null|[{}]/g
+ /"((?:[^"\\]|\\.)*)"(\s*:)?|-?\d[\d.eE+-]*|true|null|[{}]/g
`

export function equivalents(list: string = LIST): Equivalent[] {
  let [file, line] = ['', '']
  const found: Equivalent[] = []
  for (const text of list.split('\n')) {
    if (text.startsWith('src/')) file = text
    if (text.startsWith('- ')) line = text.slice(2)
    if (text.startsWith('+ ')) found.push({ file, line, is: text.slice(2) })
  }
  return found
}
