/** Machines on one network: network namespaces of Linux on a bridge, which is in a namespace of its own. */

import { spawnSync } from 'node:child_process'

/** The addresses of the machines: the first part of them, IPv4 and IPv6. */
interface Numbers {
  readonly ipv4: string
  readonly ipv6: string
}

/** Of TEST-NET-1 (RFC 5737) and of documentation (RFC 3849), which are nobody's. */
const NOBODYS: Numbers = { ipv4: '192.0.2.', ipv6: '2001:db8::' }
/** Of private networks (RFC 1918 and RFC 4193). */
export const PRIVATE: Numbers = { ipv4: '10.77.5.', ipv6: 'fd77:5::' }

export interface Network {
  /** What a command line begins with, so that it runs on the `i`-th machine. */
  under(i: number): string[]
  address(i: number): string
  /** The same in IPv6. */
  address6(i: number): string
  /** Gives the `i`-th machine another address, in place of its own. */
  readdress(i: number, address: string): void
}

/** Runs `WORDS`; returns what it had against it, or null. */
function run(words: string): string | null {
  const [command = '', ...rest] = words.split(' ')
  const { status, stderr, error } = spawnSync(command, rest, { encoding: 'utf8' })
  return status === 0 ? null : `${words}: ${error?.message ?? stderr.trim()}`
}

const nameOf = (i: number | 'bridge') => `duet-${process.pid}-${i}`

/** Returns why there are no such machines here, or false. */
export function noNetwork(): string | false {
  if (process.platform !== 'linux') return 'only Linux has network namespaces'
  try {
    return connect(2) ?? false
  } finally {
    disconnect(2)
  }
}

function connect(count: number, { ipv4, ipv6 }: Numbers = NOBODYS): string | null {
  const bridge = nameOf('bridge')
  const steps = [
    `ip netns add ${bridge}`,
    `ip -n ${bridge} link add bridge type bridge`,
    `ip -n ${bridge} link set bridge up`,
  ]
  for (let i = 0; i < count; i++) {
    const name = nameOf(i)
    steps.push(
      `ip netns add ${name}`,
      `ip -n ${name} link add eth type veth peer name to${i} netns ${bridge}`,
      `ip -n ${bridge} link set to${i} master bridge up`,
      `ip -n ${name} address add ${ipv4}${i + 1}/24 dev eth`,
      // not after a second in which it asks whether somebody has this address
      `ip -n ${name} address add ${ipv6}${i + 1}/64 dev eth nodad`,
      `ip -n ${name} link set eth up`,
      `ip -n ${name} link set lo up`,
    )
  }
  for (const step of steps) {
    const refusal = run(step)
    if (refusal !== null) return refusal
  }
  return null
}

function disconnect(count: number): void {
  for (let i = 0; i < count; i++) run(`ip netns delete ${nameOf(i)}`)
  run(`ip netns delete ${nameOf('bridge')}`)
}

/** Runs `use` with `count` machines. */
export async function withNetwork(
  count: number,
  use: (network: Network) => Promise<void>,
  numbers = NOBODYS,
): Promise<void> {
  const must = (words: string) => {
    const refusal = run(words)
    if (refusal !== null) throw new Error(refusal)
  }
  const refusal = connect(count, numbers)
  try {
    if (refusal !== null) throw new Error(refusal)
    await use({
      under: (i) => ['ip', 'netns', 'exec', nameOf(i)],
      address: (i) => `${numbers.ipv4}${i + 1}`,
      address6: (i) => `${numbers.ipv6}${i + 1}`,
      readdress(i, address) {
        must(`ip -n ${nameOf(i)} address flush dev eth`)
        must(`ip -n ${nameOf(i)} address add ${address}/24 dev eth`)
      },
    })
  } finally {
    disconnect(count)
  }
}
