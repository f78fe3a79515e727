// @ts-check
/**
 * The page in a browser: follows /events, draws each record of the wire, and runs the steps.
 * What it gets is public; texts leave it by /send_msg and never come back.
 *
 * @import { Event, RequestEvent, AnswerEvent, StepEvent, stateOf } from '../http/events.ts'
 * @import { Part, FieldNote } from '../protocol/annotate.ts'
 * @typedef {ReturnType<typeof stateOf>} State
 * @typedef {Event & (RequestEvent | AnswerEvent)} WireEvent
 */

/** Hex digits that a field shows without scrolling. */
const LONG_HEX = 1000
/** What stands before the chunks of a picture's stream. */
const HEADER_BYTES = 29
/** The type of a file whose type the browser does not know. */
const UNKNOWN_TYPE = 'application/octet-stream'
/** Rows that stay on the page. */
const MAX_ROWS = 1000

/** @type {Record<string, Record<string, FieldNote>>} */
let forms = {}
let run = ''
/** The number of the last event that is on the page. */
let seen = 0
/** As the steps' curls name this peer. */
const origin = `http://127.0.0.1:${document.body.dataset['port']}`
/** @type {State | null} */
let state = null
/** Whether /show was run since the last exchange of keys. */
let shown = false
/** What the last step said to run next, if that is the other peer's. */
let others = ''
/** Whether what comes happens now, and is not what happened before. */
let live = false

/** @template {HTMLElement} [E=HTMLElement] @param {string} id @returns {E} */
const byId = (id) => /** @type {E} */ (document.getElementById(id))

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, string>} [attributes] @param {(Node | string)[]} children
 */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

