#!/usr/bin/env node
/** The command: parse, one call of its body in `commands/`, exit code (0 done, 1 failed, 2 wrong usage). */

import { createRequire } from 'node:module'
import path from 'node:path'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { untilTheEnd } from './commands/ending.ts'
import type { MalloryOptions } from './commands/mallory.ts'
import { type RunOptions, run } from './commands/run.ts'
import { loopbackOrigin } from './loopback.ts'
import { DuetError } from './protocol/errors.ts'
import { MAX_TEXT_BYTES } from './protocol/messages.ts'
import { SUITES, type SuiteName } from './protocol/suites.ts'
import { StateError } from './state/files.ts'
import { tell } from './terminal/output.ts'

const { version } = createRequire(import.meta.url)('../package.json') as { version: string }

const STATE = '.duet'
/** Longer texts would only fill the screen of `lab nonce-reuse`. */
const MAX_DEMO_BYTES = 512

/** The bodies of the other commands are loaded when they run: peers start sooner without them. */
const bodies = {
  keygen: async () => (await import('./commands/keygen.ts')).keygen,
  sendImage: async () => (await import('./commands/sendImage.ts')).sendImage,
  mallory: async () => (await import('./commands/mallory.ts')).mallory,
  send: async () => (await import('./commands/send.ts')).send,
  watch: async () => (await import('./commands/watch.ts')).watchMailbox,
  check: async () => (await import('./commands/check.ts')).check,
  lab: () => import('./commands/lab.ts'),
}

const program = new Command('ecdh-duet')
  .description(
    'Two programs agree on a key over plain HTTP while everybody listens, and then talk.',
  )
  .version(version)
  .exitOverride()
  .allowExcessArguments(false)
  .showHelpAfterError('(ecdh-duet --help shows the commands)')

withCommonOptions(program.command('both'))
  .description('start two peers in one terminal')
  .addOption(curveOption().default('X25519'))
  .addOption(
    new Option('--ports <ports>', 'their ports')
      .argParser(parsePorts)
      .default([5000, 5001], '5000,5001'),
  )
  .action(
    ending((options: RunOptions & { ports: [number, number] }) =>
      untilTheEnd(
        run(
          options.ports.map((port) => ({ host: '127.0.0.1', port })),
          options,
          (port) => path.join(options.state || STATE, String(port)),
        ),
      ),
    ),
  )

withCommonOptions(program.command('peer'))
  .description('start one peer, for two terminals or two machines')
  .requiredOption('--port <port>', 'the port to listen on', parsePort)
  .requiredOption('--peer <url>', 'the other peer, as http://HOST:PORT', parseOrigin)
  .option('--host <address>', 'the address to listen on, beside 127.0.0.1', notEmpty, '127.0.0.1')
  .option('--host-name <name>', 'a name by which this peer may be called', collect, [])
  .option('--identity <file>', 'a PEM whose private key is the identity of this peer', notEmpty)
  .addOption(curveOption('the curve (default: that of --identity, else X25519)'))
  .option('--mailbox <dir>', 'take mail, and store it in this folder', notEmpty)
  .option('--mailbox-key <file>', 'the public key (PEM) that mail is sealed to', notEmpty)
  .hook('preAction', (peer) => {
    const { mailbox, mailboxKey, ...own } = peer.opts<RunOptions & { port: number; peer: string }>()
    const origin = loopbackOrigin(own.peer)
    if (origin !== null && Number(new URL(origin).port || 80) === own.port)
      peer.error('error: --peer names this peer itself; the other one has another port')
    if ((mailbox === undefined) !== (mailboxKey === undefined))
      peer.error('error: --mailbox and --mailbox-key go together')
  })
  .action(
    ending(
      (
        options: RunOptions & {
          port: number
          peer: string
          host: string
          hostName: string[]
        },
      ) => {
        const { host, port, peer: peerUrl, hostName: hostNames } = options
        return untilTheEnd(
          run(
            [{ host, port, peerUrl, hostNames }],
            options,
            (port) => options.state || path.join(STATE, String(port)),
          ),
        )
      },
    ),
  )

program
  .command('keygen')
  .description('make a key pair for a mailbox: key.private.pem and key.public.pem')
  .argument('[dir]', 'the folder to write them into', notEmpty, '.')
  .addOption(curveOption().default('X25519'))
  .action(
    ending(async (dir: string, options: { curve: SuiteName }) =>
      (await bodies.keygen())(dir, options),
    ),
  )

