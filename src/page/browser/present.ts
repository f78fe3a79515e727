/** Presenting in a browser: the keys that turn the screens, their addresses, and what a printer gets, which is the page. */

import type { VNode } from 'preact'
import { h } from '../h.ts'
import { Page } from '../parts/Page.ts'
import { Present } from '../present/Present.ts'
import { addressOf, type Screen, screenAt, turned } from '../present/screens.ts'
import type { Setting, View } from '../view.ts'

/** What turns, and by how much; clickers send the pages. */
const TURNS: Readonly<Record<string, number>> = {
  ArrowRight: 1,
  ArrowLeft: -1,
  PageDown: 1,
  PageUp: -1,
}

/** Presents from now on. `draw` draws at once. Returns what is drawn. */
export async function presenting(
  { language, isChosen }: Setting,
  draw: () => void,
): Promise<(view: View) => VNode> {
  const say =
    language === 'es'
      ? (await import('../present/es.ts')).es
      : (await import('../present/en.ts')).en
  const page = isChosen ? `.?lang=${language}` : '.'
  let screen: Screen = screenAt(location.hash) ?? 'who'
  let isPrinted = false
  const marked = () => document.querySelector<HTMLElement>('#marked')
  /** No entry of its own in the history: the way back leads to where somebody came from. */
  const turn = (to: Screen) => location.replace(addressOf(to))
  const printed = (is: boolean) => () => {
    isPrinted = is
    draw()
  }

  addEventListener('hashchange', () => {
    const to = screenAt(location.hash)
    if (to === null || to === screen) return draw()
    screen = to
    draw()
    scrollTo(0, 0)
  })
  addEventListener('beforeprint', printed(true))
  addEventListener('afterprint', printed(false))
  addEventListener('keydown', (event) => {
    const { key, target, repeat, altKey, ctrlKey, metaKey, shiftKey, isComposing } = event
    if (altKey || ctrlKey || metaKey || shiftKey || isComposing) return
    const by = TURNS[key]
    const isField = (target as Element).matches('input, textarea')
    if (isField && (key === 'Enter' || key === 'Escape')) {
      event.preventDefault()
      // what was typed last may have no frame yet, and decides what the button does
      draw()
      marked()?.focus()
      if (key === 'Enter' && !repeat) marked()?.click()
    } else if (key === 'Escape') location.assign(page)
    else if (by !== undefined && !(isField && key.startsWith('Arrow'))) {
      event.preventDefault()
      if (!repeat) turn(turned(screen, by))
    }
  })
  const given = {
    say,
    page,
    isFocused: () => document.hasFocus(),
    focus: () => marked()?.focus(),
    turn,
  }
  let isFirst = true
  return (view) => {
    // what the server rendered is the page's
    if (isFirst) document.body.replaceChildren()
    isFirst = false
    if (isPrinted) return h(Page, view)
    return h(Present, { ...given, view, screen, field: location.hash.slice(1) })
  }
}
