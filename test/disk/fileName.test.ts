/** Files whose names are not UTF-8, as old archives and other systems leave them. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkFile } from '../../src/classroom/transcript/check.ts'
import { namedFile, orAlike } from '../../src/disk/fileName.ts'
import { readPublicKey } from '../../src/state/keyFiles.ts'
import { pictureFile } from '../../src/state/pictureFile.ts'
import { MAIN, runCommand } from '../helpers/command.ts'
import { folderForEach } from '../helpers/files.ts'

const at = folderForEach()
const bytes = (...names: string[]) => Buffer.from(at(...names), 'latin1')
/** As an argument comes to a program of Node's. */
const argumentOf = (place: Buffer) => place.toString('utf8')

const MU = 'Mu\xf1oz'
const skip = process.platform !== 'linux' && 'only Linux has such names for sure'

describe('a file whose name is not UTF-8', { skip }, () => {
  it('is found by what Node makes of its name, in folders whose names are not either', () => {
    fs.mkdirSync(bytes(MU))
    fs.writeFileSync(bytes(MU, `${MU}.json`), 'here')
    const { path, name } = namedFile(argumentOf(bytes(MU, `${MU}.json`)))
    assert.equal(fs.readFileSync(path, 'utf8'), 'here')
    assert.equal(name, at('Mu\\xf1oz', 'Mu\\xf1oz.json'))
  })

  it('is found whatever its bytes are, and shown by them', () => {
    const name = fc
      .uint8Array({ minLength: 1, maxLength: 60 })
      .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0 && byte !== 0x2f)))
      .filter((name) => !['', '.', '..'].includes(`${name}`))
    fc.assert(
      fc.property(name, (name) => {
        const place = Buffer.concat([bytes(''), Buffer.from('/'), name])
        fs.writeFileSync(place, name)
        const found = namedFile(argumentOf(place))
        assert.deepEqual(fs.readFileSync(found.path), name)
        const back = found.name.replace(/\\x([89a-f][0-9a-f])|[^\\]+|\\/g, (piece, hex) =>
          hex
            ? String.fromCharCode(Number.parseInt(hex, 16))
            : Buffer.from(piece).toString('latin1'),
        )
        if (!name.includes('\\x')) assert.equal(back, place.toString('latin1'))
        fs.rmSync(place)
      }),
    )
  })

  it('is a key, a picture and a transcript like any other', async () => {
    for (const name of ['.pem', '.png', '.json']) fs.writeFileSync(bytes(MU + name), '{}')
    const named = (end: string) => argumentOf(bytes(MU + end))
    assert.throws(() => readPublicKey(named('.pem')), /is not|no PEM|BEGIN/i)
    await assert.rejects(pictureFile(named('.png')), /^DuetError: Mu\\xf1oz\.png is not a PNG/)
    const { file, wrong } = checkFile(named('.json'))
    assert.equal(file, at('Mu\\xf1oz.json'))
    assert.equal(wrong[0]?.code, 'bad_form')
  })

  it('is none of several that look alike, and that is said', () => {
    for (const name of ['Mu\xf1oz.json', 'Mu\xf2oz.json']) fs.writeFileSync(bytes(name), '{}')
    const { wrong } = checkFile(argumentOf(bytes('Mu\xf1oz.json')))
    assert.match(String(wrong[0]?.text), /no such file\. Or there are several, .* look alike/)
    assert.throws(() => readPublicKey(argumentOf(bytes('Mu\xf1oz.json'))), /look alike/)
    assert.equal(orAlike('Muñoz.json'), '')
  })

  it('comes to the command by way of a shell', async () => {
    fs.writeFileSync(bytes(`${MU}.json`), '{}')
    const program = ['sh', '-c', 'exec "$0" "$@" *oz.json', process.execPath]
    const { code, output } = await runCommand([MAIN, 'check'], { cwd: at(), program })
    assert.equal(code, 1)
    assert.match(output, /^Mu\\xf1oz\.json .* ✗ bad\n {4}It is JSON, and no transcript/m)
  })

  it('is no folder that is made', async () => {
    const { code, errors } = await runCommand(['keygen', 'Mu\ufffdoz'], { cwd: at() })
    assert.equal(code, 2)
    assert.match(errors, /^error: .* is invalid for argument 'dir'\. The name of a folder is UTF-8/)
    assert.deepEqual(fs.readdirSync(at()), [])
  })
})
