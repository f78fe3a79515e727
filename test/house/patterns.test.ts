/** Every pattern in the sources takes time in line with its text, whatever the text: each is looked at, as it stands there. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { type ParserOptions, parse } from '@babel/parser'
import { checkSync } from 'recheck'
import { ESCAPED } from '../../src/terminal/printable.ts'

const SRC = path.resolve(import.meta.dirname, '../../src')

/** By its file: the pattern that is put together there when the program starts, from nothing but its own words. */
const PUT_TOGETHER: Readonly<Record<string, RegExp>> = { 'terminal/printable.ts': ESCAPED }

interface Pattern {
  /** Null: it is put together at run time. */
  readonly source: string | null
  readonly flags: string
  readonly line: number
}

function patternsIn(text: string): Pattern[] {
  const options: ParserOptions = { sourceType: 'module', plugins: ['typescript'] }
  const found: Pattern[] = []
  JSON.stringify(parse(text, options), (_, node) => {
    const line = node?.loc?.start.line
    if (node?.type === 'RegExpLiteral')
      found.push({ source: node.pattern, flags: node.flags, line })
    else if (node?.callee?.name === 'RegExp') found.push({ source: null, flags: '', line })
    return node
  })
  return found
}

/** What is wrong with a pattern, or null. */
function fault({ source, flags }: Pattern): string | null {
  if (source === null) return 'is put together at run time, where nobody looks at it'
  // each match may look at all of the text once more, however fast one match is
  if (/[gy]/.test(flags) && /\(\?<?[=!][^()]*([*+]|\{\d+,\})/.test(source))
    return 'looks around without end'
  const { status, ...checked } = checkSync(source, flags, { timeout: 120_000 })
  return status === 'safe' ? null : `${status} ${JSON.stringify(checked)}`
}

function whole(file: string) {
  const { source = null, flags = '' } = PUT_TOGETHER[file.replaceAll(path.sep, '/')] ?? {}
  return { source, flags }
}

const slow = process.env['SLOW'] !== '1' && 'to look at all takes half a minute: SLOW=1 does'

describe('a pattern', () => {
  it('in the sources takes time in line with its text', { skip: slow }, () => {
    const files = fs.readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    const seen = new Map<string, string | null>()
    for (const file of files.filter((file) => /\.(?:ts|js)$/.test(file)))
      for (const found of patternsIn(fs.readFileSync(path.join(SRC, file), 'utf8'))) {
        const pattern = found.source === null ? { ...found, ...whole(file) } : found
        const { source, flags, line } = pattern
        const key = `/${source}/${flags}`
        if (!seen.has(key)) seen.set(key, fault(pattern))
        assert.equal(seen.get(key), null, `${file}:${line} ${key}`)
      }
    assert.ok(seen.size > 50, `${seen.size} patterns found`)
  })

  it('that does not would be found', () => {
    const planted = [
      ['const x = /(a+)+$/', 'vulnerable'],
      [String.raw`text.replace(/\s+$/gm, '')`, 'vulnerable'],
      [String.raw`const blanks: RegExp = /(?<!\d|\d{5}[\s.]+)\d{5}/`, 'vulnerable'],
      [String.raw`f(/"((?:[^"\\]|\\.)*)"/)`, 'vulnerable'],
      ['for (const [x] of text.matchAll(/a(?=.*b)/g)) f(x)', 'looks around'],
      ["new RegExp('(a+)+' + end)", 'put together'],
      ["if (RegExp('(a+)+$').test(text)) f()", 'put together'],
    ]
    for (const [text = '', what = ''] of planted) {
      const [pattern, ...more] = patternsIn(text)
      assert.ok(pattern && more.length === 0, text)
      assert.ok(fault(pattern)?.includes(what), `${text} ${fault(pattern)}`)
    }
  })
})
