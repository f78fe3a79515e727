/** What the help of each command says, and the command lines that a person is told to type, on each system. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Command } from 'commander'
import { wordsOf } from '../../src/classroom/exercise/words.ts'
import { parseCurve } from '../../src/commands/arguments.ts'
import { onOtherPorts } from '../../src/commands/otherPorts.ts'
import { lineToType, quoted } from '../../src/commands/shellWord.ts'
import { createProgram } from '../../src/commands/table.ts'
import { hasMake, programName } from '../../src/disk/programName.ts'
import { TABLE } from '../../src/http/codes.ts'
import { commandsOf } from '../../src/http/nextCommands.ts'
import { pictureCurl, textCurl } from '../../src/page/curls.ts'
import type { Model } from '../../src/page/model.ts'
import { type Actions, EMPTY_DESK, type Setting } from '../../src/page/view.ts'
import { en } from '../../src/page/words/en.ts'

/** All commands, each with the names before its own. The program itself has none. */
function commandsIn(command: Command, path: string[] = []): [string[], Command][] {
  return [
    [path, command],
    ...command.commands.flatMap((below) => commandsIn(below, [...path, below.name()])),
  ]
}

/** What `--help` behind `path` prints on a terminal of so many columns, or where there is none. */
async function helpOf(path: string[], width?: number): Promise<string> {
  let help = ''
  const program = createProgram()
  const writeOut = (text: string) => {
    help += text
  }
  for (const [, command] of commandsIn(program))
    command.configureOutput({ writeOut, ...(width && { getOutHelpWidth: () => width }) })
  await program.parseAsync([...path, '--help'], { from: 'user' }).catch(() => {})
  return help
}

/** The command lines below `Examples:`. */
const examplesIn = (help: string) => {
  const [, examples = ''] = /^Examples:\n([\s\S]*?)\n\n/m.exec(help) ?? []
  return examples.split('\n').filter((line) => /^ {2}\S/.test(line))
}

// `lab` and `exercise` listen to signals each time
process.setMaxListeners(0)

/** Has the program parse `line`, with all bodies taken out of the commands, and returns which of them would run. */
async function commandOf(line: string): Promise<string[] | undefined> {
  const program = createProgram()
  let ran: string[] | undefined
  for (const [path, command] of commandsIn(program))
    command.action(() => {
      ran = path
    })
  await program.parseAsync(wordsOf(line), { from: 'user' })
  return ran
}

describe('the help of every command', () => {
  for (const [path] of commandsIn(createProgram())) {
    const name = ['ecdh-duet', ...path].join(' ')
    it(`has two examples that it takes, and its exit codes, within 80 columns: ${name}`, async () => {
      const help = await helpOf(path)
      for (const line of help.split('\n')) assert.ok(line.length <= 80, line)
      assert.match(help.replaceAll('\n', ' '), /Exit code: 0 .*, 1 .*, 2 for wrong usage\. $/)
      const examples = examplesIn(help)
      assert.equal(examples.length, 2)
      for (const example of examples) {
        const ours = example.split(' | ').find((part) => part.includes(programName()))
        if (ours === undefined)
          assert.match(example, /^ {2}curl http:\/\/127\.0\.0\.1:5000\/transcript /)
        else {
          const ran = await commandOf(ours.trim().slice(programName().length))
          assert.deepEqual(ran?.slice(0, path.length), path, example)
        }
      }
    })

    it(`wraps in a narrow terminal, but for commands: ${name}`, async () => {
      const help = await helpOf(path, 64)
      const examples = examplesIn(help)
      const [before = ''] = help.split('Examples:')
      for (const line of before.split('\n').slice(1)) assert.ok(line.length <= 64, line)
      assert.deepEqual(examples, examplesIn(await helpOf(path)))
    })
  }
})

describe('--curve', () => {
  it('takes a name in capitals or not, with hyphens or without, and nothing else', () => {
    const names = {
      X25519: ['X25519', 'x25519', 'x-25519'],
      'P-256': ['P-256', 'p256', 'P256', 'p-256'],
      X25519MLKEM768: ['X25519MLKEM768', 'x25519mlkem768', 'X25519-MLKEM-768', 'hybrid', 'HYBRID'],
    }
    for (const [name, given] of Object.entries(names))
      for (const one of given) assert.equal(parseCurve(one), name, one)
    for (const wrong of ['', '-', 'P-384', 'x25519 ', 'mlkem768', 'toString', 'hybrids'])
      assert.throws(
        () => parseCurve(wrong),
        /The curves are X25519, P-256 and X25519MLKEM768/,
        wrong,
      )
  })
})

