/** How the shells of this system are told: a POSIX shell, or on Windows both cmd and PowerShell. */

/** A word that needs no quotes. In PowerShell a comma makes a list, and `@` begins a variable. */
const PLAIN = { posix: /^[\w@%+=:,./-]+$/, win32: /^[\w+=:./\\-]+$/ }

/** What cmd or PowerShell still evaluates between double quotes, or takes for the end of them. */
const EVALUATED = /["“”„$`%]/

const isWindows = (platform: NodeJS.Platform) => platform === 'win32'

/** `word` in the quotes of the system. On Windows they are double, since cmd takes no others. */
export function inQuotes(word: string, platform = process.platform): string {
  // a program there takes a backslash before a quote for a sign of that quote
  if (isWindows(platform)) return `"${word.replace(/(?<!\\)\\+$/, '$&$&')}"`
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** `word` as the system's shells take it, in quotes only where it needs them; `"…"` if none of its forms is for all of them. */
export function shellWord(word: string, platform = process.platform): string {
  const kind = isWindows(platform) ? 'win32' : 'posix'
  if (PLAIN[kind].test(word)) return word
  return inQuotes(kind === 'win32' && EVALUATED.test(word) ? '…' : word, platform)
}

/** What is typed for curl. In the PowerShell of Windows `curl` alone is another program. */
export function curlName(platform = process.platform): string {
  return isWindows(platform) ? 'curl.exe' : 'curl'
}
