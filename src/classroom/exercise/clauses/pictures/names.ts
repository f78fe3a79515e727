/** Stage 4: the name of a picture is a label, and nothing that a file system or a terminal acts on. */

import path from 'node:path'
import { bytesToHex } from '../../../../protocol/bytes.ts'
import { printable } from '../../../../terminal/printable.ts'
import type { Context } from '../../context.ts'
import { exists, filesUnder, shownPath } from '../../files.ts'
import { Probes } from '../../probes.ts'
import { madeUp, post, seal } from './sealed.ts'

/** pictures/15 */
export async function labels(context: Context): Promise<void> {
  const { scene, session } = await context.agreed()
  const { state, student } = scene
  if (state === null) return
  const probes = new Probes(scene)
  // No file of anybody's has it in its name.
  const token = `label${bytesToHex(context.random.bytes(6))}`
  const root = path.dirname(path.dirname(state))
  const sequence = `\u001b]0;${token}\u0007`
  const names = [
    `../../${token}`,
    path.join(root, token),
    `${token}\0.png`,
    `..\\${token}`,
    `${token}${'n'.repeat(300 - token.length)}`,
    sequence,
    '',
  ]
  const mark = scene.outputMark
  for (const name of names) {
    const picture = { ...madeUp(context.random, 'image/png', 200), name }
    const shown = name.length > 60 ? `${name.length} letters` : printable(name)
    probes.taken(`the name "${shown}"`, await post(scene, session, seal(session, picture)), {
      cause: `A picture is refused for its name: "${shown}". A name is a label of any letters.`,
    })
  }
  const cwd = student?.cwd
  const places = [
    ...[state, cwd ?? state].flatMap((folder) => [
      path.resolve(folder, '..', '..', token),
      path.resolve(folder, '..', '..', '..', token),
    ]),
    path.join(root, token),
  ]
  const found = [...(await filesUnder(root)), ...(cwd === undefined ? [] : await filesUnder(cwd))]
    .map((file) => file.path)
    .filter((file) => path.basename(file).includes(token))
  for (const place of places) if (await exists(place)) found.push(place)
  const [file = ''] = found
  const shown = shownPath(file, state, cwd)
  probes.holds('no file of that name', file === '', shown, {
    cause: `The name of a picture is used as a path: ${shown}. A picture gets a name of your own.`,
  })
  const output = student?.stdout.since(mark)
  probes.holds(
    'no escape on standard output',
    !output?.includes(sequence.slice(0, -1)),
    'there is one',
    {
      cause:
        'The name of a picture is printed as it is. It comes from somebody else, and can drive the terminal.',
    },
  )
  probes.end(
    `pictures with the names ../../${token}, an absolute path, a zero byte, an escape, …`,
    'taken; no file has such a name, and no escape is printed',
    () => probes.firstCause,
  )
}
