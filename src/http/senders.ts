/** Who sends mail, by the address of the connection: what a proxy says of others in a header, anybody can say. */

import type { MailSender } from '../peer/contract.ts'
import { isLocal } from './loopback.ts'

/**
 * The sender at an IP address, as a socket has it. One of IPv4 shares with nobody, whatever its form. One of IPv6 shares with
 * all whose first 64 bits are the same: a machine gives itself as many addresses there as it likes.
 */
export function senderAt(remote: string): MailSender {
  const address = remote.replace(/^::ffff:(?=[\d.]+$)/i, '')
  if (isLocal(address)) return { address, sharing: null }
  return { address, sharing: address.includes(':') ? networkOf(address) : address }
}

/** The /64 of an address of IPv6, and the interface that a link-local one is behind. */
function networkOf(address: string): string {
  const [bits = '', zone = ''] = address.split('%')
  const [left = '', right = ''] = bits.split('::')
  const groups = left === '' ? [] : left.split(':')
  const behind = right === '' ? [] : right.split(':')
  while (groups.length + behind.length < 8) groups.push('0')
  return `${groups.slice(0, 4).join(':')}::/64${zone === '' ? '' : `%${zone}`}`
}
