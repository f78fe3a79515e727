/** The commands of a document, run as they stand there, from top to bottom. */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { type Command, runCommand, startCommand } from './command.ts'
import { root } from './documents.ts'
import { freePorts } from './ports.ts'

const run = promisify(execFile)

/** Why it can't be done here, or false. */
export const noWalk = ['curl', 'make'].some((name) => spawnSync(name, ['--version']).status !== 0)
  ? 'there is no curl or no make here'
  : false

/** What a `make` line starts the program with; nothing is built. */
export function startedBy(line: string, ports: readonly number[]): string[] {
  const names = ['PORT_A', 'PORT_B', 'PORT_M', 'PORT_N']
  const ours = names.map((name, i) => `${name}=${ports[i]}`).join(' ')
  const tells = `"${process.execPath}" -p "JSON.stringify(process.argv.slice(1))"`
  const script = `${line} --silent -o dist/main.js ${ours} DUET='${tells}'`
  const { stdout, stderr } = spawnSync('sh', ['-c', script], { cwd: root, encoding: 'utf8' })
  assert.match(stdout, /^\[.*\]\n$/, `${line}: ${stdout}${stderr}`)
  return JSON.parse(stdout)
}

/** What a line of a document gave, with the ports of the document, 5000 to 5003. */
export interface Shown {
  readonly line: string
  readonly output: string
}

/**
 * Runs `commands` in an empty folder and on free ports. What `make run-…` starts runs beside those that follow,
 * until the next one starts or all are done; then its output follows theirs.
 */
export async function walk(commands: readonly string[]): Promise<Shown[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-walk-'))
  const ports = await freePorts(4)
  const onOurs = (text: string) => text.replaceAll(/:500([0-3])\b/g, (_, i) => `:${ports[i]}`)
  // not in the middle of hex digits
  const ours = new RegExp(`\\b(?:${ports.join('|')})\\b`, 'g')
  const onTheirs = (text: string) =>
    text.replaceAll(ours, (port) => `${5000 + ports.indexOf(Number(port))}`)
  let peers: (Command & { line: string }) | undefined
  const shown: Shown[] = []
  const show = (line: string, output: string) => shown.push({ line, output: onTheirs(output) })
  const end = async () => {
    if (peers === undefined) return
    peers.kill()
    assert.ok([0, 'SIGTERM'].includes(await peers.ended))
    show(peers.line, peers.output())
    peers = undefined
  }
  fs.symlinkSync(path.join(root, 'dist'), path.join(folder, 'dist'))
  try {
    for (const line of commands) {
      if (line.startsWith('make run-')) {
        await end()
        peers = { ...startCommand(startedBy(line, ports), { cwd: folder }), line }
        await peers.ports(line.includes('mallory') ? 4 : 2)
        continue
      }
      const here = onOurs(line)
      const words = /^node dist\/main\.js (.*)$/.exec(here)?.[1]?.split(' ')
      const args = here.startsWith('make ') ? startedBy(here, ports) : words
      if (args !== undefined) {
        const { code, output } = await runCommand(args, { cwd: folder })
        assert.equal(code, 0, output)
        show(line, output)
        continue
      }
      const script = here.replaceAll('curl ', 'curl --silent --show-error --fail-with-body ')
      const { stdout } = await run('sh', ['-c', script], { cwd: folder, maxBuffer: 2 ** 24 })
      show(line, stdout)
    }
    await end()
  } finally {
    peers?.kill('SIGKILL')
    fs.rmSync(folder, { recursive: true })
  }
  return shown
}
