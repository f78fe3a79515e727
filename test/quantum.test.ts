/** `lab quantum`: that every private key on the curve opens the one recording, and not the other. The lesson runs the command. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { quantum } from '../src/lab/quantum/quantum.ts'
import { labSays } from './helpers/lab.ts'

const DAY = 'Only until the day of the quantum computer?'

/** What stands under each heading. */
const partsOf = (output: string) => output.split(/^\d\. .*\n─+$/m).slice(1)

describe('ecdh-duet lab quantum', () => {
  // whichever of the two is party 1: that follows from random identities
  for (const time of ['once', 'again'])
    it(`opens what went over X25519, and of X25519MLKEM768 nothing without its other secret, ${time}`, async () => {
      const { output } = await labSays((say) => quantum(say, 1))
      const [wire = '', keys = '', first = '', second = '', cost = '', during = '', says = ''] =
        partsOf(output)

      const sizes = (what: string) =>
        [...wire.matchAll(new RegExp(`^${what} +([\\d,]+) +([\\d,]+)$`, 'gm'))].map((row) =>
          row.slice(1).map((text) => Number(text.replaceAll(',', ''))),
        )
      const [[alone = 0, joined = 0] = []] = sizes('the whole exchange')
      const rows = [...sizes('key message of [AB]'), ...sizes('the answer to it')]
      assert.equal(rows.length, 4)
      const sum = (at: number) => rows.reduce((sum, row) => sum + (row[at] ?? 0), 0)
      assert.deepEqual([alone, joined], [sum(0), sum(1)])
      // an encapsulation key each way and one ciphertext, in hex
      const field = '"ciphertext":"",'.length
      const name = 2 * 'MLKEM768'.length
      assert.equal(joined - alone, 2 * (1184 + 1184 + 1088) + field + name)

      assert.equal([...keys.matchAll(/(identity|public key) of [AB] +[0-9a-f]{28}…/g)].length, 8)
      assert.equal([...first.matchAll(/✓ opens: /g)].length, 3)
      assert.ok(first.includes(`text A → B            ✓ opens: ${DAY}\n`))
      assert.match(first, /✓ opens: Then let us take the other one\.$/m)
      assert.match(first, /^ {2}picture A → B +✓ opens: \{"type":"image\/png","bytes":\d+,/m)
      assert.doesNotMatch(first, /✗/)

      const verdicts = [...second.matchAll(/ ([\d,]+) +([✓✗] .*)$/gm)].map(
        ([, tries, verdict]) => ({
          tries: Number(tries?.replaceAll(',', '')),
          verdict,
        }),
      )
      assert.deepEqual(
        verdicts.map(({ verdict }) => verdict),
        ['✗ all stay closed', '✓ opens 3 of 3', '✗ all stay closed'],
      )
      assert.ok(verdicts.every(({ tries }) => tries > 20))
      assert.doesNotMatch(second, new RegExp(DAY.slice(0, 8)))

      const times = [...cost.matchAll(/(\d+\.\d) ms/g)].map(([, ms]) => Number(ms))
      assert.equal(times.length, 6)
      assert.ok(times.slice(0, 2).every((ms) => ms > 0))

      assert.match(during, /B agrees +session [0-9a-f]{32}, with the peer that it knows$/m)
      assert.match(during, /safety number +the same as with A$/m)
      assert.match(during, /she reads +Are we alone, A\?$/m)
      assert.match(says, /record now, open later/)
    })
})
