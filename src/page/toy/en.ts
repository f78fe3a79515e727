/** The toy's sentences in English. `es.ts` has each of them in Spanish. */

import { h } from '../h.ts'
import { inUnits, rounded, superscript } from './numbers.ts'

const locale = 'en-GB'
const number = (n: number) => n.toLocaleString(locale)
const count = (n: number, what: string) => `${number(n)} ${what}${n === 1 ? '' : 's'}`
const round = (n: number) => rounded(n, locale)
const time = (seconds: number) => {
  if (seconds < 0.1) return 'less than a tenth of a second'
  const [value, unit] = inUnits(seconds)
  const text = round(value)
  return `${text} ${unit}${text === '1' ? '' : 's'}`
}
const B = (text: string) => h('b', null, text)

/** A sentence for everything that the toy says. */
export type Words = typeof en

export const en = {
  locale,
  title: 'A curve small enough to see – ecdh-duet',
  heading: 'A curve small enough to see',
  back: 'Back to the peer',
  otherLanguage: 'En español',
  skip: 'Skip to the curve',
  intro:
    'Two peers agree on a secret on a curve with more points than anybody can count. This one has 33, and you see them all.',
  nothingReal: 'Nothing here is the running peer’s, so its secrets may be seen.',
  noScript:
    'Without its script nothing moves here. The pictures show one case, and the table below has every point.',

  // One secret
  ownTitle: 'A secret number of hops',
  own: [
    'Each dot is a point of y² = x³ − x + 3, where only the remainder after division by 31 counts. Two points have a sum, which is a point again.',
    'Start at G and add G again and again: 2G, 3G, 4G… Drag a, or A itself, and try to tell where the next hop lands.',
  ],
  secretA: 'a, your secret',
  secretB: 'b, the other’s secret',
  hop: 'Watch it hop',
  hopBoth: 'Watch both hop',
  ownPlot: (a: number, point: string) =>
    `The 32 points of the curve that have a place, and the hops from G to ${a}G, which is ${point}.`,
  ownResult: (a: number, point: string) => [B(`${a}G = ${point}`), ' is A, your public key.'],
  ownMeaning: (additions: number) =>
    `All may see A. How many hops lead there only you know. You need not take them all: with doubling (2G, 4G, 8G…) this one took ${count(additions, 'addition')}.`,

  // Two secrets
  bothTitle: 'Two ways, one point',
  both: [
    'The other one does the same with b. You send each other A and B, and each hops on from what came: you add up a times B, the other one b times A.',
    'Both arrive at S, the shared secret, since a × bG and b × aG are the same.',
  ],
  bothPlot: (a: number, b: number, point: string) =>
    `Two ways over the curve: from B to ${a}B, and from A to ${b}A. Both end at S, which is ${point}.`,
  you: 'You',
  them: 'The other one',
  makes: 'sends',
  gets: 'gets',
  computes: 'computes',
  infinityName: 'infinity',
  infinity:
    'That is the point at infinity, which has no place in the picture: 33 = 3 × 11, so some secrets lead there together. Curves that are really used have an order with one large prime factor, and a peer refuses such a result.',
  same: 'The same point, and neither secret was sent.',

  // Eve
  eveTitle: 'Eve tries all of them',
  eveText: [
    'Eve has G, A and B, and knows no way back. But she can hop as you did, 1G, 2G, 3G…, until she is at A. Then she has counted your secret.',
    'With 33 points she has it at once. So make the curve larger: each try makes a fresh secret, and she counts for real, in your browser.',
  ],
  evePlot: (steps: number) =>
    `The small curve, and the ${count(steps, 'point')} that Eve has tried.`,
  ways: 'How she looks',
  wayAll: 'one point after another',
  wayRho: 'the best way known (Pollard’s rho)',
  rhoText:
    'Rho walks about until it comes to the same point twice. That takes some steps more than the root of the number of points: half of the bits are hers for nothing. On the two smallest curves it does not pay, and she hops.',
  sizes: 'The curves, from small to large',
  points: (n: number) => `${number(n)} points`,
  field: (p: number, b: number) => `y² = x³ − x + ${b} mod ${number(p)}`,
  start: 'Try',
  again: 'Again',
  stop: 'Stop',
  yours: (additions: number) => `you: ${count(additions, 'addition')}`,
  steps: (n: number) => `Eve: ${count(n, 'step')}`,
  perSecond: (n: string) => `${n} a second`,
  share: (share: number) =>
    `${(100 * share).toLocaleString(locale, { maximumSignificantDigits: 2 })} % of all`,
  found: (secret: number, seconds: number | null) =>
    `She has it: ${number(secret)}${seconds === null ? ', slowed down here so that you see each step' : `, in ${time(seconds)}`}.`,
  stopped: (seconds: number | null) =>
    seconds === null ? 'Stopped.' : `Stopped after ${time(seconds)}.`,
  allTake: (seconds: number) => `All of them: ${time(seconds)}; on average half of that.`,
  rhoTakes: (seconds: number) => `On average: ${time(seconds)}.`,
  progress: (points: string) => `What Eve has tried of ${points}`,
  newsRunning: (points: string) => `Eve tries on ${points}.`,
  newsFound: (steps: number) => `Eve has found the secret after ${count(steps, 'step')}.`,
  newsStopped: (steps: number) => `Stopped after ${count(steps, 'step')}.`,
  realName: 'X25519, which the peers use',
  realPoints: `about 2${superscript(252)} points`,
  real: (rho: number, seconds: number | null) => [
    'About ',
    h('b', null, '2', h('sup', null, rho.toLocaleString(locale)), ' steps'),
    ' by rho, which is the best way known (',
    h('a', { href: 'https://safecurves.cr.yp.to/rho.html' }, 'SafeCurves'),
    '). ',
    seconds === null
      ? ''
      : `At the speed that she had here last: ${time(seconds)}. The universe is 14 billion years old.`,
  ],
  record: (years: string, faster: number) =>
    `At the speed of the record of 2009, when more than 200 game consoles broke a curve over a prime of 112 bits: ${years} years; a billion times faster, ${number(faster)} billion.`,
  quantum:
    'Nobody has proved that there is no better way, and a large quantum computer would have one.',

  // Paint
  paintTitle: 'The same with paint',
  paint: [
    'Often it is told with paint. All know the yellow. Each side mixes in a secret colour and sends the mixture; then each adds its own to what came. Both have the same three parts in the pot.',
  ],
  colourA: 'your secret colour',
  colourB: 'the other’s secret colour',
  common: 'the yellow that all know',
  sentA: 'you send: yellow and your colour',
  sentB: 'the other sends: yellow and its colour',
  potA: 'your pot: what came, and your colour',
  potB: 'the other’s pot: what came, and its colour',
  eveColour: 'Eve takes the yellow out of what you sent',
  paintLimit:
    'Here the story stops being true. Paint is hard to unmix only by hand: whoever measures a mixture computes what is in it, as Eve did here, with one division each for red, green and blue. For points nobody knows such a way from G and A back to a. A curve is paint that nobody knows how to unmix.',

  // Every point
  tableTitle: 'Every multiple of G',
  tableNote:
    '33G is the point at infinity, the zero of this addition, and from 34G on all comes again.',
  after: () => [
    'The lab breaks a program that really used this curve: ',
    h('code', null, 'lab original'),
    ' on a terminal.',
  ],
}
