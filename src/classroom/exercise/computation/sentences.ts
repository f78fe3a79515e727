/** What is said of the choices that were found: whole sentences for a student. */

import {
  type Choices,
  DECISIONS,
  type Decision,
  decisionsOf,
  type Followed,
  type Layer,
} from './choices.ts'

/** How many causes are named where several fit. */
const NAMED = 4

/** Before what the lengths stand that a decision is about. */
const LENGTHS_OF: Partial<Record<Decision, string>> = {
  shareLengths: ' before identity and public key',
  transcriptLengths: ' before s1 and s2',
  safetyLengths: ' before the identity',
}

/** By decision, what tells its variants apart. */
const TELLING: readonly (readonly [text: string, decisions: readonly Decision[]])[] = [
  ['agreements in other orders of the keys', ['order', 'parties', 'halves']],
  [
    'an agreement in which your peer is the other party',
    ['ikm', 'tag', 'dh', 'direction', 'fileDirection'],
  ],
  ['a text in the other direction', ['direction', 'associatedData']],
  ['texts with higher numbers', ['step', 'nonce', 'associatedData', 'source']],
  [
    'a picture in the other direction, and one with a higher number',
    ['fileDirection', 'fileStep', 'fileSource'],
  ],
  ['a picture of several chunks', ['last', 'counter', 'chunk', 'empty', 'fileSeal']],
  ['identities with other safety numbers', ['zeros', 'safetyCurve', 'safetyIdentity', 'groups']],
  ['another agreement', []],
]

/** Each mistake that `choices` make in a layer, such as "your share has no suite id". */
function mistakesIn(layer: Layer, choices: Choices): string[] {
  return decisionsOf(layer).flatMap((decision) => {
    const name = choices[decision]
    if (name === 'right') return []
    const { subject, variants } = DECISIONS[decision]
    const phrase = (variants as Readonly<Record<string, string>>)[name] ?? name
    const isBoth = choices.shareLengths === choices.transcriptLengths
    if (decision === 'shareLengths' && isBoth) return []
    const before =
      decision === 'transcriptLengths' && isBoth
        ? ' before identity, public key, s1 and s2'
        : (LENGTHS_OF[decision] ?? '')
    const isShared =
      (decision === 'metadata' || decision === 'safetyLengths') &&
      (name === choices.shareLengths || name === choices.transcriptLengths)
    const too = isShared ? ': the same function for lengths as in your transcript' : ''
    return [`${subject} ${phrase}${before}${too}`]
  })
}

function joined(mistakes: readonly string[]): string {
  return mistakes.join('; and ')
}

/** All that is wrong with one of those that were found, and with what it opens if that is another thing. */
function causeOf(layer: Layer, { opens, ...choices }: Followed): string {
  const sends = joined(mistakesIn(layer, choices))
  const takes = joined(mistakesIn(layer, opens ?? choices))
  if (sends === takes) return sends
  if (sends === '') return `in what it takes, ${takes}`
  return takes === ''
    ? `in what it sends, ${sends}`
    : `in what it sends, ${sends}; in what it takes, ${takes}`
}

/** What is said first of a peer that takes something else than it sends. */
function introductionOf(layer: Layer, { opens, ...choices }: Followed): string {
  const [sends, takes] = [mistakesIn(layer, choices), mistakesIn(layer, opens ?? choices)]
  if (joined(sends) === joined(takes)) return ''
  if (sends.length === 0) return 'It seals right and opens wrong. '
  return takes.length === 0
    ? 'It seals wrong and opens right. '
    : 'It opens in another way than it seals. '
}

/** "The cause: …", "One of: …" with what tells them apart, or "None of the usual mistakes." */
export function sentenceOf(layer: Layer, candidates: readonly Followed[]): string {
  const [first] = candidates
  if (first === undefined) return 'None of the usual mistakes.'
  if (candidates.length === 1)
    return `${introductionOf(layer, first)}The cause: ${causeOf(layer, first)}.`
  const causes = candidates
    .slice(0, NAMED)
    .map((choices, i) => `(${i + 1}) ${causeOf(layer, choices)}`)
  const more = candidates.length - causes.length
  const rest = more > 0 ? `; or one of ${more} more` : ''
  return `One of: ${causes.join('; ')}${rest}. ${capital(tellingOf(layer, candidates))} would tell them apart.`
}

function tellingOf(layer: Layer, candidates: readonly Choices[]): string {
  const differing = decisionsOf(layer).filter(
    (decision) => new Set(candidates.map((choices) => choices[decision])).size > 1,
  )
  const found = TELLING.find(([, decisions]) => differing.some((one) => decisions.includes(one)))
  return found?.[0] ?? 'another agreement'
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
