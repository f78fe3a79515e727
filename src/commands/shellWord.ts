/** Words of a command line that a person is told to type. */

import { wordsOf } from '../classroom/exercise/words.ts'
import { programName } from '../disk/programName.ts'
import { curlName, inQuotes, shellWord } from '../disk/shell.ts'
import { printable } from '../terminal/printable.ts'

/** `words` as the system's shells take them; `'…'` for one that a terminal would show as another word. */
export function quoted(words: readonly string[], platform = process.platform): string {
  return words
    .map((word) => (printable(word) === word ? shellWord(word, platform) : inQuotes('…', platform)))
    .join(' ')
}

/**
 * A command line as the shells of the system take it. `line` is written for a POSIX shell, with plain words and quotes, and
 * with ` | ` between two programs; `$` stands for the program as it was started (`file` is the script) and `command`.
 */
export function lineToType(
  line: string,
  command: string,
  platform = process.platform,
  file = process.argv[1] ?? '',
): string {
  const programs: Record<string, string> = {
    $: `${programName(file)} ${command}`.trimEnd(),
    curl: curlName(platform),
  }
  return line
    .split(' | ')
    .map((part) => {
      const [program = '', ...words] = wordsOf(part)
      return `${programs[program] ?? program} ${quoted(words, platform)}`.trimEnd()
    })
    .join(' | ')
}
