/**
 * The outcome of a step, below its button, and how long it stays there: until the state of the peer has moved on.
 *
 * @import { State } from './eventFeed.js'
 * @typedef {(now: State) => boolean} Holds Whether an outcome still holds.
 */

import { h } from './dom.js'

/** The outcomes on the page, by the items that they stand in. @type {Map<HTMLElement, Holds>} */
const lines = new Map()

/** @param {HTMLElement} item @param {boolean} good @param {(Node | string)[]} text @param {Holds} holds */
export function say(item, good, text, holds) {
  const line = item.querySelector('.said')
  line?.classList.toggle('refused', !good)
  line?.replaceChildren(h('b', {}, good ? '✓ ' : '✗ '), ...text)
  lines.set(item, holds)
}

/** @param {Element | null} item */
export function unsay(item) {
  if (!(item instanceof HTMLElement)) return
  item.querySelector('.said')?.replaceChildren()
  lines.delete(item)
}

/** Takes away what no longer holds. @param {State} now */
export function forget(now) {
  for (const [item, holds] of lines) if (!holds(now)) unsay(item)
}

export function forgetAll() {
  for (const item of lines.keys()) unsay(item)
}

/**
 * How long the outcome of a step holds: until another session takes the place of the one that the step left; of opened
 * messages, until the next one comes; of keys that were refused, until the other peer sends another key. The answer and
 * the state come on two connections, so the first states may still be from before the end of the step.
 * @param {string} route @param {State | null} before The state when the step was asked for.
 * @param {Record<string, any> | null} answer Null if it was refused, which may itself have cost the session.
 * @returns {Holds}
 */
export function outcome(route, before, answer) {
  const given = answer?.['session']
  let from = before
  let settled = false
  let opened = false
  return (now) => {
    // asked for before any state was here
    from ??= now
    if (route === '/decrypt_msg') {
      opened ||= now.waiting.length === 0
      if (opened && now.waiting.length > 0) return false
    }
    const old = from.session?.id ?? null
    const id = now.session?.id ?? null
    if (answer === null) {
      const isSameKey = now.peer.publicKey === from.peer.publicKey
      return (id === null || id === old) && (route !== '/send_keys' || isSameKey)
    }
    const left = given === undefined ? old : (given?.id ?? given)
    settled ||= id === left
    return id === left || (!settled && id === old)
  }
}
