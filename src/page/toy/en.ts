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
    'Two peers agree on a secret on a curve with more points than anybody can count. The curve here has 33, and you see them all.',
  nothingReal:
    'Nothing here is the running peer’s: no key, no text. So its secrets may be seen, and you may play with them.',
  noScript:
    'Without its script nothing moves here. The pictures show one case, and the table below has every point.',

  // One secret
  ownTitle: 'A secret number of hops',
  own: [
    'Each dot is a point (x, y) for which y² = x³ − x + 3, if of every number only the remainder after division by 31 counts. Two points have a sum, and it is a point again.',
    'Start at G and add G, again and again: 1G, 2G, 3G… Each hop lands somewhere else, and nothing in the picture tells where the next one will. Drag a, your secret, or drag A.',
  ],
  secretA: 'a, your secret',
  secretB: 'b, the other’s secret',
  hop: 'Watch it hop',
  hopBoth: 'Watch both hop',
  ownPlot: (a: number, point: string) =>
    `The 32 points of the curve that have a place, and the hops from G to ${a}G, which is ${point}.`,
  ownResult: (a: number, point: string) => [B(`${a}G = ${point}`), ' is your public key A.'],
  ownMeaning: (additions: number) =>
    `Everybody may see A. How many hops lead there stays with you. And you need not take them all: by doubling (2G, 4G, 8G…) and adding, this one took ${count(additions, 'addition')}.`,

  // Two secrets
  bothTitle: 'Two ways, one point',
  both: [
    'The other one does the same with b, and the two send each other A and B. Then each hops on from what came: you add B to itself until there are a of them, the other one takes b times A.',
    'Both arrive at the same point S, since a × (b × G) and b × (a × G) are both G, a × b times. That is the shared secret.',
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
    'Eve has heard G, A and B. She knows no way back from A to a. But she can hop as you did, 1G, 2G, 3G…, and look each time whether it is A. Then she has counted your secret.',
    'On 33 points she has it at once. Now make the curve larger. Each try below makes a fresh secret, which you need few additions for, and lets Eve count in your browser, for real.',
  ],
  evePlot: (steps: number) =>
    `The small curve, and the ${count(steps, 'point')} that Eve has tried.`,
  ways: 'How she looks',
  wayAll: 'one point after another',
  wayRho: 'the best way known (Pollard’s rho)',
  rhoText:
    'She need not try all: rho walks about until it comes twice to the same point, which takes about as many steps as the root of the number of points. So half of the bits are hers for nothing, and a curve needs twice as many. On the two smallest curves preparing for it costs more than it saves.',
  sizes: 'The curves, from small to large',
  points: (n: number) => `${number(n)} points`,
  field: (p: number, b: number) => `y² = x³ − x + ${b} mod ${number(p)}`,
  start: 'Let Eve try',
  startOn: (points: string) => `Let Eve try on ${points}`,
  again: 'Again',
  stop: 'Stop',
  yours: (additions: number) => `you: ${count(additions, 'addition')}`,
  steps: (n: number) => `Eve: ${count(n, 'step')}`,
  perSecond: (n: string) => `${n} a second`,
  share: (share: number) =>
    `${(100 * share).toLocaleString(locale, { maximumSignificantDigits: 2 })} % of all`,
  found: (secret: number, seconds: number | null) =>
    `She has it: ${number(secret)}${seconds === null ? ', slowed down here so that you see each step' : `, in ${time(seconds)}`}.`,
  stopped: (seconds: number) => `Stopped after ${time(seconds)}.`,
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
    'Often it is told with paint. Both know the yellow. Each mixes a secret colour into it and sends the mixture; each adds its own secret colour to what came. Both end with the same three parts in one pot.',
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
    'Here the story stops being true. Paint is hard to unmix only by hand: whoever measures the mixture and knows the yellow computes the rest, as Eve did here with one division for each of red, green and blue. From A and G no such division leads to a, and that is all the difference: a curve is paint that nobody knows how to unmix.',

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