/** @param {number} n @param {string} what */
const count = (n, what) => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`
/** @param {string} hex */
const spaced = (hex) => hex.replace(/..(?=.)/g, '$& ')
/** @param {string} text */
const hexOf = (text) =>
  Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, '0')).join('')

// Events

/** @type {EventSource | undefined} */
let source

function connect() {
  source?.close()
  // a browser has six connections to a peer: tabs that nobody looks at leave theirs
  if (document.hidden) return
  const opened = new EventSource('/events')
  source = opened
  opened.addEventListener('run', (event) => begin(JSON.parse(event.data)))
  opened.addEventListener('state', (event) => showState(JSON.parse(event.data)))
  for (const type of ['step', 'request', 'answer'])
    opened.addEventListener(type, (event) => take(JSON.parse(event.data)))
  opened.addEventListener('error', () => {
    connection(false)
    // where the browser gives up, the page does not
    if (opened.readyState === EventSource.CLOSED) setTimeout(connect, 2000)
  })
}

/** @param {boolean} is */
function connection(is) {
  const text = is ? 'live' : 'not connected: looking for the peer'
  const line = byId('connection')
  if (line.textContent !== text) line.textContent = text
  line.classList.toggle('lost', !is)
}

/** @param {{ run: string, forms: typeof forms }} event */
function begin(event) {
  connection(true)
  if (event.run !== run) {
    const again = run !== ''
    run = event.run
    forms = event.forms
    seen = 0
    shown = false
    others = ''
    byId('records').replaceChildren()
    if (again) for (const output of document.querySelectorAll('.said')) output.replaceChildren()
    if (again) announce('The peer was started again.')
  }
  byId('quiet').hidden = seen > 0
  // what happened before comes first, then the state
  live = false
}

/** @param {Event} event */
function take(event) {
  if (event.n <= seen) return
  seen = event.n
  byId('quiet').hidden = true
  const list = byId('records')
  const scroll = byId('scroll')
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40
  list.append(event.type === 'step' ? stepRow(event) : wireRow(event))
  if (list.childElementCount > MAX_ROWS) list.firstElementChild?.remove()
  if (atEnd) scroll.scrollTop = scroll.scrollHeight
  follow(event)
  if (live && event.type !== 'step') announce(sentence(event))
  if (addressed() === event.n) openAddressed()
}

/** What an event means for what comes next. @param {Event} event */
function follow(event) {
  if (event.type === 'step' && event.code === null) {
    if (event.route === '/show') shown = true
    const next = event.next ?? ''
    // on another machine the other peer may have the same port
    const isOwn = next.startsWith(`curl ${origin}/`) && !next.includes('#')
    others = isOwn ? '' : next
  }
  if (event.type === 'answer' && event.status === 201) {
    if (event.route === '/wire/keys') shown = false
    if (event.way === 'sent') others = ''
    if (live && event.way === 'sent' && event.route !== '/wire/keys') frequency()
  }
  markNext()
}

/** @type {string[]} */
let news = []
/** Tells a screen reader, in one sentence for all that comes in half a second. @param {string} text */
function announce(text) {
  news.push(text)
  if (news.length > 1) return
  setTimeout(() => {
    byId('news').textContent = news.length > 3 ? `${news.length} new records.` : news.join(' ')
    news = []
  }, 500)
}

// Records

/** @param {WireEvent} event */
function titleOf(event) {
  if (event.form === 'picture header') return 'sealed picture'
  if (event.type === 'request')
    return event.form ?? (event.bytes === null ? 'a request' : 'a request of no known form')
  return event.form ?? (event.status === null ? 'no answer' : 'an answer of no known form')
}

/** @param {WireEvent} event */
const codeOf = (event) => (event.type === 'answer' ? event.code : null)

/** @param {WireEvent} event */
function sentence(event) {
  const way = event.way === 'sent' ? 'Sent' : 'Received'
  const size = event.bytes === null ? '' : `, ${count(event.bytes, 'byte')}`
  const code = codeOf(event)
  return `${way}: ${titleOf(event)}${code ? `, ${code}` : ''}${size}.`
}

/** @param {Event & StepEvent} event */
function stepRow({ n, at, route, status, code }) {
  const outcome = code === null ? `${status}` : `${status} ${code}`
  return h(
    'li',
    { id: `record-${n}`, class: code === null ? 'step' : 'step refused' },
    h('span', {}, `step ${route}`),
    h('b', {}, code === null ? `✓ ${outcome}` : `✗ ${outcome}`),
    time(at),
  )
}

/** @param {string} at */
function time(at) {
  return h('time', { datetime: at }, new Date(at).toLocaleTimeString('en-GB'))
}

/** @param {WireEvent} event */
function wireRow(event) {
  const { n, at, way, bytes } = event
  const refused = event.type === 'answer' && event.status !== 201
  const line =
    event.type === 'request'
      ? `${event.method} ${event.route}`
      : event.status === null
        ? ''
        : `${event.status}`
  const details = h(
    'details',
    {},
    h(
      'summary',
      {},
      h('span', { class: 'unseen' }, way === 'sent' ? 'sent: ' : 'received: '),
      h('b', {}, `${refused ? '✗ ' : ''}${titleOf(event)}`),
      ' ',
      h('code', {}, [line, codeOf(event)].filter(Boolean).join(' ')),
      ' ',
      h('span', { class: 'size' }, bytes === null ? '' : count(bytes, 'byte')),
      ' ',
      time(at),
    ),
  )
  eventOf.set(details, event)
  // most records are never opened
  details.addEventListener('toggle', () => fill(details))
  const kind = [way, event.type, refused ? 'refused' : ''].join(' ')
  return h('li', { id: `record-${n}`, class: `record ${kind}` }, details)
}

/** @type {WeakMap<Element, WireEvent>} */
const eventOf = new WeakMap()

/** Shows the bytes of a record and explains each. @param {HTMLDetailsElement} details */
function fill(details) {
  const event = eventOf.get(details)
  if (event === undefined || details.childElementCount > 1) return
  const { n, parts, form } = event
  const notes = form === null ? {} : (forms[form] ?? {})
  const fields = parts.filter((part) => part.field !== undefined)
  const marks = new Map(fields.map((part, i) => [part, i + 1]))
  const body = parts.map((part) => {
    const text = 'text' in part ? part.text : part.hex
    const mark = marks.get(part)
    if (part.field === undefined || mark === undefined) return h('span', {}, text)
    const href = `#${idOf(n, part.field)}`
    return h('a', { href, class: `f${mark % 6}`, title: part.field }, h('sup', {}, `${mark}`), text)
  })
  const label = `The bytes of record ${n}`
  if (body.length > 0)
    details.append(
      h('p', { class: 'bytes', tabindex: '0', role: 'group', 'aria-label': label }, ...body),
    )
  else details.append(h('p', {}, emptyText(event)))
  if (fields.length > 0)
    details.append(
      h(
        'ol',
        { class: 'fields' },
        ...fields.map((part) => fieldRow(n, part, notes, marks.get(part) ?? 0)),
      ),
    )
  if (event.type === 'request' && event.chunks) details.append(h('p', {}, chunkText(event.chunks)))
}

