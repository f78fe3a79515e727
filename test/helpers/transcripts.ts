/** Transcripts of real runs, and what the check says of them, or of what somebody made of them. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type Checked, checkFile } from '../../src/classroom/transcript/check.ts'
import { compare, type Report } from '../../src/classroom/transcript/compare.ts'
import type { Suite } from '../../src/protocol/suites.ts'
import { agree, type TestPeer, withPeers } from './with-peers.ts'

// biome-ignore lint/suspicious/noExplicitAny: JSON as it came, to be changed
export type Json = any

/** Two exchanges, three messages from a and two pictures from b, all read but the last message. */
export async function wholeRound(a: TestPeer, b: TestPeer): Promise<void> {
  for (const exchange of [1, 2]) {
    await agree(a, b)
    for (let i = 0; i < exchange; i++) await a.call('/send_msg')
    if (exchange === 1) await b.call('/decrypt_msg')
    await b.call('/send_image')
  }
  await a.call('/decrypt_msg')
}

/** The transcripts of both, as `/transcript` gives them. */
export async function transcriptsOf(...peers: TestPeer[]): Promise<string[]> {
  return Promise.all(peers.map(async (peer) => (await peer.call('/transcript')).text))
}

/** Both transcripts of a run on `suite`, of `round`. */
export async function runOn(suite: Suite, round = wholeRound): Promise<[string, string]> {
  let texts: string[] = []
  await withPeers({ suite }, async (a, b) => {
    await round(a, b)
    texts = await transcriptsOf(a, b)
  })
  return texts as [string, string]
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-transcripts-'))
process.once('exit', () => fs.rmSync(folder, { recursive: true }))

function written(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name)
  fs.writeFileSync(file, content)
  return file
}

/** What the check finds in a file of this name and content, by itself. */
export function checkedAs(name: string, content: string | Uint8Array): Checked {
  const file = written(name, content)
  const checked = checkFile(file)
  // to write over a file is slower than to write a new one
  fs.unlinkSync(file)
  return checked
}

/** What the check says of files with these contents, in their order. */
export function reportsOf(contents: readonly (string | Uint8Array)[]): Report[] {
  return compare(contents.map((content, i) => checkedAs(`${i}.json`, content)))
}

const documentation = fs.readFileSync(new URL('../../src/page/README.md', import.meta.url), 'utf8')
const [, SCRIPT = ''] = /```js\n([\s\S]*?)```/.exec(documentation) ?? []

/** Runs the script on each file of its arguments, by itself: what it prints, and how it would have ended. */
const EACH = `
const said = []
for (const [i, file] of process.argv.slice(2).entries()) {
  let output = ''
  console.log = (line) => { output += line + '\\n' }
  process.argv[2] = file
  process.exitCode = 0
  try {
    await import('./check.mjs?' + i)
  } catch (error) {
    process.exitCode = 1
    output += error
  }
  said.push({ status: process.exitCode, output })
}
process.exitCode = 0
process.stdout.write(JSON.stringify(said))
`

/** What the documented script says of each of these, all asked in one process. */
export function scripted(contents: readonly string[]): { status: number; output: string }[] {
  written('check.mjs', SCRIPT)
  const files = contents.map((content, i) => written(`${i}.json`, content))
  const each = written('each.mjs', EACH)
  const { stdout, stderr } = spawnSync(process.execPath, [each, ...files], { encoding: 'utf8' })
  assert.equal(stderr, '')
  return JSON.parse(stdout)
}

/** What is wrong with one file with this content, in words. */
export function wrongIn(content: string | Uint8Array): string[] {
  return checkedAs('0.json', content).wrong.map(({ text }) => text)
}

/** `text` with `change` made to it as JSON. */
export function changed(text: string, change: (transcript: Json) => void): string {
  const transcript = JSON.parse(text)
  change(transcript)
  return JSON.stringify(transcript)
}

/** A transcript as version 1 had it: the last 200 events, and no keys before them. */
export function asVersion1(text: string): string {
  return changed(text, (transcript) => {
    const { events } = transcript
    transcript.version = 1
    delete transcript.from
    delete transcript.state.inDoubt
    transcript.events = events.slice(-200)
    transcript.dropped = (events.at(-1)?.n ?? 0) - transcript.events.length
  })
}

/** One run on each suite, taken once. */
const runs = new Map<Suite, Promise<[string, string]>>()
export function oneRun(suite: Suite): Promise<[string, string]> {
  const run = runs.get(suite) ?? runOn(suite)
  runs.set(suite, run)
  return run
}

/** Fails if anything is wrong with these, one by one or beside one another. */
export function assertGood(texts: readonly string[]): void {
  for (const { wrong } of reportsOf(texts)) assert.deepEqual(wrong, [])
}

/** Where in a transcript bytes stand in hex, but for the explanations. */
export function* hexIn(value: Json, place: string[] = []): Generator<string[]> {
  if (typeof value === 'string') {
    if (/^(?:[0-9a-f]{2})+$/.test(value)) yield place
  } else if (typeof value === 'object' && value !== null)
    for (const name of Object.keys(value))
      if (place.length > 0 || name !== 'forms') yield* hexIn(value[name], [...place, name])
}

/**
 * What nobody can tell from one transcript, since it does not follow from what is in it: sealed bytes; a tag that
 * was sent once; the name of the run; the number of a picture that came, since those before it may be lost, unless it
 * is the last; which session an answer confirms, if a message that opened says as much, and with which ciphertext, if that is
 * there elsewhere; and which one a key message confirms that was confirmed before.
 */
export function isHidden(transcript: Json, [first, n, , i, kind]: string[]): boolean {
  if (first === 'run') return true
  if (first !== 'events') return false
  const event = transcript.events[Number(n)]
  const { field } = event.parts[Number(i)]
  if (event.form === 'sealed message') return field === 'ciphertext' || field === 'tag'
  if (event.form === 'picture header')
    return field === 'number' && kind === 'hex' && event.way === 'received'
  if (field === 'confirm.tag') return true
  if (event.way !== 'received') return false
  const isText = ({ text }: Json) => text === event.parts[Number(i)].text
  // it is there once more, and there it is looked at
  if (field === 'confirm.ciphertext' && event.type === 'answer')
    return transcript.events.some(
      (other: Json) => other !== event && (other.parts ?? []).some(isText),
    )
  if (field !== 'confirm.session') return false
  const confirmed = ({ parts = [], way }: Json) => way === 'received' && parts.some(isText)
  return event.type === 'answer' || transcript.events.slice(0, Number(n)).some(confirmed)
}
