/**
 * The table of the commands: the name, options and help of each. A command's body is loaded when it runs, so that it starts
 * sooner, without the bodies of the others.
 */

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Argument, Command, Option } from 'commander'
import type { Language } from '../classroom/exercise/starter/starter.ts'
import { ownFile } from '../disk/ownFile.ts'
import { programName } from '../disk/programName.ts'
import { localOrigin } from '../http/loopback.ts'
import type { SuiteName } from '../protocol/suites.ts'
import { USUAL_COLUMNS, usageOf, widthOf } from '../terminal/output.ts'
import {
  collect,
  collectDemoText,
  collectFolder,
  notEmpty,
  parseAlteration,
  parseAttached,
  parseBytes,
  parseCommand,
  parseCurve,
  parseDemoText,
  parseFolder,
  parseIds,
  parseJobs,
  parseLabel,
  parseMebibytes,
  parseOrigin,
  parsePeerUrl,
  parsePort,
  parsePorts,
  parsePrivateAddress,
  parseSeconds,
  parseSeed,
  parseStage,
  parseVictim,
  parseVictims,
} from './arguments.ts'
import type { CheckOptions } from './check.ts'
import { exitOnSignals, untilTheEnd } from './ending.ts'
import type { ClassOptions, ExerciseOptions } from './exercise.ts'
import { completeHelp } from './help.ts'
import type { MalloryGiven } from './mallory.ts'
import { parseRequirements } from './requirements.ts'
import type { RunOptions } from './runPeers.ts'
import type { TalkOptions } from './talk.ts'
import { addTerminalOptions } from './terminalOptions.ts'

const { version }: { version: string } = JSON.parse(
  fs.readFileSync(ownFile('package.json'), 'utf8'),
)

const STATE = '.duet'

/** Written out, so that the starters are not loaded for `--help`. The type keeps it complete. */
const LANGUAGES = Object.keys({ python: true, javascript: true } satisfies Record<Language, true>)

/**
 * The program with all its commands. Its `parseAsync` runs one, and sets the exit code of the process. It throws
 * CommanderError on wrong usage, and whatever the command's body throws.
 */
export function createProgram(): Command {
  const program = new Command(programName())
    .enablePositionalOptions()
    .description(
      'Two programs agree on a key over plain HTTP while everybody listens, and then talk.',
    )
    .exitOverride()
    .configureHelp({ minWidthToWrap: 20 })
    .configureOutput({
      outputError: (text, write) => write(usageOf(text)),
      getOutHelpWidth: () => widthOf(process.stdout) ?? USUAL_COLUMNS,
    })
    .allowExcessArguments(false)
  addVersion(program)
  program.commandsGroup('Start:')
  addPeers(program)
  addTalk(program)
  program.commandsGroup('Lab:')
  addMallory(program)
  addLab(program.command('lab'))
  program.commandsGroup('Mail:')
  addMail(program)
  program.commandsGroup('Class:')
  addCheck(program)
  addExercise(program.command('exercise'))
  addTerminalOptions(program)
  completeHelp(program)
  return program
}

/** `-v`, and `-V`, which commander takes by itself and scripts may use. */
function addVersion(program: Command): void {
  program.version(version, '-V').version(version, '-v, --version', 'print the version')
  program.options[0]?.hideHelp()
}

