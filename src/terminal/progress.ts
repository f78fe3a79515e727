/** The progress bar of a picture that is being sent. */

import { megabytes, rate } from './lines.ts'

export interface ProgressBar {
  /** `bytes`: how many are done. */
  update(bytes: number): void
  stop(): void
}

/** The columns of what stands beside the bar. Beyond the edge of the terminal nothing is shown. */
const REST = 56

/** A bar on standard error for `total` bytes, with percent, rate and time left. Where that is no terminal, it shows nothing. */
export async function progressBar(total: number): Promise<ProgressBar> {
  if (!process.stderr.isTTY) return { update() {}, stop() {} }
  const { SingleBar, Presets } = await import('cli-progress')
  const begin = performance.now()
  const bar = new SingleBar(
    {
      format: '{bar} {percentage} %  {done} of {whole}  {rate}  {eta_formatted} left',
      barsize: Math.min(40, Math.max(10, (process.stderr.columns || 80) - REST)),
      stream: process.stderr,
    },
    Presets.shades_classic,
  )
  const payload = (bytes: number) => ({
    done: megabytes(bytes),
    whole: megabytes(total),
    rate: rate(bytes, performance.now() - begin),
  })
  bar.start(total, 0, payload(0))
  return {
    update: (bytes) => bar.update(bytes, payload(bytes)),
    stop: () => bar.stop(),
  }
}

export interface ProgressLine {
  /** `text`: our own words. What is beyond the edge of the terminal is left out. */
  update(text: string): void
  /** Removes the line. */
  stop(): void
}

/** A line on standard error that is written anew. Where that is no terminal, it shows nothing. */
export function progressLine(): ProgressLine {
  const { stderr } = process
  if (!stderr.isTTY) return { update() {}, stop() {} }
  const write = (text: string) => stderr.write(`\r\u001b[K${text}`)
  const remove = () => write('')
  // a signal ends the program in the middle
  process.once('exit', remove)
  return {
    update: (text) => write(text.slice(0, (stderr.columns || 80) - 1)),
    stop: () => {
      process.off('exit', remove)
      remove()
    },
  }
}
