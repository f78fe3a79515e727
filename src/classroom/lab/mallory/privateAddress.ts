/** Where she may go: addresses as numbers, of this machine or of a private network. */

import { BlockList, isIP } from 'node:net'

/**
 * Addresses of this machine and of private networks. Those of RFC 6598 (100.64.0.0/10) are not among them: a provider
 * shares them out among its customers. A link-local address of IPv6 needs a zone, for which a URL has no place.
 */
const PRIVATE = {
  4: new BlockList(),
  6: new BlockList(),
}
for (const [address, bits] of [
  ['127.0.0.0', 8],
  // RFC 1918
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  // link-local, RFC 3927
  ['169.254.0.0', 16],
] as const)
  PRIVATE[4].addSubnet(address, bits)
PRIVATE[6].addAddress('::1', 'ipv6')
// RFC 4193
PRIVATE[6].addSubnet('fc00::', 7, 'ipv6')

/** `address` in its one usual form if it is a private one or loopback's, else null: also for a name, and for IPv4 in IPv6. */
export function privateAddress(address: string): string | null {
  const family = isIP(address)
  if (family === 4) return PRIVATE[4].check(address) ? address : null
  if (family !== 6 || !PRIVATE[6].check(address, 'ipv6')) return null
  return hostOf(`http://[${address}]`)
}

/** The host of a URL, an IPv6 address without its brackets. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')
}