function addPeers(program: Command): void {
  const both = program
    .command('both')
    .description('start two peers in one terminal')
    .addOption(curveOption().default('X25519'))
    .addOption(
      new Option('--ports <ports>', 'their ports')
        .argParser(parsePorts)
        .default([5000, 5001], '5000,5001'),
    )
  withCommonOptions(both).action(
    exiting(async (options: RunOptions & { ports: [number, number] }) => {
      const { runPeers } = await import('./runPeers.ts')
      const plans = options.ports.map((port) => ({ host: '127.0.0.1', port }))
      const stateOf = (port: number) => path.join(options.state || STATE, String(port))
      return untilTheEnd(runPeers(plans, options, stateOf))
    }),
  )

  const peer = program
    .command('peer')
    .description('start one peer, for two terminals or two machines')
    .requiredOption('--port <port>', 'the port to listen on', parsePort)
    .requiredOption('--peer <url>', 'the other peer, as http://HOST:PORT', parsePeerUrl)
    .addOption(
      new Option('--host <address>', 'the address to listen on, beside 127.0.0.1')
        .argParser(notEmpty)
        .default('127.0.0.1', '127.0.0.1'),
    )
    .addOption(curveOption(' (default: that of --identity, else X25519)'))
    .addOption(
      new Option('--host-name <name>', 'a name by which this peer may be called')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--announce', 'tell this network that the peer is there, for talk to find')
    .option('--as <name>', "with --announce: by which name (default: the machine's)", parseLabel)
    .option('--mailbox <dir>', 'take mail, and store it in this folder', parseFolder)
    .option('--mailbox-key <file>', 'the public key (PEM) that mail is sealed to', notEmpty)
    .option('--identity <file>', 'a PEM whose private key is the identity of this peer', notEmpty)
  withCommonOptions(peer)
    .hook('preAction', (peer) => {
      const { mailbox, mailboxKey, ...own } = peer.opts<
        RunOptions & { port: number; peer: string }
      >()
      const origin = localOrigin(own.peer)
      if (origin !== null && Number(new URL(origin).port || 80) === own.port)
        peer.error('error: --peer names this peer itself; the other one has another port')
      if (own.as !== undefined && !own.announce) peer.error('error: --as goes with --announce')
      if ((mailbox === undefined) !== (mailboxKey === undefined))
        peer.error('error: --mailbox and --mailbox-key go together')
    })
    .action(
      exiting(
        async (
          options: RunOptions & { port: number; peer: string; host: string; hostName: string[] },
        ) => {
          const { runPeers } = await import('./runPeers.ts')
          const { host, port, peer: peerUrl, hostName: hostNames } = options
          const stateOf = (port: number) => options.state || path.join(STATE, String(port))
          return untilTheEnd(runPeers([{ host, port, peerUrl, hostNames }], options, stateOf))
        },
      ),
    )

  program
    .command('send-image')
    .description('send a picture from the peer on this machine, with a progress bar')
    .requiredOption('--port <port>', 'the port of the peer that sends it', parsePort)
    .argument('<file>', 'a PNG, JPEG, WebP or GIF')
    .action(
      exiting(async (file: string, { port }: { port: number }) =>
        (await import('./sendImage.ts')).sendImage(port, file),
      ),
    )
}

function addTalk(program: Command): void {
  const talk = program
    .command('talk')
    .description('talk with somebody: a line that you type is a text that you send')
    .option('--peer <url>', 'the other one, as http://HOST:PORT (default: is found)', parsePeerUrl)
    .option('--as <name>', "your name, for others to see (default: the machine's)", parseLabel)
    .option('--yes', 'take the only one that is found, without a question')
    .option(
      '--port <port>',
      'the port to listen on (default: 5000, or the next free one)',
      parsePort,
    )
    .option('--host <address>', 'the address to listen on (default: every one)', notEmpty)
    .addOption(curveOption(' (default: that of --identity, else X25519)'))
    .addOption(
      new Option('--host-name <name>', 'a name by which this peer may be called')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--identity <file>', 'a PEM whose private key is the identity of this peer', notEmpty)
  withPictureOptions(withStateOptions(withDefaults(talk), `${STATE}/talk`)).action(
    exiting(async (options: TalkOptions) => {
      const { peer, yes } = options
      if (!process.stdin.isTTY && peer === undefined && !yes)
        talk.error(
          'error: standard input is no terminal, so nobody can be asked: --peer names the other one, or --yes takes the only one that is found',
        )
      const body = await import('./talk.ts')
      return untilTheEnd(body.talk(options))
    }),
  )
}

function addMail(program: Command): void {
  program
    .command('keygen')
    .description('make a key pair for a mailbox: key.private.pem and key.public.pem')
    .argument('[dir]', 'the folder to write them into', parseFolder, '.')
    .addOption(curveOption().default('X25519'))
    .action(
      exiting(async (dir: string, options: { curve: SuiteName }) =>
        (await import('./keygen.ts')).keygen(dir, options),
      ),
    )

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
      exiting(async (text: string | undefined, options: { to: string; recipient?: string }) =>
        (await import('./send.ts')).send(options.to, options.recipient, text),
      ),
    )

  program
    .command('watch')
    .description('print what waits in a mailbox, and then what comes')
    .argument('<dir>', 'the folder of the mailbox', parseFolder)
    .requiredOption('--key <file>', 'the private key (PEM) that opens them', notEmpty)
    .action(
      exiting(async (dir: string, { key }: { key: string }) => {
        const { watchMailbox } = await import('./watch.ts')
        return untilTheEnd(watchMailbox(dir, key))
      }),
    )
}

function addMallory(program: Command): void {
  program
    .command('mallory')
    .description('sit between two peers, read what they send, and change it')
    .addOption(
      new Option(
        '--with <peers>',
        'start the two as well: strangers, who keep nothing, or known ones, who have met before',
      ).choices(['strangers', 'known']),
    )
    .option('--alter <from=to>', 'what to change in texts on their way', parseAlteration)
    .option(
      '--listen <address>',
      'go between two other machines: a private address of this one, where they reach her',
      parsePrivateAddress,
    )
    .option(
      '--ports <ports>',
      'hers: the first one faces the first of the two (default: 5002,5003; with --listen those of the two, so that each finds her where it looks for the other)',
      parsePorts,
    )
    .option(
      '--between <urls>',
      'the two, with a comma between them (default: those on ports 5000 and 5001 of this machine)',
      parseVictims,
    )
    .option('--state <dir>', 'where known ones keep their states', parseFolder, STATE)
    .addOption(curveOption().default('X25519'))
    .action(
      exiting(async (given: MalloryGiven, mallory: Command) => {
        const body = await import('./mallory.ts')
        const options = body.completed(given)
        if (typeof options === 'string') mallory.error(`error: ${options}`)
        return untilTheEnd(body.mallory(options))
      }),
    )
}

function addCheck(program: Command): void {
  program
    .command('check')
    .description('check transcripts that were handed in, each one and beside one another')
    .argument('<files...>', 'what /transcript of a peer gave, or folders of it', collect)
    .option('--all', 'a row for each file, with every remark')
    .option(
      '--require <what>',
      'as "messages>=1 each way, pictures>=1, curve=P-256, compared"',
      parseRequirements,
    )
    .option('--roster <file>', 'a CSV with a column "name": who handed in nothing', notEmpty)
    .option('--csv <file>', 'write a row for each file; - is standard output', notEmpty)
    .option('--json', 'for scripts')
    .hook('preAction', (command) => {
      const { csv, json } = command.opts<CheckOptions>()
      if (csv === '-' && json)
        command.error('error: --json and --csv - exclude each other: name a file for --csv')
    })
    .action(
      exiting(async (files: string[], options: CheckOptions) =>
        (await import('./check.ts')).check(files, options),
      ),
    )
}

function addLab(lab: Command): void {
  const bodies = () => import('./lab.ts')
  lab
    .description('attack it for real, on this machine and nowhere else')
    // peers of the lab receive pictures too, which are removed at the exit
    .hook('preAction', exitOnSignals)

  lab
    .command('original')
    .description("break the original's curve and ciphers, and see how far ours are from that")
    .action(exiting(async () => (await bodies()).labOriginal()))

  lab
    .command('bad-keys')
    .description('send a running peer what it has to refuse')
    .argument('<url>', 'the peer, as http://127.0.0.1:5000', parseVictim)
    .option('--all', 'also what each attack would win, and the same on every other curve')
    .action(
      exiting(async (url: string, options: { all?: true }) =>
        (await bodies()).labBadKeys(url, options),
      ),
    )

  lab
    .command('nonce-reuse')
    .description('read and forge texts that were sealed under one nonce')
    .argument('[texts...]', 'two texts in place of its own', collectDemoText)
    .option('--crib <text>', 'what she guesses that one of them has', parseDemoText)
    .hook('preAction', (command) => {
      if (command.args.length !== 0 && command.args.length !== 2)
        command.error('error: two texts, or none for its own')
    })
    .action(
      exiting(async (texts: string[], options: { crib?: string }) =>
        (await bodies()).labNonceReuse(texts, options),
      ),
    )

  lab
    .command('forward-secrecy')
    .description('record three sessions, steal memory, and see what it opens')
    .addOption(curveOption().default('X25519'))
    .action(
      exiting(async (options: { curve: SuiteName }) => (await bodies()).labForwardSecrecy(options)),
    )

  lab
    .command('quantum')
    .description('open recorded exchanges with the keys that a quantum computer would find')
    .action(exiting(async () => (await bodies()).labQuantum()))
}

/** Twice the processors: more peers at the same time only wait for one another. */
const MOST_JOBS = 2 * os.availableParallelism()

function addExercise(exercise: Command): void {
  const bodies = () => import('./exercise.ts')
  const file = (name: string) => `the results for ${name}; - is standard output`
  exercise
    .description('examine a peer that you wrote, in any language, and be told why it fails')
    // else --curve behind a subcommand would be this command's
    .enablePositionalOptions()
    .option(
      '--start <command>',
      'starts the peer; {port}, {peer}, {curve}, {state} are filled in',
      parseCommand,
    )
    .option(
      '--attach <url>',
      'examines a peer that runs already, as http://127.0.0.1:PORT',
      parseAttached,
    )
    .option('--port <port>', 'with --attach: where that peer looks for the other one', parsePort)
    .addOption(curveOption().default('X25519'))
    .option('--stage <n>', 'stages 1 to n', parseStage)
    .option('--only <ids>', 'these clauses', parseIds)
    .option('--list', 'show every clause, its points and its sentence, and run nothing')
    .option('--seed <n>', "repeats the examiner's choices", parseSeed)
    .option('--first', 'end at the first clause that fails')
    .option('--no-causes', 'say what was wrong, and not why')
    .option('--build <command>', 'run once before the first start', parseCommand)
    .option('--user <name>', 'start the peer as this user (needs root)', notEmpty)
    .option('--ready <seconds>', 'how long a start may take (default: 10)', parseSeconds)
    .option('--limit <seconds>', 'how long the run may take (default: 540)', parseSeconds)
    .option(
      '--jobs <n>',
      `how many peers run at the same time (default: 4; at most ${MOST_JOBS})`,
      (text) => parseJobs(text, MOST_JOBS),
    )
    .option('--json <file>', file('scripts'), notEmpty)
    .option('--junit <file>', file('GitLab'), notEmpty)
    .option('--gradescope <file>', file('Gradescope'), notEmpty)
    .option('--classroom50 <file>', file('Classroom 50'), notEmpty)
    .option('--hold <ids>', 'clauses that Gradescope shows after the due date only', parseIds)
    .option('--github', 'a summary and annotations, as in GitHub Actions by itself')
    .option('--exit-zero', 'exit code 0 whatever passed')
    .hook('preAction', async (_, command) => {
      if (command === exercise) await refuseWrongExercise(exercise)
      exitOnSignals()
    })
    .action(
      exiting(async (options: ExerciseOptions) => (await bodies()).exercise(options, version)),
    )
    // what stands behind `class` is its own, although both have a --limit
    .enablePositionalOptions()

  exercise
    .command('vectors')
    .description('print values of every step as JSON, to compare with')
    .action(exiting(async () => (await bodies()).exerciseVectors()))

  exercise
    .command('starter')
    .description('write a peer to go on from, which has the first step')
    .addArgument(new Argument('<language>').choices(LANGUAGES))
    .argument('[dir]', 'the folder to write it into', parseFolder, '.')
    .action(
      exiting(async (language: Language, dir: string) =>
        (await bodies()).exerciseStarter(language, dir),
      ),
    )

  exercise
    .command('class')
    .description('examine a folder for each peer; its file "start" has the command')
    .argument('<dirs...>', 'the folders', collectFolder)
    .option('--trust', 'run what is in them as yourself')
    .addOption(curveOption().default('X25519'))
    .option('--stage <n>', 'stages 1 to n', parseStage)
    .option('--ready <seconds>', 'how long a start may take (default: 10)', parseSeconds)
    .option('--limit <seconds>', 'how long a folder may take (default: 120)', parseSeconds)
    .option('--csv <file>', 'a row for each folder; - is standard output', notEmpty)
    .hook('preAction', (command) => {
      if (!command.opts<{ trust?: true }>().trust)
        command.error(
          'error: this runs what strangers wrote as yourself: only with --trust, and better in a container',
        )
    })
    .action(
      exiting(async (folders: string[], options: ClassOptions) =>
        (await bodies()).exerciseClass(folders, options, version),
      ),
    )
}

/** Options of `exercise` that need one another, or exclude one another, and clauses that are not there. */
async function refuseWrongExercise(command: Command): Promise<void> {
  const options = command.opts<Partial<ExerciseOptions>>()
  const { start, attach, port, list, stage, only, user, build, first, curve = 'X25519' } = options
  const refuse = (text: string) => command.error(`error: ${text}`)
  if (!list && (start === undefined) === (attach === undefined))
    refuse(
      start === undefined
        ? '--start "COMMAND" starts the peer to examine, or --attach URL --port N names one that runs'
        : '--start and --attach exclude each other',
    )
  if ((attach === undefined) !== (port === undefined)) refuse('--attach and --port go together')
  if (attach !== undefined && new URL(attach).port === `${port}`)
    refuse('--port is that of the other peer, and not that of --attach')
  if (attach !== undefined && (user ?? build) !== undefined)
    refuse('--user and --build belong to --start: that peer runs already')
  if (stage !== undefined && only !== undefined) refuse('--stage and --only exclude each other')
  if (stage === 7 && curve !== 'X25519MLKEM768') refuse('stage 7 is for --curve X25519MLKEM768')
  if (user !== undefined && process.getuid?.() !== 0) refuse('--user needs root')
  if (first && only !== undefined) refuse('--first and --only exclude each other')
  const { json, junit, gradescope, classroom50 } = options
  const files = [json, junit, gradescope, classroom50].filter((file) => file !== undefined)
  if (new Set(files).size < files.length) refuse('each of the results needs a file of its own')
  if (only === undefined && options.hold === undefined) return
  const { unknownIds } = await import('../classroom/exercise/chosen.ts')
  const [unknown] = unknownIds([...(only ?? []), ...(options.hold ?? [])], curve)
  if (unknown !== undefined) refuse(`there is no clause ${unknown} on ${curve}; --list shows them`)
}

/** What `both` and `peer` take. */
function withCommonOptions(command: Command): Command {
  withDefaults(command)
    .option('--no-secrets', 'print no secret; /decrypt_msg then refuses')
    .addOption(
      new Option(
        '--show-work',
        'print how OpenSSL computes each shared secret, private key and all',
      ).conflicts('secrets'),
    )
  return withPictureOptions(withStateOptions(command, `${STATE}/<port>`))
}

/** What steps send that are given nothing. */
function withDefaults(command: Command): Command {
  return command
    .option('--message <text>', 'what /send_msg sends without a text')
    .option('--image <file>', 'what /send_image sends without a picture')
    .hook('preAction', async (command) => {
      const { MAX_TEXT_BYTES } = await import('../protocol/messages.ts')
      if (Buffer.byteLength(command.opts<RunOptions>().message ?? '') > MAX_TEXT_BYTES)
        command.error(`error: --message: a text has at most ${MAX_TEXT_BYTES} bytes`)
    })
}

function withStateOptions(command: Command, usual: string): Command {
  // Commander takes the two for one option, of which the last counts
  const given = new Set<string>()
  for (const name of ['state', 'no-state'])
    command.on(`option:${name}`, () => {
      if (given.add(name).size === 2)
        command.error(
          'error: --state and --no-state exclude each other: keep the identity there, or keep nothing',
        )
    })
  return command
    .option('--state <dir>', `where identities are kept (default: "${usual}")`, parseFolder)
    .option('--no-state', 'keep nothing')
}

function withPictureOptions(command: Command): Command {
  return command
    .option('--max-image <bytes>', 'the longest picture taken (default: 64 MiB)', parseBytes)
    .option(
      '--keep-pictures <mib>',
      'how many MiB of received pictures are kept; the oldest go first (default: 256)',
      parseMebibytes,
    )
}

function curveOption(otherwise = ''): Option {
  const names = 'x25519, p256, or hybrid, which is X25519MLKEM768'
  return new Option('--curve <name>', names + otherwise).argParser<SuiteName>(parseCurve)
}

/** Makes an action of a command's body, which returns the exit code. */
function exiting<Args extends unknown[]>(
  body: (...args: Args) => Promise<number>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    process.exitCode = await body(...args)
  }
}
