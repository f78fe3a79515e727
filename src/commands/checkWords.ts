/** What `check` says of a file, of a pair and of a class. */

import type { Checked } from '../classroom/transcript/check.ts'
import { endOf, type Report } from '../classroom/transcript/compare.ts'
import type { Finding } from '../classroom/transcript/finding.ts'
import type { HandedIn } from '../classroom/transcript/folders.ts'
import type { PairReport } from '../classroom/transcript/pair.ts'
import type { Entry, Row } from '../classroom/transcript/pairs.ts'
import type { Met } from '../classroom/transcript/require.ts'
import type { Roll } from '../classroom/transcript/roster.ts'
import { ours, type Part, quoting, Said, said } from '../terminal/said.ts'

/** All that was found. */
export interface Found {
  readonly rows: readonly Row[]
  readonly handedIn: HandedIn
  readonly roll: Roll | null
  metBy(report: Report): readonly Met[]
}

/** More would only fill the screen; --json has all. */
const MAX_SENTENCES = 5
const MAX_FILES_SAID = 8
const MAX_LISTED = 20
const MAX_NAMED = 100

/** A paragraph: a sentence, and what stands below it. */
type Paragraph = readonly [Said, ...Said[]]

export class CheckWords {
  readonly #found: Found
  readonly #folder: string

  /** `folder`: what is left out of the names of files. */
  constructor(found: Found, folder: string) {
    this.#found = found
    this.#folder = folder
  }

  nameOf({ report }: Entry): string {
    return this.#without(report.file)
  }

