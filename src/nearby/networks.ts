/** The networks that this machine is on, by IPv4, and what is on them. */

import { BlockList, isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'

export interface Network {
  /** Of this machine. */
  readonly address: string
  readonly netmask: string
  /** Whether it is loopback. */
  readonly isInternal: boolean
}

/** The networks of this machine by now. */
export function ownNetworks(): Network[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map(({ address, netmask, internal }) => ({ address, netmask, isInternal: internal }))
}

/**
 * Where a packet from `source` comes from: this machine (`here`), a network that this machine is on (`near`), or
 * neither (null).
 */
export function placeOf(source: string, networks: readonly Network[]): 'here' | 'near' | null {
  if (!isIPv4(source)) return null
  if (networks.some(({ address }) => address === source)) return 'here'
  for (const { address, netmask, isInternal } of networks) {
    const network = new BlockList()
    network.addSubnet(address, prefixOf(netmask))
    if (network.check(source)) return isInternal ? 'here' : 'near'
  }
  return null
}

/** How many bits of `netmask` are set. */
function prefixOf(netmask: string): number {
  const bits = netmask.split('.').map((part) => Number(part).toString(2).padStart(8, '0'))
  return bits.join('').lastIndexOf('1') + 1
}
