/** Stage 6: neither a page elsewhere nor another name for this machine runs a step. */

import type { Answer, CallOptions, NoAnswer } from '../../call.ts'
import type { Context } from '../../context.ts'
import { Probes } from '../../probes.ts'
import type { Scene } from '../../scene.ts'

/** What is still on its way after a refusal comes within this time. */
const AFTER_MS = 150

/** Whether the student's peer sent anything while `run` ran. */
async function sends(scene: Scene, run: () => Promise<void>): Promise<boolean> {
  const begun = scene.other.received.length
  await run()
  await new Promise((resolve) => setTimeout(resolve, AFTER_MS))
  return scene.other.since(begun, '/wire/keys').length > 0
}

/** owner/5 */
export async function hosts(context: Context): Promise<void> {
  const scene = await context.shared()
  const probes = new Probes(scene)
  const share = (): CallOptions => ({
    method: 'POST',
    body: JSON.stringify(scene.strangersForm()),
    headers: { 'content-type': 'application/json' },
  })
  const routes: readonly (readonly [string, () => CallOptions])[] = [
    ['/show', () => ({})],
    ['/send_keys', () => ({})],
    ['/wire/keys', share],
  ]
  const ignored =
    '`Host` is not looked at. A page of an attacker whose name leads to 127.0.0.1 runs every step (DNS rebinding).'
  const hasSent = await sends(scene, async () => {
    for (const [path, options] of routes) {
      for (const host of ['evil.example', '127.0.0.1.evil.example']) {
        const answer = await scene.attempt(path, { ...options(), host })
        probes.refused(`${path} with Host: ${host}`, 'bad_host', answer, {
          cause:
            host === 'evil.example' || probes.wrong.some((what) => what.endsWith(' evil.example'))
              ? ignored
              : '`Host` is compared by its beginning. It is an IP address as a whole, or localhost.',
        })
      }
      const none = await scene.attempt(path, { ...options(), host: null })
      withoutHost(probes, path, none)
    }
  })
  probes.holds('nothing is sent', !hasSent, 'something came', {
    cause: 'The step runs although it is refused.',
  })
  const last = await scene.attempt('/wire/keys', share())
  // a peer that runs already knows the examiner by now
  const isKnown = scene.student === null && 'code' in last && last.code === 'identity_changed'
  if (!isKnown) probes.taken('a share with the right Host', last)
  probes.end(
    '/show, /send_keys and a share with the Host of somebody else, and with none',
    'bad_host each time; nothing is sent',
    () => probes.firstCause,
  )
}

/** HTTP/1.1 itself has such a request refused (RFC 9112 section 3.2), by a library that knows no codes. */
function withoutHost(probes: Probes, path: string, sent: Answer | NoAnswer): void {
  const isRefused = 'status' in sent && sent.status >= 400
  probes.holds(
    `${path} without Host is refused`,
    isRefused,
    'status' in sent ? `status ${sent.status}` : sent.message,
    {
      cause: 'A request without `Host` is answered.',
    },
  )
}

/** owner/6 */
export async function origins(context: Context): Promise<void> {
  const scene = await context.shared()
  const probes = new Probes(scene)
  const strangers: readonly Readonly<Record<string, string>>[] = [
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: `${scene.origin}.evil.example` },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]
  const hasSent = await sends(scene, async () => {
    for (const headers of strangers) {
      const [[name = '', value = ''] = []] = Object.entries(headers)
      const answer = await scene.attempt('/send_keys', { headers })
      probes.refused(`/send_keys with ${name}: ${value}`, 'cross_site', answer, {
        cause:
          name === 'origin'
            ? value.endsWith('.evil.example')
              ? '`Origin` is compared by its beginning.'
              : 'A page elsewhere runs a step: `Origin` is not looked at.'
            : 'A page elsewhere runs a step: `Sec-Fetch-Site` is not looked at.',
      })
    }
  })
  const areRefused = probes.wrong.length === 0
  probes.holds('nothing is sent', !hasSent, 'a key message came', {
    ...(areRefused
      ? {
          cause:
            'The step runs, and only its answer is withheld. A page elsewhere needs no answer.',
        }
      : {}),
  })
  for (const headers of [
    { origin: scene.origin },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'same-origin' },
  ]) {
    const [[name = '', value = ''] = []] = Object.entries(headers)
    const answer = await scene.attempt('/send_keys', { headers })
    const isRun = 'status' in answer && answer.status < 400
    probes.holds(
      `/send_keys with ${name}: ${value}`,
      isRun,
      'status' in answer ? `status ${answer.status}` : answer.message,
      {
        cause:
          "The owner's own page, or the owner, is refused: an `Origin` of its own, `none` and `same-origin` are right.",
      },
    )
  }
  probes.end(
    '/send_keys as a page elsewhere sends it, and as the owner does',
    'cross_site, and nothing is sent; then it runs',
    (wrong) =>
      wrong.some((what) => what.includes('origin: http://evil')) &&
      wrong.some((what) => what.includes('cross-site'))
        ? 'A page elsewhere runs a step: neither `Origin` nor `Sec-Fetch-Site` is looked at.'
        : probes.firstCause,
  )
}
