/** Presenting: one idea a screen, in large type, of the page's own components. What a screen shows follows from what happened. */

import { type ComponentChildren, Fragment } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { COSTS } from '../costs.ts'
import { h } from '../h.ts'
import { routeIn } from '../model.ts'
import { Compare } from '../parts/Compare.ts'
import { othersStep, saidOf } from '../parts/Controls.ts'
import { Derivation } from '../parts/Derivation.ts'
import { costOf, tableOf } from '../parts/Eve.ts'
import { Icons } from '../parts/Icons.ts'
import { icon, secret } from '../parts/marks.ts'
import { Legend } from '../parts/Page.ts'
import { contentOf } from '../parts/Record.ts'
import { Stage } from '../parts/Stage.ts'
import { titleOf } from '../sentences.ts'
import { nextStep, STEPS, stepsDone } from '../story.ts'
import { othersCommand, type View } from '../view.ts'
import type { Words } from '../words/en.ts'
import type { PresentWords } from './en.ts'
import { type Marked, markedOn, SCREENS, type Screen, STEPS_ON, turned } from './screens.ts'

/** What a screen is given beside what the page is given. */
export interface PresentProps {
  readonly view: View
  readonly say: PresentWords
  readonly screen: Screen
  /** The field of a record that the address names. */
  readonly field: string
  /** Where the page is. */
  readonly page: string
  /** Whether a person has focused this window: no key runs a step in another one. */
  isFocused(): boolean
  /** Gives the marked button the focus. */
  focus(): void
  turn(to: Screen): void
}

export function Present(props: PresentProps) {
  const { view, say, screen, page, turn } = props
  const { words, desk } = view
  const n = SCREENS.indexOf(screen) + 1
  const where = say.of(n, SCREENS.length)
  const arrow = (by: number, sign: string, name: string) =>
    h(
      'button',
      {
        ...{ type: 'button', class: 'arrow', 'aria-label': name },
        ...(turned(screen, by) === screen && { 'aria-disabled': 'true' }),
        onClick: () => turn(turned(screen, by)),
      },
      sign,
    )
  return h(
    Fragment,
    null,
    h(Icons, null),
    h(
      'main',
      {
        class: `screen on-${screen} ${view.setting.hasKem ? 'kem' : ''}`,
        'aria-labelledby': 'screen-title',
      },
      h(
        'div',
        { class: 'head' },
        h(Steps, props),
        h('h1', { id: 'screen-title' }, say.titles[screen]),
      ),
      h('div', { class: 'idea', key: screen }, h(CONTENT[screen], props)),
    ),
    h(
      'footer',
      null,
      h('p', null, h('a', { href: page }, say.leave)),
      desk.isConnected === false && h('p', { class: 'lost', role: 'status' }, words.lost),
      h(Marking, { ...props, key: 'marked' }),
      h(
        'nav',
        { 'aria-label': say.turning },
        arrow(-1, '←', say.back),
        h('span', null, where),
        arrow(1, '→', say.forth),
      ),
    ),
    h('p', { role: 'status', class: 'unseen' }, `${where}: ${say.titles[screen]}`),
    h('p', { id: 'news', role: 'status', class: 'unseen' }, desk.news),
  )
}

/** The steps that the screen is about, with the numbers that they have everywhere. */
function Steps({ view, screen }: PresentProps) {
  const { words, model } = view
  const done = stepsDone(model)
  const next = nextStep(model)
  const steps = STEPS_ON[screen]
  if (steps === undefined) return null
  return h(
    'ol',
    { class: 'steps-here', 'aria-label': words.barLabel },
    steps.map((step) => {
      const is = done.has(step) ? 'done' : step === next ? 'next' : 'coming'
      return h(
        'li',
        { class: is, key: step },
        h('b', null, STEPS.indexOf(step) + 1),
        ' ',
        words.steps[step],
        is === 'done' && h('span', { 'aria-hidden': 'true' }, ' ✓'),
        h('span', { class: 'unseen' }, `, ${words.stepIs[is]}`),
      )
    }),
  )
}

