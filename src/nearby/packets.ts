/** What is announced, and asked for, as packets of multicast DNS (RFC 6762) with the records of DNS-SD (RFC 6763). */

import { randomBytes } from 'node:crypto'
import dns, { type Answer } from 'dns-packet'

const SERVICE = '_ecdh-duet._tcp.local'

/** The label of the service as it stands in each packet about it, with its length before it. */
const MARK = Buffer.from('\u000a_ecdh-duet')

/** How long, in seconds, an announcement holds. */
export const TTL = 120

/** Of one packet so many announcements are taken at most. */
const MAX_IN_PACKET = 4

/** What of an instance's name, or of a value beside it, is looked at, in characters. */
const MAX_VALUE = 64

/** What is announced of a peer. */
export interface Announcement {
  /** The name of its record: random, and new each time that the program is started. */
  readonly id: string
  readonly label: string
  readonly port: number
  readonly suite: string
}

export type Heard =
  | { readonly kind: 'query' }
  /** `ttl`: in seconds; 0 takes it back. `label` and `suite`: as somebody said, not made harmless yet. */
  | { readonly kind: 'announcement'; readonly said: Announcement; readonly ttl: number }

/** A name for a record that says nothing of the machine. */
export function randomId(): string {
  return randomBytes(8).toString('hex')
}

/** A question for all peers. */
export function encodeQuery(): Buffer {
  return dns.encode({ type: 'query', questions: [{ type: 'PTR', name: SERVICE }] })
}

/**
 * An announcement, to be sent from `address`. The host that it names is random: `id`, and not the machine's name. `ttl`: in
 * seconds; 0 takes it back.
 */
export function encodeAnnouncement(
  { id, label, port, suite }: Announcement,
  address: string,
  ttl = TTL,
): Buffer {
  const instance = `${id}.${SERVICE}`
  const host = `${id}.local`
  return dns.encode({
    type: 'response',
    flags: dns.AUTHORITATIVE_ANSWER,
    answers: [
      { type: 'PTR', name: SERVICE, ttl, data: instance },
      { type: 'SRV', name: instance, ttl, data: { port, target: host, priority: 0, weight: 0 } },
      { type: 'TXT', name: instance, ttl, data: ['txtvers=1', `name=${label}`, `suite=${suite}`] },
      { type: 'A', name: host, ttl, data: address },
    ],
  })
}

/** Whether a packet can be about peers at all. Nothing of it is parsed for that. */
export function isOurs(bytes: Buffer): boolean {
  return bytes.includes(MARK)
}

/** What a packet says of peers; nothing if it is malformed. */
export function decode(bytes: Buffer): Heard[] {
  try {
    const { type, questions = [], answers = [], additionals = [] } = dns.decode(bytes)
    if (type === 'query')
      return questions.some(
        ({ name, type }) => name === SERVICE && (type === 'PTR' || String(type) === 'ANY'),
      )
        ? [{ kind: 'query' }]
        : []
    return announcementsIn([...answers, ...additionals])
  } catch {
    return []
  }
}

function announcementsIn(records: readonly Answer[]): Heard[] {
  const heard: Heard[] = []
  for (const record of records) {
    if (record.type !== 'PTR' || record.name !== SERVICE) continue
    const instance = record.data
    const service = records.find((one) => one.type === 'SRV' && one.name === instance)
    if (service?.type !== 'SRV') continue
    const { port } = service.data
    if (!Number.isInteger(port) || port < 1 || port > 65535) continue
    const texts = textsOf(records.find((one) => one.type === 'TXT' && one.name === instance))
    const id = instance.slice(0, -SERVICE.length - 1).slice(0, MAX_VALUE)
    const label = texts.get('name') ?? id
    heard.push({
      kind: 'announcement',
      said: { id, label, port, suite: texts.get('suite') ?? '' },
      ttl: Math.min(record.ttl ?? TTL, TTL),
    })
    if (heard.length === MAX_IN_PACKET) break
  }
  return heard
}

/** The `name=value` of a TXT record, of each name the first (RFC 6763 section 6.4). */
function textsOf(record: Answer | undefined): Map<string, string> {
  const texts = new Map<string, string>()
  if (record?.type !== 'TXT') return texts
  const data = Array.isArray(record.data) ? record.data : [record.data]
  for (const one of data) {
    const [name = '', ...rest] = one.toString().split('=')
    if (!texts.has(name.toLowerCase()))
      texts.set(name.toLowerCase(), rest.join('=').slice(0, MAX_VALUE))
  }
  return texts
}
