/** The project's Markdown files: the commands in them, their chapters, and what they link to. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'

export const root = path.resolve(import.meta.dirname, '../..')

/** All of them. */
export function documents() {
  const below = ['src', 'test'].flatMap((folder) =>
    fs
      .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((file) => path.join(folder, file)),
  )
  return [...fs.readdirSync(root), ...below]
    .filter((file) => file.endsWith('.md'))
    .map((file) => documentAt(file.replaceAll(path.sep, '/')))
}

/** The one of that name, from the project's folder, with slashes. */
export function documentAt(file: string) {
  return { file, text: fs.readFileSync(path.join(root, file), 'utf8') }
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm

/** What stands between fences of this kind: `sh`, `json`, or nothing. */
export function fences(text: string, kind: string): string[] {
  return [...text.matchAll(FENCE)].flatMap(([, name, inside = '']) =>
    name === kind ? [inside] : [],
  )
}

/** Indented lines are commands. */
export function commandsOf(text: string): string[] {
  return text
    .replaceAll(FENCE, '')
    .split('\n')
    .filter((line) => line.startsWith('    '))
    .map((line) => line.trim())
}

/** Its chapters, by their titles: without what stands before the first. */
export function chaptersOf(text: string): Map<string, string> {
  const [, ...chapters] = `\n${text}`.split('\n## ')
  return new Map(chapters.map((chapter) => [chapter.split('\n', 1)[0] ?? '', chapter]))
}

/** The lines of the shell fences in one chapter. */
export function shellLines(text: string, chapter: string): string[] {
  return fences(chaptersOf(text).get(chapter) ?? '', 'sh').flatMap((lines) =>
    lines.trimEnd().split('\n'),
  )
}

/** The links to files and chapters of the project: to which file (empty: this one) and which anchor of it. */
export function linksOf(text: string): { file: string; anchor: string | undefined }[] {
  const links = text.replaceAll(FENCE, '').matchAll(/\]\((?!\w+:)([^)#]*)(?:#([^)]+))?\)/g)
  return [...links].map(([, file = '', anchor]) => ({ file, anchor }))
}

/** The anchors of its headings, as GitHub names them. */
export function anchorsOf(text: string): string[] {
  return [...text.replaceAll(FENCE, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** Of a line what is the same in each run: no digits of keys, and no number that was measured or has more than one digit; but ports. */
export const formOf = (line: string) =>
  line
    .replaceAll(/[0-9a-f]{6,}/g, '#')
    .replaceAll(/\d+[.,][\d.,]*(·10\^-?\d+)?|(?<!\d)(?!500[0-3]\b)\d{2,}/g, '0')
    .replaceAll(/\s+/g, ' ')
    .trim()

/** The lines of a terminal's output, with what is below the first one of a block behind it, whatever the terminal's width. */
export function blocksIn(output: string): string[] {
  const blocks: string[] = []
  for (const line of output.replaceAll(/[│┘]/g, '').split('\n')) {
    const isBelow =
      /^(?:\d+ )?\d\d:\d\d:\d\d /.test(blocks.at(-1) ?? '') && /^ {2}|^[0-9a-f]+$/.test(line)
    if (isBelow) blocks.push(`${blocks.pop()} ${line.trim()}`)
    else if (line !== '') blocks.push(line)
  }
  return blocks
}

/** That all which the document shows between its fences is in `output`, each fence's lines in their order. */
export function assertShows(file: string, output: string): void {
  const seen = blocksIn(output).map(formOf)
  const shown = fences(documentAt(file).text, '')
  assert.ok(shown.length > 0)
  for (const fence of shown) {
    let at = 0
    for (const line of blocksIn(fence).map(formOf)) {
      // of a long block, the document may show the beginning
      const isOf = /^(?:\d+ )?0:0:0 /.test(line) ? (each: string) => each.startsWith(line) : null
      at = isOf ? seen.findIndex((each, i) => i >= at && isOf(each)) : seen.indexOf(line, at)
      assert.ok(at >= 0, `never came, or in another order: ${line}`)
    }
  }
}
