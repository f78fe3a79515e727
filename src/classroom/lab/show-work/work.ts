/** `--show-work`: how to compute the shared secrets with OpenSSL instead, in lines to paste into a shell. */

import { concatBytes, hexToBytes, utf8ToBytes } from '../../../protocol/bytes.ts'
import { type EphemeralKeys, halvesOf } from '../../../protocol/suites.ts'
import { encodePrivateKey, encodePublicKey } from '../../../state/pem.ts'

/**
 * PKCS#8 of an ML-KEM-768 private key as its seed alone, up to the seed (RFC 9935):
 * version 0, id-alg-ml-kem-768, an octet string with [0] of 64 bytes in it.
 */
const PKCS8_BEFORE_SEED = hexToBytes('3054020100300b060960864801650304040204428040')

/**
 * Lines for a POSIX shell that print DH(own, peer) on the curve as 64 hex digits, in UTF-8; on a suite with a
 * KEM also, where the peer made the `ciphertext`, what it carries, by an OpenSSL that can. They hold the
 * private keys; their files are for their owner only and are gone when they end.
 * No comments in them: a zsh that is typed into takes none.
 */
export function opensslWork(
  own: EphemeralKeys,
  peerPublicKey: Uint8Array,
  ciphertext: Uint8Array | null,
): Uint8Array {
  const { suite } = own
  const publicKey = halvesOf(suite, peerPublicKey).point
  return utf8ToBytes(`(
umask 077
dir=$(mktemp -d) || exit
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
cat >"$dir/own.pem" <<'PEM'
${encodePrivateKey(own.pair).trim()}
PEM
cat >"$dir/peer.pem" <<'PEM'
${encodePublicKey({ curve: suite.curve, publicKey }).trim()}
PEM
${suite.kem === null ? '' : "printf 'shared secret  '\n"}openssl pkeyutl -derive -inkey "$dir/own.pem" -peerkey "$dir/peer.pem" | od -An -v -tx1 | tr -d ' \\n'
echo
${suite.kem === null ? '' : kemLines(own, ciphertext)})`)
}

/** Where the ciphertext is ours, only the other side has what opens it. */
function kemLines(own: EphemeralKeys, ciphertext: Uint8Array | null): string {
  const seed = own.exportSeed()
  if (seed === null || ciphertext === null)
    return "echo 'ML-KEM secret  This side made the ciphertext: the lines of the other terminal open it.'\n"
  const key = concatBytes(PKCS8_BEFORE_SEED, seed)
  const lines = `cat >"$dir/own-mlkem.pem" <<'PEM'
-----BEGIN PRIVATE KEY-----
${base64Lines(key)}
-----END PRIVATE KEY-----
PEM
cat >"$dir/ciphertext.txt" <<'BASE64'
${base64Lines(ciphertext)}
BASE64
openssl base64 -d -in "$dir/ciphertext.txt" -out "$dir/ciphertext.bin"
printf 'ML-KEM secret  '
if openssl pkeyutl -decap -inkey "$dir/own-mlkem.pem" -in "$dir/ciphertext.bin" -secret "$dir/secret.bin" >/dev/null 2>&1
then od -An -v -tx1 "$dir/secret.bin" | tr -d ' \\n'
else printf 'This OpenSSL has no ML-KEM: it takes 3.5 or later.'
fi
echo
`
  for (const secret of [seed, key]) secret.fill(0)
  return lines
}

function base64Lines(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('base64')
  return text.match(/.{1,64}/g)?.join('\n') ?? ''
}
