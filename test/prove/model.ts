/** The models of `src/protocol/proof/`: their queries by name, edits of them, and what ProVerif says of them. */

import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type Edit, edited } from '../helpers/changes.ts'

const FOLDER = path.resolve(import.meta.dirname, '../../src/protocol/proof')

export type Suite = 'classical' | 'hybrid'
/** What ProVerif may say of a query. `unknown`: that it cannot be proved, or nothing at all. */
export type Found = 'true' | 'false' | 'unknown'

/** The files of a run by name; the last is the one with the queries. */
export type Model = ReadonlyMap<string, string>

/** The names of the .pv files. */
export const FILES = fs.readdirSync(FOLDER).filter((name) => name.endsWith('.pv'))

/** `file` with all that it stands on, for one suite. */
export function modelOf(file: string, suite: Suite): Model {
  const names = ['primitives.pvl', `${suite}.pvl`, 'peer.pvl', file]
  return new Map(names.map((name) => [name, fs.readFileSync(path.join(FOLDER, name), 'utf8')]))
}

/** @throws Error unless each edit's text stands exactly once in its file */
export function changed(model: Model, edits: readonly Edit[]): Model {
  const files = new Map(model)
  for (const edit of edits) files.set(edit.file, edited(files.get(edit.file) ?? '', edit))
  return files
}

/** From `query …;` to the full stop before an empty line; before each query stands `(* its-name *)` or `(* its-name: … *)`. */
const QUERIES = /^(query [^;]*;\n)([\s\S]*?)\.\n(?=\n)/m
const NAME = / *\(\* ([a-z-]+)(?:: [^*]*)? \*\)\n/

/** The queries of a model by name, in their order. */
export function queriesOf(model: Model): Map<string, string> {
  const source = [...model.values()].at(-1) ?? ''
  const [, , block = ''] = QUERIES.exec(source) ?? []
  const [, ...parts] = block.split(NAME)
  const queries = new Map<string, string>()
  for (let i = 0; i + 1 < parts.length; i += 2)
    queries.set(parts[i] ?? '', (parts[i + 1] ?? '').trim().replace(/;$/, ''))
  return queries
}

/** `model` with the queries of these names and no other. */
export function asking(model: Model, names: readonly string[]): Model {
  const files = [...model]
  const [file, source] = files.pop() ?? ['', '']
  const all = queriesOf(model)
  const kept = names.map((name) => {
    const query = all.get(name)
    if (query === undefined) throw new Error(`${file} has no query ${name}.`)
    return `  (* ${name} *)\n  ${query}`
  })
  const asked = source.replace(QUERIES, (_, head: string) => `${head}${kept.join(';\n')}.\n`)
  return new Map([...files, [file, asked]])
}

/** The names of the events in a query, or in what ProVerif says of one, in their order. */
function eventsIn(text: string): string {
  return [...text.matchAll(/event\((\w+)/g)].map(([, name]) => name).join(' ')
}

/**
 * What ProVerif's output says of the queries, which it answers in their order. A line that is not of the
 * query whose turn it is, or none, is `unknown`.
 */
export function resultsIn(
  output: string,
  queries: ReadonlyMap<string, string>,
): Map<string, Found> {
  const lines = [...output.matchAll(/^RESULT (.*?) (?:is (true|false)|cannot be proved)\b.*$/gm)]
  const isComplete = lines.length === queries.size
  return new Map(
    [...queries].map(([name, query], i) => {
      const [, text = '', verdict] = lines[i] ?? []
      const isOfThis = isComplete && eventsIn(text) === eventsIn(query)
      return [name, isOfThis && verdict ? (verdict as Found) : 'unknown']
    }),
  )
}

/** The attack that ProVerif's output shows for one query, or nothing. */
export function traceIn(output: string, query: string): string {
  const from = output
    .split(/^Starting query /m)
    .find((part) => eventsIn(part.split('\n')[0] ?? '') === eventsIn(query))
  const [, trace = ''] = /^(new [\s\S]*?)\nA trace has been found\./m.exec(from ?? '') ?? []
  return trace
}

/** Whether `program` is a ProVerif that can be run. */
export function isProVerif(program: string): boolean {
  return /^Proverif \d/.test(spawnSync(program, ['-help'], { encoding: 'utf8' }).stdout ?? '')
}

export interface Run {
  readonly results: Map<string, Found>
  readonly output: string
  readonly seconds: number
}

/** How long ProVerif may take, in ms; what it has not said then is unknown. */
const LONGEST = 900_000

/** Runs ProVerif on a model. */
export async function prove(proverif: string, model: Model): Promise<Run> {
  const cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-prove-'))
  try {
    const begun = performance.now()
    for (const [name, source] of model) fs.writeFileSync(path.join(cwd, name), source)
    const names = [...model.keys()]
    const file = names.pop() ?? ''
    const args = [...names.flatMap((name) => ['-lib', name]), file]
    const child = spawn(proverif, args, {
      cwd,
      timeout: LONGEST,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const closed = new Promise((resolve, reject) =>
      child.once('close', resolve).once('error', reject),
    )
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    await closed
    const seconds = (performance.now() - begun) / 1000
    return { results: resultsIn(output, queriesOf(model)), output, seconds }
  } finally {
    fs.rmSync(cwd, { recursive: true })
  }
}