program
  .command('send-image')
  .description('send a picture from the peer on this machine, with a progress bar')
  .requiredOption('--port <port>', 'the port of the peer that sends it', parsePort)
  .argument('<file>', 'a PNG, JPEG, WebP or GIF')
  .action(
    ending(async (file: string, { port }: { port: number }) =>
      (await bodies.sendImage())(port, file),
    ),
  )

program
  .command('mallory')
  .description('sit between two peers on this machine, read what they send, and change it')
  .addOption(
    new Option('--ports <ports>', 'hers: the first one faces the first of the two')
      .argParser(parsePorts)
      .default([5002, 5003], '5002,5003'),
  )
  .addOption(
    new Option('--between <urls>', 'the two')
      .argParser(parseVictims)
      .default(
        ['http://127.0.0.1:5000', 'http://127.0.0.1:5001'],
        'http://127.0.0.1:5000,http://127.0.0.1:5001',
      ),
  )
  .option('--alter <from=to>', 'what to change in texts on their way', parseAlteration)
  .addOption(
    new Option(
      '--with <peers>',
      'start the two as well: strangers, who keep nothing, or known ones, who have met before',
    ).choices(['strangers', 'known']),
  )
  .option('--state <dir>', 'where known ones keep their states', notEmpty, STATE)
  .addOption(curveOption().default('X25519'))
  .action(ending(async (options: MalloryOptions) => untilTheEnd((await bodies.mallory())(options))))

program
  .command('send')
  .description('seal a text and send it to a mailbox')
  .requiredOption('--to <url>', 'the peer with the mailbox, as http://HOST:PORT', parseOrigin)
  .option(
    '--recipient <file>',
    'the public key (PEM) of who may read it (default: what that peer gives)',
    notEmpty,
  )
  .argument('[text]', 'the text; - or nothing: from standard input, where nobody else sees it')
  .action(
    ending(async (text: string | undefined, options: { to: string; recipient?: string }) =>
      (await bodies.send())(options.to, options.recipient, text),
    ),
  )

program
  .command('watch')
  .description('print what waits in a mailbox, and then what comes')
  .argument('<dir>', 'the folder of the mailbox')
  .requiredOption('--key <file>', 'the private key (PEM) that opens them', notEmpty)
  .action(
    ending(async (dir: string, { key }: { key: string }) =>
      untilTheEnd((await bodies.watch())(dir, key)),
    ),
  )

program
  .command('check')
  .description('check transcripts that were handed in, each one and beside one another')
  .argument('<files...>', 'what /transcript of a peer gave', collect)
  .option('--json', 'for scripts')
  .addHelpText(
    'after',
    `
The transcript of a peer is at /transcript, and at the end of its page:

    curl http://127.0.0.1:5000/transcript -o ana.json
    ecdh-duet check *.json

Exit code: 0 if all are good, 1 if some are not.`,
  )
  .action(
    ending(async (files: string[], options: { json?: true }) =>
      (await bodies.check())(files, options),
    ),
  )

const lab = program
  .command('lab')
  .description('attack it for real, on this machine and nowhere else')

lab
  .command('original')
  .description("break the original's curve and ciphers, and see how far ours are from that")
  .action(ending(async () => (await bodies.lab()).labOriginal()))

lab
  .command('bad-keys')
  .description('send a running peer what it has to refuse')
  .argument('<url>', 'the peer, as http://127.0.0.1:5000', parseVictim)
  .action(ending(async (url: string) => (await bodies.lab()).labBadKeys(url)))

lab
  .command('nonce-reuse')
  .description('read and forge texts that were sealed under one nonce')
  .argument('[texts...]', 'two texts in place of its own', collectDemoText)
  .option('--crib <text>', 'what she guesses that one of them has', parseDemoText)
  .action((texts: string[], options: { crib?: string }, command: Command) => {
    if (texts.length !== 0 && texts.length !== 2)
      command.error('error: two texts, or none for its own')
    return ending(async () => (await bodies.lab()).labNonceReuse(texts, options))()
  })

lab
  .command('forward-secrecy')
  .description('record three sessions, steal memory, and see what it opens')
  .addOption(curveOption().default('X25519'))
  .action(
    ending(async (options: { curve: SuiteName }) =>
      (await bodies.lab()).labForwardSecrecy(options),
    ),
  )

lab
  .command('quantum')
  .description('open recorded exchanges with the keys that a quantum computer would find')
  .action(ending(async () => (await bodies.lab()).labQuantum()))

