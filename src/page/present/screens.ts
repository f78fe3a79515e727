/** The screens of presenting: their order, their addresses, and what the marked button of each does. */

import { routeIn } from '../model.ts'
import type { StoryStep } from '../story.ts'
import type { StepRoute, View } from '../view.ts'

/** In the order of the story. */
export const SCREENS = [
  'who',
  'keys',
  'crossed',
  'compare',
  'secret',
  'sums',
  'text',
  'question',
  'table',
  'costs',
  'end',
] as const
export type Screen = (typeof SCREENS)[number]

/** The steps of the story that a screen is about. */
export const STEPS_ON: Readonly<Partial<Record<Screen, readonly StoryStep[]>>> = {
  keys: ['keys', 'theirs'],
  compare: ['compare'],
  secret: ['secret'],
  text: ['text', 'read'],
}

export const addressOf = (screen: Screen) => `#screen-${SCREENS.indexOf(screen) + 1}`

/** The screen that an address names, or null. */
export function screenAt(hash: string): Screen | null {
  const number = /^#screen-(\d{1,2})$/.exec(hash)?.[1]
  return number === undefined ? null : (SCREENS[Number(number) - 1] ?? null)
}

/** The screen so many further on, or the first or last one. */
export function turned(screen: Screen, by: number): Screen {
  const at = Math.min(Math.max(SCREENS.indexOf(screen) + by, 0), SCREENS.length - 1)
  return SCREENS[at] ?? 'who'
}

/** What the marked button does. */
export type Marked =
  | { readonly is: 'run'; readonly route: StepRoute; readonly isOther: boolean }
  /** To compare, or to go to the field for it. */
  | { readonly is: 'compare' | 'field' }
  /** To copy what the other peer's owner runs, elsewhere. */
  | { readonly is: 'copy' }
  | { readonly is: 'turn'; readonly to: Screen }

const run = (route: StepRoute, isOther = false): Marked => ({ is: 'run', route, isOther })

/** `isShownThere`: whether the other peer's secret was shown from here since the last exchange of keys. */
export function markedOn(
  screen: Screen,
  { setting, model, desk }: Pick<View, 'setting' | 'model' | 'desk'>,
  isShownThere: boolean,
): Marked {
  const { state, isShown, othersNext } = model
  const { session, exchange, waiting, inDoubt, safetyNumber, peer } = state
  const on: Marked = { is: 'turn', to: screen === 'end' ? 'who' : turned(screen, 1) }
  const others = (route: StepRoute): Marked =>
    setting.runsOther ? run(route, true) : { is: 'copy' }
  if (screen === 'keys') {
    if (exchange === 'offered') return others('/send_keys')
    return session === null || exchange !== 'idle' ? run('/send_keys') : on
  }
  if (!(screen in STEPS_ON)) return on
  if (session === null) return { is: 'turn', to: 'keys' }
  switch (screen) {
    case 'compare':
      if (safetyNumber === null || peer.compared === true) return on
      return { is: desk.theirs.trim() === '' ? 'field' : 'compare' }
    case 'secret':
      if (!isShown) return run('/show')
      return setting.runsOther && !isShownThere ? run('/show', true) : on
    default:
      if (waiting.length > 0) return run('/decrypt_msg')
      if (inDoubt !== null || desk.text !== '') return run('/send_msg')
      if (routeIn(othersNext) === '/decrypt_msg') return others('/decrypt_msg')
      return session.sent + session.received > 0 ? on : run('/send_msg')
  }
}