/** @param {WireEvent} event */
function emptyText(event) {
  if (event.bytes === null) return 'It was refused before its body was read.'
  if (event.type === 'answer' && event.status === null) return 'The other peer gave no answer.'
  return 'It is in no form that the protocol knows, so nothing of it is kept.'
}

/** @param {{ count: number, each: number, last: number }} chunks */
function chunkText({ count: chunks, each, last }) {
  const before = chunks > 1 ? `${count(each, 'byte')} each, the last one ` : ''
  return `Then comes the picture, with its type and its name sealed too: ${count(chunks, 'chunk')} of ChaCha20-Poly1305, ${before}${count(last, 'byte')} (RFC 8439 section 2.8).`
}

/** @param {number} n @param {string} field */
const idOf = (n, field) => `record-${n}-${field}`

/** @param {number} n @param {Part} part @param {Record<string, FieldNote>} notes @param {number} mark */
function fieldRow(n, part, notes, mark) {
  const name = part.field ?? ''
  const note = notes[name]
  const text = 'text' in part ? part.text : null
  const hex = 'hex' in part ? part.hex : note?.hex ? part.text : hexOf(part.text)
  const length = count(hex.length / 2, 'byte')
  const written =
    text === null
      ? ''
      : note?.hex
        ? `, written as ${count(hex.length, 'hex digit')}`
        : `, the character${text.length === 1 ? '' : 's'} ${text}`
  const id = idOf(n, name)
  const long = hex.length > LONG_HEX
  return h(
    'li',
    { id, class: `f${mark % 6}`, tabindex: '-1' },
    h('p', {}, h('sup', {}, `${mark}`), h('a', { href: `#${id}` }, name), ` ${length}${written}`),
    h(
      'code',
      long ? { class: 'long', tabindex: '0', role: 'group', 'aria-label': `${name} in hex` } : {},
      spaced(hex),
    ),
    h('p', {}, note?.is ?? '', ' ', h('span', { class: 'source' }, note?.source ?? '')),
  )
}

