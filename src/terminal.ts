/**
 * The only file that prints, and the one place where a secret becomes text. Standard output
 * takes a peer's events, one aligned line each; standard error takes what is about the
 * program itself. Whatever came from outside is escaped.
 */

import type { PeerEvent, PictureFacts, WatchEvent } from './contract.ts'
import { bytesToHex } from './protocol/bytes.ts'

/** Where text goes: a stream of Node's, or a test's own. */
export interface Output {
  /** `done` is called once the system has it. */
  write(text: string, done?: (error?: Error | null) => void): unknown
  isTTY?: boolean
  /** Knows `NO_COLOR`, `FORCE_COLOR` and dumb terminals. */
  hasColors?(): boolean
}

export interface TerminalOptions {
  readonly output: Output
  readonly showsSecrets: boolean
}

export interface Terminal {
  /** A peer's events as lines that begin with its port. */
  reporter(port: number): (event: PeerEvent) => void
  /** Lines beside a peer's, of whoever says more of it than its events do. */
  narrator(port: number): Narrator
  /** What happens to a mailbox; resolves once it is out. */
  tellOfMailbox(event: WatchEvent): Promise<void>
}

export interface Narrator {
  say(sign: Sign, label: string, text: string): void
  /** `text`: UTF-8. */
  saySecret(label: string, text: Uint8Array): void
}

/** `→` went out, `←` came in, `·` is said about it, `●` is a secret, `✓` is done, `✗` was refused. */
export type Sign = '→' | '←' | '·' | '●' | '✓' | '✗'

type Colour = 'dim' | 'bold' | 'red' | 'green' | 'cyan' | 'yellow'
/** SGR parameters, ECMA-48 section 8.3.117. */
const SGR: Record<Colour, string> = {
  bold: '1',
  dim: '2',
  red: '31;1',
  green: '32',
  yellow: '33',
  cyan: '36',
}

/** Terminal of one process; `both` has two peers on it. */
export function createTerminal({ output, showsSecrets }: TerminalOptions): Terminal {
  const coloured = output.hasColors?.() ?? false
  const paint = (colour: Colour, text: string) =>
    coloured ? `\u001b[${SGR[colour]}m${text}\u001b[0m` : text

  /** THE way out for secrets: everything secret that a person can read is made here. */
  function secretText(secret: Uint8Array, form: 'hex' | 'text' | 'lines'): string {
    if (!showsSecrets) return 'hidden by --no-secrets'
    if (form === 'hex') return bytesToHex(secret)
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(secret)
    return form === 'text' ? printable(text) : text.split('\n').map(printable).join('\n')
  }

  function secretLine(label: string, text: string): Line {
    if (!showsSecrets) return { sign: '●', label, text }
    return { sign: '●', label: `SECRET ${label}`, text, colour: 'red' }
  }

  /** A string among the lines is to be pasted, and so has no port before it. */
  function linesOf(event: PeerEvent): (Line | string)[] {
    switch (event.type) {
      case 'shared secret':
        return [secretLine('shared secret', secretText(event.SECRET, 'hex'))]
      case 'KEM secret':
        return [secretLine('ML-KEM secret', secretText(event.SECRET, 'hex'))]
      case 'message opened':
        return [secretLine(`message ${event.seq}`, secretText(event.SECRET, 'text'))]
      case 'work': {
        const work = secretText(event.SECRET, 'lines')
        if (!showsSecrets) return [secretLine('work', work)]
        return [
          secretLine('work', 'What follows holds a private key that would be gone by now.'),
          ...BEFORE_WORK.map(remark),
          work,
          remark('They print the shared secret: the digits that /show shows as SECRET.'),
        ]
      }
      default:
        return publicLines(event, showsSecrets)
    }
  }

  function whole({ sign, label, text, colour }: Line): string {
    const head = `${sign}  ${label.padEnd(LABEL_WIDTH)}`
    return `${colour ? paint(colour, head) : head}  ${text}\n`
  }

  function write(lines: (Line | string)[], port: number): void {
    const begin = `${paint('bold', String(port))}  `
    // an event's lines in one write: a write takes the system longer than the line takes us
    const text = lines.map((line) => (typeof line === 'string' ? `${line}\n` : begin + whole(line)))
    output.write(text.join(''))
  }

  function watchLine(event: WatchEvent): Line {
    if (event.type !== 'mail') return publicWatchLine(event)
    // some file systems keep times that no date has
    const isDate = !Number.isNaN(event.stored.getTime())
    const time = isDate ? event.stored.toISOString().replace(/\.\d+/, '') : 'at no known time'
    // the mark stands before the text, which could end with any
    return secretLine('mail', `${time}  sender unverified  ${secretText(event.SECRET, 'text')}`)
  }

  return {
    reporter: (port) => (event) => write(linesOf(event), port),
    narrator: (port) => ({
      say: (sign, label, text) => {
        const colour = COLOUR_OF[sign]
        write([{ sign, label, text: printable(text), ...(colour && { colour }) }], port)
      },
      saySecret: (label, text) => write([secretLine(label, secretText(text, 'text'))], port),
    }),
    tellOfMailbox: (event) =>
      new Promise((resolve, reject) => {
        output.write(whole(watchLine(event)), (error) => (error ? reject(error) : resolve()))
      }),
  }
}

