/** The OpenSSL that is installed, as another implementation of every key format. */

import { execFileSync, spawnSync } from 'node:child_process'

/** A reason to skip, where there is none. */
export const noOpenssl =
  spawnSync('openssl', ['version']).status === 0 ? false : 'there is no openssl here'

/** Runs `openssl ARGUMENTS` (words with blanks between them) on `input` and returns what it prints. */
export function openssl(words: string, input: string | Uint8Array = ''): string {
  return execFileSync('openssl', words.split(' '), {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  })
}

/** How OpenSSL makes a private key of each curve. */
export const GENPKEY = {
  X25519: 'genpkey -algorithm X25519',
  'P-256': 'genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256',
} as const
