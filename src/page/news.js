/** What a screen reader is told of: in one sentence for all that comes in half a second. */

import { byId } from './dom.js'
import { words } from './language.js'

const PAUSE_MS = 500

/** @type {string[]} */
let news = []

/** Tells it soon. @param {string} text */
export function announce(text) {
  news.push(text)
  if (news.length > 1) return
  setTimeout(() => {
    byId('news').textContent = news.length > 3 ? words.newRecords(news.length) : news.join(' ')
    news = []
  }, PAUSE_MS)
}