describe('a word of a command line', () => {
  const both = (word: string) => [quoted([word], 'linux'), quoted([word], 'win32')]

  it('is in the quotes of the system, if it needs any', () => {
    assert.deepEqual(both('picture.png'), ['picture.png', 'picture.png'])
    assert.deepEqual(both('5000,5001'), ['5000,5001', '"5000,5001"'])
    assert.deepEqual(both('@a.png'), ['@a.png', '"@a.png"'])
    assert.deepEqual(both('Meet me & go'), ["'Meet me & go'", '"Meet me & go"'])
    assert.deepEqual(both("it's"), ["'it'\\''s'", '"it\'s"'])
    assert.deepEqual(both('C:\\duet'), ["'C:\\duet'", 'C:\\duet'])
    // behind the last word, a backslash would take the quote's meaning
    assert.equal(quoted(['C:\\my duet\\'], 'win32'), '"C:\\my duet\\\\"')
    assert.equal(quoted(['a b\\\\'], 'win32'), '"a b\\\\\\\\"')
    assert.deepEqual(both(''), ["''", '""'])
  })

  it('is not shown where a terminal would show another one, or cmd or PowerShell would change it', () => {
    assert.deepEqual(both('a\nb'), ["'…'", '"…"'])
    for (const word of ['say "x"', '$HOME', 'a`b', '%PATH%', 'a”b'])
      assert.deepEqual(
        both(word),
        [`'${word}'`, '"…"'].map((one) => one.replace("'%PATH%'", '%PATH%')),
      )
  })
})

/** No quote of a POSIX shell, and nothing that cmd or PowerShell does not know. */
const POSIX_ONLY = /'|&&|\s#|\bcurl\s/

describe('what a reader on Windows is told to type', () => {
  const FILE = 'C:\\duet\\node_modules\\ecdh-duet\\dist\\main.js'

  it('is what cmd and PowerShell take: other ports, examples', async () => {
    const args = [
      'mallory',
      '--with',
      'strangers',
      '--alter',
      'noon=midnight',
      '--state',
      'my folder',
    ]
    const line = await onOtherPorts(args, FILE, 'win32')
    assert.doesNotMatch(line, POSIX_ONLY)
    assert.match(line, /--ports "\d+,\d+" --between "http:\S+,http:\S+" .*--state "my folder"/)
    const sent = lineToType(
      "echo 'Meet me' | $ --to http://127.0.0.1:5000 -",
      'send',
      'win32',
      FILE,
    )
    assert.match(sent, /^echo "Meet me" \| .*ecdh-duet send --to http:\/\/127\.0\.0\.1:5000 -$/)
    const curl = lineToType('curl http://127.0.0.1:5000/transcript -o ana.json', 'check', 'win32')
    assert.equal(curl, 'curl.exe http://127.0.0.1:5000/transcript -o ana.json')
  })

  it('is so in every answer, with a peer on this machine and on another', () => {
    for (const peerUrl of ['http://127.0.0.1:5001', 'http://10.0.0.2:5001'])
      for (const hasSession of [true, false]) {
        const self = { url: 'http://127.0.0.1:5000', peerUrl, hasSession }
        const on = (platform: NodeJS.Platform) =>
          Object.values(TABLE).flatMap(({ next }) =>
            ['/send_msg', '/send_image', '/message'].map((path) =>
              next(commandsOf(self, platform), path),
            ),
          )
        const [posix, windows] = [on('linux'), on('win32')]
        for (const next of windows) assert.doesNotMatch(next, POSIX_ONLY)
        // the same, but for these forms
        assert.ok(posix.some((next) => POSIX_ONLY.test(next)))
        assert.equal(posix.filter((next, i) => next === windows[i]).length > 20, true)
      }
    const here = commandsOf(
      { url: 'http://127.0.0.1:5000', peerUrl: 'http://127.0.0.1:5001' },
      'win32',
    )
    assert.equal(
      here.both('/send_keys'),
      'curl.exe http://127.0.0.1:5000/send_keys http://127.0.0.1:5001/send_keys',
    )
  })
})

describe('the curls on the page', () => {
  const curls = (quote: '"' | "'", text: string, name: string) => {
    const setting = { own: 'curl http://127.0.0.1:5000', quote } as Setting
    const desk = { ...EMPTY_DESK, text, file: { name, type: 'image/png' } }
    const view = { setting, desk, words: en, act: {} as Actions, model: {} as Model }
    return [textCurl(view), pictureCurl(view)].map((curl) => curl.slice(curl.indexOf(' -') + 1))
  }

  it('have the quotes of the system, and nothing that its shells would change', () => {
    assert.deepEqual(curls("'", "it's", 'a b.png'), [
      "--data-urlencode 'text=it'\\''s'",
      "-H 'Content-Type: image/png' --data-binary '@a b.png'",
    ])
    assert.deepEqual(curls('"', "it's \\", 'a b.png'), [
      '--data-urlencode "text=it\'s \\\\"',
      '-H "Content-Type: image/png" --data-binary "@a b.png"',
    ])
    for (const text of ['a "b"', '$5', '50 %', 'a`b', 'a\nb', '“a”'])
      assert.deepEqual(curls('"', text, '%a%.png'), [
        '--data-urlencode "text=…"',
        '-H "Content-Type: image/png" --data-binary "@…"',
      ])
  })
})

describe('make', () => {
  it('is named in the project alone, and not on Windows', () => {
    assert.equal(hasMake('/duet/dist/main.js', 'linux'), true)
    for (const file of ['/usr/bin/ecdh-duet', '/a/node_modules/ecdh-duet/dist/main.js', ''])
      assert.equal(hasMake(file, 'linux'), false)
    assert.equal(hasMake('/duet/dist/main.js', 'win32'), false)
    assert.equal(hasMake('/duet/dist/main.js', 'linux', 'bun'), false)
  })
})