interface Line {
  sign: Sign
  label: string
  text: string
  colour?: Colour
}

const LABEL_WIDTH = 'SECRET shared secret'.length

const COLOUR_OF: Partial<Record<Sign, Colour>> = { '✓': 'green', '✗': 'yellow' }

const BEFORE_WORK = [
  'With those of both terminals anybody can read this session. A shell keeps a history: remove it from there too.',
  'Paste these lines into sh, bash or zsh. They need OpenSSL 1.1.1 or later (for ML-KEM 3.5), and leave no file behind.',
]

function remark(text: string): Line {
  return { sign: '·', label: '', text }
}

type PublicEvent = Exclude<PeerEvent, { SECRET: Uint8Array }>

function publicLines(event: PublicEvent, showsSecrets: boolean): Line[] {
  switch (event.type) {
    case 'ready':
      return [
        {
          sign: '·',
          label: 'ready',
          text: `${event.url}  ${event.curve}`,
          colour: 'bold',
        },
        ...(event.reachedAt === null
          ? []
          : [
              {
                sign: '·' as const,
                label: 'for the other',
                text: `${printable(event.reachedAt)}  (its --peer, or PEER= for make)`,
              },
            ]),
        { sign: '·', label: 'other peer', text: printable(event.peerUrl) },
        {
          sign: '·',
          label: 'identity',
          text: `${bytesToHex(event.identity)}  (${printable(event.place)})`,
        },
        ...mailboxLines(event),
        { sign: '·', label: 'to begin', text: `curl ${event.url}/send_keys` },
      ]
    case 'keys sent':
      return [
        {
          sign: '→',
          label: 'public key',
          text: `${bytesToHex(event.publicKey)}`,
          colour: 'cyan',
        },
      ]
    case 'keys received':
      return [
        {
          sign: '←',
          label: 'public key',
          text: bytesToHex(event.publicKey),
          colour: 'cyan',
        },
      ]
    case 'keys confirmed':
      return [
        {
          sign: '✓',
          label: 'keys agreed',
          text: `session ${bytesToHex(event.session)}`,
          colour: 'green',
        },
        {
          sign: '·',
          label: 'safety number',
          text: event.safetyNumber,
          colour: 'yellow',
        },
        {
          sign: '·',
          label: '',
          text: event.known
            ? 'The same peer as last time. If you compared this number then, you need not do it again.'
            : 'Compare it with the other terminal, face to face or by phone. The same number: nobody is in the middle.',
        },
        {
          sign: '·',
          label: 'eavesdropper',
          text: `has the base point, both public keys, both identities,${event.kem === null ? '' : ` the ciphertext of ${event.kem},`} and every ciphertext to come.`,
        },
        {
          sign: '·',
          label: '',
          text: `lacks both private keys, and so the shared secret${event.kem === null ? '' : 's'} and the texts.`,
        },
      ]
    case 'not remembered':
      return [
        {
          sign: '✗',
          label: 'not kept',
          text: `The other peer's identity could not be written (${printable(event.place)}).`,
          colour: 'yellow',
        },
      ]
    case 'identity changed':
      return [
        {
          sign: '✗',
          label: 'IDENTITY',
          text: `Somebody says to be the other peer, with identity ${bytesToHex(event.identity)}.`,
          colour: 'red',
        },
        {
          sign: '·',
          label: '',
          text: 'This peer knows another one. Either it was set up anew, or this is somebody else.',
        },
        {
          sign: '·',
          label: '',
          text: `If you expect the change: ${printable(event.toForget)}`,
        },
      ]
    case 'keys expired':
      return [
        {
          sign: '·',
          label: 'keys expired',
          text: 'An hour without an answer: the private key is erased.',
        },
      ]
    case 'no shared secret':
      return [
        {
          sign: '·',
          label: 'no secret yet',
          text: 'Both peers have to /send_keys first.',
        },
      ]
    case 'message sent':
      return [
        {
          sign: '→',
          label: `message ${event.seq}`,
          text: bytesToHex(event.ciphertext),
          colour: 'cyan',
        },
      ]
    case 'message received': {
      const missing = event.missing > 0 ? `  (${event.missing} before it never came)` : ''
      const text = `${bytesToHex(event.ciphertext)}${missing}`
      return [
        { sign: '←', label: `message ${event.seq}`, text, colour: 'cyan' },
        {
          sign: '·',
          label: '',
          text: showsSecrets
            ? 'It waits, sealed. /decrypt_msg opens it.'
            : 'It waits, sealed; with --no-secrets nobody opens it here.',
        },
      ]
    }
    case 'picture progress': {
      const { way, done, total, ms } = event
      const percent = Math.floor((100 * done) / total)
      const text = `${percent} %  ${megabytes(done)} of ${megabytes(total)}  ${rate(done, ms)}`
      return [{ sign: way === 'sent' ? '→' : '←', label: 'picture', text }]
    }
    case 'picture sent': {
      const text = `${pictureFacts(event.picture, event.ms)}  sealed`
      return [{ sign: '→', label: 'picture', text, colour: 'cyan' }]
    }
    case 'picture received': {
      const text = pictureFacts(event.picture, event.ms)
      return [
        { sign: '←', label: 'picture', text, colour: 'cyan' },
        { sign: '·', label: '', text: `decrypted to ${printable(event.path)}` },
      ]
    }
    case 'mail stored':
      return [
        {
          sign: '←',
          label: 'mail',
          text: `${event.id}  ${event.bytes} bytes, sealed`,
          colour: 'cyan',
        },
      ]
    case 'refused':
      return [
        {
          sign: '✗',
          label: 'refused',
          text: `${cut(printable(event.request))}  ${event.code}  ${printable(event.detail)}`,
          colour: 'yellow',
        },
      ]
    case 'defect':
      return [
        {
          sign: '✗',
          label: 'DEFECT',
          text: `Please report it: ${event.where}`,
          colour: 'red',
        },
      ]
  }
}

