/**
 * How many places of a mailbox each sender has taken. Senders have no names here: a sender is whoever shares an address or a
 * network with others. All of this is in memory only, so no file says who sent what, and a restart forgets it.
 */

/** How many messages may be kept in mind: enough for a full mailbox of which as many were set aside. */
export const MAX_KNOWN = 20_000

export class Shares {
  readonly #most: number
  /** Who sent each message, by its id, in the order in which they came. */
  readonly #senders = new Map<string, string>()
  readonly #counts = new Map<string, number>()

  /** `most`: how many places one sender may have. */
  constructor(most: number) {
    this.#most = most
  }

  /** Whether it is time to `keep` what is still there. */
  get areMany(): boolean {
    return this.#senders.size >= MAX_KNOWN
  }

  isUsed(sender: string): boolean {
    return (this.#counts.get(sender) ?? 0) >= this.#most
  }

  take(sender: string, id: string): void {
    this.#free(id)
    for (const [oldest] of this.#senders) {
      if (!this.areMany) break
      this.#free(oldest)
    }
    this.#senders.set(id, sender)
    this.#counts.set(sender, (this.#counts.get(sender) ?? 0) + 1)
  }

  /** Frees the places of all messages whose ids are not `taken`. */
  keep(taken: ReadonlySet<string>): void {
    for (const id of this.#senders.keys()) if (!taken.has(id)) this.#free(id)
  }

  #free(id: string): void {
    const sender = this.#senders.get(id)
    if (sender === undefined) return
    this.#senders.delete(id)
    const count = (this.#counts.get(sender) ?? 0) - 1
    if (count > 0) this.#counts.set(sender, count)
    else this.#counts.delete(sender)
  }
}
