/** The steps that a person runs here: this peer's on the left, the other one's on the right, each with its curl. */

import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { pictureCurl, textCurl } from '../curls.ts'
import { h } from '../h.ts'
import { routeIn } from '../model.ts'
import { nextOf } from '../story.ts'
import { type Outcome, othersCommand, ownCommand, type StepRoute, type View } from '../view.ts'
import type { Words } from '../words/en.ts'

export function Controls(view: View) {
  const { words, setting, model, desk, act } = view
  const { inDoubt, waiting } = model.state
  const own = (path: string) => ownCommand(setting, path)
  return h(
    'div',
    { class: setting.runsOther ? 'controls both' : 'controls' },
    h(
      'section',
      { id: 'you', 'aria-labelledby': 'you-title' },
      h(
        'h2',
        { id: 'you-title' },
        words.yourSteps,
        ' ',
        h('small', null, `${words.port} ${setting.port}`),
      ),
      h(
        'ol',
        { class: 'steps' },
        h(Step, {
          view,
          route: '/send_keys',
          number: '1',
          title: words.sendKeys,
          button: words.sendKeysButton,
          curl: own('/send_keys'),
        }),
        !setting.runsOther && h(Others, view),
        h(Step, {
          view,
          route: '/show',
          number: '4',
          title: words.show,
          button: words.showButton,
          curl: own('/show'),
        }),
        h(
          Step,
          {
            view,
            route: '/send_msg',
            number: '5',
            title: words.sendText,
            button: words.sendTextButton,
            curl: textCurl(view),
          },
          h('p', { id: 'in-doubt' }, inDoubt === null ? '' : words.inDoubt(inDoubt.seq)),
          h(
            'p',
            { 'data-js': '' },
            h('label', { for: 'text' }, words.textLabel),
            h('textarea', {
              ...{ id: 'text', rows: 2, dir: 'auto', autocomplete: 'off', value: desk.text },
              onInput: (event) => act?.type(event.currentTarget.value),
            }),
          ),
        ),
        h(
          Step,
          {
            view,
            route: '/decrypt_msg',
            number: '6',
            title: words.open,
            button: words.openButton,
            curl: own('/decrypt_msg'),
          },
          h('p', { id: 'waiting' }, waiting.length === 0 ? '' : words.waiting(waiting.length)),
        ),
        h(
          Step,
          {
            view,
            route: '/send_image',
            number: '→',
            title: words.sendPicture,
            button: words.sendPictureButton,
            curl: pictureCurl(view),
          },
          h(
            'p',
            {
              ...{ id: 'drop', 'data-js': '', class: desk.isDragging ? 'over' : '' },
              onDragOver: (event) => {
                event.preventDefault()
                act?.drag(true)
              },
              onDragLeave: () => act?.drag(false),
              onDrop: (event) => act?.drop(event),
            },
            h('label', { for: 'file' }, words.pictureLabel),
            h('input', {
              ...{ type: 'file', id: 'file', accept: 'image/png,image/jpeg,image/webp,image/gif' },
              onChange: (event) => act?.choose(event.currentTarget.files),
            }),
          ),
          h('progress', {
            ...{
              id: 'progress',
              max: 1,
              value: desk.progress ?? 0,
              'aria-label': words.progressLabel,
            },
            hidden: desk.progress === null,
          }),
        ),
      ),
    ),
    h(Theirs, view),
  )
}

/** The steps of the other peer, where this page can run them. */
function Theirs(view: View) {
  const { words, setting } = view
  if (!setting.runsOther) return null
  const step = (route: StepRoute, number: string, title: string, button: string) =>
    h(Step, {
      view,
      route,
      isOther: true,
      number,
      title,
      button,
      curl: othersCommand(setting, route),
    })
  return h(
    'section',
    { id: 'theirs-steps', 'aria-labelledby': 'theirs-title' },
    h('h2', { id: 'theirs-title' }, words.theirSteps, ' ', h('small', null, setting.peerName)),
    h(
      'ol',
      { class: 'steps' },
      step('/send_keys', '2', words.theirsSendKeys, words.theirsSendKeysButton),
      step('/show', '4', words.theirsShow, words.theirsShowButton),
      step('/send_msg', '5', words.theirsSendText, words.theirsSendTextButton),
      step('/decrypt_msg', '6', words.theirsOpen, words.theirsOpenButton),
      step('/send_image', '→', words.theirsSendPicture, words.theirsSendPictureButton),
      h(Others, view),
    ),
    h('p', { class: 'aside' }, words.bothYours),
  )
}

