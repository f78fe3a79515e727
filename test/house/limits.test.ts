/** The page of limits: each figure is that of the code, and no limit of the code is missing. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { documentAt, root } from '../helpers/documents.ts'

const sources = new Map(
  fs
    .readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll(path.sep, '/'))
    .filter(
      (file) =>
        /\.[tj]s$/.test(file) && !/^(classroom\/(lab|exercise\/clauses)|sample)\//.test(file),
    )
    .map((file) => [file, fs.readFileSync(path.join(root, 'src', file), 'utf8')]),
)

/** Times are in ms in the code. */
const UNITS: Record<string, number> = {
  one: 1,
  bytes: 1,
  pixels: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  megapixels: 1e6,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
}

/** Row by row: what is limited, the figure, and where the code has it. */
const rows = [
  ...documentAt('src/LIMITS.md').text.matchAll(
    /^\| (.+) \| ([\d,]+)(?: (\w+))? \| `(.+)` `(.+)` \|$/gm,
  ),
].map(([, what = '', figure = '', unit = 'one', file = '', name = '']) => {
  return {
    what,
    value: Number(figure.replaceAll(',', '')) * (UNITS[unit] ?? Number.NaN),
    file,
    name,
  }
})

/** The value of a constant, or of a property that is a number, as far as it is made of numbers, the lengths of texts, and other such constants. */
function figureOf(name: string, file: string): number {
  const pattern = new RegExp(
    `^(?:export )?const ${name} = (.+)$|\\b${name}: ([\\d_ *]+)[,\\n}]`,
    'm',
  )
  const isExported = ([, text]: [string, string]) => text.includes(`export const ${name} = `)
  const [elsewhere = ''] = [...sources].find(isExported) ?? []
  const found = [file, elsewhere]
    .map((file) => ({ file, match: pattern.exec(sources.get(file) ?? '') }))
    .find(({ match }) => match !== null)
  const term = found?.match?.[1] ?? found?.match?.[2]
  assert.ok(term !== undefined, `${file} has no ${name}`)
  const numbers = term
    .replaceAll(/utf8ToBytes\('(.*?)'\)|'(.*?)'/g, (_, a = '', b = '') => `${(a + b).length}`)
    .replaceAll('.length', '')
    .replaceAll(/\b[A-Z][A-Z\d_]+\b/g, (inner) => `${figureOf(inner, found?.file ?? '')}`)
  assert.match(numbers, /^[\d_ ()+*]+$/, `${name} of ${file}`)
  return Number(new Function(`return ${numbers}`)())
}

