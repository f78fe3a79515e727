/** Transcripts beside one another: copies, keys that two of them share, and the two sides of one run. */

import type { Way } from '../../wirelog/events.ts'
import type { Checked, Crossing, Facts } from './check.ts'
import { type Finding, type FindingCode, Findings } from './finding.ts'
import { areEachOthers, comparePair, type PairReport } from './pair.ts'

/** A file that is a transcript. */
type Transcript = Checked & { readonly facts: Facts }

/** What was found beside one file of the other side. */
export interface Beside {
  readonly other: Checked
  readonly report: PairReport
  /** Where the two differ, as it is told of this one. */
  readonly wrong: readonly Finding[]
}

/** A file with all that is to be said of it. */
export interface Report extends Checked {
  /** What was found in it alone. */
  readonly alone: Checked
  /** The files of the other side. */
  readonly pairs: readonly string[]
  readonly besides: readonly Beside[]
  /** Those that are the same, of the same run, or share keys or messages with it where nobody does by chance. */
  readonly sharers: ReadonlySet<Checked>
  /** Others with the same long-term key. */
  readonly sameIdentity: readonly string[]
}

/** What `files` have to do with one another, added to what was found in each. */
export function compare(files: readonly Checked[]): Report[] {
  const notes = new Map(files.map((file) => [file, new Note()]))
  const say = (file: Checked) => notes.get(file) ?? new Note()
  const hasNote = (file: Checked, code: FindingCode) =>
    say(file).wrong.some((finding) => finding.code === code)
  const tell = (
    group: readonly Checked[],
    code: FindingCode,
    words: (others: string) => string,
  ) => {
    for (const file of group) {
      say(file).wrongWith(code, words(namesOf(group, file)))
      for (const other of group) if (other !== file) say(file).sharers.add(other)
    }
  }
  for (const group of groupsBy(files, ({ facts, hash }) => (facts && hash ? [hash] : [])))
    tell(group, 'copy', (others) => `It is the same file as ${others}, byte by byte.`)
  // what follows needs one of several equal files
  const different = firstsBy(files, ({ hash, file }) => hash ?? file)
  for (const group of groupsBy(different, ({ facts }) => (facts ? [facts.run] : [])))
    tell(
      group,
      'copy',
      (others) => `It is of the same run as ${others}: one is a copy, or was taken later.`,
    )
  const runs = firstsBy(different, ({ facts, file }) => facts?.run ?? file)
  const sharing = {
    sent: groupsBy(runs, ({ facts }) => [...(facts?.keys.sent ?? [])]),
    // two runs of one peer may both take a key that came late, if the first run never talked on it
    received: [
      ...groupsBy(runs, ({ facts }) => [...(facts?.talkedKeys ?? [])]),
      ...groupsBy(runs, ({ facts }) => [...(facts?.provenKeys ?? [])]).filter(areSeveral),
    ],
  }
  for (const way of ['sent', 'received'] as const)
    for (const group of sharing[way])
      tell(
        group,
        'shared_key',
        (others) =>
          `It ${way} a public key that is ${way} in ${others} too, in another run: nobody meets twice.`,
      )
  for (const way of ['sent', 'received'] as const)
    for (const group of groupsBy(runs, (file) =>
      hasNote(file, 'shared_key')
        ? []
        : crossingsOf(file, way).flatMap(({ hash, sealed }) => (sealed ? hash : [])),
    ))
      tell(
        group,
        'copy',
        (others) =>
          `It ${way} what was ${way} in ${others} too, in another run: nobody sends the same bytes twice.`,
      )
  for (const [one, two] of pairsOf(runs)) {
    const report = comparePair(one.facts, two.facts)
    say(one).addPair(two, report, 0)
    say(two).addPair(one, report, 1)
  }
  for (const group of groupsBy(runs, ({ facts }) => (facts ? [facts.identity] : [])))
    for (const file of group) {
      say(file).remarks.push(
        `its identity, the long-term key, is that of ${namesOf(group, file)} too`,
      )
      say(file).sameIdentity = group.filter((other) => other !== file).map(({ file }) => file)
    }
  return files.map((file) => say(file).addedTo(file))
}

/** How the two sides of a run end. */
const ENDS_WITH: Readonly<Record<PairReport['sessions'], string>> = {
  same: 'the same session',
  none: 'no session yet',
  later: 'taken at another time',
  apart: 'the two were apart, as lost requests can leave them',
}

/** What is found in one file beside the others. */
class Note extends Findings {
  readonly besides: Beside[] = []
  readonly sharers = new Set<Checked>()
  sameIdentity: readonly string[] = []

