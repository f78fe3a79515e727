/** The examples in the library's chapter. */

import assert from 'node:assert/strict'
import { chaptersOf, documentAt, fences } from './documents.ts'

/** The one that begins with the comment `// NAME`, as it stands there. */
export function exampleOf(name: string): string {
  const chapter = chaptersOf(documentAt('src/README.md').text).get('As a library') ?? ''
  const code = fences(chapter, 'js').find((code) => /^\/\/ ([\w.-]+)/.exec(code)?.[1] === name)
  return code ?? assert.fail(name)
}