function publicWatchLine(event: Exclude<WatchEvent, { SECRET: Uint8Array }>): Line {
  switch (event.type) {
    case 'watching':
      return { sign: '·', label: 'watching', text: printable(event.place), colour: 'bold' }
    case 'other watcher':
      return {
        sign: '·',
        label: 'waiting',
        text: `Another watcher (${event.process}) reads this mailbox; this one goes on when it has ended.`,
        colour: 'yellow',
      }
    case 'set aside':
      return {
        sign: '✗',
        label: 'set aside',
        text: `${printable(event.place)}  ${event.why}`,
        colour: 'yellow',
      }
    case 'passed over':
      return {
        sign: '✗',
        label: 'passed over',
        text: `${cut(printable(event.name))}  ${event.why}`,
        colour: 'yellow',
      }
  }
}

function mailboxLines({ mailbox }: Extract<PublicEvent, { type: 'ready' }>): Line[] {
  if (mailbox === null) return []
  return [
    { sign: '·', label: 'mailbox', text: printable(mailbox.place) },
    {
      sign: '·',
      label: 'mailbox key',
      text: `${mailbox.fingerprint}  Senders compare it with you.`,
      colour: 'yellow',
    },
  ]
}

function pictureFacts({ type, bytes, name }: PictureFacts, ms: number): string {
  const label = name === '' ? '' : `  "${cut(printable(name))}"`
  return `${type}  ${megabytes(bytes)} in ${(ms / 1000).toFixed(1)} s  ${rate(bytes, ms)}${label}`
}

/** In units of 10^6 bytes, smaller ones as they are. */
function megabytes(bytes: number): string {
  return bytes < 100_000 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(1)} MB`
}

function rate(bytes: number, ms: number): string {
  return `${(bytes / 1000 / Math.max(ms, 1)).toFixed(1)} MB/s`
}

/** C0 (with ESC and newline), DEL, C1, the line and paragraph separators and the bidirectional controls of Unicode. */
const CONTROLS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Text from outside as it may stand on a terminal: what controls one becomes an escape. */
export function printable(text: string): string {
  return text.replace(CONTROLS, (character) => {
    const code = character.charCodeAt(0)
    const short: Record<number, string> = { 9: '\\t', 10: '\\n', 13: '\\r' }
    return short[code] ?? `\\u{${code.toString(16)}}`
  })
}

/** A label from outside, at a length that keeps its line readable. */
function cut(label: string): string {
  return label.length > 60 ? `${label.slice(0, 60)}…` : label
}

/** What the command itself has to say: one line on standard error. */
export function tell(text: string): void {
  process.stderr.write(`ecdh-duet: ${printable(text)}\n`)
}

/** What the command answers: to standard output, as it is. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** The same for scripts: a value as JSON, with what controls a terminal in JSON's own escapes. */
export function printJson(value: unknown): void {
  const text = JSON.stringify(value, null, 2)
  const lines = text.split('\n').map((line) =>
    // those that JSON leaves as they are
    line.replace(
      CONTROLS,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  )
  print(lines.join('\n'))
}

export interface ProgressBar {
  /** `bytes`: how many are done. */
  update(bytes: number): void
  stop(): void
}

/** A bar on standard error for `total` bytes, with percent, rate and time left; nothing where that is no terminal. */
export async function progressBar(total: number): Promise<ProgressBar> {
  if (!process.stderr.isTTY) return { update() {}, stop() {} }
  const { SingleBar, Presets } = await import('cli-progress')
  const begin = performance.now()
  const bar = new SingleBar(
    {
      format: '{bar} {percentage} %  {done} of {whole}  {rate}  {eta_formatted} left',
      stream: process.stderr,
    },
    Presets.shades_classic,
  )
  const payload = (bytes: number) => ({
    done: megabytes(bytes),
    whole: megabytes(total),
    rate: rate(bytes, performance.now() - begin),
  })
  bar.start(total, 0, payload(0))
  return {
    update: (bytes) => bar.update(bytes, payload(bytes)),
    stop: () => bar.stop(),
  }
}
