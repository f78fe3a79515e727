/** The story that the page tells, as it follows from what happened: which step is done, and which comes next. */

import { type Model, routeIn } from './model.ts'
import type { StepRoute, View } from './view.ts'

/** The six steps, in their order; the README and the lesson give them the same numbers. */
export const STEPS = ['keys', 'theirs', 'compare', 'secret', 'text', 'read'] as const
export type StoryStep = (typeof STEPS)[number]

/** What a person does next, by the place of the page where it is done. */
export type Place = '/send_keys' | 'other' | 'compare' | '/show' | '/send_msg' | '/decrypt_msg'

const STEP_OF: Readonly<Record<Exclude<Place, 'other'>, StoryStep>> = {
  '/send_keys': 'keys',
  compare: 'compare',
  '/show': 'secret',
  '/send_msg': 'text',
  '/decrypt_msg': 'read',
}

/** Where the next step is done. */
export function nextPlace({ state, isShown, othersNext }: Model): Place {
  const { session, publicKey, peer, waiting, inDoubt } = state
  if (waiting.length > 0) return '/decrypt_msg'
  if (inDoubt !== null) return '/send_msg'
  if (othersNext !== '' && !(routeIn(othersNext) === '/send_keys' && session !== null))
    return 'other'
  if (session === null)
    return publicKey !== null && peer.publicKey === null ? 'other' : '/send_keys'
  const isUnused = session.sent === 0 && session.received === 0
  if (isUnused && !isShown && !peer.compared) return 'compare'
  return isShown ? '/send_msg' : '/show'
}

/** The next step: the `data-step` of where it is done, and the route that does it if this page can run it. */
export interface Next {
  readonly at: string
  readonly route: StepRoute | null
  readonly isOther: boolean
}

export function nextOf({ setting, model }: Pick<View, 'setting' | 'model'>): Next {
  const place = nextPlace(model)
  if (place === 'compare') return { at: place, route: null, isOther: false }
  if (place !== 'other') return { at: place, route: place, isOther: false }
  const route = routeIn(model.othersNext) || '/send_keys'
  // a picture is looked at on the other's own page
  if (!setting.runsOther || route === '/') return { at: place, route: null, isOther: true }
  return { at: `/other${route}`, route: route as StepRoute, isOther: true }
}

/** The step of the story that is next. */
export function nextStep(model: Model): StoryStep {
  const place = nextPlace(model)
  if (place !== 'other') return STEP_OF[place]
  return model.state.session === null ? 'theirs' : 'read'
}

/** Which steps are done. */
export function stepsDone({ state, isShown, othersNext }: Model): ReadonlySet<StoryStep> {
  const { session, publicKey, peer, waiting } = state
  const { sent = 0, received = 0 } = session ?? {}
  const done: Record<StoryStep, boolean> = {
    keys: publicKey !== null || session !== null,
    theirs: peer.publicKey !== null,
    compare: peer.compared === true,
    secret: isShown,
    text: sent + received > 0,
    read: sent + received > 0 && waiting.length === 0 && othersNext === '',
  }
  return new Set(STEPS.filter((step) => done[step]))
}
