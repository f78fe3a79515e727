/**
 * On a network she goes between two machines of others. What keeps everybody else out of it: who may speak to her, and that
 * she calls nobody who has not called her first.
 */

import { isIPv6 } from 'node:net'
import { HttpError } from '../../../http/problems.ts'
import { PeerError, type Wire } from '../../../peer/contract.ts'
import { hostOf } from './privateAddress.ts'

/** An address as the system gives that of a caller, in the form that `privateAddress` has: without IPv6 around IPv4. */
function callerOf(remoteAddress: string): string {
  const address = remoteAddress.replace(/^::ffff:(?=[\d.]+$)/, '')
  return isIPv6(address) ? hostOf(`http://[${address.split('%', 1)[0]}]`) : address
}

/** What one of the two has agreed to. */
export class Consent {
  /** Its address. */
  readonly address: string
  /** Whether keys have come from there: then it was started with her in its `--peer`. */
  isGiven = false

  /** `url`: where it is, with a private address. */
  constructor(url: string) {
    this.address = hostOf(url)
  }

  /**
   * Refuses what does not come from its address.
   * @throws HttpError `not_between`
   */
  refuseOthers(remoteAddress: string): void {
    const caller = callerOf(remoteAddress)
    if (caller !== this.address)
      throw new HttpError('not_between', `She does not face ${caller} at this port.`)
  }

  /** The way to it, on which nothing leaves before it has agreed. */
  guarding({ url, keys, message, image }: Wire): Wire {
    return {
      url,
      keys: async (form) => this.#given(() => keys(form)),
      message: async (form, copy) => this.#given(() => message(form, copy)),
      image: async (stream) => this.#given(() => image(stream)),
    }
  }

  /** @throws PeerError `peer_unreachable` */
  #given<T>(send: () => Promise<T>): Promise<T> {
    if (this.isGiven) return send()
    const detail = `She sends nothing to ${this.address} before it has sent her keys.`
    throw new PeerError('peer_unreachable', detail, null, 'no route')
  }
}