/** The number of the record that the address names, or of a field of it. */
const addressed = () => Number(/^#record-(\d+)/.exec(location.hash)?.[1])

/** Opens the record or the field that the address names. */
function openAddressed() {
  const details = document.querySelector(`#record-${addressed()} details`)
  if (!(details instanceof HTMLDetailsElement)) return
  details.open = true
  fill(details)
  const target = document.getElementById(location.hash.slice(1))
  target?.scrollIntoView({ block: 'center' })
  target?.focus({ preventScroll: true })
}

// State

/** @param {State} now */
function showState(now) {
  const before = state
  state = now
  if (!live) frequency()
  live = true
  for (const element of document.querySelectorAll('[data-show]')) {
    if (!(element instanceof HTMLElement)) continue
    const { show = '', yes } = element.dataset
    const value = valueAt(now, show)
    const text = value === null ? 'not yet' : (yes ?? value)
    if (element.textContent !== text) element.textContent = text
    element.classList.toggle('none', value === null)
  }
  byId('safety').dataset['peer'] =
    now.safetyNumber === null ? 'none' : now.peer.known ? 'known' : 'new'
  byId('waiting').textContent =
    now.waiting.length === 0 ? '' : `${count(now.waiting.length, 'sealed message')} waiting`
  if (JSON.stringify(before?.image) !== JSON.stringify(now.image)) picture(now)
  markNext()
}

/** @param {object} from @param {string} path @returns {string | null} */
function valueAt(from, path) {
  /** @type {unknown} */
  let value = from
  for (const name of path.split('.'))
    value = /** @type {Record<string, unknown> | null | undefined} */ (value)?.[name]
  return value === null || value === undefined ? null : String(value)
}

function nextStep() {
  if (state === null) return ''
  if (state.waiting.length > 0) return '/decrypt_msg'
  if (others !== '') return 'other'
  if (state.session === null)
    return state.publicKey !== null && state.peer.publicKey === null ? 'other' : '/send_keys'
  return shown ? '/send_msg' : '/show'
}

function markNext() {
  const next = nextStep()
  showOthers()
  for (const item of stepItems) {
    const is = item.dataset['step'] === next
    item.classList.toggle('next', is)
    if (is) item.setAttribute('aria-current', 'step')
    else item.removeAttribute('aria-current')
    if (!is) continue
    const link = byId('next').querySelector('a')
    link?.setAttribute('href', `#${item.id}`)
    link?.replaceChildren(item.querySelector('h3')?.textContent ?? '')
  }
}

/**
 * What the other peer's owner may have to do next, by its route, and the step of ours that it comes after.
 * @type {Record<string, [string, string]>}
 */
const OTHERS = {
  '/send_keys': ['The other peer sends its own', '/send_keys'],
  '/decrypt_msg': ['The other peer opens it, in its terminal', '/send_msg'],
  '/': ['The other peer sees it on its page', '/send_image'],
}

function showOthers() {
  const item = byId('others')
  const route = /^curl http:\/\/[^/]+(\/\w*)/.exec(others)?.[1] ?? '/send_keys'
  const [title, code] = item.querySelectorAll('h3, .curl')
  const [text, after] = OTHERS[route] ?? []
  const place = stepItems.find((step) => step.dataset['step'] === after)
  if (!title || !code || text === undefined || title.textContent === text) return
  title.textContent = text
  code.textContent = others || firstOthers
  const focused = item.contains(document.activeElement) ? document.activeElement : null
  place?.after(item)
  // what is moved loses the focus
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true })
}

// Steps

/** @type {HTMLElement[]} */
const stepItems = [...document.querySelectorAll('[data-step]')].filter(
  (item) => item instanceof HTMLElement,
)

/**
 * What is said of a step that went well: never a secret.
 * @type {Record<string, (answer: Record<string, any>) => string>}
 */
const SAID = {
  '/send_keys': ({ session }) =>
    session === null
      ? 'Sent. A session needs the other peer’s keys too.'
      : 'Sent. Both have the keys now.',
  '/show': ({ session }) =>
    session === null
      ? 'There is none yet; your terminal says so.'
      : document.body.dataset['secrets'] === 'hidden'
        ? 'It is hidden: this peer was started with --no-secrets.'
        : 'Look at your terminal, and at the other one: the same number.',
  '/send_msg': ({ seq, bytes }) => `Sealed ${count(bytes, 'byte')}, sent as message ${seq}.`,
  '/decrypt_msg': ({ decrypted }) => `${count(decrypted, 'message')} opened in your terminal.`,
  '/send_image': ({ bytes, type }) => `Sealed and sent: ${type}, ${count(bytes, 'byte')}.`,
}

/** @param {HTMLElement} item @param {boolean} good @param {(Node | string)[]} text */
function say(item, good, ...text) {
  const line = item.querySelector('.said')
  line?.classList.toggle('refused', !good)
  line?.replaceChildren(h('b', {}, good ? '✓ ' : '✗ '), ...text)
}

/** @param {HTMLElement} item @param {string} route */
async function runStep(item, route) {
  const button = item.querySelector('button')
  // a second press while the first is under way would run it twice
  if (button?.getAttribute('aria-disabled') === 'true') return
  button?.setAttribute('aria-disabled', 'true')
  try {
    const { status, answer } = await (route === '/send_image' ? upload() : post(route))
    if (status < 300) say(item, true, SAID[route]?.(answer) ?? '')
    else
      say(
        item,
        false,
        `${answer['title']}. ${answer['detail']} Next: `,
        h('code', {}, answer['next']),
      )
    if (status < 300 && route === '/send_msg') textBox.value = ''
    if (status < 300 && route === '/send_image') fileBox.value = ''
    curls()
  } catch {
    say(item, false, 'The peer on this port does not answer. Is it running?')
  } finally {
    button?.removeAttribute('aria-disabled')
    byId('progress').hidden = true
  }
}

