/** Mallory's page in a browser: follows both of her peers, and draws the page anew. */

import { render } from 'preact'
import { follow } from '../../../../../page/browser/feed.ts'
import { onceAFrame } from '../../../../../page/browser/frames.ts'
import { h } from '../../../../../page/h.ts'
import type { State } from '../../../../../page/model.ts'
import type { Event } from '../../../../../wirelog/events.ts'
import { across, deedOf, type Passed, passagesOf, type Side, type Sides } from '../match.ts'
import { Page } from '../Page.ts'
import type { Setting } from '../view.ts'

const setting: Setting = JSON.parse(document.body.dataset['setting'] ?? '')
// only one of the two is loaded
const hers =
  setting.language === 'es' ? (await import('../es.ts')).es : (await import('../en.ts')).en

/** So many events of a side stay on the page, and as many of what she passed on. */
const MAX_KEPT = 1000

interface Draft {
  state: State | null
  events: Event[]
  passed: Passed[]
  isConnected: boolean | null
}
const begun = (): Draft => ({ state: null, events: [], passed: [], isConnected: null })
const drafts: [Draft, Draft] = [begun(), begun()]
let news = ''
/** Whether something crossed since a screen reader was told of it. */
let isNews = false

const draw = onceAFrame(drawNow)

for (const [i, draft] of drafts.entries())
  follow(`mallory/${i}/events`, setting.language, {
    begin: () => Object.assign(draft, begun(), { isConnected: true }),
    happened(event, isLive) {
      draft.events = [...draft.events, event].slice(-MAX_KEPT)
      if (isLive && event.type === 'request') isNews = true
      draw()
    },
    changed(state) {
      draft.state = state
      const known = new Set(draft.passed.map(({ n }) => n))
      const { passed } = state as State & Pick<Side, 'passed'>
      const more = passed.filter(({ n }) => !known.has(n))
      draft.passed = [...draft.passed, ...more].slice(-MAX_KEPT)
      draw()
    },
    connected(isConnected) {
      draft.isConnected = isConnected
      draw()
    },
  })

function drawNow() {
  const sides = drafts.map(({ state, events, passed }, i) => ({
    ...setting.places[i],
    ...{ state, events, passed },
  }))
  if (sides.some(({ state }) => state === null)) return
  const isConnected = drafts.every((draft) => draft.isConnected)
  render(
    h(Page, { hers, setting, sides: sides as unknown as Sides, isConnected, news }),
    document.body,
  )
}

/** How long a screen reader waits for more, in ms: it is told what stands at the end. */
const NEWS_MS = 500
setInterval(() => {
  const [a, b] = drafts
  if (!isNews || a.state === null || b.state === null) return
  isNews = false
  const sides = drafts.map((draft, i) => ({ ...setting.places[i], ...draft })) as unknown as Sides
  const last = passagesOf(sides).at(-1)
  if (last === undefined) return
  const to = last.came === null ? last.side : across(last.side)
  news = hers.deeds[deedOf(last)](sides[last.side].victim, sides[to].victim)
  draw()
}, NEWS_MS)
