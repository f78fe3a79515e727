/**
 * Stands in for `node:test` while mutants run: a file's tests are collected when it is loaded, and run one
 * by one, as often as wanted, in this process. It has what the tests use of `node:test`, and no more.
 */

import { mock } from 'node:test'

type Mock = typeof mock
const MockTracker = mock.constructor as new () => Mock

/** Nothing is computed and nothing happens for as long, in ms: the test hangs. */
const DEADLINE = 30_000

type Body = (context: Context) => unknown
interface Options {
  readonly skip?: boolean | string | undefined
}

/** What a test is handed. */
class Context {
  readonly mock = new MockTracker()
  readonly #after: (() => unknown)[] = []

  after(hook: () => unknown): void {
    this.#after.push(hook)
  }

  diagnostic(_text: string): void {}

  async end(): Promise<void> {
    this.mock.restoreAll()
    for (const hook of this.#after) await hook()
  }
}

/** A file or a `describe`, with the hooks that stand in it. */
class Scope {
  readonly beforeEach: (() => unknown)[] = []
  readonly afterEach: (() => unknown)[] = []
  readonly name: string
  readonly skip: boolean
  readonly around: Scope | null

  constructor(name: string, skip: boolean, around: Scope | null) {
    this.name = name
    this.skip = skip || (around?.skip ?? false)
    this.around = around
  }

  /** From the file inwards. */
  get path(): Scope[] {
    return [...(this.around?.path ?? []), this]
  }
}

export interface Test {
  readonly file: string
  /** Every `describe` that it stands in, then its own. */
  readonly name: string
  /** Rejects if the test fails. */
  run(): Promise<void>
}

/** The tests of all files that were loaded, in their order. */
export const tests: Test[] = []

let file = new Scope('', false, null)
let scope = file
/** Fails the test that runs, for what is thrown where nobody waits for it. */
let fail: ((error: unknown) => void) | null = null
for (const event of ['uncaughtException', 'unhandledRejection'])
  process.on(event, (error) => fail?.(error))

/** Collects the tests of a file. */
export async function load(name: string, url: string): Promise<void> {
  file = new Scope(name, false, null)
  scope = file
  await import(url)
}

export function describe(name: string, options: Options | (() => void), body?: () => void): void {
  const { skip, run } = read(options, body)
  const around = scope
  scope = new Scope(name, skip, around)
  run()
  scope = around
}

export function it(name: string, options: Options | Body, body?: Body): void {
  const { skip, run } = read(options, body)
  const { path } = scope
  if (skip || scope.skip) return
  tests.push({
    file: file.name,
    name: [...path.slice(1).map((scope) => scope.name), name].join(' › '),
    run: () => runTest(path, run),
  })
}

export function beforeEach(hook: () => unknown): void {
  scope.beforeEach.push(hook)
}

/** Each test stands alone here, since mutants come and go between them: it has what others share for itself. */
export function before(hook: () => unknown): void {
  beforeEach(hook)
}

export function after(hook: () => unknown): void {
  afterEach(hook)
}

export function afterEach(hook: () => unknown): void {
  scope.afterEach.push(hook)
}

function read<F>(options: Options | F, body: F | undefined): { skip: boolean; run: F } {
  if (body === undefined) return { skip: false, run: options as F }
  const { skip } = options as Options
  return { skip: skip !== undefined && skip !== false, run: body }
}

async function runTest(path: readonly Scope[], body: Body): Promise<void> {
  const context = new Context()
  let timer: NodeJS.Timeout | undefined
  const accident = new Promise<never>((_, reject) => {
    fail = reject
    timer = setTimeout(() => reject(new Error('The test hangs.')), DEADLINE)
  })
  const whole = async () => {
    try {
      for (const { beforeEach } of path) for (const hook of beforeEach) await hook()
      await body(context)
    } finally {
      await context.end()
      for (const { afterEach } of path.toReversed()) for (const hook of afterEach) await hook()
    }
  }
  try {
    await Promise.race([whole(), accident])
  } finally {
    clearTimeout(timer)
    fail = null
  }
}
