/** Stage 6: neither a text nor an answer drives the owner's terminal. */

import { setTimeout as wait } from 'node:timers/promises'
import { bytesToHex } from '../../../../protocol/bytes.ts'
import { printable } from '../../../../terminal/printable.ts'
import type { Context } from '../../context.ts'
import { Failure } from '../../failure.ts'
import { type Reply, refusal } from '../../otherPeer.ts'
import { Probes } from '../../probes.ts'
import type { Scene } from '../../scene.ts'

/** What is written behind an answer is waited for so long. */
const AFTER_MS = 300

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i))
/** All but the line feed, which has a text of its own. */
const CONTROLS = [...range(0x00, 0x09), ...range(0x0b, 0x1f), ...range(0x7f, 0x9f)]
const TURNING = [...range(0x202a, 0x202e), ...range(0x2066, 0x2069)]
const KINDS: readonly (readonly [name: string, has: (character: string) => boolean])[] = [
  ['ESC', (one) => one === '\u001b'],
  ['U+0000 to U+001F', (one) => one < ' '],
  ['U+007F', (one) => one === '\u007f'],
  ['U+0080 to U+009F', (one) => one >= '\u0080' && one <= '\u009f'],
  ['what turns the direction of writing', (one) => one >= '\u2000'],
]
/** Controls in one text. */
const IN_ONE = 4

type Agreed = Awaited<ReturnType<Context['agreed']>>

/** Letters that stand before and behind a control, and nowhere else. */
interface Marked {
  readonly character: string
  readonly before: string
  readonly behind: string
}

function marked(context: Context, character: string): Marked {
  const token = bytesToHex(context.random.bytes(3))
  return { character, before: `a${token}`, behind: `z${token}` }
}

/** The kinds of controls of which one stands in `output` as it is: a peer's own colours have no letters of ours behind them. */
function rawKinds(output: string, all: readonly Marked[]): string[] {
  const raw = all.filter(({ character, behind }) => output.includes(character + behind))
  return KINDS.filter(([, has]) => raw.some(({ character }) => has(character)))
    .map(([name]) => name)
    .filter((name, _, names) => name !== 'U+0000 to U+001F' || isMoreThanEscape(raw, names))
}

function isMoreThanEscape(raw: readonly Marked[], names: readonly string[]): boolean {
  return (
    !names.includes('ESC') || raw.some(({ character }) => character < ' ' && character !== '\u001b')
  )
}

function codePointOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}

/** Sends a text, which has to be taken whatever its characters are. */
async function deliver({ scene, session }: Agreed, text: string): Promise<void> {
  const answer = await scene.post('/wire/message', session.messageForm(text))
  if (!scene.isTaken(answer)) throw notTaken(text)
}

/** What stands before a text on a line of the peer's, shown with a harmless one. @throws Failure where that is not printed */
async function lineBegin(context: Context): Promise<string> {
  const agreed = await context.agreed()
  const { scene } = agreed
  const plain = `p${bytesToHex(context.random.bytes(4))}`
  const mark = scene.outputMark
  await deliver(agreed, plain)
  await scene.decrypt()
  if (!(await scene.prints(mark, [plain]))) throw notPrinted(plain)
  const line = linesSince(scene, mark).find((one) => one.includes(plain)) ?? plain
  return line.slice(0, line.indexOf(plain))
}

/** owner/7 */
export async function texts(context: Context): Promise<void> {
  const forged = `f${bytesToHex(context.random.bytes(4))}`
  const second = (await lineBegin(context)) + forged
  // A peer that held its output back was ended to see it: then this is another one.
  const agreed = await context.agreed()
  const { scene } = agreed
  const { student } = scene
  if (student === null) return
  const probes = new Probes(scene)
  const mark = scene.outputMark
  const all = [...CONTROLS, ...TURNING].map((character) => marked(context, character))
  const commands = [
    { ...marked(context, '\u001b'), after: '[2J' },
    { ...marked(context, '\u001b'), after: ']52;c;aGFjaw==\u0007' },
  ]
  await deliver(agreed, `first\n${second}`)
  for (const { before, character, after } of commands)
    await deliver(agreed, before + character + after)
  for (let at = 0; at < all.length; at += IN_ONE)
    await deliver(
      agreed,
      all
        .slice(at, at + IN_ONE)
        .map(({ before, character, behind }) => before + character + behind)
        .join(''),
    )
  await scene.decrypt()
  const letters = [
    forged,
    ...commands.map(({ before }) => before),
    ...all.flatMap(({ before, behind }) => [before, behind]),
  ]
  const isWhole = await scene.prints(mark, letters)
  const output = student.stdout.since(mark).toString('utf8')
  probes.holds(
    'the letters of each text are printed',
    isWhole,
    `${letters.filter((one) => !output.includes(one)).length} of ${letters.length} groups of letters are missing`,
    {
      cause:
        'A text with characters that are not printed loses letters as well. How those are shown is free; the letters stay.',
    },
  )
  const raw = rawKinds(output, all)
  const named = commands.some(({ before, character, after }) =>
    output.includes(before + character + after.slice(0, 2)),
  )
  const kinds = named && !raw.includes('ESC') ? ['ESC', ...raw] : raw
  const first = all.find(({ character, behind }) => output.includes(character + behind))
  probes.holds(
    'no control of a text reaches the terminal as it is',
    kinds.length === 0,
    kinds.join(', '),
    {
      cause: causeOf(kinds, first),
    },
  )
  const isForged = linesSince(scene, mark).some((one) => one.startsWith(second))
  probes.holds('no line begins with the second line of a text', !isForged, printable(second), {
    cause:
      'A text has a second line that looks like one of your peer. Print a text on one line, or mark each of its lines.',
  })
  probes.end(
    'texts with every control, with escape sequences, and with a second line',
    'their letters, and no control; no line that begins with the second line of a text',
    () => probes.firstCause,
  )
}

