/** The steps that a person runs here: this peer's on the left, the other one's on the right, each with its curl. */

import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { h } from '../h.ts'
import { routeIn } from '../model.ts'
import { nextPlace, type Place } from '../story.ts'
import { othersCommand, ownCommand, type StepRoute, type View } from '../view.ts'

/** The type of a file whose type the browser does not know. */
export const UNKNOWN_TYPE = 'application/octet-stream'

export function Controls(view: View) {
  const { words, setting, model, desk, act } = view
  const { inDoubt, waiting } = model.state
  const own = (path: string) => ownCommand(setting, path)
  return h(
    'div',
    { class: 'controls' },
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
        h(Others, view),
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
    h('p', { class: 'aside' }, words.bothYours),
    h(
      'ol',
      { class: 'steps' },
      step('/send_keys', '2', words.theirsSendKeys, words.theirsSendKeysButton),
      step('/show', '4', words.theirsShow, words.theirsShowButton),
      step('/send_msg', '5', words.theirsSendText, words.theirsSendTextButton),
      step('/decrypt_msg', '6', words.theirsOpen, words.theirsOpenButton),
      step('/send_image', '→', words.theirsSendPicture, words.theirsSendPictureButton),
    ),
  )
}

/** What the other peer's owner does next. */
function Others(view: View) {
  const { words, setting, model } = view
  const next = model.othersNext || othersCommand(setting, '/send_keys')
  const [title, number] = (
    {
      '/decrypt_msg': [words.othersOpen, '6'],
      '/': [words.othersPicture, '→'],
    } as const
  )[routeIn(next)] ?? [words.othersKeys, '2']
  const { peerPage } = setting
  return h(
    Item,
    { view, place: 'other', id: 'others', number, title, curl: next, isTheirs: true },
    peerPage === null ? null : h('a', { href: peerPage }, words.openItsPage),
  )
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
  const place = isOther ? `/other${route}` : route
  const { desk, act, words } = view
  const outcome = desk.outcomes.get(place)
  const sign = outcome && h('b', null, outcome.isGood ? '✓ ' : '✗ ')
  const said = outcome && (outcome.isGood ? outcome.text : h('span', { lang: 'en' }, outcome.text))
  const next = outcome?.next
    ? [` ${words.thenNext} `, h('code', { lang: 'en' }, outcome.next)]
    : null
  return h(
    Item,
    { view, place, id: place.slice(1).replace('/', '-'), number, title, curl },
    children,
    h(
      'button',
      {
        ...{ type: 'button', class: 'run' },
        ...(desk.running.has(place) && { 'aria-disabled': 'true' }),
        onClick: () => act?.run(route, isOther),
      },
      button,
    ),
    // it is there from the start, since a screen reader tells what changes in a line, and not what appears
    h(
      'p',
      { class: outcome?.isGood === false ? 'said refused' : 'said', role: 'status' },
      sign,
      said,
      next,
    ),
  )
}

interface ItemProps {
  view: View
  /** What `data-step` has. */
  place: string
  id: string
  number: string
  title: string
  curl: string
  isTheirs?: boolean
  children?: ComponentChildren
}

function Item({ view, place, id, number, title, curl, isTheirs = false, children }: ItemProps) {
  const isNext = place === (nextPlace(view.model) satisfies Place)
  return h(
    'li',
    {
      id,
      'data-step': place,
      class: isNext ? 'next' : '',
      'aria-current': isNext ? 'step' : undefined,
    },
    h('h3', { 'data-number': number, 'data-next': view.words.next }, title),
    children,
    h(Copier, { view, title, curl }),
    h('code', { class: 'curl', lang: isTheirs ? 'en' : undefined }, curl),
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
    h('span', null, isCopied ? words.copied : words.copyCurl),
    h('span', { class: 'unseen' }, `: ${title}`),
  )
}

const quoted = (value: string) => `'${value.replaceAll("'", "'\\''")}'`

function textCurl({ setting, desk, act, words }: View): string {
  const text = act === null ? words.exampleText : `text=${desk.text}`
  const isOwn = act !== null && desk.text === ''
  return ownCommand(setting, '/send_msg') + (isOwn ? '' : ` --data-urlencode ${quoted(text)}`)
}

function pictureCurl({ setting, desk }: View): string {
  const command = ownCommand(setting, '/send_image')
  if (desk.file === null) return command
  const { type, name } = desk.file
  return `${command} -H 'Content-Type: ${type || UNKNOWN_TYPE}' --data-binary ${quoted(`@${name}`)}`
}
