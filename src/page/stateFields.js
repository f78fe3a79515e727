/**
 * The public state, wherever the page shows it: the cards, the eavesdropper's table, the safety number.
 *
 * @import { State } from './eventFeed.js'
 */

import { byId } from './dom.js'
import { words } from './language.js'

/** Fills in every `data-show="path"` with that value of the state, as the server did. @param {State} now */
export function showPublic(now) {
  for (const element of document.querySelectorAll('[data-show]')) {
    if (!(element instanceof HTMLElement)) continue
    const { show = '', yes } = element.dataset
    const value = valueAt(now, show)
    const text = value === null ? words.notYet : (yes ?? value)
    if (element.textContent !== text) element.textContent = text
    element.classList.toggle('none', value === null)
  }
  byId('safety').dataset['peer'] =
    now.safetyNumber === null ? 'none' : now.peer.known ? 'known' : 'new'
}

/** @param {object} from @param {string} path @returns {string | null} */
function valueAt(from, path) {
  /** @type {unknown} */
  let value = from
  for (const name of path.split('.'))
    value = /** @type {Record<string, unknown> | null | undefined} */ (value)?.[name]
  return value === null || value === undefined ? null : String(value)
}