function causeOf(kinds: readonly string[], first: Marked | undefined): string {
  if (kinds.length === KINDS.length) return 'A text is printed as it is. It can drive the terminal.'
  if (kinds.length === KINDS.length - 1 && !kinds.includes('ESC'))
    return 'Only ESC is replaced when a text is printed. Other controls drive a terminal as well.'
  const example = first === undefined ? '' : ` (${codePointOf(first.character)} among them)`
  return `Not all controls are replaced when a text is printed: what is left is ${kinds.join(', ')}${example}.`
}

function linesSince(scene: Scene, mark: number): string[] {
  return (scene.student?.stdout.since(mark).toString('utf8') ?? '').split(/\r?\n/)
}

function notTaken(text: string): Failure {
  const got = `a text with ${printable(text.slice(0, 40))} is refused`
  return new Failure({
    did: 'texts with controls',
    wanted: 'each taken',
    got,
    cause: 'A text is refused for its characters. Any UTF-8 is a text.',
  })
}

function notPrinted(text: string): Failure {
  return new Failure({
    did: 'a text, then /decrypt_msg',
    wanted: `${text} on standard output`,
    got: 'it is not there',
    cause: null,
  })
}

/** owner/8 */
export async function answers(context: Context): Promise<void> {
  const { scene } = await context.agreed()
  if (scene.student === null) return
  const { stdout, stderr } = scene.student
  const probes = new Probes(scene)
  const all = [...CONTROLS, ...TURNING].map((character) => marked(context, character))
  const inText = all.map(({ before, character, behind }) => before + character + behind)
  const third = Math.ceil(inText.length / 3)
  const [one, two, three] = [0, 1, 2].map((i) => inText.slice(i * third, (i + 1) * third).join(' '))
  const [begun, begunErrors] = [stdout.mark, stderr.mark]
  // Unknown sessions settle a text; any other code would leave it in doubt for the clauses behind this one.
  scene.onMessage = () => problem('unknown_session', `${one} ${two}`, `${three}`)
  const text = await scene.sendText(`t${bytesToHex(context.random.bytes(4))}`)
  probes.holds(
    '/send_msg answers 400 or more',
    text.step.status >= 400,
    `status ${text.step.status}`,
  )
  // Each field has each control once, in one of three refusals.
  const parts = [one, two, three]
  for (let i = 0; i < parts.length; i++) {
    const [code, title, detail] = [parts[i], parts[(i + 1) % 3], parts[(i + 2) % 3]]
    scene.onKeys = () => problem(`x${code}`, `${title}`, `${detail}`)
    await scene.sendKeys()
  }
  await wait(AFTER_MS)
  for (const [name, output] of [
    ['standard output', stdout.since(begun)],
    ['standard error', stderr.since(begunErrors)],
  ] as const) {
    const kinds = rawKinds(output.toString('utf8'), all)
    probes.holds(`no control of an answer on ${name}`, kinds.length === 0, kinds.join(', '), {
      cause: `What the other peer answers is printed as it is on ${name}. It can drive the terminal.`,
    })
  }
  probes.end(
    'refusals whose code, title and detail have every control',
    'no control of theirs on standard output and standard error',
    () => probes.firstCause,
  )
}

function problem(code: string, title: string, detail: string): Reply {
  const plain = refusal(code)
  if (typeof plain === 'string') return plain
  return { ...plain, body: { type: 'about:blank', status: 409, title, detail, code } }
}
