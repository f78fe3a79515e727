/** What "this machine" is, for every place that asks: an address of loopback, or a URL that goes to one. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isLocal, localOrigin } from '../../src/http/loopback.ts'
import { commandsOf } from '../../src/http/nextCommands.ts'

/** Hosts in a URL that are on this machine, and the address that each stands for. */
const HERE = {
  '127.0.0.1': '127.0.0.1',
  '127.9.8.7': '127.9.8.7',
  '127.1': '127.0.0.1',
  '2130706433': '127.0.0.1',
  '0x7f.1': '127.0.0.1',
  '0177.0.0.1': '127.0.0.1',
  '127.0.0.1.': '127.0.0.1',
  '１２７.0.0.1': '127.0.0.1',
  // names, which somebody's resolver may have elsewhere
  localhost: '127.0.0.1',
  'LocalHost.': '127.0.0.1',
  'duet.localhost': '127.0.0.1',
  '[::1]': '[::1]',
  '[0:0::1]': '[::1]',
  '[::ffff:127.0.0.1]': '[::ffff:7f00:1]',
}
const ELSEWHERE =
  `192.168.1.10 0.0.0.0 128.0.0.1 12.7.0.1 [::2] [::] [::127.0.0.1] [::ffff:192.0.2.7]
  [64:ff9b::127.0.0.1] [2001:db8::ffff:127.0.0.1] 127.evil.example 127.0.0.1.example 127.0.0.1@evil.example
  localhost.example notlocalhost evil.example localhost.. 127.0.0.1.evil.example 127.evil.example`.split(
    /\s+/,
  )

describe('a URL', () => {
  const urlOf = (host: string) => `http://${host}:5000`

  it('on this machine may be written in many ways, and gets an address', () => {
    for (const [host, address] of Object.entries(HERE))
      assert.equal(localOrigin(`${urlOf(host)}/path`), `http://${address}:5000`, host)
  })

  it('of any other host is not on this machine, whatever its name begins or ends with', () => {
    for (const host of ELSEWHERE) assert.equal(localOrigin(urlOf(host)), null, host)
    for (const url of ['https://127.0.0.1:5000', 'file://127.0.0.1/x', '127.0.0.1:5000', ''])
      assert.equal(localOrigin(url), null, url)
  })

  it('is on this machine for whoever asks, and the commands for its owner say so', () => {
    const url = 'http://127.0.0.1:5000'
    for (const host of [...Object.keys(HERE), ...ELSEWHERE]) {
      const is = localOrigin(urlOf(host)) !== null
      assert.equal(isLocal(urlOf(host)), is, host)
      const command = commandsOf({ url, peerUrl: urlOf(host) }).peer('/show')
      assert.equal(command.includes('# on the other machine'), !is, host)
    }
  })
})

describe('an address', () => {
  const here = `127.0.0.1 127.255.0.9 ::1 0:0:0:0:0:0:0:1 ::1%lo ::ffff:127.0.0.1 ::FFFF:7f00:1`
  const elsewhere = `128.0.0.1 12.7.0.1 192.0.2.127 ::ffff:192.0.2.7 0.0.0.0 :: ::2 ::127.0.0.1
    fe80::1%eth0 2001:db8::ffff:127.0.0.1 127. localhost ::ffff:::1 127.0.0.1.example [::1]`

  it('is on this machine or is not', () => {
    for (const address of here.split(/\s+/)) assert.equal(isLocal(address), true, address)
    for (const address of ['', ...elsewhere.split(/\s+/)])
      assert.equal(isLocal(address), false, address)
  })

  it('of version 4 is by its first number, alone or in IPv6', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const is = address.startsWith('127.')
        assert.equal(isLocal(address), is)
        assert.equal(isLocal(`::ffff:${address}`), is)
        assert.equal(isLocal(`http://${address}`), is)
      }),
    )
  })
})
