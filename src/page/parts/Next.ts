/** The next step, in sight wherever somebody is on the page: one button, which stays where it is while the steps go on. */

import { useState } from 'preact/hooks'
import { textCurl } from '../curls.ts'
import { h } from '../h.ts'
import { routeIn } from '../model.ts'
import { nextOf } from '../story.ts'
import { othersCommand, ownCommand, type View } from '../view.ts'
import { othersStep, saidOf } from './Controls.ts'

export function Next(view: View) {
  const { words, setting, model, desk, act } = view
  const [pressed, setPressed] = useState('')
  const { at, route, isOther } = nextOf(view)
  const outcome = desk.outcomes.get(pressed)
  const theirs = model.othersNext || othersCommand(setting, '/send_keys')
  const isText = route === '/send_msg' && !isOther
  const run = () => {
    if (route !== null) act?.run(route, isOther)
    else if (at === 'compare') act?.go('theirs')
    else act?.copy(theirs)
    setPressed(at)
  }
  const show = (event: { currentTarget: HTMLElement }) => {
    act?.run('/show')
    setPressed('/show')
    // this button goes once the secret was shown
    const main = event.currentTarget.previousElementSibling as HTMLElement | null
    main?.focus()
  }
  const { title } = othersStep(words, routeIn(theirs))
  const curl = isText
    ? textCurl(view)
    : at === 'compare'
      ? ownCommand(setting, '/compare')
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
      buttonOf(view, at),
    ),
    at === 'compare' &&
      h('button', { type: 'button', 'data-js': '', onClick: show }, words.compareLater),
    h('code', { class: 'no-js' }, curl),
    h(
      'p',
      { class: outcome?.isGood === false ? 'told refused' : 'told' },
      outcome && saidOf(words, outcome),
    ),
  )
}

function buttonOf({ words }: View, at: string): string {
  const buttons: Readonly<Record<string, string>> = {
    '/send_keys': words.sendKeysButton,
    compare: words.goCompare,
    '/show': words.showButton,
    '/send_msg': words.sendTextButton,
    '/decrypt_msg': words.openButton,
    '/other/send_keys': words.theirsSendKeysButton,
    '/other/decrypt_msg': words.theirsOpenButton,
  }
  return buttons[at] ?? words.copyCurl
}
