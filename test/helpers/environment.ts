/** What `make soak` and `make fuzz` are given: MINUTES and SEED. */

/** `minutes` if none are given; without a seed, one that nobody chose. Ends the program with 2 for what is no number. */
export function environment(minutes: number): { minutes: number; seed: number } {
  const number = (name: 'MINUTES' | 'SEED', otherwise: number) => {
    const text = process.env[name] || String(otherwise)
    if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
    process.stderr.write(`${name} is a number, and not ${JSON.stringify(text)}\n`)
    process.exit(2)
  }
  return {
    minutes: number('MINUTES', minutes),
    // room for the seeds that are counted up from it
    seed: Math.floor(number('SEED', Math.random() * 1e9)) % 1e9,
  }
}
