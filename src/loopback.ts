/** Whether a URL stays on this machine: attacks go to it and to no other. */

/**
 * The origin of `url` if that is on this machine, else null. It always has an address: localhost
 * is a name like any other, and becomes the address that it should stand for (RFC 6761 section 6.3).
 */
export function loopbackOrigin(url: string): string | null {
  if (!URL.canParse(url)) return null
  const parsed = new URL(url)
  if (parsed.protocol !== 'http:') return null
  if (parsed.hostname === 'localhost') parsed.hostname = '127.0.0.1'
  // a URL has every form of an IPv4 address as four decimal numbers already
  const { hostname, origin } = parsed
  return hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname) ? origin : null
}
