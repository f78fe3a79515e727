/**
 * The page in a browser: takes the events that come, runs the steps that somebody presses, and draws the page anew. All that
 * comes is public; texts leave the page by a step and never come back.
 */

import { render, type VNode } from 'preact'
import type { Event } from '../../wirelog/events.ts'
import { h } from '../h.ts'
import { type Model, modelOf, type Run, type State, withEvent } from '../model.ts'
import { holdsAfter } from '../outcome.ts'
import { Page } from '../parts/Page.ts'
import { recordSentence } from '../sentences.ts'
import {
  type Actions,
  type Desk,
  EMPTY_DESK,
  type Letters,
  type Outcome,
  type Setting,
  type StepRoute,
  type View,
} from '../view.ts'
import { keepAddress, openAddressed } from './address.ts'
import { follow } from './feed.ts'
import { onceAFrame } from './frames.ts'
import { bytesAt, copy, jsonAt, post, upload } from './requests.ts'

const setting: Setting = JSON.parse(document.body.dataset['setting'] ?? '')
// only one of the two is loaded
const words =
  setting.language === 'es'
    ? (await import('../words/es.ts')).es
    : (await import('../words/en.ts')).en

let model: Model | null = null
const fieldNow = (id: string) => document.querySelector<HTMLTextAreaElement>(`#${id}`)?.value ?? ''
let desk: Desk = EMPTY_DESK
/** What was chosen or dropped. */
let chosen: File | undefined
let isFirst = true
/** What came before the first state. */
let run: Run | null = null
let early: Event[] = []
let isCounting = false
let isCountDue = false

const act: Actions = {
  run: runStep,
  compare,
  type: (text) => changeInput('/send_msg', { text }),
  typeTheirs: (theirs) => changeInput('compare', { theirs }),
  choose: (files) => choose(files as FileList | null),
  drag: (isDragging) => change({ isDragging }),
  drop: (event) => {
    const { dataTransfer } = event as DragEvent
    ;(event as DragEvent).preventDefault()
    change({ isDragging: false })
    if (!dataTransfer?.files.length) return
    choose(dataTransfer.files)
    runStep('/send_image')
  },
  copy,
  print: () => print(),
  go,
}

// Drawing

const draw = onceAFrame(drawNow)

/** What is drawn: the page, or with `?present` one screen of it. */
let whole: ((view: View) => VNode) | null = setting.isPresented ? null : (view) => h(Page, view)

function drawNow() {
  if (model === null || whole === null) return
  // fields may have been filled in before anything here listened
  if (isFirst) {
    isFirst = false
    chosen = document.querySelector<HTMLInputElement>('#file')?.files?.[0]
    const file = chosen ? { name: chosen.name, type: chosen.type } : null
    desk = { ...desk, text: fieldNow('text'), theirs: fieldNow('theirs'), file }
  }
  render(whole({ words, setting, model, desk, act }), document.body)
}

function change(changes: Partial<Desk>) {
  desk = { ...desk, ...changes }
  draw()
}

/** What stands below a field is about what stood in it before. */
function changeInput(place: string, changes: Partial<Desk>) {
  const outcomes = new Map(desk.outcomes)
  outcomes.delete(place)
  change({ ...changes, outcomes })
}

function choose(files: FileList | null) {
  chosen = files?.[0]
  changeInput('/send_image', { file: chosen ? { name: chosen.name, type: chosen.type } : null })
}

// What comes

follow('events', setting.language, {
  begin(begun) {
    if (run !== null) {
      announce(words.startedAgain)
      desk = { ...desk, outcomes: new Map() }
    }
    run = begun
    early = []
    model = null
  },
  happened(event, isLive) {
    if (model === null) early.push(event)
    else model = withEvent(model, event, isLive, setting.own)
    if (isLive && event.type !== 'step') announce(recordSentence(words, event))
    const isText = event.type === 'answer' && event.status === 201 && event.route !== '/wire/keys'
    if (model !== null && isText && event.way === 'sent') countLetters()
    draw()
  },
  changed(state) {
    const before = model?.state.image?.sealed
    if (model === null && run !== null) {
      model = modelOf(run, state)
      for (const event of early) model = withEvent(model, event, false, setting.own)
      early = []
      countLetters()
      requestAnimationFrame(() => requestAnimationFrame(openAddressed))
    } else if (model !== null) model = { ...model, state }
    forgetOutcomes(state)
    if (state.image !== null && state.image.sealed !== before) showSealed(state)
    draw()
  },
  connected(isConnected) {
    if (desk.isConnected !== isConnected) change({ isConnected })
  },
})
addEventListener('hashchange', openAddressed)
// nothing here waits for it: what it takes from this module is there only when all of it has run
if (setting.isPresented)
  import('./present.ts')
    .then(({ presenting }) => presenting(setting, drawNow))
    .then((presented) => {
      whole = presented
      draw()
    })
keepAddress()

