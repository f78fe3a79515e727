/** The lab attacks programs on this machine and no others. */

/** Whether a URL names this machine, by a loopback address or as localhost. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  // a URL has every form of an IPv4 address as four decimal numbers already
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}
