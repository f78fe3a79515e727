/**
 * The steps: which one is next, the buttons that run them, and the curls that do the same.
 *
 * @import { Event } from '../wirelog/events.ts'
 * @import { State } from './eventFeed.js'
 */

import { byId, h } from './dom.js'
import { words } from './language.js'
import { forget, forgetAll, outcome, say, unsay } from './outcome.js'
import { post, UNKNOWN_TYPE, upload } from './stepRequest.js'

/** The origin by which the curls name this peer. */
const origin = `http://127.0.0.1:${document.body.dataset['port']}`
/** @type {HTMLElement[]} */
const stepItems = [...document.querySelectorAll('[data-step]')].filter(
  (item) => item instanceof HTMLElement,
)
/** The curl by which the other peer sends its keys, as the server wrote it. */
const firstOthers = document.querySelector('#others .curl')?.textContent ?? ''
const textBox = /** @type {HTMLTextAreaElement} */ (byId('text'))
const fileBox = /** @type {HTMLInputElement} */ (byId('file'))

/** @type {State | null} */
let state = null
/** Whether /show was run since the last exchange of keys. */
let shown = false
/** What the last step said to run next, if that is the other peer's. */
let others = ''

/** Makes the buttons work, and puts one to copy beside each curl. */
export function setUpSteps() {
  for (const item of stepItems) {
    const { step = '' } = item.dataset
    const button = item.querySelector('button')
    if (button) {
      button.addEventListener('click', () => runStep(item, step))
      // it is there from the start, since a screen reader tells what changes in a line, and not what appears
      item.append(h('p', { class: 'said', role: 'status' }))
    }
    const code = item.querySelector('.curl')
    if (code instanceof HTMLElement) code.before(copier(item, code))
  }
  textBox.addEventListener('input', () => changed(textBox))
  fileBox.addEventListener('change', () => changed(fileBox))
  takeDrops(byId('drop'))
  curls()
}

/** Another run of the peer: nothing of the one before counts. @param {boolean} again */
export function restartSteps(again) {
  shown = false
  others = ''
  if (again) forgetAll()
}

/** Works out the next step from an event. @param {Event} event */
export function followStep(event) {
  if (event.type === 'step' && event.code === null) {
    if (event.route === '/show') shown = true
    const next = event.next ?? ''
    // on another machine the other peer may have the same port
    const isOwn = next.startsWith(`curl ${origin}/`) && !next.includes('#')
    others = isOwn || OTHERS[routeIn(next)] === undefined ? '' : next
  }
  if (event.type === 'answer' && event.status === 201) {
    if (event.route === '/wire/keys') shown = false
    if (event.way === 'sent') others = ''
  }
  markNext()
}

/** @param {State} now */
export function showWaiting(now) {
  state = now
  byId('in-doubt').textContent = now.inDoubt === null ? '' : words.inDoubt(now.inDoubt.seq)
  byId('waiting').textContent = now.waiting.length === 0 ? '' : words.waiting(now.waiting.length)
  forget(now)
  markNext()
}

// What is next

function nextStep() {
  if (state === null) return ''
  if (state.waiting.length > 0) return '/decrypt_msg'
  if (state.inDoubt !== null) return '/send_msg'
  if (others !== '') return 'other'
  if (state.session === null)
    return state.publicKey !== null && state.peer.publicKey === null ? 'other' : '/send_keys'
  return shown ? '/send_msg' : '/show'
}

function markNext() {
  const next = nextStep()
  showOthers()
  for (const item of stepItems) {
    const isNext = item.dataset['step'] === next
    item.classList.toggle('next', isNext)
    item.querySelector('h3')?.setAttribute('data-next', words.next)
    if (isNext) item.setAttribute('aria-current', 'step')
    else item.removeAttribute('aria-current')
    if (!isNext) continue
    const link = byId('next').querySelector('a')
    link?.setAttribute('href', `#${item.id}`)
    link?.replaceChildren(item.querySelector('h3')?.textContent ?? '')
  }
}

/**
 * What the other peer's owner may have to do next, by its route, the step of ours that it comes after, and its number.
 * @type {Record<string, [string, string, string]>}
 */
const OTHERS = {
  '/send_keys': [words.othersKeys, '/send_keys', '2.'],
  '/decrypt_msg': [words.othersOpen, '/send_msg', '6.'],
  '/': [words.othersPicture, '/send_image', '→'],
}

/** The route that a command of curl runs, or ''. @param {string} command */
function routeIn(command) {
  return /^curl http:\/\/[^/]+(\/\w*)/.exec(command)?.[1] ?? ''
}