  /** All that is to be said of one file. */
  ofFile(entry: Entry): Said[] {
    const { report } = entry
    const met = this.#found.metBy(report).filter(({ met, said }) => met && said)
    return [
      ...this.#wrong(report.wrong, report),
      ...this.#unmet(report).map(ours),
      ...report.remarks.map((text) => inBrackets(this.#quoting(text, report))),
      ...met.map(({ require, has }) => inBrackets(ours(`${require}: ${has}`))),
      ...(entry.standing === 'differs' ? [DIFFERS] : []),
    ]
  }

  /** What a teacher has to know of a row: below each of its files, and below all of them. */
  ofRow({ entries, group }: Row): { each: Said[][]; together: Said[] } {
    const told = new Set<Checked>()
    const unmet = entries.map(({ report }) => this.#unmet(report))
    const isOfBoth = entries.length === 2 && areSame(unmet, this.#found, entries)
    const each = entries.map((entry, i): Said[] => {
      const { report, standing, sameIdentity } = entry
      const [again, ends] = this.#besides(report, told)
      told.add(report.alone)
      if (i >= MAX_FILES_SAID)
        return i === MAX_FILES_SAID ? [ours('… and more; --all has it.')] : []
      return [
        ...this.#wrong(withoutDoubles(report.wrong, again), report),
        ...(isOfBoth ? [] : (unmet[i] ?? []).map(ours)),
        ...(standing === 'cut' ? report.alone.remarks.map((text) => inBrackets(ours(text))) : []),
        ...(standing === 'differs' ? [DIFFERS] : []),
        ...(group === 'same identity' && sameIdentity.length > 0
          ? [said`Its identity is that of ${this.#listed(sameIdentity)}.`]
          : []),
        ...(entries.length > 2 ? ends : []),
      ]
    })
    const [one] = entries
    const together = [
      ...(isOfBoth ? (unmet[0] ?? []).map(ours) : []),
      ...(group === 'bad' && entries.every(onlyDiffers) ? [UNDECIDED] : []),
      ...(entries.length === 2 && one ? this.#besides(one.report, new Set())[1] : []),
    ]
    return { each, together }
  }

  /** What was said of pairs already, of those in `told`, and how it ended with the others where that is unusual. */
  #besides({ besides }: Report, told: ReadonlySet<Checked>): [again: Set<string>, ends: Said[]] {
    const again = besides.flatMap(({ other, wrong }) => (told.has(other) ? wrong : []))
    const ends = besides
      .filter(
        ({ other, wrong, report }) => !told.has(other) && wrong.length === 0 && isUnusual(report),
      )
      .map(({ report }) => inBrackets(ours(endOf(report))))
    return [new Set(again.map(({ text }) => text)), ends]
  }

  /** What is to be said of all of them. */
  ofClass(): Paragraph[] {
    return [...this.#others(), ...this.#roster(), ...this.#onlySaid()]
  }

  #without(file: string): string {
    return file.startsWith(this.#folder) ? file.slice(this.#folder.length) : file
  }

  /** Names with commas between them, as far as a screen takes them. */
  #listed(files: readonly string[]): Said {
    const shown = files.slice(0, MAX_LISTED).flatMap((file, i): Part[] => {
      return [...(i === 0 ? [] : [', ']), { text: this.#without(file), whole: false }]
    })
    const more = files.length - MAX_LISTED
    return new Said(more > 0 ? [...shown, ` and ${more} more`] : shown)
  }

  /** A finding, with the names of the other files that it is about. */
  #quoting(text: string, { besides, sharers, sameIdentity }: Report): Said {
    const others = [...besides.map(({ other }) => other), ...sharers].map(({ file }) => file)
    const { parts } = quoting(text, [...others, ...sameIdentity])
    const shown = (part: Part) =>
      typeof part === 'string' ? part : { ...part, text: this.#without(part.text) }
    return new Said(parts.map(shown))
  }

  #wrong(wrong: readonly Finding[], report: Report): Said[] {
    const sentences = wrong
      .slice(0, MAX_SENTENCES)
      .map(({ record, text }) => (record === null ? text : `record ${record}: ${text}`))
      .map((text) => this.#quoting(text, report))
    const more = wrong.length - sentences.length
    return more > 0 ? [...sentences, ours(`… and ${more} more; --json has them all.`)] : sentences
  }

  /** What is required and not there. */
  #unmet(report: Report): string[] {
    const unmet = this.#found.metBy(report).filter(({ met }) => !met)
    return unmet.map(({ require, has }) => `${require}: ${has}.`)
  }

  /** What else is in the folders. */
  #others(): Paragraph[] {
    const { ignored, otherJson, archives } = this.#found.handedIn
    if (ignored === 0) return []
    const some = (names: readonly string[], one: string, more: string) =>
      names.length === 0
        ? []
        : [said`${names.length} ${ours(names.length === 1 ? one : more)} ${this.#listed(names)}`]
    return [
      [
        ours(
          `${ignored} other ${ignored === 1 ? 'file' : 'files'} in the folders ${ignored === 1 ? 'was' : 'were'} left out.`,
        ),
        ...some(
          archives,
          'is an archive; unpack it, and check what was in it:',
          'are archives; unpack them, and check what was in them:',
        ),
        ...some(
          otherJson,
          'is called .json, and no transcript:',
          'are called .json, and no transcripts:',
        ),
      ],
    ]
  }

  /** Who is there, and who is not. */
  #roster(): Paragraph[] {
    const { roll, handedIn } = this.#found
    if (roll === null) return []
    const { people, namesOf } = roll
    const files = handedIn.submissions.map(({ checked }) => checked.file)
    const filesOf = (own: readonly number[]) => this.#listed(own.map((i) => files[i] ?? ''))
    const missing = people.filter((one) => one.files.length === 0)
    const several = people.filter((one) => one.files.length > one.times)
    const twice = people.filter(({ times }) => times > 1)
    const nobodys = files.filter((_, i) => namesOf[i]?.length === 0)
    return [
      [ours(`Roster: ${people.length - missing.length} of ${people.length} handed in.`)],
      ...paragraph(
        `${missing.length} handed in nothing, or nothing with their name in its path:`,
        missing.map(({ name }) => said`${name}`),
      ),
      ...paragraph(
        `${several.length} ${several.length === 1 ? 'has' : 'have'} more than one file:`,
        several.map(({ name, files }) => said`${name}: ${filesOf(files)}`),
      ),
      ...paragraph(
        `${twice.length} ${twice.length === 1 ? 'name stands' : 'names stand'} more than once in the roster:`,
        twice.map(
          ({ name, times, files }) => said`${name}: ${times} times, ${ours(filesIn(files.length))}`,
        ),
      ),
      ...paragraph(
        `${filesIn(nobodys.length)} with no name of the roster in ${nobodys.length === 1 ? 'its path' : 'their paths'}:`,
        nobodys.map((file) => said`${this.#without(file)}`),
      ),
    ]
  }

  /** What a file only says of itself. */
  #onlySaid(): Paragraph[] {
    const counts = new Map<string, number>()
    for (const { report } of this.#found.rows.flatMap(({ entries }) => entries))
      for (const { require, met, said } of this.#found.metBy(report))
        if (met && said) counts.set(require, (counts.get(require) ?? 0) + 1)
    return [...counts].map(([require, count]): Paragraph => {
      const say = count === 1 ? 'says' : 'say'
      return [
        ours(`${require}: ${filesIn(count)} ${say} so, and nothing else in a transcript shows it.`),
      ]
    })
  }
}

const DIFFERS = inBrackets(
  ours('the other file is wrong by itself, so that this one may be as it was'),
)
const UNDECIDED = inBrackets(ours('the files do not say which of them was changed'))

export const filesIn = (count: number): string => `${count} file${count === 1 ? '' : 's'}`

function inBrackets(text: Said): Said {
  return said`(${text})`
}

function paragraph(text: string, lines: readonly Said[]): Paragraph[] {
  if (lines.length === 0) return []
  const more = lines.length - MAX_NAMED
  const rest = more > 0 ? [ours(`… and ${more} more; --json has them all.`)] : []
  return [[ours(text), ...lines.slice(0, MAX_NAMED), ...rest]]
}

/** Whether there is more to say than that the two are a pair. */
function isUnusual({ sessions, alone }: PairReport): boolean {
  return sessions !== 'same' || alone > 0
}

function onlyDiffers({ report }: Entry): boolean {
  return report.wrong.length > 0 && report.wrong.every(({ code }) => code === 'bad_pair')
}

/** Without what was said, and with one sentence of what it shares with others: that it was sent, received or the same file. */
function withoutDoubles(wrong: readonly Finding[], again: ReadonlySet<string>): Finding[] {
  const isSharing = ({ code }: Finding) => code === 'copy' || code === 'shared_key'
  const first = wrong.find(isSharing)
  return wrong.filter((one) => !again.has(one.text) && (!isSharing(one) || one === first))
}

/** Whether both lack the same: one sentence says it, with the numbers of the first. */
function areSame(unmet: readonly string[][], { metBy }: Found, entries: readonly Entry[]): boolean {
  const [one, two] = entries.map(({ report }) =>
    metBy(report)
      .filter(({ met }) => !met)
      .map(({ require }) => require)
      .join(),
  )
  return unmet.length === 2 && one === two && one !== ''
}
