/** Loaded before the program's `watch`: kills it before or after (DIE) it has printed the first text. */

const { write } = process.stdout
const die = () => process.kill(process.pid, 'SIGKILL')
process.stdout.write = (text, ...rest) => {
  if (!text.includes('SECRET mail')) return write.call(process.stdout, text, ...rest)
  if (process.env.DIE === 'before') die()
  return write.call(process.stdout, text, die)
}