function showOthers() {
  const item = byId('others')
  const route = routeIn(others) || '/send_keys'
  const [title, code] = item.querySelectorAll('h3, .curl')
  const [text, after, number = ''] = OTHERS[route] ?? []
  const place = stepItems.find((step) => step.dataset['step'] === after)
  if (!title || !code || text === undefined || title.textContent === text) return
  title.textContent = text
  title.setAttribute('data-number', number)
  code.textContent = others || firstOthers
  const focused = item.contains(document.activeElement) ? document.activeElement : null
  place?.after(item)
  // what is moved loses the focus
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true })
}

// Running one

/**
 * What is said of a step that went well: never a secret.
 * @type {Record<string, (answer: Record<string, any>) => string>}
 */
const SAID = {
  '/send_keys': ({ session }) => (session === null ? words.sentFirst : words.sentBoth),
  '/show': ({ session }) =>
    session === null
      ? words.showNone
      : document.body.dataset['secrets'] === 'hidden'
        ? words.showHidden
        : words.showThere,
  '/send_msg': ({ seq, bytes }) => words.sealedText(bytes, seq),
  '/decrypt_msg': ({ decrypted }) => words.opened(decrypted),
  '/send_image': ({ bytes, type }) => words.sealedPicture(type, bytes),
}

/** @param {HTMLElement} item @param {string} route */
async function runStep(item, route) {
  const button = item.querySelector('button')
  // a second press while the first one is under way would run the step twice
  if (button?.getAttribute('aria-disabled') === 'true') return
  button?.setAttribute('aria-disabled', 'true')
  const before = state
  try {
    const { status, answer } = await (route === '/send_image'
      ? upload(fileBox.files?.[0], /** @type {HTMLProgressElement} */ (byId('progress')))
      : post(route, route === '/send_msg' ? textBox.value : ''))
    if (status < 300) say(item, true, [SAID[route]?.(answer) ?? ''], outcome(route, before, answer))
    else {
      const why = h('span', { lang: 'en' }, `${answer['title']}. ${answer['detail']}`)
      const next = h('code', { lang: 'en' }, answer['next'])
      say(item, false, [why, ` ${words.thenNext} `, next], outcome(route, before, null))
    }
    // the state may have moved on before the answer came
    if (state) forget(state)
    if (status < 300 && route === '/send_msg') textBox.value = ''
    if (status < 300 && route === '/send_image') fileBox.value = ''
    curls()
  } catch {
    // this goes with the next state, which says that the peer is there again
    say(item, false, [words.peerGone], () => false)
  } finally {
    button?.removeAttribute('aria-disabled')
    byId('progress').hidden = true
  }
}

/** A picture that is dropped is sent. @param {HTMLElement} drop */
function takeDrops(drop) {
  for (const type of ['dragover', 'dragleave', 'drop'])
    drop.addEventListener(type, (event) => {
      event.preventDefault()
      drop.classList.toggle('over', type === 'dragover')
      const { files } = /** @type {DragEvent} */ (event).dataTransfer ?? {}
      if (type !== 'drop' || !files?.length) return
      fileBox.files = files
      changed(fileBox)
      const item = drop.closest('li')
      if (item) runStep(item, '/send_image')
    })
}

// The same by curl

/** The outcome below a field is that of what stood in it before: removes it, and writes the curls anew. @param {HTMLElement} box */
function changed(box) {
  unsay(box.closest('[data-step]'))
  curls()
}

/** Writes the curls of what stands in the fields. */
function curls() {
  const [chosen] = fileBox.files ?? []
  const quoted = (/** @type {string} */ value) => `'${value.replaceAll("'", "'\\''")}'`
  const given = textBox.value === '' ? '' : ` --data-urlencode ${quoted(`text=${textBox.value}`)}`
  const picture = chosen
    ? ` -H 'Content-Type: ${chosen.type || UNKNOWN_TYPE}' --data-binary ${quoted(`@${chosen.name}`)}`
    : ''
  for (const [step, rest] of [
    ['/send_msg', given],
    ['/send_image', picture],
  ]) {
    const code = document.querySelector(`[data-step="${step}"] .curl`)
    if (code) code.textContent = `curl ${origin}${step}${rest}`
  }
}

/** @param {HTMLElement} item @param {HTMLElement} code */
function copier(item, code) {
  const label = h('span', {}, words.copyCurl)
  const what = h('span', { class: 'unseen' }, `: ${item.querySelector('h3')?.textContent}`)
  const button = h('button', { type: 'button', class: 'copy' }, label, what)
  button.addEventListener('click', async () => {
    await copy(code.textContent ?? '')
    label.textContent = words.copied
    setTimeout(() => {
      label.textContent = words.copyCurl
    }, 2000)
  })
  return button
}

/** @param {string} value */
async function copy(value) {
  // there is no clipboard on http addresses other than this machine's
  if (navigator.clipboard) return navigator.clipboard.writeText(value)
  const area = h('textarea', { class: 'unseen' }, value)
  document.body.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}
