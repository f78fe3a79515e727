/** The page in Firefox: all of browser.test.ts that Firefox can be asked for. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { describe, it } from 'node:test'
import { noFirefox } from './helpers/browser.ts'

const slow =
  process.env['SLOW'] !== '1' &&
  'Firefox takes nine seconds of the processor until there is one tab: SLOW=1 runs it'

describe('the page in Firefox', { skip: noFirefox || slow }, () => {
  it('does what it does in Chromium', () => {
    // what the test runner tells a test of its own is not for another run
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const file = path.join(import.meta.dirname, 'browser.test.ts')
    const args = ['--import', './test/loader.js', '--test-reporter=tap', file]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      env: { ...env, BROWSER: 'firefox' },
      encoding: 'utf8',
    })
    assert.equal(status, 0, stdout + stderr)
    assert.ok(Number(/^# pass (\d+)$/m.exec(stdout)?.[1]) > 20, stdout)
  })
})