  override wrongWith(code: FindingCode, text: string, record: number | null = null): void {
    // two files may share dozens of keys: one sentence says it
    if (!this.wrong.some((finding) => finding.text === text)) super.wrongWith(code, text, record)
  }

  addPair(other: Checked, report: PairReport, side: 0 | 1): void {
    const { file } = other
    const wrong = report.faults.map(({ texts, records }): Finding => {
      return { code: 'bad_pair', record: records[side], text: texts[side](file) }
    })
    this.besides.push({ other, report, wrong })
    for (const { code, text, record } of wrong) this.wrongWith(code, text, record)
    if (wrong.length === 0) this.remarks.push(`a pair with ${file}: ${endOf(report)}`)
  }

  addedTo(file: Checked): Report {
    const { besides, sharers, sameIdentity } = this
    const wrong = [...file.wrong, ...this.wrong]
    const pairs = besides.map(({ other }) => other.file)
    const remarks = [...file.remarks, ...this.remarks]
    return { ...file, alone: file, wrong, remarks, pairs, besides, sharers, sameIdentity }
  }
}

/** How the two sides of a run end, and what they have in common. */
export function endOf({ same, alone, sessions }: PairReport): string {
  const keys = alone > 0 ? `, ${alone} more of keys that led to nothing on one side alone` : ''
  return `${ENDS_WITH[sessions]}, ${same} requests the same on both sides${keys}`
}

/** Files that have a key in common, in groups of two or more. */
function groupsBy(files: readonly Checked[], keysOf: (file: Checked) => string[]): Checked[][] {
  const groups = new Map<string, Checked[]>()
  // one file may have the same bytes twice, if somebody sent them again
  for (const file of files)
    for (const key of new Set(keysOf(file))) groups.set(key, [...(groups.get(key) ?? []), file])
  return [...groups.values()].filter(({ length }) => length > 1)
}

function firstsBy(files: readonly Checked[], keyOf: (file: Checked) => string): Checked[] {
  const firsts = new Map<string, Checked>()
  for (const file of files) if (!firsts.has(keyOf(file))) firsts.set(keyOf(file), file)
  return [...firsts.values()]
}

/** The two sides of one run: one took what the other one sent, or each names the other on one session. */
function pairsOf(files: readonly Checked[]): [Transcript, Transcript][] {
  const whole = files.filter((file): file is Transcript => file.facts !== null)
  const takers = new Map<string, Set<Transcript>>()
  for (const file of whole)
    for (const trace of tracesOf(file, 'received'))
      takers.set(trace, (takers.get(trace) ?? new Set()).add(file))
  const pairs: [Transcript, Transcript][] = []
  const met = new Map(whole.map((file) => [file, new Set([file])]))
  for (const one of whole)
    for (const trace of tracesOf(one, 'sent'))
      for (const two of takers.get(trace) ?? []) {
        if (met.get(one)?.has(two)) continue
        // somebody may have sent it on to whom it was not meant for
        if (!isProven(two, trace) && !areEachOthers(one.facts, two.facts)) continue
        met.get(one)?.add(two)
        met.get(two)?.add(one)
        pairs.push([one, two])
      }
  return pairs
}

/** What the sender's transcript and the receiver's have in common. */
function tracesOf(file: Transcript, way: Way): string[] {
  const { keys, session, identity, peerIdentity } = file.facts
  const sender = way === 'sent' ? identity : peerIdentity
  const hashes = crossingsOf(file, way).map(({ hash }) => hash)
  return [...keys[way], ...hashes, ...(session === null ? [] : [`${session} ${sender}`])]
}

/** Whether a trace of what a peer took is of what nobody but the other side can have sent. */
function isProven({ facts }: Transcript, trace: string): boolean {
  return !(
    (facts.keys.received.has(trace) && !facts.provenKeys.has(trace)) ||
    facts.crossings.some(({ hash, mayBeAnybodys }) => mayBeAnybodys && hash === trace)
  )
}

/** Whether these are of peers with different identities. */
function areSeveral(files: readonly Checked[]): boolean {
  return new Set(files.map(({ facts }) => facts?.identity)).size > 1
}

/** The keys and messages that went this way. A picture's header says nothing of its way. */
function crossingsOf({ facts }: Checked, way: Way): Crossing[] {
  return (facts?.crossings ?? []).filter((each) => each.way === way && each.route !== '/wire/image')
}

const NAMED = 3

function namesOf(group: readonly Checked[], except: Checked): string {
  const others = group.filter((file) => file !== except).map(({ file }) => file)
  const more = others.length - NAMED
  return `${others.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
