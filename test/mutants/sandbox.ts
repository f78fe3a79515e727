/**
 * A copy of the project in which every mutant is in place and asleep: Stryker's instrumenter puts all of them
 * into one copy of the source, and `__stryker__.activeMutant` says which one is awake.
 */

import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { Instrumenter } from '@stryker-mutator/instrumenter'

/** One small change of the source. */
export interface Mutant {
  /** Stands for it in the instrumented copy; another one in each run. */
  readonly id: string
  /** From the project's root. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** The whole line, trimmed. */
  readonly context: string
  /** What stood there, and what stands there instead. */
  readonly was: string
  readonly to: string
  readonly mutator: string
}

const [no, yes, silent] = [() => false, () => true, () => {}]
const loud = (message: string) => process.stderr.write(`${message}\n`)
const logger = {
  ...{ isTraceEnabled: no, isDebugEnabled: no, isInfoEnabled: no, isWarnEnabled: no },
  ...{ isErrorEnabled: yes, isFatalEnabled: yes },
  ...{ trace: silent, debug: silent, info: silent, warn: silent, error: loud, fatal: loud },
}

/**
 * Writes the copy to `folder`, of the project at `root`, with the mutants of `sources` in it.
 * Where a test asks for `node:test` or fast-check, it gets what stands in for them.
 */
export async function makeSandbox(
  root: string,
  folder: string,
  sources: readonly string[],
): Promise<Mutant[]> {
  fs.rmSync(folder, { recursive: true, force: true })
  fs.mkdirSync(folder, { recursive: true })
  for (const name of fs.readdirSync(root)) {
    if (['.git', '.mutants', 'node_modules', 'src', 'test'].includes(name)) continue
    fs.symlinkSync(path.join(root, name), path.join(folder, name))
  }
  for (const name of ['src', 'test'])
    fs.cpSync(path.join(root, name), path.join(folder, name), { recursive: true })
  standIn(path.join(folder, 'test'))

  const read = (file: string) => fs.readFileSync(path.join(root, file), 'utf8')
  const files = sources.map((name) => ({ name, mutate: true, content: read(name) }))
  const instrumented = await new Instrumenter(logger).instrument(files, {
    plugins: null,
    excludedMutations: [],
    ignorers: [],
  })
  for (const { name, content } of instrumented.files)
    fs.writeFileSync(path.join(folder, name), content)
  const contents = new Map(files.map(({ name, content }) => [name, content.split('\n')]))
  return instrumented.mutants.map(({ id, fileName, location, replacement, mutatorName }) => ({
    id,
    file: fileName,
    line: location.start.line + 1,
    context: (contents.get(fileName)?.[location.start.line] ?? '').trim(),
    was: cut(contents.get(fileName) ?? [], location),
    to: replacement,
    mutator: mutatorName,
  }))
}

interface Position {
  readonly line: number
  readonly column: number
}

function cut(lines: readonly string[], { start, end }: { start: Position; end: Position }): string {
  return lines
    .slice(start.line, end.line + 1)
    .map((line, i) => (i === end.line - start.line ? line.slice(0, end.column) : line))
    .map((line, i) => (i === 0 ? line.slice(start.column) : line))
    .join('\n')
}

function standIn(tests: string): void {
  const urlOf = (name: string) => pathToFileURL(path.join(tests, 'mutants', name)).href
  for (const entry of fs.readdirSync(tests, { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.ts') || path.dirname(entry) === 'mutants') continue
    const file = path.join(tests, entry)
    const text = fs
      .readFileSync(file, 'utf8')
      .replaceAll("from 'node:test'", `from '${urlOf('suite.ts')}'`)
      .replaceAll("from 'fast-check'", `from '${urlOf('property.ts')}'`)
    fs.writeFileSync(file, text)
  }
}
