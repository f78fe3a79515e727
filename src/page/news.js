/** What a screen reader is told: one sentence for all that comes within half a second. */

import { byId } from './dom.js'
import { words } from './language.js'

const PAUSE_MS = 500

/** @type {string[]} */
let news = []

/** Tells this text soon, with what else comes. @param {string} text */
export function announce(text) {
  news.push(text)
  if (news.length > 1) return
  setTimeout(() => {
    byId('news').textContent = news.length > 3 ? words.newRecords(news.length) : news.join(' ')
    news = []
  }, PAUSE_MS)
}
