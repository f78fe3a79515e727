/** The files of one folder of tests in one process: to start one for each takes longer than most of them run. */

import fs from 'node:fs'
import path from 'node:path'
import { before, describe } from 'node:test'
import { pathToFileURL } from 'node:url'

/** Runs every `*.test.ts` in a folder of `test/`, one after another, each as a suite of its own, which its hooks belong to. */
export async function testsIn(folder: string): Promise<void> {
  const dir = path.resolve(import.meta.dirname, '..', folder)
  let begin = () => {}
  // a test that puts something in the place of `fs` must not meet a file that is still being read
  const isRead = new Promise<void>((resolve) => {
    begin = resolve
  })
  before(() => isRead)
  for (const file of fs.readdirSync(dir).sort())
    if (file.endsWith('.test.ts')) await suiteOf(`${folder}/${file}`, path.join(dir, file))
  begin()
}

function suiteOf(name: string, file: string): Promise<void> {
  return new Promise((resolve) => {
    describe(name, async () => {
      await import(pathToFileURL(file).href)
      resolve()
    })
  })
}
