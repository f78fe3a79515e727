/** What happened last, and what it means: of it the stage's caption is made, whenever the page is opened. */

import type { AnswerEvent, Event, RequestEvent } from '../wirelog/events.ts'
import { isRefusal, type Model } from './model.ts'

/** `code`: why something was refused. It is one of ours: anything else leaves it out. */
export type Happened =
  | { readonly is: 'nothing' | 'keysSent' | 'keysCame' | 'computed' | 'agreed' | 'expired' }
  | { readonly is: 'textSent' | 'textCame' | 'pictureSent' | 'pictureCame' | 'copy' }
  | { readonly is: 'compared' | 'shown' | 'opened' }
  | { readonly is: 'crossing'; readonly record: Event & RequestEvent }
  | { readonly is: 'unanswered' }
  | {
      readonly is: 'refusedHere' | 'refusedThere' | 'refusedStep'
      readonly code: string
    }

/** Steps that send nothing tell of themselves, and the others by what crossed. */
const QUIET: Readonly<Record<string, 'compared' | 'shown' | 'opened'>> = {
  '/compare': 'compared',
  '/show': 'shown',
  '/decrypt_msg': 'opened',
}

export function lastHappened(model: Model): Happened {
  const last = model.events.findLast((event) =>
    event.type === 'step' ? event.code?.startsWith('peer_') === false || isQuiet(event) : true,
  )
  if (last === undefined) return { is: 'nothing' }
  if (last.type === 'step') {
    if (last.code !== null) return { is: 'refusedStep', code: last.code }
    return { is: QUIET[last.route] ?? 'nothing' }
  }
  if (last.type === 'request') return { is: 'crossing', record: last }
  return afterAnswer(model, last)
}

const isQuiet = (event: Event) =>
  event.type === 'step' && event.code === null && event.route in QUIET

function afterAnswer(model: Model, answer: Event & AnswerEvent): Happened {
  const isOurs = answer.way === 'received'
  if (answer.status === null) return { is: 'unanswered' }
  if (model.toCopies.has(answer.n)) return { is: 'copy' }
  if (isRefusal(model, answer))
    return { is: isOurs ? 'refusedThere' : 'refusedHere', code: answer.code ?? '' }
  switch (answer.route) {
    case '/wire/keys':
      return { is: afterKeys(model.state) }
    case '/wire/message':
      return { is: isOurs ? 'textSent' : 'textCame' }
    case '/wire/image':
      return { is: isOurs ? 'pictureSent' : 'pictureCame' }
  }
}

/** What an accepted key message led to. */
function afterKeys({ exchange, session }: Model['state']) {
  if (exchange === 'offered') return 'keysSent'
  if (exchange === 'invited') return 'keysCame'
  if (exchange === 'agreed') return 'computed'
  return session === null ? 'expired' : 'agreed'
}