/** What is called like a limit and is none on what strangers can make it use. */
const NONE: Record<string, string> = {
  'terminal/publicValue.ts MAX_WHOLE_BYTES': 'how a longer one is shown',
  'terminal/repeats.ts QUIET_MS': 'when a count is shown',
  'terminal/repeats.ts LONGEST_MS': 'the same',
  'terminal/terminal.ts PAUSE_MS': 'when a blank line is',
  'commands/arguments.ts MAX_DEMO_BYTES': 'a text of the lab',
  'commands/checkWords.ts MAX_SENTENCES': 'what is printed of a file',
  'commands/checkWords.ts MAX_FILES_SAID': 'the same',
  'commands/checkWords.ts MAX_LISTED': 'the same',
  'commands/checkWords.ts MAX_NAMED': 'the same',
  'commands/checkCsv.ts MAX_REASONS': 'what a cell has of a file',
  'commands/send.ts MAX_INPUT_BYTES': 'the text of whoever sends',
  'commands/sendImage.ts OWNER_TIMEOUT': 'the owner waits for the own peer',
  'commands/exercise.ts PROGRESS_MS': 'how often',
  'commands/ending.ts LAST_LINES_MS': 'for standard output at the end',
  'commands/ending.ts ONE_CTRL_C_MS': 'how soon',
  'wirelog/ring.ts MAX_SENT': 'of those that are pinned',
  'wirelog/ring.ts MAX_PROOFS': 'the same',
  'classroom/exercise/files.ts MAX_SHOWN': 'what is quoted of a name',
  'classroom/exercise/kept.ts MAX_TAIL': 'what is quoted of an output',
  'classroom/exercise/kept.ts LOOK_MS': 'how often',
  'classroom/exercise/scene.ts PRINT_MS': 'how soon a peer is ended whose output may be held back',
  'classroom/exercise/starts.ts READY_POLL_MS': 'how often',
  'classroom/exercise/starts.ts MAX_IDENTITIES': 'how often a peer is started for one that fits',
  'classroom/exercise/starts.ts MAX_PORTS':
    'how often a peer is started where somebody takes its port',
  'classroom/exercise/student.ts GROUP_POLL_MS': 'how often',
  'classroom/exercise/student.ts MAX_TAKEN': 'how long a port is not given out again',
  'classroom/exercise/call.ts MAX_CODE': 'what is quoted of a code',
  'classroom/exercise/run.ts ENDED_MS': 'how soon an end is known',
  'classroom/exercise/report/plain.ts MAX_OUTPUT_BYTES': 'what is quoted of a clause',
  'classroom/exercise/report/github.ts MAX_MESSAGE': 'the same',
  'page/parts/Flights.ts FLIGHT_MS': 'how long a drawing moves',
  'classroom/transcript/sessions.ts UNCONFIRMED_MS': 'of the peer whose transcript it is',
  'http/eventStream.ts BEAT_MS': 'how often',
  'http/wire.ts MAX_KEYS_BODY': 'stands below the table: it is that of the longest suite',
  'mailbox/maildir.ts MAX_NAME_BYTES': 'of the file system',
  'mailbox/watchMaildir.ts LOOK_AGAIN_MS': 'how often',
  'mailbox/maildir.ts LIST_AGAIN_MS': 'how often',
  'mailbox/watchMaildir.ts GROWING_MS': 'how soon',
  'mailbox/watchMaildir.ts FLOOD_MS': 'how often',
  'page/acts.ts MAX_REQUESTS': 'what folds',
  'page/parts/Long.ts MAX_DIGITS': 'what folds',
  'page/browser/feed.ts AGAIN_MS': 'how soon',
  'page/browser/page.ts NEWS_MS': 'how soon',
  'page/parts/Controls.ts COPIED_MS': 'how long a button says so',
  'page/browser/toy.ts SLICE_MS': 'how long the page waits for Eve',
  'page/browser/toy.ts HOP_MS': 'how soon',
  'page/browser/toy.ts SHOW_MS': 'how often',
  'state/lockedState.ts STILL_HERE_MS': 'how often',
  'state/keptPictures.ts MAX_TIME': 'a date',
  'commands/talk.ts GIVE_UP_MS': 'how long the owner waits for the own texts',
  'commands/talk.ts MAX_PIPED_UNSETTLED': 'lines of whoever sends',
  'commands/talk.ts MAX_NAMED': 'what is printed of those who are there',
  'nearby/labels.ts MAX_LABEL_BYTES': 'of the own name',
  'nearby/multicast.ts NETWORKS_MS': 'how often',
  'nearby/nearby.ts ASKED_MS': 'how often',
  'nearby/nearby.ts ANSWERED_MS': 'how soon',
  'nearby/nearby.ts CHANCE_MS': 'how soon',
  'talk/finding.ts GATHERED_MS': 'how soon it is asked',
  'talk/finding.ts READ_MS': 'how soon an answer counts',
  'talk/finding.ts MAX_SHOWN': 'what is shown of a list',
  'talk/following.ts TRIED_MS': 'how soon',
  'talk/pipedLines.ts MAX_PIPED': 'a line of whoever sends',
  'talk/screen.ts MAX_PENDING': 'what is shown of the own texts',
  'talk/search.ts NOBODY_MS': 'how soon',
  'talk/search.ts LOOK_MS': 'how often',
  'talk/sender.ts KEYS_ANSWERED_MS': 'how soon',
  'talk/talk.ts MAX_TOLD': 'what is shown of the own texts',
  'talk/talk.ts PROGRESS_MS': 'how often',
  'talk/typing.ts MAX_LINE': 'what the owner types',
  'talk/typing.ts ESCAPE_MS': 'how soon',
  'talk/whereabouts.ts FOLLOW_MS': 'how often',
  'talk/whereabouts.ts TRIED_MS': 'how soon',
  'terminal/typedLine.ts MAX_ROWS': 'what is shown of what the owner types',
  'terminal/lines.ts MAX_NAMED': 'what is printed of those that went',
  'peer/pictures.ts PROGRESS_MS': 'how often',
  'disk/lock.ts SILENCE_MS': 'how soon a peer on another machine counts as gone',
}

describe('the page of limits', () => {
  it('has rows, all of which could be read', () => {
    const all = documentAt('src/LIMITS.md').text.match(/^\| [^-].*\|$/gm) ?? []
    const heads = all.filter((row) => row === '| what | at most | in the code |')
    assert.equal(rows.length, all.length - heads.length)
    assert.ok(rows.length > 40)
  })

  for (const { what, value, file, name } of rows)
    it(`says of ${what} what ${name} of ${file} is`, () =>
      assert.equal(figureOf(name, file), value))

  it('has every constant that is called like a limit', () => {
    const limits = [...sources].flatMap(([file, text]) =>
      [...text.matchAll(/^(?:export )?const (MAX_\w+|\w*TIMEOUT|\w+_MS) = /gm)].map(
        ([, name]) => `${file} ${name}`,
      ),
    )
    const known = [...rows.map(({ file, name }) => `${file} ${name}`), ...Object.keys(NONE)]
    assert.deepEqual(
      limits.filter((limit) => !known.includes(limit)),
      [],
    )
  })
})
