/** For what is asked with each request and nearly always has the same answer: a `Host`, an address, a URL. */

/** Makes `compute` remember the last thing that it was asked, with the answer. Where it throws, it remembers nothing of that. */
export function remembering<Asked extends string, Answer>(
  compute: (asked: Asked) => Answer,
): (asked: Asked) => Answer {
  let last: { readonly asked: Asked; readonly answer: Answer } | null = null
  return (asked) => {
    if (last?.asked !== asked) last = { asked, answer: compute(asked) }
    return last.answer
  }
}