/** The one button that does what comes next: it stays where it is, and keeps the focus. */
function Marking({ view, say, screen, isFocused, focus, turn }: PresentProps) {
  const { words, setting, model, desk, act } = view
  const [shownIn, setShownIn] = useState<string | null>(null)
  const [pressed, setPressed] = useState({ at: '', on: screen })
  const id = model.state.session?.id ?? null
  const marked = markedOn(screen, view, id !== null && shownIn === id)
  const at =
    marked.is === 'run' ? (marked.isOther ? `/other${marked.route}` : marked.route) : marked.is
  const theirs = model.othersNext || othersCommand(setting, '/send_keys')
  const outcome = pressed.on === screen ? desk.outcomes.get(pressed.at) : undefined
  const press = () => {
    if (!isFocused()) return
    if (marked.is === 'turn') return turn(marked.to)
    setPressed({ at, on: screen })
    if (marked.is === 'copy') act?.copy(theirs)
    else if (marked.is === 'field') act?.go('theirs')
    else if (marked.is === 'compare') act?.compare()
    else if (marked.is === 'run') {
      act?.run(marked.route, marked.isOther)
      if (at === '/other/show') setShownIn(id)
    }
  }
  useEffect(focus, [screen])
  return h(
    'div',
    { class: 'marking' },
    marked.is === 'copy' &&
      h(
        'p',
        null,
        othersStep(words, routeIn(theirs)).title,
        ': ',
        h('code', { lang: 'en' }, theirs),
      ),
    h(
      'button',
      {
        ...{ id: 'marked', type: 'button', class: 'run', 'data-step': at },
        ...(desk.running.has(at) && { 'aria-disabled': 'true' }),
        // neither the second click of two, nor a key that is held down, is meant for what has come in the meantime
        onClick: (event) => event.detail < 2 && press(),
        onKeyDown: (event) => event.repeat && event.preventDefault(),
      },
      labelOf(marked, at, screen, view, say),
    ),
    h(
      'p',
      { class: outcome?.isGood === false ? 'told refused' : 'told', role: 'status' },
      outcome && saidOf(words, outcome),
    ),
  )
}

function labelOf(marked: Marked, at: string, screen: Screen, view: View, say: PresentWords) {
  switch (marked.is) {
    case 'run':
      return at === '/other/show'
        ? say.showTheirs
        : (view.words.nextButtons[at as keyof Words['nextButtons']] ?? at)
    case 'compare':
      return view.words.compareButton
    case 'field':
      return say.toField
    case 'copy':
      return say.copy
    case 'turn':
      if (marked.to === 'keys' && screen !== 'who') return say.toKeys
      if (screen === 'question') return say.reveal
      return { who: say.begin, end: say.again }[screen as string] ?? say.on
  }
}

const CONTENT: Readonly<Record<Screen, (props: PresentProps) => ComponentChildren>> = {
  who: Who,
  keys: Keys,
  crossed: (props) => h(Crossed, { ...props, form: 'key message', shown: 'publicKey' }),
  compare: ({ view }) => h(Compare, view),
  secret: Secret,
  sums: ({ view }) => h(Derivation, view),
  text: Text,
  question: Question,
  table: ({ view: { words, setting, model } }) => tableOf(words, setting, model.state),
  costs: Costs,
  end: End,
}

function Who({ view, say }: PresentProps) {
  const { words, setting } = view
  return [
    h('p', { class: 'question' }, say.can),
    h(
      'ul',
      { class: 'three' },
      h('li', null, words.you, ' ', h('small', null, `${words.port} ${setting.port}`)),
      h('li', { class: 'public' }, icon('eye'), words.eve),
      h('li', null, words.them, ' ', h('small', null, setting.peerName)),
    ),
    h('p', { class: 'vote' }, say.canHow),
    h(Legend, view),
  ]
}

/** However much has happened since, it tells of the keys. */
function Keys({ view }: PresentProps) {
  const { model } = view
  const events = model.events.filter(
    ({ route }) => route === '/wire/keys' || route === '/send_keys',
  )
  return h(Stage, { ...view, told: { ...model, events } })
}

interface CrossedProps extends PresentProps {
  form: string
  /** The field that is explained until somebody chooses another one. */
  shown: string
}