/** @param {string} route */
async function post(route) {
  const body = route === '/send_msg' && textBox.value !== '' ? textBox.value : null
  const headers = body === null ? {} : { 'Content-Type': 'text/plain; charset=utf-8' }
  const response = await fetch(route, { method: 'POST', headers, body })
  return { status: response.status, answer: await response.json() }
}

/** By XMLHttpRequest: fetch tells nothing of how much has gone out. @returns {ReturnType<typeof post>} */
function upload() {
  const [chosen] = fileBox.files ?? []
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', '/send_image')
    request.responseType = 'json'
    const progress = /** @type {HTMLProgressElement} */ (byId('progress'))
    request.upload.onprogress = ({ loaded, total }) => {
      progress.hidden = false
      progress.value = loaded / total
    }
    request.onload = () =>
      request.response === null
        ? reject(new Error('no answer'))
        : resolve({ status: request.status, answer: request.response })
    request.onerror = () => reject(new Error('no connection'))
    if (chosen === undefined) return request.send()
    request.setRequestHeader('Content-Type', chosen.type || UNKNOWN_TYPE)
    request.setRequestHeader('Picture-Name', encodeURIComponent(chosen.name))
    request.send(chosen)
  })
}

/** How the other peer sends its keys. */
const firstOthers = document.querySelector('#others .curl')?.textContent ?? ''
const textBox = /** @type {HTMLTextAreaElement} */ (byId('text'))
const fileBox = /** @type {HTMLInputElement} */ (byId('file'))

/** The curls of what stands in the fields. */
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

/** @param {HTMLElement} code */
async function copy(code) {
  const value = code.textContent ?? ''
  // there is no clipboard on http addresses other than this machine's
  if (navigator.clipboard) return navigator.clipboard.writeText(value)
  const area = h('textarea', { class: 'unseen' }, value)
  document.body.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}

for (const element of document.querySelectorAll('[data-js]'))
  if (element instanceof HTMLElement) element.hidden = false
for (const item of stepItems) {
  const { step = '' } = item.dataset
  const button = item.querySelector('button')
  if (button) {
    button.hidden = false
    button.addEventListener('click', () => runStep(item, step))
    // there from the start: a screen reader tells what changes, not what appears
    item.append(h('p', { class: 'said', role: 'status' }))
  }
  const code = item.querySelector('.curl')
  if (!(code instanceof HTMLElement)) continue
  const words = h('span', {}, 'copy curl')
  const what = h('span', { class: 'unseen' }, `: ${item.querySelector('h3')?.textContent}`)
  const copier = h('button', { type: 'button', class: 'copy' }, words, what)
  copier.addEventListener('click', async () => {
    await copy(code)
    words.textContent = 'copied'
    setTimeout(() => {
      words.textContent = 'copy curl'
    }, 2000)
  })
  code.before(copier)
}
textBox.addEventListener('input', curls)
fileBox.addEventListener('change', curls)
const drop = byId('drop')
for (const type of ['dragover', 'dragleave', 'drop'])
  drop.addEventListener(type, (event) => {
    event.preventDefault()
    drop.classList.toggle('over', type === 'dragover')
    const { files } = /** @type {DragEvent} */ (event).dataTransfer ?? {}
    if (type !== 'drop' || !files?.length) return
    fileBox.files = files
    curls()
    const item = drop.closest('li')
    if (item) runStep(item, '/send_image')
  })

// The picture, beside what of it was on the wire

/** @param {State} now */
async function picture({ image }) {
  if (image === null) return
  const { type, bytes } = image
  const facts = `${type}, ${count(bytes, 'byte')}`
  // the address is another one for each picture, or the browser would show the one before
  const img = h('img', {
    src: `/image?${run}-${seen}`,
    alt: `The picture that came last: ${facts}`,
  })
  const shownPicture = h('figure', {}, img, h('figcaption', {}, `Opened: ${facts}.`))
  const answer = image.sealed === null ? null : await fetch('/sealed_image').catch(() => null)
  const sealed = answer?.ok ? new Uint8Array(await answer.arrayBuffer()) : null
  const beside =
    sealed === null
      ? h('p', {}, 'What of it was on the wire is not kept: it came before this run.')
      : noise(sealed)
  // another one may have come meanwhile
  if (state?.image?.sealed === image.sealed) byId('picture').replaceChildren(shownPicture, beside)
}

