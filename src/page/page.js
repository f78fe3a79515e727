/**
 * The page in a browser, joined from its parts: each takes what it needs of the events that come.
 * All that comes is public; texts leave the page by /send_msg and never come back.
 */

import { compareWith, setUpComparison } from './comparison.js'
import { byId } from './dom.js'
import { follow } from './eventFeed.js'
import { words } from './language.js'
import { showLetters } from './letters.js'
import { announce } from './news.js'
import { showPicture } from './picture.js'
import { addRecord, clearRecords, openAddressed } from './recordList.js'
import { showPublic } from './stateFields.js'
import { followStep, restartSteps, setUpSteps, showWaiting } from './steps.js'

setUpSteps()
setUpComparison()
byId('print').addEventListener('click', () => print())
addEventListener('hashchange', openAddressed)
// the same record in the other language
const switcher = byId('language').querySelector('a')
switcher?.addEventListener('click', () => {
  switcher.hash = location.hash
})

follow({
  begin({ run, begun, forms }, again) {
    byId('run').textContent = `${run} ${begun}`
    clearRecords(forms)
    restartSteps(again)
    if (again) announce(words.startedAgain)
  },
  connected(seen) {
    byId('quiet').hidden = seen
  },
  happened(event, live) {
    byId('quiet').hidden = true
    addRecord(event, live)
    followStep(event)
    const isText = event.type === 'answer' && event.status === 201 && event.route !== '/wire/keys'
    if (live && isText && event.way === 'sent') showLetters()
  },
  changed(state, live, place) {
    if (!live) showLetters()
    showPublic(state)
    compareWith(state.safetyNumber)
    showPicture(state, place)
    showWaiting(state)
  },
})