/** Asks for them once more after all that comes while it waits for the answer. */
async function countLetters() {
  isCountDue = true
  if (isCounting) return
  isCounting = true
  while (isCountDue) {
    isCountDue = false
    const letters = await jsonAt<Letters>('frequency')
    if (letters !== null) change({ letters })
  }
  isCounting = false
}

async function showSealed({ image }: State) {
  const sealed = image?.sealed == null ? null : await bytesAt('sealed_image')
  // another one may have come meanwhile
  if (model?.state.image?.sealed === image?.sealed) change({ sealed })
}

/** How long a screen reader waits for more, in ms: it is told all of it in one sentence. */
const NEWS_MS = 500
let news: string[] = []

function announce(sentence: string) {
  news.push(sentence)
  if (news.length > 1) return
  setTimeout(() => {
    change({ news: news.length > 3 ? words.newRecords(news.length) : news.join(' ') })
    news = []
  }, NEWS_MS)
}

// What somebody presses

function forgetOutcomes(state: State) {
  const outcomes = [...desk.outcomes].filter(([, { holds }]) => holds(state))
  if (outcomes.length < desk.outcomes.size) change({ outcomes: new Map(outcomes) })
}

function say(place: string, outcome: Outcome) {
  change({ outcomes: new Map(desk.outcomes).set(place, outcome) })
  // the state may have moved on before the answer came
  if (model !== null) forgetOutcomes(model.state)
}

function setRunning(place: string, isRunning: boolean) {
  const running = new Set(desk.running)
  if (isRunning) running.add(place)
  else running.delete(place)
  change({ running })
}

async function runStep(route: StepRoute, isOther = false) {
  const place = isOther ? `/other${route}` : route
  // a second press while the first one is under way would run the step twice
  if (model === null || desk.running.has(place)) return
  setRunning(place, true)
  const before = model.state
  const path = place.slice(1)
  try {
    const isText = route === '/send_msg' && !isOther
    const progress = (done: number) => change({ progress: done })
    const { status, answer } = await (route === '/send_image' && !isOther
      ? upload(path, chosen, progress)
      : post(path, isText ? desk.text : ''))
    const isGood = status < 300
    // this page gets no events of the other peer's steps
    if (place === '/other/decrypt_msg' && (isGood || answer['code'] === 'nothing_waiting'))
      model = { ...model, othersNext: '' }
    say(place, {
      isGood,
      text: isGood ? saidOf(route, isOther, answer) : `${answer['title']}. ${answer['detail']}`,
      next: isGood ? null : `${answer['next']}`,
      holds: isOther ? () => true : holdsAfter(route, before, isGood ? answer : null),
    })
    if (isGood && isText) change({ text: '' })
    if (isGood && route === '/send_image' && !isOther) forgetFile()
  } catch {
    // this goes with the next state, which says that the peer is there again
    say(place, { isGood: false, text: words.peerGone, next: null, holds: (now) => now === before })
  } finally {
    setRunning(place, false)
    change({ progress: null })
  }
}

function forgetFile() {
  chosen = undefined
  const field = document.querySelector<HTMLInputElement>('#file')
  if (field) field.value = ''
  change({ file: null })
}

/** What is said of a step that went well: never a secret. */
function saidOf(
  route: StepRoute,
  isOther: boolean,
  answer: Readonly<Record<string, unknown>>,
): string {
  const count = (name: string) => Number(answer[name])
  switch (route) {
    case '/send_keys':
      return answer['session'] === null ? words.sentFirst : words.sentBoth
    case '/show':
      if (answer['session'] === null) return words.showNone
      if (!setting.showsSecrets) return words.showHidden
      return isOther ? words.theirsShown : words.showThere
    case '/send_msg':
      return words.sealedText(count('bytes'), count('seq'))
    case '/decrypt_msg':
      return (isOther ? words.theirsOpened : words.opened)(count('decrypted'))
    case '/send_image':
      return words.sealedPicture(`${answer['type']}`, count('bytes'))
  }
}

async function compare() {
  if (model === null || desk.running.has('compare')) return
  setRunning('compare', true)
  const before = model.state.safetyNumber
  const answered = await post('compare', desk.theirs).catch(() => null)
  setRunning('compare', false)
  const isGood = answered !== null && answered.status < 300
  const { title, detail, next } = answered?.answer ?? {}
  const refusal = answered === null ? words.peerGone : `${title}. ${detail}`
  const holds = (now: State) => now.safetyNumber === before
  const text = isGood ? words.remembered : refusal
  say('compare', { isGood, text, next: isGood || answered === null ? null : `${next}`, holds })
}

/** Goes to an element, below the bar. */
function go(id: string) {
  const element = document.getElementById(id)
  element?.scrollIntoView({ block: 'center' })
  element?.focus({ preventScroll: true })
}

// What an address names stands below the bar, however many rows that has
const bar = document.querySelector<HTMLElement>('#bar')
if (bar !== null)
  new ResizeObserver(() => {
    document.documentElement.style.scrollPaddingTop = `${bar.offsetHeight + 12}px`
  }).observe(bar)
