/** The layer between DER and PEM (RFC 7468), for keys that no tool would write. */

/** DER as PEM, in lines of 64 characters. */
export function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** What is in a PEM of one block. */
export function der(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[^\n]*\n/g, ''), 'base64')
}
