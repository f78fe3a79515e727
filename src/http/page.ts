/** What a browser sees at `/`: the last received picture, its facts, and what came over the wire. */

import type { Peer } from '../peer.ts'

/** The page loads its picture and nothing else. */
export const PAGE_POLICY = "default-src 'none'; img-src 'self'; frame-ancestors 'none'"

export function page(peer: Peer): string {
  const picture = peer.lastPicture
  const shown =
    picture === null
      ? `<p>No picture has come yet. The other peer sends one with <code>${entities(`curl ${peer.peerUrl}/send_image`)}</code>.</p>`
      : `<p><img src="/image" alt="The picture that came last" width="640"></p>
<p>${entities(picture.type)}, ${picture.bytes} bytes, received ${entities(picture.received.toISOString())}</p>
<p>Over the wire came its ciphertext only, in chunks of 64 KiB: type and name are sealed with it.
An eavesdropper has its length.</p>`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>ecdh-duet on port ${peer.port}</title>
<h1>ecdh-duet on port ${peer.port}</h1>
${shown}
</html>
`
}

function entities(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
