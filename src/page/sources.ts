/** Where the documents are that a note names as its source. Links only: the page loads nothing from there. */

/** The documents of a source such as `RFC 2104 section 2; duet/2, Keys`, each with its address if it has one. */
export function linksOf(source: string): readonly { text: string; href: string | null }[] {
  return source.split('; ').map((text) => ({ text, href: hrefOf(text) }))
}

function hrefOf(text: string): string | null {
  const [, rfc, section] = /^RFC (\d+)(?: section ([\d.]*\d))?/.exec(text) ?? []
  if (rfc !== undefined)
    return `https://www.rfc-editor.org/rfc/rfc${rfc}${section ? `#section-${section}` : ''}`
  const [, fips] = /^FIPS (\d+)/.exec(text) ?? []
  if (fips !== undefined) return `https://csrc.nist.gov/pubs/fips/${fips}/final`
  return DOCUMENTS.find(([name]) => text.startsWith(name))?.[1] ?? null
}

const DOCUMENTS = [
  ['draft-ietf-tls-ecdhe-mlkem', 'https://datatracker.ietf.org/doc/draft-ietf-tls-ecdhe-mlkem/'],
  ['The Double Ratchet', 'https://signal.org/docs/specifications/doubleratchet/'],
  ['SEC 1', 'https://www.secg.org/sec1-v2.pdf'],
] as const
