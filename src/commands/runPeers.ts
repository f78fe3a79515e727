/** `both` and `peer`: brings peers up, and down again on a signal. */

import { type Launched, launchAll, type PeerPlan } from '../launch.ts'
import type { Mailbox } from '../peer/contract.ts'
import type { PublicKey } from '../protocol/curves.ts'
import { SUITES, type SuiteName, suiteOf } from '../protocol/suites.ts'
import { makeDirectory, orStateError } from '../state/files.ts'
import { readPrivateKey, readPublicKey, refuseOneKeyForBoth } from '../state/keyFiles.ts'
import { memoryIn } from '../state/lockedState.ts'
import { encodePublicKey, fingerprint } from '../state/pem.ts'
import { pictureFile } from '../state/pictureFile.ts'
import { tell } from '../terminal/output.ts'
import { createTerminal } from '../terminal/terminal.ts'
import { askedToEnd, tellWhereSecretsGo } from './ending.ts'
import { endPeers, savingUnread } from './unread.ts'

/** Ports from 1024 up that no browser opens (https://fetch.spec.whatwg.org/#port-blocking). */
export const BLOCKED_PORTS: readonly number[] = [
  ...[1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668],
  ...[6669, 6679, 6697, 10080],
]

export interface RunOptions {
  /** If not given: that of `identity`, or else X25519. */
  readonly curve?: SuiteName
  /** A PEM file with the private key that takes the place of the identity in the state. */
  readonly identity?: string
  readonly message?: string
  readonly image?: string
  readonly maxImage?: number
  /** In bytes. */
  readonly keepPictures?: number
  readonly secrets: boolean
  readonly showWork?: true
  readonly full?: true
  /** false with --no-state */
  readonly state?: string | false
  /** The folder for mail, and the PEM file of the public key that it is sealed to. */
  readonly mailbox?: string
  readonly mailboxKey?: string
  /** Whether the peer is announced on the network, and by which name. */
  readonly announce?: true
  readonly as?: string
}

/**
 * Runs a peer for each plan until a signal comes. `stateOf`: the folder where the peer on a port keeps its state. Returns
 * the exit code.
 * @throws StateError, DuetError, or the system's error for a port
 */
export async function runPeers(
  plans: readonly PeerPlan[],
  options: RunOptions,
  stateOf: (port: number) => string,
): Promise<number> {
  const asGiven = options.curve && SUITES[options.curve]
  const identity =
    options.identity === undefined ? undefined : readPrivateKey(options.identity, asGiven?.curve)
  const suite = asGiven ?? (identity ? suiteOf(identity.curve) : SUITES.X25519)
  const terminal = createTerminal({
    output: process.stdout,
    showsSecrets: options.secrets,
    isFull: options.full,
  })
  const peers: Launched[] = []
  const asked = askedToEnd({
    alwaysAtHangup: options.state === false,
    // with --no-secrets nobody can read the unread texts, so there is nothing to save
    ...(options.secrets && savingUnread(peers, terminal)),
  })
  // a picture that can't be sent is told now, and not in the middle of a lesson
  if (options.image !== undefined) await pictureFile(options.image)
  // without this option, a peer's process holds nothing of the lab
  const showWork =
    options.showWork && (await import('../classroom/lab/show-work/work.ts')).opensslWork
  const mailboxKey = options.mailboxKey === undefined ? null : readPublicKey(options.mailboxKey)
  const launched = await launchAll({
    suite,
    plans,
    openMemory: (port) => {
      const dir = options.state !== false && stateOf(port)
      const memory = memoryIn(dir, suite.curve, identity, tell, options.keepPictures)
      if (mailboxKey !== null) refuseOneKeyForBoth(memory.identity, mailboxKey)
      return memory
    },
    openMailbox: await mailboxOf(options.mailbox, mailboxKey),
    terminal,
    showsSecrets: options.secrets,
    message: options.message,
    image: options.image,
    maxImage: options.maxImage,
    showWork,
  })
  peers.push(launched)
  for (const port of launched.ports)
    if (BLOCKED_PORTS.includes(port))
      tell(`no browser opens port ${port}; for the page take another one, as 8000 or 8001`)
  if (options.secrets) tellWhereSecretsGo()
  const announcing =
    options.announce && (await import('./announcing.ts')).announcing(launched, plans, options.as)
  const exitCode = await asked
  await announcing?.close()
  await endPeers(peers, terminal)
  return exitCode
}

/** Returns what opens the mailbox in `dir`, which is made if it isn't there; undefined if the peer has none. */
async function mailboxOf(
  dir: string | undefined,
  key: PublicKey | null,
): Promise<(() => Mailbox) | undefined> {
  if (dir === undefined || key === null) return undefined
  const { openMailbox } = await import('../mailbox/openMailbox.ts')
  return () =>
    orStateError(dir, () => {
      makeDirectory(dir)
      const known = { publicKey: encodePublicKey(key), fingerprint: fingerprint(key) }
      return openMailbox(dir, key, known)
    })
}