/** The newest request of a form: its bytes, and one field of them explained. */
function Crossed({ view, say, field, form, shown }: CrossedProps) {
  const { words, model } = view
  const record = model.events.findLast((event) => event.type === 'request' && event.form === form)
  if (record === undefined || record.type === 'step') return h('p', { class: 'quiet' }, say.quiet)
  const fields = record.parts.flatMap((part) => part.field ?? [])
  const named = fields.find((name) => field === `record-${record.n}-${name}`)
  return h(
    'div',
    { class: `record ${record.way}` },
    h(
      'p',
      { class: 'line' },
      h(
        'b',
        null,
        `${record.way === 'sent' ? words.sent : words.received}: ${titleOf(words, record)}`,
      ),
      ' ',
      h('code', { lang: 'en' }, record.route),
      ' ',
      record.bytes !== null && h('small', null, words.bytes(record.bytes)),
    ),
    contentOf(words, record, model.forms[form] ?? {}, named ?? shown),
    h('p', { class: 'aside' }, say.toChoose),
  )
}

function Secret({ view, say }: PresentProps) {
  const { words, setting, model } = view
  const { session } = model.state
  const isShown = session !== null && model.isShown
  const terminal = (name: string, isOwn: boolean) =>
    h(
      'figure',
      null,
      h('figcaption', null, say.terminalOf(name)),
      h(
        'p',
        { class: isShown || (!isOwn && session !== null) ? 'there' : '' },
        isOwn && !isShown
          ? say.nothingToSee
          : secret(words.rowSharedSecret, ' ', h('var', null, 'S')),
        ' ',
        (isShown || !isOwn) && h('small', null, say.onlyThere),
      ),
    )
  return [
    h('p', { class: 'question' }, say.terminals(isShown, !setting.showsSecrets)),
    h(
      'div',
      { class: 'terminals' },
      terminal(`${words.port} ${setting.port}`, true),
      terminal(setting.peerName, false),
    ),
    h('p', null, words.happened.shown),
  ]
}

function Text(props: PresentProps) {
  const { words, model, desk, act } = props.view
  return [
    h(
      'p',
      { id: 'caption' },
      model.state.session === null ? words.reasons['no_session'] : words.sums.whyChain,
    ),
    h(Crossed, { ...props, form: 'sealed message', shown: 'ciphertext' }),
    model.state.session !== null &&
      h('input', {
        ...{ id: 'text', 'aria-label': words.textLabel, placeholder: words.textHint },
        ...{ autocomplete: 'off', dir: 'auto', value: desk.text },
        onInput: (event) => act?.type(event.currentTarget.value),
      }),
  ]
}

/** Without the colours, which would give it away. */
function Question({ view, say }: PresentProps) {
  const { words, setting } = view
  const what: readonly (readonly [string, string])[] = [
    ['A', words.rowYourPublicKey],
    ['a', words.rowPrivateKey],
    ['B', words.rowOthersPublicKey],
    ['S', words.rowSharedSecret],
    ...(setting.hasKem
      ? ([
          ['C', words.rowCiphertext],
          ['K', words.rowKemSecret],
        ] as const)
      : []),
    ['', words.rowSealed],
    ['', words.rowTexts],
    ['', say.lengthOfTexts],
    ['', words.rowMessageKeys],
  ]
  return [
    h('p', { class: 'question' }, say.ask),
    h(
      'ul',
      { class: 'choices' },
      what.map(([name, is]) =>
        h('li', { key: is }, name !== '' && [h('var', null, name), ' '], is),
      ),
    ),
    h('p', { class: 'vote' }, say.askEach),
  ]
}

function Costs({ view, say }: PresentProps) {
  const { rho } = COSTS[view.setting.suite]
  return [
    h(
      'p',
      { class: 'figure' },
      h('strong', null, '2', h('sup', null, rho.toLocaleString(view.words.locale))),
      ' ',
      say.additions,
    ),
    costOf(view.words, view.setting),
  ]
}

function End({ say }: PresentProps) {
  return [
    h(
      'ol',
      { class: 'remains' },
      say.remains.map((is, i) => h('li', { key: i }, is)),
    ),
    h(
      'p',
      { class: 'links' },
      h('a', { href: 'toy' }, say.toy),
      h('a', { href: 'transcript', download: '' }, say.transcript),
    ),
  ]
}