/** What the other peer's owner does next. Where this page runs its steps, only looking at a picture is left. */
function Others(view: View) {
  const { words, setting, model } = view
  const next = setting.runsOther
    ? othersCommand(setting, '/')
    : model.othersNext || othersCommand(setting, '/send_keys')
  const { title, number } = othersStep(words, routeIn(next))
  const { peerPage } = setting
  return h(
    Item,
    { view, at: 'other', id: 'others', number, title, curl: next, isTheirs: true },
    peerPage === null ? null : h('a', { href: peerPage }, words.openItsPage),
  )
}

/** What a route is for its owner on the other side. */
export function othersStep(words: Words, route: string): { title: string; number: string } {
  if (route === '/decrypt_msg') return { title: words.othersOpen, number: '6' }
  if (route === '/') return { title: words.othersPicture, number: '→' }
  return { title: words.othersKeys, number: '2' }
}

interface StepProps {
  view: View
  route: StepRoute
  isOther?: boolean
  number: string
  title: string
  button: string
  curl: string
  children?: ComponentChildren
}

/** A step with its button, and below it what it came to. */
function Step({ view, route, isOther = false, number, title, button, curl, children }: StepProps) {
  const at = isOther ? `/other${route}` : route
  const { desk, act, words } = view
  const outcome = desk.outcomes.get(at)
  return h(
    Item,
    { view, at, id: at.slice(1).replace('/', '-'), number, title, curl },
    children,
    h(
      'button',
      {
        ...{ type: 'button', class: 'run' },
        ...(desk.running.has(at) && { 'aria-disabled': 'true' }),
        onClick: () => act?.run(route, isOther),
      },
      button,
    ),
    // it is there from the start, since a screen reader tells what changes in a line, and not what appears
    h(
      'p',
      { class: outcome?.isGood === false ? 'said refused' : 'said', role: 'status' },
      outcome && saidOf(words, outcome),
    ),
  )
}

/** What a step came to. */
export function saidOf(words: Words, { isGood, text, next }: Outcome) {
  return [
    h('b', null, isGood ? '✓ ' : '✗ '),
    isGood ? text : h('span', { lang: 'en' }, text),
    next && [` ${words.thenNext} `, h('code', { lang: 'en' }, next)],
  ]
}

interface ItemProps {
  view: View
  /** What `data-step` has. */
  at: string
  id: string
  number: string
  title: string
  curl: string
  isTheirs?: boolean
  children?: ComponentChildren
}

function Item({ view, at, id, number, title, curl, isTheirs = false, children }: ItemProps) {
  const isNext = at === nextOf(view).at
  return h(
    'li',
    {
      id,
      'data-step': at,
      class: isNext ? 'next' : '',
      'aria-current': isNext ? 'step' : undefined,
    },
    h('h3', { 'data-number': number, 'data-next': view.words.next }, title),
    children,
    h('code', { class: 'curl', lang: isTheirs ? 'en' : undefined }, curl),
    h(Copier, { view, title, curl }),
  )
}

/** How long a button says that it has copied, in ms. */
const COPIED_MS = 2000

function Copier({ view, title, curl }: { view: View; title: string; curl: string }) {
  const { words, act } = view
  const [isCopied, setCopied] = useState(false)
  const copy = async () => {
    await act?.copy(curl)
    setCopied(true)
    setTimeout(() => setCopied(false), COPIED_MS)
  }
  return h(
    'button',
    { type: 'button', class: 'copy', onClick: copy },
    h('span', null, isCopied ? words.copied : words.copy),
    h('span', { class: 'unseen' }, `: ${title}`),
  )
}
