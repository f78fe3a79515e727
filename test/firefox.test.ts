/** The page in Firefox: the whole round of browser.test.ts there, and with SLOW=1 all that Firefox can be asked for. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { describe, it } from 'node:test'
import { noFirefox } from './helpers/browser.ts'

/** Modules, events, clicks and fields in two tabs. It takes some ten seconds of processor time, and all tests some minutes. */
const ROUND =
  'goes from keys to an opened message in two tabs, the next step marked all the way, with mirrored records'
const isSlow = process.env['SLOW'] === '1'

describe('the page in Firefox', { skip: noFirefox }, () => {
  it(
    isSlow ? 'does what it does in Chromium' : 'goes through a whole round; the rest with SLOW=1',
    () => {
      // what the test runner tells a test of its own is not for another run
      const { NODE_TEST_CONTEXT: _, ...env } = process.env
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [
          ...['--import', './test/loader.js', '--test-reporter=tap'],
          ...(isSlow ? [] : [`--test-name-pattern=^${ROUND}$`]),
          path.join(import.meta.dirname, 'browser.test.ts'),
        ],
        { env: { ...env, BROWSER: 'firefox' }, encoding: 'utf8' },
      )
      assert.equal(status, 0, stdout + stderr)
      const passed = Number(/^# pass (\d+)$/m.exec(stdout)?.[1])
      assert.ok(isSlow ? passed > 30 : passed === 1, stdout)
    },
  )
})
