/** The URL below which a peer has its routes. */

/**
 * `text` without a slash at its end, if it is an http URL that a peer can be at: it has no password, no query and no fragment, and
 * each part of its path is plain. Else null.
 */
export function baseUrlOf(text: string): string | null {
  if (!URL.canParse(text)) return null
  const { protocol, origin, pathname, href } = new URL(text)
  if (protocol !== 'http:' || href !== origin + pathname) return null
  const path = pathname.replace(/\/$/, '')
  return /^(?:\/[\w.~-]+)*$/.test(path) ? origin + path : null
}

/** The path of a base URL: `/duet`, or nothing where it has none. */
export function basePathOf(url: string): string {
  return new URL(url).pathname.replace(/\/$/, '')
}
