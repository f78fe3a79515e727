/** The next step, in sight wherever somebody is on the page: one button, which stays where it is while the steps go on. */

import { compareCurl, textCurl } from '../curls.ts'
import { h } from '../h.ts'
import { routeIn } from '../model.ts'
import { nextOf } from '../story.ts'
import { othersCommand, ownCommand, type View } from '../view.ts'
import type { Words } from '../words/en.ts'
import { othersStep } from './Controls.ts'

interface NextProps {
  view: View
  /** Is told which step was run from here, by its `data-step`. */
  pressed: (at: string) => void
}

export function Next({ view, pressed }: NextProps) {
  const { words, setting, model, desk, act } = view
  const { at, route, isOther } = nextOf(view)
  const theirs = model.othersNext || othersCommand(setting, '/send_keys')
  const isText = route === '/send_msg' && !isOther
  const run = () => {
    if (route !== null) act?.run(route, isOther)
    else if (at === 'compare') act?.go('theirs')
    else act?.copy(theirs)
    pressed(at)
  }
  const show = (event: { currentTarget: HTMLElement }) => {
    act?.run('/show')
    pressed('/show')
    // this button goes once the secret was shown
    const main = event.currentTarget.previousElementSibling as HTMLElement | null
    main?.focus()
  }
  const { title } = othersStep(words, routeIn(theirs))
  const curl = isText
    ? textCurl(view)
    : at === 'compare'
      ? compareCurl(setting)
      : isOther
        ? theirs
        : ownCommand(setting, at)
  return h(
    'div',
    { id: 'next' },
    route === null && isOther && h('p', null, title, ': ', h('code', { lang: 'en' }, theirs)),
    isText &&
      h('input', {
        ...{ 'data-js': '', 'aria-label': words.textLabel, placeholder: words.textHint },
        ...{ autocomplete: 'off', dir: 'auto', value: desk.text },
        onInput: (event) => act?.type(event.currentTarget.value),
        onKeyDown: (event) => {
          if (event.key !== 'Enter' || event.repeat || event.isComposing) return
          // the field goes with its text, and the focus stays
          const button = event.currentTarget.nextElementSibling as HTMLElement | null
          button?.focus()
          event.preventDefault()
          run()
        },
      }),
    h(
      'button',
      {
        ...{ type: 'button', class: 'run', 'data-js': '', key: 'run' },
        ...(desk.running.has(at) && { 'aria-disabled': 'true' }),
        // the second click of two is not meant for the step that has come in the meantime, nor is a key that is held down
        onClick: (event) => event.detail < 2 && run(),
        onKeyDown: (event) => event.repeat && event.preventDefault(),
      },
      words.nextButtons[at as keyof Words['nextButtons']] ?? words.copyCurl,
    ),
    at === 'compare' &&
      h('button', { type: 'button', 'data-js': '', onClick: show }, words.compareLater),
    h('code', { class: 'no-js' }, curl),
  )
}
