/** Transcripts of real runs, and what the check says of them, or of what somebody made of them. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Suite } from '../../src/protocol/suites.ts'
import { checkFile } from '../../src/transcript/check.ts'
import { compare, type Report } from '../../src/transcript/compare.ts'
import { type TestPeer, withPeers } from './with-peers.ts'

// biome-ignore lint/suspicious/noExplicitAny: JSON as it came, to be changed
export type Json = any

/** Two exchanges, three messages from a and two pictures from b, all read but the last message. */
export async function wholeRound(a: TestPeer, b: TestPeer): Promise<void> {
  for (const exchange of [1, 2]) {
    for (const peer of [a, b]) await peer.call('/send_keys')
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

/** What the check says of files with these contents, in their order. */
export function reportsOf(contents: readonly (string | Uint8Array)[]): Report[] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-check-'))
  try {
    const files = contents.map((content, i) => {
      const file = path.join(folder, `${i}.json`)
      fs.writeFileSync(file, content)
      return file
    })
    return compare(files.map(checkFile))
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

const documentation = fs.readFileSync(new URL('../../src/page/README.md', import.meta.url), 'utf8')
const [, SCRIPT = ''] = /```js\n([\s\S]*?)```/.exec(documentation) ?? []

/** What the documented script says of a transcript. */
export function scripted(content: string): { status: number | null; output: string } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-transcript-'))
  try {
    fs.writeFileSync(path.join(folder, 'check.mjs'), SCRIPT)
    fs.writeFileSync(path.join(folder, 'transcript.json'), content)
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['check.mjs', 'transcript.json'],
      { cwd: folder, encoding: 'utf8' },
    )
    return { status, output: stdout + stderr }
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

/** What is wrong with one file with this content, in words. */
export function wrongIn(content: string | Uint8Array): string[] {
  return reportsOf([content]).flatMap(({ wrong }) => wrong.map(({ text }) => text))
}

/** `text` with `change` made to it as JSON. */
export function changed(text: string, change: (transcript: Json) => void): string {
  const transcript = JSON.parse(text)
  change(transcript)
  return JSON.stringify(transcript)
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