/** The first bytes of the stream as pixels, three bytes each, after the header. @param {Uint8Array} sealed */
function noise(sealed) {
  const bytes = sealed.subarray(HEADER_BYTES)
  const side = Math.floor(Math.sqrt(bytes.length / 3))
  const label = 'Its ciphertext drawn as pixels: even noise, nothing of the picture to be seen'
  const canvas = h('canvas', {
    width: `${side}`,
    height: `${side}`,
    role: 'img',
    'aria-label': label,
  })
  const context = canvas.getContext('2d')
  if (context && side > 0) {
    const pixels = context.createImageData(side, side)
    for (let i = 0; i < side * side; i++) {
      pixels.data.set(bytes.subarray(3 * i, 3 * i + 3), 4 * i)
      pixels.data[4 * i + 3] = 255
    }
    context.putImageData(pixels, 0, 0)
  }
  const caption = `On the wire: its first ${count(3 * side * side, 'sealed byte')}, three a pixel. An eavesdropper has its length.`
  return h('figure', {}, canvas, h('figcaption', {}, caption))
}

// Frequencies

async function frequency() {
  const answer = await fetch('/frequency').catch(() => null)
  if (!answer?.ok) return
  const { english, ciphertext, sample } = await answer.json()
  byId('frequency').hidden = false
  byId('sample').textContent =
    sample === 0
      ? 'No sealed text has come yet.'
      : `Counted in ${count(sample, 'letter')} of the ciphertext, as base64: as flat as chance lets it be, whatever the text was. English has hills.`
  const letters = Object.keys(english)
  byId('plot').replaceChildren(plot(letters, english, ciphertext))
  const percent = (/** @type {number | null} */ value) => value?.toFixed(1) ?? 'none yet'
  const rows = letters.map((letter) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, letter),
      h('td', {}, percent(english[letter])),
      h('td', {}, percent(ciphertext[letter])),
    ),
  )
  const head = ['letter', 'English, %', 'ciphertext, %'].map((name) =>
    h('th', { scope: 'col' }, name),
  )
  byId('numbers').replaceChildren(
    h('table', {}, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...rows)),
  )
}

/** @param {string[]} letters @param {Record<string, number>} english @param {Record<string, number | null>} ciphertext */
function plot(letters, english, ciphertext) {
  const STEP = 24
  const HEIGHT = 200
  const max = Math.max(
    ...letters.map((letter) => Math.max(english[letter] ?? 0, ciphertext[letter] ?? 0)),
  )
  const svg = (
    /** @type {string} */ tag,
    /** @type {Record<string, string | number>} */ attributes,
    content = '',
  ) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, `${value}`)
    element.textContent = content
    return element
  }
  const root = svg('svg', {
    viewBox: `0 0 ${letters.length * STEP} ${HEIGHT + 24}`,
    role: 'img',
    'aria-label':
      'How often each letter comes: in English with hills, in the ciphertext flat. The numbers are in the table below.',
  })
  for (const [i, letter] of letters.entries()) {
    const bar = (
      /** @type {string} */ kind,
      /** @type {number} */ value,
      /** @type {number} */ x,
      /** @type {number} */ width,
    ) => {
      const height = (HEIGHT * value) / max
      root.append(svg('rect', { class: kind, x: i * STEP + x, y: HEIGHT - height, width, height }))
    }
    bar('english', english[letter] ?? 0, 3, 9)
    bar('ciphertext', ciphertext[letter] ?? 0, 12, 9)
    root.append(svg('text', { x: i * STEP + STEP / 2, y: HEIGHT + 18 }, letter))
  }
  const key = h(
    'p',
    { class: 'key' },
    h('span', { class: 'english' }, 'English, hollow'),
    ' ',
    h('span', { class: 'ciphertext' }, 'ciphertext, filled'),
  )
  return h('div', {}, root, key)
}

addEventListener('hashchange', openAddressed)
document.addEventListener('visibilitychange', connect)
curls()
connect()
