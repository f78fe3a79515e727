/** Changes of sources, listed as text: what is so then, and the lines that go and that come. */

export interface Edit {
  readonly file: string
  /** Stands there exactly once. */
  readonly from: string
  readonly to: string
}

export interface Change {
  /** What its author says of it. */
  readonly what: string
  /** Words behind the file's name, whose meaning is the list's own. */
  readonly marks: readonly string[]
  readonly edits: readonly Edit[]
}

/** Reads a list. Its entries begin with `file, mark, mark: what`; lines with `-` and `+` follow. */
export function changesIn(list: string): Change[] {
  return list
    .trim()
    .split('\n\n')
    .map((entry) => {
      const [, place = '', what = '', lines = ''] = /^(.*?): (.*)\n([\s\S]*)$/.exec(entry) ?? []
      const [file = '', ...marks] = place.split(', ')
      const edits = [...lines.matchAll(/((?:^-.*\n?)+)((?:^\+.*\n?)*)/gm)].map(
        ([, from = '', to = '']) => ({ file, from: unmarked(from), to: unmarked(to) }),
      )
      return { what, marks, edits }
    })
}

function unmarked(lines: string): string {
  return lines.replace(/\n$/, '').replaceAll(/^. ?/gm, '')
}

/** @throws Error unless what the edit replaces stands exactly once in `source` */
export function edited(source: string, { file, from, to }: Edit): string {
  const [before = '', after, ...more] = source.split(from)
  if (after === undefined || more.length > 0)
    throw new Error(`${file} does not have exactly once: ${from}`)
  return before + to + after
}
