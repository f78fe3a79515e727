/** `--show-work`: how to compute a shared secret with OpenSSL instead, in lines to paste into a shell. */

import { utf8ToBytes } from '../protocol/bytes.ts'
import type { KeyPair } from '../protocol/curves.ts'
import { encodePrivateKey, encodePublicKey } from '../state/pem.ts'

/**
 * Lines for a POSIX shell that print DH(`own`, `peerPublicKey`) as 64 hex digits, in UTF-8. They
 * hold the private key; its file is for its owner only and is gone when they end.
 * No comments in them: a zsh that is typed into takes none.
 */
export function opensslWork(own: KeyPair, peerPublicKey: Uint8Array): Uint8Array {
  return utf8ToBytes(`(
umask 077
dir=$(mktemp -d) || exit
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
cat >"$dir/own.pem" <<'PEM'
${encodePrivateKey(own).trim()}
PEM
cat >"$dir/peer.pem" <<'PEM'
${encodePublicKey({ curve: own.curve, publicKey: peerPublicKey }).trim()}
PEM
openssl pkeyutl -derive -inkey "$dir/own.pem" -peerkey "$dir/peer.pem" | od -An -v -tx1 | tr -d ' \\n'
echo
)`)
}