function withCommonOptions(command: Command): Command {
  return command
    .option('--message <text>', 'what /send_msg sends without a text', parseMessage)
    .option('--image <file>', 'what /send_image sends without a picture')
    .option('--max-image <bytes>', 'the longest picture taken (default: 64 MiB)', parseBytes)
    .option('--no-secrets', 'print no secret; /decrypt_msg then refuses')
    .addOption(
      new Option(
        '--show-work',
        'print how OpenSSL computes each shared secret, private key and all',
      ).conflicts('secrets'),
    )
    .option('--state <dir>', `where identities are kept (default: "${STATE}/<port>")`, notEmpty)
    .option('--no-state', 'keep nothing')
}

function curveOption(text = 'the curve'): Option {
  return new Option('--curve <name>', text).choices(Object.keys(SUITES))
}

/** The action that runs a command's body: what it returns is the exit code. */
function ending<Args extends unknown[]>(
  body: (...args: Args) => Promise<number>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    try {
      process.exitCode = await body(...args)
    } catch (error) {
      process.exitCode = 1
      fail(error)
    }
  }
}

/** One line for what a person can mend; anything else is a defect and keeps its stack. */
function fail(error: unknown): void {
  const { code, port, address, hostname } = error as NodeJS.ErrnoException & {
    port?: number
    address?: string
    hostname?: string
  }
  if (error instanceof StateError || error instanceof DuetError) tell(error.message)
  else if (code === 'EADDRINUSE')
    tell(
      `port ${port} is taken; if this program still runs elsewhere, end it with Ctrl-C, or choose another port: --ports 6000,6001 (for both and mallory), --port 6000 (for peer), or make run-both PORT_A=6000 PORT_B=6001, make run-mallory PORT_M=6002 PORT_N=6003 (on macOS 5000 belongs to AirPlay Receiver)`,
    )
  else if (code === 'EACCES') tell(`port ${port} needs more rights; choose one from 1024 up`)
  else if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    tell(
      `${address ?? hostname ?? 'the address to listen on'} is not an address of this machine; see --host`,
    )
  else throw error
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65535)
    throw new InvalidArgumentError('A port is a number up to 65535.')
  return port
}

function parseBytes(text: string): number {
  const bytes = Number(text)
  if (!/^\d+$/.test(text) || bytes < 1 || !Number.isSafeInteger(bytes))
    throw new InvalidArgumentError('A whole number of bytes.')
  return bytes
}

function parsePorts(text: string): [number, number] {
  const [a, b, ...more] = text.split(',').map(parsePort)
  if (a === undefined || b === undefined || more.length > 0 || (a === b && a !== 0))
    throw new InvalidArgumentError('Two different ports with a comma between them: 5000,5001.')
  return [a, b]
}

/** An origin, so that no path, password or query hides in it. */
function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.protocol !== 'http:' || url.href !== `${url.origin}/`)
    throw new InvalidArgumentError('The other peer is given as http://HOST:PORT and nothing more.')
  return url.origin
}

/** An origin on this machine: attacks go nowhere else. */
function parseVictim(text: string): string {
  const origin = loopbackOrigin(parseOrigin(text))
  if (origin !== null) return origin
  throw new InvalidArgumentError(
    'Attacks go to this machine only: to a loopback address, as 127.0.0.1 is.',
  )
}

/** Two of them. */
function parseVictims(text: string): [string, string] {
  const [a, b, ...more] = text.split(',').map(parseVictim)
  if (a === undefined || b === undefined || more.length > 0 || a === b)
    throw new InvalidArgumentError('Two different URLs with a comma between them.')
  return [a, b]
}

function parseAlteration(text: string): NonNullable<MalloryOptions['alter']> {
  const [, from, to] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (from === undefined || to === undefined)
    throw new InvalidArgumentError(
      'What to change and what into, with = between them: noon=midnight.',
    )
  return { from, to }
}

function parseDemoText(text: string): string {
  if (text === '' || Buffer.byteLength(text) > MAX_DEMO_BYTES)
    throw new InvalidArgumentError(`A text here has 1 to ${MAX_DEMO_BYTES} bytes.`)
  return text
}

function collectDemoText(text: string, before: string[] = []): string[] {
  return [...before, parseDemoText(text)]
}

function parseMessage(text: string): string {
  if (Buffer.byteLength(text) > MAX_TEXT_BYTES)
    throw new InvalidArgumentError(`A text has at most ${MAX_TEXT_BYTES} bytes.`)
  return text
}

function notEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('It may not be empty.')
  return text
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, notEmpty(value)]
}

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.exitCode === 0 ? 0 : 2
}
