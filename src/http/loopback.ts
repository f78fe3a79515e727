/** What "this machine" is, for addresses and for URLs: the only place that decides it. */

import { BlockList, isIP } from 'node:net'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8)
LOOPBACK.addAddress('::1', 'ipv6')

/**
 * Whether an IP address is one of loopback's, in any of its forms (also as IPv4 in IPv6), or an http URL has such an
 * address, or a name that stands for one. A name alone is none.
 */
export function isLocal(addressOrUrl: string): boolean {
  const version = isIP(addressOrUrl)
  if (version === 0) return localOrigin(addressOrUrl) !== null
  return LOOPBACK.check(addressOrUrl, version === 4 ? 'ipv4' : 'ipv6')
}

/**
 * The origin of `url` if that is on this machine, else null: attacks go there and nowhere else. It always has an
 * address, since localhost is a name like any other, and becomes the address that it should stand for (RFC 6761
 * section 6.3).
 */
export function localOrigin(url: string): string | null {
  if (!URL.canParse(url)) return null
  const parsed = new URL(url)
  if (parsed.protocol !== 'http:') return null
  if (/(?:^|\.)localhost\.?$/.test(parsed.hostname)) parsed.hostname = '127.0.0.1'
  // a URL has every form of an IPv4 address as four decimal numbers already, and IPv6 in brackets
  const address = parsed.hostname.replace(/^\[|\]$/g, '')
  return isIP(address) !== 0 && isLocal(address) ? parsed.origin : null
}
