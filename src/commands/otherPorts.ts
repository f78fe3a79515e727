/** What to type when a port is taken: the same command on ports that are free. */

import net from 'node:net'
import { programName } from '../disk/programName.ts'
import { quoted } from './shellWord.ts'

/** From here up to 10080, browsers open all ports. */
const FIRST = 8000

/** The command line that runs `args` on free ports. `file`: the script that Node was started with. */
export async function onOtherPorts(
  args: readonly string[],
  file?: string,
  platform = process.platform,
): Promise<string> {
  const [command = '', ...given] = args
  const [a, b, m, n] = await freePorts(command === 'mallory' ? 4 : 2)
  const has = (name: string) => given.some((word) => word === name || word.startsWith(`${name}=`))
  const options: [name: string, value: string][] = [
    ['peer', 'talk', 'exercise'].includes(command)
      ? ['--port', `${a}`]
      : ['--ports', `${m ?? a},${n ?? b}`],
  ]
  // the victims that Mallory starts; others have their ports already
  if (has('--with')) options.push(['--between', `http://127.0.0.1:${a},http://127.0.0.1:${b}`])
  // texts do not belong on standard error
  for (const name of ['--message', '--alter']) if (has(name)) options.push([name, '…'])
  const rest = options.reduce((words, [name]) => without(words, name), given)
  return `${programName(file)} ${quoted([command, ...options.flat(), ...rest], platform)}`
}

/** Removes an option, in both of its forms: `--name value` and `--name=value`. */
function without(words: string[], name: string): string[] {
  return words.filter(
    (word, i) => ![word, words[i - 1]].includes(name) && !word.startsWith(`${name}=`),
  )
}

async function freePorts(count: number): Promise<number[]> {
  const free: number[] = []
  for (let port = FIRST; free.length < count; port++) if (await isFree(port)) free.push(port)
  return free
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen({ host: '127.0.0.1', port }, () => server.close(() => resolve(true)))
  })
}
