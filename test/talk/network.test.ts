/** `talk` between machines that find one another by multicast: network namespaces of Linux on one bridge. */

import assert from 'node:assert/strict'
import path from 'node:path'
import { describe, it } from 'node:test'
import { type Command, hasty, MAIN, withCommand } from '../helpers/command.ts'
import { folderForAll } from '../helpers/files.ts'
import { noNetwork, withNetwork } from '../helpers/network.ts'
import { arriving } from '../helpers/texts.ts'
import { noTmux, withTmux } from '../helpers/tmux.ts'

const at = folderForAll()
const ANNOUNCER = path.resolve(import.meta.dirname, '../helpers/announcer.mjs')

/** The program on a machine. */
const talk = (under: readonly string[], name: string, state: string, ...more: string[]) => [
  ...under,
  ...[process.execPath, MAIN, 'talk', '--as', name, '--state', at(state), ...more],
]

/** Runs a talk through pipes, whose clock runs ten times as fast, beside `use`. */
function piped(
  under: readonly string[],
  name: string,
  state: string,
  use: (command: Command, say: (line: string) => void) => Promise<void>,
): Promise<void> {
  const program = [...under, process.execPath, ...hasty(10), MAIN]
  const args = ['talk', '--as', name, '--state', at(state), '--yes']
  return withCommand(args, { program, open: true }, (command) =>
    use(command, (line) => command.child.stdin?.write(`${line}\n`)),
  )
}

describe('talk on a network', { skip: noNetwork() }, () => {
  it('needs a yes from each, and then a line is a text', { skip: noTmux }, () =>
    withNetwork(2, ({ under, address }) =>
      withTmux(talk(under(0), 'Ana', 'a'), { columns: 80 }, (ana) =>
        withTmux(talk(under(1), 'Zoë', 'z'), { columns: 80 }, async (zoe) => {
          await ana.shows(new RegExp(`^Talk with Zoë \\(${address(1)}:5000\\)\\? \\[y/n\\]`))
          await zoe.shows(/^Talk with Ana /)
          for (const one of [ana, zoe]) one.type('y\n')
          for (const one of [ana, zoe]) await one.shows(/✓ {2}Keys agreed with/)
          const number = (rows: string[]) => rows.filter((row) => /^ +(?:\d{5} ?){6}$/.test(row))
          assert.equal(number(ana.rows()).length, 2)
          assert.deepEqual(number(ana.rows()), number(zoe.rows()))
          ana.type('ten words that nobody else on this network can read\n')
          await zoe.shows(/^\d\d:\d\d {2}← {2}Ana: │ ten words .* read ┘$/)
          await ana.shows(/^\d\d:\d\d {2}✓ {2}ten words/)
          // the names that they are known by say nothing of the machines
          for (const one of [ana, zoe]) one.type('/quit\n')
        }),
      ),
    ),
  )

  it(
    'shows no more than four of a hostile announcer, by harmless names, and never calls it',
    {
      skip: noTmux,
    },
    () =>
      withNetwork(3, ({ under, address }) =>
        withTmux(talk(under(0), 'Ana', 'c'), { columns: 80 }, async (ana) => {
          await ana.shows(/looking for others/)
          const labels = ['\u001b[2JBob', '12:00  ✓  Keys agreed.', 'Bob', 'B'.repeat(90)]
          const program = [...under(2), process.execPath, ANNOUNCER]
          await withCommand(
            [address(2), '1000', '7000', ...labels],
            { program },
            async (hostile) => {
              await hostile.until(/all sent/)
              const rows = await ana.shows(/^Which one\?/)
              const named = rows.filter((row) => row.includes(address(2)))
              assert.equal(named.length, 4, rows.join('\n'))
              assert.ok(
                !rows.some((row) => row.includes('198.51.100') || /^ *12:00 {2}✓/.test(row)),
              )
              ana.press('C-d')
              await ana.shows(/^ended with /)
              assert.equal(hostile.output(), 'all sent\n')
            },
          )
        }),
      ),
  )

  it('gives a stranger by the name of somebody known nothing but keys, and finds the other where it has moved', () =>
    withNetwork(3, ({ under, address, readdress }) =>
      piped(under(1), 'Bob', 'm-b', (bob) =>
        piped(under(0), 'Ana', 'm-a', async (ana, say) => {
          const before = await arriving(ana, say, 'before')
          await bob.until(new RegExp(`Ana: ${before}\n`))
          const program = [...under(2), process.execPath, ANNOUNCER]
          await withCommand([address(2), '1', '5000', 'Bob'], { program }, async (hostile) => {
            await hostile.until(/all sent/)
            readdress(1, '192.0.2.77')
            const after = await arriving(ana, say, 'after')
            await bob.until(new RegExp(`Ana: ${after}\n`))
            const paths = new Set(hostile.output().split('\n').slice(1, -1))
            for (const path of paths) assert.equal(path, '/wire/keys')
          })
        }),
      ),
    ))
})
