/** The curls beside the steps that take a text or a picture, with what the reader has given, as a shell takes them. */

import { ownCommand, type Setting, type View } from './view.ts'

/** The type of a file whose type the browser does not know. */
export const UNKNOWN_TYPE = 'application/octet-stream'

/** What cmd or PowerShell evaluates between double quotes, or takes for their end. */
const EVALUATED = /["“”„$`%\n]/

/** A word in quotes, of which the reader has given `value`; on Windows the reader types what a shell would change. */
function quoted({ quote }: Setting, before: string, value: string): string {
  if (quote === "'") return `'${before}${value.replaceAll("'", "'\\''")}'`
  const typed = EVALUATED.test(value) ? '…' : value.replace(/(?<!\\)\\+$/, '$&$&')
  return `"${before}${typed}"`
}

/** Sends what the reader has typed; without a script, the example of the language. */
export function textCurl({ setting, desk, act, words }: View): string {
  const command = ownCommand(setting, '/send_msg')
  if (act !== null && desk.text === '') return command
  return `${command} --data-urlencode ${quoted(setting, 'text=', act === null ? words.exampleText : desk.text)}`
}

/** Tells the peer the number of the other side. */
export function compareCurl(setting: Setting): string {
  return `${ownCommand(setting, '/compare')} --data-urlencode ${quoted(setting, 'number=', '…')}`
}

/** Sends the file that the reader has chosen. */
export function pictureCurl({ setting, desk }: Pick<View, 'setting' | 'desk'>): string {
  const command = ownCommand(setting, '/send_image')
  if (desk.file === null) return command
  const { type, name } = desk.file
  const header = quoted(setting, 'Content-Type: ', type || UNKNOWN_TYPE)
  return `${command} -H ${header} --data-binary ${quoted(setting, '@', name)}`
}
