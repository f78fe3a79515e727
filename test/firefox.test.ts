/** The page in Firefox: a short round of browser.test.ts there, and with SLOW=1 all that Firefox can be asked for. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { describe, it } from 'node:test'
import { noFirefox } from './helpers/browser.ts'

/** Modules, events, clicks and fields, in one tab: most of its nine seconds of processor time go by until there is one. */
const ROUND = 'that is too early says why and what comes first, and one with a wrong file too'
const isSlow = process.env['SLOW'] === '1'

describe('the page in Firefox', { skip: noFirefox }, () => {
  it(
    isSlow
      ? 'does what it does in Chromium'
      : 'runs steps and says what comes next; the rest with SLOW=1',
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
